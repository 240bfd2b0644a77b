# What the tests of ivsctl share.
# shellcheck shell=bash disable=SC2034,SC2154

# ctl WORDS... -> $status $output (stdout) $stderr
ctl() { run --separate-stderr "$BUILD_DIR/ctl/ivsctl" "$@"; }
done_well() { equals "$status $stderr" "0 ${1:-}"; }
refused() { # STATUS REGEX: one sentence that says what to do
	equals "$status" "$1"
	matches "$stderr" "$2"
	matches "$stderr" '^ivsctl: '
	equals "$output" ''
}
