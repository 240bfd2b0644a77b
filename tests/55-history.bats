# What happened: a person's history, a stage's numbers, and PostgreSQL that is away.

load lib/common

setup() { go_live; }
teardown() { postgres_back; }

history() { api GET "/api/viewer/history/$1${2:+?$2}"; } # USER [QUERY]
stage_stats() { api GET "/api/viewer/stats/$1${2:+?$2}"; }
# A view that began JOINED_S ago and ends now: view USER ARN JOINED_S
view() {
	old_seat "$1" "$2" "$3" 0
	leave "$1" "$2"
}
close_to() { (($1 >= $2 && $1 <= $2 + 3)) || { echo "got $1, wanted $2" >&2; return 1; }; }

readable() { answers GET "/api/viewer/history/$1" 200; }

@test "history: an unknown user has an empty one" {
	u=$(fresh)
	history "$u"
	assert_status 200
	equals "$(json '.data | tojson')" "{\"userId\":\"$u\",\"totalRecords\":0,\"history\":[]}"
}

@test "history: a view has all documented members (F69)" {
	stage=$(a_stage) u=$(fresh) ip=$(fresh_ip)
	api POST /api/viewer/rejoin "$(obj userId "$u" stageArn "$stage" participantId part-1)" \
		-H "X-Forwarded-For: $ip" -A 'Mozilla/5.0 (測試)'
	history "$u"
	equals "$(json '.data.history[0] | keys_unsorted | sort | join(" ")')" \
		'id ipAddress joinedAt leftAt participantId stageArn userAgent userId watchDurationSeconds'
	equals "$(json '.data.history[0] | "\(.userId) \(.stageArn) \(.participantId) \(.ipAddress) \(.userAgent) \(.leftAt) \(.watchDurationSeconds) \(.id | type)"')" \
		"$u $stage part-1 $ip Mozilla/5.0 (測試) null null number"
	leave "$u" "$stage"
	history "$u"
	iso='[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z'
	equals "$(json ".data.history[0] | [(.joinedAt, .leftAt | test(\"^$iso\$\")), .watchDurationSeconds < 5, .leftAt >= .joinedAt] | all")" true
	equals "$(json .data.totalRecords)" 1
}

@test "history: the address is the client's, not the proxy's, at a token as well (F67)" {
	stage=$(new_stage addresses) u=$(fresh) ip=$(fresh_ip)
	api POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")" -H "X-Forwarded-For: 10.9.8.7, $ip" -A agent/1
	assert_status 200
	history "$u"
	equals "$(json '.data.history[0] | "\(.ipAddress) \(.userAgent)"')" "$ip agent/1"
}

@test "history: an IPv6 address is kept" {
	stage=$(a_stage) u=$(fresh)
	api POST /api/viewer/rejoin "$(obj userId "$u" stageArn "$stage" participantId p)" \
		-H 'X-Forwarded-For: 2001:DB8:0:0::7'
	history "$u"
	equals "$(json '.data.history[0].ipAddress')" 2001:db8::7
}

@test "history: an odd or very long user agent does no harm" {
	local agent
	stage=$(a_stage)
	for agent in "$(repeat 3000 ö | tr -d '\n')" $'bad\xff\xfebytes' "'; DROP TABLE users; --" '\u0000 {"a":1}' ''; do
		u=$(fresh)
		api POST /api/viewer/rejoin "$(obj userId "$u" stageArn "$stage" participantId p)" -A "$agent"
		assert_status 200
		history "$u"
		equals "$http_status $(json .data.totalRecords)" '200 1'
	done
}

@test "history: times are UTC whatever the zone of the session (F64)" {
	stage=$(a_stage) u=$(fresh)
	view "$u" "$stage" 100
	history "$u"
	close_to $(($(date +%s) - $(date -ud "$(json '.data.history[0].joinedAt')" +%s))) 100
	close_to "$(json '.data.history[0].watchDurationSeconds')" 100
}

@test "history: newest first, ten unless asked otherwise, in pages by before" {
	a=$(a_stage) b=$(a_stage) u=$(fresh)
	for _ in 1 2 3 4 5 6; do
		seat "$u" "$a"
		seat "$u" "$b"
	done
	history "$u"
	equals "$(json '.data | "\(.totalRecords) \(.history | length)"')" '12 10'
	all=$(json '.data.history[].id')
	equals "$all" "$(sort -rn <<<"$all")"
	equals "$(json '[.data.history[].stageArn] | .[0:2] | join(" ")')" "$b $a"
	equals "$(json '[.data.history[] | .leftAt == null] | map(tostring) | .[0:3] | join(" ")')" 'true false false'
	history "$u" limit=5
	equals "$(json '.data.history | length')" 5
	history "$u" "limit=5&before=$(json '.data.history[-1].id')"
	equals "$(json '.data.history[].id')" "$(sed -n 6,10p <<<"$all")"
	history "$u" "before=$(json '.data.history[-1].id')"
	equals "$(json '.data | "\(.totalRecords) \(.history | length)"')" '12 2'
	history "$u" "before=$(json '.data.history[-1].id')"
	equals "$http_status $(json '.data | "\(.totalRecords) \(.history | length)"')" '200 12 0'
}

@test "history: limit is 1 to 100 (F63)" {
	local limit
	u=$(fresh)
	for limit in 1 10 100; do
		history "$u" "limit=$limit"
		assert_status 200
	done
	for limit in 0 101 -5 1000000000 99999999999999999999 abc 1.5 1e2 '' ' 5' 0x10; do
		history "$u" "limit=$(uri "$limit")"
		equals "$limit $http_status $(json '.error.details.invalidFields[0].field')" "$limit 400 limit"
	done
}

@test "history: before is a positive number (F63)" {
	local before
	u=$(fresh)
	for before in 0 -1 abc 9223372036854775808 '1;2'; do
		history "$u" "before=$(uri "$before")"
		equals "$before $http_status $(json '.error.details.invalidFields[0].field')" "$before 400 before"
	done
	history "$u" before=9223372036854775807
	assert_status 200
}

@test "history: a user id of 101 characters answers 400" {
	history "$(repeat 101 a | tr -d '\n')"
	assert_error 400 VALIDATION_ERROR
}

@test "history: only his own" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	seat "$u-2" "$stage"
	history "$u"
	equals "$(json '[.data.history[].userId] | join(" ")')" "$u"
}

@test "stage stats: views, viewers, average, longest and sum (F69)" {
	stage=$(a_stage) u=$(fresh)
	view "$u" "$stage" 100
	view "$u" "$stage" 50
	view "$u-2" "$stage" 30
	seat "$u-3" "$stage"
	stage_stats "$stage"
	assert_status 200
	equals "$(json '.data | "\(.stageArn) \(.days) \(.stats.totalViews) \(.stats.uniqueViewers)"')" "$stage 7 4 3"
	close_to "$(json .data.stats.totalWatchTime)" 180
	close_to "$(json .data.stats.maxWatchDuration)" 100
	equals "$(json '.data.stats | (.avgWatchDuration - .totalWatchTime / .totalViews) | fabs <= 0.5')" true
	matches "$(json .data.stats.avgWatchDuration)" '^[0-9]+$'
}

@test "stage stats: a stage nobody watched has zeros" {
	stage_stats "$(a_stage)"
	equals "$http_status $(json '.data.stats | "\(.totalViews) \(.uniqueViewers) \(.avgWatchDuration) \(.maxWatchDuration) \(.totalWatchTime)"')" \
		'200 0 0 0 0 0'
}

@test "stage stats: days says how far back" {
	stage=$(a_stage) u=$(fresh)
	view "$u" "$stage" 100
	view "$u" "$stage" $((3 * 86400))
	stage_stats "$stage" days=1
	equals "$(json '"\(.data.days) \(.data.stats.totalViews)"')" '1 1'
	stage_stats "$stage" days=4
	equals "$(json '"\(.data.days) \(.data.stats.totalViews)"')" '4 2'
}

@test "stage stats: days is 1 to 3650, and the ARN must be one (F63)" {
	local days
	for days in 0 3651 -5 1000000000 abc ''; do
		stage_stats "$MASTER" "days=$days"
		equals "$days $http_status $(json '.error.details.invalidFields[0].field')" "$days 400 days"
	done
	stage_stats "$MASTER" days=3650
	assert_status 200
	stage_stats nonsense
	assert_error 400 VALIDATION_ERROR
}

@test "PostgreSQL away: history answers 503 and never an empty list; joins go on and are kept (F62)" {
	stage=$(new_stage pg-away) u=$(fresh)
	view "$u" "$stage" 10
	history "$u"
	equals "$(json .data.totalRecords)" 1

	stop_postgres
	for _ in 1 2 3; do
		history "$u"
		assert_away postgres
		stage_stats "$stage"
		assert_away postgres
	done
	api POST /api/token/viewer "$(obj userId "$u-2" stageArn "$stage")"
	assert_status 200
	beat "$u-2" "$stage"
	assert_status 200
	view "$u" "$stage" 20
	assert_status 200
	api GET /api/stats/viewers
	assert_status 200
	call GET /health
	equals "$http_status $(json '"\(.data.status) \(.data.services.postgres) \(.data.services.redis)"')" \
		'200 degraded disconnected connected'

	postgres_back
	wait_until 15 readable "$u"
	history "$u"
	equals "$(json '.data | "\(.totalRecords) \(.history | length)"')" '2 2'
	equals "$(rows "$u-2" 'count(*), count(left_at)')" '1|0'
	wait_until 5 all_well
}

@test "PostgreSQL away: a join is not slower for it" {
	stage=$(a_stage) u=$(fresh)
	stop_postgres
	for i in 1 2 3 4 5; do
		start=${EPOCHREALTIME/./}
		seat "$u-$i" "$stage"
		assert_status 200
		((${EPOCHREALTIME/./} - start < 1000000))
	done
	postgres_back
	wait_until 15 readable "$u"
	equals "$(psql_q "SELECT count(*) FROM viewer_sessions WHERE stage_arn = '$stage'")" 5
	wait_until 5 all_well
}

@test "PostgreSQL frozen: history answers 503 in a few seconds, joins at once" {
	stage=$(a_stage) u=$(fresh)
	history "$u"
	freeze postgres
	start=${EPOCHREALTIME/./}
	history "$u"
	took=$((${EPOCHREALTIME/./} - start))
	seat "$u" "$stage"
	joined=$http_status
	thaw postgres
	wait_until 15 readable "$u"
	equals "$joined" 200
	((took < 5000000))
	equals "$(rows "$u" 'count(*)')" 1
	wait_until 5 all_well
}

@test "PostgreSQL frozen: heartbeats do not wait behind many readers of history" {
	stage=$(new_stage frozen-readers) u=$(fresh)
	seat "$u" "$stage"
	api GET "/api/viewer/history/$u"
	assert_status 200
	freeze postgres
	for i in $(seq 8); do echo "GET /api/viewer/history/$u"; done |
		load_requests 8 >"$BATS_TEST_TMPDIR/readers" 3>&- &
	sleep 0.2
	echo "POST /api/viewer/heartbeat {\"userId\":\"$u\",\"stageArn\":\"$stage\"}" | load_requests 1 \
		>"$BATS_TEST_TMPDIR/beat"
	wait
	thaw postgres
	cat "$BATS_TEST_TMPDIR/readers" "$BATS_TEST_TMPDIR/beat"
	equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/readers" | sort -u)" 503
	equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/beat")" 200
	awk '$3 > 3500000 { exit 1 }' "$BATS_TEST_TMPDIR/beat"
	wait_until 10 all_well
}
