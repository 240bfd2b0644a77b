# What a show cannot do: more stages than one publisher can be replicated to, more tokens than AWS
# makes in a second. With the defaults: 50 viewers a stage.

load lib/common
load lib/show

teardown() { show_down; }

# begin NAME=VALUE...: a show with its publisher on the air.
begin() {
	show_up "$@"
	emulator POST quotas '{"rates":true}' >/dev/null
	send_events
	publish >/dev/null
	wait_until 5 is_live
}
statuses() { cut -d' ' -f1 "$1" | sort | uniq -c | awk '{ print $2 "=" $1 }' | xargs; }

@test "300 at once in api mode: each gets a token within the quota, or 503 and when to come again; the sixth further stage is not made (F43)" {
	begin
	viewers 1 300 | load_requests 100 >"$BATS_TEST_TMPDIR/burst"
	statuses "$BATS_TEST_TMPDIR/burst"
	# Nothing but a token or "not now".
	[ "$(awk '$1 != 200 && $1 != 503' "$BATS_TEST_TMPDIR/burst" | wc -l)" = 0 ]
	equals "$(throttled)" 0
	# Who was told to come again comes again: 300 is what the show can hold.
	for _ in 1 2 3 4 5; do
		viewers 1 300 | load_requests 20 >"$BATS_TEST_TMPDIR/again"
		[ "$(count_status 200 <"$BATS_TEST_TMPDIR/again")" != 300 ] || break
	done
	equals "$(statuses "$BATS_TEST_TMPDIR/again")" 200=300
	equals "$(further_stages) $(active_replicas)" "5 5"
	equals "$(seats_now | awk '{ n += $2 } END { print n }')" 300
	# Full, and nothing to be done about it: no waiting, and when to ask again.
	autoscale
	api POST /api/token/viewer '{"userId":"one-too-many"}'
	assert_error 503 STAGE_FULL
	[ "$(header Retry-After)" -ge 1 ]
	equals "$(further_stages) $(calls_of .CreateStage)" "5 6" # and the master
	# Why, and what to set: for who asks, in the numbers, in the log.
	autoscale --explain >"$BATS_TEST_TMPDIR/explained"
	grep -q 'REPLICA_QUOTA.*MAX_VIEWERS_PER_STAGE' "$BATS_TEST_TMPDIR/explained"
	api GET /api/stats - -H 'Accept-Language: en'
	equals "$(json '.data.autoScale.limit.reason')" REPLICA_QUOTA
	matches "$(json '.data.autoScale.limit.message')" 'MAX_VIEWERS_PER_STAGE'
	grep -h "cannot grow" "$SUITE_DIR"/log/{autoscale,token,stats}.log |
		jq -e 'select(.reason == "REPLICA_QUOTA" and (.what_to_do | test("MAX_VIEWERS_PER_STAGE")))' >/dev/null
	# Publishing straight into a further stage is the way beyond.
	api POST /api/stage '{"name":"by-hand"}'
	assert_status 201
	local arn
	arn=$(json .data.stage.arn)
	api POST /api/token/publisher "{\"userId\":\"second-camera\",\"stageArn\":\"$arn\"}"
	assert_status 200
	api POST /api/token/viewer "{\"userId\":\"dark\",\"stageArn\":\"$arn\"}"
	assert_error 404 NOT_FOUND
	emulator POST publish "{\"stageArn\":\"$arn\",\"participantId\":\"$(json_token_participant)\"}" >/dev/null
	wait_until 10 eval '[ "$(entry "'"$arn"'" .direct.on)" = true ]'
	api POST /api/token/viewer '{"userId":"one-too-many"}'
	assert_status 200
	equals "$(json .data.stageArn)" "$arn"
}
# The participant of the newest token that may publish.
json_token_participant() {
	emulator GET tokens | jq -r '[.tokens[] | select(.capabilities == ["PUBLISH"])] | last.participantId'
}

@test "300 at once in local mode: no AWS call at all (F43)" {
	local key
	key=$(mktemp "$SUITE_DIR/key.XXXX")
	openssl ecparam -name secp384r1 -genkey -noout -out "$key"
	chmod 600 "$key"
	begin MAX_VIEWERS_PER_STAGE=1000 TOKEN_MODE=local IVS_SIGNING_KEY_FILE="$key" \
		IVS_SIGNING_KEY_ARN="arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:public-key/0f0f0f0f-0000-4000-8000-0f0f0f0f0f0f"
	api POST /api/token/viewer '{"userId":"first"}' # the stage's endpoints are read once
	assert_status 200
	emulator DELETE calls >/dev/null
	viewers 1 300 | load_requests 100 >"$BATS_TEST_TMPDIR/burst"
	equals "$(statuses "$BATS_TEST_TMPDIR/burst")" 200=300
	equals "$(all_calls)" 0
}
