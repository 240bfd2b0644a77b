# A Redis that is there and refuses: what clients are told, and how the programs find another one. In
# a stack of its own, whose socket other servers take over.
load lib/common

setup_file() {
	load lib/show
	# Other servers take the place of Redis by its socket.
	STACK_THROUGH=
	live_show AUTO_SCALE_ENABLED=false
}
teardown_file() { show_down; }
setup() {
	load lib/show
	own=$BATS_TEST_TMPDIR pids=()
	wait_until 20 answers GET /readyz 200
	user=$(fresh)
	seat "$user" "$MASTER"
	assert_status 200
}
teardown() {
	[ ! -S "$own/real" ] || real_is_back
	end_servers
}
end_servers() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	pids=()
}

# fake ERROR: every new connection meets a server that answers so; there are no others.
fake() {
	"$BUILD_DIR/tests/tools/fake_redis" "$own/fake" "$1" >"$own/fake.out" 3>&- &
	pids+=("$!")
	wait_until 5 test -S "$own/fake"
	mv "$REDIS_SOCKET" "$own/real"
	mv "$own/fake" "$REDIS_SOCKET"
	redis-cli -s "$own/real" client kill type normal >/dev/null
}
real_is_back() {
	rm -f "$REDIS_SOCKET"
	mv "$own/real" "$REDIS_SOCKET"
}
beats() { beat "$user" "$MASTER" && [ "$http_status" = 200 ]; }
logged() { grep -q "\"cause\":\"redis refused: $1" "$SUITE_DIR/log/viewer.log"; } # WORD
viewer_workers() { pgrep -P "$(pid_of viewer)" | sort | xargs; }

@test "another Redis is the primary: 503 that names redis, and the next calls find it without a restart (E1)" {
	local workers error
	workers=$(viewer_workers)
	for error in 'MOVED 8000 10.0.0.7:6379' 'ASK 8000 10.0.0.7:6379' 'CLUSTERDOWN The cluster is down' \
		"NOMASTERLINK Can't SYNC while not connected with my master" \
		'MASTERDOWN Link with MASTER is down' 'UNBLOCKED force unblock' 'REDIRECT 10.0.0.7:6379'; do
		fake "$error"
		beat "$user" "$MASTER"
		assert_away redis
		equals "$(json .error.details.reason)" FAILOVER
		wait_until 5 logged "${error%% *}"
		real_is_back # the server that refuses goes on, and so would its connections
		wait_until 5 beats
		api GET /api/stats
		assert_status 200
		end_servers
	done
	equals "$(viewer_workers)" "$workers"
}

@test "whatever Redis refuses is 503 that names redis, never 500, and its first word is logged (E2)" {
	local error reason
	while IFS='|' read -r error reason; do
		fake "$error"
		beat "$user" "$MASTER"
		assert_away redis
		equals "$error: $(json .error.details.reason)" "$error: $reason"
		api GET /api/stats
		assert_away redis
		api POST /api/token/viewer "$(obj userId "$user")"
		assert_away redis
		call GET /readyz
		assert_away redis
		wait_until 5 logged "${error%% *}"
		real_is_back
		end_servers
		wait_until 5 beats
	done <<-'END'
		CROSSSLOT Keys in request don't hash to the same slot|REFUSED
		IOERR error or timeout reading to target instance|REFUSED
		TRYAGAIN Multiple keys request during rehashing of slot|REFUSED
		ERR unknown command 'EVALSHA', with args beginning with|REFUSED
		SOMETHINGNEW that a later version says|REFUSED
		NOREPLICAS Not enough good replicas to write.|REFUSED
		LOADING Redis is loading the dataset in memory|LOADING
		OOM command not allowed when used memory > 'maxmemory'.|OUT_OF_MEMORY
		READONLY You can't write against a read only replica.|READ_ONLY
		MISCONF Redis is configured to save RDB snapshots|CANNOT_SAVE
		NOAUTH Authentication required.|DENIED
		NOPERM made up: no permissions to run the 'evalsha' command|DENIED
	END
}

@test "what is told differs: out of memory, read-only, loading and refused are no 'cannot be reached' (C3)" {
	local error texts=()
	for error in 'OOM x' 'READONLY x' 'LOADING x' 'NOAUTH x' 'MISCONF x' 'MOVED 1 a:1' 'BUSY x'; do
		fake "$error"
		api POST /api/viewer/heartbeat "$(obj userId "$user" stageArn "$MASTER")" -H 'Accept-Language: en'
		assert_away redis
		texts+=("$(json .error.message)")
		real_is_back
		end_servers
		wait_until 5 beats
	done
	equals "$(printf '%s\n' "${texts[@]}" | sort -u | wc -l)" 7
	equals "$(printf '%s\n' "${texts[@]}" | grep -c 'cannot be reached')" 0
	matches "${texts[0]}" 'out of memory'
	matches "${texts[1]}" 'read-only'
	matches "${texts[2]}" 'loading'
}

# cluster_node NAME [ADDRESS [PORT]] -> $port; asked by its socket
cluster_node() {
	mkdir "$own/$1"
	for port in ${3:-$(shuf -i 20000-21999 -n 9)}; do
		redis-server --port "$port" --bind "${2:-127.0.0.1}" --cluster-enabled yes --unixsocket "$own/$1/s" --save '' \
			--dir "$own/$1" >"$own/$1/log" 2>&1 3>&- &
		pids+=("$!")
		wait_until 5 grep -qE 'Ready to accept|Failed|already in use' "$own/$1/log"
		! grep -qE 'Failed|already in use' "$own/$1/log" || continue
		return
	done
	return 1
}
moved() { redis-cli -s "$own/b/s" get '{ivs:prod}:x' 2>&1 | grep -q MOVED; }

@test "a real Redis Cluster: the node that has not our slot is 503, the one that has it serves" {
	cluster_node a
	local a_port=$port ask=(cgi stats GET /api/stats '' REDIS_KEY_PREFIX='{ivs:prod}:')
	cluster_node b
	"${ask[@]}" REDIS_SOCKET="$own/b/s" # nobody has any slot
	assert_away redis
	equals "$(json .error.details.reason)" FAILOVER
	redis-cli -s "$own/a/s" cluster addslotsrange 0 16383 >/dev/null
	redis-cli -s "$own/b/s" cluster meet 127.0.0.1 "$a_port" >/dev/null
	wait_until 15 moved
	"${ask[@]}" REDIS_SOCKET="$own/b/s"
	assert_away redis
	equals "$(json .error.details.reason)" FAILOVER
	served() { "${ask[@]}" REDIS_SOCKET="$own/a/s" && [ "$http_status" = 200 ]; }
	wait_until 15 served
	# A prefix without a hash tag is a setting to be changed, and no fault of the programs.
	cgi stats GET /api/stats '' REDIS_KEY_PREFIX=ivs:prod: REDIS_SOCKET="$own/a/s"
	assert_away redis
}

# with_hosts FILE COMMAND...: FILE is /etc/hosts for it, also when the file is changed later
with_hosts() {
	local unshare=(unshare --mount)
	((EUID == 0)) || unshare+=(--map-root-user)
	# shellcheck disable=SC2016 # the variables are the inner shell's
	exec "${unshare[@]}" sh -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' sh "$@"
}
answered() { # STATUS: to a call of the program at $own/s
	echo 'x begin request=GET,/api/stats key params end-params end-body' |
		"$BUILD_DIR/tests/tools/fcgi_raw" "$own/s" | grep -qx "x $1 closed"
}

@test "the name of Redis leads to another address: the next calls go there, without a restart (E1)" {
	local name=redis.show.example log=$SUITE_DIR/log/own-stats.log workers
	cluster_node a 127.0.0.2
	cluster_node b 127.0.0.3 "$port"
	redis-cli -s "$own/a/s" cluster addslotsrange 0 16383 >/dev/null
	redis-cli -s "$own/b/s" cluster meet 127.0.0.2 "$port" >/dev/null
	wait_until 15 moved
	echo "127.0.0.3 $name" >"$own/hosts"
	with_hosts "$own/hosts" env -u REDIS_SOCKET REDIS_HOST=$name REDIS_PORT="$port" REDIS_KEY_PREFIX='{ivs:prod}:' \
		"$BUILD_DIR/fcgi/stats" --socket "$own/s" --processes 1 2>>"$log" 3>&- &
	pids+=("$!")
	wait_until 10 test -S "$own/s"
	wait_until 10 answered 503
	wait_until 5 grep -q '"cause":"redis refused: MOVED' "$log"
	workers=$(pgrep -P "${pids[-1]}")
	answered 503
	echo "127.0.0.2 $name" >"$own/hosts"
	wait_until 20 answered 200
	moved # the server of before is there, and refuses as before
	equals "$(pgrep -P "${pids[-1]}")" "$workers"
}
