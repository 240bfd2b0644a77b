# Stages through the API: making, changing, removing them, and their replication.

load lib/common

setup() {
	set_stages_aside
	go_live
}
teardown() {
	emulator DELETE faults
	[ -z "${who:-}" ] || emulator POST disconnect "$(obj stageArn "$MASTER" participantId "$who")" >/dev/null
	remove_stages
	put_stages_back
}

create() { api POST /api/stage "$@"; } # BODY [CURL_ARGS...]
# made NAME -> $stage
made() {
	create "{\"name\":\"$1\"}"
	assert_status 201 || return 1
	stage=$(json .data.stage.arn)
}
# It has a picture, the operator says.
with_picture() {
	local entry
	entry=$(redis_c hget "${P}stages" "$1" | jq -c '.picture = true')
	redis_c hset "${P}stages" "$1" "$entry" >/dev/null
}
change() { api PUT "/api/stage/$1" "$2"; }
invalid() { json '[.error.details.invalidFields[].field] | join(" ")'; }
in_list() { # ARN -> its name in the list, empty when it is not there
	api GET /api/stage/list
	json ".data.stages[] | select(.stageArn == \"$1\") | .name"
}
name_of() { fresh s; }

@test "stage: one is made, listed, read, renamed and deleted" {
	name=$(name_of)
	create "{\"name\":\"$name\",\"tags\":{\"Team\":\"音樂\"}}"
	assert_status 201
	equals "$(json '.data | keys | join(" ")') $(json '.data.stage | keys | join(" ")')" 'stage arn name tags'
	equals "$(json '.data.stage | "\(.name) \(.tags.Team) \(.tags.ManagedBy) \(.tags.Environment)"')" \
		"$name 音樂 api-server $(curl -sS "$BASE_URL/health" | jq -r .data.environment)"
	stage=$(json .data.stage.arn)
	equals "$(console GetStage "{\"arn\":\"$stage\"}" | jq -r '.stage | "\(.name) \(.tags.Show) \(.tags.Team)"')" \
		"$name ${MASTER##*/} 音樂"
	equals "$(in_list "$stage")" "$name"
	api GET "/api/stage/$stage"
	equals "$http_status $(json '.data | "\(.stage.name) \(.viewerCount) \(.isMasterStage)"')" "200 $name 0 false"
	change "$stage" "{\"name\":\"$name-2\"}"
	equals "$http_status $(json '.data.stage | "\(.arn) \(.name) \(.tags.Team) \(.maxViewers)"')" \
		"200 $stage $name-2 音樂 null"
	equals "$(console GetStage "{\"arn\":\"$stage\"}" | jq -r .stage.name) $(in_list "$stage")" "$name-2 $name-2"
	api DELETE "/api/stage/$stage"
	equals "$http_status $(json '.data | tojson') $(json .message)" \
		"200 {\"stageArn\":\"$stage\",\"deleted\":true} Stage 已刪除"
	equals "$(in_list "$stage")" ''
	equals "$(console GetStage "{\"arn\":\"$stage\"}" | jq -r 'has("stage")')" false
	api DELETE "/api/stage/$stage"
	assert_error 404 NOT_FOUND
}

@test "stage: a path may hold the ARN encoded, and messages come in English too" {
	made "$(name_of)"
	change "$(uri "$stage")" '{"maxViewers":7}'
	equals "$http_status $(json .data.stage.maxViewers)" '200 7'
	api DELETE "/api/stage/$(uri "$stage")" - -H 'Accept-Language: en'
	equals "$http_status $(json .message)" '200 The stage was deleted.'
}

@test "stage: a name is 1 to 128 letters, digits, hyphens and underscores (F42)" {
	before=$(emulator GET calls)
	for name in '"a b"' '"a.b"' '"音樂"' '"a/b"' '"a\n"' 7 true '["a"]' '{"a":1}' \
		"\"$(printf 'x%.0s' {1..129})\""; do
		create "{\"name\":$name}"
		equals "$name $http_status $(invalid)" "$name 400 name"
	done
	for body in '{}' '{"name":""}' '{"name":null}'; do
		create "$body"
		equals "$body $http_status $(json '.error.details.missingFields | tojson')" "$body 400 [\"name\"]"
	done
	equals "$(emulator GET calls)" "$before"
	create "{\"name\":\"$(printf 'Y%.0s' {1..127})_\"}"
	assert_status 201
	change "$(json .data.stage.arn)" '{"name":"a b"}'
	equals "$http_status $(invalid)" '400 name'
}

@test "stage: tags are an object of at most 44 strings that fit AWS" {
	local long_key long_value
	long_key=$(printf 'k%.0s' {1..129}) long_value=$(printf 'v%.0s' {1..257})
	before=$(emulator GET calls)
	for tags in '[]' '"a"' 1 true '{"a":1}' '{"a":null}' '{"a":{}}' '{"":"a"}' "{\"$long_key\":\"\"}" \
		"{\"k\":\"$long_value\"}" '{"a\tb":"c"}' '{"a":"b\nc"}' '{"aws:x":"1"}' '{"AWS:x":"1"}' \
		'{"Environment":"x"}' '{"ManagedBy":"x"}' '{"Show":"x"}' '{"Order":"x"}' '{"AutoScaled":"x"}' \
		"$(jq -nc '[range(45) | {key: "k\(.)", value: "v"}] | from_entries')"; do
		create "{\"name\":\"$(name_of)\",\"tags\":$tags}"
		equals "$tags $http_status $(invalid)" "$tags 400 tags"
		matches "$(json '.error.details.invalidFields[0].reason')" .
	done
	equals "$(emulator GET calls)" "$before"
}

@test "stage: 44 tags of the largest size are kept, and so is null for none" {
	local tags
	tags=$(jq -nc '[range(42) | {key: "k\(.)", value: "v"}] | from_entries |
		. + {"": null} | del(.[""]) | .[("音" * 128)] = ("樂" * 256) | .empty = ""')
	create "{\"name\":\"$(name_of)\",\"tags\":$tags}"
	assert_status 201
	equals "$(json ".data.stage.tags | contains($tags)")" true
	create "{\"name\":\"$(name_of)\",\"tags\":null}"
	assert_status 201
	equals "$(json '.data.stage.tags | has("ManagedBy")')" true
}

@test "stage: the cap holds from the moment it is changed, and throws nobody out" {
	made "$(name_of)"
	with_picture "$stage"
	change "$stage" '{"maxViewers":2}'
	equals "$http_status $(json .data.stage.maxViewers)" '200 2'
	for i in 1 2; do seat "$(fresh)" "$stage"; assert_status 200; done
	seat "$(fresh)" "$stage"
	assert_error 503 STAGE_FULL
	# 3.0 is an integer of JSON, and so is 3e0.
	change "$stage" '{"maxViewers":3e0}'
	equals "$http_status $(json .data.stage.maxViewers)" '200 3'
	change "$stage" '{"maxViewers":3.0}'
	u=$(fresh)
	seat "$u" "$stage"
	assert_status 200
	change "$stage" '{"maxViewers":1}'
	assert_status 200
	beat "$u" "$stage"
	equals "$http_status $(json .data.currentViewers)" '200 3'
	change "$stage" '{"maxViewers":null}'
	equals "$http_status $(json .data.stage.maxViewers)" '200 null'
	seat "$(fresh)" "$stage"
	assert_status 200
}

@test "stage: a change needs a name or a cap from 1 to 10000" {
	made "$(name_of)"
	for value in 0 -1 10001 1.5 '"5"' true '[]' 0.0 -1.0 10001.0 1e300 1e-300; do
		change "$stage" "{\"maxViewers\":$value}"
		equals "$value $http_status $(invalid)" "$value 400 maxViewers"
	done
	for body in '{}' '{"name":null}' '{"other":1}'; do
		change "$stage" "$body"
		equals "$body $http_status $(invalid)" "$body 400 (body)"
	done
	change "$stage" '{"name":""}'
	assert_error 400 VALIDATION_ERROR
	change "$stage" '{"maxViewers":10000}'
	equals "$http_status $(json .data.stage.maxViewers)" '200 10000'
}

@test "stage: a change of the cap alone does not call AWS" {
	made "$(name_of)"
	before=$(emulator GET calls)
	change "$stage" '{"maxViewers":9}'
	assert_status 200
	equals "$(emulator GET calls)" "$before"
}

@test "stage: the master cannot be deleted" {
	api DELETE "/api/stage/$MASTER"
	assert_error 403 FORBIDDEN
	api GET "/api/stage/$MASTER"
	assert_status 200
}

@test "stage: one with viewers cannot be deleted, one whose viewers left can" {
	made "$(name_of)"
	with_picture "$stage"
	u=$(fresh) v=$(fresh)
	seat "$u" "$stage"
	seat "$v" "$stage"
	api DELETE "/api/stage/$stage"
	assert_error 400 VALIDATION_ERROR
	equals "$(json .error.details.viewerCount)" 2
	beat "$u" "$stage"
	assert_status 200
	seat "$(fresh)" "$stage"
	assert_status 200
	api DELETE "/api/stage/$stage"
	equals "$(json .error.details.viewerCount)" 3
	redis_c del "${P}viewer:heartbeat:$stage" >/dev/null
	api DELETE "/api/stage/$stage"
	assert_status 200
}

@test "stage: what is not ours, or no ARN, is neither changed nor deleted" {
	foreign=$(console CreateStage '{"name":"somebody-else"}' | jq -r .stage.arn)
	for method in PUT DELETE; do
		api "$method" "/api/stage/$foreign" '{"name":"mine"}'
		assert_error 404 NOT_FOUND
		equals "$(json .error.details.reason)" NO_STAGE
		api "$method" /api/stage/nonsense '{"name":"mine"}'
		assert_error 400 VALIDATION_ERROR
	done
	equals "$(console GetStage "{\"arn\":\"$foreign\"}" | jq -r .stage.name)" somebody-else
	console DeleteStage "{\"arn\":\"$foreign\"}" >/dev/null
}

@test "stage: no more than MAX_STAGES are made" {
	made "$(name_of)"
	before=$(emulator GET calls)
	cgi stage POST /api/stage "{\"name\":\"$(name_of)\"}" MAX_STAGES=2
	assert_error 503 STAGE_LIMIT_REACHED
	matches "$(header Retry-After)" '^[0-9]+$'
	equals "$(emulator GET calls)" "$before"
}

@test "stage: each error of AWS has its own code" {
	made "$(name_of)"
	while read -r type want; do
		fault "{\"operation\":\"UpdateStage\",\"count\":0,\"type\":\"$type\"}"
		change "$stage" '{"name":"other"}'
		emulator DELETE faults
		equals "$type $http_status $(json .error.code)" "$type $want"
	done <<-EOF
		ValidationException 400 VALIDATION_ERROR
		ConflictException 409 CONFLICT
		ResourceNotFoundException 404 NOT_FOUND
		ServiceQuotaExceededException 503 AWS_QUOTA_EXCEEDED
		AccessDeniedException 503 AWS_ACCESS_DENIED
		PendingVerification 503 AWS_PENDING_VERIFICATION
		InternalServerException 503 SERVICE_UNAVAILABLE
	EOF
	equals "$(in_list "$stage")" "$(console GetStage "{\"arn\":\"$stage\"}" | jq -r .stage.name)"
}

@test "stage: a throttled AWS is said so, with the time to wait" {
	fault '{"operation":"CreateStage","count":0,"type":"ThrottlingException","status":429}'
	create "{\"name\":\"$(name_of)\"}"
	assert_error 503 AWS_THROTTLED
	matches "$(header Retry-After) $(json .error.details.dependency)" '^[0-9]+ aws$'
}

@test "stage: what AWS refuses to make leaves nothing behind" {
	name=$(name_of)
	api GET /api/stage/list
	before=$(json .data.totalStages)
	for type in ServiceQuotaExceededException AccessDeniedException PendingVerification; do
		fault "{\"operation\":\"CreateStage\",\"type\":\"$type\"}"
		create "{\"name\":\"$name\"}"
		matches "$http_status" '^50[23]$'
	done
	api GET /api/stage/list
	equals "$(json .data.totalStages) $(redis_c hlen "${P}orders")" "$before 0"
	create "{\"name\":\"$name\"}"
	assert_status 201
}

@test "stage: a lost answer of AWS makes no second stage" {
	name=$(name_of)
	fault '{"operation":"CreateStage","action":"effect-then-drop"}'
	create "{\"name\":\"$name\"}"
	assert_status 201
	equals "$(console ListStages '{"maxResults":100}' | jq "[.stages[] | select(.name == \"$name\")] | length")" 1
}

@test "stage: a delete that AWS refuses leaves the stage in use" {
	made "$(name_of)"
	with_picture "$stage"
	fault '{"operation":"DeleteStage","type":"ConflictException"}'
	api DELETE "/api/stage/$stage"
	assert_error 409 CONFLICT
	seat "$(fresh)" "$stage"
	assert_status 200
}

@test "stage: one that was deleted in the AWS console can be forgotten" {
	made "$(name_of)"
	console DeleteStage "{\"arn\":\"$stage\"}" >/dev/null
	change "$stage" '{"name":"other"}'
	assert_error 404 NOT_FOUND
	change "$stage" '{"maxViewers":5}'
	assert_status 200
	api DELETE "/api/stage/$stage"
	equals "$http_status $(json .data.deleted)" '200 true'
	for method in GET DELETE; do
		api "$method" "/api/stage/$stage"
		assert_error 404 NOT_FOUND
	done
}

@test "stage: other methods answer 405 and say which there are" {
	local path method allow
	while read -r path allow; do
		for method in GET POST PUT DELETE PATCH; do
			[[ " ${allow//,/} " != *" $method "* ]] || continue
			api "$method" "$path" '{}'
			equals "$method $path $http_status $(header Allow)" "$method $path 405 $allow"
		done
	done <<-EOF
		/api/stage POST, OPTIONS
		/api/stage/list GET, HEAD, OPTIONS
		/api/stage/master/info GET, HEAD, OPTIONS
		/api/stage/$MASTER GET, HEAD, PUT, DELETE, OPTIONS
		/api/stage/replication/start POST, OPTIONS
		/api/stage/replication/stop DELETE, OPTIONS
		/api/stage/replication/status/$MASTER GET, HEAD, OPTIONS
		/api/stage/replication/publisher-info GET, HEAD, OPTIONS
	EOF
	for method in GET PUT DELETE; do
		api "$method" /api/stage/replication/other '{"name":"a"}'
		assert_error 404 NOT_FOUND
	done
}

@test "stage: a read key reads and changes nothing" {
	made "$(name_of)"
	while read -r method path; do
		call "$method" "$path" '{"name":"a"}' -H "x-api-key: $READ_KEY"
		equals "$method $path $http_status" "$method $path 403"
	done <<-EOF
		POST /api/stage
		PUT /api/stage/$stage
		DELETE /api/stage/$stage
		POST /api/stage/replication/start
		DELETE /api/stage/replication/stop
	EOF
	call GET /api/stage/replication/publisher-info - -H "x-api-key: $READ_KEY"
	assert_status 200
	call POST /api/stage '{"name":"a"}'
	assert_error 401 UNAUTHORIZED
}

# ---- replication ----

# replication start|stop SOURCE DESTINATION PARTICIPANT
replication() {
	local method=POST
	[ "$1" = start ] || method=DELETE
	api "$method" "/api/stage/replication/$1" "$(obj sourceStageArn "$2" destinationStageArn "$3" participantId "$4")"
}
publish() { # the publisher of the show, on the master -> $who
	go_offline # a token does not take the place of one who is live already
	api POST /api/token/publisher '{"userId":"anna"}'
	who=$(json .data.participantId)
	emulator POST publish "$(obj stageArn "$MASTER" participantId "$who")" >/dev/null
}

@test "replication: a publisher is replicated, seen, and stopped" {
	made "$(name_of)"
	publish
	api GET "/api/stage/replication/status/$stage"
	equals "$http_status $(json '.data | tojson')" \
		"200 {\"stageArn\":\"$stage\",\"hasReplication\":false,\"replicationInfo\":null}"
	replication start "$MASTER" "$stage" "$who"
	assert_status 200
	equals "$(json '.data | "\(.sourceStageArn) \(.destinationStageArn) \(.participantId)"') $(json .message)" \
		"$MASTER $stage $who 已開始複製參與者"
	matches "$(json .data.startedAt)" '^20..-..-..T..:..:..\....Z$'
	started=$(json .data.startedAt)
	api GET "/api/stage/replication/status/$stage"
	equals "$http_status $(json '.data | "\(.stageArn) \(.hasReplication) \(.replicationInfo | tojson)"')" \
		"200 $stage true {\"sourceStageArn\":\"$MASTER\",\"destStageArn\":\"$stage\",\"participantId\":\"$who\",\"startedAt\":\"$started\"}"
	replication start "$MASTER" "$stage" "$who"
	equals "$http_status $(json .data.startedAt)" "200 $started"
	wait_until 5 takes_viewers "$stage"
	# Who is not shown there cannot be stopped there; the other goes on.
	replication stop "$MASTER" "$stage" SomebodyElse
	assert_status 200
	takes_viewers "$stage"
	replication stop "$MASTER" "$stage" "$who"
	equals "$http_status $(json '.data | keys_unsorted | join(" ")') $(json .message)" \
		'200 sourceStageArn destinationStageArn participantId stoppedAt 已停止複製參與者'
	matches "$(json .data.stoppedAt)" '^20..-..-..T..:..:..\....Z$'
	api GET "/api/stage/replication/status/$stage"
	equals "$(json .data.hasReplication)" false
	replication stop "$MASTER" "$stage" "$who"
	assert_status 200
	seat "$(fresh)" "$stage"
	assert_error 404 NOT_FOUND
}
takes_viewers() {
	seat "$(fresh)" "$1"
	[ "$http_status" = 200 ]
}

@test "replication: who does not publish cannot be replicated" {
	made "$(name_of)"
	replication start "$MASTER" "$stage" NobodyNobody
	assert_error 409 CONFLICT
	equals "$(json .error.details.reason)" NOT_PUBLISHING
	api GET "/api/stage/replication/status/$stage"
	equals "$(json .data.hasReplication)" false
}

@test "replication: it wants two different stages of ours and a participant" {
	made "$(name_of)"
	for body in '{}' '{"sourceStageArn":"","destinationStageArn":null}'; do
		api POST /api/stage/replication/start "$body"
		equals "$body $http_status $(json '.error.details.missingFields | join(" ")')" \
			"$body 400 sourceStageArn destinationStageArn participantId"
	done
	replication start "$MASTER" "$MASTER" p1
	equals "$http_status $(invalid)" '400 destinationStageArn'
	replication stop nonsense "$stage" p1
	equals "$http_status $(invalid)" '400 sourceStageArn'
	none=${MASTER%/*}/NoSuchStage1
	for pair in "$none $stage" "$MASTER $none"; do
		# shellcheck disable=SC2086 # two words
		replication start $pair p1
		equals "$pair $http_status $(json .error.details.reason)" "$pair 404 NO_STAGE"
	done
	api GET "/api/stage/replication/status/$none"
	assert_error 404 NOT_FOUND
	api GET /api/stage/replication/status/nonsense
	assert_error 400 VALIDATION_ERROR
}

@test "replication: the publisher is known by his token, and not when he is off" {
	go_offline
	api POST /api/token/publisher '{"userId":"anna"}'
	assert_status 200
	who=$(json .data.participantId)
	api GET /api/stage/replication/publisher-info
	equals "$http_status $(json '.data | "\(.hasPublisher) \(.publisherInfo | "\(.participantId) \(.stageArn) \(.userId) \(keys_unsorted | join(","))")"')" \
		"200 true $who $MASTER anna participantId,stageArn,userId,joinedAt"
	matches "$(json .data.publisherInfo.joinedAt)" '^20..-..-..T..:..:..\....Z$'
	go_offline
	api GET /api/stage/replication/publisher-info
	equals "$http_status $(json '.data | tojson')" '200 {"state":"offline","lastKnown":false,"ageSeconds":0,"hasPublisher":false,"publisherInfo":null}'
}
