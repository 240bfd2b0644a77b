#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=1000 FROZEN=$(size 10 4)
title R25 "Redis is frozen (SIGSTOP) for $FROZEN s" "$N viewers, a heartbeat each 5 s"

stack_up
live
crowd_begin -s "$MASTER" -c 256
say rejoin on
say join "$N" 1000
crowd_quiet 30
say beat 5
sleep 1
asks() { # PATH: "STATUS MS"
	curl -s -o "$CASE/answer" -w '%{http_code} %{time_total}' --max-time 10 "$BASE_URL$1" |
		awk '{ printf "%s %.0f\n", $1, $2 * 1000 }'
}
say phase frozen
freeze redis
frozen_at=$(now_us) live_ms=0 ready_ms=0 live_bad=0 ready_bad=0 asked=0 named=0
while compare "$(since "$frozen_at")" "$FROZEN" '<'; do
	read -r status ms < <(asks /livez)
	[[ $status == 200 ]] || live_bad=$((live_bad + 1))
	((ms <= live_ms)) || live_ms=$ms
	read -r status ms < <(asks /readyz)
	[[ $status == 503 ]] || ready_bad=$((ready_bad + 1))
	[[ $(jq -r .error.details.dependency "$CASE/answer") == redis ]] || named=$((named + 1))
	((ms <= ready_ms)) || ready_ms=$ms
	asked=$((asked + 1))
done
say phase after
thaw redis
ready() { [[ $(asks /readyz) == 200* ]]; }
took=$(seconds_until 10 ready)
sleep 6
is "viewers afterwards" "$(watching)" "$N"
crowd_end
least "times asked" "$asked" 3
is "/livez: not 200" "$live_bad" 0
most "/livez: ms at most" "$live_ms" 300 "document: 50"
is "/readyz: not 503" "$ready_bad" 0
is "/readyz: does not name redis" "$named" 0
most "/readyz: ms at most" "$ready_ms" 1500 "document: 1,000"
most "seconds until ready again" "$took" 2
is "heartbeats meanwhile answered 404" "$(seen frozen beat n404)" 0
is "  not answered, or something else" "$(($(seen frozen beat none) + $(seen frozen beat other)))" 0
is "  503 without Retry-After" "$(seen frozen beat noRetryAfter)" 0
told "  failures" "$(failures frozen beat)"
told "  p50/p95/p99/max ms" "$(latency frozen beat)"
most "ms afterwards until the last one failed" "$(seen after beat lastBadMs)" 2000
finish
