#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 5000 1000) TIMEOUT=$(size 15 10) INTERVAL=5
title R11 "Viewers vanish without a word" \
	"$N viewers, time-out $TIMEOUT s, a heartbeat each $INTERVAL s (document: 5,000, 60 s, 30 s)"

stack_up HEARTBEAT_TIMEOUT="$TIMEOUT"
live
crowd_begin -s "$MASTER"
say beat "$INTERVAL"
say join "$N" 3000
crowd_quiet 30
sleep $((INTERVAL + 1))
is "viewers before" "$(watching)" "$N"
aside every 3 heartbeat_cleanup # cron: every 30 s
say kill "$N"
gone=$(now_us)
crowd_end
waited=$(seconds_until $((TIMEOUT + 15)) is_watched_by 0)
most "seconds until the count was 0" "$waited" $((TIMEOUT + 15)) "time-out + 15"
least "seconds until the count was 0" "$waited" $((TIMEOUT - INTERVAL - 1)) "nobody is gone sooner"
all_closed() { drained && [[ $(ended_rows) == "$N" ]]; }
wait_until 20 all_closed || true
told "seconds until all rows were closed" "$(since "$gone")"

is "rows closed" "$(ended_rows)" "$N"
is "  with reason timeout" "$(ended_rows "AND end_reason = 'timeout'")" "$N"
is "rows in all" "$(psql_q 'SELECT count(*) FROM viewer_sessions')" "$N"
# The last heartbeat was at some instant between sending it and having its answer.
psql_q "SELECT user_id, floor(extract(epoch FROM left_at) * 1000) FROM viewer_sessions" | tr '|' ' ' >"$CASE/left"
awk 'NR == FNR { left[$1] = $2; next } $1 == "kill" { n++; d = 0
		if (!($2 in left)) { lost++; next }
		if (left[$2] < $5) d = $5 - left[$2]
		if (left[$2] > $6) d = left[$2] - $6
		if (d > most) most = d }
	END { print n + 0, lost + 0, most + 0 }' "$CASE/left" "$CASE/acks" >"$CASE/difference"
read -r killed lost difference <"$CASE/difference"
is "viewers killed" "$killed" "$N"
is "  without a row" "$lost" 0
most "ms between left_at and the last heartbeat, at most" "$difference" 1000
finish
