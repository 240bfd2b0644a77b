# What a kick and a ban reach besides the seat: tokens on their way, and participants who are not
# connected. The kick itself: 58-people.bats.

load lib/common
load lib/people
load lib/signing

setup() { go_live; }
teardown() {
	emulator DELETE faults >/dev/null
	postgres_back
}

told() { json '.data | "\(.kicked) \(.banned) \(.disconnected)"'; }
assert_banned() {
	assert_error 403 FORBIDDEN || return 1
	equals "$(json .error.details.reason)" BANNED
}
# The emulator has begun to answer the call whose fault was set.
under_way() { # OPERATION
	[ "$(emulator GET faults | jq --arg o "$1" '[.. | objects | select(.operation? == $o)] | length')" = 0 ]
}
# As if the master had never been read from AWS: without its endpoints.
unread_master() {
	redis_c hset "${P}stages" "$MASTER" "$(redis_c hget "${P}stages" "$MASTER" | jq -c 'del(.events, .whip)')" >/dev/null
}
# ---- a ban while a token is made ----

@test "ban: a publisher's token that is being made is not handed out, and the show does not begin with it" {
	local mode operation before
	for mode in api local; do
		u=$(fresh host) operation=CreateParticipantToken
		# A local token asks AWS for the endpoints of a stage that was not read yet.
		[ "$mode" = api ] || { operation=GetStage && unread_master; }
		go_offline # so that a token would begin the show
		before=$(redis_c get "${P}publisher:info")
		fault "{\"operation\":\"$operation\",\"count\":1,\"action\":\"delay\",\"delayMs\":1500}"
		(
			if [ "$mode" = api ]; then api POST /api/token/publisher "$(obj userId "$u")"
			else signed_here token /api/token/publisher "$(obj userId "$u")"; fi
			echo "$http_status $(json .error.details.reason) $(json .data.token)" >"$BATS_TEST_TMPDIR/told"
		) 3>&- &
		wait_until 5 under_way "$operation"
		ban "$u"
		wait
		equals "$mode $(cat "$BATS_TEST_TMPDIR/told")" "$mode 403 BANNED null"
		equals "$(redis_c get "${P}publisher:status") $(redis_c get "${P}publisher:info")" "offline $before"
		equals "$(redis_c hvals "${P}publisher:seen" | grep -cF "$u")" 0
	done
	go_live
}

# ---- participants who are not connected ----

# The emulator takes this token again: it lets the participant in.
comes_back() { # ARN PARTICIPANT
	curl -sS -o /dev/null -w '%{http_code}' -d "$(obj stageArn "$1" participantId "$2")" "$AWS_ENDPOINT_URL/_emulator/join"
}
disconnects() { emulator GET calls | jq .DisconnectParticipant; }

@test "kick: of one who is not connected every participant of theirs is ended, and nobody else's" {
	local before
	stage=$(new_stage "kick-known-$RANDOM") other=$(new_stage "kick-known-b-$RANDOM") u=$(fresh)
	comes victim "$stage"
	victim=$who
	# Two pages on one stage, both used and gone; one token of another stage, never used.
	comes "$u" "$stage"
	first=$who
	comes "$u" "$stage"
	second=$who
	for who in "$first" "$second"; do
		emulator POST disconnect "$(obj stageArn "$stage" participantId "$who")" >/dev/null
	done
	token "$u" "$other"
	third=$(json .data.participantId)
	leave "$u" "$other"
	# and a rejoin that names somebody else
	seat "$u" "$stage" "$victim"
	leave "$u" "$stage"
	before=$(disconnects)
	ban "$u"
	equals "$http_status $(told)" '200 false true 0'
	equals "$(($(disconnects) - before))" 3
	for who in "$first" "$second"; do
		matches "$(comes_back "$stage" "$who")" '^4'
	done
	matches "$(comes_back "$other" "$third")" '^4'
	equals "$(emulator GET sessions | jq -r --arg p "$victim" '[.. | objects | select(.participantId? == $p) | .state] | first')" CONNECTED
}

leaves() { emulator POST disconnect "$(obj stageArn "$1" participantId "$2")" >/dev/null; } # ARN PARTICIPANT
# Until all is done: the same ban again, N times at most. $answers: the status of each.
ban_until_done() { # N [NAME=VALUE...]: settings of a program of its own
	local n
	answers=
	for n in $(seq "$1"); do
		if [ $# = 1 ]; then ban "$u"
		else cgi viewer POST /api/viewer/kick "$(obj userId "$u" | jq -c '.ban = true')" "${@:2}"; fi
		answers+="$http_status "
		[ "$http_status" != 200 ] || return 0
		assert_repeat || return 1
	done
	return 1
}
assert_repeat() { # the answer says to send the request again
	assert_status 503 && matches "$(json .error.message)" 重送同一個請求
}

@test "kick: PostgreSQL away: the answer says to repeat, and the repeat ends the participants known there" {
	local participant
	local -a his=()
	stage=$(new_stage "kick-pg-$RANDOM") u=$(fresh)
	for participant in 1 2; do
		comes "$u" "$stage"
		his+=("$who")
		leaves "$stage" "$who"
	done
	written
	stop_postgres
	ban "$u"
	assert_away postgres
	assert_repeat
	# The seat does not wait for PostgreSQL.
	equals "$(seats "$stage")" 0
	postgres_back
	wait_until 20 answers GET "/api/viewer/history/$u" 200
	equals "$(psql_q "SELECT cardinality(more_participants || participant_id) FROM viewer_sessions WHERE user_id = '$u'")" 2
	ban_until_done 5
	for participant in "${his[@]}"; do matches "$(comes_back "$stage" "$participant")" '^4'; done
}

@test "kick: of more participants than one call can end a repeat ends the rest, the oldest, too" {
	local n before
	local -a his=()
	stage=$(new_stage "kick-many-$RANDOM") u=$(fresh)
	for n in $(seq 22); do
		comes "$u" "$stage"
		his+=("$who")
		leaves "$stage" "$who"
	done
	ban_until_done 10
	for n in "${his[0]}" "${his[1]}" "${his[21]}"; do matches "$(comes_back "$stage" "$n")" '^4'; done
	# What is dead is not ended once more.
	before=$(disconnects)
	ban "$u"
	equals "$http_status $(told) $(disconnects)" "200 false true 0 $before"
	# What is kept for that goes with the person.
	equals "$(redis_c hlen "${P}ended:$u")" 22
	forget "$u"
	equals "$http_status $(redis_c keys "$P*$u*")" '200 '
}

@test "kick: a rejoin that names a participant of another stage saves none from its end" {
	local other
	stage=$(new_stage "kick-named-$RANDOM") other=$(new_stage "kick-named-b-$RANDOM") u=$(fresh)
	token "$u" "$other"
	first=$(json .data.participantId)
	seat "$u" "$stage" "$first"
	stop_postgres
	ban "$u" # knows the seat alone, where that participant never was
	assert_repeat
	equals "$(redis_c hkeys "${P}ended:$u")" "$stage $first"
	postgres_back
	wait_until 20 answers GET "/api/viewer/history/$u" 200
	ban_until_done 5
	matches "$(comes_back "$other" "$first")" '^4'
}

@test "kick: with a small share of the quota each repeat makes progress, and the seat is free at once" {
	local n
	stage=$(new_stage "kick-share-$RANDOM") u=$(fresh)
	for n in $(seq 15); do
		token "$u" "$stage"
		assert_status 200
	done
	ban_until_done 1 AWS_QUOTA_SHARE=25 || assert_error 503 AWS_THROTTLED
	equals "$(json .error.details.operation) $(json .error.details.reason) $(seats "$stage")" \
		'DisconnectParticipant THROTTLED 0'
	ban_until_done 15 AWS_QUOTA_SHARE=25
	equals "$(redis_c hlen "${P}ended:$u") $(redis_c exists "${P}cleared:$u")" '15 0'
	matches "$(redis_c pttl "${P}ended:$u")" '^[0-9]+$'
}

@test "kick: each stage of a person is cleared, however many and however slow AWS is" {
	local n
	local -a stages=()
	u=$(fresh)
	for n in 1 2 3 4 5 6 7; do
		stages+=("$(new_stage "kick-wide-$RANDOM")")
		comes "$u" "${stages[-1]}"
	done
	leave "$u" "${stages[-1]}"
	# Two calls for each stage, one in 2.3 s.
	ban_until_done 10 AWS_QUOTA_SHARE=10
	matches "$answers" '^503 .*200 $'
	for stage in "${stages[@]}"; do equals "$(connected "$stage")" ''; done
}

@test "kick: a stage to which somebody came back after an unfinished kick is looked at again" {
	local other
	stage=$(new_stage "kick-again-$RANDOM") other=$(new_stage "kick-again-b-$RANDOM") u=$(fresh)
	comes "$u" "$other"
	comes "$u" "$stage"
	leave "$u" "$stage"
	# The newer stage is cleared, then AWS fails.
	fault '{"operation":"DisconnectParticipant","count":1,"action":"delay"}'
	fault '{"operation":"DisconnectParticipant","count":0,"status":503}'
	kick "$u"
	assert_repeat
	equals "$(redis_c hkeys "${P}cleared:$u")" "$stage"
	emulator DELETE faults >/dev/null
	comes "$u" "$stage"
	leave "$u" "$stage"
	kick "$u"
	equals "$http_status $(told) [$(connected "$stage")$(connected "$other")]" '200 false false 2 []'
}

@test "history: a session keeps each participant of its tokens, whatever order the records come in" {
	local u s
	stage=$(a_stage) u=$(fresh) s=$(</proc/sys/kernel/random/uuid)
	rec() { printf '{"s":"%s","u":"%s","a":"%s","j":1761042600000,"p":"%s"}' "$s" "$u" "$stage" "$1"; }
	write() { # FIRST_PLACE RECORD...
		local at=$1 places='' batch='' e
		shift
		for e; do batch+=${batch:+,}$e places+=${places:+,}$((at++)); done
		psql_q "PREPARE q AS $(sed '/^[[:space:]]*--/d' "$PROJECT_ROOT/sql/queries/records_write.sql"); EXECUTE q(\$j\$[$batch]\$j\$, '{$places}')"
	}
	kept() { psql_q "SELECT participant_id, more_participants FROM viewer_sessions WHERE session_id = '$s'"; }
	write 20 "$(rec b)" "$(rec c)"
	equals "$(kept)" 'c|{b}'
	write 10 "$(rec a)"
	matches "$(kept)" '^c\|\{(a,b|b,a)\}$'
	write 30 "$(rec b)" "$(rec d)"
	matches "$(kept)" '^d\|\{a,c,b\}$'
	write 20 "$(rec b)" "$(rec c)"
	equals "$(kept | tr -d '{}' | tr '|' ',' | tr , '\n' | sort | xargs)" 'a b c d'
}
