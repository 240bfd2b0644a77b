# The live numbers and the registry of stages.

load lib/common

setup() { go_live; }
teardown() {
	put_stages_back
	go_live
}

NONE=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/NoSuchStage1
CREATED=1761042600000 # 2025-10-21T10:30:00Z
# A stage with everything known about it: full_stage ID
full_stage() {
	local arn=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/$1
	redis_c hset "${P}stages" "$arn" "{\"name\":\"name-$1\",\"picture\":true,\"autoScaled\":true,
		\"createdAt\":$CREATED,\"tags\":{\"Team\":\"音樂\"}}" >/dev/null
	printf '%s' "$arn"
}
tagged_stage() { full_stage "S$RANDOM$RANDOM$RANDOM"; }
list_page() { api GET "/api/stage/list${1:+?$1}"; }

@test "stats: totals, stages and the publisher" {
	set_stages_aside
	a=$(full_stage Aaaaaaaaaaaa) b=$(full_stage Bbbbbbbbbbbb) u=$(fresh)
	seat "$u-1" "$a"
	seat "$u-2" "$a"
	seat "$u-3" "$b"
	api GET /api/stats
	assert_status 200
	equals "$(json '.data | keys | join(" ")')" 'activeStages autoScale isPublisherLive publisher stages timestamp totalViewers'
	equals "$(json '.data | "\(.activeStages) \(.isPublisherLive)"')" '3 true'
	equals "$(json ".data.stages[] | select(.stageArn == \"$a\") | [.stageId, .stageName, .viewerCount, .autoScaled, .createdAt, .info.name, .info.autoScaled, .info.createdAt] | map(tostring) | join(\" \")")" \
		"$a name-Aaaaaaaaaaaa 2 true 2025-10-21T10:30:00.000Z name-Aaaaaaaaaaaa true 2025-10-21T10:30:00.000Z"
	equals "$(json ".data.stages[] | select(.stageArn == \"$b\") | .viewerCount")" 1
	equals "$(json '.data.totalViewers == ([.data.stages[].viewerCount] | add)')" true
	matches "$(json .data.timestamp)" '^2[0-9-]{9}T[0-9:]{8}\.[0-9]{3}Z$'
}

@test "stats: the master is there though nothing is known about it yet" {
	set_stages_aside
	api GET /api/stats
	equals "$(json '[.data.stages[].stageArn] | join(" ")')" "$MASTER"
	# What nobody knows yet is left out, not null.
	equals "$(json '.data.stages[0] | [has("stageName"), (.info | has("name", "managedBy"))] | join(" ")')" \
		'false false false'
	equals "$(json '.data.stages[0] | "\(.viewerCount) \(.autoScaled) \(.createdAt)"')" '0 false null'
}

@test "stats: a stage says who made it" {
	set_stages_aside
	local arn=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/MadeByUs1
	redis_c hset "${P}stages" "$arn" '{"name":"n","tags":{"ManagedBy":"auto-scaler"}}' >/dev/null
	api GET "/api/stats/stages?arn=$arn"
	equals "$(json .data.stageInfo.managedBy)" auto-scaler
	api GET /api/stats/stages/MadeByUs1
	equals "$(json .data.stageInfo.managedBy)" auto-scaler
	api GET /api/stats
	equals "$(json ".data.stages[] | select(.stageArn == \"$arn\") | .info.managedBy")" auto-scaler
}

@test "stats: viewers is the sum" {
	empty_show # those of tests before would lapse meanwhile
	seat "$(fresh)" "$(tagged_stage)"
	seat "$(fresh)" "$(tagged_stage)"
	seat "$(fresh)" "$MASTER"
	api GET /api/stats/viewers
	equals "$(json '"\(.data.totalViewers) \(.data.calculatedFrom)"')" '3 real-time sum'
}

@test "stats: stages with their tags" {
	stage=$(tagged_stage)
	api GET /api/stats/stages
	equals "$(json '.data.totalStages == (.data.stages | length)')" true
	equals "$(json ".data.stages[] | select(.stageArn == \"$stage\") | \"\(.stageName) \(.viewerCount) \(.tags.Team)\"")" \
		"name-${stage##*/} 0 音樂"
}

@test "stats: one stage by its ARN, raw and encoded" {
	local arn
	stage=$(tagged_stage)
	seat "$(fresh)" "$stage"
	for arn in "$stage" "$(uri "$stage")"; do
		api GET "/api/stats/stages?arn=$arn"
		equals "$http_status $(json '.data | "\(.stageArn) \(.viewerCount) \(.stageInfo.name) \(.stageInfo.autoScaled) \(.stageInfo.createdAt)"')" \
			"200 $stage 1 name-${stage##*/} true 2025-10-21T10:30:00.000Z"
	done
}

@test "stats: an ARN that is not ours answers 404, one that is none 400" {
	api GET "/api/stats/stages?arn=$NONE"
	assert_error 404 NOT_FOUND
	api GET '/api/stats/stages?arn=nonsense'
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.invalidFields[0].field')" arn
}

@test "stats: one stage by its short id" {
	stage=$(tagged_stage)
	seat "$(fresh)" "$stage"
	api GET "/api/stats/stages/${stage##*/}"
	equals "$http_status $(json '.data | "\(.stageId) \(.stageArn) \(.viewerCount) \(.stageInfo.name)"')" \
		"200 ${stage##*/} $stage 1 name-${stage##*/}"
	api GET "/api/stats/stages/${MASTER##*/}"
	equals "$http_status $(json .data.stageArn)" "200 $MASTER"
}

@test "stats: a full ARN in place of the short id answers 400 with a hint" {
	local arn
	for arn in "$MASTER" "$(uri "$MASTER")"; do
		api GET "/api/stats/stages/$arn" - -H 'Accept-Language: en'
		assert_error 400 VALIDATION_ERROR
		matches "$http_body" '/api/stats/stages\?arn='
	done
}

@test "stats: an unknown short id answers 404" {
	local id
	for id in NoSuchStage1 "${MASTER##*/}x" x/y %20; do
		api GET "/api/stats/stages/$id"
		equals "$id $http_status" "$id 404"
	done
}

@test "stats: a stage whose entry is broken does not break the others (F24)" {
	broken=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/Broken$RANDOM
	redis_c hset "${P}stages" "$broken" '{"name":' >/dev/null
	api GET /api/stats
	status=$http_status
	list_page
	redis_c hdel "${P}stages" "$broken" >/dev/null
	equals "$status $http_status" '200 200'
}

@test "publisher: his state is read, and set by hand" {
	api PUT /api/stats/publisher '{"isPublisherLive":false}'
	equals "$http_status $(json .data.isPublisherLive)" '200 false'
	api GET /api/stats/publisher
	equals "$http_status $(json '.data | del(.since, .ageSeconds) | tojson')" \
		'200 {"state":"offline","lastKnown":false,"isPublisherLive":false,"source":"hand"}'
	api PUT /api/stats/publisher '{"isPublisherLive":true}'
	api GET /api/stats/publisher
	equals "$(json .data.isPublisherLive)" true
	api GET /api/stats
	equals "$(json .data.isPublisherLive)" true
}

@test "publisher: anything but true and false answers 400 and changes nothing" {
	local value
	for value in '"true"' 1 0 null '[]' '{}' '""'; do
		api PUT /api/stats/publisher "{\"isPublisherLive\":$value}"
		equals "$value $http_status" "$value 400"
	done
	api PUT /api/stats/publisher '{"isPublisherLive":"false"}'
	equals "$(json '.error.details.invalidFields[0].field')" isPublisherLive
	api PUT /api/stats/publisher '{}'
	equals "$http_status $(json '.error.details.missingFields | tojson')" '400 ["isPublisherLive"]'
	api GET /api/stats/publisher
	equals "$(json .data.isPublisherLive)" true
}

@test "stats: no call of theirs goes to AWS (F43)" {
	local path
	before=$(emulator GET calls)
	for path in /api/stats /api/stats/viewers /api/stats/stages "/api/stats/stages?arn=$MASTER" \
		"/api/stats/stages/${MASTER##*/}" /api/stats/publisher; do
		api GET "$path"
		assert_status 200
	done
	go_live
	equals "$(emulator GET calls)" "$before"
}

@test "stage list: each stage with its members" {
	set_stages_aside
	stage=$(full_stage Cccccccccccc)
	seat "$(fresh)" "$stage"
	list_page
	assert_status 200
	equals "$(json '.data | "\(.totalStages) \(.stages | length) \(.nextToken)"')" '2 2 null'
	equals "$(json ".data.stages[] | select(.stageArn == \"$stage\") | \"\(.name) \(.viewerCount) \(.autoScaled) \(.createdAt) \(.tags.Team) \(.state)\"")" \
		'name-Cccccccccccc 1 true 2025-10-21T10:30:00.000Z 音樂 active'
}

@test "stage list: pages reach every stage once" {
	set_stages_aside
	local token='' pages=0
	for i in 1 2 3 4 5 6; do full_stage "Page$i" >/dev/null; done
	while [ "$token" != null ] && ((pages < 9)); do
		list_page "maxResults=3${token:+&nextToken=$token}"
		assert_status 200
		equals "$(json .data.totalStages)" 7
		json '.data.stages[].stageArn' >>"$BATS_TEST_TMPDIR/seen"
		token=$(json .data.nextToken)
		pages=$((pages + 1))
	done
	equals "$pages $(wc -l <"$BATS_TEST_TMPDIR/seen") $(sort -u "$BATS_TEST_TMPDIR/seen" | wc -l)" '3 7 7'
}

@test "stage list: a page goes on though the stage it named is gone" {
	set_stages_aside
	for i in 1 2 3 4 5 6; do full_stage "Gone$i" >/dev/null; done
	list_page maxResults=3
	token=$(json .data.nextToken)
	redis_c hdel "${P}stages" "$(json '.data.stages[-1].stageArn')" >/dev/null
	list_page "maxResults=3&nextToken=$token"
	equals "$http_status $(json '[.data.stages[].name] | join(" ")')" '200 name-Gone3 name-Gone4 name-Gone5'
}

@test "stage list: maxResults is 1 to 100, and nextToken one of ours" {
	local query
	for query in maxResults=0 maxResults=101 maxResults=-1 maxResults=abc maxResults= 'nextToken=!!' nextToken=nonsense; do
		list_page "$query"
		equals "$query $http_status" "$query 400"
	done
	list_page maxResults=100
	assert_status 200
	list_page maxResults=1
	equals "$http_status $(json '.data.stages | length')" '200 1'
}

@test "stage: the master has its name from AWS, and is read there once" {
	api GET /api/stage/master/info
	assert_status 200
	equals "$(json '.data | "\(.stage.arn) \(.isMasterStage) \(.viewerCount | type) \(.stage.name | length > 0) \(.stage.tags | type)"')" \
		"$MASTER true number true object"
	before=$(emulator GET calls)
	api GET /api/stage/master/info
	api GET "/api/stage/$MASTER"
	equals "$(json '.data | "\(.stage.arn) \(.isMasterStage)"')" "$MASTER true"
	equals "$(emulator GET calls)" "$before"
}

@test "stage: the master answers though AWS does not" {
	set_stages_aside
	emulator POST faults '{"operation":"GetStage","count":0,"status":403,"type":"AccessDeniedException"}'
	api GET /api/stage/master/info
	emulator DELETE faults
	equals "$http_status $(json '.data | "\(.stage.arn) \(.isMasterStage)"')" "200 $MASTER true"
}

@test "stage: one of ours by its ARN" {
	stage=$(tagged_stage)
	seat "$(fresh)" "$stage"
	api GET "/api/stage/$stage"
	equals "$http_status $(json '.data | "\(.stage.arn) \(.stage.name) \(.stage.tags.Team) \(.viewerCount) \(.isMasterStage)"')" \
		"200 $stage name-${stage##*/} 音樂 1 false"
}

@test "stage: one that is not ours answers 404, one that is no ARN 400" {
	api GET "/api/stage/$NONE"
	assert_error 404 NOT_FOUND
	api GET /api/stage/nonsense
	assert_error 400 VALIDATION_ERROR
}
