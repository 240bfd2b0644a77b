# What a kick and a ban reach besides the seat: tokens on their way, and participants who are not
# connected. The kick itself: 58-people.bats.

load lib/common
load lib/people
load lib/signing

setup() { go_live; }
teardown() { emulator DELETE faults >/dev/null; }

told() { json '.data | "\(.kicked) \(.banned) \(.disconnected)"'; }
assert_banned() {
	assert_error 403 FORBIDDEN || return 1
	equals "$(json .error.details.reason)" BANNED
}
# The emulator has begun to answer the call whose fault was set.
under_way() { # OPERATION
	[ "$(emulator GET faults | jq --arg o "$1" '[.. | objects | select(.operation? == $o)] | length')" = 0 ]
}
# ---- a ban while a token is made ----

@test "ban: a publisher's token that is being made is not handed out, and the show does not begin with it" {
	local mode operation before
	for mode in api local; do
		u=$(fresh host) operation=CreateParticipantToken
		stage=$MASTER
		# A local token asks AWS for the endpoints of a stage that was not read yet.
		[ "$mode" = api ] || { operation=GetStage stage=$(new_stage "ban-host-$RANDOM"); }
		before=$(redis_c get "${P}publisher:info")
		fault "{\"operation\":\"$operation\",\"count\":1,\"action\":\"delay\",\"delayMs\":1500}"
		(
			if [ "$mode" = api ]; then api POST /api/token/publisher "$(obj userId "$u")"
			else signed_here token /api/token/publisher "$(obj userId "$u" stageArn "$stage")"; fi
			echo "$http_status $(json .error.details.reason) $(json .data.token)" >"$BATS_TEST_TMPDIR/told"
		) 3>&- &
		wait_until 5 under_way "$operation"
		ban "$u"
		wait
		equals "$mode $(cat "$BATS_TEST_TMPDIR/told")" "$mode 403 BANNED null"
		equals "$(redis_c get "${P}publisher:info")" "$before"
		equals "$(redis_c hvals "${P}publisher:seen" | grep -cF "$u")" 0
	done
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
