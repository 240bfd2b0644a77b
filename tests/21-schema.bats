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
# Or in another mode: as deploy/restore --replace does.
hold() { # TABLE [MODE]
	exec {lock}> >(in_db 3>&- >/dev/null)
	echo "SET application_name = 'a-long-dump'; BEGIN; LOCK TABLE $1 IN ${2:-ACCESS SHARE} MODE;" >&"$lock"
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

@test "migrate: while a restore holds the list of migrations it says so, and goes on after it; so does --status (B4)" {
	local pid way
	migrate >/dev/null
	later_migration 900 '' 'CREATE TABLE later ();'
	for way in '' --status; do
		hold schema_migrations 'ACCESS EXCLUSIVE'
		SCHEMA_DIR=$own/sql migrate $way >"$own/out$way" 2>"$own/err$way" 3>&- {lock}>&- &
		pid=$!
		wait_until 20 grep -qx 'deploy/migrate: try 1 of 10: another session holds a lock (a-long-dump pid [0-9]*)' "$own/err$way"
		let_go
		wait "$pid" || { cat "$own/err$way" >&2; return 1; }
	done
	equals "$(<"$own/out")" 'applied 900_later'
	matches "$(tail -n 1 "$own/out--status")" '^900_later.sql +20[0-9-]*T'
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

# ---- the programs, the jobs and ivsctl ----

# The databases that are not of this version, each with the words that tell it.
make_older() { migrate >/dev/null && in_db -c 'DELETE FROM schema_migrations WHERE version = 4' -c 'ALTER TABLE api_keys DROP COLUMN made_for'; }
make_newer() {
	migrate >/dev/null
	later_migration 900 900 'CREATE TABLE later ();'
	SCHEMA_DIR=$own/sql migrate >/dev/null
}
make_foreign() { replaced_server; }
# deploy/migrate of 0.3.0 left this there.
make_foreign_listed() {
	replaced_server
	in_db -c 'CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())'
}
words_of() {
	case $1 in
	older) echo 'the schema is older .* run deploy/migrate' ;;
	newer) echo 'the schema is newer .* upgrade it' ;;
	foreign | foreign_listed) echo 'that of another program .* run deploy/migrate' ;;
	esac
}
# kind KIND: the database, and what it holds
kind() {
	"make_$1"
	words=$(words_of "$1")
	contents >"$own/before"
}
untouched() { contents | diff "$own/before" -; }
redis_keys() { redis_c --scan --pattern "$PRE*" | grep -v ':metrics' | sort; }

jobs_refuse() {
	local job before
	kind "$1"
	before=$(redis_keys)
	for job in purge records snapshot heartbeat_cleanup autoscale; do
		run -78 --separate-stderr with_db SNAPSHOT_RETENTION_DAYS=1 "$BUILD_DIR/cron/$job"
		matches "$job: $stderr" "$words"
	done
	untouched
	equals "$(redis_keys)" "$before"
}
@test "jobs: a database of the replaced server loses nothing, and the message says what to do (B6)" { jobs_refuse foreign; }
@test "jobs: so is one in which deploy/migrate of 0.3.0 left an empty list" { jobs_refuse foreign_listed; }
@test "jobs: an older schema is refused before anything is changed" { jobs_refuse older; }
@test "jobs: a newer schema is refused before anything is changed" { jobs_refuse newer; }

programs_refuse() { # KIND REASON
	kind "$1"
	cgi viewer GET /api/viewer/history/nobody '' DB_HOST="$pg_dir" DB_PORT="$pg_port" DB_NAME="$db" DB_USER=ivs_live REDIS_KEY_PREFIX="$PRE"
	assert_away postgres
	equals "$(json .error.details.reason)" "$2"
	matches "$(grep '"cause"' "$SUITE_DIR/log/cgi.log" | tail -n 1 | jq -r .cause)" "$words"
	# making a stage begins at AWS and in Redis: not even there
	local calls
	calls=$(emulator GET calls | jq '.CreateStage // 0')
	cgi stage POST /api/stage '{"name":"none"}' DB_HOST="$pg_dir" DB_PORT="$pg_port" DB_NAME="$db" DB_USER=ivs_live REDIS_KEY_PREFIX="$PRE"
	assert_away postgres
	run -78 --separate-stderr with_db "$BUILD_DIR/ctl/ivsctl" stage create none
	matches "$stderr" "$words"
	run -78 --separate-stderr with_db "$BUILD_DIR/ctl/ivsctl" key create --scopes read
	matches "$stderr" "$words"
	equals "$(emulator GET calls | jq '.CreateStage // 0')" "$calls"
	untouched
}
@test "programs and ivsctl: a foreign database is 503 and 78, and neither it nor AWS is changed" { programs_refuse foreign SCHEMA_FOREIGN; }
@test "programs and ivsctl: so is a foreign database with an empty list" { programs_refuse foreign_listed SCHEMA_FOREIGN; }
@test "programs and ivsctl: so is an older schema" { programs_refuse older SCHEMA_OLDER; }
@test "programs and ivsctl: so is a newer schema" { programs_refuse newer SCHEMA_NEWER; }

@test "an empty database is an older one: run deploy/migrate" {
	run -78 --separate-stderr with_db "$BUILD_DIR/cron/records"
	matches "$stderr" 'the schema is older \(0\) .* run deploy/migrate'
	migrate >/dev/null
	run -0 with_db "$BUILD_DIR/cron/records"
}

@test "a later migration that serves these programs stops nobody" {
	migrate >/dev/null
	history() {
		cgi viewer GET /api/viewer/history/nobody '' DB_HOST="$pg_dir" DB_PORT="$pg_port" DB_NAME="$db" DB_USER=ivs_live REDIS_KEY_PREFIX="$PRE"
	}
	later_migration 900 4 'ALTER TABLE viewer_sessions ADD COLUMN later text;'
	SCHEMA_DIR=$own/sql migrate
	history
	assert_status 200
	run -0 with_db "$BUILD_DIR/cron/purge"
}

@test "migrations: each that is not in 0.3.0 says whom it serves" {
	local f v
	for f in "$PROJECT_ROOT"/sql/schema/*.sql; do
		v=${f##*/} v=$((10#${v%%_*}))
		((v > 4)) || continue
		grep -qE '^-- serves: [0-9]+$' "$f" || { echo "${f##*/} has no line '-- serves: N'" >&2; return 1; }
	done
}
