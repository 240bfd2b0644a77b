# Memory that is not there and system calls that fail: core calls, jobs and workers with the n-th
# of them failing, for every n. `make torture` has more of them, and every n of the start, too.
# shellcheck shell=bash

load lib/common

# Straight to the stores: by TLS there are thousands of allocations inside OpenSSL alone, and it
# does not get over each of them.
setup() {
	export REDIS_SOCKET=$STACK_REDIS REDIS_HOST='' REDIS_USER='' REDIS_PASSWORD=${REDISCLI_AUTH:-}
	export REDIS_TLS_ENABLED='' REDIS_TLS_CA='' DB_HOST=$STACK_PG DB_PORT=5432
}

torture() { # CASE...
	run env STEP="${STEP:-1}" MOST="${MOST:-100000}" "$PROJECT_ROOT/tests/torture/run" "${BUILD_DIR##*/}" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} =~ ^[0-9]+\ cases,\ [0-9]+\ runs,\ 0\ faults$ ]]
}

# ended CASE STATUS...: runs of that case ended in each of these.
ended() {
	local line status
	line=$(grep -E "^$1: n to [0-9]+:" <<<"$output")
	for status in "${@:2}"; do
		[[ $line =~ \ x\ $status(,| ) ]]
	done
}

@test "the start: without memory, or a system call, a program says so and ends" {
	MOST=30 torture start
	ended 'start, memory' 'exit 71'
}

@test "a call of a viewer: an answer of ours for every n, and seats that fit together" {
	STEP=11 torture local
	torture token heartbeat twice rejoin leave duration list
	# A plain CGI call connects before its first script; the script connects anew where that failed.
	ended 'heartbeat, memory' 200
	ended 'heartbeat, calls' 200
	ended 'heartbeat twice, memory' 200 503
	ended 'heartbeat twice, calls' 200 503
	ended 'leave, calls' 200 503
}

@test "numbers, stages and history: the same" {
	torture stats stages history health
}

@test "jobs and ivsctl end by themselves for every n" {
	torture records cleanup snapshot purge ctl
}

@test "a worker in which a call fails goes on serving, and the others do" {
	torture workers
	ended 'workers, memory' 200
}
