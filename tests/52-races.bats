# Two calls of one viewer at once, and moves that end badly: one person, one seat, one record.

load lib/common

setup() { go_live; }
teardown() { emulator DELETE faults; }

slow_token() { # MILLISECONDS STATUS: the next token takes that long and then fails
	emulator POST faults "{\"operation\":\"CreateParticipantToken\",\"count\":1,\"delayMs\":$1,\"status\":$2,\"type\":\"AccessDeniedException\"}"
}
token_for() { # USER ARN -> $http_status
	api POST /api/token/viewer "{\"userId\":\"$1\",\"stageArn\":\"$2\"}"
}
# The same in the background; its status goes into a file.
token_meanwhile() { # USER ARN FILE
	( token_for "$1" "$2"; echo "$http_status" >"$3" ) 3>&- &
}
sits_on() { # USER ARN
	[ -n "$(redis_c zscore "${P}viewer:heartbeat:$2" "$1")" ]
}

@test "tokens: one that fails does not take the seat that another call of the viewer has got" {
	stage=$(new_stage double-call) u=$(fresh)
	slow_token 1500 403
	BATS_TEST_TMPDIR_FIRST=$BATS_TEST_TMPDIR/first
	token_meanwhile "$u" "$stage" "$BATS_TEST_TMPDIR_FIRST"
	wait_until 5 sits_on "$u" "$stage"
	token_for "$u" "$stage"
	assert_status 200
	wait
	equals "$(cat "$BATS_TEST_TMPDIR_FIRST")" 503
	beat "$u" "$stage"
	assert_status 200
	api GET "/api/viewer/history/$u"
	equals "$(json '"\(.data.totalRecords) \(.data.history[0].leftAt)"')" '1 null'
}

@test "moves: while AWS makes the token the viewer is counted once" {
	a=$(new_stage move-slow-a) b=$(new_stage move-slow-b) u=$(fresh)
	seat "$u" "$a"
	emulator POST faults '{"operation":"CreateParticipantToken","count":1,"action":"delay","delayMs":1000}'
	token_meanwhile "$u" "$b" "$BATS_TEST_TMPDIR/status"
	wait_until 5 sits_on "$u" "$b"
	equals "$(seats "$a") $(seats "$b")" '0 1'
	beat "$u" "$a"
	assert_error 404 NOT_FOUND
	wait
	equals "$(cat "$BATS_TEST_TMPDIR/status")" 200
	written
	equals "$(psql_q "select stage_arn, end_reason from viewer_sessions where user_id = '$u' order by id" |
		tr '\n' ' ')" "$a|moved $b| "
}

@test "moves: one that fails when the old seat was taken meanwhile ends the old session" {
	a=$(new_stage move-taken-a 1) b=$(new_stage move-taken-b) u=$(fresh)
	seat "$u" "$a"
	slow_token 1000 403
	token_meanwhile "$u" "$b" "$BATS_TEST_TMPDIR/status"
	wait_until 5 sits_on "$u" "$b"
	seat "$(fresh quick)" "$a"
	assert_status 200
	wait
	equals "$(cat "$BATS_TEST_TMPDIR/status") $(seats "$a") $(seats "$b")" '503 1 0'
	written
	equals "$(psql_q "select end_reason from viewer_sessions where user_id = '$u'")" moved
}

@test "moves: one whose program died is ended by the clean-up" {
	a=$(new_stage move-died) u=$(fresh)
	now=$(($(redis_c time | head -n 1) * 1000))
	sid=$(cat /proc/sys/kernel/random/uuid)
	redis_c hset "${P}viewer:moving" "$u" "$((now - 100000)) $a $sid $((now - 200000)) p1" >/dev/null
	"$BUILD_DIR/cron/heartbeat_cleanup" 2>>"$SUITE_DIR/log/cron.log"
	equals "$(redis_c hexists "${P}viewer:moving" "$u")" 0
	written
	equals "$(psql_q "select end_reason from viewer_sessions where session_id = '$sid'")" moved
}

@test "storm: hundreds of moves, joins and failing tokens leave each viewer one seat and no overlap" {
	u=$(fresh)
	local -a arns
	for i in 0 1 2 3; do arns[i]=$(new_stage "storm-$i" 15); done
	emulator POST faults '{"operation":"CreateParticipantToken","count":120,"status":403,"type":"AccessDeniedException"}'
	for i in $(seq 600); do
		arn=${arns[RANDOM % 4]} user=$u-$((RANDOM % 20))
		case $((RANDOM % 6)) in
		0) echo "POST /api/viewer/leave {\"userId\":\"$user\",\"stageArn\":\"$arn\"}" ;;
		1) echo "POST /api/viewer/rejoin {\"userId\":\"$user\",\"stageArn\":\"$arn\",\"participantId\":\"p\"}" ;;
		*) echo "POST /api/token/viewer {\"userId\":\"$user\",\"stageArn\":\"$arn\"}" ;;
		esac
	done | load_requests 24 >"$BATS_TEST_TMPDIR/out"
	equals "$(wc -l <"$BATS_TEST_TMPDIR/out")" 600
	written
	# Seats, sessions, the index and the open rows name the same people.
	for arn in "${arns[@]}"; do
		redis_c zrange "${P}viewer:heartbeat:$arn" 0 -1 | sed "s|$| $arn|"
	done | awk 'NF == 2' | sort >"$BATS_TEST_TMPDIR/seats" # an empty stage is an empty line
	for arn in "${arns[@]}"; do
		redis_c hkeys "${P}viewer:session:$arn" | sed "s|$| $arn|"
	done | awk 'NF == 2' | sort >"$BATS_TEST_TMPDIR/sessions"
	redis_c hgetall "${P}viewer:stage" | paste -d' ' - - | grep "^$u-" | sort >"$BATS_TEST_TMPDIR/index"
	psql_q "select user_id || ' ' || stage_arn from viewer_sessions
		where user_id like '$u-%' and left_at is null" | sort >"$BATS_TEST_TMPDIR/rows"
	diff "$BATS_TEST_TMPDIR/seats" "$BATS_TEST_TMPDIR/sessions"
	diff "$BATS_TEST_TMPDIR/seats" "$BATS_TEST_TMPDIR/index"
	diff "$BATS_TEST_TMPDIR/seats" "$BATS_TEST_TMPDIR/rows"
	equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/seats" | uniq -d | wc -l)" 0
	equals "$(psql_q "select count(*) from viewer_sessions a join viewer_sessions b
		on a.user_id = b.user_id and a.id < b.id and a.user_id like '$u-%'
		and tstzrange(a.joined_at, a.left_at) && tstzrange(b.joined_at, b.left_at)")" 0
	equals "$(redis_c hlen "${P}viewer:moving")" 0
}

@test "slow AWS: who waits in line behind it is told in seconds, and keeps no seat" {
	stage=$(new_stage black-hole) u=$(fresh)
	emulator POST faults '{"operation":"CreateParticipantToken","count":0,"action":"delay","delayMs":8000}'
	for i in $(seq 60); do
		echo "POST /api/token/viewer {\"userId\":\"$u-$i\",\"stageArn\":\"$stage\"}"
	done | load_requests 60 >"$BATS_TEST_TMPDIR/out"
	emulator DELETE faults
	# 60 calls of 5 s by 8 workers would take 40 s.
	sort -n -k3 "$BATS_TEST_TMPDIR/out" | tail -n 1
	equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/out" | sort -u) $(seats "$stage")" '503 0'
	equals "$(awk '$3 > 12000000' "$BATS_TEST_TMPDIR/out" | wc -l)" 0
	wait_until 5 gets_token "$u-last" "$stage"
}
gets_token() { token_for "$1" "$2"; [ "$http_status" = 200 ]; }

@test "slow AWS: one slow answer does not fail those who come after it" {
	stage=$(new_stage one-slow) u=$(fresh)
	emulator POST faults '{"operation":"CreateParticipantToken","count":1,"action":"delay","delayMs":7000}'
	token_for "$u-first" "$stage"
	assert_error 503 AWS_UNAVAILABLE
	for i in $(seq 40); do
		echo "POST /api/token/viewer {\"userId\":\"$u-$i\",\"stageArn\":\"$stage\"}"
	done | load_requests 8 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 40
}

@test "moves: the participant AWS named is kept though the viewer has moved on meanwhile" {
	a=$(new_stage named-a) b=$(new_stage named-b) u=$(fresh)
	emulator POST faults '{"operation":"CreateParticipantToken","count":1,"action":"delay","delayMs":800}'
	token_meanwhile "$u" "$a" "$BATS_TEST_TMPDIR/a"
	wait_until 5 sits_on "$u" "$a"
	slow_token 1600 403
	token_for "$u" "$b"
	assert_error 503 AWS_ACCESS_DENIED
	wait
	equals "$(cat "$BATS_TEST_TMPDIR/a") $(seats "$a") $(seats "$b")" '200 1 0'
	api GET "/api/viewer/list/$a"
	equals "$(json '.data.viewers[0].participantId | length')" 12
}

@test "moves: leaving the old stage in the middle of one is a good-bye" {
	a=$(new_stage bye-a) b=$(new_stage bye-b) u=$(fresh)
	seat "$u" "$a"
	slow_token 1200 403
	token_meanwhile "$u" "$b" "$BATS_TEST_TMPDIR/b"
	wait_until 5 sits_on "$u" "$b"
	leave "$u" "$a"
	equals "$(json .data.viewerLeft)" true
	wait
	equals "$(seats "$a") $(seats "$b")" '0 0'
}
