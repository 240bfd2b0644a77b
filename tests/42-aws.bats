# The AWS client: every typed call at the emulator, what its failures mean, the shared call
# rates. The calls are made by tests/tools/aws_call, with the settings of the stack.

load lib/common

teardown() {
	emulator DELETE faults >/dev/null
	emulator POST clock '{"offsetSeconds":0}' >/dev/null
	emulator POST quotas '{"rates":false,"stages":1000,"keys":3}' >/dev/null
	emulator POST timing '{"notPublishingType":"ConflictException"}' >/dev/null
	redis_c del "${P}aws:slot:GetStage" "${P}aws:slot:CreateParticipantToken" >/dev/null
}

STAGE_OF_NOBODY=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/NotOursAtAll
KEY_OF_NOBODY=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:public-key/0b7c6f60-7d5e-4d0b-9b39-2b1f5a3d9f11

kind() { json 'if .ok then "ok" else .kind end'; }
calls() { emulator GET calls | jq ".$1 + .failed.$1"; }
# on_stage PAGE ARN PARTICIPANT: publish, unpublish, join or disconnect
on_stage() {
	emulator POST "$1" "$(obj stageArn "$2" participantId "$3")" >/dev/null
}
# reserved_until OPERATION SECONDS_AHEAD: as if others had taken all slots until then
reserved_until() {
	redis_c set "${P}aws:slot:$1" "$((($(redis_c time | head -n 1) + $2) * 1000000))" >/dev/null
}

@test "stages are made, read, renamed, listed and deleted" {
	name=$(fresh stage)
	aws CreateStage "$name" '{"show":"a b/ü"}'
	equals "$(json '.result | "\(.name) \(.tags.show) \(.session)"')" "$name a b/ü "
	arn=$(json .result.arn)
	aws GetStage "$arn"
	equals "$(json '.result | [.name, (.events | startswith("wss://")), (.whip | startswith("https://"))] | join(" ")')" \
		"$name true true"
	aws UpdateStage "$arn" "$name-2"
	equals "$(json .result.name)" "$name-2"
	aws ListStages
	equals "$(json ".result[] | select(.arn == \"$arn\") | \"\(.name) \(.tags.show)\"")" "$name-2 a b/ü"
	aws DeleteStage "$arn"
	equals "$(kind)" ok
	aws GetStage "$arn"
	equals "$(kind)" NOT_FOUND
}

@test "a list goes on over all pages, with the token each page ended with" {
	fault '{"operation":"ListStages","status":200,"body":"{\"stages\":[{\"arn\":\"a1\"}],\"nextToken\":\"t/1=\"}","contentType":"application/json"}'
	fault '{"operation":"ListStages","status":200,"body":"{\"stages\":[],\"nextToken\":\"t2\"}","contentType":"application/json"}'
	fault '{"operation":"ListStages","status":200,"body":"{\"stages\":[{\"arn\":\"a2\"}]}","contentType":"application/json"}'
	aws ListStages
	equals "$(json '[.result[].arn] | join(" ")')" "a1 a2"
	equals "$(grep '"ListStages"' "$SUITE_DIR/log/emulator.calls.log" | tail -n 3 |
		jq -rs '[.[].request.nextToken] | tojson')" '[null,"t/1=","t2"]'
}

@test "a page token that comes again ends the list with an error, not in a circle" {
	fault '{"operation":"ListStages","count":9,"status":200,"body":"{\"stages\":[],\"nextToken\":\"same\"}","contentType":"application/json"}'
	before=$(calls ListStages)
	aws ListStages
	equals "$(kind) $(($(calls ListStages) - before))" "UPSTREAM 2"
	matches "$(json .cause)" 'same page token twice'
}

@test "a list whose page token is none is no whole list" {
	fault '{"operation":"ListStages","status":200,"body":"{\"stages\":[{\"arn\":\"a1\"}],\"nextToken\":17}","contentType":"application/json"}'
	aws ListStages
	equals "$(kind)" UPSTREAM
	matches "$(json .cause)" nextToken
}

@test "a list without its array, and a stage without its ARN, are no answers" {
	fault '{"operation":"ListStages","status":200,"body":"{}","contentType":"application/json"}'
	aws ListStages
	equals "$(kind)" UPSTREAM
	matches "$(json .requestId)" '^[0-9a-f-]{36}$'
	fault '{"operation":"CreateStage","status":200,"body":"{\"stage\":{}}","contentType":"application/json"}'
	aws CreateStage "$(fresh lost)"
	equals "$(kind)" UNCERTAIN
}

@test "replication: starts, is listed, refuses a second time, stops" {
	from=$(new_stage "$(fresh from)") to=$(new_stage "$(fresh to)")
	on_stage publish "$from" repl1
	aws StartParticipantReplication "$from" "$to" repl1 30
	equals "$(kind)" ok
	aws ListParticipantReplicas "$from" repl1
	equals "$(json '.result[] | "\(.participant) \(.destination)"')" "repl1 $to"
	aws StartParticipantReplication "$from" "$to" repl1
	equals "$(kind) $(json '.error.details.reason // "none"')" "CONFLICT none"
	aws StopParticipantReplication "$from" "$to" repl1
	equals "$(kind)" ok
	aws ListParticipantReplicas "$from" repl1
	equals "$(json '[.result[] | select(.active)] | length')" 0
}

@test "replication of who is not publishing says so, whatever type AWS gives it" {
	from=$(new_stage "$(fresh from)") to=$(new_stage "$(fresh to)")
	for type in ConflictException ValidationException ResourceNotFoundException; do
		emulator POST timing "{\"notPublishingType\":\"$type\"}" >/dev/null
		on_stage join "$from" silent1
		aws StartParticipantReplication "$from" "$to" silent1
		equals "$(json '"\(.kind) \(.status) \(.error.details.reason)"')" "CONFLICT 409 NOT_PUBLISHING"
		matches "$(json .error.message)" 'start publishing first'
	done
}

@test "sessions, publishers and what the events say about publishing" {
	arn=$(new_stage "$(fresh live)")
	on_stage publish "$arn" pub1
	on_stage join "$arn" onlooker
	aws ListStageSessions "$arn"
	session=$(json '.result[0].session')
	equals "$(json '.result | "\(length) \(.[0].startedMs > 0) \(.[0].endedMs)"')" "1 true 0"
	aws ListParticipants "$arn" "$session"
	equals "$(json '.result[] | "\(.participant) \(.connected) \(.published) \(.replica)"')" "pub1 true true false"
	aws ListParticipantEvents "$arn" "$session" pub1
	equals "$(json '.result | "\(.known) \(.now)"')" "true true"
	on_stage unpublish "$arn" pub1
	aws ListParticipantEvents "$arn" "$session" pub1
	equals "$(json '.result | "\(.known) \(.now) \(.sinceMs > 0)"')" "true false true"
	aws ListParticipantEvents "$arn" "$session" onlooker
	equals "$(json '.result | "\(.known) \(.now)"')" "false false"
	on_stage publish "$arn" pub1
	aws DisconnectParticipant "$arn" pub1 'the show is over'
	equals "$(kind)" ok
	aws ListParticipants "$arn" "$session"
	equals "$(json '.result[0].connected')" false
}

@test "public keys are imported, read, listed and deleted; a fourth is over the quota" {
	emulator POST quotas '{"keys":1}' >/dev/null
	pem=$(new_pem)$'\n'
	aws ImportPublicKey "$(fresh key)" "$pem" '{"show":"x"}'
	arn=$(json .result.arn)
	matches "$(json .result.fingerprint)" ':'
	aws GetPublicKey "$arn"
	equals "$(json '.result.pem')" "${pem%$'\n'}"
	aws ListPublicKeys
	equals "$(json ".result[] | select(.arn == \"$arn\") | .tags.show")" x
	aws ImportPublicKey "$(fresh key)" "$(new_pem)"
	equals "$(json '"\(.kind) \(.status) \(.error.code)"')" "QUOTA 503 AWS_QUOTA_EXCEEDED"
	aws DeletePublicKey "$arn"
	equals "$(kind)" ok
	aws GetPublicKey "$arn"
	equals "$(kind)" NOT_FOUND
}

@test "tags of any characters are set, read and removed: the path and the query are signed as sent" {
	arn=$(new_stage "$(fresh tagged)")
	aws TagResource "$arn" '{"plain":"1","a b+c":"x=y&z","Ünï/%2F":""}'
	equals "$(kind)" ok
	aws ListTagsForResource "$arn"
	equals "$(json '.result | to_entries | sort_by(.key) | map("\(.key)=\(.value)") | join(" | ")')" \
		'a b+c=x=y&z | plain=1 | Ünï/%2F='
	aws UntagResource "$arn" plain 'Ünï/%2F' 'a b+c'
	equals "$(kind)" ok
	aws ListTagsForResource "$arn"
	equals "$(json '.result | length')" 0
}

@test "what AWS would refuse for its form is refused here, without a call" {
	many=$(jq -nc '[range(51) | {key: "k\(.)", value: "v"}] | from_entries')
	emulator DELETE calls >/dev/null
	refused() {
		aws "$@"
		equals "$1: $(kind)" "$1: INPUT"
	}
	refused GetStage arn:aws:s3:::bucket
	refused GetStage "$KEY_OF_NOBODY"
	refused GetPublicKey "$STAGE_OF_NOBODY"
	refused CreateStage 'a name'
	refused CreateStage "$(printf 'x%.0s' {1..129})"
	refused CreateStage good "$many"
	refused CreateStage good '{"aws:mine":"v"}'
	refused CreateStage good '{"k":1}'
	refused CreateParticipantToken "$STAGE_OF_NOBODY" u 20161
	refused CreateParticipantToken "$STAGE_OF_NOBODY" u -1
	refused StartParticipantReplication "$STAGE_OF_NOBODY" "$STAGE_OF_NOBODY" 'p 1'
	refused StartParticipantReplication "$STAGE_OF_NOBODY" "$STAGE_OF_NOBODY" p1 301
	refused ListParticipants "$STAGE_OF_NOBODY" st-short
	refused DisconnectParticipant "$STAGE_OF_NOBODY" p1 "$(printf 'x%.0s' {1..129})"
	refused ImportPublicKey k '-----BEGIN EC PRIVATE KEY-----'
	refused UntagResource "$STAGE_OF_NOBODY"
	refused PutMetricData AWS/Mine
	refused PutMetricData Test/X 1 nan
	equals "$(emulator GET calls | jq '[.. | numbers] | add')" 0
}

@test "each operation with each fault: the right kind, three tries at most, CreateStage and PutMetricData once" {
	emulator DELETE faults >/dev/null
	for part in {0..21}; do # a process for each operation: most of it is waiting
		"$BUILD_DIR/tests/tools/aws_matrix" "$part" 22 >"$BATS_TEST_TMPDIR/matrix.$part" 2>&1 3>&- &
	done
	wait
	cat "$BATS_TEST_TMPDIR"/matrix.*
	equals "$(cat "$BATS_TEST_TMPDIR"/matrix.* | awk '/ checked, 0 wrong$/ { n += $1; parts++ } END { print parts, n }')" \
		"22 $((22 * 19 - 1))"
}

@test "an effect without an answer: one stage, one call, and it is said that it may exist" {
	for action in effect-then-error effect-then-drop truncate; do
		name=$(fresh once) before=$(calls CreateStage)
		fault "{\"operation\":\"CreateStage\",\"action\":\"$action\",\"status\":500}"
		aws CreateStage "$name"
		equals "$action $(kind) $(($(calls CreateStage) - before))" "$action UNCERTAIN 1"
		aws ListStages
		equals "$(json "[.result[] | select(.name == \"$name\")] | length")" 1
	done
}

@test "failures carry AWS' request id to the client, and AWS' words do not" {
	go_live
	fault '{"operation":"CreateParticipantToken","status":403,"type":"AccessDeniedException","message":"no such user as arn-of-ours"}'
	api POST /api/token/viewer "{\"userId\":\"$(fresh u)\"}"
	assert_error 503 AWS_ACCESS_DENIED
	id=$(json .error.details.awsRequestId)
	matches "$id" '^[0-9a-f-]{36}$'
	matches "$(tail -n 5 "$SUITE_DIR/log/emulator.calls.log")" "$id"
	[[ $http_body != *arn-of-ours* ]]
	fault '{"operation":"GetStage","status":403,"type":"AccessDeniedException"}'
	aws GetStage "$MASTER"
	equals "$(json '"\(.status) \(.error.code) \(.error.details.dependency)"')" "503 AWS_ACCESS_DENIED aws"
	equals "$(json .requestId)" "$(json .error.details.awsRequestId)"
}

@test "each way to refuse a token is 503 with a code and a reason of its own; 500 is our own fault" {
	local status type code reason told='.error.details | "\(.dependency) \(.operation) \(.reason)"'
	go_live
	while read -r status type code reason; do
		fault "{\"operation\":\"CreateParticipantToken\",\"count\":3,\"status\":$status,\"type\":\"$type\"}"
		api POST /api/token/viewer "$(obj userId "$(fresh u)")"
		emulator DELETE faults
		equals "$type $http_status $(json .error.code) $(json "$told")" \
			"$type 503 $code aws CreateParticipantToken $reason"
	done <<-END
		400 ThrottlingException AWS_THROTTLED THROTTLED
		402 ServiceQuotaExceededException AWS_QUOTA_EXCEEDED QUOTA_EXCEEDED
		403 PendingVerification AWS_PENDING_VERIFICATION PENDING_VERIFICATION
		403 UnrecognizedClientException AWS_ACCESS_DENIED ACCESS_DENIED
		403 ExpiredTokenException AWS_ACCESS_DENIED CREDENTIALS_EXPIRED
		403 InvalidSignatureException AWS_ACCESS_DENIED SIGNATURE_REFUSED
		500 InternalServerException AWS_UNAVAILABLE SERVER_ERROR
		404 ResourceNotFoundException AWS_UNAVAILABLE RESOURCE_NOT_FOUND
	END
	fault '{"operation":"CreateParticipantToken","status":400,"type":"ValidationException"}'
	api POST /api/token/viewer "$(obj userId "$(fresh u)")"
	assert_error 500 TOKEN_GENERATION_FAILED
}

@test "a stage that AWS does not have: the master is for the operator, another one is forgotten" {
	local master other pre="${P}missing:" refused='"\(.error.details.reason) \(.error.message)"'
	master=$(console CreateStage '{"name":"a-master"}' | jq -r .stage.arn)
	other=$(console CreateStage '{"name":"another"}' | jq -r .stage.arn)
	own_show "$pre"
	redis_c hset "${pre}stages" "$other" '{"name":"another","picture":true}' >/dev/null
	publisher() { # STAGE
		cgi token POST /api/token/publisher "$(obj userId anna stageArn "$1")" REDIS_KEY_PREFIX="$pre" \
			MASTER_STAGE_ARN="$master" HTTP_ACCEPT_LANGUAGE=en
	}
	publisher "$master"
	assert_status 200
	emulator DELETE "stages/${master##*/}" >/dev/null
	emulator DELETE "stages/${other##*/}" >/dev/null
	publisher "$master"
	assert_error 503 AWS_UNAVAILABLE
	matches "$(json "$refused")" 'RESOURCE_NOT_FOUND .* MASTER_STAGE_ARN: the operator must check'
	equals "$(header Retry-After)" 60
	publisher "$other"
	assert_error 503 AWS_UNAVAILABLE
	matches "$(json "$refused")" 'RESOURCE_NOT_FOUND AWS no longer has this stage'
	equals "$(header Retry-After)" 1
	redis_c --scan --pattern "$pre*" | xargs redis-cli -s "$STACK_REDIS" del >/dev/null
}

@test "throttled by AWS, a token route says so and when to come again" {
	go_live
	fault '{"operation":"CreateParticipantToken","count":3,"status":400,"type":"ThrottlingException"}'
	api POST /api/token/viewer "{\"userId\":\"$(fresh u)\"}"
	assert_error 503 AWS_THROTTLED
	equals "$(header Retry-After) $(json .error.details.dependency)" "1 aws"
}

@test "the shared rate: no slot in time is AWS_THROTTLED, and nothing is sent" {
	go_live
	reserved_until GetStage 8
	before=$(calls GetStage)
	aws GetStage "$MASTER"
	equals "$(json '"\(.kind) \(.status) \(.error.code)"') $(($(calls GetStage) - before))" \
		"THROTTLED 503 AWS_THROTTLED 0"
	matches "$(json .cause)" 'our own limit of GetStage'
	reserved_until CreateParticipantToken 8
	before=$(calls CreateParticipantToken)
	api POST /api/token/viewer "{\"userId\":\"$(fresh u)\"}"
	assert_error 503 AWS_THROTTLED
	equals "$(header Retry-After) $(($(calls CreateParticipantToken) - before))" "1 0"
}

@test "the shared rate: a slot that comes soon is waited for" {
	reserved_until GetStage 2
	began=$(date +%s%N)
	aws GetStage "$MASTER"
	equals "$(kind)" ok
	ms=$((($(date +%s%N) - began) / 1000000))
	((ms >= 900 && ms < 3500)) || { echo "$ms ms" >&2; return 1; }
}

@test "the shared rate: a clock of Redis set back does not stop all calls" {
	local by
	for by in 86400 20; do
		reserved_until GetStage $by
		aws GetStage "$MASTER"
		equals "$by $(kind)" "$by ok"
	done
}

@test "the shared rate: eight processes together are never throttled by AWS" {
	emulator POST quotas '{"rates":true}' >/dev/null
	emulator DELETE calls >/dev/null
	for i in {1..8}; do
		"$BUILD_DIR/tests/tools/aws_call" --times 5 GetStage "$MASTER" >"$BATS_TEST_TMPDIR/stage.$i" 3>&- &
		"$BUILD_DIR/tests/tools/aws_call" --times 40 CreateParticipantToken "$MASTER" u \
			>"$BATS_TEST_TMPDIR/token.$i" 3>&- &
	done
	wait
	equals "$(cat "$BATS_TEST_TMPDIR"/stage.* | jq -s '[map(.ok), map(.throttled)] | map(add)' -c)" '[40,0]'
	equals "$(cat "$BATS_TEST_TMPDIR"/token.* | jq -s '[map(.ok), map(.throttled)] | map(add)' -c)" '[320,0]'
	equals "$(emulator GET calls | jq -c '[.GetStage, .CreateParticipantToken, (.throttled | add)]')" '[40,320,0]'
}

@test "without Redis a process keeps the pace by itself" {
	began=$(date +%s%N)
	REDIS_SOCKET=/nonexistent/redis.sock aws --times 4 GetStage "$MASTER"
	equals "$(json .ok)" 4
	ms=$((($(date +%s%N) - began) / 1000000))
	((ms >= 660)) || { echo "4 calls in $ms ms" >&2; return 1; }
}

@test "AWS_QUOTA_SHARE makes a show use that part of the rate" {
	began=$(date +%s%N)
	AWS_QUOTA_SHARE=50 REDIS_KEY_PREFIX="${P}share:" aws --times 4 GetStage "$MASTER"
	equals "$(json .ok)" 4
	ms=$((($(date +%s%N) - began) / 1000000))
	((ms >= 1320)) || { echo "4 calls in $ms ms" >&2; return 1; }
	equals "$(redis_c exists "${P}share:aws:slot:GetStage")" 1
	matches "$(redis_c pttl "${P}share:aws:slot:GetStage")" '^[0-9]+$'
}

@test "the guard is asked before each try, and its no ends the call" {
	aws --guard 1 GetStage "$MASTER"
	equals "$(kind) $(json .guarded)" "ok 1"
	before=$(calls GetStage)
	aws --guard 0 GetStage "$MASTER"
	equals "$(json '"\(.kind) \(.status) \(.error.code) \(.guarded)"') $(($(calls GetStage) - before))" \
		"LOCK_LOST 503 SERVICE_UNAVAILABLE 1 0"
	fault '{"operation":"GetStage","count":3,"status":503}'
	aws --guard 2 GetStage "$MASTER"
	equals "$(kind) $(json .guarded) $(($(calls GetStage) - before))" "LOCK_LOST 3 2"
}

@test "the guard's no after a try that may have been done is uncertain" {
	fault '{"operation":"DeleteStage","count":3,"status":503}'
	aws --guard 1 DeleteStage "$STAGE_OF_NOBODY"
	equals "$(kind) $(json .guarded)" "UNCERTAIN 2"
}

# A show of its own whose clock against AWS is learnt by the jobs alone.
clock_show() {
	C="${P}aws-clock$BATS_TEST_NUMBER:"
	own_show "$C"
	redis_c hset "${C}stages" "$MASTER" '{"name":"n","events":"wss://e","whip":"https://w"}' >/dev/null
}
# One run of a job that calls AWS more than once, and its lines about the clock: "LEVEL OFFSET".
look_at_aws() {
	REDIS_KEY_PREFIX=$C AUTO_SCALE_ENABLED=false "$BUILD_DIR/cron/autoscale" 2>"$BATS_TEST_TMPDIR/job" ||
		{ cat "$BATS_TEST_TMPDIR/job" && return 1; }
	grep -F 'the clock of this machine' "$BATS_TEST_TMPDIR/job" | jq -r '"\(.lvl) \(.aws_ahead_s // "")"'
}
ahead() { redis_c hget "${C}aws:clock" offset; } # ms
signed_at() { # seconds from now: when a token says that it was made, and its end
	local now
	cgi token POST /api/token/mediaserver "$(obj serverId ms stageArn "$MASTER")" REDIS_KEY_PREFIX="$C" \
		TOKEN_MODE=local IVS_SIGNING_KEY_FILE="$key" IVS_SIGNING_KEY_ARN="$KEY_OF_NOBODY" \
		HTTP_X_INTERNAL_SECRET="$INTERNAL_SECRET"
	assert_status 200
	now=$(date +%s)
	json .data.token | cut -d. -f2 | tr '_-' '/+' | base64 -d 2>/dev/null |
		jq -r --argjson now "$now" '"\(.iat - $now) \(.exp - .iat)"'
}

@test "clock: AWS' time is read from any answer, kept for all processes, and signs; a warning once per change" {
	local off before
	clock_show
	key=$BATS_TEST_TMPDIR/key.pem
	openssl ecparam -name secp384r1 -genkey -noout -out "$key"
	chmod 600 "$key"
	equals "$(look_at_aws)" ''
	off=$(ahead)
	((off > -3000 && off < 3000))
	read -r off _ < <(signed_at)
	((off >= -8 && off <= -4)) # iat lies some seconds back
	# up to 30 s is nothing to warn of (C10)
	emulator POST clock '{"offsetSeconds":20}' >/dev/null
	equals "$(look_at_aws)" ''
	emulator POST clock '{"offsetSeconds":31}' >/dev/null
	matches "$(look_at_aws)" '^warn 3[01]$'
	emulator POST clock '{"offsetSeconds":90}' >/dev/null
	matches "$(look_at_aws)" '^warn (8[89]|9[01])$'
	off=$(ahead)
	((off > 87000 && off < 93000))
	# A process that has not called AWS signs by AWS' clock.
	before=$(emulator GET calls)
	read -r off _ < <(signed_at)
	equals "$(emulator GET calls)" "$before"
	((off >= 81 && off <= 88))
	equals "$(look_at_aws)" ''
	emulator POST clock '{"offsetSeconds":-90}' >/dev/null
	matches "$(look_at_aws)" '^warn -(8[89]|9[012])$'
	emulator POST clock '{"offsetSeconds":0}' >/dev/null
	matches "$(look_at_aws)" '^info '
	equals "$(look_at_aws)" ''
	read -r off _ < <(signed_at)
	((off >= -8 && off <= -4))
}
