# An AWS emulator for one test, besides the one of the stack.
# shellcheck shell=bash disable=SC2034

# own_emulator [OPTIONS...] -> $AWS, its address. The keys are those of the suite.
own_emulator() {
	own=$(mktemp -d /tmp/ivs-own.XXXXXX)
	"$BUILD_DIR/tests/tools/ivs_emulator" --port 0 --state "$own/state" --log "$own/log" \
		"$@" >"$own/out" 2>"$own/err" 3>&- &
	own_pid=$!
	wait_until 5 test -s "$own/out" || return 1
	AWS=http://127.0.0.1:$(sed 's/^port //' "$own/out")
}
# It must end well: under a sanitizer that is when leaks are told.
end_emulator() {
	[ -n "${own_pid:-}" ] || return 0
	kill "$own_pid"
	wait "$own_pid" || { cat "$own/err" >&2; return 1; }
	rm -rf "$own"
}
own() { # METHOD PATH [BODY]
	curl -sS -X "$1" ${3:+-d "$3"} "$AWS/_emulator/$2"
}

# A signed call -> $http_status $http_body $http_headers:
#   signed SERVICE PATH BODY [ID SECRET TOKEN [CURL_ARGS...]]
# (by the credentials of the suite unless others are named; a TOKEN of - is none)
signed() {
	local service=$1 path=$2 body=$3 id=${4:-$AWS_ACCESS_KEY_ID} secret=${5:-$AWS_SECRET_ACCESS_KEY}
	local token=${6:-$AWS_SESSION_TOKEN} out
	local -a args=(-sS -D "$BATS_TEST_TMPDIR/headers" --max-time 30)
	shift $(($# < 6 ? $# : 6))
	[ "$token" = - ] || args+=(-H "X-Amz-Security-Token: $token")
	case $service in
	ivs) args+=(-H 'Content-Type: application/json') ;;
	monitoring) args+=(-H 'Content-Type: application/x-amz-json-1.0'
		-H 'X-Amz-Target: GraniteServiceVersion20100801.PutMetricData') ;;
	esac
	out=$(curl "${args[@]}" "$@" --aws-sigv4 "aws:amz:$AWS_REGION:$service" \
		--user "$id:$secret" --data-binary "$body" -w '\n%{http_code}' "$AWS$path")
	http_status=${out##*$'\n'}
	http_body=${out%$'\n'*}
	http_headers=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers")
}
