# Whose database it is, and of which version: what deploy/migrate, the programs, the jobs and ivsctl
# make of it. In a PostgreSQL of its own, with a database for each test.
bats_require_minimum_version 1.5.0
load lib/common
load lib/pg

setup_file() {
	load lib/pg
	new_cluster
	start_cluster
	export pg_dir pg_port
}
teardown_file() {
	load lib/pg
	kill -INT "$(head -n 1 "$pg_dir/data/postmaster.pid")"
	wait_until 10 eval '[ ! -e "$pg_dir/data/postmaster.pid" ]'
}
setup() {
	own=$BATS_TEST_TMPDIR db=schema$BATS_TEST_NUMBER
	new_database "$db"
	PRE="${P}schema$BATS_TEST_NUMBER:"
	own_show "$PRE"
}
teardown() { [ -z "${lock:-}" ] || exec {lock}>&-; }

in_db() { psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$pg_dir" -p "$pg_port" -U ivs_live "$@" "$db"; }
with_db() { env IVS_ENV_FILE=/dev/null DB_HOST="$pg_dir" DB_PORT="$pg_port" DB_NAME="$db" DB_USER=ivs_live REDIS_KEY_PREFIX="$PRE" "$@"; }
migrate() { with_db "$PROJECT_ROOT/deploy/migrate" "$@"; }
replaced_server() { in_db -f "$PROJECT_ROOT/tests/data/replaced-server.sql"; }
# All that is in the database, but for its sequences.
contents() { pg_dump -h "$pg_dir" -p "$pg_port" -U ivs_live "$db" | grep -vE '^\\(un)?restrict'; }
# hold TABLE: another session reads it, as a dump does.
hold() {
	exec {lock}> >(in_db 3>&- >/dev/null)
	echo "SET application_name = 'a-long-dump'; BEGIN; LOCK TABLE $1 IN ACCESS SHARE MODE;" >&"$lock"
	held() { [ "$(in_db -c "SELECT count(*) FROM pg_locks WHERE granted AND relation = '$1'::regclass AND pid <> pg_backend_pid()")" = 1 ]; }
	wait_until 10 held "$1"
}
let_go() { exec {lock}>&-; lock=; }
later_migration() { # NUMBER SERVES STATEMENT: into $own/sql, with those there are
	mkdir -p "$own/sql"
	cp "$PROJECT_ROOT"/sql/schema/*.sql "$own/sql"
	printf -- '-- later\n%s\n%s\n' "${2:+-- serves: $2}" "$3" >"$own/sql/$1_later.sql"
}

@test "migrate: a lock that somebody holds makes it try again, a line each; readers do not wait behind it (B4)" {
	migrate >/dev/null
	later_migration 900 '' 'ALTER TABLE viewer_sessions ADD COLUMN later text;'
	hold viewer_sessions
	SCHEMA_DIR=$own/sql migrate >"$own/out" 2>&1 3>&- {lock}>&- &
	local pid=$! slowest=0 start took
	# While it tries, nobody who reads the table waits for longer than one of its tries.
	tries() { [ "$(grep -c 'try' "$own/out")" -ge "$1" ]; }
	until tries 2; do
		start=${EPOCHREALTIME/./}
		in_db -c 'SELECT count(*) FROM viewer_sessions' >/dev/null
		took=$((${EPOCHREALTIME/./} - start))
		((took <= slowest)) || slowest=$took
		kill -0 "$pid"
	done
	echo "slowest reader: $slowest us"
	((slowest < 4500000))
	let_go
	wait "$pid" || { cat "$own/out" >&2; return 1; }
	equals "$(grep -c '^deploy/migrate: try [0-9]* of 10: another session holds a lock (a-long-dump pid [0-9]*)$' "$own/out")" \
		"$(grep -c try "$own/out")"
	grep -qx 'applied 900_later' "$own/out"
}

@test "migrate: a database of the replaced server is named, nothing is changed, and the way is told (B7)" {
	replaced_server
	contents >"$own/before"
	run -1 migrate
	matches "$output" 'that of another program'
	matches "$output" 'docs/deployment\.md, section "Coming from the replaced server"'
	[ "${#lines[@]}" = 1 ]
	grep -qx '### Coming from the replaced server' "$PROJECT_ROOT/docs/deployment.md"
	contents | diff "$own/before" -
}

@test "migrate: another program's list of migrations is none of ours" {
	in_db -c "CREATE TABLE schema_migrations (version varchar(14) PRIMARY KEY); INSERT INTO schema_migrations VALUES ('20210101000000')"
	run -1 migrate
	matches "$output" 'that of another program'
	equals "$(in_db -c 'SELECT count(*) FROM pg_class WHERE relkind = '"'r'"' AND relnamespace = '"'public'"'::regnamespace')" 1
}

@test "migrate: a database that is newer is left alone; one that still serves these programs is no error" {
	migrate >/dev/null
	later_migration 900 4 'CREATE TABLE later ();'
	SCHEMA_DIR=$own/sql migrate
	run -0 migrate
	matches "$output" 'later migrations \(900\)'
	later_migration 901 901 'CREATE TABLE latest ();'
	SCHEMA_DIR=$own/sql migrate
	run -1 migrate
	matches "$output" 'serves programs from migration 901 on: upgrade ivs-live'
}

@test "migrate: a database of an earlier version, whose list says less, is brought up to date; gaps do no harm" {
	in_db -c 'CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())'
	for v in 001_initial 002_heal 003_forget; do
		in_db -1 -f "$PROJECT_ROOT/sql/schema/$v.sql" -c "INSERT INTO schema_migrations VALUES ($((10#${v%%_*})), '${v#*_}')"
	done
	run -0 migrate
	matches "$output" '^applied 004_key_life'
	run -0 migrate
	equals "$output" ''
	equals "$(in_db -c "SELECT count(*) FILTER (WHERE serves > version OR serves < 1), count(*) FILTER (WHERE serves IS NULL) FROM schema_migrations")" '0|3'
}
