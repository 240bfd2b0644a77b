# Backup and restore: what is written while a show goes on comes back whole, on an empty cluster.
bats_require_minimum_version 1.5.0
load lib/common
load lib/show
load lib/pg

setup() { own=$BATS_FILE_TMPDIR; }
teardown() { stop_cluster; }
teardown_file() {
	local dir
	# the stacks that tests brought up, should one have ended half-way
	for dir in "$SUITE_DIR"/show.*; do
		[ ! -e "$dir/env" ] || "$PROJECT_ROOT/deploy/stack" down "$dir" 3>&- >/dev/null
	done
}

# The stack's database as an administrator reaches it: not by PgBouncer.
admin() { DB_HOST=$STACK_PG DB_PORT=5432 "$@"; }
backup() { admin "$PROJECT_ROOT/deploy/backup" "$@"; }
# into NAME DUMP [OPTION]: deploy/restore into a database of the own cluster
into() { DB_HOST=$pg_dir DB_PORT=$pg_port DB_NAME=$1 "$PROJECT_ROOT/deploy/restore" ${3:+"$3"} "$2"; }
in_own() { psql -X -qAt -h "$pg_dir" -p "$pg_port" -U ivs_live "$1" -c "$2"; } # DATABASE SQL
own_cluster() {
	new_cluster
	start_cluster
	new_database "$1"
}
TABLES=(api_keys schema_migrations show_state stages users viewer_sessions viewer_stats_snapshots voided_sessions)
# What a dump holds of a table, and what a database holds: one line a row, in order.
in_dump() { pg_restore --data-only --table="$2" -f - "$1" | sed -n '/^COPY /,/^\\\.$/p' | sed '1d;$d' | sort; }
in_database() { psql -X -qAt -h "$pg_dir" -p "$pg_port" -U ivs_live "$1" -c "COPY $2 TO STDOUT" | sort; }

# Joins and leaves of $1 people; the drains follow by themselves.
crowd() {
	local i
	for ((i = 1; i <= $1; i++)); do
		printf 'POST /api/viewer/rejoin {"userId":"%s-%d","stageArn":"%s","participantId":"p%d"}\n' "$2" "$i" "$MASTER" "$i"
		((i % 3)) || printf 'POST /api/viewer/leave {"userId":"%s-%d","stageArn":"%s"}\n' "$2" "$((i - 2))" "$MASTER"
	done
}

@test "drill: a dump under joins and leaves is restored on an empty cluster, row for row" {
	local dump table before u
	show_up MAX_VIEWERS_PER_STAGE=20000
	send_events
	publish >/dev/null
	wait_until 5 is_live
	u=$(fresh)
	crowd 300 "$u-before" | load_requests 8 >"$own/acks"
	[ "$(count_status 200 <"$own/acks")" = 400 ]
	written 20
	before=$(psql_q "SELECT count(*) FROM viewer_sessions WHERE user_id LIKE '$u-before%'")
	equals "$before" 300
	crowd 3000 "$u-while" | load_requests 8 >"$own/acks" 3>&- &
	load=$!
	begun() { [ "$(psql_q "SELECT count(*) FROM viewer_sessions WHERE user_id LIKE '$u-while%'")" -gt 50 ]; }
	wait_until 20 begun
	dump=$(backup "$own")
	kill -0 "$load" # it went on all the while
	matches "$dump" "^$own/ivs_live-[0-9]{8}T[0-9]{6}Z\\.dump$"
	equals "$(stat -c %a "$dump")" 600
	wait "$load"
	equals "$(count_status 200 <"$own/acks")" 4000

	own_cluster ivs_live
	run -0 into ivs_live "$dump"
	matches "$output" 'ivsctl presence reload'
	for table in "${TABLES[@]}"; do
		in_dump "$dump" "$table" >"$own/dumped"
		in_database ivs_live "$table" >"$own/restored"
		cmp "$own/dumped" "$own/restored" || { echo "$table differs" >&2; return 1; }
	done
	# no table was forgotten in this list
	equals "$(in_own ivs_live "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")" "${TABLES[*]}"
	# one moment: all from before are there, some of the others, each with his person
	equals "$(in_own ivs_live "SELECT count(*) FROM viewer_sessions WHERE user_id LIKE '$u-before%'")" 300
	while_=$(in_own ivs_live "SELECT count(*) FROM viewer_sessions WHERE user_id LIKE '$u-while%'")
	((while_ > 50 && while_ <= 3000))
	equals "$(in_own ivs_live "SELECT count(*) FROM viewer_sessions s LEFT JOIN users u USING (user_id)
		WHERE u.user_id IS NULL")" 0
	equals "$(in_own ivs_live "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")" ivs_live
	# migrations find their place, new rows their numbers
	DB_HOST=$pg_dir DB_PORT=$pg_port "$PROJECT_ROOT/deploy/migrate"
	in_own ivs_live "INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count, peak_viewers)
		VALUES ('x', now(), 1, 1)"
	# AWS, which outlives our machines, and the publisher are for the next test
	cp "$SUITE_DIR/env" "$own/env"
	cp "$dump" "$own/drill.dump"
}

@test "drill: on a restored database a fresh Redis has the stages, the publisher and every viewer who was there" {
	local open
	[ -e "$own/drill.dump" ]
	own_cluster ivs_live
	into ivs_live "$own/drill.dump" >/dev/null
	open=$(in_own ivs_live 'SELECT count(*) FROM viewer_sessions WHERE left_at IS NULL')
	((open > 200))
	# A machine with nothing on it, the database beside it, and the same AWS.
	dir=$(mktemp -d "$SUITE_DIR/show.XXXX")
	chmod 711 "$dir"
	(
		set -a
		# shellcheck source=/dev/null
		. "$own/env"
		unset REDIS_SOCKET REDIS_HOST REDIS_USER REDIS_PASSWORD REDIS_TLS_ENABLED REDIS_TLS_CA \
			REDISCLI_AUTH STACK_THROUGH STACK_REDIS STACK_PG BASE_URL
		DB_HOST=$pg_dir DB_PORT=$pg_port DB_NAME=ivs_live API_PORT=0 \
			"$PROJECT_ROOT/deploy/stack" up "$dir" --fresh 3>&- >&2
	)
	set -a
	# shellcheck source=/dev/null
	. "$dir/env"
	set +a
	use_stack
	rebuilt() { api GET /api/stats && [ "$http_status $(json .data.totalViewers)" = "200 $open" ]; }
	wait_until 45 rebuilt || { echo "$http_status $http_body, wanted $open viewers" >&2; return 1; }
	equals "$(json .data.isPublisherLive)" true
}

@test "restore: a database that is not empty is left alone, --replace makes it what the dump holds" {
	own_cluster one
	new_database two
	psql_q 'SELECT 1' >/dev/null
	dump=$(backup "$own/replace.dump")
	into one "$dump" >/dev/null
	in_own one "CREATE TABLE left_over (id bigint GENERATED ALWAYS AS IDENTITY, u text REFERENCES users (user_id));
		CREATE VIEW left_view AS SELECT * FROM left_over; CREATE FUNCTION left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1';
		INSERT INTO users (user_id, first_joined_at, last_joined_at) VALUES ('only-here', now(), now())"
	run -1 into one "$dump"
	matches "$output" 'is not empty'
	equals "$(in_own one "SELECT count(*) FROM users WHERE user_id = 'only-here'")" 1
	run -0 into one "$dump" --replace
	equals "$(in_own one "SELECT count(*) FROM users WHERE user_id = 'only-here'")" 0
	equals "$(in_own one "SELECT to_regclass('left_over') IS NULL AND to_regclass('left_view') IS NULL
		AND to_regproc('left_behind') IS NULL")" t
	for table in "${TABLES[@]}"; do
		cmp <(in_dump "$dump" "$table") <(in_database one "$table")
	done
}

no_records() { [ "$(redis_c xlen "${P}records")" = 0 ]; } # the programs write them by themselves
programs() { printf '%s\n' token stage viewer stats health; }
stop_programs() {
	local name pid
	for name in $(programs); do
		pid=$(pid_of "$name")
		kill -TERM "$pid"
		wait_until 15 is_gone "$pid"
	done
}
start_programs() { for name in $(programs); do "$PROJECT_ROOT/deploy/stack" restart "$name" "$SUITE_DIR" 3>&- >/dev/null; done; }
ban() { # USER
	api POST /api/viewer/kick "{\"userId\":\"$1\",\"ban\":true}"
	assert_status 200
}

@test "restore: a Redis that has lived on gives the database what came after the backup, before it is lost itself" {
	local dump kept removed
	show_up AUTO_SCALE_ENABLED=false
	publish >/dev/null
	autoscale
	api POST /api/stage '{"name":"kept"}'
	kept=$(json .data.stage.arn)
	api POST /api/stage '{"name":"removed"}'
	removed=$(json .data.stage.arn)
	ban lifted
	wait_until 20 no_records
	dump=$(backup "$BATS_TEST_TMPDIR/early.dump")
	api PUT "/api/stage/$kept" '{"maxViewers":7}'
	assert_status 200
	api DELETE "/api/stage/$removed"
	assert_status 200
	api DELETE /api/viewer/ban/lifted
	assert_status 200
	ban banned
	wait_until 20 no_records
	# The database is lost. What the manual says: programs off, restore, programs on.
	stop_programs
	admin "$PROJECT_ROOT/deploy/restore" --replace "$dump" >/dev/null
	known() { psql_q "SELECT (SELECT max_viewers FROM stages WHERE stage_arn = '$kept'),
		(SELECT state FROM stages WHERE stage_arn = '$removed'),
		(SELECT string_agg(id, ' ' ORDER BY id) FROM show_state WHERE kind = 'ban' AND value <> 'null')"; }
	equals "$(known)" '|active|lifted'
	start_programs
	up_to_date() { [ "$(known)" = '7|deleted|banned' ]; }
	wait_until 20 up_to_date || { known >&2; return 1; }
	matches "$(cat "$SUITE_DIR"/log/*.log)" 'PostgreSQL has less than was written to it'
	redis_c flushall >/dev/null
	wait_until 20 answers GET /readyz 200
	api POST /api/token/viewer '{"userId":"banned"}'
	assert_error 403 FORBIDDEN
	equals "$(json .error.details.reason) $(entry "$kept" .maxViewers)" 'BANNED 7'
	api POST /api/token/viewer '{"userId":"lifted"}'
	assert_status 200
	equals "$(redis_c hexists "${P}stages" "$removed")" 0
	show_down
}

@test "restore: a dump that is cut off, or no dump at all, changes nothing" {
	own_cluster one
	# enough that it is cut in the middle of the data, behind the list of contents
	psql_q "INSERT INTO users (user_id, first_joined_at, last_joined_at)
		SELECT 'bulk-' || md5(n::text), now(), now() FROM generate_series(1, 5000) n"
	dump=$(backup "$own/whole.dump")
	psql_q "DELETE FROM users WHERE user_id LIKE 'bulk-%'"
	head -c "$(($(stat -c %s "$dump") - 50000))" "$dump" >"$own/cut.dump"
	pg_restore --list "$own/cut.dump" >/dev/null
	echo 'no dump' >"$own/text.dump"
	for bad in "$own/cut.dump" "$own/text.dump" "$own/none.dump"; do
		run -1 into one "$bad"
		equals "$(in_own one "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")" 0
	done
	into one "$dump" >/dev/null
	before=$(in_database one users | sha256sum)
	run -1 into one "$own/cut.dump" --replace
	matches "$output" 'nothing was restored'
	equals "$(in_database one users | sha256sum)" "$before"
}

@test "restore: pg_restore ended half-way, between two statements: nothing has changed" {
	own_cluster one
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/pg_restore" <<-EOF
		#!/bin/sh
		case "\$*" in *--list*) exec $(postgres_bin)/pg_restore "\$@" ;; esac
		echo 'CREATE TABLE half (n int);'
		kill -KILL \$\$
	EOF
	chmod +x "$BATS_TEST_TMPDIR/bin/pg_restore"
	dump=$(backup "$own/half.dump")
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run -1 into one "$dump"
	matches "$output" 'nothing was restored'
	equals "$(in_own one "SELECT to_regclass('half') IS NULL")" t
	into one "$dump" >/dev/null
}

@test "backup: overwrites nothing, leaves nothing half, says so when it fails" {
	cd "$BATS_TEST_TMPDIR"
	echo mine >taken
	run -1 backup taken
	matches "$output" 'exists: it is not overwritten'
	equals "$(<taken)" mine
	run -1 backup none/file
	run -1 env DB_HOST="$PWD" "$PROJECT_ROOT/deploy/backup" away
	matches "$output" 'cannot connect'
	run -1 admin env DB_NAME=no_such_database "$PROJECT_ROOT/deploy/backup" away
	run -64 backup one two
	equals "$(ls -A)" taken
	backup good >/dev/null
	equals "$(ls -A | xargs)" 'good taken'
	equals "$(stat -c %a good)" 600
	# it is the settings file's, too
	printf 'DB_HOST=%s\nDB_PORT=5432 # a comment\nDB_NAME=old_show\nDB_NAME="ivs_live"\nDB_USER=ivs_live\n' "$STACK_PG" >settings
	# of a name given twice the programs take the last
	env -u DB_HOST -u DB_PORT -u DB_NAME -u DB_USER IVS_ENV_FILE="$PWD/settings" "$PROJECT_ROOT/deploy/backup" again
	# which has to be there, as for the programs; a password of the environment wins
	run -1 admin env IVS_ENV_FILE="$PWD/no-settings" "$PROJECT_ROOT/deploy/backup" guessed
	matches "$output" "cannot read the settings file '$PWD/no-settings'"
	[ ! -e guessed ]
	echo "DB_PASSWORD_FILE=$PWD/no-password" >>settings
	admin env IVS_ENV_FILE="$PWD/settings" DB_PASSWORD=ours "$PROJECT_ROOT/deploy/backup" with-password
}

# stand_in WORDS: backup with a pg_dump that does the real one's work, then this to its "$file"
stand_in() {
	mkdir -p bin
	cat >bin/pg_dump <<-EOF
		#!/bin/sh
		$(postgres_bin)/pg_dump "\$@" || exit
		for word; do case \$word in --file=*) file=\${word#--file=} ;; esac; done
		$1
	EOF
	chmod +x bin/pg_dump
	PATH=$PWD/bin:$PATH backup folder/dump
}

@test "backup: what cannot be read again is no backup, and a file that appeared meanwhile stays" {
	cd "$BATS_TEST_TMPDIR"
	mkdir folder
	run -1 stand_in 'truncate -s -50 "$file"'
	matches "$output" 'cannot be read: there is no backup'
	equals "$(ls -A folder)" ''
	run -1 stand_in 'echo mine >folder/dump'
	matches "$output" 'exists: it is not overwritten'
	equals "$(ls -A folder) $(<folder/dump)" 'dump mine'
	rm folder/dump
	run -0 stand_in :
	pg_restore --list folder/dump >/dev/null
}

@test "backup and restore: PgBouncer is found out and refused, for others would notice" {
	show_up STACK_THROUGH=pgbouncer
	run -1 "$PROJECT_ROOT/deploy/backup" "$BATS_TEST_TMPDIR/pooled"
	matches "$output" 'PgBouncer: name PostgreSQL itself'
	dump=$(backup "$BATS_TEST_TMPDIR/direct")
	run -1 "$PROJECT_ROOT/deploy/restore" --replace "$dump"
	matches "$output" 'PgBouncer: name PostgreSQL itself'
	# where it was told to drop what it does not understand
	sed -i 's/^server_login_retry/ignore_startup_parameters = options\n&/' "$DB_HOST/ini"
	kill -HUP "$(pid_of pgbouncer)"
	run -1 "$PROJECT_ROOT/deploy/backup" "$BATS_TEST_TMPDIR/pooled"
	matches "$output" 'pooler|PgBouncer'
	show_down
}

@test "backup, restore, migrate: what else libpq finds in the environment leads to no other database" {
	own_cluster mine
	new_database other
	in_own other 'CREATE TABLE precious (n int)'
	psql_q 'SELECT 1' >/dev/null
	printf '[there]\nhost=%s\nport=%s\ndbname=other\nuser=ivs_live\n' "$pg_dir" "$pg_port" >"$own/services"
	export PGSERVICEFILE=$own/services PGSERVICE=there PGHOSTADDR=192.0.2.1 PGOPTIONS='-c search_path=nowhere'
	dump=$(backup "$own/named.dump")
	pg_restore --list "$dump" | grep -q 'TABLE public users'
	into mine "$dump" --replace >/dev/null
	unset PGSERVICE PGHOSTADDR PGOPTIONS
	equals "$(in_own other "SELECT to_regclass('precious') IS NOT NULL AND to_regclass('users') IS NULL")" t
	equals "$(in_own mine "SELECT to_regclass('users') IS NOT NULL")" t
}

@test "backup: no password is in the process list" {
	local shown
	mkdir "$BATS_TEST_TMPDIR/bin"
	# stands before the real one: notes what everybody can see while it runs
	cat >"$BATS_TEST_TMPDIR/bin/pg_dump" <<-EOF
		#!/bin/sh
		ps -eo args >"$BATS_TEST_TMPDIR/seen"
		exec $(postgres_bin)/pg_dump "\$@"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/bin/pg_dump"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH DB_PASSWORD=canary-db-password backup "$BATS_TEST_TMPDIR/dump"
	grep -q pg_dump "$BATS_TEST_TMPDIR/seen"
	run -1 grep -c canary-db-password "$BATS_TEST_TMPDIR/seen"
}

# The files under PREFIX/share that the manual and the shipped files send an operator to.
named_files() {
	grep -rhoE 'share/ivs-live/deploy/[A-Za-z0-9@._/{},-]+' "$PROJECT_ROOT/docs" "$PROJECT_ROOT/deploy" "$PROJECT_ROOT"/README*.md
	# `deploy/packages` is for the tree: what it installs builds the programs.
	grep -oE '(^|[^/.a-z])deploy/[A-Za-z0-9@._/-]+' "$PROJECT_ROOT/docs/deployment.md" |
		grep -v deploy/packages | sed 's,.*deploy/,share/ivs-live/deploy/,'
}
missing() { # PREFIX/share/ivs-live
	local path file
	while read -r path; do
		for file in $(eval "echo ${path%[.,/]}"); do
			[ -e "$1/${file#share/ivs-live/}" ] || echo "$file"
		done
	done < <(named_files | sort -u)
}

@test "installed: migrate, backup and restore work from PREFIX/share" {
	local share=$BATS_TEST_TMPDIR/root/usr/share/ivs-live
	# the part that compiles nothing, for the programs are in use; and ivsctl, at its place
	make -s -C "$PROJECT_ROOT" install-share DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr 3>&-
	install -D "$BUILD_DIR/ctl/ivsctl" "$BATS_TEST_TMPDIR/root/usr/bin/ivsctl"
	unset BUILD_DIR
	[ ! -e "$share/deploy/stack" ]
	equals "$(missing "$share")" ''
	own_cluster one
	cd /
	run -1 env IVS_ENV_FILE=/nowhere "$share/deploy/migrate"
	matches "$output" "cannot read the settings file '/nowhere'"
	DB_HOST=$pg_dir DB_PORT=$pg_port DB_NAME=one "$share/deploy/migrate" | grep -q 'applied 001_initial'
	dump=$(DB_HOST=$pg_dir DB_PORT=$pg_port DB_NAME=one "$share/deploy/backup" "$BATS_TEST_TMPDIR")
	new_database two
	DB_HOST=$pg_dir DB_PORT=$pg_port DB_NAME=two "$share/deploy/restore" "$dump" >/dev/null
	equals "$(in_own two 'SELECT count(*) FROM schema_migrations')" "$(in_own one 'SELECT count(*) FROM schema_migrations')"
}
