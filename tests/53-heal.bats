# A Redis that lost its state, or went back in time; outages of our own. In a stack of its own, with
# a time-out of twelve seconds. (The same at times of our own: 51-clock.bats.)
bats_require_minimum_version 1.5.0
load lib/common
load lib/people
load lib/heal

T_S=12
setup_file() {
	load lib/show
	# Other Redis servers take the place of this one by its socket.
	case " ${STACK_THROUGH:-} " in *' pgbouncer '*) STACK_THROUGH=pgbouncer ;; *) STACK_THROUGH= ;; esac
	live_show HEARTBEAT_TIMEOUT=12 MAX_VIEWERS_PER_STAGE=50 AUTO_SCALE_ENABLED=false || return 1
	api POST /api/stage '{"name":"small"}'
	assert_status 201
	api PUT "/api/stage/$(json .data.stage.arn)" '{"maxViewers":4}'
	assert_status 200
	autoscale
}
teardown_file() { show_down; }
setup() {
	load lib/show
	own=$BATS_TEST_TMPDIR
	wait_until 20 ready
	written
	empty_show
	psql_q 'DELETE FROM users'
	SMALL=$(stage_arns | grep -vxF "$MASTER")
}
teardown() {
	thaw_programs
	thaw postgres
	[ ! -S "$own/a" ] || give_back
	[ -z "${own_pid:-}" ] || kill "$own_pid" 2>/dev/null || true
}

@test "FLUSHALL in a show: nothing but 503 until all is back, nobody counted twice, no row wrong (R14)" {
	join 40
	join 4 "$SMALL"
	autoscale
	written
	state >"$own/state"
	[[ $(<"$own/state") == *'"on":true'* ]]
	beats >"$own/once"
	while [ ! -e "$own/stop" ]; do load_requests 4 <"$own/once"; done >"$own/out" 3>&- &
	sleep 0.3
	# For a second nobody can begin to load it, so there are beats that come in between.
	flush_and_lock 1000
	wait_until 10 warm
	wait_until 10 ready
	touch "$own/stop"
	wait "$!"
	load_requests 4 <"$own/once" >>"$own/out"
	matches "$(statuses "$own/out")" '^[0-9]+ 200 [0-9]+ 503$'
	equals "$(total)" 40
	same_state
	equals "$(history_of_all 'count(*), count(DISTINCT user_id) FILTER (WHERE left_at IS NULL), count(left_at)')" '44|40|4'
	# The cap came back, too.
	api POST /api/token/viewer "$(obj userId w99 stageArn "$SMALL")"
	assert_error 503 STAGE_FULL
}

@test "a cold Redis is said in both languages, readyz and health name it, and jobs end with 69" {
	join 3
	written
	autoscale
	freeze viewer
	flush_and_lock 60000
	call GET /readyz - -H 'Accept-Language: en'
	assert_away redis
	matches "$(json .error.message)" 'being restored'
	call GET /health - -H 'Accept-Language: zh-TW'
	assert_away redis
	matches "$(json .error.message)" 還原
	for name in heartbeat_cleanup snapshot autoscale; do
		run job "$name"
		equals "$name $status" "$name 69"
	done
	# The snapshot did not take an empty registry for the truth.
	equals "$(psql_q "SELECT count(*) FROM stages WHERE state = 'deleted'")" 0
	run "$BUILD_DIR/ctl/ivsctl" stage list
	equals "$status" 69
	freeze_programs
	redis_c del "${P}lock:job:restore" >/dev/null
	run -0 job records
	matches "$output" '"restored_seats":3'
	thaw_programs
	wait_until 5 ready
	thaw viewer
	equals "$(total)" 3
	run -0 job snapshot
}

@test "PostgreSQL away, too: 503 until it is back, then all is there" {
	join 5
	written
	freeze postgres
	redis_c flushall >/dev/null
	# What must come back is named, also while it does not even refuse.
	names_postgres() {
		beat w1 "$MASTER"
		assert_error 503 SERVICE_UNAVAILABLE && [ "$(json .error.details.dependency)" = postgres ]
	}
	wait_until 10 names_postgres
	not_ready
	thaw postgres
	wait_until 15 ready
	everybody_beats
	equals "$(statuses "$own/beats") $(total)" '5 200 5'
	equals "$(history_of_all 'count(*), count(left_at)')" '5|0'
}

@test "loading: one seat a person, no stage above its cap, bans and keys; the old and the deleted stay away" {
	session() { # USER STAGE AGO [PARTICIPANT]
		echo "INSERT INTO users VALUES ('$1', NULL, now(), now()) ON CONFLICT DO NOTHING;
		INSERT INTO viewer_sessions (session_id, user_id, stage_arn, participant_id, joined_at, record_pos)
		SELECT gen_random_uuid(), '$1', '$2', '${4:-p}', at,
			(extract(epoch FROM at) * 1000)::bigint * 1000000
			FROM (SELECT date_trunc('milliseconds', now() - interval '$3')) AS t (at);"
	}
	{
		session old "$MASTER" '15 days'
		for n in 1 2 3 4 5 6; do session "s$n" "$SMALL" "$((20 - n)) minutes"; done
		session twice "$MASTER" '9 minutes' p-1
		session twice "$SMALL" '8 minutes' p-2
		session orphan arn:aws:ivs:r:1:stage/deleted '7 minutes'
		echo "INSERT INTO stages (stage_arn, state) VALUES ('arn:aws:ivs:r:1:stage/deleted', 'deleted');
		INSERT INTO show_state (kind, id, value, record_pos) VALUES ('ban', 'bad', '{\"at\": 1700000000000}', 1),
			('ban', 'forgiven', 'null', 1);
		INSERT INTO api_keys (id, sha256, scopes) VALUES ('good1', sha256('a'), '{read}');
		INSERT INTO api_keys (id, sha256, scopes, revoked_at) VALUES ('gone1', sha256('b'), '{read}', now());"
	} | psql_c
	redis_c flushall >/dev/null
	wait_until 10 warm
	wait_until 10 ready
	equals "$(redis_c hkeys "${P}viewer:stage" | sort | xargs)" 's4 s5 s6 twice'
	equals "$(redis_c hget "${P}viewer:stage" twice) $(seats "$SMALL")" "$SMALL 4"
	equals "$(redis_c hgetall "${P}bans" | xargs)" 'bad 1700000000000'
	equals "$(redis_c hvals "${P}api:keys" | jq -c '[.id, .scopes, .exp]')" '["good1","read",0]'
	written
	equals "$(psql_q "SELECT user_id, end_reason, left_at = joined_at, stage_arn = '$MASTER' FROM viewer_sessions
		WHERE left_at IS NOT NULL ORDER BY user_id" | xargs)" \
		'orphan|stage_deleted|t|f s1|timeout|t|f s2|timeout|t|f s3|timeout|t|f twice|moved|f|t'
	equals "$(psql_q "SELECT count(*) FROM viewer_sessions WHERE user_id = 'old' AND left_at IS NULL")" 1
	psql_q "DELETE FROM stages WHERE state = 'deleted'; DELETE FROM show_state WHERE kind = 'ban'; DELETE FROM api_keys"
}

@test "loading: a house of many pages, with ten thousand views that are over between them" {
	api PUT "/api/stage/$SMALL" '{"maxViewers":2000}'
	assert_status 200
	views() { # PREFIX FROM TO [LEFT_AT REASON]
		echo "INSERT INTO users SELECT '$1' || n, NULL, now(), now() FROM generate_series($2, $3) n;
		INSERT INTO viewer_sessions (session_id, user_id, stage_arn, joined_at, left_at, end_reason, record_pos)
		SELECT gen_random_uuid(), '$1' || n, '$SMALL', now() - interval '1 hour',
			${4:-NULL::timestamptz}, ${5:-NULL}, 1 FROM generate_series($2, $3) n;"
	}
	{
		views early 1 1100
		views over 1 10000 'now()' "'leave'"
		views late 1 600
	} | psql_c
	redis_c flushall >/dev/null
	wait_until 10 warm
	wait_until 20 ready
	equals "$(seats "$SMALL") $(redis_c hlen "${P}viewer:session:$SMALL") $(total)" '1700 1700 1700'
	for name in early1 early1100 late1 late600; do
		beat "$name" "$SMALL"
		assert_status 200
	done
	api PUT "/api/stage/$SMALL" '{"maxViewers":4}'
	assert_status 200
}

@test "loading: a stage that an older version has copied keeps its name and its cap" {
	local whole
	whole=$(redis_c hget "${P}stages" "$SMALL")
	psql_q "UPDATE stages SET entry = NULL WHERE stage_arn = '$SMALL'"
	redis_c flushall >/dev/null
	wait_until 10 warm
	wait_until 10 ready
	equals "$(entry "$SMALL" '"\(.name) \(.maxViewers)"')" 'small 4'
	redis_c hset "${P}stages" "$SMALL" "$whole" >/dev/null
	psql_q "UPDATE stages SET entry = '$whole' WHERE stage_arn = '$SMALL'"
}

@test "a loader that was frozen and wakes up after another one has loaded writes nothing" {
	join 6
	written
	lock_table stages 'ACCESS EXCLUSIVE'
	waits() { [ "$(psql_q "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")" != 0 ]; }
	freeze_programs
	thaw viewer # it is the one who loads
	redis_c flushall >/dev/null
	wait_until 10 waits
	freeze viewer
	exec {lock}>&-
	redis_c del "${P}lock:job:restore" >/dev/null # as if it had expired
	run -0 job records
	matches "$output" '"restored_seats":6'
	thaw_programs
	freeze viewer
	leave w1 "$MASTER" & # the viewer program is frozen: it is answered later
	api POST /api/token/viewer "$(obj userId later)"
	assert_status 200
	state >"$own/state" && redis_c get "${P}epoch" >"$own/epoch"
	thaw viewer
	wait "$!"
	sleep 2
	equals "$(redis_c get "${P}epoch")" "$(<"$own/epoch")"
	equals "$(total)" 6
	equals "$(diff "$own/state" <(state) | grep -c '^[<>]')" 2 # he who left
}

@test "an old dump: what PostgreSQL knows beyond it is loaded, and nothing is written twice" {
	join 3
	ban forgiven
	written
	cp -a "$SUITE_DIR/redis" "$own/dump"
	join 5 "$MASTER" x
	leave w1 "$MASTER"
	unban forgiven
	ban since
	written
	kill -KILL "$(pid_of redis)"
	wait_until 5 is_gone "$(pid_of redis)"
	rm -rf "$SUITE_DIR/redis" && cp -a "$own/dump" "$SUITE_DIR/redis"
	"$PROJECT_ROOT/deploy/stack" restart redis "$SUITE_DIR" 3>&- >/dev/null
	right() { counted 7 && [ "$(redis_c hexists "${P}viewer:stage" x5)" = 1 ]; }
	wait_until 15 right
	grep -q 'has forgotten records' "$SUITE_DIR"/log/*.log
	everybody_beats
	equals "$(redis_c hkeys "${P}bans")" since
	unban since
	equals "$(statuses "$own/beats")" '7 200'
	equals "$(history_of_all 'count(*), count(DISTINCT session_id), count(left_at)')" '8|8|1'
}

@test "an old dump: jobs that come before the programs end nobody and copy no stages" {
	join 3
	written
	cp -a "$SUITE_DIR/redis" "$own/dump"
	join 1 "$MASTER" x
	written
	freeze_programs
	kill -KILL "$(pid_of redis)"
	wait_until 5 is_gone "$(pid_of redis)"
	rm -rf "$SUITE_DIR/redis" && cp -a "$own/dump" "$SUITE_DIR/redis"
	"$PROJECT_ROOT/deploy/stack" restart redis "$SUITE_DIR" 3>&- >/dev/null
	# As it is when the dump is of many hours ago.
	redis_c del "${P}pulse" >/dev/null
	redis_c zadd "${P}viewer:heartbeat:$MASTER" xx 1000 w1 1000 w2 >/dev/null
	redis_c hdel "${P}stages" "$SMALL" >/dev/null
	for name in heartbeat_cleanup autoscale snapshot; do
		run job "$name"
		equals "$name $status" "$name 69"
		redis_c set "${P}epoch" 1 >/dev/null
	done
	redis_c del "${P}epoch" >/dev/null
	equals "$(psql_q "SELECT count(*) FROM stages WHERE state = 'deleted'")" 0
	thaw_programs
	wait_until 10 is_live
	everybody_beats
	equals "$(statuses "$own/beats")" '4 200'
	equals "$(history_of_all 'count(*), count(left_at)')" '4|0'
}

@test "kill -9 of Redis for longer than the time-out: all are counted again, who stays away ends at his last beat (R13)" {
	join 6
	everybody_beats
	written
	last=$(date +%s)
	kill -KILL "$(pid_of redis)"
	beat w1 "$MASTER"
	assert_away redis
	sleep $((T_S + 2))
	run job heartbeat_cleanup
	equals "$status" 69
	"$PROJECT_ROOT/deploy/stack" restart redis "$SUITE_DIR" 3>&- >/dev/null
	run -0 job heartbeat_cleanup
	matches "$output" '"ended":0'
	wait_until 5 counted 6
	equals "$(history_of_all 'count(*), count(left_at)')" '6|0'
	# Three come back, three do not.
	for _ in $(seq $((T_S + 2))); do
		for n in 1 2 3; do beat "w$n" "$MASTER"; assert_status 200; done
		sleep 1
	done
	run -0 job heartbeat_cleanup
	matches "$output" '"ended":3'
	equals "$(total)" 3
	equals "$(history_of_all "count(*), count(left_at), count(*) FILTER (WHERE end_reason = 'timeout'
		AND abs(extract(epoch FROM left_at) - $last) <= 2)")" '6|3|3'
}

@test "all programs gone for longer than the time-out while cron runs: nobody is ended, then as ever" {
	local -a programs=(token stage viewer stats health)
	join 4
	for name in "${programs[@]}"; do kill -KILL $(processes_of "$name"); done
	for _ in $(seq $((T_S + 2))); do
		job heartbeat_cleanup >>"$own/jobs"
		sleep 1
	done
	equals "$(grep -c '"ended":0' "$own/jobs")" $((T_S + 2))
	for name in "${programs[@]}"; do
		"$PROJECT_ROOT/deploy/stack" restart "$name" "$SUITE_DIR" 3>&- >/dev/null
	done
	run -0 job heartbeat_cleanup
	equals "$(total)" 4
	everybody_beats
	equals "$(statuses "$own/beats")" '4 200'
	equals "$(history_of_all 'count(*), count(left_at)')" '4|0'
}

@test "with the programs up who dies is gone at the time-out" {
	join 30
	sleep $((T_S + 1))
	equals "$(total)" 0
	run -0 job heartbeat_cleanup
	matches "$output" '"ended":30'
}

# ---- failover ----

# A second Redis that follows the first; it takes over under the same name.
follower() {
	for port in $(shuf -i 20000-31999 -n 5); do
		redis_c config set port "$port" >/dev/null && break
	done
	redis-server --port 0 --unixsocket "$own/b" --unixsocketperm 600 --save '' --dir "$own" \
		--replicaof 127.0.0.1 "$port" >"$own/b.log" 2>&1 3>&- &
	own_pid=$!
	wait_until 5 test -S "$own/b"
	follows() { redis-cli -s "$own/b" info replication | grep -q master_link_status:up; }
	wait_until 20 follows
}
take_over() { mv "$REDIS_SOCKET" "$own/a" && mv "$own/b" "$REDIS_SOCKET"; }
give_back() { mv "$REDIS_SOCKET" "$own/b" && mv "$own/a" "$REDIS_SOCKET"; }

@test "failover: after READONLY the programs find the new primary by themselves (R30)" {
	join 5
	follower
	redis-cli -s "$own/b" replicaof no one >/dev/null
	for b_port in $(shuf -i 20000-31999 -n 5); do
		redis-cli -s "$own/b" config set port "$b_port" >/dev/null && break
	done
	redis_c replicaof 127.0.0.1 "$b_port" >/dev/null # the old primary comes down to a replica
	everybody_beats
	matches "$(statuses "$own/beats")" '^5 503$'
	take_over
	# Each worker learns it by its own first call there.
	all_beat() { everybody_beats && [ "$(statuses "$own/beats") $(total)" = '5 200 5' ]; }
	wait_until 10 all_beat
	equals "$(redis_c info replication | grep -c role:master)" 1
	give_back
	redis_c replicaof no one >/dev/null
	kill "$own_pid" && own_pid=
	wait_until 15 ready
	wait_until 15 counted 5
}

@test "failover to a replica that lagged behind: what PostgreSQL has is loaded, the rest is answered" {
	join 3
	written
	follower
	redis-cli -s "$own/b" replicaof no one >/dev/null # from here it misses what comes
	join 4 "$MASTER" x
	written
	take_over
	redis-cli -s "$own/a" client kill type normal >/dev/null
	right() { counted 7 && [ "$(redis_c hexists "${P}viewer:stage" x4)" = 1 ]; }
	wait_until 15 right
	everybody_beats
	equals "$(statuses "$own/beats")" '7 200'
	equals "$(history_of_all 'count(*), count(left_at)')" '7|0'
	give_back
	kill "$own_pid" && own_pid=
	# The first one has missed what the second wrote: the same once more.
	wait_until 15 ready
	wait_until 15 counted 7
}

@test "Redis cannot save (MISCONF): 503 with Retry-After, and well again without a restart (R56)" {
	mkdir "$own/disk"
	redis-server --port 0 --unixsocket "$own/s" --save 3600 1 --dir "$own/disk" >"$own/log" 2>&1 3>&- &
	own_pid=$!
	wait_until 5 test -S "$own/s"
	own_c() { redis-cli -s "$own/s" "$@"; }
	new_show "$P" own_c
	ask() { cgi stats PUT /api/stats/publisher '{"isPublisherLive":true}' REDIS_SOCKET="$own/s"; }
	ask
	assert_status 200
	rm -r "$own/disk"
	own_c bgsave >/dev/null
	failed() { own_c info persistence | grep -q rdb_last_bgsave_status:err; }
	wait_until 5 failed
	ask
	assert_away redis
	cgi health GET /readyz '' REDIS_SOCKET="$own/s"
	assert_away redis
	own_c config set save '' >/dev/null
	ask
	assert_status 200
}

@test "Redis is loading its own file: 503 with Retry-After until it is done" {
	start() {
		redis-server --port 0 --unixsocket "$own/s" --save '' --dir "$own" "$@" >"$own/log" 2>&1 3>&- &
		own_pid=$!
		wait_until 5 test -S "$own/s"
	}
	own_c() { redis-cli -s "$own/s" "$@"; }
	start
	new_show "$P" own_c
	for n in $(seq 60); do echo "SET k$n $(head -c 9000 /dev/urandom | base64 -w0)"; done | own_c >/dev/null
	own_c save >/dev/null
	kill -KILL "$own_pid"
	rm "$own/s"
	start --key-load-delay 50000 --loading-process-events-interval-bytes 1024 # it takes three seconds
	cgi stats GET /api/stats '' REDIS_SOCKET="$own/s"
	assert_away redis
	cgi health GET /readyz '' REDIS_SOCKET="$own/s"
	assert_away redis
	grep -q LOADING "$SUITE_DIR/log/cgi.log"
	ready_there() { cgi health GET /readyz '' REDIS_SOCKET="$own/s" && [ "$http_status" = 200 ]; }
	wait_until 15 ready_there
	cgi stats GET /api/stats '' REDIS_SOCKET="$own/s"
	assert_status 200
}

@test "a worker that was frozen does not do what nobody waits for any more (R66)" {
	join 1
	mkfifo "$own/body"
	exec {hold}<>"$own/body"
	body="{\"userId\":\"w1\",\"stageArn\":\"$MASTER\"}"
	env REQUEST_METHOD=POST REQUEST_URI=/api/viewer/leave CONTENT_LENGTH="${#body}" REMOTE_ADDR=127.0.0.1 \
		HTTP_X_API_KEY="$KEY" GATEWAY_INTERFACE=CGI/1.1 "$BUILD_DIR/fcgi/viewer" \
		<"$own/body" >"$own/answer" 2>>"$SUITE_DIR/log/cgi.log" 3>&- {hold}>&- &
	own_pid=$!
	sleep 3 # it has read all but the body
	kill -STOP "$own_pid"
	printf '%s' "$body" >&"$hold"
	sleep 6
	beat w1 "$MASTER"
	assert_status 200
	kill -CONT "$own_pid"
	wait "$own_pid" && own_pid=
	grep -q '^Status: 503' "$own/answer"
	grep -q 'SERVICE_UNAVAILABLE' "$own/answer"
	equals "$(redis_c hget "${P}viewer:stage" w1)" "$MASTER"
}

@test "one worker frozen for a while: the others answer all, and nothing is wrong when it wakes (R66)" {
	join 20
	worker=$(worker_of viewer)
	kill -STOP "$worker"
	everybody_beats
	equals "$(statuses "$own/beats")" '20 200'
	sleep 6
	kill -CONT "$worker"
	everybody_beats
	equals "$(statuses "$own/beats") $(total)" '20 200 20'
}

# ---- after it ----

@test "after loading the keeper makes a run: what AWS has new is there" {
	join 2
	written
	freeze_programs
	new=$(console CreateStage "$(jq -nc --arg s "${MASTER##*/}" \
		'{name: "meanwhile", tags: {ManagedBy: "api-server", Show: $s}}')" | jq -r .stage.arn)
	redis_c flushall >/dev/null
	# It fills Redis first, and is answered then.
	cgi token POST /api/token/viewer "$(obj userId w3)" AUTO_SCALE_ENABLED=true
	assert_status 200
	equals "$(redis_c hget "${P}viewer:stage" w2)" "$MASTER"
	equals "$(entry "$new" .name)" meanwhile
	thaw_programs
	is_live
}

@test "loaded by a program that has no keeper: the run is left for one that has" {
	join 2
	written
	freeze_programs
	redis_c flushall >/dev/null
	cgi viewer POST /api/viewer/heartbeat "$(obj userId w1 stageArn "$MASTER")"
	assert_status 200
	equals "$(redis_c exists "${P}keeper:due")" 1
	thaw_programs
	is_live
}
