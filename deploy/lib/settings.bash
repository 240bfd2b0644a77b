# Settings of the private stack: which come from outside, which are made up once
# and kept in DIR/kept, how they are remembered for `restart`, and DIR/env.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables come from deploy/stack

# The names by which settings of the programs are known in the environment
# (docs: the table of settings in README). These are remembered for `restart` and
# written to DIR/env; everything else is simply inherited at `up`.
SETTING_NAMES='^((AWS|DB|REDIS|API|RATE_LIMIT|CLOUDWATCH|IVS|MAX|SCALE|SESSION|SNAPSHOT|HEARTBEAT|WS|FCGI)_[A-Z0-9_]+|IP_MODE|MASTER_STAGE_ARN(_FILE)?|INTERNAL_SECRET(_FILE)?|NODE_ENV|APP_ENV|SKIP_AUTH|LOG_LEVEL|CORS_ORIGINS|PUBLISHER_TOKEN_DURATION|VIEWER_TOKEN_DURATION|AUTO_SCALE_ENABLED|STAGE_NAME_PREFIX|STAGE_WARM_UP|EMULATOR_OPTIONS|TOKEN_MODE|TRUSTED_PROXIES|CRON|HELD_SOCKETS|REDISCLI_AUTH|STACK_THROUGH|(A|L|UB)SAN_OPTIONS)='

# What this stack itself goes by, and secrets that it makes up when nobody gives them. They come
# from the environment or the settings file; ivsctl reads them (lib/ask.bash).
PLAIN_NAMES=(REDIS_SOCKET REDIS_HOST REDIS_KEY_PREFIX DB_HOST DB_NAME DB_USER AWS_REGION AWS_ACCOUNT_ID
	AWS_ENDPOINT_URL AWS_ENDPOINT_URL_IVS_REALTIME MASTER_STAGE_ARN STAGE_NAME_PREFIX API_PORT
	FCGI_PROCESSES)
SECRET_NAMES=(API_SECRET_KEY INTERNAL_SECRET SESSION_SECRET AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	AWS_SESSION_TOKEN)

# Sets the former as variables of this shell, not exported: the programs read the file themselves.
# Of the latter only which are given is noted; a function that needs one asks for it.
learn_settings() {
	ask_settings --given "${PLAIN_NAMES[@]}"
	GIVEN=$("$(find_ivsctl)" settings --given "${PLAIN_NAMES[@]}" "${SECRET_NAMES[@]}" |
		cut -d= -f1 | xargs) || die "the settings cannot be used"
}

given() { [[ " $GIVEN " == *" $1 "* ]]; } # NAME: by environment or file

# Gives NAME the value kept in DIR, or a new one made by COMMAND.
keep_secret() { # NAME COMMAND...
	local name=$1 value
	shift
	given "$name" && return
	value=$(kept "$name") || {
		value=$("$@")
		keep "$name" "$value"
	}
	export "$name=$value"
}

# The form of an AWS access key; nobody's.
made_up_access_key() {
	printf 'AKIA%s\n' "$(openssl rand 10 | base32)"
}

made_up_secret_key() {
	openssl rand -base64 30
}

load_secrets() {
	keep_secret API_SECRET_KEY random_hex 24
	keep_secret INTERNAL_SECRET random_hex 24
	keep_secret SESSION_SECRET random_hex 32
}

# A settings file of this stack alone: without it the programs would read ./.env
# or /etc/ivs-live/env, which belong to another deployment.
own_settings_file() {
	[[ -n ${IVS_ENV_FILE:-} ]] && return
	export IVS_ENV_FILE=$DIR/settings
	[[ -e $IVS_ENV_FILE ]] ||
		echo "# NAME=value, one a line; what deploy/stack sets itself wins." >"$IVS_ENV_FILE"
}

# Nothing here may go through a proxy: it is all on this machine.
no_proxy_for_loopback() {
	export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"
	export NO_PROXY=$no_proxy
}

# Decides what is ours to start, by what was given.
choose_services() {
	services=(token stage viewer stats health lighttpd)
	[[ ${HELD_SOCKETS:-on} == off ]] || services+=(sockets)
	if given REDIS_SOCKET; then
		[[ -S ${REDIS_SOCKET:-} ]] || die "REDIS_SOCKET=$REDIS_SOCKET is no socket" \
			"(left over from an old DIR/env? then unset it)"
	elif ! given REDIS_HOST; then
		services+=(redis)
	fi
	given DB_HOST || services+=(postgres)
	! through pgbouncer || services+=(pgbouncer)
	given AWS_ENDPOINT_URL || given AWS_ENDPOINT_URL_IVS_REALTIME || services+=(emulator)
	[[ ${CRON:-on} == off ]] || services+=(cron)
	printf '%s\n' "${services[@]}" >"$DIR/services"
	check_through
}

ours() { grep -qx "$1" "$DIR/services" 2>/dev/null; }

# Locations inside DIR and the socket folder, for what is ours.
export_locations() {
	if ours redis; then
		unset REDIS_HOST REDIS_PORT
		export REDIS_SOCKET=$SOCKETS/redis.sock
	fi
	if ours postgres; then
		export DB_HOST=$SOCKETS/pg DB_PORT=5432
		export DB_NAME=${DB_NAME:-ivs_live} DB_USER=${DB_USER:-ivs_live}
	fi
	if ours emulator; then
		export AWS_REGION=${AWS_REGION:-us-east-1}
		export AWS_ACCOUNT_ID=${AWS_ACCOUNT_ID:-123456789012}
		keep_secret AWS_ACCESS_KEY_ID made_up_access_key
		keep_secret AWS_SECRET_ACCESS_KEY made_up_secret_key
	fi
	export FCGI_PROCESSES=${FCGI_PROCESSES:-1}
}

# The settings of this `up`, NUL between them, for a later `restart`.
record_settings() {
	env -0 | { grep -zE "$SETTING_NAMES" || true; } >"$DIR/recorded"
	keep base_url "$BASE_URL"
}

# For `restart`: as at `up`, but what the caller sets now wins (for this process,
# until its next restart).
load_recorded() {
	local pair
	[[ -s $DIR/recorded ]] || die "$DIR is not up"
	while IFS= read -r -d '' pair; do
		[[ -v ${pair%%=*} ]] || export "${pair?}"
	done < <(grep -zE "$SETTING_NAMES" "$DIR/recorded")
	SOCKETS=$(kept sockets)
	BASE_URL=$(kept base_url)
}

# DIR/env, for a shell: `. DIR/env`, or `set -a; . DIR/env; set +a` to pass the
# settings on to programs.
write_env() {
	local name pair
	{
		echo "# made by deploy/stack; gone after down"
		echo "BASE_URL=$(quoted "$BASE_URL")"
		echo "STACK_DIR=$(quoted "$DIR")"
		# the administrator's ways, whatever STACK_THROUGH says
		! ours redis || echo "STACK_REDIS=$(quoted "$SOCKETS/redis.sock")"
		! ours postgres || echo "STACK_PG=$(quoted "$SOCKETS/pg")"
		while IFS= read -r -d '' pair; do
			echo "${pair%%=*}=$(quoted "${pair#*=}")"
		done <"$DIR/recorded"
		while read -r name; do
			echo "PID_${name^^}=$(pid_of "$name" || true)"
		done <"$DIR/services"
	} >"$DIR/env.new"
	mv "$DIR/env.new" "$DIR/env"
}

first_api_key() (
	ask_settings API_SECRET_KEY
	echo "${API_SECRET_KEY%%,*}"
)
