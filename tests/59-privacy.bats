# What is kept of people: forgetting them, their addresses (IP_MODE), and what a dying program leaves behind.

bats_require_minimum_version 1.5.0
load lib/common
load lib/ctl
load lib/people
load lib/show

setup() { go_live; }
teardown() {
	thaw redis
	[ -z "${writer:-}" ] || kill "$writer" 2>/dev/null || true
	postgres_back
	[ -z "${program:-}" ] || kill "$program" 2>/dev/null || true
	[ "${shown:-}" = '' ] || show_down
}

# Where a text is found in the stores: lines of PostgreSQL, keys of Redis.
found_in_stores() { # TEXT
	pg_dump -h "$STACK_PG" -p "${STACK_PG_PORT:-5432}" -U "$DB_USER" "$DB_NAME" | grep -F -- "$1"
	redis_c config set rdbcompression no >/dev/null
	redis_c eval "local out = {}
		for _, key in ipairs(redis.call('KEYS', '*')) do
			if (redis.call('DUMP', key) or ''):find(ARGV[1], 1, true) or key:find(ARGV[1], 1, true) then
				out[#out + 1] = key
			end
		end
		return out" 1 "$P" "$1" | grep .
	return 0
}
found() { # TEXT: there, or in the logs
	grep -rcF -- "$1" "$SUITE_DIR/log" | grep -v ':0$'
	found_in_stores "$1"
}

# Files of Redis that hold TEXT: what it wrote for a second is there for long.
in_redis_files() { find "$(redis_c config get dir | tail -n 1)" -type f -exec grep -laF -- "$1" {} +; }

# ---- forgetting ----

assert_forgotten() { equals "$(found_in_stores "$1")" ''; } # NAME

@test "forget: gone from PostgreSQL, Redis and the streams; seated, banned, waiting, dead or moving" {
	stage=$(new_stage forget) full=$(a_stage "" 1) u=$(fresh forgotten)
	seat x "$full"
	for n in 1 2; do
		seat "$u" "$stage"
		leave "$u" "$stage"
	done
	written
	hold_records
	comes "$u" "$stage" # this one waits in the stream
	seat "$u" "$full"   # this leaves a mark among the refused
	assert_error 503 STAGE_FULL
	redis_c xadd "${P}records:dead" '*' e "{\"s\":\"broken\",\"u\":\"$u\"}" why test >/dev/null
	redis_c xadd "${P}records:dead" '*' e "{\"u\":\"$u\" no JSON" why test >/dev/null
	redis_c hset "${P}viewer:moving" "$u" "1 $stage 00000000-0000-4000-8000-000000000001 1 p" >/dev/null
	redis_c hset "${P}bans" "$u" 1 >/dev/null
	found_in_stores "$u" >"$BATS_TEST_TMPDIR/found"
	equals "$(grep -c "^$P" "$BATS_TEST_TMPDIR/found") $(grep -vc "^$P" "$BATS_TEST_TMPDIR/found")" '8 3'
	release_records
	forget "$u"
	assert_status 200
	equals "$(json '.data | tojson')" "{\"userId\":\"$u\",\"deletedRecords\":3}"
	assert_forgotten "$u"
	beat "$u" "$stage"
	assert_error 404 NOT_FOUND
	# He may come back, as a new person.
	seat "$u" "$stage"
	assert_status 200
	api GET "/api/viewer/history/$u"
	equals "$(json .data.totalRecords)" 1
}

@test "forget: to repeat it, or somebody unknown, is harmless; names of any script" {
	u=$(fresh 'ö/😀 "q" \')
	forget "$u"
	equals "$http_status $(json .data.deletedRecords)" '200 0'
	stage=$(a_stage)
	api POST /api/viewer/rejoin "$(obj userId "$u" stageArn "$stage" participantId p)"
	assert_status 200
	forget "$u"
	equals "$http_status $(json .data.deletedRecords) $(seats "$stage")" '200 1 0'
	forget "$u"
	equals "$http_status $(json .data.deletedRecords)" '200 0'
}

@test "forget: what lies behind thousands of others in a stream is found" {
	local u others=2500
	u=$(fresh deep)
	redis_c eval "for i = 1, ARGV[1] do
			redis.call('XADD', KEYS[1], '*', 'e', '{\"s\":\"broken\",\"u\":\"somebody else\"}', 'why', 'test')
			if i % 1250 == 0 then
				redis.call('XADD', KEYS[1], '*', 'e', '{\"s\":\"broken\",\"u\":\"' .. ARGV[2] .. '\"}', 'why', 'test')
			end
		end" 1 "${P}records:dead" "$others" "$u" >/dev/null
	ctl viewer forget "$u" --dry-run --json
	done_well
	equals "$(jq .waitingRecords <<<"$output")" 2
	forget "$u"
	assert_status 200
	assert_forgotten "$u"
	# Those of others are still there.
	equals "$(redis_c xlen "${P}records:dead")" "$others"
	redis_c del "${P}records:dead" >/dev/null
}

@test "forget: a late copy of his records makes nothing" {
	stage=$(a_stage) u=$(fresh late)
	hold_records
	seat "$u" "$stage"
	entry=$(redis_c xrevrange "${P}records" + - COUNT 1 | tail -n 1)
	matches "$entry" "$u"
	release_records
	forget "$u"
	equals "$(json .data.deletedRecords)" 1
	redis_c xadd "${P}records" '*' e "$entry" >/dev/null
	written
	assert_forgotten "$u"
}

@test "forget: a session of his that PostgreSQL has never seen makes nothing either" {
	local u entry
	stage=$(a_stage) u=$(fresh unseen)
	entry=$(jq -nc --arg u "$u" --arg a "$stage" --arg s "$(</proc/sys/kernel/random/uuid)" '{$s, $u, $a, j: 1800000000000}')
	redis_c xadd "${P}records:dead" '*' e "$entry" why test >/dev/null
	forget "$u"
	equals "$http_status $(json .data.deletedRecords)" '200 0'
	# Whoever had it in his hands writes it.
	redis_c xadd "${P}records" '*' e "$entry" >/dev/null
	written
	assert_forgotten "$u"
}

@test "forget: a late copy of his ban bans nobody, and who is banned after it is" {
	u=$(fresh lateban)
	api POST /api/viewer/kick "$(jq -nc --arg u "$u" '{userId: $u, ban: true}')"
	assert_status 200
	written
	pos=$(psql_q "SELECT record_pos FROM show_state WHERE kind = 'ban' AND id = '$u'")
	forget "$u"
	assert_status 200
	# A writer that was frozen with the batch in its hands.
	psql_q "PREPARE w (jsonb, bigint[]) AS $(cat "$PROJECT_ROOT/sql/queries/records_write.sql");
		EXECUTE w ('[{\"t\":\"ban\",\"k\":\"$u\",\"v\":{\"at\":1}}]', '{$pos}')"
	assert_forgotten "$u"
	api POST /api/viewer/kick "$(jq -nc --arg u "$u" '{userId: $u, ban: true}')"
	assert_status 200
	written
	equals "$(psql_q "SELECT count(*) FROM show_state WHERE kind = 'ban' AND id = '$u'")" 1
	forget "$u"
	assert_forgotten "$u"
}

# records_write of the tree, by another writer who commits only when he is told: SESSION USER
late_writer() {
	mkfifo "$BATS_TEST_TMPDIR/go"
	{
		echo 'BEGIN;'
		echo "PREPARE w (jsonb, bigint[]) AS $(cat "$PROJECT_ROOT/sql/queries/records_write.sql");"
		printf "EXECUTE w ('[%s]', '{%s}');\n\\\\! touch '%s'\n" "$1" 1 "$BATS_TEST_TMPDIR/written"
		cat "$BATS_TEST_TMPDIR/go"
		echo 'COMMIT;'
	} | psql_c >"$BATS_TEST_TMPDIR/writer" 2>&1 3>&- &
	writer=$!
	wait_until 10 test -e "$BATS_TEST_TMPDIR/written"
}

@test "forget: a write that is under way is waited for, or the answer is to come again; it leaves nothing" {
	stage=$(a_stage) u=$(fresh underway)
	hold_records
	seat "$u" "$stage"
	entry=$(redis_c xrevrange "${P}records" + - COUNT 1 | tail -n 1)
	matches "$entry" "$u"
	release_records
	written
	psql_q "delete from users where user_id = '$u'"
	late_writer "$entry"
	forget "$u"
	assert_away postgres
	# The lock is given back: others drain on.
	equals "$(redis_c exists "${P}lock:records")" 0
	(sleep 1; echo '\echo committed' >"$BATS_TEST_TMPDIR/go") 3>&- &
	forget "$u"
	assert_status 200
	equals "$(json .data.deletedRecords)" 1
	wait
	matches "$(cat "$BATS_TEST_TMPDIR/writer")" committed
	assert_forgotten "$u"
}

@test "forget: while he joins, beats and leaves in a storm nothing half is left of him" {
	stage=$(a_stage "" 500) u=$(fresh storm)
	for n in 1 2 3 4 5 6 7 8; do
		printf 'POST /api/viewer/rejoin {"userId":"%s","stageArn":"%s","participantId":"p"}\n' "$u" "$stage"
		printf 'POST /api/viewer/leave {"userId":"%s","stageArn":"%s"}\n' "$u" "$stage"
	done >"$BATS_TEST_TMPDIR/steps"
	for round in 1 2 3 4 5; do
		for n in $(seq 20); do cat "$BATS_TEST_TMPDIR/steps"; done | load_requests 4 >/dev/null 3>&- &
		while kill -0 $! 2>/dev/null; do
			forget "$u"
			assert_status 200
		done
		wait
	done
	forget "$u"
	assert_forgotten "$u"
	seat "$u" "$stage"
	leave "$u" "$stage"
	equals "$(rows "$u" end_reason)" leave
}

@test "forget: PostgreSQL away: 503, nothing is half done, and to repeat does it" {
	stage=$(a_stage) u=$(fresh away)
	seat "$u" "$stage"
	redis_c hset "${P}bans" "$u" 1 >/dev/null
	stop_postgres
	forget "$u"
	assert_away postgres
	equals "$(seats "$stage") $(redis_c hexists "${P}bans" "$u")" '1 1'
	beat "$u" "$stage"
	assert_status 200
	postgres_back
	wait_until 20 answers GET "/api/viewer/history/$u" 200
	forget "$u"
	equals "$http_status $(json .data.deletedRecords)" '200 1'
	assert_forgotten "$u"
}

@test "ivsctl viewer forget: says what it would do, does it, and finds nothing then" {
	stage=$(a_stage) u=$(fresh ctl)
	seat "$u" "$stage"
	leave "$u" "$stage"
	written
	hold_records
	seat "$u" "$stage"
	ctl viewer forget "$u" --dry-run --json
	done_well
	equals "$(jq -c '[.userId, .deletedRecords, .seated, .banned, .dryRun]' <<<"$output")" \
		"[\"$u\",1,true,false,true]"
	equals "$(jq .waitingRecords <<<"$output") $(seats "$stage")" '1 1'
	ctl viewer forget "$u"
	refused 64 'give --yes'
	equals "$(seats "$stage")" 1
	release_records
	ctl viewer forget "$u" --yes
	done_well
	matches "$output" '^deleted 2 records of history and .* his seat$'
	equals "$(seats "$stage")" 0
	ctl viewer forget "$u" --json --yes
	done_well
	equals "$(jq -c '[.deletedRecords, .seated, .dryRun]' <<<"$output")" '[0,false,false]'
	ctl viewer forget '' --yes
	refused 64 'USER must be'
}

@test "ivsctl viewer forget: asks on a terminal, and takes yes alone for yes" {
	u=$(fresh asked)
	seat "$u" "$(a_stage)"
	written
	on_terminal() { script -qec "$BUILD_DIR/ctl/ivsctl viewer forget $u" /dev/null <<<"$1"; }
	run -65 on_terminal y
	matches "$output" "'$u': 1 records of history and 0 not written yet will be deleted"
	matches "$output" 'not confirmed: nothing was changed'
	api GET "/api/viewer/history/$u"
	equals "$(json .data.totalRecords)" 1
	run -0 on_terminal yes
	matches "$output" 'deleted 1 records of history'
	api GET "/api/viewer/history/$u"
	equals "$(json .data.totalRecords)" 0
}

# A stack of its own, in whose files there is $u, who was forgotten. The row is the last that was inserted: a
# VACUUM alone leaves its bytes in the page.
forgotten_show() {
	show_up AUTO_SCALE_ENABLED=false
	shown=1
	go_live
	stage=$(a_stage) u=$(fresh forgotten-for-good)
	for n in 1 2 3; do seat "$(fresh stays)" "$stage"; done
	written
	seat "$u" "$stage"
	leave "$u" "$stage"
	written
	data=$(xargs -0 -n 1 <"/proc/$(pid_of postgres)/cmdline" | grep -A1 -x -- -D | tail -n 1)
	[ -n "$(in_postgres_files "$u")" ]
	forget "$u"
	assert_status 200
	[ -n "$(in_redis_files "$u")" ]
}
admin() { psql -X -q -A -t -h "$STACK_PG" -p "${STACK_PG_PORT:-5432}" -U postgres -c "$1" "$DB_NAME"; }
in_postgres_files() { # TEXT: tables' files that hold it, as they are on disk
	admin CHECKPOINT
	find "$data/base" -type f -exec grep -laF -- "$1" {} +
	return 0
}
purge() { # [NAME=VALUE...] -> $purged: rewritten, and the tables that were not
	env "$@" "$BUILD_DIR/cron/purge" 2>"$BATS_TEST_TMPDIR/purge"
	purged="$(tail -n 1 "$BATS_TEST_TMPDIR/purge" | jq .rewritten) $(jq -r 'select(.lvl == "warn") | .tables' "$BATS_TEST_TMPDIR/purge" |
		tr -d ' ' | tr , '\n' | sort | xargs)"
}

@test "forget: after the next purge nothing is left in the files of Redis and of PostgreSQL's tables" {
	forgotten_show
	purge
	equals "$purged" '4 '
	wait_until 10 eval '[ -z "$(in_redis_files "$u")" ]'
	equals "$(in_postgres_files "$u")" ''
	# and the others are there
	equals "$(psql_q "SELECT count(*) FROM viewer_sessions WHERE stage_arn = '$stage'") $(seats "$stage")" '3 3'
	# That is done until somebody else is forgotten.
	purge
	equals "$purged" '0 '
	forget "$(fresh nobody)"
	purge
	equals "$purged" '4 '
}

@test "purge: a table in use is not told as written anew, and a later run does it, however late" {
	forgotten_show
	lock_table viewer_sessions 'access share'
	purge
	equals "$purged" '3 viewer_sessions'
	[ -n "$(in_postgres_files "$u")" ]
	psql_q "UPDATE show_state SET changed_at = changed_at - interval '9 days',
		value = jsonb_set(value, '{at}', to_jsonb((value ->> 'at')::bigint - 9 * 86400000000))
		WHERE kind = 'stream' AND id = 'forgot'"
	exec {lock}>&-
	wait_until 10 eval '! table_locked viewer_sessions "access share"'
	purge
	equals "$purged" '1 '
	equals "$(in_postgres_files "$u")" ''
}

@test "purge: tables of another owner are warned of, until their owner has written them anew" {
	forgotten_show
	# PgBouncer knows no such user.
	as_reader=(DB_USER=reader DB_HOST="$STACK_PG" DB_PORT="${STACK_PG_PORT:-5432}")
	admin "CREATE ROLE reader LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader"
	purge "${as_reader[@]}"
	equals "$purged" '0 show_state users viewer_sessions voided_sessions'
	grep -q 'VACUUM FULL them as their owner' "$BATS_TEST_TMPDIR/purge"
	[ -n "$(in_postgres_files "$u")" ]
	psql_q 'VACUUM FULL'
	purge "${as_reader[@]}"
	equals "$purged" '0 '
	equals "$(in_postgres_files "$u")" ''
}

@test "purge: PostgreSQL away: Redis' file is written anew all the same, and the run has failed" {
	forgotten_show
	stop_postgres
	run -69 "$BUILD_DIR/cron/purge"
	wait_until 10 eval '[ -z "$(in_redis_files "$u")" ]'
}

@test "purge: a Redis that does not let its file be written anew is warned of, and the rest is done" {
	redis_c acl setuser no-rewrite on nopass '~*' +@all -bgrewriteaof >/dev/null
	REDIS_USER=no-rewrite REDIS_PASSWORD=x "$BUILD_DIR/cron/purge" 2>"$BATS_TEST_TMPDIR/purge"
	redis_c acl deluser no-rewrite >/dev/null
	grep -q '"lvl":"warn".*BGREWRITEAOF' "$BATS_TEST_TMPDIR/purge"
	equals "$(tail -n 1 "$BATS_TEST_TMPDIR/purge" | jq -r .msg)" done
}

# ---- addresses ----

V4=198.51.100.77 V6=2001:db8:abcd:12:3456:789a:bcde:f012
# Somebody at each of the two addresses does all that is recorded or logged.
visit() {
	local ip user
	for ip in "$V4" "$V6"; do
		user=$(fresh visitor)
		api POST /api/token/viewer "$(obj userId "$user")" -H "X-Forwarded-For: $ip"
		assert_status 200 || return 1
		seat_from "$ip" "$user" || return 1
		call POST /api/viewer/leave "$(obj userId "$user" stageArn "$MASTER")" -H "X-Forwarded-For: $ip"
		assert_error 401 UNAUTHORIZED || return 1
		call GET "/api/nowhere" - -H "X-Forwarded-For: $ip"
		api GET "/api/viewer/history/$user" - -H "X-Forwarded-For: $ip"
		kept+=("$(json '.data.history[0].ipAddress')")
		user=$(fresh waiting)
		seat_from "$ip" "$user" || return 1 # stays in the stream
	done
}
seat_from() { # ADDRESS USER
	api POST /api/viewer/rejoin "$(obj userId "$2" stageArn "$MASTER" participantId p)" -H "X-Forwarded-For: $1"
	assert_status 200
}
# Own settings are at work in a stack of its own.
show_with() {
	show_up AUTO_SCALE_ENABLED=false RATE_LIMIT_MAX_REQUESTS=1000 "$@"
	shown=1
	go_live
	assert_status 200
	kept=()
	visit
}
logged() { jq -r 'select(.msg == "request") | .ip // ""' "$SUITE_DIR/log/viewer.log" | sort -u | xargs; }

@test "addresses: full: they are in the history and in the log" {
	show_with
	equals "${kept[*]}" "$V4 $V6"
	for ip in "$V4" "$V6"; do
		[ -n "$(found "$ip")" ]
		matches "$(logged)" "$ip"
	done
}

@test "addresses: truncate: the /24 and the /48 are kept, the full ones nowhere" {
	show_with IP_MODE=truncate
	equals "${kept[*]}" '198.51.100.0 2001:db8:abcd::'
	for ip in "$V4" "$V6" 2001:db8:abcd:12; do
		equals "$(found "$ip")$(in_redis_files "$ip")" ''
	done
	matches "$(logged)" '198\.51\.100\.0 2001:db8:abcd::$'
	# The limit still counts each address by itself, and what it counts by expires.
	for ip in "$V4" 2001:db8:abcd:12::/64; do
		(($(redis_c get "$(rate_key "$ip")") > 1 && $(redis_c pttl "$(rate_key "$ip")") > 0))
	done
}

@test "addresses: none: nothing of them is kept" {
	show_with IP_MODE=none
	equals "${kept[*]}" 'null null'
	for text in "$V4" "$V6" 198.51.100 2001:db8; do
		equals "$(found "$text")$(in_redis_files "$text")" ''
	done
	equals "$(logged)" ''
}

waits() { grep -qE '^State:.S' "/proc/$1/status"; } # PID: it sleeps

@test "core files: a program that aborts leaves none, whatever the limit" {
	cd "$BATS_TEST_TMPDIR"
	mkdir run control
	pattern=$(</proc/sys/kernel/core_pattern)
	# Any other program would have left one, unless the kernel hands cores to somebody else.
	(cd control && ulimit -c unlimited && bash -c 'kill -ABRT $$') || true
	if [[ $pattern != '|'* && $pattern != /* ]]; then
		[ -n "$(find control -type f)" ]
	fi
	(cd run && ulimit -c unlimited &&
		exec "$BUILD_DIR/fcgi/viewer" --socket "$PWD/viewer.sock" --processes 1) 2>log 3>&- &
	program=$!
	wait_until 10 test -S run/viewer.sock
	wait_until 10 pgrep -P "$program"
	matches "$(grep 'Max core file' "/proc/$program/limits")" unlimited
	kill -ABRT "$(pgrep -P "$program" | head -n 1)"
	wait_until 10 grep -q '"msg":"worker ended"' log
	matches "$(jq -r 'select(.msg == "worker ended") | .signal' log)" 6
	kill -ABRT "$program"
	wait "$program" || true
	# A job and ivsctl in the middle of their work: Redis does not answer.
	freeze redis
	for words in cron/records ctl/ivsctl\ stage\ list; do
		# shellcheck disable=SC2086 # several words
		(cd run && ulimit -c unlimited &&
			REDIS_TIMEOUT_MS=10000 exec "$BUILD_DIR"/$words) >/dev/null 2>>log 3>&- &
		program=$!
		words=${words%% *}
		wait_until 10 eval '[ "$(cat /proc/$program/comm)" = "${words##*/}" ] && waits "$program"'
		kill -ABRT "$program"
		wait "$program" && false || equals $? 134
	done
	thaw redis
	program=
	equals "$(find run "$SUITE_DIR" "$(dirname "$STACK_REDIS")" -name 'core*' -type f ! -path '*/postgres/*')" ''
	equals "$(find run -type f)" ''
	rm -rf control
}
