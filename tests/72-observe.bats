# What AWS says about who publishes, and the whole way of an event from there to here.

bats_require_minimum_version 1.5.0
load lib/common

setup() { forget_publisher; }
teardown() {
	emulator DELETE faults >/dev/null
	[ -z "${bridged:-}" ] || emulator POST eventbridge '{"url":"http://127.0.0.1:9/"}' >/dev/null
	[ -z "${guest:-}" ] || at_aws disconnect "$guest"
	forget_publisher
	go_live
}
at_aws() { # publish|unpublish|join|disconnect PARTICIPANT [STAGE]
	emulator POST "$1" "$(obj stageArn "${3:-$MASTER}" participantId "$2")"
}
observe() { "$BUILD_DIR/tests/tools/observe" "${@:-$MASTER}" 2>>"$SUITE_DIR/log/observe.log"; }
source_now() {
	api GET /api/stats/publisher
	json .data.source
}

@test "observe: finds who publishes, and that he stopped" {
	guest=obs$RANDOM
	at_aws publish "$guest"
	equals "$(observe) $(source_now)" "live $guest 1 aws"
	equals "$(observe)" "live $guest 0"
	at_aws unpublish "$guest"
	equals "$(observe)" 'offline  1'
	at_aws publish "$guest"
	equals "$(observe)" "live $guest 1"
	at_aws disconnect "$guest"
	equals "$(observe)" 'offline  1'
}

@test "observe: who began a moment ago, by an event, is not taken off for not being listed yet" {
	t=$(date -u +%FT%T.%3NZ) who=ev$RANDOM
	api POST /api/stats/events "$(jq -nc --arg a "$MASTER" --arg p "$who" --arg t "$t" \
		'{"detail-type": "IVS Stage Update", source: "aws.ivs", resources: [$a], detail: {
		event_name: "Participant Published", participant_id: $p, event_time: $t}}')"
	equals "$(observe)" "live $who 0"
}

@test "observe: who only watches is no publisher" {
	guest=obs$RANDOM
	at_aws join "$guest"
	equals "$(observe)" 'offline  0'
}

# Nobody has looked for so long.
not_looked_for() { redis_c set "${P}publisher:checked" $(($(date +%s%3N) - $1 * 1000)) >/dev/null; } # SECONDS
told() { json '.data | "\(if has("hasPublisher") then .hasPublisher else .isPublisherLive end) \(.publisher // . | "\(.state) \(.lastKnown)")"'; }
operator_is_told() { # REGEX JSON: by ivsctl and autoscale alike
	run -0 "$BUILD_DIR/ctl/ivsctl" stage list
	matches "$output" "publisher $1, [0-9]+ viewers" || return 1
	run -0 "$BUILD_DIR/ctl/ivsctl" stage explain
	matches "$output" "publisher {8}$1"$'\n' || return 1
	run -0 --separate-stderr "$BUILD_DIR/cron/autoscale" --explain
	matches "$output" "publisher {8}$1"$'\n' || return 1
	for command in list explain; do
		run -0 "$BUILD_DIR/ctl/ivsctl" stage "$command" --json
		equals "$(jq -r .publisherLive <<<"$output")" "$2" || return 1
	done
}
metric() { api GET /metrics && sed -n "s/^ivs_live_publisher_$1 //p" <<<"$http_body"; }

@test "unknown: after two minutes without a look nobody is told that the show is live; a look settles it" {
	local path age
	guest=obs$RANDOM
	at_aws publish "$guest"
	observe
	for path in /api/stats /api/stats/publisher /api/stage/replication/publisher-info; do
		api GET "$path"
		equals "$(told)" 'true live true'
	done
	equals "$(json .data.publisherInfo.participantId)" "$guest"
	operator_is_told 'live' true
	not_looked_for 1200
	for path in /api/stats /api/stats/publisher /api/stage/replication/publisher-info; do
		api GET "$path"
		equals "$(told)" 'null unknown true'
		age=$(json '.data | (.publisher // .).ageSeconds')
		((age >= 1200 && age < 1210))
	done
	equals "$(json .data.publisherInfo)" null
	operator_is_told 'unknown \(live 120[0-9] s ago: does the job autoscale run\?\)' null
	api POST /api/stats/events '{"source":"aws.ivs","detail-type":"IVS Stage Update","detail":{"event_name":"Participant Replication Start"}}'
	equals "$(json '"\(.data.accepted) \(.data.isPublisherLive)"')" 'false null'
	# A gauge that nobody knows is absent; a running show goes on.
	equals "$(metric live)" ''
	matches "$(metric age_seconds)" '^120[0-9](\.[0-9]+)?$'
	api POST /api/token/viewer "$(obj userId "$(fresh)")"
	assert_status 200
	observe
	api GET /api/stats/publisher
	equals "$(json '.data | "\(.isPublisherLive) \(.state)"') $(metric live)" 'true live 1'
}

@test "unknown: offline is not told for ever, either; a failed look is no look" {
	go_offline
	not_looked_for 121
	fault '{"operation":"GetStage","count":0,"status":403,"type":"AccessDeniedException"}'
	observe || true
	api GET /api/stats/publisher
	equals "$(json '.data | "\(.isPublisherLive) \(.state) \(.lastKnown)"')" 'null unknown false'
	emulator DELETE faults >/dev/null
	observe
	api GET /api/stats/publisher
	equals "$(json '.data | "\(.isPublisherLive) \(.state)"')" 'false offline'
}

@test "observe: without a session nobody publishes, and that costs no call" {
	go_live
	before=$(emulator GET calls)
	equals "$(observe "$MASTER" -)" 'offline  1'
	equals "$(emulator GET calls)" "$before"
}

@test "observe: the session the caller knows saves a call" {
	guest=obs$RANDOM
	session=$(at_aws publish "$guest" | jq -r .sessionId)
	before=$(emulator GET calls | jq .GetStage)
	equals "$(observe "$MASTER" "$session")" "live $guest 1"
	equals "$(emulator GET calls | jq .GetStage)" "$before"
}

@test "observe: when AWS refuses nothing is known and nothing changes" {
	local operation
	guest=obs$RANDOM
	at_aws publish "$guest"
	api POST /api/stats/publisher '{}'
	go_live
	for operation in GetStage ListParticipants ListParticipantEvents; do
		emulator POST faults "{\"operation\":\"$operation\",\"count\":0,\"status\":403,\"type\":\"AccessDeniedException\"}"
		run observe
		equals "$operation $status" "$operation 1"
		matches "$output" 'AccessDenied'
		emulator DELETE faults
		equals "$(source_now) $(redis_c exists "${P}publisher:seen")" 'hand 0'
	done
}

@test "observe: straight to another stage it gives that one a picture" {
	stage=$(new_stage straight) who=obs$RANDOM
	redis_c hset "${P}stages" "$stage" '{"name":"straight"}' >/dev/null
	at_aws publish "$who" "$stage"
	observe "$stage"
	seat "$(fresh)" "$stage"
	assert_status 200
	at_aws disconnect "$who" "$stage"
	observe "$stage"
	seat "$(fresh)" "$stage"
	assert_error 404 NOT_FOUND
}

live_is() { # WANTED
	api GET /api/stats/publisher
	[ "$(json .data.isPublisherLive)" = "$1" ]
}

@test "events: the way from AWS to here" {
	guest=ev$RANDOM bridged=1
	emulator POST eventbridge "$(jq -nc --arg u "$BASE_URL/api/stats/events" --arg k "$KEY" '{url: $u, headers: {"x-api-key": $k}}')"
	at_aws publish "$guest"
	wait_until 10 live_is true
	equals "$(json .data.source) $(redis_c get "${P}publisher:info" | jq -r .participantId)" "eventbridge $guest"
	at_aws unpublish "$guest"
	wait_until 10 live_is false
}
