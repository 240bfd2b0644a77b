# The official AWS SDK against the emulator: what it accepts and answers is what the SDK expects
# of AWS. An emulator of its own, so that clocks and rotations disturb nobody.

load lib/common
load lib/emulator

setup_file() {
	remember_show
	local work=$PROJECT_ROOT/build/sdk
	mkdir -p "$work"
	cp "$PROJECT_ROOT"/tests/sdk/*.mjs "$work"
	# What was installed from the same lock file is good.
	cmp -s "$PROJECT_ROOT/tests/sdk/package-lock.json" "$work/node_modules/.from" && return
	cp "$PROJECT_ROOT"/tests/sdk/package*.json "$work"
	(cd "$work" && npm ci --no-audit --no-fund >&2) || return 1
	cp "$work/package-lock.json" "$work/node_modules/.from"
}
setup() { own_emulator "$BATS_TEST_TMPDIR/emulator"; }
teardown() { end_emulator; }

@test "sdk: the official SDK gets along with every operation of the emulator" {
	cd "$PROJECT_ROOT/build/sdk"
	run env -u AWS_PROFILE AWS_ENDPOINT_URL="$AWS" AWS_SHARED_CREDENTIALS_FILE=/dev/null \
		AWS_CONFIG_FILE=/dev/null node sdk.mjs
	echo "$output"
	[ "$status" = 0 ]
	equals "$(grep -c '^not ok' <<<"$output")" 0
	# No operation was left out.
	equals "$(own GET calls | jq -c 'del(.failed) | with_entries(select(.value == 0)) | keys')" '[]'
}

@test "sdk: the script ends with 1 at the first surprise" {
	cd "$PROJECT_ROOT/build/sdk"
	own POST faults '{"operation":"GetStage","type":"AccessDeniedException"}'
	run env AWS_ENDPOINT_URL="$AWS" node sdk.mjs
	equals "$status" 1
	equals "$(grep -E '^(not )?ok ' <<<"$output")" $'ok CreateStage\nnot ok GetStage'
}
