# The last file of each group: what the tests before must not have left behind.
# bats file_tags=end

load lib/common

# The folders with logs: that of the stack, those of the stacks of single files, and what
# programs that tests start by themselves say.
setup() { mapfile -t logs < <(find "$SUITE_DIR" -type d -name log); }
# The logs there are of these programs.
logs_of() { # PROGRAM...
	local program dir
	for program; do
		for dir in "${logs[@]}"; do
			find "$dir" -name "$program.log"
		done
	done
}

# All that must stay secret, one a line: the settings that are, each key of a list by itself, and every
# token that was handed out.
secrets() {
	local name all
	for name in $("$BUILD_DIR/fcgi/health" --dump-config | sed -n 's/=\*\*\*$//p'); do
		all=${!name:-}
		printf '%s\n' "${all//,/$'\n'}"
	done | grep -E '.{8}'
	find "$SUITE_DIR" -name handed-out -exec cat {} +
}
# nowhere PATH...: none of them is in these files, nor anything that looks like a participant token
# (a JWT: header.payload.signature).
nowhere() {
	secrets >"$BATS_TEST_TMPDIR/secrets"
	run grep -rlaF -f "$BATS_TEST_TMPDIR/secrets" -- "$@"
	echo "secrets found in: $output"
	[ "$status" = 1 ] || return 1
	run grep -rlaE 'eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{20,}' -- "$@"
	echo "tokens found in: $output"
	[ "$status" = 1 ] || return 1
	# So are API keys of ivsctl and session tokens.
	run grep -rlaE 'ivs_[a-z0-9]{4,32}_[A-Za-z0-9_-]{43}|v1\.[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{43}' -- "$@"
	echo "keys or session tokens found in: $output"
	[ "$status" = 1 ]
}

@test "secrets: those that are searched for are known, and would be found" {
	local name
	secrets >"$BATS_TEST_TMPDIR/secrets"
	for name in API_SECRET_KEY API_READ_KEYS INTERNAL_SECRET AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN \
		SESSION_SECRET DB_PASSWORD; do
		all=${!name}
		for secret in ${all//,/ }; do
			grep -qxF -- "$secret" "$BATS_TEST_TMPDIR/secrets"
		done
	done
	# The settings of the stack hold them, and must.
	run nowhere "$SUITE_DIR/env"
	[ "$status" = 1 ]
}

@test "secrets: none of the planted ones is in any log" { nowhere "${logs[@]}"; }

@test "secrets: none of them is in an answer, but where tokens are handed out" {
	call GET /livez # so that there is one
	nowhere $(find "$SUITE_DIR" -name answers)
}

@test "secrets: none of them was in a process list at any time" {
	for what in fcgi/token fcgi/viewer redis-server postgres lighttpd; do
		grep -qF "$what" "$SUITE_DIR/processes"
	done
	nowhere "$SUITE_DIR/processes"
}

@test "secrets: none of them is in PostgreSQL" {
	pg_dump -h "$STACK_PG" -p "${STACK_PG_PORT:-5432}" -U "$DB_USER" "$DB_NAME" >"$BATS_TEST_TMPDIR/dump"
	grep -qF viewer_sessions "$BATS_TEST_TMPDIR/dump"
	nowhere "$BATS_TEST_TMPDIR/dump"
}

rewritten() { redis_c info persistence | grep -q '^aof_rewrite_in_progress:0' && redis_c info persistence | grep -q '^rdb_bgsave_in_progress:0'; }
@test "secrets: none of them is in the files of Redis, as they grew and written anew" {
	local -a files
	mapfile -t files < <(find "$SUITE_DIR" -type d -name redis)
	((${#files[@]} > 0))
	nowhere "${files[@]}"
	# In these nothing is compressed.
	redis_c config set rdbcompression no >/dev/null
	redis_c config set aof-use-rdb-preamble no >/dev/null
	redis_c bgrewriteaof >/dev/null
	wait_until 20 rewritten
	redis_c save >/dev/null
	[ -s "$(redis_c config get dir | tail -n 1)/dump.rdb" ]
	nowhere "${files[@]}"
}

@test "core files: no program left one" {
	equals "$(find "${TMPDIR:-$SUITE_DIR}" "$(dirname "$STACK_REDIS")" "$PROJECT_ROOT" -path "$PROJECT_ROOT/.git" -prune \
		-o -type f -regex '.*/core\(\.[0-9]+\)?' -print 2>/dev/null)" ''
}

@test "logs: every line of our programs is one JSON object with time, level and program" {
	for log in $(logs_of token stage viewer stats health autoscale); do
		jq -e 'select((.ts and .lvl and .app and .msg) | not) | error("incomplete line")' "$log" \
			>/dev/null || [ $? = 4 ]
	done
}

@test "redis: no program was refused a command or a key (R31)" {
	# 69-refusals.bats makes one up
	run bash -c 'grep -rE "NOPERM|executing the script can.t|ACL failure in script" "$@" | grep -v "NOPERM made up"' _ "${logs[@]}"
	echo "$output"
	[ -z "$output" ]
}

@test "programs: all five still answer and no worker crashed on its own" {
	for path in /livez /api/stats /api/stage/list "/api/viewer/list/$MASTER"; do
		api GET "$path"
		assert_status 200
	done
	api POST /api/token/viewer '{}'
	assert_status 400
	# Signal 9 was ours; any other is a crash.
	# shellcheck disable=SC2046 # names without spaces
	run jq -c 'select(.msg == "worker ended" and .signal != 9 and .signal != 15 and (.signal != 0 or .exit != 0))' \
		$(logs_of token stage viewer stats health)
	echo "$output"
	[ -z "$output" ]
}

@test "sanitizers: no report was written" {
	run "$PROJECT_ROOT/tests/sanitizer_reports" "$SUITE_DIR"
	echo "$output"
	[ -z "$output" ]
}
