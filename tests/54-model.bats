# The scripts against a reference model, in simulated time; the tool says what it does:
# tests/tools/model.c. The whole million: make chaos.
load lib/common
load lib/show

setup_file() {
	load lib/common
	load lib/show
	show_up HEARTBEAT_TIMEOUT=60 AUTO_SCALE_ENABLED=false
}
teardown_file() { show_down; }

# model WORDS...: in a Redis prefix of its own, since its time is not that of the programs
model() {
	REDIS_KEY_PREFIX=${P}model-$BATS_TEST_NUMBER: "$BUILD_DIR/tests/tools/model" "$@" \
		>"$BATS_TEST_TMPDIR/figures" || { cat "$BATS_TEST_TMPDIR/figures"; return 1; }
	sed 's/^/# /' "$BATS_TEST_TMPDIR/figures" >&3
}
figure() { awk -v n="$1" '$1 == n { gsub(",", "", $2); print $2 }' "$BATS_TEST_TMPDIR/figures"; }
# An empty database, so that the rows there are those of one test.
no_rows() { psql_q 'TRUNCATE users CASCADE'; }

@test "model: random steps by eight workers leave counts, seats, stream and rows as the rules say" {
	no_rows
	# What the machine can do in that time.
	model steps "${MODEL_STEPS:-1000000}" "${MODEL_SECONDS:-60}"
	equals "$(figure differences)" 0
	[ "$(figure steps)" -ge 20000 ]
	for what in join move refresh repeat beat leave confirm unseat kick ban open void; do
		[ "$(figure "$what")" -gt 0 ]
	done
	for how in leave timeout moved kicked stage_deleted never_started; do
		[ "$(awk -v h="$how" '$1 == "ended" && $2 == h { print $3 }' "$BATS_TEST_TMPDIR/figures")" -gt 0 ]
	done
	# What is left is a show as it should be, in every structure.
	REDIS_KEY_PREFIX=${P}model-$BATS_TEST_NUMBER: run "$BUILD_DIR/ctl/ivsctl" presence check
	echo "$output"
	equals "$status" 0
	matches "$output" ': no differences$'
	matches "$output" '[1-9][0-9]* seats'
}

@test "model: ten thousand second joins race with a good-bye and a time-out, and stay" {
	no_rows
	model races "${MODEL_RACES:-10000}"
	equals "$(figure differences)" 0
}

@test "model: definitions, a chain of tokens through 12 hours, and watch time by hand" {
	no_rows
	model tables
	[ "$(grep -c '^  ok ' "$BATS_TEST_TMPDIR/figures")" -eq 40 ]
	equals "$(tail -n 1 "$BATS_TEST_TMPDIR/figures")" '0 of 40 differ'
}
