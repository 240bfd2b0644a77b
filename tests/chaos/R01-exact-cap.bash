#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
ROUNDS=$(size 100 3) RUSH=500
title R01 "$RUSH joins at once for the last seat of 50, $ROUNDS times over" \
	"100 connections, at least 4 workers (document: 100 rounds)"

read -ra key < <(local_tokens)
stack_up HEARTBEAT_TIMEOUT=600 "${key[@]}"
live
stage=$(new_stage last-seat 50)
crowd_begin -s "$stage" -u first
say join 49
crowd_quiet 10
crowd_end
redis-cli -s "$REDIS_SOCKET" -r -1 -i 0.005 zcard "${P}viewer:heartbeat:$stage" >"$CASE/seats" 3>&- &
watcher=$!
background+=("$watcher")
wrong=0 full=0 other=0 no_retry=0 p99=0
for ((round = 1; round <= ROUNDS; round++)); do
	crowd_begin -s "$stage" -u "round$round" -c 100
	say way token
	say join "$RUSH"
	crowd_quiet 60
	[[ $seated == 1 && $(seats "$stage") == 50 ]] || wrong=$((wrong + 1))
	say leave 1
	crowd_quiet 10
	crowd_end
	n=$(jq '.phases.start.join.statuses["503 STAGE_FULL"] // 0' "$CASE/summary")
	full=$((full + n))
	other=$((other + $(seen start join n) - n - $(seen start join good)))
	no_retry=$((no_retry + $(seen start join noRetryAfter)))
	p99=$(seen start join p99 | awk -v a="$p99" '{ print (a > $1 ? a : $1) }')
done
kill "$watcher"
is "rounds in which not exactly one more was seated" "$wrong" 0
least "samples of the seats, one each 5 ms" "$(wc -l <"$CASE/seats")" $((ROUNDS * 3))
most "most seats in any sample" "$(sort -n "$CASE/seats" | tail -n 1)" 50
is "answered 503 STAGE_FULL" "$full" $((ROUNDS * (RUSH - 1)))
is "  without Retry-After" "$no_retry" 0
is "answered anything else" "$other" 0
told "  failures of the last round" "$(failures start join)"
told "join p99 ms, of the slowest round" "$p99"
wait_until 30 drained
is "rows, one for each who had a seat" "$(psql_q 'SELECT count(*) FROM viewer_sessions')" $((49 + ROUNDS))
finish
