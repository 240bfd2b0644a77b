#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 10000 2000) RATE=$(size 1000 500) EACH=$(size 5 1)
title R08 "The workers are restarted one by one under load" \
	"$RATE heartbeats/s and 50 tokens/s, more than AWS makes, so the workers are never idle; SIGTERM to each of the 4 workers of viewer and of 8 of token, every $EACH s, $((12 * EACH)) s in all (document: 1,000/s, every 5 s, 2 min)"

stack_up HEARTBEAT_TIMEOUT=600
live
crowd_begin -s "$MASTER" -c 1024
say join "$N" 4000
crowd_quiet 30
say phase restarts
say beat "$(awk -v n="$N" -v r="$RATE" 'BEGIN { print n / r }')"
say way token
say join $((50 * 12 * EACH)) 50

workers() { pgrep -P "$(pid_of "$1")" | sort; }
slowest=0 restarted=0
for program in viewer token; do
	for pid in $(workers "$program"); do
		kill -TERM "$pid"
		took=$(seconds_until 20 is_gone "$pid")
		! compare "$took" 1 '>' || told "  slow to end: one of $program" "$took"
		slowest=$(awk -v a="$slowest" -v b="$took" 'BEGIN { print (a > b ? a : b) }')
		restarted=$((restarted + 1))
		sleep "$EACH"
	done
done
crowd_quiet 60
sleep 1
crowd_end
is "workers restarted" "$restarted" 12
most "seconds until a worker was gone, at most" "$slowest" 5 "document: 10"
is "workers afterwards, of viewer and token" "$(workers viewer | wc -l) $(workers token | wc -l)" "4 8"
all=$((N + 50 * 12 * EACH))
is "viewers" "$(watching)" "$all"
is "joins that failed, of $(seen restarts join n)" "$(($(seen restarts join n) - $(seen restarts join good)))" 0
is "heartbeats that failed, of $(seen restarts beat n)" "$(($(seen restarts beat n) - $(seen restarts beat good)))" 0
told "  failures" "$(failures restarts beat); $(failures restarts join)"
wait_until 30 drained
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
told "heartbeat p50/p95/p99/max ms" "$(latency restarts beat)"
told "token p50/p95/p99/max ms" "$(latency restarts join)"
finish
