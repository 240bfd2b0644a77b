# What must hold when many come at once and when things die.

load lib/common

setup() { go_live; }
teardown() { [ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true; }

# Prints N join lines for one stage: joins PREFIX ARN N
joins() {
	awk -v u="$1" -v a="$2" -v n="$3" 'BEGIN { for (i = 1; i <= n; i++)
		printf "POST /api/token/viewer {\"userId\":\"%s-%d\",\"stageArn\":\"%s\"}\n", u, i, a }'
}
rows_of() { psql_q "select count(*) from viewer_sessions where user_id like '$1-%'"; }

@test "cap: 500 joins at once for the last seat give exactly one more, 100 times over (F12)" {
	stage=$(new_stage last-seat 50)
	u=$(fresh)
	joins "$u-first" "$stage" 49 | load_requests 16 >"$BATS_TEST_TMPDIR/first"
	[ "$(count_status 200 <"$BATS_TEST_TMPDIR/first")" = 49 ]
	# Looks at the seats all the while.
	redis-cli -s "$STACK_REDIS" -r -1 -i 0.002 zcard "${P}viewer:heartbeat:$stage" >"$BATS_TEST_TMPDIR/seats" 3>&- &
	watcher=$!
	joins "$u-first" "$stage" 49 | sed 's|token/viewer|viewer/heartbeat|' >"$BATS_TEST_TMPDIR/beats"
	for round in $(seq 100); do
		load_requests 4 <"$BATS_TEST_TMPDIR/beats" >/dev/null # they do not lapse
		joins "$u-$round" "$stage" 500 | load_requests 100 >"$BATS_TEST_TMPDIR/rush"
		equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/rush" | sort | uniq -c | xargs)" '1 200 499 503'
		# Who got it leaves again.
		leave "$u-$round-$(awk '$1 == 200 { print $2 }' "$BATS_TEST_TMPDIR/rush")" "$stage"
		equals "$http_status $(seats "$stage")" '200 49'
	done
	kill "$watcher"
	[ "$(sort -n "$BATS_TEST_TMPDIR/seats" | tail -n 1)" = 50 ]
	written 20
}

@test "durability: PostgreSQL killed for 30 s while viewers join: all answered, each once in history" {
	stage=$(new_stage pg-killed 20000)
	u=$(fresh)
	postmaster=$(pid_of postgres)
	pkill -KILL -P "$postmaster" || true
	kill -KILL "$postmaster"
	end=$((SECONDS + 30)) n=0 good=0
	while ((SECONDS < end)); do
		n=$((n + 1))
		joins "$u-$n" "$stage" 100 | load_requests 8 >"$BATS_TEST_TMPDIR/out"
		good=$((good + $(count_status 200 <"$BATS_TEST_TMPDIR/out")))
		awk '$3 > 1000000 { print "slow: " $0; bad = 1 } END { exit bad }' "$BATS_TEST_TMPDIR/out"
		sleep 1
	done
	[ "$good" = $((n * 100)) ]
	"$PROJECT_ROOT/deploy/stack" restart postgres "$SUITE_DIR" 3>&- >&2
	written 20
	[ "$(rows_of "$u")" = "$good" ]
	[ "$(psql_q "select count(distinct user_id) from viewer_sessions where user_id like '$u-%'")" = "$good" ]
}

@test "durability: a viewer worker killed in the middle of 1,000 joins: every acknowledged one exactly once" {
	stage=$(new_stage worker-killed 20000)
	u=$(fresh)
	awk -v u="$u" -v a="$stage" 'BEGIN { for (i = 1; i <= 1000; i++) printf "POST " \
		"/api/viewer/rejoin {\"userId\":\"%s-%d\",\"stageArn\":\"%s\",\"participantId\":\"p\"}\n", u, i, a }' \
		>"$BATS_TEST_TMPDIR/lines"
	load_requests 4 <"$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/out" 3>&- &
	loader=$!
	for _ in 1 2 3; do
		wait_until 10 filled_by 50
		kill -KILL "$(worker_of viewer)"
		wait_until 10 worker_is_back
	done
	wait $loader
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" = 1000 ]
	written 20
	awk '$1 == 200 { print $2 }' "$BATS_TEST_TMPDIR/out" | sort >"$BATS_TEST_TMPDIR/acknowledged"
	psql_q "select split_part(user_id, '$u-', 2) from viewer_sessions where user_id like '$u-%'" |
		sort >"$BATS_TEST_TMPDIR/rows"
	[ "$(uniq -d "$BATS_TEST_TMPDIR/rows" | wc -l)" = 0 ]
	[ "$(comm -23 "$BATS_TEST_TMPDIR/acknowledged" "$BATS_TEST_TMPDIR/rows" | wc -l)" = 0 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/acknowledged")" -gt 100 ]
}
# More people have sat down since the last time; or there are no more to come.
filled_by() { # NUMBER
	local now
	now=$(seats "$stage")
	if ((now > ${filled:-0} + $1)) || is_gone "$loader"; then filled=$now; else return 1; fi
}
worker_is_back() { [ -n "$(worker_of viewer)" ]; }

@test "memory: a viewer worker with 10,000 requests behind it has not grown" {
	[ "${BUILD_DIR##*/}" != asan ] || limit=20000 # its allocator keeps what was freed
	stage=$(new_stage memory 1000)
	u=$(fresh)
	seat "$u" "$stage"
	line="POST /api/viewer/heartbeat {\"userId\":\"$u\",\"stageArn\":\"$stage\"}"
	yes "$line" | head -n 2000 | load_requests 32 | count_status 200
	worker=$(worker_of viewer)
	before=$(awk '/^VmRSS:/ { print $2 }' "/proc/$worker/status")
	good=$(yes "$line" | head -n 10000 | load_requests 32 | count_status 200)
	[ "$good" = 10000 ]
	[ "$(worker_of viewer)" = "$worker" ]
	after=$(awk '/^VmRSS:/ { print $2 }' "/proc/$worker/status")
	echo "RSS $before kB before, $after kB after"
	((after - before <= ${limit:-200}))
}

@test "speed: one heartbeat is one round trip to Redis, and no KEYS or SCAN" {
	stage=$(new_stage monitor)
	u=$(fresh)
	seat "$u" "$stage"
	written 20 # its record, so that nobody drains it while we look
	# Redis gets the script whole once.
	api POST /api/viewer/heartbeat "{\"userId\":\"$u\",\"stageArn\":\"$stage\"}"
	# From an address that is counted, so the rate limit is in it.
	begin_monitor
	api POST /api/viewer/heartbeat "{\"userId\":\"$u\",\"stageArn\":\"$stage\"}" \
		-H 'X-Forwarded-For: 198.51.100.77'
	assert_status 200
	end_monitor
	# Counts that no batch took along go alone, and so does the question for API keys.
	trips >"$BATS_TEST_TMPDIR/trips"
	cat "$BATS_TEST_TMPDIR/trips"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/trips")" = 1 ]
	grep -q '"INCR"\|"incr"' "$monitor"
	! grep -iE '"(keys|scan|hscan|zscan|sscan)"' "$monitor"
}

@test "speed: as a plain CGI call, too; what was counted goes after the answer" {
	local own=${P}one-call:
	own_show "$own"
	begin_monitor
	cgi viewer POST /api/viewer/heartbeat "$(obj userId nobody stageArn "$MASTER")" REDIS_KEY_PREFIX="$own"
	assert_error 404 NOT_FOUND
	end_monitor
	equals "$(grep -v ' lua\]' "$monitor" | grep -F "\"$own\"" | grep -oiE '"[0-9a-f]{40}"' | xargs)" \
		"$(sha_of heartbeat) $(sha_of metrics_add)"
}

@test "restart: SIGTERM in the middle of requests loses none of them" {
	stage=$(new_stage graceful 20000)
	u=$(fresh)
	awk -v u="$u" -v a="$stage" 'BEGIN { for (i = 1; i <= 3000; i++) printf "POST " \
		"/api/viewer/rejoin {\"userId\":\"%s-%d\",\"stageArn\":\"%s\",\"participantId\":\"p\"}\n", u, i, a }' |
		load_requests 8 >"$BATS_TEST_TMPDIR/out" 3>&- &
	loader=$!
	for _ in 1 2 3; do
		wait_until 10 filled_by 100
		worker=$(worker_of viewer)
		kill -TERM "$worker"
		wait_until 10 is_gone "$worker"
	done
	wait $loader
	[ "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" = 3000 ]
	written 20
	[ "$(rows_of "$u")" = 3000 ]
}
