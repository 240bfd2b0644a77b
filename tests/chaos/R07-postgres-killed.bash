#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
RATE=$(size 2000 300) FOR=$(size 15 5) AWAY=$(size 15 4)
N=$((RATE * FOR))
title R07 "PostgreSQL is killed while viewers join" \
	"$RATE joins/s for $FOR s, killed after 2 s, away for $AWAY s (document: 2,000/s for 20 s, 30 s)"

stack_up
live
second=$(new_stage second 25000)
crowd_begin -s "$MASTER" -s "$second" -c 256
say beat 30
say join $((RATE * 2)) "$RATE"
sleep 2
kill_hard postgres
say phase outage
say join $((N - RATE * 2)) "$RATE"
sleep "$AWAY"
told "records that waited" "$(stream_length)"
restart postgres
back=$(now_us)
say phase after
crowd_quiet 60
aside every 20 records # cron: every minute
written 60 || true
took=$(since "$back")
is "viewers" "$(watching)" "$N"
crowd_end
is "joins that were acknowledged" "$(acknowledged | wc -l)" "$N"
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
is "records left in the stream" "$(stream_length)" 0
most "seconds after the restart until all was written" "$took" 60
is "joins in the outage that failed, of $(seen outage join n)" \
	"$(($(seen outage join n) - $(seen outage join good)))" 0
told "  failures" "$(failures outage join)"
is "heartbeats in the outage that failed, of $(seen outage beat n)" \
	"$(($(seen outage beat n) - $(seen outage beat good)))" 0
most "join p99 ms in the outage" "$(seen outage join p99)" 1000 "document: 250"
told "join p50/p95/p99/max ms before, in the outage" "$(latency start join)" "$(latency outage join)"
finish
