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

@test "the start: without memory, or a system call, a program says so and ends" {
	MOST=30 torture start
	[[ $output =~ start,\ memory:.*\ exit\ 71 ]]
}

@test "a call of a viewer: an answer of ours for every n, and seats that fit together" {
	STEP=11 torture local
	torture token heartbeat rejoin leave duration list
	# Some calls failed; whether one could be got over depends on which came first.
	[[ $output =~ heartbeat,\ memory:\ n\ to\ [0-9]{2,}:.*\ x\ 200 ]]
	[[ $output =~ heartbeat,\ calls:\ n\ to\ [0-9]{2,}:.*\ x\ 200 ]]
}

@test "numbers, stages and history: the same" {
	torture stats stages history health
}

@test "jobs and ivsctl end by themselves for every n" {
	torture records cleanup snapshot purge ctl
}

@test "a worker in which a call fails goes on serving, and the others do" {
	torture workers
	[[ $output =~ workers,\ memory:.*\ x\ 200 ]]
}
