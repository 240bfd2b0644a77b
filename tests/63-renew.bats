# The pages of one viewer: a page renews its token as the participant it is, and two pages do not take the
# seat from each other.

load lib/common
load lib/people
load lib/signing

setup() { go_live; }

# viewer_token USER ARN [SESSION_TOKEN] by a program that signs here: $participant $session $claims
viewer_token() {
	local body
	body=$(obj userId "$1" stageArn "$2")
	[ $# -lt 3 ] || body=$(jq -c --arg t "$3" '.sessionToken = $t' <<<"$body")
	signed_here token /api/token/viewer "$body"
	[ "$http_status" = 200 ] || return 0
	participant=$(json .data.participantId) session=$(json .data.sessionToken)
	claims=$(jwt_claims "$(json .data.token)")
}
as_page() { call POST "/api/viewer/$1" '{}' -H "Authorization: Bearer $2"; } # CALL SESSION_TOKEN
# What IVS compares when a page exchanges its token.
fixed_claims() { jq -c '[.topic, .resource, .jti, .whip_url, .events_url]' <<<"$claims"; }

@test "renew: the page that sends its session token keeps its participant, so it can exchange the token" {
	stage=$(new_stage "renew-$RANDOM") u=$(fresh)
	viewer_token "$u" "$stage"
	first=$participant page=$session fixed=$(fixed_claims) views=$(json .data.isNewViewer)
	equals "$views $(json .data.renewed)" 'true false'
	sleep 1.1 # iat counts seconds
	until_then=$(jq .exp <<<"$claims")
	viewer_token "$u" "$stage" "$page"
	equals "$(json '.data | "\(.renewed) \(.isNewViewer) \(.participantId)"')" "true false $first"
	equals "$(fixed_claims)" "$fixed"
	(($(jq .exp <<<"$claims") > until_then))
	# and again with what the renewal gave
	viewer_token "$u" "$stage" "$session"
	equals "$(json .data.renewed) $participant" "true $first"
	equals "$(rows "$u" "participant_id, more_participants is null, coalesce(end_reason, 'open')")" "$first|t|open"
}

@test "renew: a second page is another participant, each renews its own, and a kick ends both" {
	stage=$(new_stage "renew-two-$RANDOM") u=$(fresh)
	viewer_token "$u" "$stage"
	one=$participant page_one=$session
	viewer_token "$u" "$stage"
	two=$participant page_two=$session
	[ "$one" != "$two" ]
	equals "$(json .data.renewed)" false
	viewer_token "$u" "$stage" "$page_one"
	equals "$participant" "$one"
	viewer_token "$u" "$stage" "$page_two"
	equals "$participant" "$two"
	equals "$(seats "$stage")" 1
	equals "$(rows "$u" 'participant_id, more_participants')" "$two|{$one}"
	before=$(emulator GET calls | jq .DisconnectParticipant)
	kick "$u"
	assert_status 200
	equals "$(($(emulator GET calls | jq .DisconnectParticipant) - before))" 2
}

@test "renew: never after a kick has begun, finished or not, nor after a rejoin that followed it" {
	stage=$(new_stage "renew-kick-$RANDOM") u=$(fresh)
	viewer_token "$u" "$stage"
	first=$participant page=$session
	fault '{"operation":"DisconnectParticipant","count":0,"status":503}'
	kick "$u"
	assert_error 503 SERVICE_UNAVAILABLE
	emulator DELETE faults >/dev/null
	viewer_token "$u" "$stage" "$page"
	equals "$(json .data.renewed)" false
	[ "$participant" != "$first" ]
	second=$participant page=$session
	kick "$u"
	assert_status 200
	as_page rejoin "$page"
	assert_error 400 VALIDATION_ERROR # a rejoin names the participant
	call POST /api/viewer/rejoin "$(obj participantId "$second")" -H "Authorization: Bearer $page"
	assert_status 200
	viewer_token "$u" "$stage" "$(json .data.sessionToken)"
	equals "$(json .data.renewed)" false
	[ "$participant" != "$second" ]
}

@test "renew: a rejoin within the session keeps the right to renew; what proves nothing gives a new participant" {
	stage=$(new_stage "renew-proof-$RANDOM") u=$(fresh)
	viewer_token "$u" "$stage"
	first=$participant
	call POST /api/viewer/rejoin "$(obj participantId "$first")" -H "Authorization: Bearer $session"
	viewer_token "$u" "$stage" "$(json .data.sessionToken)"
	equals "$(json .data.renewed) $participant" "true $first"
	for proof in '"nonsense"' "\"${session}x\"" null; do
		signed_here token /api/token/viewer "{\"userId\":\"$u\",\"sessionToken\":$proof}"
		equals "$http_status $(json .data.renewed)" '200 false'
	done
	viewer_token "$(fresh other)" "$stage" "$session"
	assert_error 403 FORBIDDEN
	signed_here token /api/token/viewer "{\"userId\":\"$u\",\"sessionToken\":7}"
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.invalidFields[0].field')" sessionToken
}

@test "renew: with tokens of AWS each has a participant of its own" {
	stage=$(new_stage "renew-api-$RANDOM") u=$(fresh)
	token "$u" "$stage"
	first=$(json .data.participantId)
	api POST /api/token/viewer "$(obj userId "$u" stageArn "$stage" sessionToken "$(json .data.sessionToken)")"
	equals "$http_status $(json .data.renewed)" '200 false'
	[ "$(json .data.participantId)" != "$first" ]
}

@test "two pages: the older one is told to stop, and the seat stays with the newer one" {
	a=$(new_stage "pages-a-$RANDOM") b=$(new_stage "pages-b-$RANDOM") u=$(fresh)
	token "$u" "$a"
	older=$(json .data.sessionToken) old_id=$(json .data.participantId)
	token "$u" "$b"
	newer=$(json .data.sessionToken)
	as_page heartbeat "$older"
	assert_error 404 NOT_FOUND
	for call in rejoin token; do
		case $call in
		rejoin) call POST /api/viewer/rejoin "$(obj participantId "$old_id")" -H "Authorization: Bearer $older" ;;
		token) api POST /api/token/viewer "$(obj userId "$u" stageArn "$a" sessionToken "$older")" ;;
		esac
		assert_error 409 CONFLICT
		equals "$(json .error.details.reason)" SEATED_ELSEWHERE
	done
	as_page heartbeat "$newer"
	assert_status 200
	equals "$(seats "$a") $(seats "$b")" '0 1'
	equals "$(rows "$u" "coalesce(end_reason, 'open')" | xargs)" 'moved open'
	# Once the newer page has gone, the older one may come back; and a viewer who asks anew always may.
	as_page leave "$newer"
	call POST /api/viewer/rejoin "$(obj participantId "$old_id")" -H "Authorization: Bearer $older"
	assert_status 200
	token "$u" "$b"
	assert_status 200
	seat "$u" "$a"
	equals "$http_status $(seats "$a") $(seats "$b")" '200 1 0'
}
