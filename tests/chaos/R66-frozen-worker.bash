#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=2000 FROZEN=$(size 15 6)
title R66 "One of four workers is frozen (SIGSTOP) for $FROZEN s" \
	"$N viewers, a heartbeat each 2 s: 1,000/s; 20 leave and 20 join each second (document: 60 s; after 20 s it would be replaced, 57-workers.bats)"

stack_up
live
workers() { pgrep -P "$(pid_of viewer)" | sort; }
crowd_begin -s "$MASTER" -c 256
say join "$N" 2000
crowd_quiet 30
say phase before
say beat 2
sleep "$(size 8 4)"
worker=$(workers | head -n 1)
say phase frozen
say join $((FROZEN * 20)) 20
say leave $((FROZEN * 20)) 20
kill -STOP "$worker"
sleep "$FROZEN"
is "viewers while it is frozen, at least (20 may be on their way)" \
	"$(awk -v n="$(watching)" -v w="$N" 'BEGIN { print (n >= w - 40 && n <= w + 40) }')" 1
say phase after
kill -CONT "$worker"
crowd_quiet 60
sleep 3
now=$(watching)
crowd_end
# What it held is refused when it wakes: one batch at most.
sum() { jq "[.phases.frozen | .beat, .join, .leave | $1] | add" "$CASE/summary"; }
there=$((N + $(seen frozen join good) - $(seen frozen leave good)))
is "viewers" "$now" "$there"
is "calls that failed but for 503" "$(sum '.other + .none + .n404')" 0
most "calls refused by 503, which the frozen one held" "$(sum .n503)" 16
told "  failures" "$(failures frozen beat); $(failures frozen join); $(failures frozen leave)"
told "heartbeat p50/p95/p99/max ms before, frozen, after" \
	"$(latency before beat)" "$(latency frozen beat)  $(latency after beat)"
most "heartbeat p99 ms while it is frozen" "$(seen frozen beat p99)" \
	"$(seen before beat p99 | awk '{ print 5 * $1 + 50 }')" "document: +20 %"
is "workers: the same four" "$(workers | wc -l) $(workers | grep -c "^$worker$")" "4 1"
wait_until 30 drained
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
is "rows that are open" "$(psql_q 'SELECT count(*) FROM viewer_sessions WHERE left_at IS NULL')" "$there"
finish
