# HTTP itself: envelope, headers, methods, languages, bodies, paths.

load lib/common

export ISO='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$'
WORD='^[A-Za-z0-9._-]{1,64}$'

# Every path that GET knows, one a line.
get_paths() {
	printf '%s\n' / /livez /readyz /health /api/health /api/stats /api/stats/viewers \
		/api/stats/stages "/api/stats/stages/${MASTER##*/}" "/api/stats/stages?arn=$MASTER" \
		/api/stats/publisher /api/stage/list /api/stage/master/info "/api/stage/$MASTER" \
		"/api/viewer/list/$MASTER" "/api/viewer/duration?userId=a&stageArn=$MASTER" \
		/api/viewer/history/anna "/api/viewer/stats/$MASTER"
}
# An envelope of failure, and of no other form, from us: never HTML.
assert_envelope() { # STATUS CODE
	assert_error "$1" "$2" || return 1
	equals "$(header Content-Type)" 'application/json; charset=utf-8' || return 1
	matches "$(header X-Request-Id)" "$WORD" || return 1
	equals "$(json '[(keys | join(" ")), (.timestamp | test($ENV.ISO)), (.error.message | length > 5),
		.success == false] | join(",")')" 'error success timestamp,true,true,true'
}
beat_body() { obj userId "$1" stageArn "$MASTER"; }
bad_body() { # BODY
	api POST /api/viewer/heartbeat "$1"
	assert_error 400 VALIDATION_ERROR
}
# A body of exactly N bytes; the member that fills it is not ours.
sized_body() { # N FILE
	local head
	head="{\"userId\":\"$(fresh)\",\"stageArn\":\"$MASTER\",\"pad\":\""
	{
		printf '%s' "$head"
		head -c $(($1 - ${#head} - 2)) /dev/zero | tr '\0' x
		printf '"}'
	} >"$2"
	equals "$(wc -c <"$2")" "$1"
}
message_in() { # ACCEPT_LANGUAGE: of an error that needs no key
	local text
	call GET /api/no-such-path - -H "Accept-Language: $1"
	text=${http_body#*'"message":"'}
	printf '%s' "${text%%'"'*}"
}
zh='找不到此 API 路徑，可用的端點請見 GET /'
en='There is no such API path: GET / lists the endpoints.'

@test "envelope: success has success, data and a timestamp in ISO 8601 ms with Z" {
	api GET /api/stats/viewers
	assert_status 200
	equals "$(json 'keys | join(" ")')" 'data success timestamp'
	equals "$(json .success)" true
	matches "$(json .timestamp)" "$ISO"
	(($(date -ud "$(json .timestamp)" +%s) >= $(date +%s) - 5))
}

@test "envelope: success carries a message where the contract shows one" {
	api POST /api/viewer/leave "$(beat_body "$(fresh)")"
	assert_status 200
	equals "$(json 'keys | join(" ")')" 'data message success timestamp'
	equals "$(json .message)" 觀眾離開記錄成功
}

@test "envelope: failure has success, error with code and message, and a timestamp" {
	call GET /api/stats
	assert_envelope 401 UNAUTHORIZED
	equals "$(json '.error | keys | join(" ")')" 'code message'
}

@test "envelope: details of an internal error are not shown outside development" {
	emulator POST faults '{"operation":"CreateParticipantToken","status":403,"type":"AccessDeniedException","message":"canary-inside"}'
	go_live
	api POST /api/token/publisher "$(obj userId "$(fresh)")"
	emulator DELETE faults
	assert_envelope 503 AWS_ACCESS_DENIED
	equals "$(grep -c canary-inside <<<"$http_body")" 0
	equals "$(json '.error.details | has("cause")')" false
}

@test "headers: every answer has a request id, no-store and nosniff" {
	local path
	while read -r path; do
		api GET "$path"
		matches "$(header X-Request-Id)" "$WORD"
		equals "$path $(header Cache-Control)" "$path no-store"
		equals "$path $(header X-Content-Type-Options)" "$path nosniff"
		equals "$path $(header Content-Type)" "$path application/json; charset=utf-8"
	done < <(get_paths; echo /api/nothing; echo /nothing)
}

@test "request id: a sane one of the client is kept" {
	local id
	for id in a ABC-def_1.2 "$(printf 'x%.0s' {1..64})"; do
		call GET /livez - -H "X-Request-Id: $id"
		equals "$(header X-Request-Id)" "$id"
	done
}

@test "request id: one that is too long, has spaces or other bytes is replaced" {
	local id
	for id in "$(printf 'x%.0s' {1..65})" 'a b' 'a%0d%0aSet-Cookie:x' 'a;b' 'a,b' '<b>' 'é' '"'; do
		call GET /livez - -H "X-Request-Id: $id"
		matches "$(header X-Request-Id)" "$WORD"
		[ "$(header X-Request-Id)" != "$id" ]
	done
	call GET /livez - -H 'X-Request-Id: one' -H 'X-Request-Id: two'
	matches "$(header X-Request-Id)" '^[A-Za-z0-9]{16}$'
}

@test "request id: line ends in it do not make a header of their own" {
	cgi health GET /livez '' HTTP_X_REQUEST_ID=$'abc\r\nSet-Cookie: stolen=1'
	equals "$http_status" 200
	matches "$(header X-Request-Id)" '^[A-Za-z0-9]{16}$'
	equals "$(grep -ci set-cookie <<<"$http_headers")" 0
}

@test "request id: each answer gets a new one" {
	call GET /livez
	first=$(header X-Request-Id)
	call GET /livez
	[ "$(header X-Request-Id)" != "$first" ]
}

@test "HEAD: works wherever GET does, with the same status and no body" {
	local path
	while read -r path; do
		api GET "$path"
		equals "$path $http_status" "$path 200"
		api HEAD "$path"
		equals "$path $http_status" "$path 200"
		equals "$(curl -sS --head -H "x-api-key: $KEY" "$BASE_URL$path" -o /dev/null -w '%{size_download}')" 0
		equals "$(header Content-Type)" 'application/json; charset=utf-8'
	done < <(get_paths)
	api HEAD "/api/stage/arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/None"
	assert_status 404
}

@test "methods: a known path with a wrong method answers 405 and lists those it takes" {
	local method path allow
	while read -r method path allow; do
		api "$method" "$path" '{}'
		assert_envelope 405 METHOD_NOT_ALLOWED
		equals "$path $(header Allow)" "$path ${allow//,/, }"
	done <<-EOF2
		GET /api/token/viewer POST,OPTIONS
		DELETE /api/token/publisher POST,OPTIONS
		PUT /api/viewer/heartbeat POST,OPTIONS
		POST /api/stats GET,HEAD,OPTIONS
		PATCH /api/stats GET,HEAD,OPTIONS
		POST /api/stats/publisher GET,HEAD,PUT,OPTIONS
		POST /api/stage/list GET,HEAD,OPTIONS
		POST /api/viewer/list/$MASTER GET,HEAD,OPTIONS
		DELETE /health GET,HEAD,OPTIONS
		POST / GET,HEAD,OPTIONS
	EOF2
}

@test "paths: what does not exist answers 404 in the envelope, below each program and elsewhere" {
	local path
	for path in /api/token /api/token/ /api/token/nothing /api/token/viewer/x /api/tokens \
		/api/stages /api/viewer /api/viewer/list /api/viewer/nothing /api/viewer/duration/x \
		/api/stats/nothing /api/stats/viewers/x /api /api/ /api/nothing /nothing /favicon.ico \
		//api/stats /API/STATS /index.html /.env /health/x '/..' '/api/stats/../stats'; do
		api GET "$path"
		equals "$path $http_status" "$path 404"
		assert_envelope 404 NOT_FOUND
	done
}

@test "paths: slashes at the end are no other path" {
	local path
	for path in /api/stats/ /api/stage/list/ /health/ "/api/viewer/list/$MASTER/" '/api/stats/?x=1' /api/stats// /health///; do
		api GET "$path"
		equals "$path $http_status" "$path 200"
	done
}

@test "paths: slashes behind an id are no part of it, and %2F there is" {
	local id
	id=$(fresh)
	api GET "/api/viewer/history/$id/"
	equals "$http_status $(json .data.userId)" "200 $id"
	api GET "/api/viewer/history/$id/?limit=1"
	equals "$http_status $(json .data.userId)" "200 $id"
	api GET "/api/viewer/history/$id//"
	equals "$http_status $(json .data.userId)" "200 $id"
	api GET "/api/viewer/history/$id%2F"
	equals "$http_status $(json .data.userId)" "200 $id/"
	api GET "/api/viewer/history/$id%2f/"
	equals "$http_status $(json .data.userId)" "200 $id/"
	api GET "/api/viewer/history/$id/%2f//"
	equals "$http_status $(json .data.userId)" "200 $id//"
	api GET "/api/viewer/list/$MASTER%2F"
	assert_envelope 400 VALIDATION_ERROR
	# What was told was done: the ban is lifted.
	api POST /api/viewer/kick "{\"userId\":\"$id\",\"ban\":true}"
	equals "$http_status $(json .data.banned)" '200 true'
	api DELETE "/api/viewer/ban/$id//"
	assert_status 200
	api POST /api/viewer/rejoin "$(obj userId "$id" stageArn "$MASTER" participantId p)"
	[ "$http_status" != 403 ]
	api POST /api/viewer/leave "$(obj userId "$id" stageArn "$MASTER")"
}

@test "paths: /ws without WebSocket answers 426 and says what to call instead" {
	local path
	for path in /ws /ws/ '/ws?key=x'; do
		call GET "$path"
		assert_envelope 426 UPGRADE_REQUIRED
		matches "$(json .error.message)" 'GET /api/stats'
	done
	# lighttpd keeps this header to itself.
	cgi health GET /ws ''
	equals "$http_status $(header Upgrade)" '426 websocket'
	call GET /ws - --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
	assert_envelope 426 UPGRADE_REQUIRED
	call POST /ws '{}'
	assert_envelope 405 METHOD_NOT_ALLOWED
}

@test "paths: a bad percent escape answers 404 in the envelope" {
	local path
	for path in /api/%zz /api/stats% /api/stats%2 /api/viewer/history/a%g1 /api/token/%%; do
		api GET "$path"
		equals "$path $http_status" "$path 404"
		assert_envelope 404 NOT_FOUND
	done
}

@test "paths: an escaped letter is that letter" {
	api GET /api/st%61ts/v%69ewers
	assert_status 200
	equals "$(json .data.calculatedFrom)" 'real-time sum'
}

@test "paths: a zero byte or a control character never reaches an answer of 200" {
	local path
	for path in /api/viewer/history/%00 /api/viewer/history/a%00b /api/viewer/history/a%0ab /api/stats%00; do
		api GET "$path"
		matches "$path $http_status" ' 40[04]$'
		matches "$(header Content-Type)" '^application/json'
		equals "$(json .success)" false
	done
}

@test "paths: a stage ARN may come raw or encoded, the slash as %2F or %2f" {
	local arn
	for arn in "$MASTER" "${MASTER/\//%2F}" "${MASTER/\//%2f}" "$(uri "$MASTER")" "${MASTER//:/%3a}"; do
		api GET "/api/stage/$arn"
		equals "$arn $http_status $(json .data.stage.arn)" "$arn 200 $MASTER"
		api GET "/api/viewer/list/$arn"
		equals "$arn $http_status $(json .data.stageArn)" "$arn 200 $MASTER"
		api GET "/api/stats/stages?arn=$arn"
		equals "$arn $http_status $(json .data.stageArn)" "$arn 200 $MASTER"
	done
}

@test "paths: an escape is decoded once only" {
	api GET "/api/stage/${MASTER/\//%252F}"
	assert_envelope 400 VALIDATION_ERROR
	api GET /api/viewer/history/a%2525
	equals "$http_status $(json .data.userId)" '200 a%25'
}

@test "query: a parameter given twice answers 400 and is named" {
	api GET '/api/viewer/history/anna?limit=1&limit=2'
	assert_envelope 400 VALIDATION_ERROR
	equals "$(json '.error.details.invalidFields[0].field')" limit
	api GET "/api/stats/stages?arn=$MASTER&arn=$MASTER"
	assert_envelope 400 VALIDATION_ERROR
	equals "$(json '.error.details.invalidFields[0].field')" arn
}

@test "query: unknown parameters are ignored" {
	api GET '/api/stats/viewers?x=1&x=2&%zz&=&&'
	assert_status 200
}

@test "language: zh-TW is the default, and what nobody speaks changes nothing" {
	local accept
	call GET /api/no-such-path
	equals "$(json .error.message)" "$zh"
	for accept in '' fr 'fr, de;q=0.9' '*' ';;;' 'q=1'; do
		equals "$accept $(message_in "$accept")" "$accept $zh"
	done
}

@test "language: Accept-Language chooses by its q-values" {
	local accept
	for accept in en en-GB EN 'fr, en' 'zh-TW;q=0.3, en;q=0.8' 'zh-TW;q=0.89,en;q=0.9' 'zh;q=0, en;q=0.001'; do
		equals "$accept $(message_in "$accept")" "$accept $en"
	done
	for accept in zh-TW zh 'zh-Hant-TW, en;q=0.5' 'en;q=0.5, zh-TW;q=0.51' 'en;q=0' 'en;q=0.0, zh-TW;q=0.1'; do
		equals "$accept $(message_in "$accept")" "$accept $zh"
	done
}

@test "language: codes, reasons and members are the same in both" {
	api POST /api/viewer/heartbeat '{"userId":5}' -H 'Accept-Language: en'
	one=$(json '[.error.code, .error.details.missingFields, [.error.details.invalidFields[].field]] | tojson')
	reason=$(json '.error.details.invalidFields[0].reason')
	api POST /api/viewer/heartbeat '{"userId":5}'
	equals "$(json '[.error.code, .error.details.missingFields, [.error.details.invalidFields[].field]] | tojson')" "$one"
	equals "$one" '["VALIDATION_ERROR",["stageArn"],["userId"]]'
	[ "$(json '.error.details.invalidFields[0].reason')" != "$reason" ]
}

@test "language: API_LANG is the default of an installation" {
	cgi health GET /nothing '' API_LANG=en
	equals "$(json .error.message)" "$en"
	cgi health GET /nothing '' API_LANG=en HTTP_ACCEPT_LANGUAGE=zh-TW
	equals "$(json .error.message)" "$zh"
}

@test "body: 65536 bytes are taken, 65537 answer 413" {
	sized_body 65536 "$BATS_TEST_TMPDIR/fits"
	api POST /api/viewer/heartbeat "@$BATS_TEST_TMPDIR/fits"
	assert_error 404 NOT_FOUND
	equals "$(json .error.details.reason)" NO_SESSION
	sized_body 65537 "$BATS_TEST_TMPDIR/over"
	api POST /api/viewer/heartbeat "@$BATS_TEST_TMPDIR/over"
	assert_envelope 413 PAYLOAD_TOO_LARGE
	# Where a web server has no limit the program has one.
	cgi viewer POST /api/viewer/heartbeat "$(<"$BATS_TEST_TMPDIR/over")"
	assert_envelope 413 PAYLOAD_TOO_LARGE
	equals "$(json .error.details.maxBytes)" 65536
}

@test "body: 70 KB answer 413 in all programs that read one, with and without a length" {
	local path
	sized_body 71680 "$BATS_TEST_TMPDIR/big"
	for path in /api/token/viewer /api/token/publisher /api/viewer/leave /api/viewer/rejoin; do
		api POST "$path" "@$BATS_TEST_TMPDIR/big"
		assert_envelope 413 PAYLOAD_TOO_LARGE
		api POST "$path" "@$BATS_TEST_TMPDIR/big" -H 'Transfer-Encoding: chunked'
		assert_envelope 413 PAYLOAD_TOO_LARGE
	done
	api PUT /api/stats/publisher "@$BATS_TEST_TMPDIR/big"
	assert_envelope 413 PAYLOAD_TOO_LARGE
}

@test "body: of one that is too long nothing is kept, with a length or in chunks, without a key" {
	local head dir
	dir=$(<"$SUITE_DIR/kept/sockets")/uploads
	head -c 1000000 /dev/zero >"$BATS_TEST_TMPDIR/huge"
	call POST /api/token/viewer "@$BATS_TEST_TMPDIR/huge"
	assert_envelope 413 PAYLOAD_TOO_LARGE
	# The answer comes with the head, before any of the body.
	exec {fd}<>"/dev/tcp/127.0.0.1/$API_PORT"
	printf 'POST /api/token/viewer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n' >&"$fd"
	read -r -t 5 -u "$fd" head
	matches "$head" '^HTTP/1.1 413'
	exec {fd}>&-
	# In chunks: as soon as there is more than 64 KB of it, though the end has not come.
	exec {fd}<>"/dev/tcp/127.0.0.1/$API_PORT"
	{
		printf 'POST /api/token/viewer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
		for _ in 1 2 3 4 5; do printf '4000\r\n'; head -c 16384 /dev/zero; printf '\r\n'; done
	} >&"$fd"
	read -r -t 5 -u "$fd" head
	matches "$head" '^HTTP/1.1 413'
	exec {fd}>&-
	wait_until 5 eval '[ -z "$(ls -A "'"$dir"'")" ]'
}

@test "body: without a key nothing of it is looked at (F51)" {
	cgi token POST /api/token/viewer "$(head -c 71680 /dev/zero | tr '\0' x)" HTTP_X_API_KEY=
	assert_envelope 401 UNAUTHORIZED
	call POST /api/token/viewer '{"broken'
	assert_envelope 401 UNAUTHORIZED
}

@test "body: a chunked one is read like any other" {
	api POST /api/viewer/leave "$(beat_body "$(fresh)")" -H 'Transfer-Encoding: chunked'
	assert_status 200
}

@test "body: one that is no JSON object answers 400, never 500 (F52)" {
	local body
	for body in ' ' '[]' '[{"userId":"a"}]' '"text"' 5 null true '{' '{"userId":"a"' '{"userId":}' \
		"{'userId':'a'}" '{"a":1}{"b":2}' 'userId=a&stageArn=b' '{"a":1,}' '{"a":01}' '{"a":1e999}' \
		$'{"userId":"a\x01b"}' $'{"userId":"\xff\xfe"}' '{"userId":"\ud800"}' '{"userId":"a\u0000b"}'; do
		bad_body "$body"
	done
}

@test "body: an empty one answers 400" {
	api POST /api/viewer/heartbeat @/dev/null
	assert_envelope 400 VALIDATION_ERROR
	api POST /api/token/viewer @/dev/null
	assert_envelope 400 VALIDATION_ERROR
}

@test "body: without one and without a length a POST is refused in the same form" {
	api POST /api/viewer/heartbeat -
	matches "$http_status" '^4(00|11)$'
	assert_error "$http_status" VALIDATION_ERROR
	matches "$(header Content-Type)" '^application/json'
}

@test "body: a zero byte answers 400" {
	printf '{"userId":"a\0b","stageArn":"%s"}' "$MASTER" >"$BATS_TEST_TMPDIR/nul"
	bad_body "@$BATS_TEST_TMPDIR/nul"
	printf '{"userId":"a","stageArn":"%s"}\0' "$MASTER" >"$BATS_TEST_TMPDIR/nul"
	bad_body "@$BATS_TEST_TMPDIR/nul"
}

@test "body: duplicate members answer 400" {
	bad_body "{\"userId\":\"a\",\"userId\":\"b\",\"stageArn\":\"$MASTER\"}"
	bad_body "{\"userId\":\"a\",\"stageArn\":\"$MASTER\",\"x\":1,\"x\":1}"
	matches "$(json .error.message)" 重複
}

@test "body: deep nesting answers 400 and the program lives" {
	{ printf '{"x":'; repeat 30000 '[' | tr -d '\n'; repeat 30000 ']' | tr -d '\n'; printf '}'; } >"$BATS_TEST_TMPDIR/deep"
	before=$(worker_of viewer)
	bad_body "@$BATS_TEST_TMPDIR/deep"
	repeat 60000 '[' | tr -d '\n' >"$BATS_TEST_TMPDIR/deep"
	bad_body "@$BATS_TEST_TMPDIR/deep"
	equals "$(worker_of viewer)" "$before"
}

@test "body: one shorter than its announced length answers 400" {
	body=$(beat_body "$(fresh)")
	cgi viewer POST /api/viewer/heartbeat "$body" CONTENT_LENGTH=$((${#body} + 10))
	assert_envelope 400 VALIDATION_ERROR
}

@test "body: a sender who hangs up in the middle does no harm" {
	u=$(fresh)
	exec 5<>"/dev/tcp/127.0.0.1/$API_PORT"
	printf 'POST /api/viewer/rejoin HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\nContent-Length: 500\r\n\r\n{"userId":"%s"' "$KEY" "$u" >&5
	exec 5>&-
	api GET /api/stats/viewers
	assert_status 200
	equals "$(redis_c hexists "${P}viewer:stage" "$u")" 0
}

@test "fields: absent, null and empty ones are in missingFields" {
	local body
	for body in '{}' '{"userId":null,"stageArn":""}' '{"userId":"","stageArn":null}'; do
		bad_body "$body"
		equals "$(json '.error.details.missingFields | sort | join(" ")')" 'stageArn userId'
	done
	bad_body "$(obj userId a)"
	equals "$(json '.error.details.missingFields | join(" ")')" stageArn
}

@test "fields: those of the wrong type or form are in invalidFields with a reason" {
	bad_body '{"userId":{"a":1},"stageArn":"nonsense"}'
	equals "$(json '[.error.details.invalidFields[].field] | sort | join(" ")')" 'stageArn userId'
	equals "$(json '[.error.details.invalidFields[].reason | length > 3] | all')" true
	equals "$(json '.error.details.missingFields | tojson')" '[]'
}

@test "fields: those nobody knows are ignored" {
	api POST /api/viewer/leave "{\"userId\":\"$(fresh)\",\"stageArn\":\"$MASTER\",\"constructor\":1,\"__proto__\":{\"a\":[1,{}]},\"Userid\":7}"
	assert_status 200
}

@test "fields: a stage ARN is checked to the letter" {
	local arn
	for arn in nonsense arn:aws:ivs:r:123:stage/a "arn:aws:ivs:r:123456789012:channel/a" \
		arn:aws:ivs:R:123456789012:stage/a arn:aws:ivs:r:123456789012:stage/ \
		arn:aws:ivs:r:123456789012:stage/a/b 'arn:aws:ivs:r:123456789012:stage/a b' \
		" $MASTER" "$MASTER " "$MASTER"$'\n' "x$MASTER" arn:aws:ivs:r:12345678901x:stage/a \
		"arn:aws:ivs:r:123456789012:stage/$(printf 'a%.0s' {1..100})"; do
		bad_body "$(obj userId a stageArn "$arn")"
		equals "$(json '.error.details.invalidFields[0].field')" stageArn
	done
}

@test "CGI: reads no further than CONTENT_LENGTH, so an open stdin keeps nobody waiting" {
	run timeout 2 bash -c '(printf "{}"; sleep 5) |
		env REQUEST_METHOD=GET REQUEST_URI=/livez CONTENT_LENGTH=2 GATEWAY_INTERFACE=CGI/1.1 \
		"$BUILD_DIR/fcgi/health" 2>/dev/null | head -n 1'
	echo "$output"
	[[ $output == "Status: 200"* ]]
}
