# A show that grows and shrinks by itself, against an AWS with its quotas on.

load lib/common
load lib/show

setup_file() {
	show_up MAX_VIEWERS_PER_STAGE=200 STAGE_WARM_UP=2
	emulator POST quotas '{"rates":true}' >/dev/null
	emulator POST timing '{"replicationStartMs":300}' >/dev/null
	send_events # so that the show is live
	publish >"$SUITE_DIR/publisher"
	wait_until 5 is_live
}
teardown_file() { show_down; }
setup() {
	WHO=$(<"$SUITE_DIR/publisher")
	send_events
}
teardown() {
	thaw_keepers
	emulator DELETE faults >/dev/null
}

# Looks all the while, until it is ended: how full the fullest stage was ("most N"), and each
# stage with viewers that AWS gives no picture ("dark ARN").
watch_stages() {
	trap 'echo "most $most"; exit 0' TERM
	local arn n most=0 lit seats
	while :; do
		seats=$(seats_now) # before the pictures: one that begins meanwhile is none too late
		lit=$(emulator GET replicas | jq -r '.replicas[] | select(.replicationState == "ACTIVE") |
			.destinationStageArn')
		while read -r arn n; do
			((n <= most)) || most=$n
			[[ $n == 0 || $arn == "$MASTER" || $lit == *"$arn"* ]] || echo "dark $arn"
		done <<<"$seats"
		sleep 0.1
	done
}
# paced FROM TO PER_SECOND: viewers, so many a second.
paced() {
	local i=$1
	while ((i <= $2)); do
		viewers "$i" $((i + $3 - 1))
		i=$((i + $3))
		sleep 1
	done
}
# Stages whose first viewer sat down before there was a picture, by how many milliseconds.
seated_early() {
	local arn active
	written
	while read -r arn active; do
		psql_q "SELECT stage_arn, ms FROM (SELECT stage_arn, $active - 1000 * extract(epoch FROM min(joined_at)) AS ms
			FROM viewer_sessions WHERE stage_arn = '$arn' GROUP BY 1) s WHERE ms > 0"
	done < <(emulator GET replicas | jq -r '.replicas[] | "\(.destinationStageArn) \(.activeMs)"')
}
replicas_of() { [ "$(active_replicas "$1")" = "$2" ]; }
# A run of cron; true when the master stage alone is left.
shrunk() { autoscale && [ "$(further_stages)" = 0 ]; }
all_lit() { # PARTICIPANT: each further stage has his picture, and the registry knows
	local arn
	while read -r arn; do
		[ "$arn" = "$MASTER" ] || [ "$(entry "$arn" '"\(.replica.p) \(.replica.on)"')" = "$1 true" ] ||
			return 1
	done < <(stage_arns)
}

@test "from 0 to 1,000 viewers in a minute: nobody refused, nobody in the dark, no stage over its cap (F35, F36)" {
	emulator DELETE calls >/dev/null
	watch_stages >"$BATS_TEST_TMPDIR/watch" 3>&- &
	watcher=$!
	autoscale --every 10 --for 55 3>&- &
	paced 1 1000 17 | load_requests 40 >"$BATS_TEST_TMPDIR/answers"
	wait "$!"
	kill "$watcher"
	wait "$watcher"
	cut -d' ' -f1 "$BATS_TEST_TMPDIR/answers" | sort | uniq -c
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/answers")" 1003
	cat "$BATS_TEST_TMPDIR/watch"
	[ "$(sed -n 's/^most //p' "$BATS_TEST_TMPDIR/watch")" -le 200 ]
	equals "$(grep -c '^dark' "$BATS_TEST_TMPDIR/watch")" 0
	equals "$(seated_early)" ''
	equals "$(further_stages) $(active_replicas "$WHO")" "5 5"
	equals "$(jq -r --arg m "$MASTER" '[.stages[].stage | select(.arn != $m).tags.ManagedBy] | unique | join(" ")' \
		"$SUITE_DIR/emulator.json")" auto-scaler
	api GET /api/stage/master/info
	equals "$(json .data.stage.activeSessionId)" "$(console GetStage "{\"arn\":\"$MASTER\"}" | jq -r .stage.activeSessionId)"
	matches "$(json .data.stage.activeSessionId)" '^st-'
	((100 * $(throttled) <= $(all_calls)))
	api GET /api/stats
	equals "$(json .data.totalViewers)" 1003
}

@test "the publisher drops for 5 s: no seat meanwhile, then all replicas are active within 20 s (F31)" {
	unpublish "$WHO"
	wait_until 2 is_live offline
	api POST /api/token/viewer '{"userId":"in-the-gap"}'
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" PUBLISHER_OFFLINE
	sleep 5
	publish "$WHO" >/dev/null
	wait_until 20 replicas_of "$WHO" 5
	wait_until 20 is_live
	wait_until 20 all_lit "$WHO"
	api POST /api/token/viewer '{"userId":"after-the-gap"}'
	assert_status 200
}

@test "the publisher comes back as another participant: replicated anew within 20 s, no seat on a black stage (F33)" {
	local start=$SECONDS new status arn
	emulator POST timing '{"replicationStartMs":1000}' >/dev/null
	disconnect "$WHO"
	new=$(publish)
	echo "$new" >"$SUITE_DIR/publisher"
	until all_lit "$new"; do
		((SECONDS - start < 20))
		# Who asks for a further stage gets it only with the new picture.
		for arn in $(stage_arns); do
			[ "$arn" != "$MASTER" ] || continue
			api POST /api/token/viewer "{\"userId\":\"$(fresh gap)\",\"stageArn\":\"$arn\"}"
			[ "$http_status" = 200 ] || continue
			emulator GET replicas | jq -e --arg a "$arn" --arg p "$new" 'any(.replicas[];
				.destinationStageArn == $a and .participantId == $p and .replicationState == "ACTIVE")' >/dev/null
		done
	done
	equals "$(active_replicas "$new")" 5
	is_live
	emulator POST timing '{"replicationStartMs":300}' >/dev/null
}

@test "three viewers left: their stages stay; when they have gone all that was made goes, replica first (F38, F39)" {
	local arns i round
	emulator DELETE calls >/dev/null
	mapfile -t arns < <(stage_arns | grep -vF "$MASTER" | head -n 3)
	for i in 0 1 2; do
		seat "last-$i" "${arns[i]}"
		assert_status 200
	done
	redis_c hgetall "${P}viewer:stage" | paste - - | grep -v '^last-' | awk '{ printf "POST /api/viewer/leave" \
		" {\"userId\":\"%s\",\"stageArn\":\"%s\"}\n", $1, $2 }' | load_requests 8 >"$BATS_TEST_TMPDIR/left"
	equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/left" | sort -u)" 200
	no_demand
	for round in 1 2 3; do
		autoscale
		for i in 0 1 2; do
			beat "last-$i" "${arns[i]}"
			assert_status 200
		done
	done
	for i in 0 1 2; do
		emulator GET replicas | jq -e --arg a "${arns[i]}" --arg p "$WHO" 'any(.replicas[];
			.destinationStageArn == $a and .participantId == $p and .replicationState == "ACTIVE")' >/dev/null
	done
	equals "$(further_stages)" 3
	for i in 0 1 2; do leave "last-$i" "${arns[i]}"; done
	wait_until 5 idle
	autoscale
	autoscale
	equals "$(stage_arns)" "$MASTER"
	equals "$(aws_stages) $(active_replicas)" "1 0"
	# In the log of AWS each stage's replica was stopped before the stage was deleted.
	jq -rn '[inputs | select(.status == 200)] | (map(select(.op == "DeleteStage")) | length),
		(. as $all | [range(length) | select($all[.].op == "DeleteStage") | . as $at |
			any($all[:$at][]; .op == "StopParticipantReplication" and
				.request.destinationStageArn == $all[$at].request.arn)] | all)' \
		"$SUITE_DIR/log/emulator.calls.log" >"$BATS_TEST_TMPDIR/order"
	equals "$(xargs <"$BATS_TEST_TMPDIR/order")" "5 true"
}

@test "four runs at once make each stage once (F44)" {
	local pids=() pid
	emulator DELETE calls >/dev/null
	viewers 2001 2190 | load_requests 20 | count_status 200
	for _ in 1 2 3 4; do
		autoscale 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	wait_until 10 idle # the joins have asked for runs too
	equals "$(calls_of .CreateStage)" "$(further_stages)"
	equals "$(aws_stages)" $((1 + $(further_stages)))
	[ "$(further_stages)" -ge 1 ]
}

@test "a run frozen in the middle of making a stage, beyond its lock, does nothing more when it wakes" {
	local pid before
	empty_show
	# Replicas that stop are events, and each event asks for a run.
	emulator POST eventbridge '{"url":""}' >/dev/null
	wait_until 20 shrunk
	emulator DELETE calls >/dev/null
	emulator POST faults '{"operation":"CreateStage","action":"delay","delayMs":3000}' >/dev/null
	redis_c set "${P}keeper:rest" 1 PX 10000 >/dev/null # joins ask for no run
	viewers 3001 3190 | load_requests 20 | count_status 200
	freeze_keepers
	"$BUILD_DIR/cron/autoscale" 2>"$BATS_TEST_TMPDIR/frozen" 3>&- &
	pid=$!
	wait_until 5 eval '[ "$(calls_of .ListStages)" -ge 1 ] && [ "$(redis_c hlen "${P}orders")" = 1 ]'
	kill -STOP "$pid"
	# Longer than the lock lives (20 s): another run goes on.
	wait_until 30 eval '[ "$(redis_c exists "${P}lock:job:autoscale")" = 0 ]'
	autoscale
	before=$(all_calls)
	kill -CONT "$pid"
	wait "$pid" || true
	grep 'another run has taken over' "$BATS_TEST_TMPDIR/frozen"
	# Its own answer had been sent already; it called AWS no more.
	equals "$(all_calls)" "$before"
	equals "$(aws_stages)" $((1 + $(further_stages)))
	equals "$(calls_of .CreateStage)" "$(further_stages)"
	redis_c del "${P}keeper:rest"
}

@test "a stage deleted in the AWS console: its viewers are told, their sessions end, it is forgotten" {
	local arn user
	user=$(fresh console)
	arn=$(stage_arns | grep -vF "$MASTER" | head -n 1)
	seat "$user" "$arn"
	assert_status 200
	emulator DELETE "stages/${arn##*/}" >/dev/null
	wait_until 5 idle
	autoscale
	beat "$user" "$arn"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" STAGE_GONE
	api POST /api/token/viewer "{\"userId\":\"$user\",\"stageArn\":\"$arn\"}"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" STAGE_GONE
	equals "$(rows "$user" end_reason)" stage_deleted
	equals "$(redis_c hexists "${P}stages" "$arn")" 0
	equals "$(psql_q "SELECT state FROM stages WHERE stage_arn = '$arn'")" deleted
	api POST /api/token/viewer "{\"userId\":\"$user\"}"
	assert_status 200
}

@test "orphans are found by their tags; a stage of somebody else is left alone (F34, F37)" {
	local orphan foreign
	tagged() { # NAME TAGS
		console CreateStage "{\"name\":\"$1\",\"tags\":$2}" | jq -r .stage.arn
	}
	orphan=$(tagged orphan "{\"ManagedBy\":\"api-server\",\"Show\":\"${MASTER##*/}\",
		\"AutoScaled\":\"true\",\"Order\":\"$(fresh)\"}")
	foreign=$(tagged foreign '{"ManagedBy":"api-server","Show":"AnotherShow1"}')
	wait_until 5 idle
	autoscale
	equals "$(entry "$orphan" '"\(.name) \(.autoScaled)"')" "orphan true"
	equals "$(redis_c hexists "${P}stages" "$foreign")" 0
	api POST /api/token/viewer "{\"userId\":\"$(fresh)\",\"stageArn\":\"$foreign\"}"
	assert_error 404 NOT_FOUND
	empty_show
	wait_until 20 shrunk
	jq -e --arg a "$foreign" '.stages[$a]' "$SUITE_DIR/emulator.json" >/dev/null
	emulator DELETE "stages/${foreign##*/}" >/dev/null
}

@test "AWS away: a run says so and ends with 69, nothing is forgotten, the next one goes on" {
	local before
	before=$(stage_arns | sort | xargs)
	wait_until 5 idle
	emulator POST faults '{"operation":"ListStages","count":0,"status":503}' >/dev/null
	run autoscale
	equals "$status" 69
	equals "$(stage_arns | sort | xargs)" "$before"
	emulator DELETE faults >/dev/null
	autoscale
}
