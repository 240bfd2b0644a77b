# The shipped deploy/lighttpd.conf is one that each version of lighttpd takes as it stands, from
# that of Debian 12 (1.4.69) on, and it holds as many viewers as it says.

load lib/common

CONF=$PROJECT_ROOT/deploy/lighttpd.conf
number_of() { sed -nE "s/^server\.$1[[:space:]]*=[[:space:]]*([0-9]+)$/\1/p" "$CONF"; } # NAME
feature() { sed -nE "s/^[[:space:]]*\"server\.$1\"[[:space:]]*=>[[:space:]]*\"?([a-z0-9]+)\"?,?$/\1/p" "$CONF"; } # NAME

setup() { own=$BATS_TEST_TMPDIR; }
teardown() {
	if [ -n "${server:-}" ]; then
		kill "$server"
		wait "$server" || true
	fi
}

# The environment that the file wants, at a port: the programs are those of the stack.
conf_env() { # PORT
	local sockets
	sockets=$(<"$SUITE_DIR/kept/sockets")
	conf_env=(env PATH="$PATH:/usr/sbin" IVS_BIND=127.0.0.1 IVS_PORT="$1" IVS_PID="$own/pid"
		IVS_SOCKETS="$sockets/fcgi" IVS_TMP="$sockets/uploads" IVS_ERRORS="$sockets/errors"
		IVS_WEB_USER="$( ((EUID != 0)) || echo www-data)")
}
# What lighttpd says that is about the file. A machine that gives fewer descriptors than the file
# asks for is another matter: lighttpd says so and takes what there is.
complaints() {
	if (($(ulimit -Hn) < $(number_of max-fds))); then
		grep -vE "setrlimit|can't have more connections than fds/2"
	else
		cat
	fi
}
started_or_gone() { test -s "$own/pid" || is_gone "$server"; }
# A lighttpd of the test's own -> $server $port; what it says is in $own/log.
start_own() {
	for port in $(shuf -i 20000-31999 -n 9); do
		conf_env "$port"
		"${conf_env[@]}" lighttpd -D -f "$CONF" >"$own/log" 2>&1 3>&- &
		server=$!
		wait_until 5 started_or_gone
		! test -s "$own/pid" || return 0
		server=
		grep -q 'already in use' "$own/log" || break
	done
	cat "$own/log" >&2
	return 1
}

@test "lighttpd.conf: no number is over 65535, which old versions wrap and new ones refuse" {
	local numbers
	numbers=$(grep -v '^#' "$CONF" | grep -oE '(=|=>)[[:space:]]*[0-9]+' | grep -oE '[0-9]+')
	(($(wc -l <<<"$numbers") >= 10))
	equals "$(awk '$1 > 65535' <<<"$numbers")" ''
}

@test "lighttpd.conf: no version cuts max-connections" {
	# all: to a half of max-fds; 1.4.83 and later to a tenth, where HTTP/2 is on
	equals "$(feature h2proto) $(feature h2c)" 'disable disable'
	(($(number_of max-connections) >= 8192))
	(($(number_of max-connections) * 2 <= $(number_of max-fds)))
}

@test "lighttpd.conf: this version finds nothing to say about it" {
	conf_env 1
	equals "$("${conf_env[@]}" lighttpd -tt -f "$CONF" 2>&1 | complaints)" ''
	start_own
	grep -q 'server started' "$own/log"
	equals "$(grep -v 'server started' "$own/log" | complaints)" ''
}

@test "lighttpd.conf: 8,192 viewers keep their connections, all at the same time" {
	start_own
	SECONDS=0
	equals "$("$BUILD_DIR/tests/tools/hold" "$port" 8192 /livez)" '8192 8192'
	echo "$SECONDS s"
	# that it has as many as it may take is all that it says
	equals "$(grep -vE 'server started|connection limit reached|sockets enabled again' "$own/log" | complaints)" ''
}
