# What /health and /readyz say of a PostgreSQL that answers and does not do what the programs need, and
# how often they ask. In a stack of its own.
bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	load lib/show
	without_pgbouncer
	# Longer than the pulse may be away; so short that numbers fall while a test looks on.
	live_show AUTO_SCALE_ENABLED=false HEARTBEAT_TIMEOUT=15
}
teardown_file() { show_down; }
setup() {
	load lib/show
	own=$BATS_TEST_TMPDIR
	wait_until 20 well
}
teardown() {
	thaw viewer
	redis_c replicaof no one >/dev/null
	postgres_back
	admin "ALTER DATABASE \"$DB_NAME\" RESET default_transaction_read_only"
	admin "ALTER DATABASE \"$DB_NAME\" RESET log_statement"
	admin "ALTER TABLE viewer_sessions OWNER TO \"$DB_USER\""
	admin "UPDATE schema_migrations SET version = 4 WHERE version = -4"
	admin "GRANT ALL ON viewer_sessions, show_state TO \"$DB_USER\""
	admin 'DROP TRIGGER IF EXISTS full_disk ON viewer_sessions'
	new_connections
}
admin() { psql -X -q -A -t -h "$STACK_PG" -p "${STACK_PG_PORT:-5432}" -U postgres -c "SET client_min_messages = error" \
	-c "SET default_transaction_read_only = off" -c "$1" "$DB_NAME"; }
# What is set for the database counts on the next connection.
new_connections() { admin "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '$DB_USER'" >/dev/null; }
health() { # PATH -> $state
	call GET "$1" - -H 'Accept-Language: en'
	state=$(json '"\(.data.status) \([.data.problems[]? | "\(.dependency) \(.reason)"] | join(","))"')
}
healthy() { health /health && [ "$http_status $state" = '200 healthy ' ]; }
# Nothing waits any more.
well() { no_records && healthy; }
says() { # DEPENDENCY REASON
	health /readyz && [ "$http_status $state" = "200 degraded $1 $2" ] &&
		health /health && [ "$http_status $state" = "200 degraded $1 $2" ]
}

@test "PostgreSQL read-only: degraded, with the reason, though nothing was to be written (C1)" {
	admin "ALTER DATABASE \"$DB_NAME\" SET default_transaction_read_only = on"
	new_connections
	wait_until 3 says postgres READ_ONLY
	matches "$(json '.data.problems[0].message')" 'read-only'
	equals "$(json .data.services.postgres)" connected
	admin "ALTER DATABASE \"$DB_NAME\" RESET default_transaction_read_only"
	wait_until 3 healthy # by itself
}

@test "PostgreSQL is a standby: degraded, with the reason (C1)" {
	load lib/pg
	new_cluster
	start_cluster
	new_database standby
	local there=(DB_HOST="$pg_dir" DB_PORT="$pg_port" DB_NAME=standby DB_USER=ivs_live IVS_ENV_FILE=/dev/null)
	env "${there[@]}" "$PROJECT_ROOT/deploy/migrate" >/dev/null
	stop_cluster
	as_postgres touch "$pg_dir/data/standby.signal"
	start_cluster
	cgi health GET /readyz '' "${there[@]}" DB_PORT="$pg_port"
	stop_cluster
	assert_status 200
	equals "$(json '"\(.data.status) \(.data.problems[0].reason)"')" 'degraded READ_ONLY'
}

@test "PostgreSQL without a right on a table: degraded, with the reason; history is 503, not 500 (C1)" {
	local user
	user=$(fresh)
	admin "ALTER TABLE viewer_sessions OWNER TO postgres"
	admin "REVOKE ALL ON viewer_sessions FROM \"$DB_USER\"; GRANT SELECT ON viewer_sessions TO \"$DB_USER\""
	wait_until 3 says postgres DENIED
	matches "$(json '.data.problems[0].message')" 'right'
	seat "$user" "$MASTER"
	assert_status 200
	api GET "/api/viewer/history/$user"
	assert_away postgres
	matches "$(json .error.details.reason)" '^(DENIED|NOT_WRITTEN)$'
	admin "ALTER TABLE viewer_sessions OWNER TO \"$DB_USER\""
	wait_until 10 well
	wait_until 10 answers GET "/api/viewer/history/$user" 200
	equals "$(psql_q "SELECT count(*) FROM viewer_sessions WHERE user_id = '$user'")" 1
}

@test "PostgreSQL full: degraded by what the last drain met, until one succeeds (C1)" {
	local user
	user=$(fresh)
	admin "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
		\$\$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END \$\$"
	admin 'CREATE TRIGGER full_disk BEFORE INSERT ON viewer_sessions EXECUTE FUNCTION full_disk()'
	seat "$user" "$MASTER"
	assert_status 200
	wait_until 5 says postgres NO_ROOM
	admin 'DROP TRIGGER full_disk ON viewer_sessions'
	wait_until 10 well
	equals "$(psql_q "SELECT count(*) FROM viewer_sessions WHERE user_id = '$user'")" 1
}

@test "PostgreSQL of another version: degraded, with the reason, and well again without a restart" {
	psql_q "UPDATE schema_migrations SET version = -version WHERE version = 4"
	new_connections
	wait_until 5 says postgres SCHEMA_OLDER
	matches "$(json '.data.problems[0].message')" 'deploy/migrate'
	psql_q "UPDATE schema_migrations SET version = 4 WHERE version = -4"
	wait_until 5 healthy
}

# ---- who refreshes what is read ----

# USER: what tells who is watching; without USER what the programs beside viewer have of it.
reads() {
	printf '%s\n' /api/stats /api/stats/viewers /api/stats/stages "/api/stats/stages?arn=$MASTER" \
	"/api/stats/stages/${MASTER##*/}" /api/stage/list /api/stage/master/info "/api/stage/$MASTER"
	[[ ! ${1:-} ]] || printf '%s\n' "/api/viewer/list/$MASTER" "/api/viewer/duration?userId=$1&stageArn=$(uri "$MASTER")"
}
# What has more to tell than viewers: their numbers, or nothing. $viewers
scraped() {
	api GET /metrics
	assert_status 200 || return 1
	matches "$http_body" 'ivs_live_stages 1' || return 1
	viewers=$(awk '/^ivs_live_(viewers|seats)[{]/ { n = n " " $2 } END { print substr(n, 2) }' <<<"$http_body")
}
reported() {
	run -0 --separate-stderr "$BUILD_DIR/cron/metrics" --dry-run
	equals "$(jq -c '[.[] | select(.name == "ActiveStages").count | floor]' <<<"$output")" '[1]' || return 1
	viewers=$(jq -r '[.[] | select(.name | endswith("Viewers")).count | floor] | join(" ")' <<<"$output")
}
shown() {
	run -0 "$BUILD_DIR/ctl/ivsctl" stage list --json
	viewers=$(jq -r '"\(.viewers) \(.viewersKnown)"' <<<"$output")
}
# All of them say these numbers; or are refused, leave them out, or say that they are old.
tells() { scraped && equals "$viewers" "${1:+$1 $1}" && reported && equals "$viewers" "${1:+$1 $1}" &&
	shown && { [[ ! $1 ]] || equals "$viewers" "$1 true"; } && { [[ $1 ]] || matches "$viewers" ' false$'; }; }
refused() { # USER REASON: all of them (reads)
	local path
	while read -r path; do
		api GET "$path"
		assert_away redis || return 1
		equals "$path $(json .error.details.reason)" "$path $2" || return 1
	done < <(reads "$1")
}
# Each answer tells the one viewer, or that nothing is known: never another number.
one_or_refused() {
	local path
	while read -r path; do
		api GET "$path"
		if [ "$http_status" = 503 ]; then
			equals "$path $(json .error.details.reason)" "$path STALE" || return 1
			continue
		fi
		assert_status 200 || return 1
		equals "$path $(json '[.data | .. | objects | .totalViewers, .viewerCount | numbers] | unique[]')" \
			"$path 1" || return 1
	done < <(reads)
}
answered() { # USER
	local path
	while read -r path; do
		api GET "$path"
		equals "$path $http_status" "$path 200" || return 1
	done < <(reads "$1")
}

@test "nobody can refresh who is watching: what is read is 503 and no falling number; then well again (C9)" {
	local user
	user=$(fresh)
	empty_show
	seat "$user" "$MASTER"
	answered "$user"
	tells 1
	beat "$user" "$MASTER"
	freeze viewer # for longer than a pulse may be away, and than the viewer counts as present
	present() { [ "$(redis_c zcount "${P}viewer:heartbeat:$MASTER" "$((($(redis_c time | head -n 1) - 15) * 1000))" +inf)" = 1 ]; }
	while present; do one_or_refused; done
	refused '' STALE
	tells ''
	run -69 "$BUILD_DIR/cron/snapshot"
	run -0 "$BUILD_DIR/ctl/ivsctl" stage list # the operator may look
	matches "$output" 'not current: .*do the programs of viewer run'
	thaw viewer
	wait_until 5 answered "$user"
}

@test "Redis has become a read-only replica: reads are refused, too, when nobody can refresh them (C9)" {
	local user
	user=$(fresh)
	seat "$user" "$MASTER"
	redis_c replicaof 127.0.0.1 1 >/dev/null
	all_refused() { refused "$user" STALE 2>/dev/null; }
	wait_until 20 all_refused
	tells ''
	redis_c replicaof no one >/dev/null
	wait_until 10 answered "$user"
}

@test "plain CGI has no pulse: reads are answered, and a read-only replica is told all the same (C9)" {
	local pre="${P}cgi:"
	own_show "$pre"
	cgi stats GET /api/stats '' REDIS_KEY_PREFIX="$pre"
	assert_status 200
	redis_c replicaof 127.0.0.1 1 >/dev/null
	cgi stats GET /api/stats '' REDIS_KEY_PREFIX="$pre"
	redis_c replicaof no one >/dev/null
	assert_away redis
	equals "$(json .error.details.reason)" READ_ONLY
}

# ---- a Redis without its state ----

@test "Redis empty and PostgreSQL away: the 503 names postgres, which must come back (C3)" {
	stop_postgres
	redis_c flushall >/dev/null
	names_postgres() {
		api GET /api/stats - -H 'Accept-Language: en'
		[ "$http_status $(json '"\(.error.details.dependency) \(.error.details.reason)"')" = '503 postgres RESTORING' ]
	}
	wait_until 10 names_postgres
	matches "$(json .error.message)" 'PostgreSQL must come back'
	beat nobody "$MASTER"
	beat_names() { beat nobody "$MASTER" && [ "$http_status $(json .error.details.dependency)" = '503 postgres' ]; }
	wait_until 10 beat_names
	ready_names() { call GET /readyz && [ "$http_status $(json .error.details.dependency)" = '503 postgres' ]; }
	wait_until 10 ready_names
	postgres_back
	wait_until 20 well
}

@test "fresh install: ivsctl stage list says what fills Redis (C6)" {
	run -69 --separate-stderr env REDIS_KEY_PREFIX="${P}fresh:" "$BUILD_DIR/ctl/ivsctl" stage list
	matches "$stderr" 'start the programs, or run cron/records'
	run -0 env REDIS_KEY_PREFIX="${P}fresh:" "$BUILD_DIR/cron/records"
	run -0 env REDIS_KEY_PREFIX="${P}fresh:" "$BUILD_DIR/ctl/ivsctl" stage list
}

# What PostgreSQL was sent so far, by its own log, of the statement that asks whether it does its work.
statements() { grep -cE 'execute .*pg_is_in_recovery\(\) OR ' "$SUITE_DIR/log/postgres.log" || true; }
# The scripts and statements of a flood of 3000 calls that goes on for at least a second.
@test "a flood of /health and /readyz asks Redis and PostgreSQL at most five times a second for each worker (F6)" {
	local workers probes start took_ms before asked
	admin "ALTER DATABASE \"$DB_NAME\" SET log_statement = 'all'"
	new_connections
	wait_until 5 healthy
	workers=$(pgrep -P "$(pid_of health)" | wc -l)
	timeout 60 redis-cli -s "$STACK_REDIS" monitor >"$own/monitor" 2>/dev/null 3>&- &
	local monitor=$!
	wait_until 5 test -s "$own/monitor"
	before=$(statements)
	start=${EPOCHREALTIME/./}
	{ repeat 1500 'GET /health'; repeat 1500 'GET /readyz'; } | load_requests 8 >"$own/out"
	took_ms=$(((${EPOCHREALTIME/./} - start) / 1000))
	kill "$monitor"
	wait "$monitor" 2>/dev/null || true
	equals "$(count_status 200 <"$own/out")" 3000
	probes=$(grep -ci "\"evalsha\" \"$(sha_of probe)\"" "$own/monitor")
	asked=$(($(statements) - before))
	echo "3000 calls in $took_ms ms by $workers workers: $probes probes of Redis, $asked of PostgreSQL"
	((probes > 0 && probes <= workers * (took_ms / 200 + 2) && probes < 1000))
	((asked > 0 && asked <= workers * (took_ms / 200 + 2) && asked < 1000))
}
