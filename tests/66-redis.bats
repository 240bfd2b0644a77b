# Ways to reach Redis, and a Redis that will not have us. Each has a server of its own, asked by
# plain CGI calls.

load lib/common

setup() { own=$BATS_TEST_TMPDIR; }
teardown() { [ -z "${own_pid:-}" ] || kill "$own_pid"; }
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
		redis-cli -s "$own/s" "$@" -n "$db" mset "${P}epoch" 1 "${P}records:written" 9999999999999-0
	done >/dev/null
}
ask() { # NAME=VALUE...
	cgi stats GET /api/stats '' REDIS_SOCKET="$own/s" "$@"
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

@test "redis: a password for one that wants none is 503, not 500" {
	own_redis
	ask REDIS_PASSWORD=nobody-asked-for-this
	assert_away redis
}

@test "redis: REDIS_DB keeps two shows apart" {
	own_redis
	cgi stats PUT /api/stats/publisher '{"isPublisherLive":true}' REDIS_SOCKET="$own/s" REDIS_DB=5
	assert_status 200
	ask REDIS_DB=5
	equals "$(json .data.isPublisherLive)" true
	ask REDIS_DB=6
	equals "$(json .data.isPublisherLive)" false
}

@test "redis: TLS with a certificate of our CA works, for another host or from another CA it is 503" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca \
		-keyout "$own/ca.key" -out "$own/ca.pem" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
		-keyout "$own/key" -out "$own/csr" 2>/dev/null
	openssl x509 -req -in "$own/csr" -CA "$own/ca.pem" -CAkey "$own/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo subjectAltName=DNS:localhost) -out "$own/cert" 2>/dev/null
	for port in $(shuf -i 20000-31999 -n 5); do
		redis-server --port 0 --tls-port "$port" --bind 127.0.0.1 --save '' --dir "$own" \
			--tls-cert-file "$own/cert" --tls-key-file "$own/key" --tls-ca-cert-file "$own/ca.pem" \
			--tls-auth-clients no >"$own/log" 2>&1 3>&- &
		own_pid=$!
		wait_until 3 grep -qE 'Ready to accept|Failed' "$own/log"
		! grep -q Failed "$own/log" || continue
		break
	done
	redis-cli --tls --cacert "$own/ca.pem" -h localhost -p "$port" set "${P}epoch" 1
	local -a tls=(REDIS_SOCKET= REDIS_PORT="$port" REDIS_TLS_ENABLED=true)
	cgi stats GET /api/stats '' "${tls[@]}" REDIS_HOST=localhost REDIS_TLS_CA="$own/ca.pem"
	assert_status 200
	cgi stats GET /api/stats '' "${tls[@]}" REDIS_HOST=127.0.0.1 REDIS_TLS_CA="$own/ca.pem"
	assert_away redis
	cgi stats GET /api/stats '' "${tls[@]}" REDIS_HOST=localhost
	assert_away redis
}
