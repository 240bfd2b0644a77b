# ivsctl presence: every kind of damage is named and mended, and a busy show has none.
bats_require_minimum_version 1.5.0
load lib/common
load lib/ctl
load lib/show

setup_file() {
	load lib/common
	load lib/show
	show_up HEARTBEAT_TIMEOUT=120 AUTO_SCALE_ENABLED=false
	go_live
}
teardown_file() { show_down; }

setup() {
	export IVS_ENV_FILE=/dev/null
	u=$(fresh)
	stage=$(a_stage)
	seat "$u" "$stage"
	assert_status 200
	written
}
# What a test has damaged must not be there in the next.
teardown() { "$BUILD_DIR/ctl/ivsctl" presence repair; }

sid_of() { redis_c hget "${P}viewer:session:$2" "$1" | cut -d' ' -f1; } # USER ARN
copy_of() { psql_q "select entry from stages where stage_arn = '$1'" | jq -cS .; } # ARN: its entry in PostgreSQL
his_row() { psql_q "select $2 from viewer_sessions where user_id = '$1' order by id"; }
clean() {
	ctl presence check
	equals "$status $stderr" "0 "
	matches "$output" ': no differences$'
}
# damaged FAULT...: check names these and no others, each once; --dry-run changes nothing
damaged() {
	local wanted
	wanted=$(printf '%s 1\n' "$@" | sort)
	ctl presence check --json
	equals "$status $stderr" "1 "
	equals "$(jq -r '.faults[] | "\(.fault) \(.found)"' <<<"$output" | sort)" "$wanted"
	equals "$(jq .differences <<<"$output")" "$#"
	ctl presence repair --dry-run --json
	equals "$status" 1
	equals "$(jq -r '"\(.differences) \(.mended)"' <<<"$output")" "$# 0"
}
mended() {
	ctl presence repair
	equals "$status $stderr" "0 "
	matches "$output" '[0-9]+ mended, no differences$'
	clean
}
sits() { # USER ARN: in every structure
	equals "$(redis_c hget "${P}viewer:stage" "$1")" "$2"
	beat "$1" "$2"
	assert_status 200
	equals "$(psql_q "select count(*) from viewer_sessions where left_at is null and user_id = '$1'
		and session_id = '$(sid_of "$1" "$2")' and stage_arn = '$2'")" 1
}

@test "presence: a show as it should be has no differences, and repair finds nothing to do" {
	clean
	ctl presence repair
	equals "$status" 0
	matches "$output" 'rows: no differences$'
	ctl presence check --json
	equals "$(jq -r '"\(.seats >= 1) \(.openRows == .seats) \(.differences) \(.faults)"' <<<"$output")" \
		'true true 0 []'
}

@test "presence: a record that waits to be written is no difference" {
	hold_records
	for i in 1 2 3; do seat "$u-$i" "$stage"; done
	equals "$(redis_c xlen "${P}records")" 3
	release_records
	clean
}

@test "presence: a seat without a session gets the one of its open row back" {
	sid=$(sid_of "$u" "$stage")
	redis_c hdel "${P}viewer:session:$stage" "$u" >/dev/null
	damaged seat_no_session
	mended
	equals "$(sid_of "$u" "$stage")" "$sid"
	sits "$u" "$stage"
	equals "$(his_row "$u" 'left_at is null')" t
}

@test "presence: a seat without session and row begins a new session; one long silent is freed" {
	redis_c hdel "${P}viewer:session:$stage" "$u" >/dev/null
	psql_q "delete from viewer_sessions where user_id = '$u'"
	damaged seat_no_session
	mended
	sits "$u" "$stage"
	redis_c hset "${P}viewer:session:$stage" "$u" 'no session at all' >/dev/null
	psql_q "delete from viewer_sessions where user_id = '$u'"
	make_silent "$u" "$stage" 1000
	damaged seat_no_session
	mended
	equals "$(seats "$stage") $(redis_c hexists "${P}viewer:stage" "$u")" '0 0'
}

@test "presence: a session without a seat is taken out, and its row ends when he was last known of" {
	redis_c zrem "${P}viewer:heartbeat:$stage" "$u" >/dev/null
	damaged session_no_seat index_stray
	mended
	equals "$(redis_c hexists "${P}viewer:session:$stage" "$u") $(redis_c hexists "${P}viewer:stage" "$u")" '0 0'
	equals "$(his_row "$u" "end_reason, watch_duration_seconds")" 'timeout|0'
	seat "$u" "$stage"
	written
	sits "$u" "$stage"
}

@test "presence: a seat and a session that hide each other in the sums are both found" {
	seat "$u-2" "$stage"
	written
	redis_c hdel "${P}viewer:session:$stage" "$u" >/dev/null
	redis_c zrem "${P}viewer:heartbeat:$stage" "$u-2" >/dev/null
	redis_c hdel "${P}viewer:stage" "$u" >/dev/null
	damaged seat_no_session session_no_seat index_stray
	mended
	sits "$u" "$stage"
	equals "$(seats "$stage") $(redis_c hlen "${P}viewer:session:$stage")" '1 1'
}

@test "presence: viewer:stage that says nothing, or another stage, is put right" {
	redis_c hdel "${P}viewer:stage" "$u" >/dev/null
	damaged index_wrong
	mended
	sits "$u" "$stage"
	redis_c hset "${P}viewer:stage" "$u" "$(a_stage)" >/dev/null
	damaged index_wrong
	mended
	sits "$u" "$stage"
}

@test "presence: an entry of viewer:stage that nobody sits behind is taken out" {
	redis_c hset "${P}viewer:stage" "$u-nobody" "$stage" >/dev/null
	damaged index_stray
	mended
	equals "$(redis_c hexists "${P}viewer:stage" "$u-nobody")" 0
}

@test "presence: of two seats of one person the one that viewer:stage names stays" {
	other=$(a_stage)
	sid=$(</proc/sys/kernel/random/uuid)
	now=$(($(redis_c time | head -n 1) * 1000))
	redis_c zadd "${P}viewer:heartbeat:$other" "$now" "$u" >/dev/null
	redis_c hset "${P}viewer:session:$other" "$u" "$sid $((now - 5000)) " >/dev/null
	redis_c sadd "${P}viewer:stages" "$other" >/dev/null
	damaged index_wrong session_no_row
	mended
	equals "$(seats "$other") $(seats "$stage")" '0 1'
	sits "$u" "$stage"
	equals "$(psql_q "select end_reason, watch_duration_seconds from viewer_sessions
		where session_id = '$sid'")" 'moved|5'
}

@test "presence: a stage with seats that viewer:stages does not have is put in, also one nobody lists" {
	redis_c srem "${P}viewer:stages" "$stage" >/dev/null
	damaged stage_unlisted
	mended
	equals "$(redis_c sismember "${P}viewer:stages" "$stage")" 1
	redis_c srem "${P}viewer:stages" "$stage" >/dev/null
	redis_c hdel "${P}stages" "$stage" >/dev/null
	# What no list has shows when the sums differ.
	redis_c hdel "${P}viewer:session:$stage" "$u" >/dev/null
	damaged stage_unlisted seat_no_session
	mended
	sits "$u" "$stage"
}

@test "presence: a move that makes no sense is taken out, one on its way is left alone" {
	redis_c hset "${P}viewer:moving" "$u-lost" 'nonsense' >/dev/null
	damaged move_broken
	mended
	now=$(($(redis_c time | head -n 1) * 1000))
	redis_c hset "${P}viewer:moving" "$u" "$now $stage $(sid_of "$u" "$stage") $now " >/dev/null
	damaged move_broken
	mended
	sits "$u" "$stage"
	sid=$(</proc/sys/kernel/random/uuid)
	redis_c hset "${P}viewer:moving" "$u-moves" "$now $stage $sid $now " >/dev/null
	damaged session_no_row
	mended
	equals "$(his_row "$u-moves" 'session_id, left_at is null')" "$sid|t"
	redis_c hexists "${P}viewer:moving" "$u-moves" | grep -qx 1
	redis_c hdel "${P}viewer:moving" "$u-moves" >/dev/null
	damaged row_no_session
}

@test "presence: an open row of nobody ends as timeout at the newest record of it" {
	redis_c zrem "${P}viewer:heartbeat:$stage" "$u" >/dev/null
	redis_c hdel "${P}viewer:session:$stage" "$u" >/dev/null
	redis_c hdel "${P}viewer:stage" "$u" >/dev/null
	psql_q "update viewer_sessions set joined_at = joined_at - interval '100 s' where user_id = '$u'"
	damaged row_no_session
	mended
	equals "$(his_row "$u" 'end_reason, watch_duration_seconds between 99 and 101')" 'timeout|t'
}

@test "presence: a session without a row is recorded again, whole" {
	psql_q "delete from viewer_sessions where user_id = '$u'"
	damaged session_no_row
	mended
	sits "$u" "$stage"
	equals "$(his_row "$u" participant_id)" p1
	leave "$u" "$stage"
	written
	equals "$(his_row "$u" end_reason)" leave
}

@test "presence: who sits though his row has ended goes on with a new one" {
	psql_q "update viewer_sessions set left_at = joined_at, end_reason = 'timeout' where user_id = '$u'"
	damaged session_row_ended
	mended
	sits "$u" "$stage"
	equals "$(his_row "$u" 'left_at is null' | tr '\n' ' ')" 'f t '
}

@test "presence: what has come right since it was found is left alone" {
	local fault sid other=00000000-0000-4000-8000-000000000001
	sid=$(sid_of "$u" "$stage")
	his() {
		redis_c hget "${P}viewer:session:$stage" "$u"
		redis_c zscore "${P}viewer:heartbeat:$stage" "$u"
		redis_c hget "${P}viewer:stage" "$u"
		redis_c xlen "${P}records"
	}
	his >"$BATS_TEST_TMPDIR/before"
	for fault in "seat_no_session $sid" "session_no_seat $sid" "index_wrong $sid" "index_stray $sid" \
		"stage_unlisted $sid" "move_broken $sid" "row_no_session $sid" "session_no_row $other" \
		"session_row_ended $other"; do
		equals "$fault $(redis_c eval "$(whole_script presence_mend)" 1 "$P" '' 0 0 '' 120000 "$MASTER" 50 \
			"${fault% *}" "$u" "$stage" "${fault#* }" 1 '' 2 "$other" | xargs)" "$fault OK 0"
		equals "$fault $(his | diff "$BATS_TEST_TMPDIR/before" -)" "$fault "
	done
	sits "$u" "$stage"
	clean
}

@test "presence: much damage at once, more than a page, is mended in one go" {
	seq -f "POST /api/viewer/rejoin {\"userId\":\"$u-%g\",\"stageArn\":\"$(a_stage many 5000)\",\"participantId\":\"p\"}" 3000 |
		load_requests 16 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 3000
	written
	clean
	arn=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/many
	redis_c eval "for i = 1, 3000, 2 do redis.call('ZREM', KEYS[1], ARGV[1] .. '-' .. i) end
		for i = 1, 3000, 3 do redis.call('HDEL', KEYS[2], ARGV[1] .. '-' .. i) end
		for i = 1, 3000, 5 do redis.call('HDEL', KEYS[3], ARGV[1] .. '-' .. i) end" 3 \
		"${P}viewer:heartbeat:$arn" "${P}viewer:session:$arn" "${P}viewer:stage" "$u" >/dev/null
	psql_q "delete from viewer_sessions where user_id like '$u-%7'"
	ctl presence check
	equals "$status" 1
	matches "$output" 'a seat has no session +500 '
	ctl presence repair --json
	equals "$status" 0
	equals "$(jq .differences <<<"$output")" 0
	clean
	# Half of them sit, and every one of those in one piece.
	equals "$(seats "$arn") $(redis_c hlen "${P}viewer:session:$arn")" '1500 1500'
	equals "$(psql_q "select count(*) from viewer_sessions where user_id like '$u-%' and left_at is null")" 1500
}

@test "presence: on a busy show there are no differences" {
	local -a arns
	for i in 0 1 2 3; do arns[i]=$(a_stage "busy$i" 60); done
	for ((i = 0; i < 4000; i++)); do
		arn=${arns[RANDOM % 4]} user=$u-$((RANDOM % 300))
		case $((RANDOM % 6)) in
		0) echo "POST /api/viewer/leave {\"userId\":\"$user\",\"stageArn\":\"$arn\"}" ;;
		1) echo "POST /api/viewer/heartbeat {\"userId\":\"$user\",\"stageArn\":\"$arn\"}" ;;
		2) echo "POST /api/token/viewer {\"userId\":\"$user\",\"stageArn\":\"$arn\"}" ;;
		*) echo "POST /api/viewer/rejoin {\"userId\":\"$user\",\"stageArn\":\"$arn\",\"participantId\":\"p\"}" ;;
		esac
	done >"$BATS_TEST_TMPDIR/in"
	load_requests 16 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" &
	looks=0
	while kill -0 $! 2>/dev/null; do
		"$BUILD_DIR/ctl/ivsctl" presence check
		looks=$((looks + 1))
	done
	wait
	[ "$looks" -ge 2 ]
	equals "$(wc -l <"$BATS_TEST_TMPDIR/out")" 4000
	clean
}

@test "presence: PostgreSQL or Redis away is said, with 69; what is misspelt, with 64" {
	DB_HOST=$BATS_TEST_TMPDIR DB_PORT=1 ctl presence check
	refused 69 'try again'
	REDIS_SOCKET=$BATS_TEST_TMPDIR/none ctl presence repair
	refused 69 'try again'
	ctl presence check --dry-run
	refused 64 'takes no --dry-run'
}

@test "presence: reload has the programs fill Redis again" {
	redis_c set "${P}epoch" 1 >/dev/null
	ctl presence reload
	equals "$status $stderr" '0 '
	[ -n "$output" ]
	# And they do: he still sits there.
	wait_until 20 beats_again
	clean
}

@test "presence: reload is refused while PostgreSQL is away, and nobody is cut off" {
	DB_HOST=$BATS_TEST_TMPDIR DB_PORT=1 ctl presence reload
	refused 69 'try again'
	equals "$(redis_c exists "${P}epoch")" 1
	beat "$u" "$stage"
	assert_status 200
}

@test "presence: the loader makes its lock last with every page, also where nobody is watching any more" {
	local monitor
	for _ in 1 2 3; do # far apart: a page each
		psql_q "SELECT setval(pg_get_serial_sequence('viewer_sessions', 'id'), max(id) + 50000) FROM viewer_sessions" >/dev/null
		psql_q "INSERT INTO viewer_sessions (session_id, user_id, stage_arn, joined_at, left_at, end_reason, record_pos)
			VALUES (gen_random_uuid(), '$u', '$stage', now() - interval '1 minute', now(), 'leave', 1)"
	done
	redis_c monitor >"$BATS_TEST_TMPDIR/monitor" 3>&- &
	monitor=$!
	wait_until 5 grep -q OK "$BATS_TEST_TMPDIR/monitor"
	ctl presence reload
	equals "$status $stderr" '0 '
	wait_until 20 beats_again
	kill "$monitor"
	(($(grep -c "\"$(sha_of lock_keep)\".*\"restore\"" "$BATS_TEST_TMPDIR/monitor") >= 4))
	clean
}

@test "presence: an entry of a stage that cannot be read does not take the place of the copy, and comes back" {
	local made whole
	# made and changed by an operator: it is in PostgreSQL before the answer
	api POST /api/stage '{"name":"whole"}'
	assert_status 201
	made=$(json .data.stage.arn)
	api PUT "/api/stage/$made" '{"maxViewers":7}'
	assert_status 200
	whole=$(redis_c hget "${P}stages" "$made" | jq -cS .)
	equals "$(jq .maxViewers <<<"$whole") $(copy_of "$made")" "7 $whole"
	redis_c hset "${P}stages" "$made" '{' >/dev/null
	"$BUILD_DIR/cron/snapshot" 2>>"$SUITE_DIR/log/cron.log"
	written
	equals "$(copy_of "$made")" "$whole"
	ctl presence reload
	equals "$status" 0
	wait_until 20 beats_again
	equals "$(redis_c hget "${P}stages" "$made" | jq -cS .)" "$whole"
}

@test "presence: reload waits for what has not been written yet" {
	# Somebody else is at it.
	redis_c set "${P}lock:records" somebody PX 2500 >/dev/null
	seat "$u-late" "$stage"
	assert_status 200
	ctl presence reload
	equals "$status $stderr" '0 '
	wait_until 20 beats_again
	sits "$u-late" "$stage"
	clean
}
beats_again() { beat "$u" "$stage" && [ "$http_status" = 200 ]; }
