#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
title R64 "Snapshots at once, left out, and killed in the middle" \
	"5 runs at once; 3 slots left out; one killed while it holds the lock"

stack_up
live
crowd_begin -s "$MASTER"
say join 50
crowd_quiet 10
say beat 10
slots() { psql_q "SELECT count(*) $1 FROM viewer_stats_snapshots WHERE stage_arn = '$MASTER'"; }
# All of them in one slot of five minutes.
((EPOCHSECONDS % 300 < 285)) || sleep 16
pids=()
for _ in 1 2 3 4 5; do
	job snapshot 3>&- &
	pids+=($!)
done
ended=0
for pid in "${pids[@]}"; do
	wait "$pid" || ended=$((ended + 1))
done
is "runs of 5 at once that failed" "$ended" 0
is "rows of that stage and slot, viewers" "$(slots ", max(viewer_count)")" "1|50"

# As if the run before this one had been 20 minutes ago.
psql_q "INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count, peak_viewers)
	SELECT stage_arn, snapshot_time - interval '20 min', 7, 7 FROM viewer_stats_snapshots
	WHERE stage_arn = '$MASTER'"
api GET "/api/stats/history?stageArn=$(uri "$MASTER")"
told "GET /api/stats/history" "$http_status"
is "points of the last half hour: those that were written" \
	"$(json '[.data | .. | objects | select(has("viewerCount")) | .viewerCount] | sort | join(" ")')" "7 50"

# It hangs in PostgreSQL, holding its lock, and is killed.
lock='' # lock_table sets it
lock_table viewer_stats_snapshots EXCLUSIVE
"$BUILD_DIR/cron/snapshot" 3>&- {lock}>&- 2>"$CASE/killed" &
pid=$!
has_lock() { [[ $(redis_c exists "${P}lock:job:snapshot") == 1 ]]; }
wait_until 10 has_lock
sleep 0.5
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
exec {lock}>&-
killed=$(now_us)
is "the lock outlives who was killed" "$(redis_c exists "${P}lock:job:snapshot")" 1
most "ms it still lives" "$(redis_c pttl "${P}lock:job:snapshot")" 120000
# Its statement is carried out all the same, now that it can be: PostgreSQL does not look who is gone.
no_statement() {
	[[ $(psql_q "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid()
		AND backend_type = 'client backend'") == 0 ]]
}
wait_until 20 no_statement
# What the next run has to write is seen by this number.
psql_q "DELETE FROM viewer_stats_snapshots WHERE stage_arn = '$MASTER'"
wrote() { job snapshot && [[ $(slots) == 1 ]]; }
if [[ ${CHAOS_SIZE:-} == quick ]]; then
	wrote || true
	is "rows written while the lock lives" "$(slots)" 0
	redis_c pexpire "${P}lock:job:snapshot" 500 >/dev/null
fi
wait_until 120 wrote || true
most "seconds until a run did its work again" "$(since "$killed")" 120
is "rows then" "$(slots)" 1
crowd_end
finish
