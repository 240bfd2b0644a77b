# What every test file loads: requests, stores, waiting.
# shellcheck shell=bash disable=SC2034

# The stack that the environment names.
use_stack() {
	KEY=${API_SECRET_KEY%%,*}
	READ_KEY=$API_READ_KEYS
	MASTER=$MASTER_STAGE_ARN
	P=${REDIS_KEY_PREFIX:-ivs:prod:}
}
use_stack

# An id nobody else uses.
fresh() { printf '%s-%s-%s' "${1:-u}" "$$" "$RANDOM$RANDOM"; }

# call METHOD PATH [BODY] [CURL_ARGS...] -> $http_status $http_body $http_headers
# (no key is added; a BODY of - is none)
call() {
	local method=$1 path=$2 body=${3:--} out
	shift $(($# < 3 ? $# : 3))
	local -a args=(-sS --path-as-is -X "$method" -D "$BATS_TEST_TMPDIR/headers" --max-time 30)
	[ "$method" != HEAD ] || args=(-sS --path-as-is --head -D "$BATS_TEST_TMPDIR/headers" --max-time 30)
	[ "$body" = - ] || args+=(-H 'Content-Type: application/json' --data-binary "$body")
	out=$(curl "${args[@]}" "$@" -w '\n%{http_code}' "$BASE_URL$path")
	http_status=${out##*$'\n'}
	http_body=${out%$'\n'*}
	http_headers=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers")
	keep_answer "$method" "$path" "$*"
}
# For 99-end.bats: what clients were told, and the tokens that some calls are there to hand out.
keep_answer() { # METHOD PATH [CURL_ARGS]
	local rest=$http_body
	if ! hands_out_tokens "$2" "${3:-}"; then
		printf '%s %s\n%s\n\n%s\n' "$1" "${2%%\?*}" "$http_headers" "$http_body" >>"$SUITE_DIR/answers"
		return
	fi
	while [[ $rest =~ \"[a-zA-Z]*[tT]oken\":\"([^\"]+)\"(.*) ]]; do
		printf '%s\n' "${BASH_REMATCH[1]}" >>"$SUITE_DIR/handed-out"
		rest=${BASH_REMATCH[2]}
	done
}
# A rejoin gives a session token to a page that comes with one, and none to an API key.
hands_out_tokens() { # PATH CURL_ARGS
	[[ $http_status == 200 && ($1 == /api/token/* ||
		$1 == /api/viewer/rejoin && $2 == *'Authorization: Bearer v1.'*) ]]
}
# A call with an API key.
api() {
	local method=$1 path=$2 body=${3:--}
	shift $(($# < 3 ? $# : 3))
	call "$method" "$path" "$body" -H "x-api-key: $KEY" "$@"
}
json() { jq -r "$1" <<<"$http_body"; }
header() { sed -n "s/^$1: //Ip" <<<"$http_headers" | tail -n 1; }

# One plain CGI call of a program, with settings of its own:
#   cgi PROGRAM METHOD PATH BODY [NAME=VALUE...]
cgi() {
	local program=$1 method=$2 path=$3 body=$4 out
	shift 4
	out=$(printf '%s' "$body" | env REQUEST_METHOD="$method" REQUEST_URI="$path" \
		CONTENT_LENGTH="${#body}" REMOTE_ADDR=127.0.0.1 HTTP_X_API_KEY="$KEY" \
		GATEWAY_INTERFACE=CGI/1.1 "$@" "$BUILD_DIR/fcgi/$program" 2>>"$SUITE_DIR/log/cgi.log")
	out=$(tr -d '\r' <<<"$out")
	http_headers=${out%%$'\n\n'*}
	http_body=${out#*$'\n\n'}
	http_status=$(sed -n 's/^Status: //p' <<<"$http_headers")
	keep_answer "$method" "$path"
}

# own_show PREFIX: a prefix of a test's own, with the state of a show that has just begun and that
# shares its PostgreSQL with others.
own_show() { new_show "$1" redis_c; }
# new_show PREFIX REDIS_CLI...: the same in the Redis that the command asks. It counts as compared.
new_show() {
	"${@:2}" mset "$1epoch" 1 "$1records:written" 9999999999999-0 "$1compared" "$(run_id "${@:2}") 1" >/dev/null
}
run_id() { "$@" info server | tr -d '\r' | sed -n 's/^run_id://p'; } # REDIS_CLI...
# The text of a script of common/lua, with what it includes.
whole_script() { # NAME
	local line
	local name
	while IFS= read -r line; do
		case $line in
		--@include*) for name in ${line#--@include}; do cat "$PROJECT_ROOT/common/lua/lib/$name.lua"; done ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$PROJECT_ROOT/common/lua/$1.lua"
}
# The SHA-1 of a script of ours; and, one a line, those of what workers say without being asked.
sha_of() { # NAME
	sed -n "/\[SCRIPT_${1^^}\] = {/,/^	    , \"/p" "$PROJECT_ROOT/build/include/gen/scripts.c" |
		sed -n 's/^	    , "\([0-9a-f]\{40\}\)".*/\1/p'
}
unasked_scripts() { local name; for name in metrics_add keys_read keys_used pulse records_look; do sha_of "$name"; done; }
# begin_monitor [SECONDS]: what Redis is asked from here on is in $monitor; it ends by itself.
begin_monitor() {
	monitor=$BATS_TEST_TMPDIR/monitor
	timeout "${1:-30}" redis-cli -s "$STACK_REDIS" monitor >"$monitor" 3>&- &
	monitor_pid=$!
	wait_until 5 grep -q OK "$monitor"
}
end_monitor() { # all up to here is in the file
	redis_c echo "the end" >/dev/null
	wait_until 5 grep -q 'the end' "$monitor"
	kill "$monitor_pid"
}
# The calls of clients in it: what a script asks has "lua" for an address. Without those that workers
# make unasked, of any process at any moment.
trips() {
	local unasked
	unasked=$(unasked_scripts)
	[ "$unasked" ] || return 1
	grep -v ' lua\]' "$monitor" | grep -vE '^OK|the end|"AUTH" "\(redacted\)"|\] "(PING|ping)"$' | grep -vF "$unasked"
}
# As an administrator, straight to the stores, whatever lies between them and the programs.
redis_c() { redis-cli -s "$STACK_REDIS" "$@"; }
psql_c() { psql -X -q -h "$STACK_PG" -p "${STACK_PG_PORT:-5432}" -U "$DB_USER" "$@" "$DB_NAME"; } # OPTIONS...
psql_q() { psql_c -A -t -c "$1"; }
table_locked() { # TABLE MODE
	[ "$(psql_q "SELECT count(*) FROM pg_locks WHERE granted AND relation = '$1'::regclass
		AND mode = replace(initcap('$2'), ' ', '') || 'Lock'")" = 1 ]
}
# lock_table TABLE MODE: until the descriptor in $lock is closed.
lock_table() {
	exec {lock}> >(psql_c 3>&- >/dev/null)
	echo "BEGIN; LOCK TABLE $1 IN $2 MODE;" >&"$lock"
	wait_until 10 table_locked "$1" "$2"
}
postgres_answers() { pg_isready -q -h "$STACK_PG" -p "${STACK_PG_PORT:-5432}"; }

now_us() { echo "${EPOCHREALTIME//[!0-9]/}"; }
# wait_until SECONDS COMMAND...: true as soon as the command is.
wait_until() {
	local end=$((${EPOCHREALTIME//[!0-9]/} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME//[!0-9]/} < end)) || { echo "not within time: $*" >&2; return 1; }
		sleep 0.1
	done
}

go_live() { api PUT /api/stats/publisher '{"isPublisherLive":true}'; }
go_offline() { api PUT /api/stats/publisher '{"isPublisherLive":false}'; }
forget_publisher() {
	redis_c del "${P}publisher:status" "${P}publisher:info" "${P}publisher:why" "${P}publisher:seen" \
		"${P}publisher:checked" >/dev/null
}

# The worker (child) of a program's supervisor.
worker_of() {
	local name=PID_${1^^}
	# shellcheck source=/dev/null
	(. "$SUITE_DIR/env"; pgrep -P "${!name}" | head -n 1)
}
# load_requests CONCURRENCY < lines -> "STATUS NUMBER MICROSECONDS" lines
load_requests() { "$BUILD_DIR/tests/tools/load" "$BASE_URL" "$1" -H "x-api-key: $KEY"; }
count_status() { awk -v s="$1" '$1 == s { n++ } END { print n + 0 }'; }
emulator() { # METHOD PATH [BODY]
	curl -sS -X "$1" ${3:+-d "$3"} "$AWS_ENDPOINT_URL/_emulator/$2"
}
fault() { emulator POST faults "$1" >/dev/null; }
# A call by our AWS client -> $http_body: what it makes of the answer.
aws() { http_body=$("$BUILD_DIR/tests/tools/aws_call" "$@") || true; } # OPERATION ARGS...
# A call by somebody else with our keys, as from the console of AWS.
console() { # OPERATION BODY
	curl -sS --aws-sigv4 "aws:amz:$AWS_REGION:ivs" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN" -H 'Content-Type: application/json' \
		-d "$2" "$AWS_ENDPOINT_URL/$1"
}
new_pem() { openssl ecparam -name "${1:-secp384r1}" -genkey -noout | openssl ec -pubout 2>/dev/null; }

assert_status() {
	[ "$http_status" = "$1" ] || {
		echo "status $http_status, wanted $1; body: $http_body" >&2
		return 1
	}
}
assert_error() { # STATUS CODE
	assert_status "$1" || return 1
	# As our programs write it; jq, which is slow to start, when it comes in another order.
	[[ $http_body != '{"success":false,"error":{"code":"'$2'",'* ]] || return 0
	[ "$(json '"\(.success) \(.error.code)"')" = "false $2" ] || {
		echo "wanted $1 $2; got $http_status $http_body" >&2
		return 1
	}
}
equals() { # GOT WANTED
	[ "$1" = "$2" ] || {
		printf 'got    %s\nwanted %s\nlast answer: %s %s\n' "$1" "$2" "$http_status" "$http_body" >&2
		return 1
	}
}
matches() { # GOT REGEX
	[[ $1 =~ $2 ]] || {
		printf 'got    %s\nwanted %s\nlast answer: %s %s\n' "$1" "$2" "$http_status" "$http_body" >&2
		return 1
	}
}
# The answer says that a dependency (redis, postgres) is away, and when to come again.
assert_away() { # NAME
	assert_error 503 SERVICE_UNAVAILABLE || return 1
	equals "$(json .error.details.dependency) $(header Retry-After)" "$1 1"
}
# obj NAME VALUE...: a JSON object of strings, whatever is in them.
obj() { jq -nc '[$ARGS.positional | _nwise(2) | {key: .[0], value: .[1]}] | from_entries' --args "$@"; }
uri() { jq -rn --arg s "$1" '$s | @uri'; }

# A client's address nobody else uses (RFC 2544), and requests as from there:
#   as_client ADDRESS CONCURRENCY [LOAD_ARGS...] < lines
fresh_ip() { printf '198.%s.%s.%s' $((18 + RANDOM % 2)) $((RANDOM % 256)) $((1 + RANDOM % 254)); }
# The key of Redis in which the calls of a client are counted: rate_key ADDRESS [beat]
rate_key() {
	printf '%srate:%s:%s' "$P" "${2:-api}" "$(printf 'rate limit:%s' "$1" |
		openssl dgst -sha256 -mac HMAC -macopt "key:${SESSION_SECRET%%,*}" -binary | head -c 12 | base64 | tr +/ -_)"
}
as_client() {
	"$BUILD_DIR/tests/tools/load" "$BASE_URL" "$2" -H "X-Forwarded-For: $1" "${@:3}"
}
# repeat NUMBER LINE (a loop would be slow: Bats traps each command)
repeat() { yes "$2" | head -n "$1"; }

# rows USER COLUMNS: what PostgreSQL has of a user (a plain id), oldest first, all records written.
rows() {
	local status=$http_status body=$http_body headers=$http_headers
	api GET "/api/viewer/history/$1"
	assert_status 200 || return 1
	http_status=$status http_body=$body http_headers=$headers
	psql_q "SELECT $2 FROM (SELECT * FROM viewer_sessions WHERE user_id = '$1' ORDER BY id) s"
}

# written [SECONDS]: the programs have written all there is to PostgreSQL. A record leaves the stream
# after the commit. A test that runs cron/records instead meets the lock of the program that writes.
written() { wait_until "${1:-10}" no_records; }
no_records() { [ "$(redis_c xlen "${P}records")" = 0 ]; }
# Records stay in the stream until release_records, as if another writer were at work; 9 s at most.
hold_records() { redis_c set "${P}lock:records" test PX 9000 >/dev/null; }
release_records() { redis_c del "${P}lock:records" >/dev/null; }

# The pid of a service of the stack now (a restart changes it), and all its processes.
pid_of() { sed -n "s/^PID_${1^^}=//p" "$SUITE_DIR/env"; }
stop_postgres() { # at once, as a crash would
	kill -QUIT "$(pid_of postgres)"
	wait_until 10 postgres_away
}
postgres_away() { ! postgres_answers; }
postgres_back() {
	! postgres_away ||
		"$PROJECT_ROOT/deploy/stack" restart postgres "$SUITE_DIR" 3>&- >/dev/null
}
is_gone() { ! kill -0 "$1" 2>/dev/null; } # PID
processes_of() { pid_of "$1"; pgrep -P "$(pid_of "$1")"; }
# The parent is stopped first: then no child begins, and one that ends stays known, until thaw.
freeze() {
	kill -STOP "$(pid_of "$1")"
	pgrep -P "$(pid_of "$1")" | xargs -r kill -STOP
}
thaw() {
	pgrep -P "$(pid_of "$1")" | xargs -r kill -CONT 2>/dev/null || true
	kill -CONT "$(pid_of "$1")"
}
status_of() { # METHOD PATH [CURL_ARGS...]
	curl -s -o /dev/null -w '%{http_code}' --max-time 5 -X "$1" -H "x-api-key: $KEY" "${@:3}" "$BASE_URL$2"
}
answers() { [ "$(status_of "$1" "$2")" = "$3" ]; } # METHOD PATH STATUS
# Each program has noticed that Redis and PostgreSQL are back.
all_well() {
	local user
	user=$(fresh well)
	[ "$(curl -s --max-time 5 "$BASE_URL/health" | jq -r .data.status)" = healthy ] &&
		answers GET /api/stats 200 && answers GET /api/stage/list 200 &&
		answers GET "/api/viewer/history/$user" 200 &&
		api POST /api/token/viewer "{\"userId\":\"$user\"}" && [ "$http_status" != 503 ] &&
		leave "$user" "$MASTER"
}

load lib/stages
