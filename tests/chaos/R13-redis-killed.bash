#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 20000 2000) INTERVAL=$(size 30 5) AWAY=$(size 10 4)
title R13 "Redis is killed in the show, and back after $AWAY s" \
	"$N viewers, a heartbeat each $INTERVAL s (document: 20,000, 30 s, away for 10 s)"

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

say phase outage
kill_hard redis
sleep "$AWAY"
restart redis
back=$(now_us)
say phase after
told "seconds until the count was whole again" "$(seconds_until 45 is_watched_by "$N")"
# One whole interval, so that each was heard of, and the cleaner looked more than once.
sleep_until "$back" $((INTERVAL + 10))
is "viewers $((INTERVAL + 10)) s after Redis was back (45 s)" "$(watching)" "$N"
crowd_end

wait_until 60 drained
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
is "rows that were closed" "$(ended_rows)" 0
least "heartbeats in the outage" "$(seen outage beat n)" $((N * AWAY / INTERVAL / 2))
is "  answered 404" "$(seen outage beat n404)" 0
is "  answered 503 without Retry-After" "$(seen outage beat noRetryAfter)" 0
is "  not answered at all" "$(seen outage beat none)" 0
is "  answered something else" "$(seen outage beat other)" 0
told "  failures" "$(failures outage beat)"
is "heartbeats after it answered 404" "$(seen after beat n404)" 0
most "ms after it until the last one failed" "$(seen after beat lastBadMs)" 5000
is "viewers who had to rejoin" "$(seen after rejoin n)" 0
told "heartbeat p50/p95/p99/max ms before, in, after the outage" \
	"$(latency start beat)" "$(latency outage beat) $(latency after beat)"
finish
