# A Redis that comes back empty, or as an old copy of itself: nothing that was acknowledged, changed or
# revoked before is lost, and nothing of the old state is believed. No test drains by hand.
bats_require_minimum_version 1.5.0
load lib/common
load lib/ctl
load lib/heal
load lib/old_copy
load lib/signing

setup_file() {
	load lib/show
	# The folder of this Redis is replaced.
	STACK_THROUGH=
	live_show HEARTBEAT_TIMEOUT=60 MAX_VIEWERS_PER_STAGE=1000 AUTO_SCALE_ENABLED=false
}
teardown_file() { show_down; }
setup() {
	load lib/show
	own=$BATS_TEST_TMPDIR
	wait_until 20 ready
	# A restart of Redis is behind us: all programs know it, and have the keys.
	wait_until 20 all_well
	empty_show
	written
	psql_q 'DELETE FROM users'
	redis_c del "${P}lost" >/dev/null # the last test was more than a day ago
}
teardown() {
	emulator DELETE faults
	thaw_programs
	postgres_back
}

stage() { # NAME [CURL_ARGS...]: makes it; $arn
	api POST /api/stage "{\"name\":\"$1\"}" "${@:2}"
	assert_status 201
	arn=$(json .data.stage.arn)
}
rows_are() { [ "$(psql_q 'SELECT count(*) FROM viewer_sessions')" = "$1" ]; }
# Milliseconds until PostgreSQL has so many rows; nobody but us asks for anything.
ms_until_rows() {
	local start=${EPOCHREALTIME/./}
	wait_until "$2" rows_are "$1" || return 1
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
}
# keep_beating FILE: heartbeats of all who sit, over and over, until the file "$own/stop" is there.
keep_beating() {
	beats >"$own/once"
	while [ ! -e "$own/stop" ]; do load_requests 4 <"$own/once"; done >"$1"
}

@test "API key: revoked after the copy was taken it never opens anything again, in no program (A1)" {
	local id secret n=0 programs
	ctl key create --scopes admin --json
	id=$(jq -r .id <<<"$output") secret=$(jq -r .key <<<"$output")
	asked() { curl -s -o /dev/null -w '%{http_code}\n' --max-time 5 -H "x-api-key: $secret" "$@"; }
	programs=("$BASE_URL/api/stats" "$BASE_URL/api/stage/list" "$BASE_URL/api/viewer/list/$MASTER"
		"$BASE_URL/metrics")
	asked_all() {
		for url in "${programs[@]}"; do asked "$url"; done
		asked -X POST -d '{"userId":"holder"}' "$BASE_URL/api/token/viewer"
	}
	equals "$(asked_all | sort -u)" 200
	take_copy
	ctl key revoke "$id"
	refused() { [ "$(asked_all | sort -u)" = 401 ]; }
	wait_until 3 refused
	put_copy_back
	end=$((SECONDS + 5))
	while ((SECONDS < end)); do
		asked_all
		asked -X POST -d '{"name":"intruder"}' "$BASE_URL/api/stage"
		n=$((n + 1))
	done >"$own/answers"
	((n > 5))
	equals "$(grep -cE '^2' "$own/answers") $(tail -n 1 "$own/answers") $(in_aws intruder)" '0 401 0'
	refused
	psql_q "DELETE FROM api_keys" && ctl key publish
}

@test "a stage changed after the copy was taken keeps the change, in Redis and in PostgreSQL (A2)" {
	stage changed
	api PUT "/api/stage/$arn" '{"maxViewers":4}'
	assert_status 200
	take_copy
	api PUT "/api/stage/$arn" '{"maxViewers":7}'
	assert_status 200
	# In PostgreSQL before the answer: also a Redis that dies at this instant loses nothing.
	equals "$(psql_q "SELECT max_viewers FROM stages WHERE stage_arn = '$arn'")" 7
	put_copy_back
	wait_until 20 ready
	equals "$(entry "$arn" .maxViewers)" 7
	autoscale
	run -0 job snapshot
	equals "$(entry "$arn" .maxViewers) $(psql_q "SELECT max_viewers, entry ->> 'maxViewers', state FROM stages
		WHERE stage_arn = '$arn'")" '7 7|7|active'
	api DELETE "/api/stage/$arn"
	assert_status 200
	equals "$(psql_q "SELECT state FROM stages WHERE stage_arn = '$arn'")" deleted
	put_copy_back # in which it is still there
	wait_until 20 ready
	equals "$(redis_c hexists "${P}stages" "$arn")" 0
}

@test "the same order after Redis was emptied is the same stage, with the same answer (A3)" {
	local key first
	key=$(fresh key)
	stage ordered -H "Idempotency-Key: $key"
	first=$(jq -cS .data <<<"$http_body")
	redis_c flushall >/dev/null
	wait_until 20 ready
	stage ordered -H "Idempotency-Key: $key"
	equals "$(jq -cS .data <<<"$http_body") $(in_aws ordered)" "$first 1"
}

@test "an order whose stage nobody heard of is found at AWS after Redis was emptied (A3)" {
	local key
	key=$(fresh key)
	unheard_order "$key"
	redis_c flushall >/dev/null
	wait_until 20 ready
	# AWS may list it late, so for ten seconds nothing is made that is not found.
	fault '{"operation":"ListStages","status":200,"body":"{\"stages\":[]}"}'
	api POST /api/stage '{"name":"unheard"}' -H "Idempotency-Key: $key"
	assert_error 503 SERVICE_UNAVAILABLE
	stage unheard -H "Idempotency-Key: $key"
	equals "$(in_aws unheard)" 1
}

@test "an order whose stage nobody heard of is found at AWS after Redis came back as a copy of just before (A3)" {
	local key
	key=$(fresh key)
	fault '{"operation":"CreateStage","action":"effect-then-drop"}'
	fault '{"operation":"ListStages","type":"AccessDeniedException"}'
	take_copy
	api POST /api/stage '{"name":"copied"}' -H "Idempotency-Key: $key"
	assert_error 503 SERVICE_UNAVAILABLE
	put_copy_back
	wait_until 20 ready
	# It has every record there is: it is not loaded, and yet not what it was.
	equals "$(redis_c exists "${P}orders" "${P}lost")" 1
	stage copied -H "Idempotency-Key: $key"
	equals "$(in_aws copied)" 1
}

@test "a person who was forgotten does not come back with a copy of before, neither seat nor ban" {
	api POST /api/viewer/kick '{"userId":"gone1","ban":true}'
	assert_status 200
	join 1
	join 1 "$MASTER" seated
	wait_until 3 rows_are 2
	wait_until 3 no_records
	take_copy
	for who in gone1 seated1; do
		api DELETE "/api/viewer/history/$who"
		assert_status 200
	done
	put_copy_back
	wait_until 20 ready
	equals "$(redis_c hkeys "${P}bans") $(redis_c hkeys "${P}viewer:stage")" ' w1'
	api GET "/api/viewer/list/$MASTER"
	equals "$(json '[.. | .userId? // empty] | unique | join(" ")')" w1
}

@test "viewers of a stage that was deleted are told so after Redis was emptied, for the rest of a day" {
	local other left
	stage told
	other=$arn
	stage deleted
	for gone in "$arn" "$other"; do
		api DELETE "/api/stage/$gone"
		assert_status 200
	done
	psql_q "UPDATE stages SET updated_at = now() - interval '25 hours' WHERE stage_arn = '$other'"
	redis_c flushall >/dev/null
	wait_until 20 ready
	beat w1 "$arn"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" STAGE_GONE
	left=$(redis_c pttl "${P}gone:$arn")
	((left > 80000000 && left <= 86400000))
	beat w1 "$other"
	equals "$(json .error.details.reason)" NO_SESSION
}

@test "a page renews no participant that a forgotten kick may have ended" {
	local page body
	renew() { signed_here token /api/token/viewer "$(obj userId w1 stageArn "$MASTER" sessionToken "$page")"; }
	signed_here token /api/token/viewer "$(obj userId w1 stageArn "$MASTER")"
	assert_status 200
	page=$(json .data.sessionToken)
	renew
	equals "$(json .data.renewed)" true
	# A kick that has begun, and is not over.
	fault '{"operation":"GetStage","count":0,"status":503}'
	api POST /api/viewer/kick '{"userId":"w1"}'
	assert_error 503 SERVICE_UNAVAILABLE
	emulator DELETE faults
	wait_until 3 rows_are 1
	renew
	equals "$(json .data.renewed)" false
	redis_c flushall >/dev/null
	wait_until 20 ready
	equals "$(seats "$MASTER")" 1
	renew
	equals "$http_status $(json '.data | "\(.renewed) \(.isNewViewer)"')" '200 false false'
	# what is issued from here on counts as ever
	page=$(json .data.sessionToken)
	renew
	equals "$(json .data.renewed)" true
}

@test "a join is in PostgreSQL within 2 s, with nothing but heartbeats after it, or with nothing at all (A4)" {
	join 1
	ms_until_rows 1 3
	((took <= 2000))
	join 1 "$MASTER" x
	for _ in 1 2 3 4 5 6 7 8; do beat x1 "$MASTER" && sleep 0.2; done
	rows_are 2
	redis_c flushall >/dev/null
	wait_until 20 ready
	equals "$(seats "$MASTER")" 2
	beat x1 "$MASTER"
	assert_status 200
}

@test "300 joins at once, then heartbeats alone: 2 s later FLUSHALL costs nobody anything (A5)" {
	join 300
	ms_until_rows 300 3
	((took <= 2000))
	keep_beating "$own/out" 3>&- &
	sleep 0.5
	redis_c flushall >/dev/null
	wait_until 20 ready
	sleep 1
	touch "$own/stop"
	wait "$!"
	matches "$(statuses "$own/out")" '^[0-9]+ 200( [0-9]+ 503)?$'
	equals "$(total) $(psql_q 'SELECT count(*), count(DISTINCT user_id), count(left_at) FROM viewer_sessions')" '300 300|300|0'
}

@test "an old copy under heartbeats: 503 until it was compared, no 404, no second row (A6)" {
	join 5
	wait_until 3 rows_are 5
	take_copy
	join 20 "$MASTER" x
	wait_until 3 rows_are 25
	keep_beating "$own/out" 3>&- &
	sleep 0.3
	put_copy_back
	wait_until 20 ready
	sleep 1
	touch "$own/stop"
	wait "$!"
	matches "$(statuses "$own/out")" '^[0-9]+ 200 [0-9]+ 503$'
	everybody_beats
	equals "$(statuses "$own/beats")" '25 200'
	equals "$(total) $(psql_q 'SELECT count(*), count(DISTINCT user_id), count(left_at) FROM viewer_sessions')" '25 25|25|0'
}

@test "a program that starts beside a Redis that was compared needs no PostgreSQL" {
	join 1
	wait_until 3 rows_are 1
	stop_postgres
	"$PROJECT_ROOT/deploy/stack" restart viewer "$SUITE_DIR" 3>&- >/dev/null
	beat w1 "$MASTER"
	assert_status 200
	cgi viewer POST /api/viewer/heartbeat "$(obj userId w1 stageArn "$MASTER")"
	assert_status 200
}

@test "a Redis that was restarted while PostgreSQL is away is not believed before it is back" {
	join 2
	wait_until 3 rows_are 2
	stop_postgres
	take_copy
	put_copy_back
	beat w1 "$MASTER"
	assert_error 503 SERVICE_UNAVAILABLE
	# and it stays so; what must come back is named
	names_postgres() {
		beat w1 "$MASTER"
		assert_error 503 SERVICE_UNAVAILABLE && [ "$(json .error.details.dependency)" = postgres ]
	}
	wait_until 10 names_postgres
	sleep 2
	names_postgres
	postgres_back
	wait_until 20 ready
	beat w1 "$MASTER"
	assert_status 200
	rows_are 2
}

@test "the primary of before the last one, which missed what was written meanwhile, is compared again" {
	local other=$own/b.sock pid
	mkdir "$own/b"
	redis-server --port 0 --unixsocket "$other" --save '' --dir "$own/b" >"$own/b/log" 2>&1 3>&- &
	pid=$!
	wait_until 5 test -S "$other"
	join 2
	wait_until 3 rows_are 2
	mv "$REDIS_SOCKET" "$own/a.sock" && mv "$other" "$REDIS_SOCKET"
	redis-cli -s "$own/a.sock" client kill type normal >/dev/null
	wait_until 20 ready # the other one is loaded
	join 3 "$MASTER" x
	wait_until 3 rows_are 5
	beats >"$own/all"
	mv "$REDIS_SOCKET" "$other" && mv "$own/a.sock" "$REDIS_SOCKET"
	redis-cli -s "$other" shutdown nosave 2>/dev/null || true
	wait "$pid" || true
	for _ in 1 2 3 4 5 6 7 8; do load_requests 4 <"$own/all" && sleep 0.3; done >"$own/out"
	equals "$(statuses "$own/out" | grep -c ' 404')" 0
	wait_until 20 ready
	load_requests 4 <"$own/all" >"$own/beats"
	equals "$(statuses "$own/beats") $(total)" '5 200 5'
}

@test "a job that finds that Redis has forgotten records says so in its line" {
	join 1
	wait_until 3 rows_are 1
	take_copy
	join 1 "$MASTER" x
	wait_until 3 rows_are 2
	freeze_programs
	put_copy_back
	run job snapshot
	equals "$(jq -r '"\(.msg) \(.forgot)"' <<<"$output")" 'failed 1'
	thaw_programs
	wait_until 20 ready
	equals "$(seats "$MASTER")" 2
}

@test "plain CGI: a join is in PostgreSQL when the call has ended" {
	freeze_programs
	cgi token POST /api/token/viewer "$(obj userId alone)"
	assert_status 200
	rows_are 1
	thaw_programs
}
