# A private stack for one test file, with settings of its own: stages come and go in it.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2154

# show_up NAME=VALUE...: in setup_file. What the tests of the file call api, emulator, redis_c is
# then this stack's. Its folder is in the suite's: 99-end.bats looks at its logs, too.
show_up() {
	local dir setting
	dir=$(mktemp -d "$SUITE_DIR/show.XXXX")
	# A stack wants to be alone in its folder, and user postgres must get there.
	chmod 711 "$dir"
	for setting in AUTO_SCALE_ENABLED=true HEARTBEAT_TIMEOUT=600 RATE_LIMIT_MAX_REQUESTS=0 "$@"; do
		export "${setting?}"
	done
	unset MASTER_STAGE_ARN REDIS_SOCKET REDIS_HOST REDIS_USER REDIS_PASSWORD REDIS_TLS_ENABLED REDIS_TLS_CA \
		REDISCLI_AUTH DB_HOST DB_PORT AWS_ENDPOINT_URL BASE_URL
	API_PORT=0 "$PROJECT_ROOT/deploy/stack" up "$dir" --fresh 3>&- >&2 || return 1
	export SUITE_DIR=$dir
	set -a
	# shellcheck source=/dev/null
	. "$dir/env"
	set +a
	use_stack
}
# In setup_file, before show_up: what a test sets for PostgreSQL counts for the programs' next connection
# of their own, which PgBouncer would have kept, or would not make again for seconds.
without_pgbouncer() { STACK_THROUGH=${STACK_THROUGH:-}; export STACK_THROUGH=${STACK_THROUGH//pgbouncer/}; }
# live_show NAME=VALUE...: the same, with a publisher on the master stage, seen by the autoscaler.
live_show() {
	show_up "$@" || return 1
	publish >/dev/null
	autoscale
}
# In teardown_file, or wherever show_up was. Where it failed there is nothing of ours to end.
show_down() { [[ ${SUITE_DIR##*/} != show.* ]] || "$PROJECT_ROOT/deploy/stack" down "$SUITE_DIR" 3>&- >/dev/null; }

autoscale() {
	local log=$SUITE_DIR/log/autoscale.log
	touch "$log"
	autoscale_log_before=$(wc -l <"$log")
	"$BUILD_DIR/cron/autoscale" "$@" 2>>"$log"
}
# The summary line of the last autoscale; an error when that run wrote none.
summary() { # FILTER
	tail -n "+$((autoscale_log_before + 1))" "$SUITE_DIR/log/autoscale.log" | grep '"msg":"done"' >"$BATS_TEST_TMPDIR/summary" &&
		tail -n 1 "$BATS_TEST_TMPDIR/summary" | jq -r "$1"
}
# Nobody is looking after the stages at this moment.
idle() { [ "$(redis_c exists "${P}lock:job:autoscale")" = 0 ]; }
# The programs that start runs, each run in a process forked from a worker. From freeze_keepers to
# thaw_keepers (in teardown, too) no run but the test's own is under way: none that was asked for
# earlier and comes late.
keepers() { printf '%s\n' stage stats token; }
freeze_keepers() {
	local name
	for name in $(keepers); do freeze "$name"; done
	wait_until 20 no_run
}
thaw_keepers() {
	local name
	for name in $(keepers); do thaw "$name"; done
}
no_run() {
	local name
	for name in $(keepers); do
		[ -z "$(pgrep -P "$(pid_of "$name")" | xargs -r -n 1 pgrep -r R,S,D,T -P)" ] || return 1
	done
	idle
}

# EventBridge sends the show what the emulator's publishers do.
send_events() {
	emulator POST eventbridge "$(jq -nc --arg u "$BASE_URL/api/stats/events" --arg k "$KEY" \
		'{url: $u, headers: {"x-api-key": $k}}')" >/dev/null
}
# publish [PARTICIPANT]: on the master stage; prints the participant.
publish() {
	emulator POST publish "$(jq -nc --arg a "$MASTER" --arg p "${1:-}" \
		'{stageArn: $a} + if $p == "" then {} else {participantId: $p} end')" |
		jq -r .participantId
}
unpublish() { emulator POST unpublish "{\"stageArn\":\"$MASTER\",\"participantId\":\"$1\"}" >/dev/null; }
disconnect() { emulator POST disconnect "{\"stageArn\":\"$MASTER\",\"participantId\":\"$1\"}" >/dev/null; }
is_live() { [ "$(redis_c get "${P}publisher:status")" = "${1:-live}" ]; }

stage_arns() { redis_c hkeys "${P}stages"; }
further_stages() { stage_arns | grep -vcF "$MASTER"; }
entry() { redis_c hget "${P}stages" "$1" | jq -r "$2"; } # ARN JQ
# Stages of ours in AWS, as the emulator has them.
aws_stages() { jq '.stages | length' "$SUITE_DIR/emulator.json"; }
active_replicas() { # [PARTICIPANT]: how many AWS has
	emulator GET replicas | jq --arg p "${1:-}" \
		'[.. | objects | select(.replicationState? == "ACTIVE" and ($p == "" or .participantId == $p))] | length'
}
# viewers FROM TO: token requests, one line each.
viewers() { seq -f "POST /api/token/viewer {\"userId\":\"v%.0f\"}" "$1" "$2"; }
# One line for each ARN: arn seats. All in one instant.
seats_now() {
	redis_c eval "local out = {}
		for _, arn in ipairs(redis.call('HKEYS', KEYS[1] .. 'stages')) do
			out[#out + 1] = arn .. ' ' .. redis.call('ZCARD', KEYS[1] .. 'viewer:heartbeat:' .. arn)
		end
		return out" 1 "$P"
}
calls_of() { emulator GET calls | jq -r "$1"; }
throttled() { calls_of '[.throttled[]] | add'; }
all_calls() { calls_of '[del(.failed, .throttled)[], .failed[]] | add'; }
