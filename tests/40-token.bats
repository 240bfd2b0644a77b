# Participant tokens: what the client gets, and what AWS was asked for.

load lib/common
load lib/jwt

setup() { go_live; }
teardown() {
	emulator DELETE faults >/dev/null
	put_stages_back
}

FOREIGN=arn:aws:ivs:$AWS_REGION:999999999999:stage/AbCdEf123
NOT_OURS=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/NotOursAtAll
export ISO='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$'

publisher() { api POST /api/token/publisher "$(obj userId "$@")"; } # USER [NAME VALUE...]
viewer() { api POST /api/token/viewer "$(obj userId "$@")"; }
mediaserver() { # SERVER ARN
	api POST /api/token/mediaserver "$(obj serverId "$1" stageArn "$2")" -H "x-internal-secret: $INTERNAL_SECRET"
}
# asked_for USER_AT_AWS: "stageArn duration capabilities participantId" of his newest token
asked_for() {
	emulator GET tokens | jq -r --arg u "$1" '[.tokens[] | select(.userId == $u)] | last |
		"\(.stageArn) \(.duration) \(.capabilities | sort | join("+")) \(.participantId)"'
}
made() { emulator GET calls | jq .CreateParticipantToken; }
failed() { emulator GET calls | jq .failed.CreateParticipantToken; }
# fail_aws COUNT STATUS TYPE
fail_aws() {
	emulator POST faults "{\"operation\":\"CreateParticipantToken\",\"count\":$1,\"status\":$2,\"type\":\"$3\"}" >/dev/null
}
expires_in() { json '(.data.expiresAt | sub("\\.[0-9]+Z$"; "Z") | fromdate) - (now | floor)'; }
about() { # GOT WANTED: within 90 s, since AWS counts in minutes
	(($1 > $2 - 90 && $1 < $2 + 90)) || { echo "got $1, wanted about $2" >&2; return 1; }
}
publisher_info() { redis_c get "${P}publisher:info"; }
bad_user() { # JSON_VALUE
	api POST /api/token/viewer "{\"userId\":$1,\"stageArn\":\"$MASTER\"}"
	assert_error 400 VALIDATION_ERROR
}

@test "publisher: gets a token, endpoints and instructions" {
	u=$(fresh host)
	publisher "$u"
	assert_status 200
	equals "$(json '.data | "\(.userId) \(.stageArn) \(.capabilities | tojson) \(.expiresIn)"')" \
		"$u $MASTER [\"PUBLISH\"] 14400"
	about "$(expires_in)" 14400
	equals "$(json '.data | [(.token | length > 20), (.participantId | length > 5), (.whipEndpoint | startswith("https://")),
		.instructions.obs.service == "WHIP", .instructions.obs.bearerToken == .token,
		.instructions.obs.server == .whipEndpoint, (.expiresAt | test($ENV.ISO)),
		(.instructions.web | has("sdk") and has("method") and .minVersion == "1.39.0"),
		(.instructions.web.stageLeft | .["participant-disconnected"] == "stop" and .["stage-deleted"] == "new-token" and length == 8),
		(.instructions.obs.settings | keys == ["bitrate", "cpuPreset", "keyframeInterval", "resolution", "tune"])] | all')" true
}

@test "publisher: AWS is asked for 240 minutes, PUBLISH, and the prefixed user (F46)" {
	u=$(fresh host)
	publisher "$u"
	equals "$(asked_for "broadcaster-$u")" "$MASTER 240 PUBLISH $(json .data.participantId)"
}

@test "publisher: is live and remembered with his participant" {
	go_offline
	u=$(fresh host)
	publisher "$u"
	pid=$(json .data.participantId)
	api GET /api/stats/publisher
	equals "$(json .data.isPublisherLive)" true
	equals "$(publisher_info | jq -r '"\(.participantId) \(.stageArn) \(.userId)"')" "$pid $MASTER $u"
}

@test "publisher: a token for another stage neither marks live nor replaces the publisher (F30)" {
	stage=$(new_stage backup) u=$(fresh host)
	publisher "$(fresh host)"
	info=$(publisher_info)
	go_offline
	publisher "$u" stageArn "$stage"
	assert_status 200
	equals "$(json .data.stageArn) $(asked_for "broadcaster-$u" | cut -d' ' -f1-3)" "$stage $stage 240 PUBLISH"
	equals "$(publisher_info)" "$info"
	api GET /api/stats/publisher
	equals "$(json .data.isPublisherLive)" false
}

@test "publisher: a token that AWS refuses neither marks live nor replaces the publisher" {
	publisher "$(fresh host)"
	info=$(publisher_info)
	go_offline
	fail_aws 1 403 AccessDeniedException
	publisher "$(fresh host)"
	assert_error 503 AWS_ACCESS_DENIED
	equals "$(publisher_info)" "$info"
	api GET /api/stats/publisher
	equals "$(json .data.isPublisherLive)" false
}

@test "publisher: takes no seat" {
	before=$(seats "$MASTER") u=$(fresh host)
	publisher "$u"
	equals "$(seats "$MASTER") $(redis_c hexists "${P}viewer:stage" "$u")" "$before 0"
}

@test "viewer: gets a token and a seat" {
	stage=$(new_stage viewer) u=$(fresh)
	viewer "$u" stageArn "$stage"
	assert_status 200
	equals "$(json '.data | "\(.userId) \(.stageArn) \(.capabilities | tojson) \(.expiresIn) \(.refreshAfter) \(.currentViewers) \(.isNewViewer)"')" \
		"$u $stage [\"SUBSCRIBE\"] 3600 2880 1 true"
	about "$(expires_in)" 3600
	equals "$(seats "$stage")" 1
}

@test "viewer: AWS is asked for 60 minutes, SUBSCRIBE, and the prefixed user (F46)" {
	stage=$(new_stage minutes) u=$(fresh)
	viewer "$u" stageArn "$stage"
	equals "$(asked_for "viewer-$u")" "$stage 60 SUBSCRIBE $(json .data.participantId)"
}

@test "viewer: the user id comes back as given and is good for heartbeats (F27)" {
	u=$(fresh viewer)
	viewer "$u"
	equals "$(json .data.userId)" "$u"
	beat "$(json .data.userId)" "$(json .data.stageArn)"
	assert_status 200
}

@test "viewer: a second token keeps the seat and is not counted twice" {
	stage=$(new_stage again) u=$(fresh)
	viewer "$u" stageArn "$stage"
	first=$(json .data.token)
	viewer "$u" stageArn "$stage"
	equals "$(json '.data | "\(.currentViewers) \(.isNewViewer)"') $(seats "$stage")" '1 false 1'
	[ "$(json .data.token)" != "$first" ]
	viewer "$u"
	equals "$(json '.data | "\(.stageArn) \(.isNewViewer)"') $(seats "$stage")" "$stage false 1"
}

@test "viewer: his newest participant is in the list and in history" {
	stage=$(new_stage newest) u=$(fresh)
	viewer "$u" stageArn "$stage"
	viewer "$u" stageArn "$stage"
	pid=$(json .data.participantId)
	api GET "/api/viewer/list/$stage"
	equals "$(json '.data.viewers[0].participantId')" "$pid"
	equals "$(rows "$u" participant_id)" "$pid"
}

@test "viewer: his name is kept with the user" {
	stage=$(new_stage names) u=$(fresh)
	viewer "$u" stageArn "$stage" username '王小明 🎤'
	assert_status 200
	rows "$u" id >/dev/null
	equals "$(psql_q "SELECT username FROM users WHERE user_id = '$u'")" '王小明 🎤'
}

@test "viewer: no publisher live answers 404 with the reason and when to come again (F61)" {
	u=$(fresh) before=$(made)
	go_offline
	viewer "$u" stageArn "$MASTER"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" PUBLISHER_OFFLINE
	matches "$(header Retry-After)" '^[1-9][0-9]*$'
	equals "$(redis_c hexists "${P}viewer:stage" "$u") $(rows "$u" 'count(*)') $(made)" "0 0 $before"
}

@test "viewer: without a stage and a publisher he waits too (F61)" {
	set_stages_aside
	go_offline
	viewer "$(fresh)"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" PUBLISHER_OFFLINE
	go_live
	viewer "$(fresh)"
	assert_status 200
	equals "$(json .data.stageArn)" "$MASTER"
}

@test "viewer: a stage without a picture takes nobody (F32)" {
	stage=$(new_stage black)
	redis_c hset "${P}stages" "$stage" '{"name":"black","picture":false}' >/dev/null
	viewer "$(fresh)" stageArn "$stage"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason) $(seats "$stage")" 'PUBLISHER_OFFLINE 0'
}

@test "media server: gets a token for both ways, and AWS the prefixed id" {
	m=$(fresh ms)
	mediaserver "$m" "$MASTER"
	assert_status 200
	equals "$(json '.data | "\(.stageArn) \(.capabilities | tojson) \(.token | length > 20) \(.expiresAt | test($ENV.ISO))"')" \
		"$MASTER [\"PUBLISH\",\"SUBSCRIBE\"] true true"
	equals "$(asked_for "media-server-$m" | cut -d' ' -f1,3,4)" "$MASTER PUBLISH+SUBSCRIBE $(json .data.participantId)"
	(($(asked_for "media-server-$m" | cut -d' ' -f2) <= 1440))
}

@test "media server: needs both members and takes no seat, nor does it go live" {
	go_offline
	before=$(seats "$MASTER")
	mediaserver "$(fresh ms)" "$MASTER"
	equals "$http_status $(seats "$MASTER")" "200 $before"
	api GET /api/stats/publisher
	equals "$(json .data.isPublisherLive)" false
	api POST /api/token/mediaserver '{}' -H "x-internal-secret: $INTERNAL_SECRET"
	assert_error 400 VALIDATION_ERROR
	equals "$(json '.error.details.missingFields | sort | join(" ")')" 'serverId stageArn'
}

@test "stage: of another account, or not ours, answers 404 for every kind of token (F34)" {
	local arn before
	before=$(made)
	for arn in "$FOREIGN" "$NOT_OURS" "${MASTER}x" "arn:aws:ivs:eu-west-1:$AWS_ACCOUNT_ID:stage/${MASTER##*/}"; do
		viewer "$(fresh)" stageArn "$arn"
		assert_error 404 NOT_FOUND
		publisher "$(fresh)" stageArn "$arn"
		assert_error 404 NOT_FOUND
		mediaserver "$(fresh)" "$arn"
		assert_error 404 NOT_FOUND
		equals "$(seats "$arn")" 0
	done
	equals "$(made)" "$before"
}

@test "stage: one that AWS has but the registry has not is not ours (F34)" {
	stage=$(new_stage stranger)
	redis_c hdel "${P}stages" "$stage" >/dev/null
	viewer "$(fresh)" stageArn "$stage"
	assert_error 404 NOT_FOUND
}

@test "stage: an ARN that is none answers 400 for every kind of token" {
	local arn
	for arn in nonsense "arn:aws:ivs:r:123:stage/x" "$MASTER/"; do
		viewer "$(fresh)" stageArn "$arn"
		assert_error 400 VALIDATION_ERROR
		equals "$(json '.error.details.invalidFields[0].field')" stageArn
		publisher "$(fresh)" stageArn "$arn"
		assert_error 400 VALIDATION_ERROR
		mediaserver "$(fresh)" "$arn"
		assert_error 400 VALIDATION_ERROR
	done
}

# What the error says of the dependency.
told() { json '.error.details | "\(.dependency) \(.operation) \(.reason)"'; }

@test "AWS: a fault that passes is not seen by the client" {
	stage=$(new_stage passing)
	fail_aws 2 503 ServiceUnavailable
	viewer "$(fresh)" stageArn "$stage"
	assert_status 200
	equals "$(seats "$stage")" 1
}

@test "AWS: a fault that stays answers AWS_UNAVAILABLE after at most three tries" {
	before=$(failed)
	fail_aws 10 503 ServiceUnavailable
	publisher "$(fresh)"
	assert_error 503 AWS_UNAVAILABLE
	equals "$(told)" 'aws CreateParticipantToken SERVER_ERROR'
	equals "$(header Retry-After)" 1
	(($(failed) - before >= 2 && $(failed) - before <= 3))
}

@test "AWS: a refusal is not tried again" {
	before=$(failed)
	fail_aws 10 403 AccessDeniedException
	viewer "$(fresh)" stageArn "$(new_stage refused)"
	assert_error 503 AWS_ACCESS_DENIED
	equals "$(told)" 'aws CreateParticipantToken ACCESS_DENIED'
	equals "$(($(failed) - before))" 1
}

@test "AWS: a connection that breaks answers AWS_UNAVAILABLE" {
	emulator POST faults '{"operation":"CreateParticipantToken","count":0,"action":"drop"}'
	viewer "$(fresh)" stageArn "$(new_stage dropped)"
	assert_error 503 AWS_UNAVAILABLE
	equals "$(told)" 'aws CreateParticipantToken NO_ANSWER'
}

@test "AWS: an answer that is no JSON is no token" {
	emulator POST faults '{"operation":"CreateParticipantToken","count":0,"status":502,"body":"<html>Bad Gateway</html>","contentType":"text/html"}'
	viewer "$(fresh)" stageArn "$(new_stage html)"
	assert_error 503 AWS_UNAVAILABLE
	equals "$(grep -c '<html' <<<"$http_body")" 0
}

@test "AWS: when it fails the seat is given back and no view recorded" {
	stage=$(new_stage given-back 1) u=$(fresh)
	fail_aws 10 503 ServiceUnavailable
	viewer "$u" stageArn "$stage"
	assert_error 503 AWS_UNAVAILABLE
	emulator DELETE faults
	equals "$(seats "$stage") $(redis_c hexists "${P}viewer:stage" "$u") $(rows "$u" 'count(*)')" '0 0 0'
	api GET "/api/viewer/history/$u"
	equals "$(json .data.totalRecords)" 0
	api GET "/api/viewer/stats/$stage"
	equals "$(json .data.stats.totalViews)" 0
	viewer "$(fresh)" stageArn "$stage"
	assert_status 200
}

@test "AWS: when a refresh fails the viewer keeps his seat and his record" {
	stage=$(new_stage refresh) u=$(fresh)
	viewer "$u" stageArn "$stage"
	api GET "/api/viewer/list/$stage"
	joined=$(json '.data.viewers[0].joinedAt')
	fail_aws 10 403 AccessDeniedException
	viewer "$u" stageArn "$stage"
	assert_error 503 AWS_ACCESS_DENIED
	emulator DELETE faults
	beat "$u" "$stage"
	assert_status 200
	api GET "/api/viewer/list/$stage"
	equals "$(json '.data.viewers[0].joinedAt')" "$joined"
	equals "$(rows "$u" 'count(*), count(left_at)')" '1|0'
}

@test "AWS: when the token for another stage fails the viewer keeps the seat he had" {
	a=$(new_stage move-from) b=$(new_stage move-to) u=$(fresh)
	viewer "$u" stageArn "$a"
	fail_aws 10 403 AccessDeniedException
	viewer "$u" stageArn "$b"
	assert_error 503 AWS_ACCESS_DENIED
	beat "$u" "$a"
	assert_status 200
	equals "$(seats "$b") $(rows "$u" 'count(*), count(left_at)')" '0 1|0'
}

@test "AWS: what it says of itself does not reach the client" {
	emulator POST faults '{"operation":"CreateParticipantToken","status":403,"type":"AccessDeniedException","message":"canary arn:aws:iam::1:user/x"}'
	viewer "$(fresh)" stageArn "$(new_stage silent)"
	assert_error 503 AWS_ACCESS_DENIED
	equals "$(grep -c canary <<<"$http_body")" 0
}

@test "user id: 100 characters of any script are taken, 101 are not (F28)" {
	local letter
	for letter in a 語 é 🎬; do
		u=$(repeat 100 "$letter" | tr -d '\n')
		viewer "$u" stageArn "$MASTER"
		equals "$http_status $(json .data.userId)" "200 $u"
		leave "$u" "$MASTER"
		viewer "$u$letter" stageArn "$MASTER"
		assert_error 400 VALIDATION_ERROR
		equals "$(json '.error.details.invalidFields[0].field')" userId
	done
	publisher "$(repeat 101 a | tr -d '\n')"
	assert_error 400 VALIDATION_ERROR
}

@test "user id: control characters answer 400 (F28)" {
	local c
	bad_user '"a\u0000b"'
	for c in '\u0007' '\n' '\t' '\u001f' '\u007f' '\u0085' '\u009f'; do
		bad_user "\"a${c}b\""
		equals "$(json '.error.details.invalidFields[0].field')" userId
	done
}

@test "user id: emoji, quotes and spaces reach AWS as they are" {
	u="$(fresh) 👩‍👩‍👧 \"x\" \\ <b>"
	stage=$(new_stage emoji)
	viewer "$u" stageArn "$stage"
	equals "$http_status $(json .data.userId)" "200 $u"
	equals "$(asked_for "viewer-$u")" "$stage 60 SUBSCRIBE $(json .data.participantId)"
}

@test "user id: wrong types answer 400 for every kind of token (F28)" {
	local value
	for value in '{"a":1}' 5 1.5 null '["a"]' true '""'; do
		bad_user "$value"
		api POST /api/token/publisher "{\"userId\":$value}"
		assert_error 400 VALIDATION_ERROR
		api POST /api/token/mediaserver "{\"serverId\":$value,\"stageArn\":\"$MASTER\"}" -H "x-internal-secret: $INTERNAL_SECRET"
		assert_error 400 VALIDATION_ERROR
	done
}

@test "viewer: a name of the wrong type or over 100 characters answers 400" {
	local name
	for name in 5 '{}' "\"$(repeat 101 n | tr -d '\n')\"" '"a\nb"'; do
		api POST /api/token/viewer "{\"userId\":\"$(fresh)\",\"username\":$name}"
		assert_error 400 VALIDATION_ERROR
		equals "$(json '.error.details.invalidFields[0].field')" username
	done
}

signing_key() {
	key=$BATS_TEST_TMPDIR/key.pem
	key_arn=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:public-key/f99cde61-c2b0-4df3-8941-ca7d38acca1a
	openssl ecparam -name secp384r1 -genkey -noout -out "$key"
	openssl ec -in "$key" -pubout -out "$key.pub" 2>/dev/null
	chmod 600 "$key"
}
local_token() { # KIND BODY [NAME=VALUE...]
	cgi token POST "/api/token/$1" "$2" IVS_SIGNING_KEY_FILE="$key" IVS_SIGNING_KEY_ARN="$key_arn" "${@:3}"
}

@test "local: a viewer's token is signed here and AWS is not asked for it" {
	signing_key
	stage=$(new_stage local-viewer) u=$(fresh) before=$(made)
	local_token viewer "$(obj userId "$u" stageArn "$stage")"
	assert_status 200
	read_token "$(json .data.token)" "$key.pub"
	equals "$(jq -r '"\(.alg) \(.typ) \(.kid)"' <<<"$token_head")" "ES384 JWT $key_arn"
	equals "$(jq -r '"\(.jti) \(.resource) \(.topic) \(.user_id) \(.version) \(.exp - .iat) \(.capabilities | tojson)"' <<<"$token_claims")" \
		"$(json .data.participantId) $stage ${stage##*/} viewer-$u 1.0 3605 {\"allow_publish\":false,\"allow_subscribe\":true}"
	equals "$(jq -r '[(.events_url, .whip_url) | startswith("http") or startswith("ws")] | all' <<<"$token_claims")" true
	equals "$(json '.data | "\(.userId) \(.expiresIn) \(.currentViewers)"')" "$u 3600 1"
	equals "$(made)" "$before"
}

@test "local: publisher and media server may publish, the server may also subscribe" {
	signing_key
	# Set live by hand with somebody known he would stay; nobody may be.
	go_offline
	u=$(fresh host) before=$(made)
	local_token publisher "$(obj userId "$u")"
	assert_status 200
	read_token "$(json .data.token)" "$key.pub"
	equals "$(jq -r '"\(.user_id) \(.exp - .iat) \(.capabilities | tojson)"' <<<"$token_claims")" \
		"broadcaster-$u 14405 {\"allow_publish\":true,\"allow_subscribe\":false}"
	equals "$(publisher_info | jq -r .participantId)" "$(json .data.participantId)"
	local_token mediaserver "$(obj serverId "$u" stageArn "$MASTER")" HTTP_X_INTERNAL_SECRET="$INTERNAL_SECRET"
	assert_status 200
	read_token "$(json .data.token)" "$key.pub"
	equals "$(jq -r '"\(.user_id) \(.capabilities | tojson)"' <<<"$token_claims")" \
		"media-server-$u {\"allow_publish\":true,\"allow_subscribe\":true}"
	equals "$(made)" "$before"
}

@test "local: a stage is read from AWS once; when that fails the seat is given back" {
	signing_key
	stage=$(new_stage local-once) u=$(fresh)
	emulator POST faults '{"operation":"GetStage","count":0,"status":403,"type":"AccessDeniedException"}'
	local_token viewer "$(obj userId "$u" stageArn "$stage")"
	assert_error 503 AWS_ACCESS_DENIED
	equals "$(seats "$stage") $(rows "$u" 'count(*)')" '0 0'
	emulator DELETE faults
	local_token viewer "$(obj userId "$u" stageArn "$stage")"
	assert_status 200
	before=$(emulator GET calls)
	local_token viewer "$(obj userId "$(fresh)" stageArn "$stage")"
	equals "$http_status $(emulator GET calls)" "200 $before"
}

@test "local: reading a stage from AWS keeps its cap and its picture" {
	signing_key
	stage=$(new_stage local-kept 1)
	local_token viewer "$(obj userId "$(fresh)" stageArn "$stage")"
	assert_status 200
	local_token viewer "$(obj userId "$(fresh)" stageArn "$stage")"
	assert_error 503 STAGE_FULL
}

@test "local: a stage that is forgotten while AWS is asked about it does not come back" {
	local asking
	signing_key
	stage=$(new_stage local-gone) u=$(fresh)
	emulator POST faults '{"operation":"GetStage","action":"delay","delayMs":1000}'
	local_token viewer "$(obj userId "$u" stageArn "$stage")" 3>&- &
	asking=$!
	wait_until 5 eval '[ "$(seats "$stage")" = 1 ]'
	redis_c hdel "${P}stages" "$stage" >/dev/null
	wait "$asking"
	equals "$(redis_c hexists "${P}stages" "$stage") $(seats "$stage")" '0 0'
}

@test "local: a key that others can read is not used" {
	signing_key
	chmod 644 "$key"
	local_token viewer "$(obj userId "$(fresh)" stageArn "$MASTER")" || true
	[ "$http_status" != 200 ]
	tail -n 3 "$SUITE_DIR/log/cgi.log" | grep -q IVS_SIGNING_KEY_FILE
}

@test "opaque: IVS sees a keyed hash, the client his own id (F60)" {
	stage=$(new_stage opaque) u=$(fresh)
	opaque() { cgi token POST /api/token/viewer "$(obj userId "$1" stageArn "$stage")" IVS_USER_ID_MODE=opaque SESSION_SECRET="$2"; }
	seen() { emulator GET tokens | jq -r '.tokens[-1].userId'; }
	opaque "$u" a-secret-of-the-test-1
	assert_status 200
	equals "$(json .data.userId)" "$u"
	first=$(seen)
	matches "$first" '^viewer-[0-9a-f]{32,}$'
	opaque "$u" a-secret-of-the-test-1
	equals "$(seen)" "$first"
	opaque "$u" a-secret-of-the-test-2
	[ "$(seen)" != "$first" ]
	opaque "$u-other" a-secret-of-the-test-1
	[ "$(seen)" != "$first" ]
}
