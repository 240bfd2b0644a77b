# A PostgreSQL of a test's own, for all that the stack's cannot be: with TLS, or empty.
# shellcheck shell=bash

as_postgres() {
	if ((EUID == 0)); then
		(cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups "$@")
	else
		"$@"
	fi
}
postgres_bin() { printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1; }

# new_cluster: one in $pg_dir, which user postgres can reach, with role and database ivs_live.
new_cluster() {
	pg_dir=$(mktemp -d "$SUITE_DIR/pg.XXXX")
	chmod 711 "$pg_dir"
	mkdir "$pg_dir/data" "$pg_dir/log"
	((EUID != 0)) || chown postgres:postgres "$pg_dir" "$pg_dir/data"
	as_postgres "$(postgres_bin)/initdb" -D "$pg_dir/data" -U postgres --auth=trust --encoding=UTF8 \
		--locale=C.UTF-8 --no-sync >"$pg_dir/log/initdb" 2>&1
}

# start_cluster [NAME=VALUE...]: with these settings of postgresql.conf -> $pg_port, $pg_pid
start_cluster() {
	local setting
	local -a options=()
	for setting; do options+=(-c "$setting"); done
	for pg_port in $(shuf -i 20000-31999 -n 9); do
		: >"$pg_dir/log/server"
		as_postgres env -i PATH="$PATH" LC_ALL=C.UTF-8 "$(postgres_bin)/postgres" -D "$pg_dir/data" \
			-c listen_addresses=127.0.0.1 -c port="$pg_port" -c fsync=off -c shared_buffers=16MB \
			-c unix_socket_directories="$pg_dir" "${options[@]}" >"$pg_dir/log/server" 2>&1 3>&- &
		pg_pid=$!
		wait_until 20 grep -qE 'ready to accept|FATAL' "$pg_dir/log/server"
		! grep -q FATAL "$pg_dir/log/server" || continue
		return
	done
	cat "$pg_dir/log/server" >&2
	return 1
}
stop_cluster() {
	[ -z "${pg_pid:-}" ] || kill -INT "$(head -n 1 "$pg_dir/data/postmaster.pid")"
	wait "${pg_pid:-}" 2>/dev/null || true
	pg_pid=
}
# new_database NAME: an empty one, of role ivs_live.
new_database() {
	psql -X -q -h "$pg_dir" -p "$pg_port" -U postgres postgres <<-EOF
		SELECT 'CREATE ROLE ivs_live LOGIN' WHERE NOT EXISTS
			(SELECT FROM pg_roles WHERE rolname = 'ivs_live') \gexec
		CREATE DATABASE $1 OWNER ivs_live;
	EOF
}
