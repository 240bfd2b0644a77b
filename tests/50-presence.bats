# Seats: join, rejoin, heartbeat, leave, list, duration. Each fault of the old server by its name;
# F17 and F18, where Redis is away, are in 65-health.bats.

load lib/common

setup() { go_live; }
teardown() { put_stages_back; }

viewer() { api POST /api/token/viewer "$(obj userId "$@")"; }
of_user() { # CALL USER ARN [NAME VALUE...]: with any characters in USER
	api POST "/api/viewer/$1" "$(obj userId "$2" stageArn "$3" "${@:4}")"
}
reason() { json .error.details.reason; }
# What the list says of the first viewer.
first_seat() {
	api GET "/api/viewer/list/$1"
	json '.data.viewers[0] | "\(.userId) \(.participantId) \(.joinedAt)"'
}
duration() { # USER ARN [CURL_ARGS...]
	api GET "/api/viewer/duration?userId=$(uri "$1")&stageArn=$2" - "${@:3}"
}
# Ids that must come through unharmed, one a line.
odd_ids() {
	printf '%s\n' 'a:b' ':' 'a b' ' ' "it's" '"quoted"' 'back\slash' __proto__ constructor 'viewers:1' \
		'王小明' '🎬🎤' 'a/b' '100%' '%2F' 'a+b' '{"a":1}' '$HOME `id`' '; DROP TABLE users' '-1' '*' \
		'a,b' '<script>' 'x@y.z' "$(repeat 100 語 | tr -d '\n')"
}

@test "join: is written to PostgreSQL at once, open (F06)" {
	stage=$(new_stage first-row) u=$(fresh)
	viewer "$u" stageArn "$stage"
	assert_status 200
	equals "$(rows "$u" "stage_arn, participant_id, left_at IS NULL, abs(extract(epoch FROM now() - joined_at)) < 10")" \
		"$stage|$(json .data.participantId)|t|t"
	equals "$(psql_q "SELECT count(*) FROM users WHERE user_id = '$u'")" 1
}

@test "rejoin: a first one is a join, with a record (F06)" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage" part-1
	assert_status 200
	equals "$(json '"\(.message) \(.data.userId) \(.data.stageArn) \(.data.participantId) \(.data.currentViewers) \(.data.isNewViewer)"')" \
		"重新加入成功 $u $stage part-1 1 true"
	equals "$(rows "$u" 'participant_id, left_at IS NULL')" 'part-1|t'
}

@test "rejoin: keeps seat, record and joinedAt, and remembers the participant (F09 F10)" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage" part-1
	before=$(first_seat "$stage")
	seat "$u" "$stage" part-2
	equals "$(json '"\(.data.isNewViewer) \(.data.currentViewers)"')" 'false 1'
	equals "$(first_seat "$stage")" "${before/part-1/part-2}"
	leave "$u" "$stage"
	equals "$(rows "$u" 'participant_id, end_reason')" 'part-2|leave'
}

@test "reload: four tokens are one seat and one record (F09 F10 F11)" {
	stage=$(new_stage reload) u=$(fresh)
	viewer "$u" stageArn "$stage"
	joined=$(first_seat "$stage" | cut -d' ' -f3)
	for _ in 1 2 3; do
		viewer "$u"
		equals "$(json '"\(.data.stageArn) \(.data.isNewViewer) \(.data.currentViewers)"')" "$stage false 1"
	done
	equals "$(first_seat "$stage" | cut -d' ' -f3) $(seats "$stage")" "$joined 1"
	leave "$u" "$stage"
	equals "$(rows "$u" 'count(*), count(left_at)')" '1|1'
}

@test "seat: one for each user and show; another stage moves him and closes the record (F11)" {
	a=$(a_stage) b=$(a_stage) u=$(fresh)
	seat "$u" "$a"
	seat "$u" "$b"
	equals "$(json '"\(.data.stageArn) \(.data.isNewViewer) \(.data.currentViewers)"')" "$b true 1"
	equals "$(seats "$a") $(seats "$b")" '0 1'
	beat "$u" "$a"
	assert_error 404 NOT_FOUND
	beat "$u" "$b"
	assert_status 200
	equals "$(rows "$u" 'stage_arn, left_at IS NULL, end_reason' | tr '\n' ' ')" "$a|f|moved $b|t| "
}

@test "seat: one who cannot move to a full stage keeps the one he has" {
	a=$(a_stage) b=$(a_stage '' 1) u=$(fresh)
	seat "$u" "$a"
	seat "$(fresh)" "$b"
	seat "$u" "$b"
	assert_error 503 STAGE_FULL
	beat "$u" "$a"
	assert_status 200
	equals "$(rows "$u" 'count(*), count(left_at)')" '1|0'
}

@test "full: a stage with no seat refuses new ones by both ways in, with Retry-After (F14)" {
	stage=$(a_stage '' 2)
	seat "$(fresh)" "$stage"
	seat "$(fresh)" "$stage"
	seat "$(fresh)" "$stage"
	assert_error 503 STAGE_FULL
	matches "$(header Retry-After)" '^[1-9][0-9]*$'
	viewer "$(fresh)" stageArn "$stage"
	assert_error 503 STAGE_FULL
	equals "$(seats "$stage")" 2
}

@test "full: who is seated is never refused" {
	stage=$(new_stage never-refused 1) u=$(fresh)
	viewer "$u" stageArn "$stage"
	viewer "$u" stageArn "$stage"
	assert_status 200
	seat "$u" "$stage"
	assert_status 200
	viewer "$u"
	equals "$http_status $(json .data.stageArn)" "200 $stage"
}

@test "full: who leaves makes room for one" {
	stage=$(a_stage '' 1) u=$(fresh)
	seat "$u" "$stage"
	leave "$u" "$stage"
	seat "$(fresh)" "$stage"
	assert_status 200
	seat "$u" "$stage"
	assert_error 503 STAGE_FULL
}

@test "full: each stage has its own cap, and MAX_VIEWERS_PER_STAGE is that of the others (F13)" {
	small=$(a_stage '' 1) other=$(a_stage '' 3)
	redis_c hset "${P}stages" "$other" '{"name":"no-cap","picture":true}' >/dev/null
	seat "$(fresh)" "$small"
	seat "$(fresh)" "$small"
	assert_error 503 STAGE_FULL
	for n in 1 2; do
		cgi viewer POST /api/viewer/rejoin "$(obj userId "$(fresh)" stageArn "$other" participantId p)" \
			MAX_VIEWERS_PER_STAGE=2 SCALE_UP_THRESHOLD=2 SCALE_DOWN_THRESHOLD=1
		assert_status 200
	done
	cgi viewer POST /api/viewer/rejoin "$(obj userId "$(fresh)" stageArn "$other" participantId p)" \
		MAX_VIEWERS_PER_STAGE=2 SCALE_UP_THRESHOLD=2 SCALE_DOWN_THRESHOLD=1
	assert_error 503 STAGE_FULL
}

@test "full: of 200 at once for one free seat one gets it (F12)" {
	stage=$(a_stage '' 1) u=$(fresh)
	for i in {1..200}; do
		echo "POST /api/viewer/rejoin {\"userId\":\"$u-$i\",\"stageArn\":\"$stage\",\"participantId\":\"p\"}"
	done | load_requests 50 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out") $(count_status 503 <"$BATS_TEST_TMPDIR/out") $(seats "$stage")" '1 199 1'
}

@test "seat: one user who calls 100 times at once from two stages has one seat and no record twice open (F11)" {
	a=$(a_stage) b=$(a_stage) u=$(fresh)
	for _ in {1..50}; do
		echo "POST /api/viewer/rejoin {\"userId\":\"$u\",\"stageArn\":\"$a\",\"participantId\":\"p\"}"
		echo "POST /api/viewer/rejoin {\"userId\":\"$u\",\"stageArn\":\"$b\",\"participantId\":\"p\"}"
	done | load_requests 20 | count_status 200 >"$BATS_TEST_TMPDIR/ok"
	equals "$(<"$BATS_TEST_TMPDIR/ok") $(($(seats "$a") + $(seats "$b"))) $(rows "$u" 'count(*) - count(left_at)')" '100 1 1'
}

@test "rejoin: while no publisher is live it is refused as a join is (F14)" {
	go_offline
	u=$(fresh)
	seat "$u" "$MASTER"
	assert_error 404 NOT_FOUND
	equals "$(reason) $(redis_c hexists "${P}viewer:stage" "$u")" 'PUBLISHER_OFFLINE 0'
	matches "$(header Retry-After)" '^[1-9]'
}

@test "rejoin: one who is seated is kept though the publisher is away for a moment (F14)" {
	u=$(fresh)
	seat "$u" "$MASTER"
	go_offline
	seat "$u" "$MASTER"
	assert_status 200
	beat "$u" "$MASTER"
	assert_status 200
	leave "$u" "$MASTER"
}

@test "rejoin: a stage that is none answers 400, one that is not ours 404, and nothing is kept (F15)" {
	local call
	foreign=arn:aws:ivs:$AWS_REGION:999999999999:stage/abc u=$(fresh)
	seat "$u" nonsense
	assert_error 400 VALIDATION_ERROR
	seat "$u" "$foreign"
	assert_error 404 NOT_FOUND
	equals "$(reason)" NO_STAGE
	api GET "/api/viewer/list/$foreign"
	assert_error 404 NOT_FOUND
	equals "$(redis_c exists "${P}viewer:heartbeat:$foreign" "${P}viewer:heartbeat:nonsense") $(rows "$u" 'count(*)')" '0 0'
}

@test "rejoin: participantId is 1 to 255 characters" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage" "$(repeat 255 p | tr -d '\n')"
	assert_status 200
	seat "$u" "$stage" "$(repeat 256 p | tr -d '\n')"
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.invalidFields[0].field')" participantId
	api POST /api/viewer/rejoin "$(obj userId "$u" stageArn "$stage")"
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.missingFields[0]')" participantId
}

@test "heartbeat: answers what the contract says and moves lastHeartbeat on" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	make_silent "$u" "$stage" 30
	api GET "/api/viewer/list/$stage"
	before=$(json '.data.viewers[0].lastHeartbeat')
	beat "$u" "$stage"
	equals "$(json '"\(.message) \(.data.userId) \(.data.stageArn) \(.data.heartbeatUpdated) \(.data.currentViewers)"')" \
		"心跳更新成功 $u $stage true 1"
	api GET "/api/viewer/list/$stage"
	[[ $(json '.data.viewers[0].lastHeartbeat') > $before ]]
}

@test "heartbeat: without a seat answers 404 NO_SESSION and makes none (F16)" {
	stage=$(a_stage) u=$(fresh)
	beat "$u" "$stage"
	assert_error 404 NOT_FOUND
	equals "$(reason) $(seats "$stage")" 'NO_SESSION 0'
}

@test "heartbeat: after leave answers 404 and brings nobody back (F16)" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	leave "$u" "$stage"
	beat "$u" "$stage"
	assert_error 404 NOT_FOUND
	equals "$(reason) $(seats "$stage")" 'NO_SESSION 0'
}

@test "heartbeat: one that comes late, while his seat is still his, counts again (F16 F23)" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	make_silent "$u" "$stage" 90
	beat "$u" "$stage"
	equals "$http_status $(json .data.currentViewers)" '200 1'
	equals "$(rows "$u" 'count(*), count(left_at)')" '1|0'
}

@test "leave: says whether he was there, and twice does no harm" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	leave "$u" "$stage"
	equals "$http_status $(json '"\(.message) \(.data.userId) \(.data.stageArn) \(.data.viewerLeft)"')" \
		"200 觀眾離開記錄成功 $u $stage true"
	leave "$u" "$stage"
	equals "$http_status $(json .data.viewerLeft)" '200 false'
	equals "$(rows "$u" 'count(*), count(left_at), min(end_reason)')" '1|1|leave'
}

@test "leave: from a stage where he is not changes nothing where he is" {
	a=$(a_stage) b=$(a_stage) u=$(fresh)
	seat "$u" "$a"
	leave "$u" "$b"
	equals "$http_status $(json .data.viewerLeft) $(seats "$a")" '200 false 1'
	beat "$u" "$a"
	assert_status 200
}

@test "leave: who comes back has a record of his own" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	leave "$u" "$stage"
	seat "$u" "$stage"
	equals "$(json .data.isNewViewer)" true
	equals "$(rows "$u" 'count(*), count(left_at)')" '2|1'
}

@test "silent: a viewer without heartbeat is not counted, in any number" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	seat "$u-2" "$stage"
	make_silent "$u" "$stage" 61
	beat "$u-2" "$stage"
	equals "$(json .data.currentViewers)" 1
	api GET "/api/stats/stages?arn=$stage"
	equals "$(json .data.viewerCount)" 1
	api GET "/api/viewer/list/$stage"
	equals "$(json '.data | "\(.totalViewers) \(.activeViewers) \([.viewers[].userId] | join(" "))"')" "2 1 $u-2"
}

@test "silent: 55 seconds are not too long" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	make_silent "$u" "$stage" 55
	api GET "/api/stats/stages?arn=$stage"
	equals "$(json .data.viewerCount)" 1
}

@test "silent: his seat is free when somebody needs it, and his record ends with his last beat (F07 F08)" {
	stage=$(a_stage '' 1) u=$(fresh)
	old_seat "$u" "$stage" 1000 100
	seat "$u-2" "$stage"
	assert_status 200
	equals "$(seats "$stage")" 1
	matches "$(rows "$u" "end_reason, watch_duration_seconds, round(extract(epoch FROM now() - left_at) / 10)")" \
		'^timeout\|(899|900|901)\|10$'
	beat "$u" "$stage"
	assert_error 404 NOT_FOUND
}

@test "silent: nobody loses his seat while nobody needs it" {
	stage=$(a_stage '' 2) u=$(fresh)
	old_seat "$u" "$stage" 1000 100
	seat "$u-2" "$stage"
	beat "$u" "$stage"
	equals "$http_status $(json .data.currentViewers)" '200 2'
}

@test "silent: who comes back after the time-out starts a new view" {
	stage=$(a_stage) u=$(fresh)
	old_seat "$u" "$stage" 1000 100
	seat "$u" "$stage"
	equals "$(json .data.isNewViewer)" true
	equals "$(rows "$u" 'end_reason, left_at IS NULL' | tr '\n' ' ')" 'timeout|f |t '
}

@test "silent: who leaves after the time-out had left already" {
	stage=$(a_stage) u=$(fresh)
	old_seat "$u" "$stage" 1000 100
	leave "$u" "$stage"
	equals "$http_status $(json .data.viewerLeft) $(seats "$stage")" '200 false 0'
	matches "$(rows "$u" 'end_reason, watch_duration_seconds')" '^timeout\|(899|900|901)$'
}

@test "choice: without a stage the least loaded one with a seat" {
	set_stages_aside
	go_offline
	a=$(new_stage choice-a 3) b=$(new_stage choice-b 3) u=$(fresh)
	seat "$u-1" "$a"
	seat "$u-2" "$a"
	seat "$u-3" "$b"
	viewer "$u-4"
	equals "$(json .data.stageArn)" "$b"
	viewer "$u-5"
	viewer "$u-6"
	equals "$(seats "$a") $(seats "$b")" '3 3'
	viewer "$u-7"
	assert_error 503 STAGE_FULL
	viewer "$u-5"
	assert_status 200
}

@test "choice: never a stage that is being emptied, has no picture or is not active (F32 F38)" {
	set_stages_aside
	go_offline
	a=$(new_stage closing) b=$(new_stage open)
	redis_c hset "${P}stages" "$a" '{"name":"closing","picture":true,"state":"draining"}' >/dev/null
	for _ in 1 2 3; do
		viewer "$(fresh)"
		equals "$http_status $(json .data.stageArn)" "200 $b"
	done
	viewer "$(fresh)" stageArn "$a"
	assert_error 404 NOT_FOUND
}

@test "ids: stages with the same beginning are two stages" {
	n=T$RANDOM$RANDOM u=$(fresh)
	a=$(a_stage "$n") b=$(a_stage "$n"x) c=$(a_stage "$n-x")
	seat "$u-1" "$a"
	seat "$u-2" "$b"
	equals "$(seats "$a") $(seats "$b") $(seats "$c")" '1 1 0'
	beat "$u-1" "$b"
	assert_error 404 NOT_FOUND
	api GET "/api/viewer/list/$a"
	equals "$(json '[.data.viewers[].userId] | join(" ")')" "$u-1"
}

@test "ids: odd ones do not collide, and come back as they went (F21 F22 F28)" {
	stage=$(a_stage '' 100)
	while IFS= read -r u; do
		of_user rejoin "$u" "$stage" participantId p
		equals "$u $http_status" "$u 200"
		of_user heartbeat "$u" "$stage"
		equals "$u $http_status" "$u 200"
	done < <(odd_ids)
	api GET "/api/viewer/list/$stage"
	equals "$(json '[.data.viewers[].userId] | sort | .[]' | sort)" "$(odd_ids | sort)"
	of_user leave 'a:b' "$stage"
	equals "$(json .data.viewerLeft) $(seats "$stage")" "true $(($(odd_ids | wc -l) - 1))"
	of_user heartbeat : "$stage"
	assert_status 200
}

@test "ids: odd ones are found again in duration and history (F28)" {
	stage=$(a_stage '' 100)
	while IFS= read -r u; do
		of_user rejoin "$u" "$stage" participantId p
		duration "$u" "$stage"
		equals "$u $http_status $(json .data.userId)" "$u 200 $u"
		api GET "/api/viewer/history/$(uri "$u")?limit=1"
		equals "$http_status $(json '"\(.data.userId) \(.data.history[0].stageArn)"')" "200 $u $stage"
	done < <(odd_ids)
}

@test "ids: one that ends with a slash is another user" {
	stage=$(a_stage) u=$(fresh)/
	of_user rejoin "$u" "$stage" participantId p
	api GET "/api/viewer/history/$(uri "$u")"
	equals "$http_status $(json '"\(.data.userId) \(.data.totalRecords)"')" "200 $u 1"
}

@test "list: objects with user, participant, joined and last heartbeat (F26)" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage" part-9
	api GET "/api/viewer/list/$stage"
	iso='[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z'
	equals "$(json "[.data.stageArn, .data.totalViewers, .data.activeViewers, .data.nextCursor,
		(.data.viewers[0] | .userId, .participantId, (.joinedAt | test(\"^$iso\$\")), (.lastHeartbeat | test(\"^$iso\$\")))] | map(tostring) | join(\" \")")" \
		"$stage 1 1 null $u part-9 true true"
}

@test "list: an empty stage has an empty list" {
	api GET "/api/viewer/list/$(a_stage)"
	equals "$(json '.data | "\(.totalViewers) \(.activeViewers) \(.viewers | tojson) \(.nextCursor)"')" '0 0 [] null'
}

@test "list: pages reach all of 25 viewers though they beat meanwhile" {
	stage=$(a_stage) u=$(fresh) cursor='' pages=0
	for i in {1..25}; do
		echo "POST /api/viewer/rejoin {\"userId\":\"$u-$i\",\"stageArn\":\"$stage\",\"participantId\":\"p\"}"
	done | load_requests 4 >/dev/null
	while [ "$cursor" != null ] && [ "$pages" -lt 9 ]; do
		api GET "/api/viewer/list/$stage?limit=10${cursor:+&cursor=$cursor}"
		assert_status 200
		json '.data.viewers[].userId' >>"$BATS_TEST_TMPDIR/seen"
		[ "$(json '.data.viewers | length')" -le 10 ]
		cursor=$(json .data.nextCursor)
		pages=$((pages + 1))
		beat "$u-$((pages * 2))" "$stage"
	done
	equals "$(sort -u "$BATS_TEST_TMPDIR/seen" | wc -l) $cursor" '25 null'
	((pages >= 3 && pages <= 5))
}

@test "list: a bad cursor and a bad limit answer 400" {
	local query
	stage=$(a_stage)
	for query in cursor=nonsense cursor=%00 cursor=AAAA 'cursor=!!' limit=0 limit=-1 limit=abc limit=1e3 limit=; do
		api GET "/api/viewer/list/$stage?$query"
		equals "$query $http_status" "$query 400"
	done
}

@test "duration: in seconds and in the words of the language" {
	stage=$(a_stage) u=$(fresh)
	old_seat "$u" "$stage" 1845 0
	duration "$u" "$stage"
	matches "$(json '.data | "\(.userId) \(.stageArn) \(.watchDurationSeconds) \(.watchDurationFormatted)"')" \
		"^$u $stage 18(45 30分 45秒|46 30分 46秒|47 30分 47秒)\$"
	duration "$u" "$stage" -H 'Accept-Language: en'
	matches "$(json .data.watchDurationFormatted)" '^30m 4[5-7]s$'
	old_seat "$u" "$stage" 7265 0
	duration "$u" "$stage"
	matches "$(json .data.watchDurationFormatted)" '^121分 [5-7]秒$'
}

@test "duration: 0 for one who is not there" {
	stage=$(a_stage) u=$(fresh)
	duration "$u" "$stage"
	equals "$http_status $(json '.data | "\(.watchDurationSeconds) \(.watchDurationFormatted)"')" '200 0 0分 0秒'
	old_seat "$u" "$stage" 1000 100
	duration "$u" "$stage" -H 'Accept-Language: en'
	equals "$(json '.data | "\(.watchDurationSeconds) \(.watchDurationFormatted)"')" '0 0m 0s'
}

@test "duration: needs both parameters" {
	api GET /api/viewer/duration
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.missingFields | sort | join(" ")')" 'stageArn userId'
	duration x nonsense
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.invalidFields[0].field')" stageArn
}
