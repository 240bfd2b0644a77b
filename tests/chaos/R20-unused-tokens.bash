#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 1000 100)
title R20 "$N tokens are taken and never used" "time-out 60 s, as in the document"

read -ra key < <(local_tokens)
stack_up "${key[@]}"
live
stage=$(new_stage unused "$N")
crowd_begin -s "$stage" -u unused
say way token
say join "$N"
crowd_quiet 60
crowd_end
is "seats taken by tokens" "$(seats "$stage")" "$N"
told "tokens: p50/p95/p99/max ms" "$(latency start join)"
sleep 31
crowd_begin -s "$stage" -u late -c 16
say beat 5
say join "$N" 500
crowd_quiet 30
sleep 6
is "others seated after 31 s" "$seated" "$N"
told "  failures" "$(failures start join)"
is "viewers" "$(watching)" "$N"
crowd_end
wait_until 30 drained
is "rows of who never came: never_started" \
	"$(ended_rows "AND user_id LIKE 'unused-%' AND end_reason = 'never_started'")" "$N"
is "  that ended as they began" \
	"$(ended_rows "AND user_id LIKE 'unused-%' AND left_at = joined_at")" "$N"
api GET "/api/viewer/stats/$stage"
is "views: only of those who came" "$(json .data.stats.totalViews)" "$N"
finish
