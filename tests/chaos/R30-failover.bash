#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
N=$(size 20000 2000) INTERVAL=4 SWITCH=2
title R30 "Redis fails over to its replica" \
	"$N viewers, $((N / INTERVAL)) heartbeats/s; the replica is promoted, the primary becomes its replica, and after $SWITCH s the programs are sent to the new one (document: 5,000/s)"

stack_up
live
# Both listen on loopback, too: replication knows no Unix sockets.
# Below those that the system gives to who connects.
free_port() {
	local port
	for port in $(shuf -i 12000-19999 -n 20); do
		(exec 7<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
	done
}
first_port=$(free_port)
redis_c config set port "$first_port" >/dev/null
second_port=$(free_port)
mkdir "$CASE/second"
redis-server --bind 127.0.0.1 --port "$second_port" --unixsocket "$CASE/second.sock" --dir "$CASE/second" --save '' \
	--appendonly yes --replicaof 127.0.0.1 "$first_port" >"$CASE/second.log" 2>&1 3>&- &
background+=($!)
first=$REDIS_SOCKET second=$CASE/second.sock
proxy_redis
first=$REDIS_SOCKET
follows() { redis-cli -s "$1" info replication | grep -q 'master_link_status:up'; }
wait_until 30 follows "$second" 2>/dev/null || { tail -n 5 "$CASE/second.log" && false; }

crowd_begin -s "$MASTER" -c 128
say rejoin on
say join "$N" 5000
crowd_quiet 60
say beat "$INTERVAL"
# The programs write what they have acknowledged, without help, while all beat once.
most "seconds until all of it was written" "$(seconds_until 10 no_records)" 3
sleep "$INTERVAL"
is "viewers before" "$(watching)" "$N"
say phase failover
redis-cli -s "$second" replicaof no one >/dev/null
redis-cli -s "$first" replicaof 127.0.0.1 "$second_port" >/dev/null
promoted=$(now_us)
sleep "$SWITCH"
chmod 666 "$second"
proxy redis target "$second"
export STACK_REDIS=$second
told "seconds until the count was whole again" "$(seconds_until 20 is_watched_by "$N")"
say phase after
sleep $((INTERVAL + 1))
is "viewers one interval later" "$(watching)" "$N"
told "seconds since the promotion" "$(since "$promoted")"
crowd_end
most "ms from the promotion until the last heartbeat failed" "$(seen failover beat lastBadMs)" 5000
least "heartbeats refused in between" "$(seen failover beat n503)" 1
is "  answered 404" "$(seen failover beat n404)" 0
is "  not answered, or something else" "$(($(seen failover beat none) + $(seen failover beat other)))" 0
told "  failures" "$(failures failover beat)"
is "heartbeats that failed after the count was whole" "$(($(seen after beat n) - $(seen after beat good)))" 0
told "heartbeat p50/p95/p99/max ms before, in it, after" \
	"$(latency start beat)" "$(latency failover beat)  $(latency after beat)"
wait_until 30 drained
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
is "rows that were closed" "$(ended_rows)" 0
is "records refused" "$(redis_c xlen "${P}records:dead")" 0
finish
