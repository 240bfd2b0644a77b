#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
# An answer that comes too late costs some joins at once: of a few 2 % would say nothing.
FOR=$(size 40 30) RATE=10
title R33 "A bad network to both stores: 200 +- 100 ms each way, 2 % lost" \
	"$RATE joins/s and up to 40 heartbeats/s for $FOR s, through a proxy where loss is a late second sending (document: netem, 10 min)"

stack_up
live
proxy_redis
proxy_postgres
workers() { for p in token viewer stats stage health; do pgrep -P "$(pid_of "$p")"; done | sort | xargs; }
before=$(workers)
crowd_begin -s "$MASTER" -c 128
say rejoin on
say join 200
crowd_quiet 30
say phase bad
proxy redis delay 200 100 2
proxy postgres delay 200 100 2
say beat 15
say join $((FOR * RATE)) "$RATE"
crowd_quiet $((FOR + 60))
say phase after
say beat 5
proxy redis delay 0 0 0
proxy postgres delay 0 0 0
say join 50 50
sleep 6
is "viewers: those who were let in" "$(watching)" "$(awk '$1 == "join"' "$CASE/acks" | wc -l)"
crowd_end
failed=$(($(seen bad join n) - $(seen bad join good)))
most "joins that failed, of $(seen bad join n)" "$failed" $(($(seen bad join n) / 50)) "2 %"
told "  failures" "$(failures bad join)"
most "join p99 ms" "$(seen bad join p99)" 4000 "document: 2,000"
is "heartbeats answered 404" "$(seen bad beat n404)" 0
is "  not answered, or something else" "$(($(seen bad beat none) + $(seen bad beat other)))" 0
told "  failures, of $(seen bad beat n)" "$(failures bad beat)"
told "join p50/p95/p99/max ms" "$(latency bad join)"
told "heartbeat p50/p95/p99/max ms" "$(latency bad beat)"
most "ms once it was good until the last heartbeat failed" "$(seen after beat lastBadMs)" 5000
most "heartbeat max ms then" "$(seen after beat max)" 5000
told "heartbeat p50/p95/p99/max ms then" "$(latency after beat)"
wait_until 30 drained
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
is "people with two open sessions" "$(psql_q 'SELECT count(*) FROM (SELECT user_id FROM viewer_sessions
	WHERE left_at IS NULL GROUP BY 1 HAVING count(*) > 1) s')" 0
is "the workers are the same" "$([[ $(workers) == "$before" ]] && echo yes)" yes
every_program_answers() {
	answers GET /livez 200 && answers GET /api/stats 200 && answers GET /api/stage/list 200 &&
		answers GET /api/viewer/history/crowd-1 200 && answers GET /api/token/viewer 405
}
is "stuck programs" "$(wait_until 5 every_program_answers && echo none)" none
finish
