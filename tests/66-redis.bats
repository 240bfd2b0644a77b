# Ways to reach Redis, and a Redis that will not have us. Each has a server of its own, asked by
# plain CGI calls.
bats_require_minimum_version 1.5.0
load lib/common
load lib/tls

setup_file() {
	# shellcheck source=/dev/null
	. "$BATS_TEST_DIRNAME/lib/tls.bash"
	new_certs "$BATS_FILE_TMPDIR/tls"
}
setup() { own=$BATS_TEST_TMPDIR tls=$BATS_FILE_TMPDIR/tls; }
teardown() { end_redis; }
# No way of the stack's; a test says its own.
DIRECT=(REDIS_SOCKET= REDIS_USER= REDIS_PASSWORD= REDIS_TLS_ENABLED= REDIS_TLS_CA=)

own_redis() { # OPTIONS...
	redis-server --port 0 --unixsocket "$own/s" --save '' --dir "$own" "$@" >"$own/log" 2>&1 3>&- &
	own_pid=$!
	wait_until 5 test -S "$own/s"
	loaded
}
# A Redis that comes new is loaded by the first call that finds it cold; these tests are about others.
loaded() { # REDIS_CLI_OPTIONS...
	local db
	for db in 0 3 5 6; do
		new_show "$P" env -u REDISCLI_AUTH redis-cli -s "$own/s" "$@" -n "$db"
	done
}
end_redis() {
	[ -z "${own_pid:-}" ] || kill "$own_pid"
	wait "${own_pid:-}" 2>/dev/null || true
	own_pid=
}
ask() { # NAME=VALUE...
	cgi stats GET /api/stats '' "${DIRECT[@]}" REDIS_SOCKET="$own/s" "$@"
}

# tcp_redis KIND [OPTIONS...]: on a port of 127.0.0.1, with KIND = tls or plain -> $port
tcp_redis() {
	local kind=$1 flag=--port
	[ "$1" != tls ] || flag=--tls-port
	shift
	for port in $(shuf -i 20000-31999 -n 9); do
		: >"$own/log" # not what the server before said
		redis-server --port 0 "$flag" "$port" --bind 127.0.0.1 --unixsocket "$own/s" --save '' --dir "$own" "$@" \
			>"$own/log" 2>&1 3>&- &
		own_pid=$!
		wait_until 5 grep -qE 'Ready to accept|Failed' "$own/log"
		! grep -q Failed "$own/log" || continue
		loaded
		return
	done
	echo "no port for a $kind Redis" >&2
	return 1
}
tls_redis() { # CERTIFICATE
	tcp_redis tls --tls-cert-file "$tls/$1.pem" --tls-key-file "$tls/$1.key" \
		--tls-ca-cert-file "$tls/ca.pem" --tls-auth-clients no
}
ask_tls() { # HOST NAME=VALUE...
	cgi stats GET /api/stats '' "${DIRECT[@]}" REDIS_PORT="$port" REDIS_TLS_ENABLED=true \
		REDIS_TLS_CA="$tls/ca.pem" REDIS_HOST="$1" "${@:2}"
}
# What the last call said about it in the log.
last_cause() { jq -r 'select(.cause) | .cause' "$SUITE_DIR/log/cgi.log" | tail -n 1; }
refused() { # WORDS OF THE LOG
	assert_away redis
	matches "$(last_cause)" "$1"
}

@test "redis: a password is used, a wrong or missing one is 503, and the wrong database, too" {
	own_redis --requirepass canary-redis-password
	loaded --no-auth-warning -a canary-redis-password
	ask REDIS_PASSWORD=canary-redis-password
	assert_status 200
	ask REDIS_PASSWORD=canary-redis-password REDIS_DB=3
	assert_status 200
	for wrong in REDIS_PASSWORD=other-password 'REDIS_PASSWORD=' \
		'REDIS_PASSWORD=canary-redis-password REDIS_DB=99'; do
		# shellcheck disable=SC2086 # two settings
		ask $wrong
		assert_away redis
	done
}

@test "redis: one that hangs up in the middle of a plain CGI call is 503, and no signal" {
	own_redis --requirepass canary-redis-password
	for _ in {1..12}; do
		ask REDIS_PASSWORD=canary-redis-password REDIS_DB=99
		assert_away redis
	done
}

@test "redis: a password for one that wants none is 503, not 500" {
	own_redis
	ask REDIS_PASSWORD=nobody-asked-for-this
	assert_away redis
}

@test "redis: REDIS_DB keeps two shows apart" {
	own_redis
	cgi stats PUT /api/stats/publisher '{"isPublisherLive":true}' "${DIRECT[@]}" \
		REDIS_SOCKET="$own/s" REDIS_DB=5
	assert_status 200
	ask REDIS_DB=5
	equals "$(json .data.isPublisherLive)" true
	ask REDIS_DB=6
	equals "$(json .data.isPublisherLive)" false
}

@test "redis TLS: a certificate of our CA for this host works, by name or by address" {
	tls_redis good
	ask_tls localhost
	assert_status 200
	ask_tls 127.0.0.1
	refused 'not for REDIS_HOST'
	end_redis
	tls_redis address
	ask_tls 127.0.0.1
	assert_status 200
	ask_tls localhost
	refused 'not for REDIS_HOST'
}

@test "redis TLS: one for another host, of another CA, expired or not yet valid is 503, and the log says which" {
	while IFS='|' read -r certificate words; do
		tls_redis "$certificate"
		ask_tls localhost
		refused "$words" || { echo "certificate: $certificate" >&2; return 1; }
		end_redis
	done <<-'EOF'
		elsewhere|TLS with redis failed: its certificate is not for REDIS_HOST
		stranger|TLS with redis failed: its certificate is of an unknown CA
		expired|TLS with redis failed: certificate has expired
		early|TLS with redis failed: certificate is not yet valid
	EOF
}

@test "redis TLS: without REDIS_TLS_CA the system's CAs count, and ours is none of them" {
	tls_redis good
	ask_tls localhost REDIS_TLS_CA=
	refused 'of an unknown CA'
}

@test "redis TLS: a server without TLS behind the setting, and one with TLS without it, are 503" {
	tcp_redis plain
	ask_tls localhost
	refused 'TLS'
	end_redis
	tls_redis good
	ask_tls localhost REDIS_TLS_ENABLED=false REDIS_TLS_CA=
	refused 'connection lost|no answer in time'
}

@test "redis TLS: the server is told the name that is wanted, but no address" {
	local host wanted
	for host in localhost 127.0.0.1; do
		for port in $(shuf -i 20000-31999 -n 9); do
			openssl s_server -accept "127.0.0.1:$port" -cert "$tls/good.pem" -key "$tls/good.key" \
				-tlsextdebug >"$own/said.$host" 2>&1 3>&- < <(sleep 20) &
			own_pid=$!
			wait_until 5 grep -qE 'ACCEPT|rror' "$own/said.$host"
			! grep -q rror "$own/said.$host" || continue
			break
		done
		ask_tls "$host" REDIS_TIMEOUT_MS=1500
		assert_away redis
		wanted=0
		[ "$host" != localhost ] || wanted=1
		wait_until 5 grep -q 'TLS client extension' "$own/said.$host" || { cat "$own/said.$host" >&2; return 1; }
		# it may connect more than once
		equals "$host $(grep -m 1 -c 'extension "server name"' "$own/said.$host")" "$host $wanted"
		end_redis
	done
}

@test "redis TLS: a CA file that is not there or holds no certificate is found at start" {
	local check=("$BUILD_DIR/fcgi/stats" --check-config)
	for file in "$own/none.pem" "$tls/good.key"; do
		REDIS_TLS_ENABLED=true REDIS_TLS_CA=$file run -78 "${check[@]}"
		matches "$output" "error: REDIS_TLS_CA is '$file' \(the environment\): it (cannot be read: No such file|holds no certificate)"
	done
	REDIS_TLS_ENABLED=true REDIS_TLS_CA=$tls/ca.pem run -0 "${check[@]}"
}

# ---- the user of deploy/redis-user.acl ----

acl_file() { # PREFIX PASSWORD
	sed -e '/^#/d' -e 's/@USER@/ivs-live/' -e "s/@PREFIX@/$1/" \
		-e "s/@PASSWORD_SHA256@/$(printf %s "$2" | sha256sum | cut -d' ' -f1)/" \
		"$PROJECT_ROOT/deploy/redis-user.acl"
}
as_user() { REDISCLI_AUTH=canary-acl-password redis-cli -s "$own/s" --user ivs-live "$@" 2>&1; }

@test "redis ACL: the user may run what the scripts run, and nothing else" {
	# SELECT for REDIS_DB, the rest send redis.c, redis_greet.c and redis_rewrite.c
	{
		echo select eval evalsha info bgrewriteaof | xargs -n 1
		cat "$PROJECT_ROOT"/common/lua/*.lua "$PROJECT_ROOT"/common/lua/lib/*.lua |
			grep -oE "redis\.p?call\('[A-Z]+'" | grep -oE '[A-Z]{2,}' | tr 'A-Z' 'a-z'
	} | sort -u >"$own/run"
	acl_file p: x | grep -oE '\+[a-z]+' | tr -d + | sort >"$own/may"
	diff "$own/run" "$own/may"
	# no command whose name is made up while a script runs
	! grep -nE "redis\.p?call\([^']" "$PROJECT_ROOT"/common/lua/*.lua "$PROJECT_ROOT"/common/lua/lib/*.lua
}

@test "redis ACL: KEYS, SCAN, FLUSHALL, CONFIG and other shows' keys are refused, in scripts too" {
	# 99-end.bats wants no refusal in the logs of the suite
	local SUITE_DIR=$own/suite
	mkdir -p "$SUITE_DIR/log"
	acl_file ivs:prod: canary-acl-password >"$own/users"
	own_redis --aclfile "$own/users"
	while read -ra words; do
		matches "$(as_user "${words[@]}")" NOPERM
	done <<-'EOF'
		keys *
		scan 0
		flushall
		flushdb
		config get dir
		acl list
		monitor
		script flush
		publish ivs:prod:x y
		get ivs:other:publisher:status
		set other x
	EOF
	for script in "return redis.call('KEYS', '*')" "return redis.call('FLUSHALL')" \
		"return redis.call('CONFIG', 'GET', 'dir')" "return redis.call('GET', 'ivs:other:x')"; do
		matches "$(as_user eval "$script" 1 ivs:prod:)" "NOPERM|executing the script can't (run this command|access at least one of the keys)|ACL failure in script|not allowed from script"
	done
	equals "$(as_user eval "return redis.call('SET', KEYS[1] .. 'x', '1')" 1 ivs:prod:)" OK
	# the programs are fine with it, and say so when another prefix is not theirs
	ask REDIS_USER=ivs-live REDIS_PASSWORD=canary-acl-password
	assert_status 200
	ask REDIS_USER=ivs-live REDIS_PASSWORD=canary-acl-password REDIS_KEY_PREFIX=ivs:other:
	assert_away redis
	ask REDIS_USER=ivs-live REDIS_PASSWORD=other-password
	assert_away redis
}

@test "redis ACL: a command that a script may not run is 503 with reason DENIED, on each version" {
	local SUITE_DIR=$own/suite
	mkdir -p "$SUITE_DIR/log"
	acl_file ivs:prod: canary-acl-password | sed 's/ +hgetall / /' >"$own/users"
	own_redis --aclfile "$own/users"
	ask REDIS_USER=ivs-live REDIS_PASSWORD=canary-acl-password
	assert_away redis
	equals "$(json .error.details.reason)" DENIED
}

@test "redis ACL: a user without INFO (a managed Redis may hide it) is served; each connection is compared" {
	local SUITE_DIR=$own/suite
	mkdir -p "$SUITE_DIR/log"
	acl_file ivs:prod: canary-acl-password | sed 's/ +info//' >"$own/users"
	own_redis --aclfile "$own/users"
	ask REDIS_USER=ivs-live REDIS_PASSWORD=canary-acl-password
	assert_status 200
	ask REDIS_USER=ivs-live REDIS_PASSWORD=canary-acl-password DB_HOST="$own"
	assert_away postgres # it cannot be compared
}
