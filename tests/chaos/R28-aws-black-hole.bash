#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 500 100)
title R28 "AWS takes calls and answers none of them" \
	"the emulator is frozen; $N local tokens at 100/s, then 16 in api mode"

read -ra key < <(local_tokens)
stack_up HEARTBEAT_TIMEOUT=600 "${key[@]}"
live
api POST /api/token/viewer '{"userId":"first"}' # the stage's endpoints are known from here on
assert_status 200
crowd_begin
say way token
say phase frozen
freeze emulator
say join "$N" 100
crowd_quiet 60
read -r ready ms < <(curl -s -o /dev/null -w '%{http_code} %{time_total}\n' "$BASE_URL/readyz")
say phase beats
say beat 1
sleep 2
crowd_end
thaw emulator
is "local: tokens made, of $N" "$(seen frozen join good)" "$N"
told "  failures" "$(failures frozen join)"
most "local: join p99 ms" "$(seen frozen join p99)" 500 "document: 50"
told "local: join p50/p95/p99/max ms" "$(latency frozen join)"
is "heartbeats that failed, of $(seen beats beat n)" "$(($(seen beats beat n) - $(seen beats beat good)))" 0
is "/readyz" "$ready" 200
told "/readyz: s" "$ms"
show_down

SUITE_DIR=${SUITE_DIR%/show.*}
unset IVS_SIGNING_KEY_FILE IVS_SIGNING_KEY_ARN
stack_up HEARTBEAT_TIMEOUT=600
live
crowd_begin -c 16
say way token
say phase frozen
freeze emulator
say join 16
crowd_quiet 60
read -r ready ms < <(curl -s -o /dev/null -w '%{http_code} %{time_total}\n' "$BASE_URL/readyz")
api POST /api/token/viewer '{"userId":"one-more"}'
answer="$http_status $(json .error.code) $(json .error.details.dependency)"
thaw emulator
well() { api POST /api/token/viewer '{"userId":"well"}' && [[ $http_status == 200 ]]; }
again=$(seconds_until 20 well)
crowd_end
is "api: tokens refused, of 16" "$(($(seen frozen join n) - $(seen frozen join good)))" 16
is "api: answered" "$(failures frozen join)" "503 AWS_UNAVAILABLE: 16"
told "api: one more" "$answer"
is "api: seats that were kept for them" "$(seats "$MASTER")" 1
most "api: join ms, at most" "$(seen frozen join max)" 12000 "a call of AWS may last 5,000; document: 3,000"
told "api: join p50/p95/p99/max ms" "$(latency frozen join)"
is "/readyz" "$ready" 200
most "api: seconds until tokens are made again" "$again" 10
finish
