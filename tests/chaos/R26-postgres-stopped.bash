#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 3000 600) RATE=$(size 200 100)
title R26 "PostgreSQL is stopped" "$N joins at $RATE/s meanwhile. The spool is the stream in Redis: its limit is Redis' memory, so there is no 80 %"

stack_up
live
metric() { # NAME
	curl -s -H "x-api-key: $KEY" "$BASE_URL/metrics" | awk -v n="$1" '$1 == n { print $2 }'
}
crowd_begin -s "$MASTER"
say beat 5
say join 100
crowd_quiet 10
wait_until 20 drained
kill -INT "$(pid_of postgres)"
wait_until 20 is_gone "$(pid_of postgres)"
say phase without
say join "$N" "$RATE"
not_ready=0 not_degraded=0 asked=0 most_ms=0
while ! grep -q "^join crowd-$N " "$CASE/acks"; do
	read -r status ms < <(curl -s -o "$CASE/answer" -w '%{http_code} %{time_total}\n' "$BASE_URL/readyz" |
		awk '{ printf "%s %.0f\n", $1, $2 * 1000 }')
	[[ $status == 200 ]] || not_ready=$((not_ready + 1))
	[[ $(jq -r '"\(.data.status) \(.data.services.postgres)"' "$CASE/answer") == "degraded disconnected" ]] ||
		not_degraded=$((not_degraded + 1))
	((ms <= most_ms)) || most_ms=$ms
	asked=$((asked + 1))
	((asked < 1000)) || break
done
crowd_quiet 60
waiting=$(metric ivs_live_records_waiting) oldest=$(metric ivs_live_records_oldest_seconds)
api GET /api/viewer/history/crowd-1
history="$http_status $(json .error.details.dependency)"
api GET /health
health="$http_status $(json .data.status)"
restart postgres
back=$(now_us)
crowd_end
told "times /readyz was asked" "$asked"
is "/readyz: not 200" "$not_ready" 0
is "/readyz: not degraded, or postgres not named" "$not_degraded" 0
most "/readyz: ms at most" "$most_ms" 1500 "document: 1,000"
is "/health" "$health" "200 degraded"
is "joins that failed, of $(seen without join n)" "$(($(seen without join n) - $(seen without join good)))" 0
told "  failures" "$(failures without join)"
is "heartbeats that failed, of $(seen without beat n)" "$(($(seen without beat n) - $(seen without beat good)))" 0
least "/metrics: records that wait" "$waiting" "$N"
least "/metrics: seconds the oldest waits" "$oldest" 1
is "history, which cannot be read" "$history" "503 postgres"
most "seconds until all was written, once it was back" "$(seconds_until 60 drained)" 60
told "  since it was back" "$(since "$back")"
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
told "join p50/p95/p99/max ms" "$(latency without join)"
finish
