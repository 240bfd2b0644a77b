# What is kept of people: their addresses (IP_MODE), and what a dying program leaves behind.

load lib/common
load lib/show

setup() { go_live; }
teardown() {
	thaw redis
	[ -z "${program:-}" ] || kill "$program" 2>/dev/null || true
	[ "${shown:-}" = '' ] || show_down
}

# Where a text is found: the logs of the stack, PostgreSQL, Redis. rate:* keys end with their window.
found() { # TEXT
	grep -rcF -- "$1" "$SUITE_DIR/log" | grep -v ':0$'
	pg_dump -h "$DB_HOST" -p "$DB_PORT" -U "$DB_USER" "$DB_NAME" | grep -F -- "$1"
	redis_c config set rdbcompression no >/dev/null
	redis_c eval "local out = {}
		for _, key in ipairs(redis.call('KEYS', '*')) do
			local rate = key:find(KEYS[1] .. 'rate:', 1, true) == 1
			if not rate and ((redis.call('DUMP', key) or ''):find(ARGV[1], 1, true) or key:find(ARGV[1], 1, true)) then
				out[#out + 1] = key
			end
		end
		return out" 1 "$P" "$1"
	return 0
}
V4=198.51.100.77 V6=2001:db8:abcd:12:3456:789a:bcde:f012
# Somebody at each of the two addresses does all that is recorded or logged.
visit() {
	local ip user
	for ip in "$V4" "$V6"; do
		user=$(fresh visitor)
		api POST /api/token/viewer "$(obj userId "$user")" -H "X-Forwarded-For: $ip"
		assert_status 200 || return 1
		seat_from "$ip" "$user" || return 1
		call POST /api/viewer/leave "$(obj userId "$user" stageArn "$MASTER")" -H "X-Forwarded-For: $ip"
		assert_error 401 UNAUTHORIZED || return 1
		call GET "/api/nowhere" - -H "X-Forwarded-For: $ip"
		api GET "/api/viewer/history/$user" - -H "X-Forwarded-For: $ip"
		kept+=("$(json '.data.history[0].ipAddress')")
		user=$(fresh waiting)
		seat_from "$ip" "$user" || return 1 # stays in the stream
	done
}
seat_from() { # ADDRESS USER
	api POST /api/viewer/rejoin "$(obj userId "$2" stageArn "$MASTER" participantId p)" -H "X-Forwarded-For: $1"
	assert_status 200
}
# Own settings are at work in a stack of its own.
show_with() {
	show_up AUTO_SCALE_ENABLED=false RATE_LIMIT_MAX_REQUESTS=1000 "$@"
	shown=1
	go_live
	assert_status 200
	kept=()
	visit
}
logged() { jq -r 'select(.msg == "request") | .ip // ""' "$SUITE_DIR/log/viewer.log" | sort -u | xargs; }

@test "addresses: full: they are in the history and in the log" {
	show_with
	equals "${kept[*]}" "$V4 $V6"
	for ip in "$V4" "$V6"; do
		[ -n "$(found "$ip")" ]
		matches "$(logged)" "$ip"
	done
}

@test "addresses: truncate: the /24 and the /48 are kept, the full ones nowhere" {
	show_with IP_MODE=truncate
	equals "${kept[*]}" '198.51.100.0 2001:db8:abcd::'
	for ip in "$V4" "$V6" 2001:db8:abcd:12; do
		equals "$(found "$ip")" ''
	done
	matches "$(logged)" '198\.51\.100\.0 2001:db8:abcd::$'
	# The limit still counts each address by itself, and what it counts by expires.
	for ip in "$V4" 2001:db8:abcd:12::/64; do
		(($(redis_c get "${P}rate:api:$ip") > 1 && $(redis_c pttl "${P}rate:api:$ip") > 0))
	done
}

@test "addresses: none: nothing of them is kept" {
	show_with IP_MODE=none
	equals "${kept[*]}" 'null null'
	for text in "$V4" "$V6" 198.51.100 2001:db8; do
		equals "$(found "$text")" ''
	done
	equals "$(logged)" ''
}

waits() { grep -qE '^State:.S' "/proc/$1/status"; } # PID: it sleeps

@test "core files: a program that aborts leaves none, whatever the limit" {
	cd "$BATS_TEST_TMPDIR"
	mkdir run control
	pattern=$(</proc/sys/kernel/core_pattern)
	# Any other program would have left one, unless the kernel hands cores to somebody else.
	(cd control && ulimit -c unlimited && bash -c 'kill -ABRT $$') || true
	if [[ $pattern != '|'* && $pattern != /* ]]; then
		[ -n "$(find control -type f)" ]
	fi
	(cd run && ulimit -c unlimited &&
		exec "$BUILD_DIR/fcgi/viewer" --socket "$PWD/viewer.sock" --processes 1) 2>log 3>&- &
	program=$!
	wait_until 10 test -S run/viewer.sock
	wait_until 10 pgrep -P "$program"
	matches "$(grep 'Max core file' "/proc/$program/limits")" unlimited
	kill -ABRT "$(pgrep -P "$program" | head -n 1)"
	wait_until 10 grep -q '"msg":"worker ended"' log
	matches "$(jq -r 'select(.msg == "worker ended") | .signal' log)" 6
	kill -ABRT "$program"
	wait "$program" || true
	# A job and ivsctl in the middle of their work: Redis does not answer.
	freeze redis
	for words in cron/records ctl/ivsctl\ stage\ list; do
		# shellcheck disable=SC2086 # several words
		(cd run && ulimit -c unlimited &&
			REDIS_TIMEOUT_MS=10000 exec "$BUILD_DIR"/$words) >/dev/null 2>>log 3>&- &
		program=$!
		words=${words%% *}
		wait_until 10 eval '[ "$(cat /proc/$program/comm)" = "${words##*/}" ] && waits "$program"'
		kill -ABRT "$program"
		wait "$program" && false || equals $? 134
	done
	thaw redis
	program=
	equals "$(find run "$SUITE_DIR" "$(dirname "$REDIS_SOCKET")" -name 'core*' -type f ! -path '*/postgres/*')" ''
	equals "$(find run -type f)" ''
}
