# What STACK_THROUGH puts between the programs and the stores, for the tests and for trying
# out. Beside each there stays the administrator's own way: the sockets STACK_REDIS and
# STACK_PG of DIR/env (redis-cli takes the password from REDISCLI_AUTH).
#
#   pgbouncer  PostgreSQL by PgBouncer in transaction mode
#   redis-tls  Redis by TLS on a port of 127.0.0.1
#   redis-acl  a Redis user who may only do what deploy/redis-user.acl says
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables come from deploy/stack

through() { [[ " ${STACK_THROUGH:-} " == *" $1 "* ]]; }

check_through() {
	local word
	for word in ${STACK_THROUGH:-}; do
		case $word in
		pgbouncer) ours postgres || die "STACK_THROUGH=pgbouncer wants a PostgreSQL of the stack" ;;
		redis-tls | redis-acl)
			ours redis || die "STACK_THROUGH=$word wants a Redis of the stack"
			;;
		*) die "STACK_THROUGH has '$word': it knows pgbouncer, redis-tls and redis-acl" ;;
		esac
	done
	! through pgbouncer || type -P pgbouncer >/dev/null ||
		die "pgbouncer is missing: deploy/packages test --install"
}

# What the programs are told of the ways; the ports come later.
export_through() {
	if through pgbouncer; then
		export DB_HOST=$SOCKETS/pgbouncer DB_PORT=6432
	fi
	! through redis-tls && ! through redis-acl && return
	keep_secret REDISCLI_AUTH random_hex 16
	export REDIS_PASSWORD=$REDISCLI_AUTH
	if through redis-acl; then
		export REDIS_USER=ivs-live
		REDIS_PASSWORD=$(random_hex 16)
	fi
	if through redis-tls; then
		unset REDIS_SOCKET
		export REDIS_HOST=localhost REDIS_TLS_ENABLED=true
		export REDIS_TLS_CA=$DIR/redis/tls.pem
	fi
}

# ---- Redis ----

acl_line() {
	sed -e '/^#/d' -e "s/@USER@/$REDIS_USER/" -e "s/@PREFIX@/${REDIS_KEY_PREFIX:-ivs:prod:}/" \
		-e "s/@PASSWORD_SHA256@/$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d' ' -f1)/" \
		"$ROOT/deploy/redis-user.acl"
}

# A certificate that is its own authority.
make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$DIR/redis/tls.key" -out "$DIR/redis/tls.pem" 2>/dev/null
}

# The part of Redis' settings that nobody may see in the process list.
write_redis_conf() {
	[[ ! -e $DIR/redis/ways.conf ]] || return 0
	{
		[[ -z ${REDISCLI_AUTH:-} ]] || echo "requirepass $REDISCLI_AUTH"
		! through redis-acl || acl_line
		if through redis-tls; then
			make_certificate
			echo "bind 127.0.0.1"
			echo "tls-cert-file $DIR/redis/tls.pem"
			echo "tls-key-file $DIR/redis/tls.key"
			echo "tls-ca-cert-file $DIR/redis/tls.pem"
			echo "tls-auth-clients no"
		fi
	} >"$DIR/redis/ways.conf.new"
	mv "$DIR/redis/ways.conf.new" "$DIR/redis/ways.conf"
}

# Redis picks no free port by itself. That of last time is tried first.
start_redis_tls() {
	local port
	for port in $(kept redis_port || true) $(shuf -i 20000-31999 -n 20); do
		spawn_redis --tls-port "$port"
		if wait_for redis 30 redis_answers; then
			keep redis_port "$port"
			export REDIS_PORT=$port
			return
		fi
		tail -n 3 "$DIR/log/redis.log" | grep -q 'Failed listening' || break
	done
	die_of redis
}

# ---- PostgreSQL ----

pgbouncer_answers() { pg_isready -q -h "$DB_HOST" -p "$DB_PORT" -U "$DB_USER" -d "$DB_NAME"; }

# It refuses to run as root, as PostgreSQL does. Few server connections, so that our
# processes share them; the other values are those that docs/deployment.md recommends.
start_pgbouncer() {
	local dir=$SOCKETS/pgbouncer
	mkdir -p "$dir"
	printf '"%s" ""\n' "$DB_USER" >"$dir/users"
	cat >"$dir/ini" <<-EOF
		[databases]
		* = host=$SOCKETS/pg port=5432
		[pgbouncer]
		listen_port = $DB_PORT
		unix_socket_dir = $dir
		auth_type = trust
		auth_file = $dir/users
		pool_mode = transaction
		default_pool_size = 8
		server_login_retry = 1
		query_wait_timeout = 30
	EOF
	pg_prefix
	((EUID != 0)) || chown -R postgres:postgres "$dir"
	spawn pgbouncer "${pg_run[@]}" pgbouncer "$dir/ini"
	wait_for pgbouncer 10 pgbouncer_answers || die_of pgbouncer
}
