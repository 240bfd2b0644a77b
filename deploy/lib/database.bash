# Which database: the DB_* settings for deploy/migrate, deploy/backup and deploy/restore, from
# the environment or the settings file, handed to psql and its like by libpq's own names. The
# programs read the same settings (common/base/config_table.c), and judge them alike.
# shellcheck shell=bash

# shellcheck disable=SC2034 # for the usage of each
DATABASE_HELP='The database is named by DB_HOST (a host, or the folder of a Unix socket),
DB_PORT, DB_NAME, DB_USER, DB_PASSWORD (or DB_PASSWORD_FILE), DB_SSL_ENABLED,
DB_SSL_MODE and DB_SSL_CA, from the environment or the file IVS_ENV_FILE (else
./.env, else /etc/ivs-live/env).'

die() {
	echo "deploy/${0##*/}: $*" >&2
	exit 1
}

# The DB_* lines of the settings file; the environment wins. The file is read,
# not run: it may hold anything.
read_settings_file() {
	local file=${IVS_ENV_FILE:-} password=${DB_PASSWORD:-}${DB_PASSWORD_FILE:-} line name value
	[[ $file || ! -e ./.env ]] || file=./.env
	[[ $file || ! -e /etc/ivs-live/env ]] || file=/etc/ivs-live/env
	[[ $file ]] || return 0
	# without it this would be about another database
	[[ -r $file && ! -d $file ]] || die "cannot read the settings file '$file'"
	while IFS= read -r line || [[ $line ]]; do
		[[ $line =~ ^[[:space:]]*(export[[:space:]]+)?(DB_[A-Z_]+)=(.*)$ ]] || continue
		name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
		[[ $name != DB_PASSWORD* || -z $password ]] || continue
		value=${value%"${value##*[![:space:]]}"}
		case $value in
		\"*\") value=${value#\"} value=${value%\"} ;;
		\'*\') value=${value#\'} value=${value%\'} ;;
		*) value=${value%%[[:space:]]#*} value=${value%"${value##*[![:space:]]}"} ;;
		esac
		[[ -v $name ]] || export "$name=$value"
	done <"$file"
}

# TLS as the programs do it; what contradicts itself is refused as they do.
tls_settings() {
	local on=${DB_SSL_ENABLED:-false} mode=${DB_SSL_MODE:-}
	mode=${mode,,}
	case ${on,,} in
	true | 1 | yes | on) on=1 mode=${mode:-verify-full} ;;
	false | 0 | no | off) on='' mode=${mode:-prefer} ;;
	*) die "DB_SSL_ENABLED is '$on': it must be true or false" ;;
	esac
	case $mode in
	prefer) [[ -z $on ]] || die "DB_SSL_ENABLED is true but DB_SSL_MODE is prefer" ;;
	require | verify-ca | verify-full)
		[[ $on ]] || die "DB_SSL_MODE is set but DB_SSL_ENABLED is not true"
		;;
	*) die "DB_SSL_MODE is '$mode': it must be prefer, require, verify-ca or verify-full" ;;
	esac
	export PGSSLMODE=$mode
	[[ ${DB_SSL_CA:-} ]] || return 0
	[[ $on ]] || die "DB_SSL_CA is set but DB_SSL_ENABLED is not true"
	[[ $mode != require ]] || die "DB_SSL_CA is set but DB_SSL_MODE is require, which checks no certificate"
	[[ -r $DB_SSL_CA ]] || die "DB_SSL_CA is '$DB_SSL_CA': it cannot be read"
	export PGSSLROOTCERT=$DB_SSL_CA
}

# libpq's own names: a password in an argument would be in the process list. What else of libpq's
# stands in the environment would lead to another database than the settings name, or past TLS.
connect_settings() {
	unset PGSERVICE PGHOSTADDR PGOPTIONS PGTARGETSESSIONATTRS
	export PGGSSENCMODE=disable
	export PGHOST=${DB_HOST:-localhost} PGPORT=${DB_PORT:-5432}
	export PGDATABASE=${DB_NAME:-ivs_live} PGUSER=${DB_USER:-postgres}
	export PGCONNECT_TIMEOUT=10 PGAPPNAME=ivs-live-${0##*/} PGCLIENTENCODING=UTF8
	if [[ -n ${DB_PASSWORD_FILE:-} ]]; then
		DB_PASSWORD=$(<"$DB_PASSWORD_FILE")
	fi
	[[ -z ${DB_PASSWORD:-} ]] || export PGPASSWORD=$DB_PASSWORD
	tls_settings
}

# use_database PROGRAM...: settings in place; the programs are there.
use_database() {
	local program
	for program; do
		command -v "$program" >/dev/null ||
			die "$program is missing: apt-get install postgresql-client"
	done
	read_settings_file
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
