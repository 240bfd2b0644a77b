# Settings as operators have them: those of the replaced server, files of any form, and what
# else stands in the environment.
bats_require_minimum_version 1.5.0
load lib/common
load lib/ctl

setup() { cd "$BATS_TEST_TMPDIR"; }

# What the replaced server's list says besides, one a line: NAME ADVICE
advised() {
	cat <<-'EOF'
		JWT_SECRET SESSION_SECRET
		JWT_EXPIRES_IN VIEWER_TOKEN_DURATION
		API_WORKERS FCGI_PROCESSES
		DB_POOL_SIZE FCGI_PROCESSES
		REDIS_POOL_SIZE FCGI_PROCESSES
		DEBUG LOG_LEVEL=debug
		ENABLE_DETAILED_LOGGING LOG_LEVEL=debug
		ENABLE_MONITORING CLOUDWATCH_ENABLED
		ENABLE_AUTO_SCALING AUTO_SCALE_ENABLED
		ENABLE_ANALYTICS SESSION_RETENTION_DAYS
		ENABLE_MOCK_MODE AWS_ENDPOINT_URL
		MEDIA_SERVER_ID POST /api/token/mediaserver
	EOF
}

@test "settings: the replaced server's own list starts every program, with a warning a name" {
	local program name advice retired
	list=$PROJECT_ROOT/tests/data/replaced-server.env
	install -m 640 "$list" env
	# the names that mean nothing here: those that are in no table of settings
	retired=$(sed -n 's/^\([A-Z0-9_]*\)=.*/\1/p' "$list" | sort |
		comm -23 - <(sed -n 's/^| `\([A-Z0-9_]*\)` .*/\1/p' "$PROJECT_ROOT/README.md" | sort))
	(($(wc -l <<<"$retired") >= 34))
	for program in "$BUILD_DIR"/fcgi/{token,stage,viewer,stats,health} \
		"$BUILD_DIR"/cron/{heartbeat_cleanup,autoscale,records,metrics,snapshot,purge}; do
		run -0 env -i IVS_ENV_FILE="$PWD/env" "$program" --check-config
		equals "$(grep -c 'warning: ' <<<"$output")" "$(wc -l <<<"$output")"
		equals "$(grep -oE 'env:[0-9]+: [A-Z0-9_]+' <<<"$output" | cut -d' ' -f2 | sort)" "$retired"
	done
	while read -r name advice; do
		grep -F "$name has no effect here" <<<"$output" | grep -qF "$advice" ||
			{ echo "$name is told nothing of $advice" >&2; return 1; }
	done < <(advised)
	run --separate-stderr env -i IVS_ENV_FILE="$PWD/env" "$BUILD_DIR/ctl/ivsctl" plan 100
	equals "$status" 0
	equals "$(grep -c ': warning: ' <<<"$stderr")" "$(wc -l <<<"$retired")"
}

@test "settings: a program serves with the replaced server's list" {
	install -m 640 "$PROJECT_ROOT/tests/data/replaced-server.env" env
	env -i IVS_ENV_FILE="$PWD/env" "$BUILD_DIR/fcgi/health" --socket "$PWD/s" --processes 1 2>log 3>&- &
	pid=$!
	wait_until 10 [ -S s ]
	kill "$pid"
	wait "$pid"
	equals "$(grep -c '"lvl":"error"' log)" 0
	grep -q 'API_WORKERS has no effect here: set FCGI_PROCESSES' log
}

# ---- one reader ----

# A value as a script of sh has it after eval.
in_sh() { # NAME
	IVS_ENV_FILE=$PWD/env sh -c 'text=$("$0" settings --sh "$1") && eval "$text" && eval "printf %s \"\$$1\""' \
		"$BUILD_DIR/ctl/ivsctl" "$1" 2>/dev/null
}

@test "settings: a script gets what the programs get, whatever the form of the file" {
	unset "${!DB_@}"
	local -A want=(
		[DB_NAME=one$'\n'DB_NAME=two]=two
		[DB_NAME=one$'\r\n'export$'\t'DB_NAME=two$'\r']=two
		['DB_NAME = "a # b" # c']='a # b'
		["DB_NAME='it is \"mine\"'"]='it is "mine"'
		['DB_NAME=#1']='#1'
		['DB_NAME=a#1 #2']='a#1'
		['DB_NAME=$(touch x)`touch x`$HOME\n\']='$(touch x)`touch x`$HOME\n\'
		["DB_NAME=it's; touch x; '\"'"]="it's; touch x; '\"'"
		['DB_NAME=']=ivs_live
		['#DB_NAME=x']=ivs_live
		[$'\xef\xbb\xbfDB_NAME=bom']=bom
	)
	for text in "${!want[@]}"; do
		printf '%s' "$text" >env
		equals "$(in_sh DB_NAME)" "${want[$text]}"
	done
	[ ! -e x ]
	# with NAME_FILE, with an alias, and the environment before the file
	printf 'from a file \x27"#\n\n' >secret
	printf 'DB_PASSWORD_FILE=%s/secret\nDB_HOST=file\nAWS_DEFAULT_REGION=eu-west-1\n' "$PWD" >env
	equals "$(in_sh DB_PASSWORD)" "from a file '\"#"
	equals "$(AWS_REGION= AWS_DEFAULT_REGION= in_sh AWS_REGION)" ''
	equals "$(unset AWS_REGION AWS_DEFAULT_REGION; in_sh AWS_REGION)" eu-west-1
	equals "$(DB_HOST=env in_sh DB_HOST)" env
}

@test "settings: an odd password survives, is shown to no one else, and to no terminal" {
	odd="#a'b\"c\$(d)\`e\` \\ f;&|<>*?[g]~"
	DB_PASSWORD=$odd ctl settings DB_PASSWORD DB_PORT
	equals "$status" 0
	equals "$output" "DB_PASSWORD=***"$'\n'"DB_PORT=$DB_PORT"
	DB_PASSWORD=$odd ctl settings DB_PASSWORD --json
	equals "$output" '{"DB_PASSWORD":"***"}'
	text=$(DB_PASSWORD=$odd "$BUILD_DIR/ctl/ivsctl" settings --sh DB_PASSWORD)
	equals "$(eval "$text"; printf %s "$DB_PASSWORD")" "$odd"
	run env DB_PASSWORD="$odd" script -qec "$BUILD_DIR/ctl/ivsctl settings --sh DB_PASSWORD" /dev/null
	matches "$output" 'DB_PASSWORD is a secret'
	[[ $output != *"$odd"* ]]
	ctl settings DB_HOTS --sh
	refused 64 'did you mean DB_HOST'
	ctl settings
	refused 64 'missing argument NAME'
}

@test "settings: what a script does not ask for does not stop it, what it asks for is judged" {
	printf 'DB_HOST=x\nLOG_LEVEL=loud\nENABLE_CHAT=true\n' >env
	run -0 --separate-stderr env -i IVS_ENV_FILE="$PWD/env" "$BUILD_DIR/ctl/ivsctl" settings --sh DB_HOST MASTER_STAGE_ARN
	equals "$output $stderr" "DB_HOST='x'"$'\n'"MASTER_STAGE_ARN='' "
	run -78 env -i IVS_ENV_FILE="$PWD/env" "$BUILD_DIR/ctl/ivsctl" settings --sh LOG_LEVEL
	matches "$output" "LOG_LEVEL is 'loud'"
	run -0 env -i IVS_ENV_FILE="$PWD/env" "$BUILD_DIR/ctl/ivsctl" settings --sh --given DB_HOST DB_PORT
	equals "$output" "DB_HOST='x'"
}

@test "settings: the private stack goes by its settings file as the programs read it, and by no REDISCLI_AUTH" {
	own=$(mktemp -d "$SUITE_DIR/show.XXXX")
	chmod 711 "$own"
	printf 'file-key-0123456789abcdef,second-key-0123456789abc\n' >key
	printf '%s\n' API_PORT=0 API_SECRET_KEY_FILE="$PWD/key" DB_NAME=old_show 'DB_NAME=two  # the last' \
		AWS_DEFAULT_REGION=eu-west-1 >settings
	bare=(env -i PATH="$PATH" HOME=/ BUILD_DIR="$BUILD_DIR" CRON=off IVS_ENV_FILE="$PWD/settings"
		REDISCLI_AUTH=of-another-server PGHOSTADDR=192.0.2.1 PGSERVICE=none)
	stack() { "${bare[@]}" "$PROJECT_ROOT/deploy/stack" "$@" "$own" 3>&-; }
	stack up
	# as it came up, and after a restart of its Redis
	for _ in 1 2; do
		(
			# shellcheck source=/dev/null
			. "$own/env"
			equals "$DB_NAME $AWS_REGION" 'two eu-west-1'
			matches "$MASTER_STAGE_ARN" '^arn:aws:ivs:eu-west-1:'
			wait_until 20 curl -sf -o stats -H 'x-api-key: second-key-0123456789abc' "$BASE_URL/api/stats"
			equals "$(psql -X -qAt -h "$STACK_PG" -U ivs_live two -c 'SELECT count(*) > 0 FROM schema_migrations')" t
		)
		stack restart redis
	done
	stack down
	sed -i 's/^API_PORT=.*/API_PORT=70000/' settings
	run -1 stack up
	matches "$output" "API_PORT is '70000' \\($PWD/settings:1\\): it must be a whole number"
}

@test "settings: each by itself has the value that the programs use, also one that follows from others" {
	local name
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key.pem 2>/dev/null
	cat >env <<-EOF
		AWS_REGION=eu-west-1
		MASTER_STAGE_ARN=arn:aws:ivs:eu-west-1:123456789012:stage/aBcD
		API_SECRET_KEY= first-key-0123456789 , second-key-0123456789,
		API_READ_KEYS=, read-key-0123456789
		SESSION_SECRET= 0123456789abcdef0123456789abcdef , fedcba9876543210fedcba9876543210
		MAX_VIEWERS_PER_STAGE=200
		SCALE_DOWN_THRESHOLD=
		IVS_SIGNING_KEY_FILE=$PWD/key.pem
		SKIP_AUTH=true
		NODE_ENV=development
		AWS_ENDPOINT_URL=http://a:1
		DB_SSL_ENABLED=true
		IP_MODE=none
		AWS_PROFILE=a'b"c
	EOF
	chmod 640 env
	bare=(env -i IVS_ENV_FILE="$PWD/env")
	"${bare[@]}" "$BUILD_DIR/fcgi/token" --dump-config >dump 2>said
	# what follows from other settings does
	for name in SCALE_UP_THRESHOLD=180 TOKEN_MODE=local SKIP_AUTH=true AWS_ENDPOINT_URL_IVS_REALTIME=http://a:1 \
		AWS_ENDPOINT_URL_CLOUDWATCH=http://a:1 AWS_ACCOUNT_ID=123456789012 DB_SSL_MODE=verify-full; do
		grep -qx "$name" dump
	done
	(($(wc -l <dump) > 70))
	while IFS= read -r line; do
		"${bare[@]}" "$BUILD_DIR/ctl/ivsctl" settings "${line%%=*}" 2>>said
	done <dump | diff dump -
	# A list has no blanks, as the programs compare it.
	text=$("${bare[@]}" "$BUILD_DIR/ctl/ivsctl" settings --sh API_SECRET_KEY SESSION_SECRET 2>>said)
	equals "$(eval "$text"; echo "$API_SECRET_KEY $SESSION_SECRET")" \
		'first-key-0123456789,second-key-0123456789 0123456789abcdef0123456789abcdef,fedcba9876543210fedcba9876543210'
	sed -i 's/^NODE_ENV=.*/NODE_ENV=production/' env
	equals "$("${bare[@]}" "$BUILD_DIR/ctl/ivsctl" settings SKIP_AUTH 2>>said)" SKIP_AUTH=false
}

@test "settings: what is wrong with others than those asked for is a warning, with the value the programs would use" {
	printf '%s\n' API_SECRET_KEY=short-key-0123456789 API_READ_KEYS=bad,fine-key-0123456789 LOG_LEVEL=loud SCALE_UP_THRESHOLD=90 \
		MASTER_STAGE_ARN=nonsense AWS_REGION=eu-west-1 >env
	bare=(env -i IVS_ENV_FILE="$PWD/env" "$BUILD_DIR/ctl/ivsctl" settings)
	run -0 --separate-stderr "${bare[@]}" --sh API_SECRET_KEY
	equals "$output" "API_SECRET_KEY='short-key-0123456789'"
	matches "$stderr" "warning: API_READ_KEYS is '\*\*\*'"
	matches "$stderr" "warning: LOG_LEVEL is 'loud'"
	run -78 "${bare[@]}" API_READ_KEYS
	matches "$output" "API_READ_KEYS is '\*\*\*'"
	run -0 --separate-stderr "${bare[@]}" MAX_VIEWERS_PER_STAGE
	matches "$stderr" 'warning: SCALE_UP_THRESHOLD is 90'
	run -78 "${bare[@]}" SCALE_UP_THRESHOLD
	run -0 --separate-stderr "${bare[@]}" AWS_REGION
	matches "$stderr" "warning: MASTER_STAGE_ARN is 'nonsense'"
	run -78 "${bare[@]}" MASTER_STAGE_ARN
}

# ---- what libpq finds in the environment ----

@test "settings: DB_* name the database, whatever else libpq finds in the environment" {
	printf '[there]\nhost=192.0.2.1\ndbname=other\n' >services
	lead=(PGSERVICEFILE="$PWD/services" PGSERVICE=there PGHOSTADDR=192.0.2.1 PGTARGETSESSIONATTRS=standby
		PGOPTIONS='-c search_path=nowhere' PGREQUIREPEER=nobody PGREQUIRESSL=1 PGSSLMODE=require)
	for name in "${lead[@]}"; do
		cgi viewer GET "/api/viewer/history/$(fresh)" '' "$name" PGSERVICEFILE="$PWD/services"
		assert_status 200
	done
	cgi viewer GET "/api/viewer/history/$(fresh)" '' "${lead[@]}"
	assert_status 200
	run -0 env "${lead[@]}" "$BUILD_DIR/cron/purge" --dry-run
	run -0 --separate-stderr env "${lead[@]}" "$BUILD_DIR/ctl/ivsctl" key list
	matches "$stderr" 'PGHOSTADDR in the environment has no effect here'
	[[ $stderr != *PGSSLROOTCERT* ]]
}
