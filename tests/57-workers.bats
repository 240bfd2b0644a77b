# Supervisors and their workers.

load lib/common

setup() {
	own=$BATS_TEST_TMPDIR log=$SUITE_DIR/log/own-token-$BATS_TEST_NUMBER.log
	openssl ecparam -name secp384r1 -genkey -noout -out "$own/key.pem" 2>/dev/null
	chmod 600 "$own/key.pem"
}
teardown() {
	[ -z "${own_pid:-}" ] || kill "$own_pid" 2>/dev/null || true
}
start_token() {
	TOKEN_MODE=local IVS_SIGNING_KEY_FILE="$own/key.pem" \
		IVS_SIGNING_KEY_ARN="arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:public-key/11111111-2222-3333-4444-555555555555" \
		"$BUILD_DIR/fcgi/token" --socket "$own/s" 2>>"$log" 3>&- &
	own_pid=$!
}
workers() { pgrep -P "$own_pid" | wc -l; }
has_workers() { [ "$(workers)" = "$1" ]; }
says() { grep -q "$1" "$log"; }

@test "workers: a wrong setting at the start ends the program with 78 and says why" {
	chmod 644 "$own/key.pem"
	start_token
	wait_until 5 is_gone "$own_pid"
	code=0
	wait "$own_pid" || code=$?
	equals "$code" 78
	says IVS_SIGNING_KEY_FILE
}

@test "workers: a setting that went wrong later ends nobody who does his work" {
	start_token
	wait_until 5 has_workers 8
	sleep 3.5 # the first seconds are over: nothing to wait for but the clock
	chmod 644 "$own/key.pem"
	kill -KILL "$(pgrep -P "$own_pid" | head -n 1)"
	wait_until 5 says IVS_SIGNING_KEY_FILE
	equals "$(workers)" 7
	chmod 600 "$own/key.pem"
	wait_until 5 has_workers 8
	kill "$own_pid"
	wait "$own_pid"
}

@test "workers: none outlives a supervisor that was killed" {
	start_token
	wait_until 5 has_workers 8
	pids=$(pgrep -P "$own_pid")
	kill -KILL "$own_pid"
	for pid in $pids; do
		wait_until 5 is_gone "$pid"
	done
}

@test "workers: a hang-up is not the end" {
	start_token
	wait_until 5 has_workers 8
	kill -HUP "$own_pid"
	sleep 0.3
	equals "$(workers)" 8
}
