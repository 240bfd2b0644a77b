# The encoder comes and goes: what is logged, and the shapes of the events that say so.

load lib/common
load lib/events

setup() { forget_publisher; }
teardown() {
	forget_publisher
	go_live
}

# The lines of all programs about one participant: "MESSAGE SOURCE", with an age.
lines() { # PARTICIPANT
	cat "$SUITE_DIR"/log/*.log | grep -F "\"participant\":\"$1\"" |
		jq -r 'select(.msg | startswith("the publisher is")) | select(.age_ms | type == "number") | "\(.msg) \(.source)"'
}

@test "log: the encoder comes and goes: one line each, by whoever learns it, with source and age" {
	a=$(id)
	publishes "$MASTER" "$a" "$(ago 7)"
	age=$(cat "$SUITE_DIR"/log/*.log | grep -F "\"participant\":\"$a\"" | jq -r .age_ms)
	((age >= 7000 && age < 12000))
	publishes "$MASTER" "$a" "$(ago 7)"
	publishes "$MASTER" "$a" "$(ago 6)"
	equals "$(lines "$a")" 'the publisher is live eventbridge'
	stops "$MASTER" "$a" "$(ago 2)"
	stops "$MASTER" "$a" "$(ago 1)"
	equals "$(lines "$a")" 'the publisher is live eventbridge
the publisher is gone eventbridge'
	forget_publisher
	token
	go_offline
	# Each program has a log of its own.
	equals "$(lines "$pid" | sort)" 'the publisher is gone hand
the publisher is live token'
}

@test "log: the encoder comes and goes and no event tells: the autoscaler has a line each, with what AWS says" {
	local a pre="${P}encoder:" log=$BATS_TEST_TMPDIR/autoscale
	own_show "$pre"
	look() { REDIS_KEY_PREFIX=$pre AUTO_SCALE_ENABLED=false "$BUILD_DIR/cron/autoscale" 2>>"$log"; }
	at_aws() { emulator POST "$1" "$(obj stageArn "$MASTER" participantId "$a")" >/dev/null; }
	a=$(id)
	at_aws publish
	look
	look # one line, however often it looks
	at_aws unpublish
	look
	look
	at_aws disconnect
	equals "$(grep -F "\"participant\":\"$a\"" "$log" |
		jq -r 'select(.age_ms >= 0 and .age_ms < 60000) | "\(.lvl) \(.msg) \(.source)"')" \
		'info the publisher is live aws
info the publisher is gone aws'
}

@test "events: one of the older shape, without a time of its own, counts as of when it was sent" {
	a=$(id)
	event "$MASTER" "$a" 'Participant Published' "$(ago 2)" 'del(.detail.event_time, .detail.event_time_precise)'
	equals "$http_status $(said) $(present)" "200 true null true true $a eventbridge"
	event "$MASTER" "$a" 'Participant Unpublished' "$(ago 1)" 'del(.detail.event_time, .detail.event_time_precise)'
	equals "$http_status $(said)" '200 true null false'
	event "$MASTER" "$a" 'Participant Published' "$(ago 0)" 'del(.detail.event_time, .detail.event_time_precise, .time)'
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.missingFields[0]')" detail.event_time
	# A time that is there and is none is still an error.
	event "$MASTER" "$a" 'Participant Published' "$(ago 0)" '.detail.event_time = "x" | del(.detail.event_time_precise)'
	assert_error 400 VALIDATION_ERROR
}


# fixture NAME [SECONDS]: the event as AWS' page of EventBridge shows it, of our stage and of now.
fixture() {
	api POST /api/stats/events "$(jq -c --arg a "$MASTER" --arg t "$(ago "${2:-0}")" --arg p "$a" '.resources = [$a] |
		.time = ($t | sub("\\.[0-9]+Z$"; "Z")) | .detail.participant_id = $p |
		.detail.event_time |= (if test("\\.[0-9]{9}Z$") then $t | sub("Z$"; "123456Z") else $t | sub("\\.[0-9]+Z$"; "Z") end) |
		if .detail.event_time_precise then .detail.event_time_precise = $t else . end' \
		"$PROJECT_ROOT/tests/data/events/$1.json")"
	assert_status 200
}

@test "events: in the shapes of AWS' page: short session ids, nine digits of fraction, tokens exchanged" {
	a=$(id)
	fixture published 3
	equals "$(said) $(present)" "true null true true $a eventbridge"
	# Nothing follows from these; none is refused, or EventBridge would send it again.
	for name in token-exchanged replication-start; do
		fixture "$name"
		equals "$name $(said)" "$name false UNUSED true"
	done
	fixture replication-end # on a stage of somebody else
	equals "$(said)" 'false NOT_OURS true'
	# The present publisher could not publish: AWS is to be asked.
	fixture publish-error
	equals "$(said)" 'true null true'
	fixture unpublished 1
	equals "$(said) $(present)" "true null false false $a eventbridge"
	# A start whose time has nine digits of fraction is read as well.
	event "$MASTER" "$a" 'Participant Published' "$(ago 0)" \
		'.detail.event_time = (.detail.event_time_precise | sub("Z$"; "123456Z")) | del(.detail.event_time_precise)'
	equals "$(said)" 'true null true'
}
