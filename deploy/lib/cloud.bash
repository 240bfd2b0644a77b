# AWS as the private stack sees it: the emulator, or what was given from outside,
# and the master stage in it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables come from deploy/stack

emulator_port() { sed -n 's/^port \([0-9][0-9]*\)$/\1/p' "$DIR/emulator.out"; }
emulator_listens() { [[ -n $(emulator_port) ]]; }

spawn_emulator() { # PORT
	local -a more
	read -ra more <<<"${EMULATOR_OPTIONS:-}"
	: >"$DIR/emulator.out"
	SPAWN_STDOUT=$DIR/emulator.out spawn emulator "$BUILD_DIR/tests/tools/ivs_emulator" \
		--port "$1" --state "$DIR/emulator.json" --log "$DIR/log/emulator.calls.log" \
		--region "$AWS_REGION" --account "$AWS_ACCOUNT_ID" \
		"${more[@]}"
}

# The port of last time, if nobody else has it now: DIR/env stays true.
start_emulator() {
	local port
	port=$(kept emulator_port) || port=0
	spawn_emulator "$port"
	if ! wait_for emulator 20 emulator_listens; then
		((port)) || die_of emulator
		spawn_emulator 0
		wait_for emulator 20 emulator_listens || die_of emulator
	fi
	port=$(emulator_port)
	keep emulator_port "$port"
}

emulator_url() { echo "http://127.0.0.1:$(kept emulator_port)"; }

# ivs OPERATION BODY: one signed call; prints the answer. The key goes in by
# stdin, for arguments are in the process list. curl 7.88 signs headers that it
# is told to leave out, so none is; and it signs Content-Type only if given.
ivs() (
	url=${AWS_ENDPOINT_URL_IVS_REALTIME:-$AWS_ENDPOINT_URL}
	ask_settings AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	{
		echo "user = \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""
		[[ -z ${AWS_SESSION_TOKEN:-} ]] ||
			echo "header = \"X-Amz-Security-Token: $AWS_SESSION_TOKEN\""
	} | curl -sS --fail-with-body --max-time 10 -K - \
		--aws-sigv4 "aws:amz:$AWS_REGION:ivs" -H 'Content-Type: application/json' \
		--data-binary "$2" "${url%/}/$1"
)

find_stage() { # NAME: prints its ARN, if there is one
	local body='{"maxResults":100}' answer token
	while :; do
		answer=$(ivs ListStages "$body") || return 2
		jq -er --arg n "$1" 'first(.stages[] | select(.name == $n) | .arn)' \
			<<<"$answer" && return
		token=$(jq -r '.nextToken // empty' <<<"$answer")
		[[ $token ]] || return 1
		body=$(jq -nc --arg t "$token" '{maxResults: 100, nextToken: $t}')
	done
}

# Sets MASTER_STAGE_ARN: given, or the stage <prefix>-master, made if need be.
find_or_create_master() {
	local name=${STAGE_NAME_PREFIX:-ivs-live}-master arn code=0
	given MASTER_STAGE_ARN && return
	arn=$(find_stage "$name") || code=$?
	if ((code == 1)); then
		arn=$(ivs CreateStage "$(jq -nc --arg n "$name" '{name: $n}')" |
			jq -er .stage.arn) || code=2
		((code == 2)) || code=0
	fi
	((code == 0)) || die "no master stage: ${arn:-the call failed};" \
		"give MASTER_STAGE_ARN, or the keys of an account that may create stages"
	export MASTER_STAGE_ARN=$arn
}
