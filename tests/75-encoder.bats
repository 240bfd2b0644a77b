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

