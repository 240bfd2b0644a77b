# Stages that change behind our back, AWS that refuses or says nothing, steps done by half.

load lib/common
load lib/show

setup_file() {
	show_up MAX_VIEWERS_PER_STAGE=2 SCALE_DOWN_THRESHOLD=0 STAGE_WARM_UP=3600 IVS_MAX_REPLICAS=10 \
		IVS_RECONNECT_WINDOW=1
	publish >"$SUITE_DIR/publisher"
	autoscale
}
teardown_file() { show_down; }
setup() {
	WHO=$(<"$SUITE_DIR/publisher")
	is_live
	rest
}
teardown() {
	thaw_keepers
	emulator DELETE faults >/dev/null
	emulator POST quotas '{"replications":5}' >/dev/null
	local arn
	for arn in $(further); do
		redis_c del "${P}viewer:heartbeat:$arn" "${P}viewer:session:$arn" >/dev/null
		api DELETE "/api/stage/$arn"
	done
	empty_show
	redis_c del "${P}keeper:replicas" "${P}viewer:moving" >/dev/null
}

# No join asks for a run.
rest() { redis_c set "${P}keeper:rest" 1 PX 10000 >/dev/null; }
further() { stage_arns | grep -vF "$MASTER"; }
token() { api POST /api/token/viewer "{\"userId\":\"$1\"${2:+,\"stageArn\":\"$2\"}}"; } # USER [ARN]
# lit_stage: one made through the API, with the picture; prints its ARN.
lit_stage() {
	local arn
	api POST /api/stage "{\"name\":\"$(fresh stage)\"}"
	assert_status 201 >&2
	arn=$(json .data.stage.arn)
	# by the run that the call asked for, which no later one may disturb
	wait_until 10 eval '[ "$(entry "'"$arn"'" .replica.on)" = true ]' >&2
	wait_until 5 idle
	autoscale
	equals "$(entry "$arn" .replica.on)" true >&2
	printf '%s' "$arn"
}
known() { [ "$(redis_c hexists "${P}stages" "$1")" = "$2" ]; } # ARN 0|1
aws_knows() { jq -e --arg a "$1" '.stages[$a]' "$SUITE_DIR/emulator.json" >/dev/null; }
# How often AWS was told to change something about a stage.
changes_of() {
	jq -n --arg a "$1" '[inputs | select((.op | test("^(Delete|Update|Start|Stop)")) and
		(.request | .arn == $a or .destinationStageArn == $a))] | length' "$SUITE_DIR/log/emulator.calls.log"
}
asked_for_token() { [ "$(redis_c hexists "${P}viewer:moving" "$1")" = 1 ]; }

@test "a stage that has lost our tags is somebody else's: forgotten, its viewers told, never touched again" {
	local arn before
	arn=$(lit_stage)
	seat untagged "$arn"
	assert_status 200
	"$BUILD_DIR/tests/tools/aws_call" UntagResource "$arn" Show >/dev/null
	before=$(changes_of "$arn")
	autoscale
	known "$arn" 0
	aws_knows "$arn"
	equals "$(changes_of "$arn")" "$before"
	beat untagged "$arn"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" STAGE_GONE
	grep -q 'no longer carries our tags' "$SUITE_DIR/log/autoscale.log"
	# Tagged again it is ours again.
	"$BUILD_DIR/tests/tools/aws_call" TagResource "$arn" "{\"Show\":\"${MASTER##*/}\"}"
	autoscale
	known "$arn" 1
	equals "$(redis_c exists "${P}gone:$arn")" 0
}

@test "a deletion that AWS refuses after the replica was stopped: no seat before the picture is back" {
	local arn
	arn=$(lit_stage)
	fault '{"operation":"DeleteStage","type":"AccessDeniedException"}'
	api DELETE "/api/stage/$arn"
	assert_error 503 AWS_ACCESS_DENIED
	equals "$(active_replicas)" 0
	seat nobody "$arn"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" PUBLISHER_OFFLINE
	autoscale
	seat nobody "$arn"
	assert_status 200
}

@test "who asks for a token elsewhere keeps his stage until it exists: it is not deleted under him" {
	local from to asking
	from=$(lit_stage)
	to=$(lit_stage)
	token mover "$from"
	assert_status 200
	fault '{"operation":"CreateParticipantToken","delayMs":1500,"type":"AccessDeniedException"}'
	token mover "$to" 3>&- &
	asking=$!
	wait_until 3 asked_for_token mover
	api DELETE "/api/stage/$from"
	assert_error 400 VALIDATION_ERROR
	equals "$(json .error.details.viewerCount)" 1
	wait "$asking"
	equals "$(seats "$from") $(seats "$to")" "1 0"
}

@test "a token that fails seats nobody on a stage that is being removed meanwhile" {
	local from to asking
	from=$(lit_stage)
	to=$(lit_stage)
	token mover "$from"
	assert_status 200
	fault '{"operation":"CreateParticipantToken","delayMs":1000,"type":"AccessDeniedException"}'
	token mover "$to" 3>&- &
	asking=$!
	wait_until 3 asked_for_token mover
	redis_c hset "${P}stages" "$from" "$(entry "$from" '.state = "closing" | tojson')" >/dev/null
	wait "$asking"
	equals "$(seats "$from") $(seats "$to") $(redis_c hlen "${P}viewer:moving")" "0 0 0"
}

@test "AWS says nothing and the house is full: one viewer waits for it, not all of them" {
	local start arn
	for arn in $(further) "$MASTER"; do
		seat "full-1-$arn" "$arn"
		seat "full-2-$arn" "$arn"
	done
	wait_until 5 idle
	redis_c del "${P}keeper:rest" "${P}keeper:synced" >/dev/null
	fault '{"operation":"ListStages","action":"delay","delayMs":9000,"count":0}'
	token first
	assert_error 503 STAGE_FULL
	start=$(date +%s%N)
	for _ in 1 2 3 4 5 6; do
		token "$(fresh next)"
		assert_error 503 STAGE_FULL
		[ "$(header Retry-After)" -ge 1 ]
	done
	(($(date +%s%N) - start < 1500000000))
}

@test "AWS gives fewer replicas than IVS_MAX_REPLICAS: the stage too many goes at once, and no other is made" {
	local said='"\(.CreateStage) \(.DeleteStage) \(.failed.StartParticipantReplication)"' i
	emulator POST quotas '{"replications":1}' >/dev/null
	seat a "$MASTER"
	seat b "$MASTER"
	wait_until 5 idle
	emulator DELETE calls >/dev/null
	for i in 1 2 3; do
		autoscale # what comes in the next 35 s needs several
		equals "$i $(calls_of "$said")" "$i 2 1 1"
	done
	equals "$(further_stages) $(aws_stages)" "1 2"
	equals "$(redis_c get "${P}keeper:replicas")" "$WHO 1"
	autoscale --explain | grep -q 'REPLICA_QUOTA, One publisher can be replicated to 1 .*AWS refused'
}

@test "a stage deleted in the console is found by the first token AWS refuses for it, not by cron" {
	local arn
	arn=$(lit_stage)
	emulator DELETE "stages/${arn##*/}" >/dev/null
	token unlucky "$arn"
	assert_error 503 AWS_UNAVAILABLE
	wait_until 5 known "$arn" 0
	token unlucky
	assert_status 200
	equals "$(json .data.stageArn)" "$MASTER"
}

@test "who publishes no more on a stage with a replica is not taken for its picture" {
	local arn
	arn=$(lit_stage)
	redis_c hset "${P}stages" "$arn" \
		"$(entry "$arn" '.direct = {p: "longGone", on: true, e: 1} | tojson')" >/dev/null
	autoscale
	equals "$(entry "$arn" .direct.on)" false
}

@test "replicas that end while the publisher is away open nothing when he comes back" {
	local arn
	arn=$(lit_stage)
	unpublish "$WHO"
	wait_until 10 eval '[ "$(active_replicas)" = 0 ]'
	autoscale
	is_live offline
	equals "$(entry "$arn" .replica.on)" false
	publish "$WHO" >/dev/null
	autoscale
	is_live
	equals "$(entry "$arn" .replica.on)" true
}

@test "MASTER_STAGE_ARN points elsewhere: stages of the old show get no viewers and no picture" {
	local arn other
	arn=$(lit_stage)
	other=$("$BUILD_DIR/tests/tools/aws_call" CreateStage other | jq -r .result.arn)
	cp "$SUITE_DIR/emulator.json" "$BATS_TEST_TMPDIR/before"
	MASTER_STAGE_ARN=$other autoscale
	known "$arn" 0
	known "$MASTER" 0
	aws_knows "$arn"
	aws_knows "$MASTER"
	redis_c hdel "${P}stages" "$other" >/dev/null
	emulator DELETE "stages/${other##*/}" >/dev/null
	autoscale # and back
	known "$arn" 1
}

@test "a publisher who changes while a run is busy: that run looks once more, cron is not waited for" {
	local arn new run looks
	arn=$(lit_stage)
	api POST /api/stage "{\"name\":\"$(fresh stage)\"}"
	wait_until 5 idle
	looks=$(calls_of .ListParticipantReplicas)
	fault '{"operation":"StartParticipantReplication","action":"delay","delayMs":2000}'
	autoscale 3>&- &
	run=$!
	wait_until 5 eval '[ "$(calls_of .ListParticipantReplicas)" != "'"$looks"'" ]'
	send_events
	disconnect "$WHO"
	new=$(publish)
	echo "$new" >"$SUITE_DIR/publisher"
	wait_until 10 eval '[ "$(entry "'"$arn"'" "\"\(.replica.p) \(.replica.on)\"")" = "'"$new"' true" ]'
	wait "$run"
	emulator POST eventbridge '{"url":""}' >/dev/null
}

@test "AWS says that he is not publishing: no failure, no further stage, and the next run goes on" {
	local arn
	arn=$(lit_stage)
	freeze_keepers
	redis_c hset "${P}stages" "$arn" "$(entry "$arn" 'del(.replica) | tojson')" >/dev/null
	fault '{"operation":"ListParticipantReplicas","status":200,"body":"{\"replicas\":[]}","count":1}'
	fault '{"operation":"StartParticipantReplication","type":"ValidationException","message":"x is not publishing"}'
	seat a "$MASTER"
	seat b "$MASTER"
	seat c "$MASTER"
	emulator DELETE calls >/dev/null
	autoscale
	equals "$(summary '"\(.failed) \(.created)"')" "0 0"
	equals "$(calls_of '"\(.failed.StartParticipantReplication) \(.CreateStage)"')" "1 0"
	autoscale
	equals "$(entry "$arn" .replica.on)" true
}

@test "an entry of the registry that nobody can read is made whole from what AWS has" {
	local arn
	arn=$(lit_stage)
	redis_c hset "${P}stages" "$arn" '{broken' >/dev/null
	wait_until 5 idle
	autoscale
	autoscale
	autoscale
	equals "$(entry "$arn" '"\(.state) \(.replica.on)"')" "active true"
}

@test "joins that make the show grow do not list the whole account each time" {
	local arn i
	wait_until 5 idle
	autoscale
	emulator DELETE calls >/dev/null
	for i in 1 2 3 4 5 6 7 8; do
		redis_c del "${P}keeper:rest" >/dev/null
		token "grow-$i"
		assert_status 200
		wait_until 5 idle
	done
	[ "$(further_stages)" -ge 3 ]
	equals "$(calls_of .ListStages)" 0
}
