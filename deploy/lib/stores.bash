# Redis and PostgreSQL of the private stack: both on Unix sockets only.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables come from deploy/stack

# Servers get a bare environment: they need no secrets of the programs.
bare_env() {
	bare=(env -i PATH="$PATH" HOME=/ LC_ALL=C.UTF-8 STACK_DIR="$DIR")
}

redis_answers() {
	[[ $(redis-cli -s "$SOCKETS/redis.sock" ping 2>/dev/null) == PONG ]]
}

# shellcheck disable=SC2120 # through.bash gives some
spawn_redis() { # OPTIONS...
	# appendfsync everysec: what a crash of the machine may cost is one second.
	# noeviction: a full memory must be an error, not a viewer forgotten.
	# zset-max-listpack-entries: stages of 50 stay compact, half the memory.
	bare_env
	spawn redis "${bare[@]}" redis-server "$DIR/redis/ways.conf" --port 0 "$@" \
		--unixsocket "$SOCKETS/redis.sock" --unixsocketperm 600 \
		--dir "$DIR/redis" --save '' --appendonly yes --appendfsync everysec \
		--maxmemory-policy noeviction --zset-max-listpack-entries 128 \
		--daemonize no --logfile ''
}

start_redis() {
	mkdir -p "$DIR/redis"
	write_redis_conf
	if through redis-tls; then
		start_redis_tls
	else
		# shellcheck disable=SC2119
		spawn_redis
	fi
}

wait_redis() { wait_for redis 30 redis_answers || die_of redis; }

# Debian keeps the server's programs out of PATH.
postgres_bin() {
	local dirs=(/usr/lib/postgresql/*/bin)
	if [[ -x ${dirs[-1]}/postgres ]]; then
		printf '%s\n' "${dirs[@]}" | sort -V | tail -n 1
	else
		dirname "$(readlink -f "$(type -P postgres)")"
	fi
}

# The server refuses to run as root: then it runs as Debian's user postgres.
pg_prefix() {
	bare_env
	pg_run=("${bare[@]}")
	((EUID == 0)) || return 0
	pg_run=(setpriv --reuid=postgres --regid=postgres --init-groups "${bare[@]}")
}

# The cluster lives in DIR, unless user postgres cannot get there.
choose_pgdata() {
	PGDATA=$(kept pgdata) && return
	PGDATA=$DIR/postgres
	if ((EUID == 0)) && ! (cd / && "${pg_run[@]}" test -x "$DIR"); then
		PGDATA=/var/tmp/ivs-live-$(printf '%s' "$DIR" | sha256sum | cut -c1-12)
		say "user postgres cannot enter $DIR: the cluster is in $PGDATA"
		[[ ! -e $PGDATA/postmaster.pid ]] || ! pgrep -f -- "-D $PGDATA( |$)" >/dev/null ||
			die "a PostgreSQL still runs in $PGDATA: end it first (its $DIR is gone)"
		# of a DIR that is gone, or no folder at all but somebody's trick
		rm -rf "$PGDATA"
	fi
	keep pgdata "$PGDATA"
}

# Made beside its place and then moved there: half a cluster is never used.
init_cluster() {
	local new=$PGDATA.new
	[[ -s $PGDATA/PG_VERSION ]] && return
	rm -rf "$new" "$PGDATA"
	mkdir -m 0700 "$new"
	((EUID != 0)) || chown postgres:postgres "$new"
	# trust: the socket is in a folder that only its owner (and root) can enter.
	# no-sync spares a second; it concerns only the moment of making.
	(cd / && "${pg_run[@]}" "$(postgres_bin)/initdb" -D "$new" -U postgres \
		--auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync) \
		>>"$DIR/log/postgres.log" 2>&1 || die_of postgres
	mv "$new" "$PGDATA"
}

postgres_answers() { pg_isready -q -h "$SOCKETS/pg" -p 5432 -U postgres -d postgres; }

spawn_postgres() {
	# Small, but as careful as a big one: fsync and full_page_writes stay on.
	spawn postgres "${pg_run[@]}" "$(postgres_bin)/postgres" -D "$PGDATA" \
		-c listen_addresses= -c unix_socket_directories="$SOCKETS/pg" -c port=5432 \
		-c shared_buffers=16MB -c max_connections=50 \
		-c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=256MB
}

# After a kill -9 the old children may hold the shared memory for a moment.
start_postgres() {
	local try
	pg_prefix
	choose_pgdata
	init_cluster
	for try in 1 2 3 4 5; do
		spawn_postgres
		wait_for postgres 30 postgres_answers && return
		alive postgres && break
		[[ ! -e $DIR/ending ]] || exit 1
		sleep "0.$((try * 2))"
	done
	die_of postgres
}

create_database() {
	"${bare[@]}" psql -X -q -v ON_ERROR_STOP=1 -h "$SOCKETS/pg" -p 5432 -U postgres -d postgres \
		-v user="$DB_USER" -v db="$DB_NAME" <<-'EOF'
			SELECT format('CREATE ROLE %I LOGIN', :'user')
				WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \gexec
			SELECT format('CREATE DATABASE %I OWNER %I', :'db', :'user')
				WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'db') \gexec
		EOF
}

# One job of `up`, beside the others: the database, ready and migrated.
prepare_database() {
	if ours postgres; then
		start_postgres
		create_database
	fi
	! ours pgbouncer || start_pgbouncer
	"$ROOT/deploy/migrate" >>"$DIR/log/migrate.log" 2>&1 || die_of migrate
}
