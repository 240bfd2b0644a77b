# The ways to PostgreSQL, TLS above all; and a show through PgBouncer, Redis TLS and a Redis user of
# few rights (make check-through runs everything so).
bats_require_minimum_version 1.5.0
load lib/common
load lib/show
load lib/tls
load lib/pg

setup() { certs=$BATS_FILE_TMPDIR/tls; }
teardown() { stop_cluster; }

# One cluster for all tests of this file; made by the first that needs it.
a_cluster() {
	if [ ! -e "$BATS_FILE_TMPDIR/cluster" ]; then
		new_certs "$certs"
		new_cluster
		cp "$certs"/*.pem "$certs"/*.key "$pg_dir/data/"
		((EUID != 0)) || chown postgres:postgres "$pg_dir"/data/*.{pem,key}
		chmod 600 "$pg_dir"/data/*.key
		echo "$pg_dir" >"$BATS_FILE_TMPDIR/cluster"
	fi
	pg_dir=$(<"$BATS_FILE_TMPDIR/cluster")
}
# serve CERTIFICATE|off: PostgreSQL with this certificate, or without TLS
serve() {
	a_cluster
	stop_cluster
	if [ "$1" = off ]; then
		start_cluster ssl=off
	else
		start_cluster ssl=on ssl_cert_file="$1.pem" ssl_key_file="$1.key"
	fi
	[ -e "$BATS_FILE_TMPDIR/migrated" ] || {
		new_database ivs_live
		DB_HOST=$pg_dir DB_PORT=$pg_port DB_NAME=ivs_live DB_USER=ivs_live DB_SSL_ENABLED=false \
			"$PROJECT_ROOT/deploy/migrate" >/dev/null
		: >"$BATS_FILE_TMPDIR/migrated"
	}
}
# ask HOST NAME=VALUE...: a reader of history, by TLS as the settings say
ask() {
	local host=$1
	shift
	cgi viewer GET /api/viewer/history/nobody '' REDIS_KEY_PREFIX="${P}tls:" DB_HOST="$host" \
		DB_PORT="$pg_port" DB_NAME=ivs_live DB_USER=ivs_live DB_SSL_ENABLED=true "$@"
}
migrate() { # HOST NAME=VALUE...
	local host=$1
	shift
	env DB_HOST="$host" DB_PORT="$pg_port" DB_NAME=ivs_live DB_USER=ivs_live DB_SSL_ENABLED=true \
		IVS_ENV_FILE=/dev/null "$@" "$PROJECT_ROOT/deploy/migrate" --status 2>&1
}
last_cause() { jq -r 'select(.cause) | .cause' "$SUITE_DIR/log/cgi.log" | tail -n 1; }
works() { # HOST NAME=VALUE...
	ask "$@"
	assert_status 200 || return 1
	migrate "$@" | grep -q '^001_initial'
}
refused() { # WORDS_OF_THE_LOG HOST NAME=VALUE...
	local words=$1
	shift
	ask "$@"
	assert_away postgres || return 1
	matches "$(last_cause)" "$words" || return 1
	# deploy/migrate sees it as the programs do
	! migrate "$@" >"$BATS_TEST_TMPDIR/migrate"
}

@test "postgres TLS: DB_SSL_ENABLED alone checks certificate and name, DB_SSL_MODE says otherwise" {
	serve good
	works localhost DB_SSL_CA="$certs/ca.pem"
	refused 'does not match host name "127.0.0.1"' 127.0.0.1 DB_SSL_CA="$certs/ca.pem"
	works 127.0.0.1 DB_SSL_CA="$certs/ca.pem" DB_SSL_MODE=verify-ca
	refused 'certificate verify failed: .*DB_SSL_CA' localhost DB_SSL_CA="$certs/other/ca.pem"
	refused 'certificate verify failed' localhost DB_SSL_CA="$certs/other/ca.pem" DB_SSL_MODE=verify-ca
	works 127.0.0.1 DB_SSL_MODE=require
	# as before, the file may be named by libpq's own variable
	works localhost PGSSLROOTCERT="$certs/ca.pem"
	refused 'certificate' localhost PGSSLROOTCERT="$certs/other/ca.pem"
}

@test "postgres TLS: one for another host, of another CA, expired or not yet valid is 503" {
	while IFS='|' read -r certificate words; do
		serve "$certificate"
		refused "$words" localhost DB_SSL_CA="$certs/ca.pem" ||
			{ echo "certificate: $certificate" >&2; return 1; }
	done <<-'EOF'
		elsewhere|does not match host name "localhost"
		stranger|certificate verify failed: expired, not yet valid, or of a CA other than DB_SSL_CA
		expired|certificate verify failed: expired
		early|certificate verify failed: expired, not yet valid
	EOF
	serve address
	works 127.0.0.1 DB_SSL_CA="$certs/ca.pem"
}

@test "postgres TLS: a server without it is refused, one that wants it refuses us without" {
	serve off
	refused 'server does not support SSL' localhost DB_SSL_CA="$certs/ca.pem"
	refused 'server does not support SSL' localhost DB_SSL_MODE=require
	works localhost DB_SSL_ENABLED=false
	# a socket is no network: TLS is left out there
	works "$pg_dir"
	serve good
	echo 'hostssl all all all trust' | as_postgres tee "$pg_dir/data/pg_hba.conf" >/dev/null
	kill -HUP "$(head -n 1 "$pg_dir/data/postmaster.pid")"
	works localhost DB_SSL_ENABLED=false # without insisting: there is TLS, so it is taken
	PGSSLMODE=disable run ! psql -X -h localhost -p "$pg_port" -U ivs_live ivs_live -c 'SELECT 1'
	matches "$output" 'no encryption'
}

@test "settings: what contradicts itself ends the programs and deploy/migrate alike" {
	local pg_port=1 words
	a_cluster
	while IFS='|' read -r settings text; do
		read -ra words <<<"${settings//CA/$certs/ca.pem}"
		words=("${words[@]/DB_SSL_$certs\/ca.pem/DB_SSL_CA}")
		run -78 env "${words[@]}" "$BUILD_DIR/fcgi/viewer" --check-config
		matches "$output" "$text"
		run -1 migrate localhost "${words[@]}"
		matches "$output" "$text"
	done <<-'EOF'
		DB_SSL_ENABLED=false DB_SSL_MODE=verify-full|DB_SSL_MODE is set but DB_SSL_ENABLED is not true
		DB_SSL_ENABLED=false DB_SSL_CA=CA|DB_SSL_CA is set but DB_SSL_ENABLED is not true
		DB_SSL_ENABLED=true DB_SSL_MODE=prefer|DB_SSL_ENABLED is true but DB_SSL_MODE is prefer
		DB_SSL_ENABLED=true DB_SSL_MODE=require DB_SSL_CA=CA|DB_SSL_MODE is require, which checks no certificate
		DB_SSL_ENABLED=true DB_SSL_CA=/nonexistent|DB_SSL_CA is '/nonexistent'.*cannot be read
		DB_SSL_ENABLED=true DB_SSL_MODE=allow|prefer, require, verify-ca or verify-full
	EOF
}

@test "settings: TLS that a Unix socket leaves out is warned of" {
	local host
	for host in /run/postgresql @postgresql; do
		run -0 env DB_SSL_ENABLED=true DB_HOST="$host" "$BUILD_DIR/fcgi/viewer" --check-config
		matches "$output" 'DB_SSL_ENABLED has no effect: DB_HOST is a Unix socket'
	done
	run -0 env DB_SSL_ENABLED=true DB_HOST=db.example.com "$BUILD_DIR/fcgi/viewer" --check-config
	equals "$(grep -c 'DB_SSL_ENABLED' <<<"$output")" 0
}

@test "stack: what STACK_THROUGH does not know, or cannot do, is said" {
	local dir=$BATS_TEST_TMPDIR/stack
	STACK_THROUGH=stunnel run -1 env -u REDIS_HOST -u REDIS_SOCKET -u DB_HOST "$PROJECT_ROOT/deploy/stack" up "$dir"
	matches "$output" "it knows pgbouncer, redis-tls and redis-acl"
	DB_HOST=/nonexistent STACK_THROUGH=pgbouncer run -1 "$PROJECT_ROOT/deploy/stack" up "$dir"
	matches "$output" "wants a PostgreSQL of the stack"
}

@test "stack: STACK_STORE takes Valkey's programs under Redis' names, and nothing else" {
	local dir=$BATS_TEST_TMPDIR program store
	mkdir "$dir/only-valkey"
	for program in server cli; do
		printf '#!/bin/sh\necho "made-up valkey-%s"\n' "$program" >"$dir/only-valkey/valkey-$program"
		chmod +x "$dir/only-valkey/valkey-$program"
	done
	chosen() { # PATH: what redis-server and redis-cli are then
		PATH=$1 STACK_STORE=$store "$BASH" -c '. "$PROJECT_ROOT/deploy/lib/redis.bash" && PATH=$PATH:/usr/bin:/bin &&
			use_store "$0/names" && redis-server --version && redis-cli --version' "$dir"
	}
	store=valkey run -0 chosen "$dir/only-valkey"
	equals "$output" $'made-up valkey-server\nmade-up valkey-cli'
	store=redis run -0 chosen "$PATH"
	[[ $output != *made-up* ]]
	store=keydb run -64 chosen "$PATH"
	equals "$output" "STACK_STORE is 'keydb': it must be redis or valkey"
	STACK_STORE=keydb run -1 env -u REDIS_HOST -u REDIS_SOCKET -u DB_HOST "$PROJECT_ROOT/deploy/stack" up "$dir/stack"
	matches "$output" "it must be redis or valkey"
}

@test "through all: a show, its jobs and ivsctl, and nobody is refused by Redis" {
	local job
	show_up STACK_THROUGH="pgbouncer redis-tls redis-acl" CLOUDWATCH_ENABLED=true
	[ -z "${REDIS_SOCKET:-}" ]
	go_live
	api POST /api/token/publisher '{"userId":"anna"}'
	assert_status 200
	api POST /api/token/viewer '{"userId":"ben"}'
	assert_status 200
	api POST /api/viewer/heartbeat "$(obj userId ben stageArn "$MASTER")"
	assert_status 200
	api GET /api/viewer/history/ben
	equals "$http_status $(json .data.totalRecords)" '200 1'
	api POST /api/stage '{"name":"second"}' -H 'Idempotency-Key: one'
	assert_status 201
	for job in heartbeat_cleanup autoscale records metrics snapshot purge; do
		"$BUILD_DIR/cron/$job" >"$BATS_TEST_TMPDIR/job" 2>&1 || { cat "$BATS_TEST_TMPDIR/job" >&2; return 1; }
	done
	"$BUILD_DIR/ctl/ivsctl" stage list | grep -q second
	"$BUILD_DIR/ctl/ivsctl" presence reload --json | grep -q reload
	wait_until 20 all_well
	# Redis remembers whom it refused; and what a pooled connection was told would be found there.
	equals "$(redis_c acl log | grep -c .)" 0
	equals "$(psql -X -qAt -h "$DB_HOST" -p "$DB_PORT" -U "$DB_USER" "$DB_NAME" -c 'SHOW statement_timeout')" 0
	show_down
}

@test "through PgBouncer: a statement whose asker has gone is ended by the server after 30 s" {
	local lock asked
	show_up STACK_THROUGH=pgbouncer
	lock_table viewer_sessions 'ACCESS EXCLUSIVE'
	# Statements that begin later belong to the programs' next attempts to write records.
	waiting() {
		psql_q "SELECT count(*) FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND query_start <= '$asked'"
	}
	api GET /api/viewer/history/somebody
	assert_away postgres
	asked=$(psql_q 'SELECT clock_timestamp()')
	[ "$(waiting)" -ge 1 ]
	none_waits() { [ "$(waiting)" = 0 ]; }
	wait_until 60 none_waits
	grep -q 'canceling statement due to statement timeout' "$SUITE_DIR/log/postgres.log"
	exec {lock}>&-
	wait_until 10 answers GET /api/viewer/history/somebody 200
	show_down
}
