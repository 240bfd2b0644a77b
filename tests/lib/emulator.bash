# An emulator of a test file's own: $EMU is the beginning of the names of its files. Needs
# lib/common.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # set here for the tests, or by them for us

emu_url() { echo "http://127.0.0.1:$(sed -n 's/^port //p' "$EMU.out")"; }
has_port() { grep -q '^port ' "$EMU.out"; }
start_emulator() {
	: >"$EMU.out"
	"$BUILD_DIR/tests/tools/ivs_emulator" --port 0 --state "$EMU.json" --log "$EMU.log" \
		--region "$AWS_REGION" --account "$AWS_ACCOUNT_ID" --auto-publish 200 \
		>"$EMU.out" 2>"$EMU.err" 3>&- &
	echo $! >"$EMU.pid"
	wait_until 10 has_port
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }
stop_emulator() {
	local pid
	pid=$(<"$EMU.pid")
	kill "$pid"
	wait_until 10 is_gone "$pid"
	[ ! -s "$EMU.err" ] || { cat "$EMU.err" >&2; return 1; }
}

# aws OPERATION BODY -> $http_status $http_body $http_headers
aws() {
	local out
	out=$(curl -sS --max-time 10 --aws-sigv4 "aws:amz:$AWS_REGION:ivs" \
		-K <(printf 'user = "%s:%s"\nheader = "X-Amz-Security-Token: %s"\n' \
			"$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN") \
		-H 'Content-Type: application/json' -D "$BATS_TEST_TMPDIR/headers" \
		--data-binary "$2" -w '\n%{http_code}' "$EMU_URL/$1")
	http_status=${out##*$'\n'}
	http_body=${out%$'\n'*}
	http_headers=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers")
}
# The same, which must go well.
good() {
	aws "$@"
	assert_status 200
}
# refused STATUS TYPE OPERATION BODY
refused() {
	aws "$3" "$4"
	equals "$http_status $(header x-amzn-ErrorType)" "$1 $2"
}
# control METHOD PAGE [BODY] -> the same
control() {
	local out
	out=$(curl -sS --max-time 10 -X "$1" ${3:+--data-binary "$3"} -w '\n%{http_code}' \
		"$EMU_URL/_emulator/$2")
	http_status=${out##*$'\n'}
	http_body=${out%$'\n'*}
}
stage() { # [NAME]: sets $arn
	good CreateStage "$(obj name "${1:-demo}")"
	arn=$(json .stage.arn)
}
# publish ARN [ID] [USER]: sets $who and $session
publish() {
	control POST publish "$(obj stageArn "$1" ${2:+participantId "$2"} ${3:+userId "$3"})"
	assert_status 200 || return 1
	who=$(json .participantId) session=$(json .sessionId)
}
person() { obj stageArn "$1" participantId "$2"; } # ARN ID
seat_of() { obj stageArn "$1" sessionId "$2" participantId "$3"; } # ARN SESSION ID
link() { obj sourceStageArn "$1" destinationStageArn "$2" participantId "$3"; } # FROM TO ID
# replicate FROM TO ID [WINDOW_S]
replicate() {
	good StartParticipantReplication \
		"$(jq -c --argjson w "${4:-0}" '. + {reconnectWindowSeconds: $w}' <<<"$(link "$1" "$2" "$3")")"
}
events() { # ARN SESSION ID
	good ListParticipantEvents "$(seat_of "$@")" && json '[.events[].name] | join(" ")'
}
active_session() { good GetStage "$(obj arn "$1")" && json '.stage.activeSessionId // "none"'; }
has_no_session() { [ "$(active_session "$1")" = none ]; }
replica_states() { # FROM ID
	good ListParticipantReplicas "$(obj sourceStageArn "$1" participantId "$2")" &&
		json '[.replicas[].replicationState] | join(" ")'
}
replicas_are() { [ "$(replica_states "$1" "$2")" = "$3" ]; }
# A PEM begins with a hyphen, which makes it an option to jq unless it comes by --arg.
key_body() { jq -nc --arg k "$1" '{name: "a-key", publicKeyMaterial: $k}'; } # PEM
new_key() { openssl ecparam -name "${1:-secp384r1}" -genkey -noout | openssl ec -pubout 2>/dev/null; }
