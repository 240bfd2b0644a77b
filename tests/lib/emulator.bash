# An AWS emulator of one's own, besides the one of the stack, so that its clocks and quotas may be
# moved: for a file (in setup_file and teardown_file) or for each test (in setup and teardown).
# Needs lib/common.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # set here for the tests, or by them for us

# own_emulator DIR [OPTIONS...] -> $AWS, its address; $own, its files state, log, out and err;
# $own_pid. The keys are those of the suite.
own_emulator() {
	export own=$1 own_pid AWS
	mkdir -p "$own"
	: >"$own/out"
	"$BUILD_DIR/tests/tools/ivs_emulator" --port 0 --state "$own/state" --log "$own/log" \
		--region "$AWS_REGION" --account "$AWS_ACCOUNT_ID" "${@:2}" >"$own/out" 2>"$own/err" 3>&- &
	own_pid=$!
	echo "$own_pid" >"$own/pid"
	wait_until 10 grep -q '^port ' "$own/out" || return 1
	AWS=http://127.0.0.1:$(sed -n 's/^port //p' "$own/out")
}
# It must end well: under a sanitizer that is when leaks are told.
end_emulator() {
	local pid
	pid=$(<"$own/pid")
	kill "$pid"
	wait_until 10 is_gone "$pid"
	[ ! -s "$own/err" ] || { cat "$own/err" >&2; return 1; }
}
# Its control plane, printed; or -> $http_status $http_body.
own() { # METHOD PAGE [BODY]
	curl -sS --max-time 10 -X "$1" ${3:+--data-binary "$3"} "$AWS/_emulator/$2"
}
control() { # METHOD PAGE [BODY]
	local out
	out=$(curl -sS --max-time 10 -X "$1" ${3:+--data-binary "$3"} -w '\n%{http_code}' \
		"$AWS/_emulator/$2")
	http_status=${out##*$'\n'}
	http_body=${out%$'\n'*}
}

# signed SERVICE PATHS BODY [ID SECRET TOKEN [CURL_ARGS...]] -> $http_status $http_body $http_headers
# By the credentials of the suite unless others are named; a TOKEN of - is none. With several
# PATHS, divided by spaces, a call to each, and $http_body is "BODY STATUS" lines before the last.
signed() {
	local service=$1 body=$3 id=${4:-$AWS_ACCESS_KEY_ID} secret=${5:-$AWS_SECRET_ACCESS_KEY}
	local token=${6:-$AWS_SESSION_TOKEN} out
	local -a urls args=(-sS -D "$BATS_TEST_TMPDIR/headers" --max-time 30)
	read -ra urls <<<"$2"
	shift $(($# < 6 ? $# : 6))
	[ "$token" = - ] || args+=(-H "X-Amz-Security-Token: $token")
	case $service in
	ivs) args+=(-H 'Content-Type: application/json') ;;
	monitoring) args+=(-H 'Content-Type: application/x-amz-json-1.0'
		-H 'X-Amz-Target: GraniteServiceVersion20100801.PutMetricData') ;;
	esac
	out=$(curl "${args[@]}" "$@" --aws-sigv4 "aws:amz:$AWS_REGION:$service" \
		--user "$id:$secret" --data-binary "$body" -w ' %{http_code}\n' "${urls[@]/#/$AWS}")
	http_status=${out##* }
	http_body=${out% *}
	http_headers=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers")
}
# The error of a call: STATUS TYPE
assert_refused() {
	equals "$http_status $(header x-amzn-ErrorType)" "$1 $2"
}

# ---- IVS ----

call_ivs() { signed ivs "/$1" "$2"; } # OPERATION BODY
# The same, which must go well.
good() {
	call_ivs "$@"
	assert_status 200
}
# refused STATUS TYPE OPERATION BODY
refused() {
	call_ivs "$3" "$4"
	assert_refused "$1" "$2"
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
