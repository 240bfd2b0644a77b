# Health, and what the programs answer while Redis or PostgreSQL is away.

load lib/common

setup() { go_live; }
teardown() {
	thaw redis
	thaw postgres
	redis_c config set maxmemory 0 >/dev/null
	wait_until 15 all_well
}

# timed CALL...: how long it took, in ms, is in $took
timed() {
	local start=${EPOCHREALTIME/./}
	"$@"
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
}
ready() { answers GET /readyz 200; }
beats_again() { # USER ARN
	beat "$1" "$2" && [ "$http_status" = 200 ]
}

@test "health: has all documented members, at both paths" {
	local path
	for path in /health /api/health; do
		call GET "$path"
		assert_status 200
		equals "$(json '.data | keys | join(" ")')" 'environment memory problems services status uptime version'
		equals "$(json '.data | "\(.status) \(.services.redis) \(.services.postgres) \(.services.aws.region) \(.services.aws.stageConfigured) \(.memory.unit) \(.environment)"')" \
			"healthy connected connected $AWS_REGION true MB production"
		equals "$(json '.data | [(.uptime | type == "number" and . >= 0), .memory.used > 0, .memory.total > .memory.used,
			(.version | test("^[0-9]+\\.[0-9]+"))] | all')" true
	done
}

@test "health: uptime counts on" {
	call GET /health
	before=$(json .data.uptime)
	later() {
		call GET /health
		(($(json .data.uptime) > before))
	}
	wait_until 3 later
}

@test "health: the front page names the service and its endpoints" {
	call GET /
	assert_status 200
	equals "$(json '.data | "\(.status) \(.service | length > 0) \(.version | length > 0) \(.endpoints | length > 3)"')" 'running true true true'
}

@test "livez: says only that the process answers" {
	call GET /livez
	equals "$http_status $(json .success)" '200 true'
}

@test "readyz: says that the dependencies answer" {
	call GET /readyz
	equals "$http_status $(json '"\(.data.services.redis) \(.data.services.postgres)"')" '200 connected connected'
}

@test "health: HEAD answers as GET, without a body" {
	local path
	for path in / /health /api/health /livez /readyz; do
		call HEAD "$path"
		equals "$path $http_status" "$path 200"
	done
}

@test "health: nothing in it is secret" {
	call GET /health
	equals "$(grep -cE 'canary|arn:|AKIA|/tmp' <<<"$http_body")" 0
}

# bats test_tags=alone
@test "Redis frozen: livez at once, readyz and health 503 within a second, all well in two after it (F74)" {
	call GET /readyz
	freeze redis
	sleep 0.2 # a result is good for so long
	local path
	took=$(curl -sf -o /dev/null -w '%{time_total}' "$BASE_URL/livez" | tr -d .)
	((10#$took < 200000))
	for path in /readyz /health /api/health; do
		timed call GET "$path"
		assert_away redis
		((took < 1000))
		equals "$(json '.error.details.services | "\(.redis) \(.postgres)"')" 'disconnected connected'
	done
	call HEAD /health
	equals "$http_status" 503
	thaw redis
	timed wait_until 2 ready
	((took < 2000))
	call GET /health
	equals "$http_status $(json .data.status)" '200 healthy'
}

# bats test_tags=alone
@test "Redis frozen: ten who ask at once all have their answer within a second (F74)" {
	freeze redis
	sleep 0.2
	{ repeat 10 'GET /health'; repeat 2 'GET /livez'; } |
		"$BUILD_DIR/tests/tools/load" "$BASE_URL" 12 >"$BATS_TEST_TMPDIR/out"
	thaw redis
	equals "$(count_status 503 <"$BATS_TEST_TMPDIR/out") $(count_status 200 <"$BATS_TEST_TMPDIR/out")" '10 2'
	local slowest
	slowest=$(sort -k3n "$BATS_TEST_TMPDIR/out" | tail -n 1 | cut -d' ' -f3)
	echo "slowest: $slowest us"
	((slowest < 1000000))
}

# bats test_tags=alone
@test "PostgreSQL frozen: health is degraded, within a second, and ready (F74)" {
	call GET /health
	freeze postgres
	sleep 0.2 # a result is good for so long
	timed call GET /health
	equals "$http_status $(json '"\(.data.status) \(.data.services.postgres) \(.data.services.redis)"')" \
		'200 degraded disconnected connected'
	((took < 1000))
	timed call GET /readyz
	equals "$http_status" 200
	((took < 1000))
	thaw postgres
	# The next drain is tried three seconds after one that failed.
	wait_until 10 eval 'call GET /health && [ "$(json .data.status)" = healthy ]'
}

# bats test_tags=alone
@test "both frozen: health answers 503 within a second (F74)" {
	freeze redis
	freeze postgres
	sleep 0.2
	timed call GET /health
	assert_away redis
	((took < 1000))
	equals "$(json '.error.details.services | "\(.redis) \(.postgres)"')" 'disconnected disconnected'
}

@test "Redis frozen: heartbeats answer 503 with Retry-After, never 404, and the seat is still there (F17)" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	freeze redis
	for _ in 1 2 3; do
		timed beat "$u" "$stage"
		assert_away redis
		((took < 2000))
	done
	thaw redis
	wait_until 3 beats_again "$u" "$stage"
	equals "$(json .data.currentViewers)" 1
	equals "$(rows "$u" 'count(*), count(left_at)')" '1|0'
}

@test "Redis frozen: joins are refused with 503, and the next one has one seat (F18)" {
	stage=$(new_stage frozen) u=$(fresh)
	freeze redis
	api POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")"
	assert_away redis
	seat "$u" "$stage"
	assert_away redis
	thaw redis
	joined() {
		api POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")"
		[ "$http_status" = 200 ]
	}
	wait_until 3 joined
	equals "$(json .data.currentViewers) $(seats "$stage")" '1 1'
	wait_until 5 all_well
	equals "$(rows "$u" 'count(*), count(left_at)')" '1|0'
}

@test "Redis frozen: every program answers 503 in the envelope, and none with invented numbers" {
	local path
	freeze redis
	for path in /api/stats /api/stats/viewers /api/stats/publisher /api/stage/list /api/stage/master/info \
		"/api/viewer/list/$MASTER" "/api/viewer/duration?userId=a&stageArn=$MASTER" "/api/viewer/history/$(fresh)"; do
		timed api GET "$path"
		equals "$path $http_status" "$path 503"
		assert_away redis
		((took < 2500))
	done
	api POST /api/token/publisher "$(obj userId "$(fresh)")"
	assert_away redis
	leave "$(fresh)" "$MASTER"
	assert_away redis
}

@test "Redis frozen: what is wrong with the request is still said" {
	freeze redis
	call GET /api/stats
	assert_error 401 UNAUTHORIZED
	api POST /api/viewer/heartbeat '{}'
	assert_error 400 VALIDATION_ERROR
	api GET /api/nothing
	assert_error 404 NOT_FOUND
	api DELETE /api/stats '{}'
	assert_error 405 METHOD_NOT_ALLOWED
	call OPTIONS /api/stats
	assert_status 204
}

@test "Redis gone and back: 503 meanwhile; seats, records and connections survive it (F17 F18)" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	beat "$u" "$stage"
	viewer=$(worker_of viewer)
	kill -TERM "$(pid_of redis)"
	wait_until 5 eval '! redis_c ping >/dev/null 2>&1'
	beat "$u" "$stage"
	assert_away redis
	seat "$(fresh)" "$stage"
	assert_away redis
	timed call GET /health
	assert_away redis
	((took < 1000))
	"$PROJECT_ROOT/deploy/stack" restart redis "$SUITE_DIR" 3>&- >/dev/null
	wait_until 3 beats_again "$u" "$stage"
	equals "$(json .data.currentViewers) $(rows "$u" 'count(*), count(left_at)')" '1 1|0'
	wait_until 5 all_well
	equals "$(worker_of viewer)" "$viewer"
}

@test "Redis out of memory: 503 with Retry-After, not 404 or 500, and nothing is lost (F17)" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	redis_c config set maxmemory 1 >/dev/null
	beat "$u" "$stage"
	assert_away redis
	seat "$u-2" "$stage"
	assert_away redis
	api POST /api/token/viewer "$(obj userId "$u-3" stageArn "$stage")"
	assert_away redis
	redis_c config set maxmemory 0 >/dev/null
	beat "$u" "$stage"
	equals "$http_status $(json .data.currentViewers)" '200 1'
	equals "$(seats "$stage") $(rows "$u-2" 'count(*)')" '1 0'
}

@test "Redis out of memory: leaving frees memory, so it is done, and recorded" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	redis_c config set maxmemory 1 >/dev/null
	leave "$u" "$stage"
	redis_c config set maxmemory 0 >/dev/null
	equals "$http_status $(json .data.viewerLeft) $(seats "$stage")" '200 true 0'
	equals "$(rows "$u" end_reason)" leave
}

@test "Redis forgets its scripts: nobody notices" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	redis_c script flush >/dev/null
	beat "$u" "$stage"
	assert_status 200
	redis_c script flush >/dev/null
	api GET /api/stats
	assert_status 200
}

@test "Redis read-only: not ready, since no seat can be taken" {
	redis_c replicaof 127.0.0.1 1 >/dev/null
	sleep 0.2
	api GET /readyz
	redis_c replicaof no one >/dev/null
	assert_away redis
	wait_until 5 answers GET /readyz 200
}

@test "Redis frozen: a frozen Redis costs each worker one deadline, not one for each batch" {
	stage=$(new_stage fuse) u=$(fresh)
	seat "$u" "$stage"
	freeze redis
	repeat 256 "POST /api/viewer/heartbeat {\"userId\":\"$u\",\"stageArn\":\"$stage\"}" |
		load_requests 256 >"$BATS_TEST_TMPDIR/out"
	thaw redis
	equals "$(count_status 503 <"$BATS_TEST_TMPDIR/out")" 256
	local slowest
	slowest=$(sort -k3n "$BATS_TEST_TMPDIR/out" | tail -n 1 | cut -d' ' -f3)
	echo "slowest: $slowest us" # 16 batches by two workers would take 8 s
	((slowest < 4000000))
	wait_until 5 all_well
}
