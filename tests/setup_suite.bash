# Starts one private stack for the test files of a group, and ends it. Tests share it, so each uses
# ids of its own. The logs of every program are searched for the secrets planted here by
# 99-end.bats, the last file.
# shellcheck shell=bash

setup_suite() {
	export PROJECT_ROOT BUILD_DIR SUITE_DIR
	PROJECT_ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	BUILD_DIR=${BUILD_DIR:-$PROJECT_ROOT/build/release}
	SUITE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/ivs-test.XXXXXX")
	chmod 711 "$SUITE_DIR"
	unset MASTER_STAGE_ARN REDIS_SOCKET REDIS_HOST DB_HOST AWS_ENDPOINT_URL
	export API_SECRET_KEY="canary-key-$RANDOM$RANDOM,canary-second-key-$RANDOM$RANDOM"
	export API_READ_KEYS="canary-read-key-$RANDOM$RANDOM"
	export INTERNAL_SECRET="canary-internal-$RANDOM$RANDOM"
	export AWS_ACCESS_KEY_ID=AKIATESTCANARYKEYID1
	export AWS_SECRET_ACCESS_KEY="canary-aws-secret-$RANDOM$RANDOM"
	export AWS_SESSION_TOKEN="canary-aws-session-$RANDOM$RANDOM"
	export DB_PASSWORD="canary-db-$RANDOM$RANDOM" SESSION_SECRET="canary-session-secret-$RANDOM$RANDOM$RANDOM"
	export AWS_REGION=ap-northeast-1 AWS_ACCOUNT_ID=123456789012
	# Loopback is our "proxy": tests appear as other clients by X-Forwarded-For.
	export TRUSTED_PROXIES=127.0.0.1 CORS_ORIGINS='https://show.example,https://admin.example'
	export API_PORT=0 CRON=off API_LANG=zh-TW
	# Tests of scaling have stacks of their own: here no stage comes or goes by itself.
	export AUTO_SCALE_ENABLED=false
	export ASAN_OPTIONS="log_path=$SUITE_DIR/sanitizer:abort_on_error=1:detect_leaks=1:quarantine_size_mb=8"
	export UBSAN_OPTIONS="log_path=$SUITE_DIR/sanitizer:print_stacktrace=1:halt_on_error=1"
	"$PROJECT_ROOT/deploy/stack" up "$SUITE_DIR" --fresh 3>&- >&2 || return 1
	set -a
	# shellcheck source=/dev/null
	. "$SUITE_DIR/env"
	set +a
	# Tests write to the same PostgreSQL under prefixes of their own: that is no reason to take
	# this Redis for one that has forgotten something.
	redis-cli -s "$STACK_REDIS" set "${REDIS_KEY_PREFIX:-ivs:prod:}records:written" \
		9999999999999-0 >/dev/null
	touch "$SUITE_DIR/sampling"
	sample_processes 3>&- >"$SUITE_DIR/processes" 2>/dev/null &
	export SAMPLER=$!
}

# The command lines of all that a show is made of, each once, while there is a file `sampling`. What
# the tests run themselves (curl with a key) is not of it.
sample_processes() {
	while [ -e "$SUITE_DIR/sampling" ]; do
		ps -eo args=
		sleep 1
	done | awk '
		BEGIN { n = split("token stage viewer stats health heartbeat_cleanup autoscale records metrics snapshot " \
			"purge ivsctl lighttpd redis-server redis-cli postgres postgres: psql pg_dump ivs_emulator", w)
			for (i = 1; i <= n; i++) ours[w[i]] = 1 }
		{ name = $1; sub(/.*\//, "", name) }
		(name in ours || $0 ~ /^[^ ]*bash [^ ]*deploy\//) && !seen[$0]++ { print; fflush() }'
}
stop_sampling() {
	rm -f "$SUITE_DIR/sampling"
	while kill -0 "$SAMPLER" 2>/dev/null; do sleep 0.1; done
}

teardown_suite() {
	local stack
	stop_sampling
	# Those of single files, too, should one not have come to its end.
	while read -r stack; do
		"$PROJECT_ROOT/deploy/stack" down "${stack%/*}" 3>&- >/dev/null || return 1
	done < <(find "$SUITE_DIR" -maxdepth 2 -name stack -type f)
	# What a leak or an end-of-life report says comes only now.
	if [ -n "$("$PROJECT_ROOT/tests/sanitizer_reports" "$SUITE_DIR")" ]; then
		cat "$SUITE_DIR"/sanitizer* >&2
		return 1
	fi
	[ -n "${KEEP_SUITE:-}" ] || rm -rf "$SUITE_DIR"
}
