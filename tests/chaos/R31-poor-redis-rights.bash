#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 2000 300)
title R31 "A Redis user without KEYS, SCAN, FLUSHALL, CONFIG, and with our prefix only" \
	"$N viewers, every call and every job once (document: the whole suite)"

# The programs are told at their start; the user is there before they need him.
read -ra key < <(local_tokens)
stack_up AUTO_SCALE_ENABLED=true MAX_VIEWERS_PER_STAGE=10000 "${key[@]}"
password=poor-$(openssl rand -hex 8)
redis_c acl setuser poor reset on ">$password" "~${P}*" +@all -@admin -@dangerous -keys -scan -flushall \
	-flushdb -config +info +bgrewriteaof >/dev/null
export REDIS_USER=poor REDIS_PASSWORD=$password
for program in token stage viewer stats health; do restart "$program"; done
as_poor() { REDISCLI_AUTH=$password redis-cli -s "$REDIS_SOCKET" --user poor --no-auth-warning "$@" 2>&1 || true; }
# What is asserted below can be seen at all: these are refused, and noted.
redis_c acl log reset >/dev/null
redis_c config resetstat >/dev/null
for words in 'keys nobody*' 'scan 0' flushall flushdb 'config get port' 'set somebody-elses 1' 'get somebody-elses'; do
	# shellcheck disable=SC2086 # words
	is "the user may not: $words" "$(as_poor $words | cut -d' ' -f1)" NOPERM
done
least "  noted by Redis" "$(redis_c acl log | grep -c '^username$\|poor')" 7
redis_c acl log reset >/dev/null
redis_c config resetstat >/dev/null

live
api POST /api/token/publisher '{"userId":"host"}' && pub=$http_status
api POST /api/stage '{"name":"made"}' -H 'Idempotency-Key: poor' && made=$http_status
arn=$(json .data.stage.arn)
crowd_begin -s "$MASTER"
say rejoin on
say way token
say join $((N / 4))
crowd_quiet 60
say way rejoin
say join $((N * 3 / 4))
crowd_quiet 30
say beat 2
sleep 3
say leave $((N / 4))
crowd_quiet 30
redis_c set "${P}peak:$MASTER" 1 >/dev/null
statuses="$pub $made"
for path in /api/stats /api/stats/viewers /api/stats/stages "/api/stats/stages/${MASTER##*/}" /api/stats/publisher \
	/api/stats/history /api/stage/list /api/stage/master/info "/api/stage/$(uri "$arn")" \
	"/api/stage/replication/status/$(uri "$arn")" /api/stage/replication/publisher-info \
	"/api/viewer/list/$(uri "$MASTER")" /api/viewer/history/crowd-1 \
	"/api/viewer/duration?userId=crowd-$N&stageArn=$(uri "$MASTER")" "/api/viewer/stats/$(uri "$MASTER")" \
	/health /readyz /metrics; do
	api GET "$path"
	statuses+=" $http_status"
	[[ $http_status == 200 ]] || told "GET $path" "$http_status"
done
is "calls of each kind" "$(tr ' ' '\n' <<<"$statuses" | sort | uniq -c | xargs)" "19 200 1 201"
api PUT "/api/stage/$(uri "$arn")" '{"maxViewers":60}'
changed=$http_status
api DELETE "/api/stage/$(uri "$arn")"
is "a stage changed, deleted" "$changed $http_status" "200 200"
api PUT /api/stats/publisher '{"isPublisherLive":true}'
is "the publisher set by hand" "$http_status" 200
least "connections of the programs as that user" "$(redis_c client list | grep -c ' user=poor ')" 5
codes=
for job in heartbeat_cleanup autoscale records metrics snapshot purge; do
	job "$job" && codes+="0 " || codes+="$job:$? "
done
is "jobs" "$codes" "0 0 0 0 0 0 "
crowd_end
is "joins that failed, of $N" "$((N - $(seen start join good)))" 0
is "heartbeats that failed, of $(seen start beat n)" "$(($(seen start beat n) - $(seen start beat good)))" 0
is "leaves that failed, of $(seen start leave n)" "$(($(seen start leave n) - $(seen start leave good)))" 0
wait_until 30 drained
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "commands refused: NOPERM in the log of Redis" "$(redis_c acl log | grep -c '^poor$\|^username$')" 0
is "  in its statistics" "$(redis_c info errorstats | grep -c NOPERM)" 0
is "  in the logs of the programs" "$(cat "$SUITE_DIR"/log/*.log | grep -c NOPERM)" 0
finish
