# What is written about the programs is what they do.

load lib/common

@test "docs: settings tables and routes agree with the programs" {
	run "$PROJECT_ROOT/tests/docs.sh"
	echo "$output"
	[ "$status" = 0 ]
}

@test "docs: the printed env example is accepted once the required settings are filled in" {
	"$BUILD_DIR/fcgi/health" --print-env-example >"$BATS_TEST_TMPDIR/env"
	sed -e 's|^MASTER_STAGE_ARN=$|&arn:aws:ivs:eu-west-1:123456789012:stage/a|' \
		-e 's|^AWS_REGION=$|&eu-west-1|' -e 's|^API_SECRET_KEY=$|&0123456789abcdef0123|' \
		"$BATS_TEST_TMPDIR/env" >"$BATS_TEST_TMPDIR/filled"
	run env -i IVS_ENV_FILE="$BATS_TEST_TMPDIR/filled" "$BUILD_DIR/fcgi/health" --check-config
	echo "$output"
	[ "$status" = 0 ]
}
