# Stages and who sits there: made, looked at, put away again. A part of lib/common.
# shellcheck shell=bash disable=SC2034,SC2154

# new_stage NAME [MAX_VIEWERS]: a stage of ours with a picture, known to AWS; prints its ARN.
new_stage() {
	local arn
	arn=$(console CreateStage "{\"name\":\"$1\"}" | jq -r .stage.arn)
	register "$arn" "$1" "${2:-50}"
}
# a_stage [ID [MAX_VIEWERS]]: the same, and AWS is never asked about it.
a_stage() {
	local id=${1:-T$RANDOM$RANDOM$RANDOM}
	register "arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/$id" "$id" "${2:-50}"
}
register() { # ARN NAME MAX_VIEWERS
	redis_c hset "${P}stages" "$1" "{\"name\":\"$2\",\"picture\":true,\"maxViewers\":$3}" >/dev/null
	printf '%s' "$1"
}
# How many stages of this name there are in AWS.
in_aws() { console ListStages '{"maxResults":100}' | jq "[.stages[] | select(.name == \"$1\")] | length"; }

# seat USER ARN [PARTICIPANT]: by rejoin, which needs no token.
seat() {
	api POST /api/viewer/rejoin \
		"{\"userId\":\"$1\",\"stageArn\":\"$2\",\"participantId\":\"${3:-p1}\"}"
}
beat() { api POST /api/viewer/heartbeat "{\"userId\":\"$1\",\"stageArn\":\"$2\"}"; }
leave() { api POST /api/viewer/leave "{\"userId\":\"$1\",\"stageArn\":\"$2\"}"; }
# make_silent USER ARN SECONDS: as if his last heartbeat were that long ago.
make_silent() {
	local now
	now=$(redis_c time | head -n 1)
	redis_c zadd "${P}viewer:heartbeat:$2" "$(((now - $3) * 1000))" "$1" >/dev/null
}
seats() { redis_c zcard "${P}viewer:heartbeat:$1"; }
# old_seat USER ARN JOINED_S SILENT_S [PARTICIPANT]: seated that long ago, silent for so long.
old_seat() {
	local now sid
	now=$(($(redis_c time | head -n 1) * 1000)) sid=$(</proc/sys/kernel/random/uuid)
	redis_c zadd "${P}viewer:heartbeat:$2" $((now - $4 * 1000)) "$1" >/dev/null
	redis_c hset "${P}viewer:session:$2" "$1" "$sid $((now - $3 * 1000)) ${5:-p1}" >/dev/null
	redis_c hset "${P}viewer:stage" "$1" "$2" >/dev/null
}

# From here on there are only the stages that a test makes, the master besides. In teardown:
# put_stages_back, with remove_stages before it if some are in AWS.
set_stages_aside() { redis_c rename "${P}stages" stages-aside >/dev/null 2>&1 || true; }
put_stages_back() {
	[ "$(redis_c exists stages-aside)" = 0 ] && return
	redis_c rename stages-aside "${P}stages" >/dev/null
}
remove_stages() {
	local arn
	for arn in $(redis_c hkeys "${P}stages" | grep -vxF "$MASTER"); do
		redis_c del "${P}viewer:heartbeat:$arn" "${P}viewer:session:$arn" >/dev/null
		api DELETE "/api/stage/$arn"
		matches "$http_status" '^(200|404)$' || return 1
	done
}

# Nobody sits anywhere, and the demand they made is forgotten.
empty_show() {
	redis_c eval "for _, name in ipairs({'viewer:heartbeat:*', 'viewer:session:*'}) do
			for _, key in ipairs(redis.call('KEYS', KEYS[1] .. name)) do redis.call('DEL', key) end
		end
		return redis.call('DEL', KEYS[1] .. 'viewer:stage')" 1 "$P" >/dev/null
	no_demand
}
# As if nobody had come for a while.
no_demand() {
	redis_c eval "for _, key in ipairs(redis.call('KEYS', KEYS[1] .. 'joins:*')) do redis.call('DEL', key) end
		return redis.call('DEL', KEYS[1] .. 'refused', KEYS[1] .. 'keeper:rest')" 1 "$P" >/dev/null
}

# A file leaves the show as it found it: no viewers, and in the registry what was there. (A file
# with a stack of its own has its own setup_file and teardown_file.)
registry() { { redis_c hkeys "${P}stages"; echo "$MASTER"; } | sort -u; }
remember_show() { registry >"$BATS_FILE_TMPDIR/registry"; }
setup_file() { remember_show; }
teardown_file() {
	local arn
	empty_show
	registry | comm -13 "$BATS_FILE_TMPDIR/registry" - | while read -r arn; do
		redis_c hdel "${P}stages" "$arn"
		emulator DELETE "stages/${arn##*/}"
	done >/dev/null
}

# unheard_order KEY: the stage "unheard" is made at AWS, and nobody hears of it.
unheard_order() {
	fault '{"operation":"CreateStage","action":"effect-then-drop"}'
	fault '{"operation":"ListStages","type":"AccessDeniedException"}'
	api POST /api/stage '{"name":"unheard"}' -H "Idempotency-Key: $1"
	assert_error 503 SERVICE_UNAVAILABLE
}
