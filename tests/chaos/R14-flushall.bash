#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 20000 2000) INTERVAL=$(size 30 5)
title R14 "FLUSHALL in the show" \
	"$N viewers, a heartbeat each $INTERVAL s (document: 20,000, 30 s)"

stack_up
live
crowd_begin -s "$MASTER"
say rejoin on
say beat "$INTERVAL"
say join "$N" 5000
crowd_quiet 60
# The programs write what they have acknowledged, without help. The quick cases run four at once.
most "seconds until all of it was written" "$(seconds_until 10 no_records)" "$(size 5 3)"
aside every 5 heartbeat_cleanup
is "viewers before" "$(watching)" "$N"

say phase after
redis_c flushall >/dev/null
back=$(now_us)
told "seconds until the count was whole again" "$(seconds_until 45 is_watched_by "$N")"
sleep_until "$back" $((INTERVAL + 10))
is "viewers $((INTERVAL + 10)) s after it (45 s)" "$(watching)" "$N"
is "the publisher is live" "$(redis_c get "${P}publisher:status")" live
crowd_end

wait_until 60 drained
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
is "rows that were closed" "$(ended_rows)" 0
is "heartbeats answered 404" "$(seen after beat n404)" 0
is "  answered 503 without Retry-After" "$(seen after beat noRetryAfter)" 0
is "  not answered, or something else" "$(($(seen after beat none) + $(seen after beat other)))" 0
told "  failures" "$(failures after beat)"
most "ms until the last one failed" "$(seen after beat lastBadMs)" 5000
is "viewers who had to rejoin" "$(seen after rejoin n)" 0
told "heartbeat p50/p95/p99/max ms before, after" "$(latency start beat)" "$(latency after beat)"
finish
