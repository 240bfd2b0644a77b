# One person: sent off and kept out; and those who take a token and never come.

load lib/common
load lib/people

setup() { go_live; }
teardown() {
	emulator DELETE faults >/dev/null
	postgres_back
	[ -z "${read_only:-}" ] || writes_again
}

# Who of a stage AWS has connected, by what filter wants of them.
connected() { # ARN
	emulator GET sessions | jq -r --arg a "$1" '[.sessions[] | select(.stageArn == $a) | .participants[]
		| select(.state == "CONNECTED") | .participantId] | sort | join(" ")'
}
told() { json '.data | "\(.kicked) \(.banned) \(.disconnected)"'; }
evict() { "$BUILD_DIR/cron/heartbeat_cleanup" 2>>"$SUITE_DIR/log/cron.log"; }
assert_banned() {
	assert_error 403 FORBIDDEN || return 1
	equals "$(json .error.details.reason)" BANNED
}
calls() { emulator GET calls | jq "$1"; }
calls_of_tokens() { calls '.CreateParticipantToken + .failed.CreateParticipantToken'; }
admin() { psql -X -q -A -t -h "$STACK_PG" -p "${STACK_PG_PORT:-5432}" -U postgres -c "SET default_transaction_read_only = off" -c "$1" "$DB_NAME"; }
writes_again() { # also by programs that connected meanwhile
	admin "ALTER DATABASE \"$DB_NAME\" RESET default_transaction_read_only"
	admin "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '$DB_USER'" >/dev/null
}
repeat_text() { matches "$(json .error.message)" '(重送同一個請求|send the same request again)'; }

# ---- kick ----

@test "kick: he is disconnected at AWS, his seat is free, his record says kicked, others stay" {
	stage=$(new_stage kick) u=$(fresh)
	comes other "$stage"
	other=$who
	comes "$u" "$stage"
	equals "$(connected "$stage" | wc -w)" 2
	kick "$u"
	assert_status 200
	equals "$(told)" 'true false 1'
	equals "$(json .message)" '已將觀眾移出'
	equals "$(connected "$stage") $(seats "$stage")" "$other 1"
	beat "$u" "$stage"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" NO_SESSION
	equals "$(rows "$u" end_reason)" kicked
	# Not banned: he may come back.
	comes "$u" "$stage"
	equals "$(rows "$u" "coalesce(end_reason, 'open')" | xargs)" 'kicked open'
}

@test "kick: in English, and once more it finds nobody" {
	stage=$(new_stage kick-twice) u=$(fresh)
	comes "$u" "$stage"
	api POST /api/viewer/kick "$(obj userId "$u")" -H 'Accept-Language: en'
	equals "$(json .message)" 'The viewer was sent off.'
	kick "$u"
	assert_status 200
	equals "$(told)" 'false false 0'
	kick "$(fresh unknown)"
	assert_status 200
	equals "$(told)" 'false false 0'
}

@test "kick: every connection of his is ended, also those of tokens before the newest" {
	stage=$(new_stage kick-all) u=$(fresh)
	comes "$u" "$stage"
	first=$who
	comes "$u" "$stage"
	[ "$who" != "$first" ]
	equals "$(connected "$stage" | wc -w)" 2
	kick "$u"
	equals "$(told) [$(connected "$stage")]" 'true false 2 []'
}

@test "kick: a participant id that a rejoin made up does not send somebody else off" {
	stage=$(new_stage kick-foreign) u=$(fresh)
	comes victim "$stage"
	seat "$u" "$stage" "$who"
	assert_status 200
	kick "$u"
	assert_status 200
	equals "$(told) $(connected "$stage")" "true false 0 $who"
	# nor does one that AWS would not take for an id
	seat "$u" "$stage" 'no such/id'
	kick "$u"
	assert_status 200
	equals "$(told)" 'true false 0'
}

@test "kick: who has left, or fell silent, is disconnected where he was" {
	stage=$(new_stage kick-left) u=$(fresh)
	comes "$u" "$stage"
	leave "$u" "$stage"
	equals "$(connected "$stage")" "$who"
	kick "$u"
	assert_status 200
	equals "$(told) [$(connected "$stage")]" 'false false 1 []'
	matches "$(json .message)" 已將觀眾移出
}

@test "kick: while he moves both stages are cleared, whatever becomes of the move" {
	a=$(new_stage kick-move-a) b=$(new_stage kick-move-b) u=$(fresh)
	comes "$u" "$a"
	fault '{"operation":"CreateParticipantToken","count":1,"action":"delay","delayMs":2500}'
	(token "$u" "$b"; echo "$http_status $(json .error.details.reason)" >"$BATS_TEST_TMPDIR/moved") 3>&- &
	wait_until 5 eval '[ "$(seats "$b")" = 1 ]'
	ban "$u"
	equals "$http_status $(told)" '200 true true 1'
	wait
	# The token that was being made is not handed out.
	equals "$(cat "$BATS_TEST_TMPDIR/moved")" '403 BANNED'
	equals "$(seats "$a") $(seats "$b") [$(connected "$a")]" '0 0 []'
	equals "$(redis_c hexists "${P}viewer:moving" "$u") $(redis_c hexists "${P}viewer:stage" "$u")" '0 0'
	equals "$(rows "$u" end_reason | xargs)" 'moved kicked'
}

@test "kick: on every stage where he was within a day he is disconnected" {
	local u n
	local -a stages=()
	u=$(fresh)
	for n in 1 2 3 4; do
		stages+=("$(new_stage "kick-day-$n")")
		comes "$u" "${stages[-1]}"
	done
	leave "$u" "${stages[-1]}"
	written
	psql_q "update viewer_sessions set joined_at = joined_at - interval '20 hours',
		left_at = left_at - interval '20 hours' where user_id = '$u'"
	kick "$u"
	equals "$http_status $(told)" '200 false false 4'
	for stage in "${stages[@]}"; do equals "$(connected "$stage")" ''; done
}

@test "kick: who fell silent has left when he was heard of last" {
	stage=$(new_stage kick-silent) u=$(fresh)
	comes "$u" "$stage"
	written
	psql_q "update viewer_sessions set joined_at = joined_at - interval '1000 s' where user_id = '$u'"
	long_ago "$u" "$stage" 1000 400
	kick "$u"
	equals "$http_status $(told) $(seats "$stage") [$(connected "$stage")]" '200 false false 1 0 []'
	equals "$(rows "$u" 'end_reason, watch_duration_seconds between 395 and 405')" 'timeout|t'
}

@test "kick: a token that nobody has used is ended at AWS, on a stage with others and on an empty one" {
	local before
	stage=$(new_stage kick-unused) u=$(fresh)
	for other in '' "$(fresh)"; do
		[ -z "$other" ] || comes "$other" "$stage"
		token "$u" "$stage"
		assert_status 200
		before=$(calls .DisconnectParticipant)
		kick "$u"
		equals "$http_status $(told)" '200 true false 0'
		equals "$(calls .DisconnectParticipant)" $((before + 1))
	done
	equals "$(connected "$stage")" "$who"
}

@test "kick: a seat he took while AWS was asked is another one, and stays" {
	stage=$(new_stage kick-new) u=$(fresh)
	comes "$u" "$stage"
	fault '{"operation":"DisconnectParticipant","count":1,"action":"delay","delayMs":2500}'
	(kick "$u"; echo "$http_status $(told)" >"$BATS_TEST_TMPDIR/kicked") 3>&- &
	asked() { [ "$(emulator GET faults | jq '[.. | objects | select(.operation == "DisconnectParticipant")] | length')" = 0 ]; }
	wait_until 5 asked
	leave "$u" "$stage"
	seat "$u" "$stage"
	assert_status 200
	wait
	equals "$(cat "$BATS_TEST_TMPDIR/kicked")" '200 false false 1'
	beat "$u" "$stage"
	assert_status 200
	equals "$(rows "$u" "coalesce(end_reason, 'open')" | xargs)" 'leave open'
}

@test "kick: with opaque ids at AWS, too" {
	stage=$(new_stage kick-opaque) u=$(fresh)
	settings=(IVS_USER_ID_MODE=opaque SESSION_SECRET=a-secret-of-this-test)
	cgi token POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")" "${settings[@]}"
	connect "$stage" "$(json .data.participantId)"
	cgi viewer POST /api/viewer/kick "$(obj userId "$u")" "${settings[@]}"
	equals "$http_status $(told) [$(connected "$stage")]" '200 true false 1 []'
	# The id of a viewer who was there before the secret was changed is another one.
	cgi token POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")" "${settings[@]}"
	connect "$stage" "$(json .data.participantId)"
	cgi viewer POST /api/viewer/kick "$(obj userId "$u")" IVS_USER_ID_MODE=opaque \
		SESSION_SECRET=another-of-this-test,a-secret-of-this-test
	equals "$http_status $(told) [$(connected "$stage")]" '200 true false 1 []'
}

@test "kick: a stage that AWS does not know any more is as good as cleared" {
	stage=$(a_stage) u=$(fresh)
	seat "$u" "$stage"
	kick "$u"
	assert_status 200
	equals "$(told) $(seats "$stage")" 'true false 0 0'
}

@test "kick: AWS away: an honest error, the ban and the seat stay, to repeat does the rest" {
	stage=$(new_stage kick-away) u=$(fresh)
	comes "$u" "$stage"
	for fault in '503 503 SERVICE_UNAVAILABLE GetStage' '429 503 AWS_THROTTLED ListParticipants' \
		'403 503 AWS_ACCESS_DENIED DisconnectParticipant' '400 503 SERVICE_UNAVAILABLE ListParticipants'; do
		read -r status answered code operation <<<"$fault"
		fault "{\"operation\":\"$operation\",\"count\":0,\"status\":$status}"
		ban "$u"
		assert_error "$answered" "$code"
		repeat_text
		equals "$(json .error.details.dependency)" aws
		equals "$(connected "$stage") $(seats "$stage")" "$who 1"
		token "$u" "$stage"
		assert_banned
		emulator DELETE faults >/dev/null
	done
	# He is counted as long as he is there.
	beat "$u" "$stage"
	assert_status 200
	# It happened, and the answer was lost.
	fault '{"operation":"DisconnectParticipant","action":"effect-then-drop","count":0}'
	ban "$u"
	equals "$http_status $(seats "$stage") [$(connected "$stage")]" '503 1 []'
	repeat_text
	emulator DELETE faults >/dev/null
	ban "$u"
	equals "$http_status $(told)" '200 true true 0'
	equals "$(rows "$u" end_reason)" kicked
}

@test "kick: PostgreSQL away: who is seated goes all the same; of who is not, nobody knows where to look" {
	stage=$(new_stage kick-no-pg) u=$(fresh) left=$(fresh left)
	comes "$u" "$stage"
	stop_postgres
	# Connection and seat are ended. Where else he was is not known, and the answer says so.
	for who in "$u" "$left"; do
		ban "$who"
		assert_away postgres
		# The first attempt meets PostgreSQL, those of the next seconds what it left behind.
		matches "$(json .error.details.reason)" '^(UNREACHABLE|NOT_WRITTEN)$'
		equals "[$(connected "$stage")] $(seats "$stage")" '[] 0'
		repeat_text
	done
	token "$left" "$stage"
	assert_banned
	postgres_back
	wait_until 20 answers GET "/api/viewer/history/$u" 200
	equals "$(rows "$u" end_reason)" kicked
	for who in "$u" "$left"; do
		ban "$who"
		equals "$http_status $(told)" '200 false true 0'
	done
}

@test "kick: a PostgreSQL that refuses writes is told as such, also beside the word to repeat" {
	u=$(fresh)
	read_only=1
	admin "ALTER DATABASE \"$DB_NAME\" SET default_transaction_read_only = on"
	# The record of the ban cannot be written by a program with a new connection.
	read_only_told() {
		cgi viewer POST /api/viewer/kick "$(obj userId "$(fresh)" | jq -c '.ban = true')" \
			DB_HOST="$STACK_PG" DB_PORT="${STACK_PG_PORT:-5432}" # PgBouncer keeps its connections
		[ "$(json .error.details.reason)" = READ_ONLY ]
	}
	wait_until 10 read_only_told
	assert_away postgres
	repeat_text
	writes_again
	wait_until 20 answers GET "/api/viewer/history/$u" 200
}

@test "kick: what is asked is checked" {
	api POST /api/viewer/kick '{}'
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.missingFields | join(" ")')" userId
	api POST /api/viewer/kick '{"userId":"a","ban":"yes"}'
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.invalidFields[0].field')" ban
	for route in 'POST /api/viewer/kick' 'DELETE /api/viewer/ban/a' 'DELETE /api/viewer/history/a'; do
		# shellcheck disable=SC2086 # two words
		call $route '{"userId":"a"}' -H "x-api-key: $READ_KEY"
		assert_error 403 FORBIDDEN
		# shellcheck disable=SC2086
		call $route '{"userId":"a"}'
		assert_error 401 UNAUTHORIZED
	done
}

# ---- ban ----

@test "ban: no token, no rejoin, no publishing, and AWS is not asked; lifted he comes back" {
	stage=$(new_stage ban) u=$(fresh '壞人 /&')
	ban "$u"
	equals "$http_status $(told)" '200 false true 0'
	before=$(calls_of_tokens)
	for body in "$(obj userId "$u" stageArn "$stage")" "$(obj userId "$u")"; do
		api POST /api/token/viewer "$body"
		assert_banned
		api POST /api/token/publisher "$body"
		assert_banned
	done
	seat "$u" "$stage"
	assert_banned
	matches "$(json .error.message)" '已被封鎖'
	equals "$(calls_of_tokens) $(seats "$stage")" "$before 0"
	# Nobody else is meant.
	token "$u-2" "$stage"
	assert_status 200
	unban "$u"
	assert_status 200
	equals "$(json '.data | "\(.userId) \(.banned) \(.wasBanned)"')" "$u false true"
	unban "$u"
	equals "$http_status $(json .data.wasBanned)" '200 false'
	token "$u" "$stage"
	assert_status 200
}

@test "ban: who sits gets no further token, and a kick without ban leaves the ban" {
	stage=$(new_stage ban-seated) u=$(fresh)
	comes "$u" "$stage"
	fault '{"operation":"GetStage","count":0,"status":503}'
	ban "$u"
	assert_error 503 SERVICE_UNAVAILABLE
	emulator DELETE faults >/dev/null
	token "$u" "$stage"
	assert_banned
	equals "$(seats "$stage")" 1
	kick "$u"
	equals "$(told)" 'true true 1'
}

@test "ban: it is a fact in PostgreSQL, made once, and gone with the ban" {
	u=$(fresh)
	ban "$u"
	at=$(redis_c hget "${P}bans" "$u")
	ban "$u"
	equals "$(redis_c hget "${P}bans" "$u")" "$at"
	written
	equals "$(psql_q "select value ->> 'at' from show_state where kind = 'ban' and id = '$u'")" "$at"
	unban "$u"
	written
	equals "$(psql_q "select value from show_state where kind = 'ban' and id = '$u'")" null
	equals "$(redis_c hexists "${P}bans" "$u")" 0
}

# ---- never started ----

@test "never started: a token that nobody comes for is no view; history lists it as such" {
	stage=$(new_stage never) u=$(fresh) v=$(fresh)
	api POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")"
	token "$v" "$stage"
	beat "$v" "$stage"
	# As if both had come two minutes ago, and the other one beat a second later.
	written
	for who in "$u 0" "$v 1"; do
		read -r name beats <<<"$who"
		long_ago "$name" "$stage" 120 "$beats"
		joined=$(redis_c hget "${P}viewer:session:$stage" "$name" | cut -d' ' -f2)
		psql_q "update viewer_sessions set joined_at = to_timestamp($joined / 1000.0) where user_id = '$name'"
	done
	evict
	equals "$(seats "$stage")" 0
	equals "$(rows "$u" "end_reason, left_at = joined_at, watch_duration_seconds")" 'never_started|t|0'
	equals "$(rows "$v" "end_reason, watch_duration_seconds")" 'timeout|1'
	api GET "/api/viewer/stats/$stage"
	equals "$(json '.data.stats | "\(.totalViews) \(.uniqueViewers) \(.totalWatchTime)"')" '1 1 1'
	equals "$(psql_q "select total_views, unique_viewers from stage_stats_7d where stage_arn = '$stage'")" '1|1'
	api GET "/api/viewer/history/$u"
	equals "$(json .data.totalRecords)" 1
}
# long_ago USER ARN JOINED_S HEARD_S: he joined that long ago and was last heard of HEARD_S later.
long_ago() {
	redis_c eval "local s, us = unpack(redis.call('TIME'))
		local t = s * 1000 + math.floor(us / 1000) - ARGV[3] * 1000
		local key = KEYS[1] .. 'viewer:session:' .. ARGV[2]
		local sid, rest = redis.call('HGET', key, ARGV[1]):match('^(%S+) %d+ (.*)$')
		redis.call('HSET', key, ARGV[1], string.format('%s %.0f %s', sid, t, rest))
		return redis.call('ZADD', KEYS[1] .. 'viewer:heartbeat:' .. ARGV[2],
			string.format('%.0f', t + ARGV[4] * 1000), ARGV[1])" 1 "$P" "$1" "$2" "$3" "$4" >/dev/null
}

@test "never started: a rejoin is a sign of him, and so is a second token" {
	stage=$(new_stage started) u=$(fresh) v=$(fresh)
	seat "$u" "$stage"
	token "$v" "$stage"
	token "$v" "$stage"
	for name in "$u" "$v"; do
		joined=$(redis_c hget "${P}viewer:session:$stage" "$name" | cut -d' ' -f2)
		(($(redis_c zscore "${P}viewer:heartbeat:$stage" "$name") > joined))
	done
	# The clean-up must not take that away.
	evict
	(($(redis_c zscore "${P}viewer:heartbeat:$stage" "$v") > joined))
}

@test "never started: after 30 s the seat goes to who needs it, and to nobody before (R20)" {
	stage=$(a_stage "" 3) u=$(fresh)
	for n in 1 2 3; do
		api POST /api/token/viewer "$(obj userId "$u-$n" stageArn "$stage")"
		seat_by_token "$u-$n" "$stage"
	done
	long_ago "$u-2" "$stage" 31 0
	long_ago "$u-3" "$stage" 45 1
	long_ago "$u-1" "$stage" 29 0 # to the millisecond: 51-clock.bats
	seat "$u-late" "$stage"
	assert_status 200
	equals "$(seats "$stage")" 3
	# Who waits for his first beat, and who beat once, sit.
	beat "$u-2" "$stage"
	assert_error 404 NOT_FOUND
	for n in 1 3; do
		beat "$u-$n" "$stage"
		assert_status 200
	done
	seat "$u-later" "$stage"
	assert_error 503 STAGE_FULL
	equals "$(rows "$u-2" 'end_reason, left_at = joined_at')" 'never_started|t'
}
# A seat as a token takes it, on a stage that AWS does not know.
seat_by_token() { # USER ARN
	[ "$http_status" = 200 ] || old_seat "$1" "$2" 0 0
}

@test "never started: on a stage with room nobody loses his seat for a late first beat" {
	stage=$(a_stage "" 3) u=$(fresh)
	old_seat "$u" "$stage" 40 40
	seat "$u-2" "$stage"
	assert_status 200
	beat "$u" "$stage"
	assert_status 200
	equals "$(seats "$stage")" 2
}

@test "never started: while another stage has room a full one keeps its seats" {
	local full
	full=$(a_stage "" 1) u=$(fresh)
	old_seat "$u-1" "$full" 40 40
	api POST /api/token/viewer "$(obj userId "$u-2")"
	assert_status 200
	beat "$u-1" "$full"
	assert_status 200
}

@test "never started: 1000 tokens that nobody uses block a house for 30 s and count as no view (R20)" {
	stage=$(a_stage "" 1000) u=$(fresh)
	redis_c eval "local now = redis.call('TIME')[1] * 1000 - 30500
		for i = 1, 1000 do
			local user, at = ARGV[1] .. '-' .. i, string.format('%.0f', now)
			local sid = string.format('00000000-0000-4000-8000-%012d', ARGV[3] * 1000 + i)
			redis.call('ZADD', KEYS[1] .. 'viewer:heartbeat:' .. ARGV[2], at, user)
			redis.call('HSET', KEYS[1] .. 'viewer:session:' .. ARGV[2], user, sid .. ' ' .. at .. ' p')
			redis.call('HSET', KEYS[1] .. 'viewer:stage', user, ARGV[2])
			redis.call('SADD', KEYS[1] .. 'viewer:stages', ARGV[2])
		end" 1 "$P" "$u" "$stage" "$RANDOM" >/dev/null
	seq -f "POST /api/viewer/rejoin {\"userId\":\"$u-new-%.0f\",\"stageArn\":\"$stage\",\"participantId\":\"p\"}" 1000 |
		load_requests 8 >"$BATS_TEST_TMPDIR/joins"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/joins") $(seats "$stage")" '1000 1000'
	written 20
	equals "$(psql_q "select count(*), count(distinct end_reason), min(end_reason) from viewer_sessions
		where stage_arn = '$stage' and left_at is not null")" '1000|1|never_started'
	api GET "/api/viewer/stats/$stage"
	equals "$(json '.data.stats | "\(.totalViews) \(.uniqueViewers)"')" '1000 1000'
}
