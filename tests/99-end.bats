# The last file of each group: what the tests before must not have left behind.

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

@test "secrets: none of the planted ones is in any log" {
	local name all
	for name in API_SECRET_KEY API_READ_KEYS INTERNAL_SECRET AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN SESSION_SECRET; do
		all=${!name}
		for secret in ${all//,/ }; do
			run grep -rlF -- "$secret" "${logs[@]}"
			echo "$name found in: $output"
			[ -z "$output" ]
		done
	done
	# Participant tokens are secrets, too: header.payload.signature of a JWT.
	run grep -rlE 'eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{20,}' "${logs[@]}"
	echo "tokens found in: $output"
	[ -z "$output" ]
}

@test "secrets: none of them is in a process list" {
	ps -eo args >"$BATS_TEST_TMPDIR/processes"
	for secret in ${API_SECRET_KEY//,/ } $API_READ_KEYS $INTERNAL_SECRET $AWS_SECRET_ACCESS_KEY \
		$AWS_SESSION_TOKEN $SESSION_SECRET; do
		run grep -F -- "$secret" "$BATS_TEST_TMPDIR/processes"
		[ "$status" = 1 ]
	done
}

@test "logs: every line of our programs is one JSON object with time, level and program" {
	for log in $(logs_of token stage viewer stats health autoscale); do
		jq -e 'select((.ts and .lvl and .app and .msg) | not) | error("incomplete line")' "$log" \
			>/dev/null || [ $? = 4 ]
	done
}

@test "redis: no program was refused a command or a key (R31)" {
	run grep -rE "NOPERM|executing the script can't" "${logs[@]}"
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
	run compgen -G "$SUITE_DIR/sanitizer*"
	echo "$output"
	[ -z "$output" ]
}
