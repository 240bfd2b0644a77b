#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119,SC2154,SC2034
. "$(dirname "$0")/lib.bash"
N=$(size 500 200) ROUNDS=$(size 10 2) INTERVAL=2 MORE=5
title R14b "Redis is emptied, and replaced by an old copy of itself, again and again" \
	"$N viewers, a heartbeat each $INTERVAL s, $ROUNDS times each, at random moments (document: none)"
load lib/old_copy
own=$CASE

ivsctl() { "$BUILD_DIR/ctl/ivsctl" "$@" 2>>"$CASE/ivsctl.log"; }
# Everything that asks with a revoked key, over and over; a line for each answer.
ask_revoked() {
	local secret
	while sleep 0.02; do
		secret=$(shuf -n 1 "$CASE/revoked" 2>/dev/null) || continue
		[[ ! $secret ]] || curl -s -o /dev/null -w '%{http_code}\n' --max-time 5 -H "x-api-key: $secret" \
			"$BASE_URL/api/$(shuf -n 1 -e stats stage/list "viewer/list/$MASTER")" || true
	done >>"$CASE/asked"
}
# A key, a copy, then what the copy lacks: the key revoked, a stage changed, viewers who came.
before_it_breaks() { # ROUND
	local key
	key=$(ivsctl key create --scopes admin --json)
	take_copy
	ivsctl key revoke "$(jq -r .id <<<"$key")" >/dev/null
	# Dead within two seconds, as ever.
	sleep 2
	jq -r .key <<<"$key" >>"$CASE/revoked"
	say join "$MORE" 0
	crowd_quiet 20
	viewers=$((viewers + MORE))
	sleep 2
	sleep "$(awk -v r="$RANDOM" 'BEGIN { print r / 32768 * 3 }')"
	api PUT "/api/stage/$STAGE" "{\"maxViewers\":$((1000 + $1))}"
	[[ $http_status == 200 ]] || lost=$((lost + 1))
}
has_cap() { [[ $(entry "$STAGE" .maxViewers) == "$1" ]]; } # CAP
after_it_broke() { # ROUND
	local took
	took=$(seconds_until 30 is_watched_by "$viewers")
	slowest=$(awk -v a="$slowest" -v b="$took" 'BEGIN { print (b > a ? b : a) }')
	has_cap $((1000 + $1)) || lost=$((lost + 1))
	[[ $(psql_q "SELECT max_viewers FROM stages WHERE stage_arn = '$STAGE'") == $((1000 + $1)) ]] || lost=$((lost + 1))
}

unset STACK_THROUGH
stack_up
live
api POST /api/stage '{"name":"changed"}'
STAGE=$(json .data.stage.arn)
viewers=$N lost=0 slowest=0
crowd_begin -s "$MASTER"
say rejoin on
say beat "$INTERVAL"
say join "$N" 2000
crowd_quiet 60
aside ask_revoked
aside every 5 heartbeat_cleanup
aside every 7 autoscale
is "viewers before" "$(watching)" "$N"

say phase broken
for ((round = 1; round <= ROUNDS; round++)); do
	before_it_breaks "$round"
	redis_c flushall >/dev/null
	after_it_broke "$round"
	before_it_breaks "$((round + 100))"
	put_copy_back
	after_it_broke "$((round + 100))"
done
sleep $((INTERVAL + 1))
is "viewers after all" "$(watching)" "$viewers"
crowd_end

written
compare_history
is "acknowledged joins, older than 2 s, that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
is "rows that were closed" "$(ended_rows)" 0
least "heartbeats" "$(seen broken beat n)" $((N * ROUNDS))
is "  answered 404" "$(seen broken beat n404)" 0
is "  answered 503 without Retry-After" "$(seen broken beat noRetryAfter)" 0
is "  not answered, or something else" "$(($(seen broken beat none) + $(seen broken beat other)))" 0
told "  failures" "$(failures broken beat)"
is "viewers who had to rejoin" "$(seen broken rejoin n)" 0
least "calls with a key that was revoked" "$(wc -l <"$CASE/asked")" $((ROUNDS * 20))
is "  that were let in" "$(grep -c '^2' "$CASE/asked" || true)" 0
told "  answers" "$(sort "$CASE/asked" | uniq -c | awk '{ printf "%s: %s  ", $2, $1 }')"
is "changes of a stage that were refused or lost" "$lost" 0
most "seconds until the count was whole again, at most" "$slowest" 20
finish
