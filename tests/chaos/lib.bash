# What every case begins with: a stack of its own, a crowd of viewers, faults, and figures that are
# judged. A case is a program: it prints a line a figure and ends with 0 when all hold.
#
#   CHAOS_SIZE=quick   small numbers, for `make test`
#   SUITE_DIR          where the case makes its folder (else in /tmp, removed at the end)
# shellcheck shell=bash disable=SC2034,SC2154

set -eE
PROJECT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export PROJECT_ROOT BUILD_DIR=${BUILD_DIR:-$PROJECT_ROOT/build/release}
# shellcheck source=deploy/lib/redis.bash
. "$PROJECT_ROOT/deploy/lib/redis.bash"
use_store "$PROJECT_ROOT/build/valkey"
# The cases put things of their own between programs and stores.
unset STACK_THROUGH
export CRON=off API_PORT=0 AWS_SESSION_TOKEN=${AWS_SESSION_TOKEN:-of-the-chaos-suite}
own_dir=
if [[ ! ${SUITE_DIR:-} ]]; then
	own_dir=$(mktemp -d /tmp/ivs-chaos.XXXXXX)
	chmod 711 "$own_dir"
	export SUITE_DIR=$own_dir
fi
CASE=$(mktemp -d "$SUITE_DIR/case.XXXXXX")
export BATS_TEST_TMPDIR=$CASE
chmod 711 "$CASE"

# The pieces the Bats files use, here without Bats.
load() {
	# shellcheck source=/dev/null
	. "$PROJECT_ROOT/tests/$1.bash"
}
load lib/common
load lib/show

# ---- the case and its figures ----

started=$SECONDS good=0 bad=0 finished='' at_end=() background=()

title() { # ID TEXT SIZES: what is broken; which numbers are smaller than the document's
	ID=$1
	printf '%s  %s\n' "$1" "$2"
	[[ ${CHAOS_SIZE:-} != quick ]] || printf '       (quick: smaller still)\n'
	[[ ! ${3:-} ]] || printf '       %s\n' "$3"
}
# size FULL QUICK: the number for this run.
size() { if [[ ${CHAOS_SIZE:-} == quick ]]; then echo "$2"; else echo "$1"; fi; }

figure() { # WELL NAME VALUE DEMAND
	local word=ok
	if [[ $1 == 1 ]]; then good=$((good + 1)); else bad=$((bad + 1)) word=FAIL; fi
	printf '  %-4s %-64s %14s   %s\n' "$word" "$2" "$3" "$4"
}
is() { figure "$([[ $2 == "$3" ]] && echo 1)" "$1" "$2" "= $3"; }                # NAME GOT WANTED
compare() { awk -v a="$1" -v b="$2" "BEGIN { exit !(a != \"\" && a + 0 $3 b + 0) }"; }
# NAME GOT LIMIT [NOTE]; got may be a fraction. Times get generous limits: the note has the document's.
most() { figure "$(compare "$2" "$3" '<=' && echo 1)" "$1" "$2" "<= $3${4:+ ($4)}"; }
least() { figure "$(compare "$2" "$3" '>=' && echo 1)" "$1" "$2" ">= $3${4:+ ($4)}"; }
told() { printf '       %-64s %14s   %s\n' "$1" "$2" "${3:-}"; } # NAME VALUE [NOTE]: not judged

finish() {
	finished=1
	((good + bad > 0)) || bad=1
	printf '%s  %s: %d figures hold, %d do not; %d s\n' "$ID" \
		"$( ((bad == 0)) && echo passed || echo FAILED)" "$good" "$bad" $((SECONDS - started))
	[[ $bad == 0 ]] || exit 1
}

broken() { # LINE COMMAND
	# What a function in a condition or a substitution meets is its caller's business.
	((BASH_SUBSHELL == 0)) || return 0
	printf '  FAIL line %s: %s (last answer: %s %.300s)\n' "$1" "$2" "${http_status:-}" "${http_body:-}"
}
trap 'broken "$LINENO" "$BASH_COMMAND"' ERR

end_case() {
	local status=$? pid
	trap - ERR EXIT
	trap '' INT TERM
	set +e
	for pid in "${background[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	for command in "${at_end[@]}"; do eval "$command"; done
	[[ ! -e $SUITE_DIR/stack ]] || STOP_SECONDS=10 show_down
	if [[ ! $finished ]]; then
		printf '%s  FAILED: it did not come to its end; %d s\n' "${ID:-case}" $((SECONDS - started))
		[[ $status != 0 ]] || status=1
	fi
	[[ ! $own_dir || ${KEEP_SUITE:-} ]] || rm -rf "$own_dir"
	exit "$status"
}
trap end_case EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# since MICROSECONDS: seconds from then to now, with three places.
since() { awk -v a="$1" -v b="$(now_us)" 'BEGIN { printf "%.3f", (b - a) / 1e6 }'; }
# seconds_until LIMIT COMMAND...: how long it took to be true; the limit and some when it was not.
seconds_until() {
	local start limit=$1
	start=$(now_us)
	shift
	until "$@"; do
		compare "$(since "$start")" "$limit" '<' || break
		sleep 0.05
	done
	since "$start"
}
# sleep_until MICROSECONDS SECONDS: till so many seconds after that instant.
sleep_until() { sleep "$(awk -v s="$(since "$1")" -v e="$2" 'BEGIN { print (e > s ? e - s : 0) }')"; }
aside() { # COMMAND...: in the background until the case ends
	"$@" 3>&- &
	background+=($!)
}

# ---- the show ----

# stack_up NAME=VALUE...: one stage for 25,000, four workers of a program, nobody scales by himself.
stack_up() {
	export FCGI_PROCESSES=4
	show_up AUTO_SCALE_ENABLED=false MAX_VIEWERS_PER_STAGE=25000 HEARTBEAT_TIMEOUT=60 "$@" \
		>"$CASE/up.log" 2>&1 || { cat "$CASE/up.log" && return 1; }
}
# Somebody publishes on the master stage, and the show knows.
live() {
	send_events
	publish >"$CASE/publisher"
	wait_until 10 is_live
}
# A signing key for local tokens, for stack_up.
local_tokens() {
	openssl ecparam -name secp384r1 -genkey -noout -out "$CASE/key.pem"
	chmod 600 "$CASE/key.pem"
	echo "IVS_SIGNING_KEY_FILE=$CASE/key.pem" \
		"IVS_SIGNING_KEY_ARN=arn:aws:ivs:${AWS_REGION:-us-east-1}:${AWS_ACCOUNT_ID:-123456789012}:public-key/f99cde61-c2b0-4df3-8941-ca7d38acca1a"
}
# So many are watching now, as anybody is told; "" when the answer is none.
watching() {
	curl -s --max-time 5 -H "x-api-key: $KEY" "$BASE_URL/api/stats" | jq -r '.data.totalViewers // empty'
}
is_watched_by() { [[ $(watching) == "$1" ]]; }
job() { "$BUILD_DIR/cron/$1" "${@:2}" >>"$SUITE_DIR/log/jobs.log" 2>&1; } # NAME ARGS...
# Jobs as cron runs them, here so often (the stack's own cron knows only minutes).
every() { # SECONDS JOB
	while sleep "$1"; do job "$2" || true; done
}
stream_length() { redis_c xlen "${P}records" 2>/dev/null || true; }
drained() { job records; no_records; }
restart() { "$PROJECT_ROOT/deploy/stack" restart "$1" "$SUITE_DIR" 3>&- >>"$CASE/up.log" 2>&1; }
kill_hard() { processes_of "$1" | xargs kill -KILL; } # SERVICE: it and its children

# ---- the crowd (tests/tools/crowd) ----

# crowd_begin ARGS...: begins one; say COMMAND... tells it what to do.
crowd_begin() {
	rm -f "$CASE/crowd.in"
	mkfifo "$CASE/crowd.in"
	: >"$CASE/crowd.out"
	"$BUILD_DIR/tests/tools/crowd" "$BASE_URL" -l "$CASE/acks" -o "$CASE/summary" "$@" \
		<"$CASE/crowd.in" >"$CASE/crowd.out" 3>&- &
	crowd=$!
	background+=("$crowd")
	exec {crowd_fd}>"$CASE/crowd.in"
	quiets=0
}
say() { echo "$*" >&"$crowd_fd"; }
was_quiet() { (($(wc -l <"$CASE/crowd.out") >= quiets)); }
# crowd_quiet SECONDS: all that was begun is answered; so many sit: $seated
crowd_quiet() {
	say wait
	quiets=$((quiets + 1))
	wait_until "$1" was_quiet
	seated=$(sed -n '$s/^quiet //p' "$CASE/crowd.out")
}
crowd_end() {
	say end
	exec {crowd_fd}>&-
	wait "$crowd"
}
# seen PHASE CALL MEMBER: of the summary (tests/tools/crowd/count.h), after crowd_end.
seen() { jq -r --arg p "$1" --arg c "$2" ".phases[\$p][\$c].$3 // 0" "$CASE/summary"; }
# All that came that was not success, as "503 SERVICE_UNAVAILABLE: 17, ..."; "nothing else"
failures() { # PHASE CALL
	jq -r --arg p "$1" --arg c "$2" '[.phases[$p][$c].statuses | to_entries[] |
		select(.key | startswith("2") | not) | "\(.key): \(.value)"] |
		if . == [] then "nothing else" else join(", ") end' "$CASE/summary"
}
latency() { # PHASE CALL: for people to read
	jq -r --arg p "$1" --arg c "$2" '.phases[$p][$c] |
		"\(.p50 * 10 | round / 10)/\(.p95 * 10 | round / 10)/\(.p99 * 10 | round / 10)/\(.max | round)"' \
		"$CASE/summary"
}
# In PostgreSQL, of those whose joining was acknowledged: who is missing; how many rows too many.
acknowledged() { awk '$1 == "join" { print $2 }' "$CASE/acks" | LC_ALL=C sort; }
compare_history() { # [USER_PREFIX]: $missing $twice
	psql_q "SELECT user_id FROM viewer_sessions WHERE user_id LIKE '${1:-crowd}-%'" | LC_ALL=C sort >"$CASE/rows"
	missing=$(acknowledged | LC_ALL=C comm -23 - <(uniq "$CASE/rows") | wc -l)
	twice=$(uniq -d "$CASE/rows" | wc -l)
}
ended_rows() { psql_q "SELECT count(*) FROM viewer_sessions WHERE left_at IS NOT NULL $*"; }

# ---- a bad network (tests/tools/netproxy) ----

# proxy_begin NAME LISTEN TARGET; proxy NAME COMMAND...
proxy_begin() {
	local fd
	mkfifo "$CASE/$1.in"
	: >"$CASE/$1.out"
	"$BUILD_DIR/tests/tools/netproxy" "$2" "$3" <"$CASE/$1.in" >"$CASE/$1.out" 3>&- &
	background+=($!)
	exec {fd}>"$CASE/$1.in"
	printf -v "proxy_$1" '%s' "$fd"
	wait_until 5 test -S "$2"
}
proxy() {
	local fd=proxy_$1 before
	before=$(wc -l <"$CASE/$1.out")
	echo "${*:2}" >&"${!fd}"
	wait_until 5 eval "((\$(wc -l <'$CASE/$1.out') > $before))"
}
# From here on the programs reach Redis (PostgreSQL) through the proxy; redis_c and psql_q do not.
proxy_redis() {
	local socket=$REDIS_SOCKET
	mv "$socket" "$socket.real"
	REDIS_SOCKET=$socket.real STACK_REDIS=$socket.real
	proxy_begin redis "$socket" "$socket.real"
	chmod 666 "$socket"
	redis_c client kill type normal >/dev/null
}
proxy_postgres() {
	local socket=$DB_HOST/.s.PGSQL.5432
	mv "$socket" "$DB_HOST/.s.PGSQL.5433"
	DB_PORT=5433 STACK_PG_PORT=5433
	proxy_begin postgres "$socket" "$DB_HOST/.s.PGSQL.5433"
	chmod 777 "$socket"
	psql_q "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'" >/dev/null
}
