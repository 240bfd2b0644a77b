# The jobs. Each test has a key prefix of its own, so the stack's show is left alone.
bats_require_minimum_version 1.5.0
load lib/common

JOBS=(heartbeat_cleanup records snapshot purge metrics)
MASTER_ARN=$MASTER_STAGE_ARN

setup() {
	PRE="${P}cron$$-$BATS_TEST_NUMBER:"
	export IVS_ENV_FILE=/dev/null REDIS_KEY_PREFIX=$PRE
	own_show "$PRE"
}
teardown() {
	[ -z "${DEAF_PID:-}" ] || kill "$DEAF_PID" 2>/dev/null || true
}

job() { "$BUILD_DIR/cron/$1" "${@:2}" 2>&1; }
uuid() { cat /proc/sys/kernel/random/uuid; }
now_ms() { redis_c time | { read -r s; read -r us; echo "$((s * 1000 + us / 1000))"; }; }
# The number of a name in the summary line.
number() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" <<<"$output" | tail -n 1; }

# sit USER SECONDS_AGO: a seat on the master, its last heartbeat so long ago
sit() {
	local now
	now=$(now_ms)
	redis_c <<-EOT >/dev/null
		ZADD ${PRE}viewer:heartbeat:$MASTER_ARN $((now - $2 * 1000)) $1
		HSET ${PRE}viewer:session:$MASTER_ARN $1 "$(uuid) $((now - 300000)) "
		HSET ${PRE}viewer:stage $1 $MASTER_ARN
	EOT
}
# Everything under the prefix, and how long the tables are. Where no programs run, as with a prefix of a
# test's own, who reads sees by the key `probe` whether Redis takes writes: it says nothing of the show.
state() {
	local k
	redis_c --scan --pattern "$PRE*" | grep -vxF "${PRE}probe" | sort | while read -r k; do
		echo "$k $(redis_c dump "$k" | md5sum)"
	done
	psql_q "SELECT (SELECT count(*) FROM viewer_sessions), (SELECT count(*) FROM users),
		(SELECT count(*) FROM viewer_stats_snapshots), (SELECT count(*) FROM stages)"
}
# A PostgreSQL that accepts and says nothing, in $BATS_TEST_TMPDIR.
deaf_postgres() {
	perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) or die;
		bind(S, sockaddr_un($ARGV[0])) or die; listen(S, 5); sleep 60' \
		"$BATS_TEST_TMPDIR/.s.PGSQL.$DB_PORT" 3>&- &
	DEAF_PID=$!
	wait_until 5 test -S "$BATS_TEST_TMPDIR/.s.PGSQL.$DB_PORT"
}

# Of a process that may write a core file /proc belongs to its user, else to root.
owned_by_root() { [ "$(stat -c %u "/proc/$1/environ")" = 0 ]; }

@test "jobs: they write no core file and nobody of their user reads their memory" {
	local -a as=()
	own=$(mktemp -d "$SUITE_DIR/job.XXXXXX")
	chmod 755 "$own"
	install -m 755 "$BUILD_DIR/cron/records" "$own/job"
	mkfifo -m 644 "$own/env"
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	# it waits for its settings
	IVS_ENV_FILE=$own/env "${as[@]}" "$own/job" --dry-run >/dev/null 2>&1 3>&- &
	pid=$!
	status=0
	wait_until 5 owned_by_root "$pid" || status=1
	kill -KILL "$pid" # TERM before it opens them would be noted, and it would wait on
	wait "$pid" || true
	rm -rf "$own"
	equals "$status" 0
}

@test "jobs: --help says what the job does, and an unknown option is 64" {
	local j
	for j in "${JOBS[@]}"; do
		run -0 job "$j" --help
		[[ $output == "Usage: $j "* && $output == *'Exit codes:'* ]]
		run -64 job "$j" --bogus
		run -64 job "$j" argument
	done
}

@test "jobs: --check-config is silent when all is well and names every problem when not" {
	local j
	for j in "${JOBS[@]}"; do
		run -0 job "$j" --check-config
		LOG_LEVEL=loud DB_PORT=none run -78 job "$j" --check-config
		[[ $output == *LOG_LEVEL* && $output == *DB_PORT* ]]
		LOG_LEVEL=loud DB_PORT=none run -78 job "$j"
		[[ $output == *LOG_LEVEL* && $output == *DB_PORT* ]]
	done
}

@test "jobs: --dump-config shows the settings and no secret" {
	run -0 job records --dump-config
	[[ $output == *"REDIS_KEY_PREFIX=$PRE"* && $output == *'***'* ]]
	[[ $output != *"${API_SECRET_KEY%%,*}"* ]]
}

@test "jobs: a run ends with one line of JSON" {
	local j
	for j in "${JOBS[@]}"; do
		run -0 job "$j"
		[ "${#lines[@]}" = 1 ]
		[ "$(jq -r '"\(.lvl) \(.app) \(.msg)"' <<<"$output")" = "info $j done" ]
		jq -e '.ms >= 0' <<<"$output"
	done
}

@test "jobs: --dry-run says what would be done and changes nothing" {
	local before j
	sit silent 100
	sit watching 1
	redis_c set "${PRE}peak:$MASTER_ARN" 9
	redis_c xadd "${PRE}records" '*' e '{"s":"x"}'
	psql_q "INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count,
		peak_viewers) VALUES ('$PRE', '2001-01-01', 1, 1)"
	before=$(state)
	for j in "${JOBS[@]}"; do
		run -0 job "$j" --dry-run
		case $j in
		heartbeat_cleanup) [ "$(number lapsed)" = 1 ] ;;
		records) [ "$(number waiting)" = 1 ] ;;
		snapshot) [ "$(number viewers)" = 1 ] ;;
		purge) [ "$(number snapshots)" -ge 1 ] ;;
		esac
		[[ $output == *'"dry_run":1'* ]]
	done
	equals "$(diff <(echo "$before") <(state))" ''
	psql_q "DELETE FROM viewer_stats_snapshots WHERE stage_arn = '$PRE'"
}

@test "jobs: another run holds the lock: exit 0 and a line that says so" {
	local j
	for j in "${JOBS[@]}"; do
		# less than any of them takes it for: a longer one would be cut to that
		redis_c set "${PRE}lock:job:$j" somebody px 20000
		run -0 job "$j"
		[[ $output == *'"msg":"not run: another run holds the lock"'* ]]
		(($(number lock_ends_ms) > 10000 && $(number lock_ends_ms) <= 20000))
		[ "$(redis_c get "${PRE}lock:job:$j")" = somebody ]
	done
}

@test "jobs: the lock is given back at the end, and a killed run's lock ends by itself" {
	local pid
	run -0 job snapshot
	[ "$(redis_c exists "${PRE}lock:job:snapshot")" = 0 ]
	deaf_postgres
	DB_HOST=$BATS_TEST_TMPDIR "$BUILD_DIR/cron/snapshot" 3>&- 2>/dev/null &
	pid=$!
	locked() { [ "$(redis_c exists "${PRE}lock:job:snapshot")" = 1 ]; }
	wait_until 5 locked
	kill -9 "$pid"
	wait "$pid" || true
	run -0 job snapshot
	[[ $output == *'another run holds the lock'* ]]
	((0 < $(redis_c pttl "${PRE}lock:job:snapshot") && \
		$(redis_c pttl "${PRE}lock:job:snapshot") <= 60000))
	redis_c pexpire "${PRE}lock:job:snapshot" 100
	done_again() { job snapshot | grep -q '"msg":"done"'; }
	wait_until 5 done_again
}

@test "jobs: PostgreSQL away is 69, frozen is 69 in time, and seats are freed all the same" {
	local j
	redis_c xadd "${PRE}records" '*' e '{"s":"x"}'
	for j in records snapshot purge; do
		DB_HOST=$BATS_TEST_TMPDIR/nowhere run -69 job "$j"
		[[ $output == *'"source":"postgres"'* ]]
	done
	sit silent 100
	DB_HOST=$BATS_TEST_TMPDIR/nowhere run -0 job heartbeat_cleanup
	[ "$(number ended)" = 1 ]
	deaf_postgres
	DB_HOST=$BATS_TEST_TMPDIR run -69 job purge
	[ "$(number ms)" -lt 4000 ]
}

@test "jobs: Redis away is 69" {
	local j
	for j in "${JOBS[@]}"; do
		REDIS_SOCKET=$BATS_TEST_TMPDIR/none run -69 job "$j"
		[[ $output == *'"source":"redis"'* ]]
	done
}

@test "heartbeat_cleanup: a silent viewer left at his last heartbeat" {
	local u
	u=$(fresh)
	sit "$u" 100
	sit "$u-there" 10
	run -0 job heartbeat_cleanup
	[ "$(number ended) $(number lapsed)" = '1 0' ]
	[ "$(redis_c zrange "${PRE}viewer:heartbeat:$MASTER_ARN" 0 -1)" = "$u-there" ]
	run -0 job records
	[ "$(psql_q "SELECT end_reason, watch_duration_seconds FROM viewer_sessions
		WHERE user_id = '$u'")" = 'timeout|200' ]
}

@test "heartbeat_cleanup: thousands in one run" {
	local now i
	now=$(now_ms)
	for i in {1..1700}; do
		echo "ZADD ${PRE}viewer:heartbeat:$MASTER_ARN $((now - 90000)) u$i"
	done | redis_c >/dev/null
	run -0 job heartbeat_cleanup
	[ "$(number ended) $(number lapsed)" = '1700 0' ]
}

@test "snapshot: the slot of five minutes, the count, the peak; the peak begins anew" {
	local arn slot
	arn=arn:aws:ivs:ap-northeast-1:123456789012:stage/$(fresh s)
	redis_c hset "${PRE}stages" "$arn" '{"name":"Second","autoScaled":true}'
	redis_c zadd "${PRE}viewer:heartbeat:$arn" "$(now_ms)" a "$(now_ms)" b 1 gone
	redis_c set "${PRE}peak:$arn" 7
	run -0 job snapshot
	slot=$(number slot_ms)
	((slot % 300000 == 0))
	read_slot() {
		psql_q "SELECT viewer_count, peak_viewers FROM viewer_stats_snapshots
			WHERE stage_arn = '$arn' AND snapshot_time = to_timestamp($slot / 1000)"
	}
	[ "$(read_slot)" = '2|7' ]
	[ "$(redis_c get "${PRE}peak:$arn")" = 2 ]
	# again, usually in the same slot: one row, and the peak of before is not lost
	redis_c set "${PRE}peak:$arn" 4
	run -0 job snapshot
	[ "$(number slot_ms)" != "$slot" ] || [ "$(read_slot)" = '2|7' ]
}

@test "snapshot: without PostgreSQL the peak stays for the next run" {
	redis_c set "${PRE}peak:$MASTER_ARN" 7
	DB_HOST=$BATS_TEST_TMPDIR/nowhere run -69 job snapshot
	[ "$(redis_c get "${PRE}peak:$MASTER_ARN")" = 7 ]
}

@test "purge: snapshots by their days; sessions only when asked for; thousands in one run" {
	local u
	u=$(fresh)
	psql_q "INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count, peak_viewers)
		SELECT '$u', timestamptz '2001-01-01Z' + n * interval '5 min', 1, 1
		FROM generate_series(1, 2300) n"
	psql_q "INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count, peak_viewers)
		VALUES ('$u', date_trunc('hour', now()), 1, 1)"
	psql_q "INSERT INTO users VALUES ('$u', NULL, '2001-01-01', '2001-01-01')"
	psql_q "INSERT INTO viewer_sessions (session_id, user_id, stage_arn, joined_at, left_at,
			end_reason, record_pos)
		VALUES (gen_random_uuid(), '$u', 'arn', '2001-01-01', '2001-01-02', 'leave', 1)"
	SNAPSHOT_RETENTION_DAYS=3650 run -0 job purge
	[ "$(number snapshots)" -ge 2300 ]
	[ "$(psql_q "SELECT count(*) FROM viewer_stats_snapshots WHERE stage_arn = '$u'")" = 1 ]
	[ "$(psql_q "SELECT count(*) FROM viewer_sessions WHERE user_id = '$u'")" = 1 ]
	SNAPSHOT_RETENTION_DAYS=3650 SESSION_RETENTION_DAYS=3650 run -0 job purge
	[ "$(number sessions)" -ge 1 ]
	[ "$(psql_q "SELECT count(*) FROM users WHERE user_id = '$u'")" = 0 ]
}

@test "purge: SIGTERM ends a run in good order, after the batch it is at" {
	local u pid lock
	u=$(fresh)
	psql_q "INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count, peak_viewers)
		SELECT '$u', timestamptz '2000-01-01Z' + n * interval '5 min', 1, 1
		FROM generate_series(1, 2500) n"
	# The first batch has to wait, so that the signal comes in the middle of it: the table is
	# locked until the descriptor is closed.
	lock_table viewer_stats_snapshots EXCLUSIVE
	waits() { psql_q "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'" |
		grep -q 'DELETE FROM viewer_stats'; }
	"$BUILD_DIR/cron/purge" 3>&- {lock}>&- 2>"$BATS_TEST_TMPDIR/log" &
	pid=$!
	wait_until 10 waits
	kill -TERM "$pid"
	exec {lock}>&-
	wait "$pid"
	[[ $(<"$BATS_TEST_TMPDIR/log") == *'"msg":"done","snapshots":1000,'*'"stopped":1'* ]]
	[ "$(psql_q "SELECT count(*) FROM viewer_stats_snapshots WHERE stage_arn = '$u'")" = 1500 ]
	[ "$(redis_c exists "${PRE}lock:job:purge")" = 0 ]
	psql_q "DELETE FROM viewer_stats_snapshots WHERE stage_arn = '$u'"
}

@test "snapshot: a peak that rose after it was read stays for the next one" {
	local sha stage key
	stage=$(new_stage late-peak) key=${P}peak:$stage
	sha=$(sha_of snapshot_done)
	"$BUILD_DIR/cron/snapshot" 2>/dev/null # so that Redis knows the script
	done_with() { # PEAK_WRITTEN
		redis_c evalsha "$sha" 1 "$P" '' 0 0 '' 60000 "$MASTER" 50 "[{\"a\":\"$stage\",\"m\":$1}]" >/dev/null
		redis_c get "$key"
	}
	redis_c set "$key" 5 >/dev/null
	equals "$(done_with 3)" 5
	equals "$(done_with 5)" ''
}
