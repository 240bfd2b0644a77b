#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
FOR=$(size 50 15) N=$(size 270 90)
title R05 "Four scalers and cron at once" \
	"$N viewers come within $FOR s on stages of 50; 4 runs of autoscale each 2 s, one more each 10 s, and those that joins ask for (document: 10 min at 90 % use)"

read -ra key < <(local_tokens)
stack_up AUTO_SCALE_ENABLED=true MAX_VIEWERS_PER_STAGE=50 HEARTBEAT_TIMEOUT=600 "${key[@]}"
emulator POST quotas '{"rates":true}' >/dev/null
emulator POST timing '{"replicationStartMs":300}' >/dev/null
live
emulator DELETE calls >/dev/null

# Who holds the lock, looked at all the while: "SECONDS HOLDER", one line a look.
watch_lock() {
	while :; do
		echo "$EPOCHREALTIME $(redis_c get "${P}lock:job:autoscale")"
		sleep 0.2
	done >"$CASE/locks"
}
aside watch_lock
scalers=()
for _ in 1 2 3 4; do
	"$BUILD_DIR/cron/autoscale" --every 2 --for "$FOR" 2>>"$SUITE_DIR/log/autoscale.log" 3>&- &
	scalers+=($!)
done
aside every 10 autoscale
crowd_begin
say way token
say beat 5
say join "$N" "$(awk -v n="$N" -v s="$FOR" 'BEGIN { print n / (s - 5) }')"
crowd_quiet $((FOR + 60))
failed=0
for pid in "${scalers[@]}"; do
	wait "$pid" || failed=$((failed + 1))
done
wait_until 20 idle
is "scalers that failed" "$failed" 0
is "viewers" "$(watching)" "$N"
most "viewers on the fullest stage" "$(seats_now | awk '{ print $2 }' | sort -n | tail -n 1)" 50
crowd_end
is "joins that failed, of $N" "$(($(seen start join n) - $(seen start join good)))" 0
told "  failures" "$(failures start join)"
made=$(calls_of .CreateStage) further=$(further_stages)
is "stages made, and stages there are" "$made" "$further"
is "stages AWS has, besides the master" "$(($(aws_stages) - 1))" "$further"
is "active replicas" "$(active_replicas)" "$further"
# Seats for everybody, and for those who are expected at this rate; AWS replicates to five.
least "further stages" "$further" $(((N + 49) / 50 - 1))
most "further stages" "$further" 5
is "orders left open" "$(redis_c hlen "${P}orders")" 0
most "calls that AWS refused as too fast" "$(throttled)" $(($(all_calls) / 100))
told "calls to AWS" "$(all_calls)"
held=$(awk 'NF == 2 { if ($2 != who) { who = $2; since = $1 }
	if ($1 - since > most) most = $1 - since } NF == 1 { who = "" } END { printf "%.1f", most }' "$CASE/locks")
most "seconds one run held the lock, at most" "$held" 30
told "token p50/p95/p99/max ms" "$(latency start join)"
finish
