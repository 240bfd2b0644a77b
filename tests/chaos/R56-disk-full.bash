#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
FULL=$(size 10 3)
title R56 "The disk of the logs, of PostgreSQL and of Redis is full, one after the other" \
	"$FULL s each, tmpfs of 8, 256 and 32 MB; 100 heartbeats/s and 20 joins/s (document: 5 min each)"

((EUID == 0)) || {
	echo "       small disks can only be mounted by root"
	exit 1
}
stack_up HEARTBEAT_TIMEOUT=600 LOG_LEVEL=info
live
# small_disk SERVICE... FOLDER MB: the folder is a disk of that size; the services are begun anew on it.
small_disk() {
	local folder=${*: -2:1} mb=${*: -1}
	cp -a "$folder" "$folder.was"
	mount -t tmpfs -o "size=${mb}m,mode=$(stat -c %a "$folder")" tmpfs "$folder"
	at_end+=("umount -l '$folder'")
	chown --reference="$folder.was" "$folder"
	cp -a "$folder.was/." "$folder"
}
# Whatever is left of it.
fill() { # FOLDER
	dd if=/dev/zero of="$1/fill" bs=64k 2>/dev/null || true
	dd if=/dev/zero of="$1/fill.2" bs=1 count=65536 2>/dev/null || true
}
space_again() { rm -f "$1/fill" "$1/fill.2"; }
for service in token stage viewer stats health; do kill -TERM "$(pid_of "$service")"; done
small_disk "$SUITE_DIR/log" 8
for service in token stage viewer stats health; do
	wait_until 20 is_gone "$(pid_of "$service")"
	restart "$service"
done
kill -TERM "$(pid_of redis)" && wait_until 20 is_gone "$(pid_of redis)"
small_disk "$SUITE_DIR/redis" 32
restart redis
redis_c config set auto-aof-rewrite-percentage 0 >/dev/null
kill -INT "$(pid_of postgres)" && wait_until 20 is_gone "$(pid_of postgres)"
small_disk "$SUITE_DIR/postgres" 256
restart postgres
wait_until 10 all_well
workers() { for p in token viewer stats stage health; do pgrep -P "$(pid_of "$p")"; done | sort | xargs; }
before=$(workers)

crowd_begin -s "$MASTER"
say rejoin on
say join 500
crowd_quiet 30
say beat 5
say phase log
fill "$SUITE_DIR/log"
say join $((FULL * 20)) 20
sleep "$FULL"
told "bytes free on the disk of the logs" "$(df --output=avail -B1 "$SUITE_DIR/log" | tail -n 1 | xargs)"
space_again "$SUITE_DIR/log"
crowd_quiet 30

wait_until 30 drained
say phase postgres
fill "$SUITE_DIR/postgres"
say join $((FULL * 20)) 20
sleep "$FULL"
fill "$SUITE_DIR/postgres" # what PostgreSQL had freed meanwhile
ready_pg=$(status_of GET /readyz)
say join 20 20
crowd_quiet 30
waiting=$(stream_length)
space_again "$SUITE_DIR/postgres"
say phase after-postgres
fell=no
! is_gone "$(pid_of postgres)" || { fell=yes && restart postgres; }
took_pg=$(seconds_until 30 drained)

say phase redis
fill "$SUITE_DIR/redis"
redis_full() { [[ $(status_of GET /readyz) == 503 ]]; }
# What is in its buffers still goes in; then it refuses, or is ended by it.
say join $((FULL * 20)) 20
until_full=$(seconds_until "$((FULL + 5))" redis_full)
sleep "$FULL"
ready_redis=$(status_of GET /readyz)
crowd_quiet 30
space_again "$SUITE_DIR/redis"
say phase after-redis
redis_fell=no
! is_gone "$(pid_of redis)" || { redis_fell=yes && restart redis; }
took_redis=$(seconds_until 30 all_well)
sleep 6
is "viewers, who are all those let in" "$(watching)" "$(awk '$1 == "join"' "$CASE/acks" | wc -l)"
crowd_end

for phase in log postgres; do
	for call in join beat; do
		is "$phase full: ${call}s that failed, of $(seen $phase $call n)" \
			"$(($(seen $phase $call n) - $(seen $phase $call good)))" 0
	done
	told "  failures" "$(failures $phase join); $(failures $phase beat)"
done
is "postgres full: /readyz" "$ready_pg" 200
least "postgres full: records that waited" "$waiting" 1
told "postgres full: PostgreSQL itself fell" "$fell"
most "seconds until all was written, once there was space" "$took_pg" 10
told "redis full: seconds until it refused; it fell" "$until_full" "$redis_fell"
is "redis full: /readyz" "$ready_redis" 503
for call in join beat; do
	least "redis full: ${call}s refused by 503" "$(seen redis $call n503)" 1
	is "  404, no answer, or anything else" \
		"$(($(seen redis $call n404) + $(seen redis $call none) + $(seen redis $call other)))" 0
	is "  503 without Retry-After" "$(seen redis $call noRetryAfter)" 0
	told "  failures" "$(failures redis $call)"
done
most "seconds until all was well, once there was space" "$took_redis" 10
most "ms until the last heartbeat failed, once there was space" "$(seen after-redis beat lastBadMs)" 10000
is "the workers are the same" "$([[ $(workers) == "$before" ]] && echo yes)" yes
wait_until 30 drained
compare_history
is "acknowledged joins that are not in history" "$missing" 0
is "duplicate rows" "$twice" 0
finish
