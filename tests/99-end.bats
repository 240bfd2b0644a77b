# The last file: what the whole run must not have left behind.

load lib/common

@test "secrets: none of the planted ones is in any log" {
	local name all
	for name in API_SECRET_KEY API_READ_KEYS INTERNAL_SECRET AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN SESSION_SECRET; do
		all=${!name}
		for secret in ${all//,/ }; do
			run grep -rlF -- "$secret" "$SUITE_DIR/log"
			echo "$name found in: $output"
			[ -z "$output" ]
		done
	done
	# Participant tokens are secrets, too: header.payload.signature of a JWT.
	run grep -rlE 'eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{20,}' "$SUITE_DIR/log"
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
	for program in token stage viewer stats health; do
		jq -e 'select((.ts and .lvl and .app and .msg) | not) | error("incomplete line")' \
			"$SUITE_DIR/log/$program.log" >/dev/null || [ $? = 4 ]
	done
}

@test "programs: all five still answer and no worker crashed on its own" {
	for path in /livez /api/stats /api/stage/list "/api/viewer/list/$MASTER"; do
		api GET "$path"
		assert_status 200
	done
	api POST /api/token/viewer '{}'
	assert_status 400
	# Signal 9 was ours; any other is a crash.
	run jq -c 'select(.msg == "worker ended" and .signal != 9 and .signal != 15 and (.signal != 0 or .exit != 0))' \
		"$SUITE_DIR"/log/{token,stage,viewer,stats,health}.log
	echo "$output"
	[ -z "$output" ]
}

@test "sanitizers: no report was written" {
	run compgen -G "$SUITE_DIR/sanitizer*"
	echo "$output"
	[ -z "$output" ]
}
