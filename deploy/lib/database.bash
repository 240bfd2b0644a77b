# Which database: the DB_* settings for deploy/migrate, deploy/backup and deploy/restore, as
# ivsctl reads them (lib/ask.bash), handed to psql and its like by libpq's own names.
# shellcheck shell=bash

# shellcheck disable=SC2034 # for the usage of each
DATABASE_HELP='The database is named by DB_HOST (a host, or the folder of a Unix socket),
DB_PORT, DB_NAME, DB_USER, DB_PASSWORD (or DB_PASSWORD_FILE), DB_SSL_ENABLED,
DB_SSL_MODE and DB_SSL_CA, from the environment or the file IVS_ENV_FILE (else
./.env, else /etc/ivs-live/env). ivsctl reads them: of this tree, of what was
installed, or the one that IVSCTL names.'

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/ask.bash"

die() {
	echo "deploy/${0##*/}: $*" >&2
	exit 1
}

# By libpq's own names: a password in an argument would be in the process list.
connect_settings() {
	ask_settings DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD DB_SSL_MODE DB_SSL_CA
	forget_libpq
	export PGHOST=$DB_HOST PGPORT=$DB_PORT PGDATABASE=$DB_NAME PGUSER=$DB_USER
	export PGSSLMODE=$DB_SSL_MODE PGGSSENCMODE=disable
	export PGCONNECT_TIMEOUT=10 PGAPPNAME=ivs-live-${0##*/} PGCLIENTENCODING=UTF8
	[[ -z $DB_PASSWORD ]] || export PGPASSWORD=$DB_PASSWORD
	[[ -z $DB_SSL_CA ]] || export PGSSLROOTCERT=$DB_SSL_CA
}

# use_database PROGRAM...: settings in place; the programs are there.
use_database() {
	local program
	for program; do
		command -v "$program" >/dev/null ||
			die "$program is missing: apt-get install postgresql-client"
	done
	connect_settings
}

run_sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# pg_dump and what it writes tell the session things; with PgBouncer in transaction mode that
# would reach others. A pooler takes no options, or drops them: so it is found out.
must_be_direct() {
	local seen
	seen=$(PGOPTIONS='-c ivs_live.direct=yes' \
		run_sql -c "SELECT current_setting('ivs_live.direct', true)") ||
		die "cannot connect to $PGHOST:$PGPORT (if that is PgBouncer: name PostgreSQL itself" \
			"by DB_HOST and DB_PORT in the environment)"
	[[ $seen == yes ]] ||
		die "$PGHOST:$PGPORT is a pooler: name PostgreSQL itself by DB_HOST and DB_PORT in the environment"
}
