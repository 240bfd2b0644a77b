# The stand-in for AWS itself: an emulator of this file's own, so that its clocks and quotas
# may be moved. The tag operations, which this curl cannot sign, are tried elsewhere.

load lib/common
load lib/emulator

setup_file() { own_emulator "$BATS_FILE_TMPDIR/emulator" --auto-publish 200; }
teardown_file() { end_emulator; }
setup() {
	control POST timing '{"sessionLingerSeconds":60,"replicationStartMs":0,"notPublishingType":"ConflictException"}'
	control POST quotas '{"rates":false,"stages":1000,"replications":5,"keys":3}'
}
teardown() { control POST eventbridge '{"url":""}'; }

@test "emulator: it knows the operations that the service has, and no others" {
	control GET calls
	equals "$(json 'has("PutMetricData"), (del(.failed, .throttled, .PutMetricData) | length)' | xargs)" 'true 22'
	equals "$(json '(.failed | keys) - ["UnknownOperation"] == (.throttled | keys)')" true
	refused 404 UnknownOperationException CreateComposition '{}'
	refused 404 UnknownOperationException tags/a/b '{}'
}

@test "emulator: members that AWS would refuse, or would overlook, are refused" {
	local a='"arn:aws:ivs:eu-west-1:1:stage/a"' operation body
	local s='"sessionId":"st-0123456789abc"' p='"participantId":"p"'
	while read -r operation body; do
		refused 400 ValidationException "$operation" "$body" || {
			echo "$operation $body" >&2
			return 1
		}
	done <<-END
		UpdateStage {"arn":$a,"name":"a b"}
		UpdateStage {"arn":$a,"tags":{}}
		DeleteStage {}
		DeleteStage {"arn":"arn:aws:ivs:eu-west-1:1:public-key/a"}
		StartParticipantReplication {"sourceStageArn":$a,"destinationStageArn":"arn:aws:ivs:eu-west-1:1:stage/b",$p,"reconnectWindowSeconds":301}
		StartParticipantReplication {"sourceStageArn":$a,"destinationStageArn":$a,$p}
		StopParticipantReplication {"sourceStageArn":$a,$p}
		ListParticipantReplicas {"sourceStageArn":$a,$p,"maxResults":51}
		ListParticipants {"stageArn":$a}
		ListParticipants {"stageArn":$a,"sessionId":"st-0123456789ab"}
		ListParticipants {"stageArn":$a,$s,"filterByState":"connected"}
		ListParticipants {"stageArn":$a,$s,"filterByPublished":"true"}
		ListParticipants {"stageArn":$a,$s,"filterByPublished":true,"filterByState":"CONNECTED"}
		ListParticipants {"stageArn":$a,$s,"maxResults":101}
		GetParticipant {"stageArn":$a,$s}
		GetParticipant {"stageArn":$a,$s,"participantId":"p.q"}
		ListParticipantEvents {"stageArn":$a,$p}
		ListStageSessions {"stageArn":$a,"nextToken":"never-given"}
		GetStageSession {"stageArn":$a,"sessionId":"0123456789abcdef"}
		DisconnectParticipant {"stageArn":$a,$p,"reason":"$(printf '%0129d' 0)"}
		ImportPublicKey {"publicKeyMaterial":"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}
		ImportPublicKey {"name":"k"}
		GetPublicKey {"arn":$a}
		ListPublicKeys {"maxResults":0}
	END
}

@test "emulator: a stage can be changed, and once deleted is unknown" {
	stage before
	good UpdateStage "$(obj arn "$arn" name after)"
	equals "$(json .stage.name)" after
	good GetStage "$(obj arn "$arn")"
	equals "$(json '.stage | .name + (.endpoints | has("whip") | tostring)')" aftertrue
	good DeleteStage "$(obj arn "$arn")"
	equals "$http_body" ''
	for operation in GetStage UpdateStage DeleteStage; do
		refused 404 ResourceNotFoundException "$operation" "$(obj arn "$arn")"
	done
	refused 404 ResourceNotFoundException DisconnectParticipant "$(person "$arn" p)"
	stage console
	control DELETE "stages/${arn##*/}"
	refused 404 ResourceNotFoundException GetStage "$(obj arn "$arn")"
	equals "$(grep -c "DeleteStage.*${arn##*/}" "$own/log")" 0
}

@test "emulator: who publishes is connected, has events, and keeps a session alive" {
	stage
	equals "$(active_session "$arn")" none
	publish "$arn" '' host
	matches "$who $session" '^[A-Za-z0-9]{12} st-[A-Za-z0-9]{13}$'
	equals "$(active_session "$arn")" "$session"
	good GetParticipant "$(seat_of "$arn" "$session" "$who")"
	equals "$(json '.participant | "\(.userId) \(.state) \(.published) \(.replicationType)"')" \
		'host CONNECTED true NONE'
	control POST unpublish "$(person "$arn" "$who")"
	equals "$(events "$arn" "$session" "$who")" 'JOINED PUBLISH_STARTED PUBLISH_STOPPED'
	good ListParticipantEvents "$(seat_of "$arn" "$session" "$who")"
	matches "$(json '.events[0].eventTime')" '^[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z$'
	# "published" says that he ever did.
	good GetParticipant "$(seat_of "$arn" "$session" "$who")"
	equals "$(json '.participant | "\(.state) \(.published)"')" 'CONNECTED true'
	publish "$arn" "$who"
	control POST disconnect "$(person "$arn" "$who")"
	equals "$(events "$arn" "$session" "$who")" \
		'JOINED PUBLISH_STARTED PUBLISH_STOPPED PUBLISH_STARTED PUBLISH_STOPPED LEFT'
}

@test "emulator: a session ends some time after the last one stopped publishing" {
	local first
	stage
	control POST timing '{"sessionLingerSeconds":2}'
	publish "$arn"
	first=$session
	control POST join "$(obj stageArn "$arn" userId viewer)"
	equals "$(json .sessionId)" "$first"
	control POST unpublish "$(person "$arn" "$who")"
	equals "$(active_session "$arn")" "$first"
	wait_until 5 has_no_session "$arn"
	good GetStageSession "$(obj stageArn "$arn" sessionId "$first")"
	equals "$(json '.stageSession | (.endTime > .startTime)')" true
	good ListParticipants "$(obj stageArn "$arn" sessionId "$first" filterByState CONNECTED)"
	equals "$http_body" '{"participants":[]}'
	publish "$arn" "$who"
	[ "$session" != "$first" ]
	good ListStageSessions "$(obj stageArn "$arn")"
	equals "$(json '.stageSessions | map(has("endTime")) | tostring')" '[true,false]'
	refused 404 ResourceNotFoundException GetStageSession \
		"$(obj stageArn "$arn" sessionId st-0000000000000)"
}

@test "emulator: DisconnectParticipant ends the participant and the token, also of an id that never joined" {
	local page other
	stage; other=$arn
	stage
	publish "$arn"
	good DisconnectParticipant "$(person "$arn" "$who")"
	equals "$http_body" ''
	equals "$(events "$arn" "$session" "$who")" 'JOINED PUBLISH_STARTED PUBLISH_STOPPED LEFT'
	good DisconnectParticipant "$(person "$arn" nobody)"
	for page in publish join; do
		for id in "$who" nobody; do
			control POST "$page" "$(person "$arn" "$id")"
			assert_status 409
		done
	done
	equals "$(events "$arn" "$session" "$who")" 'JOINED PUBLISH_STARTED PUBLISH_STOPPED LEFT'
	# The id is dead on that stage alone, and a participant that only left may come back.
	publish "$other" "$who"
	control POST disconnect "$(person "$other" "$who")"
	publish "$other" "$who"
}

@test "emulator: the same token used twice sends the older connection off, another token does not" {
	stage
	publish "$arn" '' host
	control POST join "$(obj stageArn "$arn" userId host)"
	equals "$(events "$arn" "$session" "$who")" 'JOINED PUBLISH_STARTED'
	control POST publish "$(person "$arn" "$who")"
	assert_status 200
	equals "$(events "$arn" "$session" "$who")" \
		'JOINED PUBLISH_STARTED PUBLISH_STOPPED LEFT JOINED PUBLISH_STARTED'
	control POST join "$(person "$arn" "$who")"
	equals "$(events "$arn" "$session" "$who")" \
		'JOINED PUBLISH_STARTED PUBLISH_STOPPED LEFT JOINED PUBLISH_STARTED PUBLISH_STOPPED LEFT JOINED'
}

@test "emulator: an operation without a result answers with an empty body" {
	local from name
	stage; from=$arn
	stage
	publish "$from"
	for name in Start Stop; do
		good "${name}ParticipantReplication" "$(link "$from" "$arn" "$who")"
		equals "$http_body" ''
	done
	good DisconnectParticipant "$(person "$from" "$who")"
	equals "$http_body" ''
	good DeleteStage "$(obj arn "$arn")"
	equals "$http_body" ''
	good ImportPublicKey "$(key_body "$(new_pem)")"
	good DeletePublicKey "$(obj arn "$(json .publicKey.arn)")"
	equals "$http_body" ''
}

@test "emulator: participants are filtered and come in pages, with tokens that fit" {
	local token body ids
	stage
	publish "$arn" p1 anna
	for i in 2 3 4 5; do
		control POST join "$(obj stageArn "$arn" participantId "p$i" userId "u$i")"
	done
	control POST disconnect "$(person "$arn" p5)"
	body=$(obj stageArn "$arn" sessionId "$session")
	while read -r filter wanted; do
		good ListParticipants "$(jq -c ". + $filter" <<<"$body")"
		equals "$(json '[.participants[].participantId] | join(" ")')" "$wanted"
	done <<-END
		{filterByPublished:true} p1
		{filterByPublished:false} p2 p3 p4 p5
		{filterByUserId:"u3"} p3
		{filterByState:"DISCONNECTED"} p5
		{filterByRecordingState:"ACTIVE"}
	END
	good ListParticipants "$(jq -c '. + {maxResults: 2}' <<<"$body")"
	ids=$(json '[.participants[].participantId] | join(" ")')
	token=$(json .nextToken)
	while [ "$token" != null ]; do
		good ListParticipants "$(jq -c --arg t "$token" '. + {maxResults: 2, nextToken: $t}' <<<"$body")"
		ids+=" $(json '[.participants[].participantId] | join(" ")')"
		[ "$(json .nextToken)" = null ] || last=$token
		token=$(json .nextToken)
	done
	equals "$ids" 'p1 p2 p3 p4 p5'
	# A token is good for the question it came from.
	refused 400 ValidationException ListParticipants \
		"$(jq -c --arg t "$last" '. + {nextToken: $t, filterByPublished: true}' <<<"$body")"
	refused 400 ValidationException ListStages "$(obj nextToken "$last")"
}

@test "replication: the participant appears on the other stage, until it is stopped" {
	local from to there
	stage; from=$arn
	stage; to=$arn
	publish "$from" '' host
	replicate "$from" "$to" "$who"
	equals "$http_body" ''
	there=$(active_session "$to")
	good ListParticipantReplicas "$(obj sourceStageArn "$from" participantId "$who")"
	equals "$(json '.replicas[] | [.sourceStageArn, .sourceSessionId, .destinationStageArn, .destinationSessionId, .participantId, .replicationState] | join(" ")')" \
		"$from $session $to $there $who ACTIVE"
	good GetParticipant "$(seat_of "$to" "$there" "$who")"
	equals "$(json '.participant | [.userId, .replicationType, .replicationState, .sourceStageArn, .sourceSessionId] | join(" ")')" \
		"host REPLICA ACTIVE $from $session"
	good GetParticipant "$(seat_of "$from" "$session" "$who")"
	equals "$(json '.participant | .replicationType + " " + .replicationState')" 'SOURCE ACTIVE'
	good StopParticipantReplication "$(link "$from" "$to" "$who")"
	equals "$(replica_states "$from" "$who")" STOPPED
	equals "$(events "$from" "$session" "$who")" \
		'JOINED PUBLISH_STARTED REPLICATION_STARTED REPLICATION_STOPPED'
	matches "$(events "$to" "$there" "$who")" '^JOINED .*REPLICATION_STARTED .*REPLICATION_STOPPED LEFT$'
	refused 404 ResourceNotFoundException StopParticipantReplication "$(link "$from" "$to" "$who")"
	replicate "$from" "$to" "$who"
	equals "$(replica_states "$from" "$who")" ACTIVE
}

@test "replication: what AWS refuses is refused" {
	local from to
	stage; from=$arn
	stage; to=$arn
	for type in Conflict Validation ResourceNotFound; do
		control POST timing "{\"notPublishingType\":\"${type}Exception\"}"
		call_ivs StartParticipantReplication "$(link "$from" "$to" nobody)"
		equals "$(header x-amzn-ErrorType) $(json .exceptionMessage)" \
			"${type}Exception nobody is not publishing"
	done
	publish "$from"
	refused 404 ResourceNotFoundException StartParticipantReplication "$(link "$from" "${to}x" "$who")"
	refused 404 ResourceNotFoundException StartParticipantReplication "$(link "${from}x" "$to" "$who")"
	refused 400 ValidationException StartParticipantReplication "$(link "$from" "$from" "$who")"
	control POST quotas '{"replications":2}'
	replicate "$from" "$to" "$who"
	refused 409 ConflictException StartParticipantReplication "$(link "$from" "$to" "$who")"
	stage
	replicate "$from" "$arn" "$who"
	stage
	refused 402 ServiceQuotaExceededException StartParticipantReplication "$(link "$from" "$arn" "$who")"
	control POST unpublish "$(person "$from" "$who")"
	refused 404 ResourceNotFoundException StartParticipantReplication "$(link "$from" "$arn" "$who")"
	equals "$(json .exceptionMessage)" "$who is not publishing"
}

@test "replication: it lives through a gap that is shorter than its window" {
	local from to at_once
	stage; from=$arn
	stage; to=$arn
	stage; at_once=$arn
	publish "$from"
	replicate "$from" "$to" "$who" 2
	replicate "$from" "$at_once" "$who" 0
	control POST disconnect "$(person "$from" "$who")"
	equals "$(replica_states "$from" "$who")" 'ACTIVE STOPPED'
	publish "$from" "$who"
	# Longer than the window: it does not end later either.
	sleep 2.2
	equals "$(replica_states "$from" "$who")" 'ACTIVE STOPPED'
	control POST unpublish "$(person "$from" "$who")"
	wait_until 5 replicas_are "$from" "$who" 'STOPPED STOPPED'
	control POST timing '{"sessionLingerSeconds":1}'
	wait_until 5 has_no_session "$from"
	equals "$(replica_states "$from" "$who")" ''
}

@test "replication: it can take its time to appear" {
	local from
	stage; from=$arn
	stage
	control POST timing '{"replicationStartMs":1500}'
	publish "$from"
	replicate "$from" "$arn" "$who"
	equals "$(replica_states "$from" "$who") $(active_session "$arn")" ' none'
	refused 409 ConflictException StartParticipantReplication "$(link "$from" "$arn" "$who")"
	wait_until 5 replicas_are "$from" "$who" ACTIVE
	[ "$(active_session "$arn")" != none ]
}

@test "replication: a stage that is deleted takes all of its own with it" {
	local from to other
	stage; from=$arn
	stage; to=$arn
	stage; other=$arn
	publish "$from"
	replicate "$from" "$to" "$who" 60
	replicate "$from" "$other" "$who" 60
	good StopParticipantReplication "$(link "$from" "$to" "$who")"
	good DeleteStage "$(obj arn "$to")"
	equals "$(replica_states "$from" "$who")" 'STOPPED ACTIVE'
	good DeleteStage "$(obj arn "$from")"
	equals "$(replica_states "$from" "$who")" ''
	control GET sessions
	equals "$(json "[.sessions[] | select(.stageArn == \"$other\") | .participants[] | .state] | join(\" \")")" \
		DISCONNECTED
	equals "$(json "[.sessions[] | select(.stageArn == \"$from\")] | length")" 0
	control GET replicas
	equals "$(json "[.replicas[] | select(.sourceStageArn == \"$from\")] | length")" 0
	# The order of calls can be read from the log.
	equals "$(jq -r --arg to "$to" 'select((.request.destinationStageArn? // .request.arn?) == $to) | .op' \
		"$own/log" | tail -n 2 | tr '\n' ' ')" 'StopParticipantReplication DeleteStage '
}

@test "keys: only P-384 is taken, each once, and three of them" {
	local pem arns
	pem=$(new_pem)
	good ImportPublicKey "$(key_body "$pem")"
	matches "$(json '.publicKey.arn + " " + .publicKey.fingerprint')" \
		":public-key/[0-9a-f-]{36} ([0-9a-f]{2}:){15}[0-9a-f]{2}\$"
	arn=$(json .publicKey.arn)
	refused 409 ConflictException ImportPublicKey "$(key_body "$pem")"
	refused 400 ValidationException ImportPublicKey "$(key_body "$(new_pem prime256v1)")"
	good ImportPublicKey "$(key_body "$(new_pem)")"
	good ImportPublicKey "$(key_body "$(new_pem)")"
	refused 402 ServiceQuotaExceededException ImportPublicKey "$(key_body "$(new_pem)")"
	good GetPublicKey "$(obj arn "$arn")"
	equals "$(json .publicKey.publicKeyMaterial)" "$pem"
	good ListPublicKeys '{"maxResults":2}'
	arns=$(json '.publicKeys[].arn')
	good ListPublicKeys "$(obj nextToken "$(json .nextToken)")"
	arns+=" $(json '.publicKeys[].arn')"
	equals "$(json .nextToken)" null
	for arn in $arns; do good DeletePublicKey "$(obj arn "$arn")"; done
	refused 404 ResourceNotFoundException DeletePublicKey "$(obj arn "$arn")"
	good ListPublicKeys '{}'
	equals "$http_body" '{"publicKeys":[]}'
}

@test "quotas: calls that come too fast are throttled, and counted" {
	control DELETE calls
	control POST quotas '{"rates":true}'
	stage
	local out throttled
	# By one curl, for they must come quickly. Five at once and five a second are let through.
	signed ivs "$(printf '/GetStage %.0s' {1..20})" "$(obj arn "$arn")"
	out="$http_body $http_status"
	throttled=$(grep -c '^{"message":"Rate exceeded"} 400$' <<<"$out")
	((throttled > 0 && throttled <= 15))
	equals "$(grep -c ' 200$' <<<"$out")" $((20 - throttled))
	equals "$(grep -ci '^x-amzn-errortype: ThrottlingException' "$BATS_TEST_TMPDIR/headers")" "$throttled"
	control GET calls
	equals "$(json '"\(.throttled.GetStage) \(.failed.GetStage) \(.throttled.CreateStage)"')" \
		"$throttled $throttled 0"
	control GET quotas
	equals "$(json '"\(.rates) \(.stages) \(.throttled.GetStage)"')" "true 1000 $throttled"
	control POST quotas '{"stages":1}'
	refused 402 ServiceQuotaExceededException CreateStage '{}'
	control POST quotas '{"rate":true}'
	assert_status 400
}

# A target for events that refuses the first: prints its port, then writes what it is sent.
event_target() {
	perl -MSocket -e '$| = 1;
		socket(S, PF_INET, SOCK_STREAM, 0) or die;
		bind(S, sockaddr_in(0, INADDR_LOOPBACK)) or die;
		listen(S, 9) or die;
		print "port ", (sockaddr_in(getsockname(S)))[0], "\n";
		while (accept(C, S)) {
			($key, $n, $body) = ("", 0, "");
			while (($line = <C>) =~ /\S/) {
				$key = $1 if $line =~ /^x-api-key: (\S+)/i;
				$n = $1 if $line =~ /^content-length: (\d+)/i;
			}
			read(C, $body, $n);
			print "$key $body\n" if $seen++;
			syswrite(C, "HTTP/1.1 " . ($seen > 1 ? 200 : 500) .
				" x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
			close(C);
		}' >"$BATS_TEST_TMPDIR/target" 3>&- &
	target_pid=$!
	wait_until 5 grep -q '^port ' "$BATS_TEST_TMPDIR/target"
}
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; } # FILE NUMBER
has_sent() { control GET eventbridge && [ "$(json .sent)" = "$1" ]; }

@test "events: a target is told of who publishes and what is replicated" {
	local from to there target=$BATS_TEST_TMPDIR/target
	event_target
	stage; from=$arn
	stage; to=$arn
	control POST eventbridge "{\"url\":\"http://127.0.0.1:$(sed -n 's/^port //p' "$target")/x\",\"headers\":{\"x-api-key\":\"event-key\"}}"
	assert_status 200
	publish "$from" '' host
	replicate "$from" "$to" "$who"
	there=$(active_session "$to")
	control POST disconnect "$(person "$from" "$who")"
	wait_until 10 has_lines "$target" 7
	wait_until 5 has_sent 6
	control POST eventbridge '{"url":""}'
	publish "$from" "$who"
	kill "$target_pid"
	has_lines "$target" 7 && ! has_lines "$target" 8
	equals "$(sed 1d "$target" | cut -d' ' -f1 | sort -u)" event-key
	sed 1d "$target" | cut -d' ' -f2- >"$target.json"
	equals "$(jq -rs 'map(.detail.event_name) | join(", ")' "$target.json")" \
		"Participant Published, Participant Replication Start, Participant Published, Participant Unpublished, Participant Replication End, Participant Unpublished"
	equals "$(jq -rs --arg a "$AWS_ACCOUNT_ID" 'map(select(.version == "0" and .source == "aws.ivs" and ."detail-type" == "IVS Stage Update" and .account == $a)) | length' "$target.json")" 6
	equals "$(jq -rs '.[0] | [.resources[0], .detail.session_id, .detail.participant_id, .detail.user_id, .detail.replica] | map(tostring) | join(" ")' "$target.json")" \
		"$from $session $who host false"
	equals "$(jq -rs '.[1].detail | [.destination_stage_arn, .destination_session_id] | join(" ")' "$target.json")" \
		"$to $there"
	equals "$(jq -rs '.[2] | [.resources[0], .detail.session_id, .detail.replica, .detail.source_stage_arn, .detail.source_session_id] | map(tostring) | join(" ")' "$target.json")" \
		"$to $there true $from $session"
	matches "$(jq -rs '.[0] | .time + " " + .detail.event_time_precise' "$target.json")" \
		'^[0-9T:-]{19}Z [0-9T:-]{19}\.[0-9]{3}Z$'
}

@test "events: some can be lost on the way" {
	stage
	control POST eventbridge '{"url":"http://127.0.0.1:9/","lossPercent":100}'
	publish "$arn"
	control GET eventbridge
	equals "$(json '"\(.lost) \(.sent) \(.queued)"')" '1 0 0'
}

publishers() { # ARN: ids of those who publish now
	control GET sessions
	json "[.sessions[] | select(.stageArn == \"$1\") | .participants[] | select(.publishing) | .participantId] | join(\" \")"
}
publishes() { [ "$(publishers "$1")" = "$2" ]; }

publish_ids() { publishers "$1" | tr ' ' '\n' | sort | xargs; }
publish_both() { [ "$(publish_ids "$1")" = "$(printf '%s\n' "${@:2}" | sort | xargs)" ]; }

@test "auto-publish: the owner of a token to publish does so until disconnected, beside an older token" {
	local first
	stage
	good CreateParticipantToken "$(obj stageArn "$arn" userId host)"
	first=$(json .participantToken.participantId)
	wait_until 5 publishes "$arn" "$first"
	good CreateParticipantToken "{\"stageArn\":\"$arn\",\"userId\":\"host\",\"capabilities\":[\"SUBSCRIBE\"]}"
	good CreateParticipantToken "$(obj stageArn "$arn" userId host)"
	who=$(json .participantToken.participantId)
	wait_until 5 publish_both "$arn" "$first" "$who"
	good DisconnectParticipant "$(person "$arn" "$who")"
	wait_until 5 publishes "$arn" "$first"
	# A token that is disconnected before its owner published stays unused.
	good CreateParticipantToken "$(obj stageArn "$arn" userId late)"
	who=$(json .participantToken.participantId)
	good DisconnectParticipant "$(person "$arn" "$who")"
	control POST publish "$(person "$arn" "$who")"
	assert_status 409
	good CreateParticipantToken "$(obj stageArn "$arn" userId host)"
	good DeleteStage "$(obj arn "$arn")"
}

@test "emulator: stages, keys, who is there and who was disconnected outlive a restart" {
	local key from
	good ImportPublicKey "$(key_body "$(new_pem)")"
	key=$(json .publicKey.arn)
	stage; from=$arn
	stage lasting
	publish "$from"
	replicate "$from" "$arn" "$who"
	good DisconnectParticipant "$(person "$from" dead)"
	end_emulator
	own_emulator "$own" --auto-publish 200
	good GetStage "$(obj arn "$arn")"
	equals "$(json .stage.name)" lasting
	good DeletePublicKey "$(obj arn "$key")"
	equals "$(active_session "$from") $(replica_states "$from" "$who")" "$session ACTIVE"
	control POST join "$(person "$from" dead)"
	assert_status 409
}
