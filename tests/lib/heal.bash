# A Redis that lost its state, and what came back. Needs lib/common and lib/show; $own is a folder of the test.
# shellcheck shell=bash disable=SC2154

# Each of them notices that Redis is cold, and fills it.
programs() { printf '%s\n' token stage viewer stats health; }
freeze_programs() { for name in $(programs); do freeze "$name"; done; }
thaw_programs() { for name in $(programs); do thaw "$name"; done; }
ready() { answers GET /readyz 200; }
not_ready() { answers GET /readyz 503; }
flush_and_lock() { # MILLISECONDS: a cold Redis that nobody loads for so long
	redis_c eval "redis.call('FLUSHALL'); return redis.call('SET', KEYS[1], 'somebody', 'PX', ARGV[1])" 1 \
		"${P}lock:job:restore" "$1" >/dev/null
}
warm() { [ "$(redis_c exists "${P}epoch")" = 1 ]; } # after a FLUSHALL: anew
job() { "$BUILD_DIR/cron/$1" 2>&1; }
# join NUMBER [STAGE [NAME]]: viewers w1 to wN
join() {
	seq -f "POST /api/token/viewer {\"userId\":\"${3:-w}%.0f\",\"stageArn\":\"${2:-$MASTER}\"}" "$1" |
		load_requests 4 >"$own/joins"
	equals "$(count_status 200 <"$own/joins")" "$1"
}
# Heartbeats of all who have a seat, one line each.
beats() {
	redis_c hgetall "${P}viewer:stage" | paste - - |
		awk '{ printf "POST /api/viewer/heartbeat {\"userId\":\"%s\",\"stageArn\":\"%s\"}\n", $1, $2 }'
}
everybody_beats() { beats | load_requests 4 >"$own/beats"; }
statuses() { cut -d' ' -f1 "$1" | sort | uniq -c | xargs; }
total() { api GET /api/stats && json .data.totalViewers; }
counted() { [ "$(total)" = "$1" ]; }
history_of_all() { # COLUMNS
	written
	psql_q "SELECT $1 FROM viewer_sessions"
}
# What of the state is no time: stages, publisher, seats.
state() {
	local arn
	for arn in $(stage_arns | sort); do
		echo "$arn $(redis_c hget "${P}stages" "$arn" | jq -cS .)"
		redis_c hgetall "${P}viewer:session:$arn" | paste - - | sort
	done
	redis_c get "${P}publisher:status"
	redis_c get "${P}publisher:info" | jq -cS .
	redis_c get "${P}publisher:why" | jq -cS .
	redis_c hgetall "${P}viewer:stage" | paste - - | sort
}
same_state() { equals "$(diff "$own/state" <(state))" ''; }
