# Who may call, and how often.

load lib/common
load lib/limit

second=${API_SECRET_KEY##*,}
get_as() { call GET /api/stats/viewers - -H "x-api-key: $1"; }
post_as() { # KEY [CURL_ARGS...]
	local key=$1
	shift
	call POST /api/viewer/leave "$(obj userId "$(fresh)" stageArn "$MASTER")" -H "x-api-key: $key" "$@"
}
mediaserver() { # [CURL_ARGS...]
	api POST /api/token/mediaserver "$(obj serverId "$(fresh ms)" stageArn "$MASTER")" "$@"
}

@test "key: each of two keys opens, and writes" {
	get_as "$KEY"
	assert_status 200
	get_as "$second"
	assert_status 200
	post_as "$second"
	assert_status 200
}

@test "key: missing, empty and wrong ones answer 401 in every program" {
	local path
	for path in /api/stats /api/stage/list "/api/viewer/list/$MASTER"; do
		call GET "$path"
		assert_error 401 UNAUTHORIZED
		call GET "$path" - -H 'x-api-key;'
		assert_error 401 UNAUTHORIZED
		call GET "$path" - -H 'x-api-key: wrong-key-of-some-length'
		assert_error 401 UNAUTHORIZED
	done
	call POST /api/token/viewer "$(obj userId "$(fresh)")"
	assert_error 401 UNAUTHORIZED
	call POST /api/token/publisher "$(obj userId "$(fresh)")" -H 'x-api-key: wrong-key-of-some-length'
	assert_error 401 UNAUTHORIZED
}

@test "key: what is only near a key is wrong" {
	local key
	for key in "${KEY}x" "x$KEY" "${KEY%?}" "${KEY^^}" "\"$KEY\"" "$KEY,$second" "$KEY, $second" "$API_SECRET_KEY" \
		"$KEY," ",$KEY" "Bearer $KEY" '*' '%'; do
		get_as "$key"
		assert_error 401 UNAUTHORIZED
	done
}

@test "key: sent twice it is wrong, also when both are right" {
	call GET /api/stats - -H "x-api-key: $KEY" -H "x-api-key: $second"
	assert_error 401 UNAUTHORIZED
	call GET /api/stats - -H "x-api-key: $KEY" -H "x-api-key: $KEY"
	assert_error 401 UNAUTHORIZED
}

@test "key: a long one answers 401, and one of 8 KB is refused in the same form" {
	get_as "$(repeat 4000 k | tr -d '\n')"
	assert_error 401 UNAUTHORIZED
	get_as "$(repeat 8192 k | tr -d '\n')"
	matches "$http_status" '^4(01|31)$'
	equals "$(json .success)" false
	matches "$(header Content-Type)" '^application/json'
	get_as "$KEY"
	assert_status 200
}

@test "key: bytes that are no ASCII answer 401" {
	get_as 'clé-秘密-🔑'
	assert_error 401 UNAUTHORIZED
	get_as $'\xff\xfe\x80'
	assert_error 401 UNAUTHORIZED
}

@test "key: it counts in its header only, not in the query or in Authorization" {
	call GET "/api/stats?x-api-key=$KEY&key=$KEY"
	assert_error 401 UNAUTHORIZED
	call GET /api/stats - -H "Authorization: Bearer $KEY"
	assert_error 401 UNAUTHORIZED
}

@test "key: the answer never repeats it" {
	get_as canary-reflected-key
	assert_error 401 UNAUTHORIZED
	equals "$(grep -c canary-reflected <<<"$http_body$http_headers")" 0
}

@test "key: health needs none" {
	local path
	for path in / /health /api/health /livez /readyz; do
		call GET "$path"
		equals "$path $http_status" "$path 200"
	done
}

@test "read key: GET and HEAD yes, anything that writes 403" {
	get_as "$READ_KEY"
	assert_status 200
	call HEAD /api/stage/list - -H "x-api-key: $READ_KEY"
	assert_status 200
	call GET "/api/viewer/history/$(fresh)" - -H "x-api-key: $READ_KEY"
	assert_status 200
	post_as "$READ_KEY"
	assert_error 403 FORBIDDEN
	call PUT /api/stats/publisher '{"isPublisherLive":true}' -H "x-api-key: $READ_KEY"
	assert_error 403 FORBIDDEN
	call POST /api/token/viewer "$(obj userId "$(fresh)")" -H "x-api-key: $READ_KEY"
	assert_error 403 FORBIDDEN
}

@test "internal secret: right beside the key gives a media-server token" {
	mediaserver -H "x-internal-secret: $INTERNAL_SECRET"
	assert_status 200
}

@test "internal secret: missing, empty, wrong or sent twice answers 403 (F47)" {
	mediaserver
	assert_error 403 FORBIDDEN
	mediaserver -H 'x-internal-secret;'
	assert_error 403 FORBIDDEN
	mediaserver -H "x-internal-secret: ${INTERNAL_SECRET}x"
	assert_error 403 FORBIDDEN
	mediaserver -H "x-internal-secret: $KEY"
	assert_error 403 FORBIDDEN
	mediaserver -H "x-internal-secret: $INTERNAL_SECRET" -H "x-internal-secret: $INTERNAL_SECRET"
	assert_error 403 FORBIDDEN
}

@test "internal secret: it is no key, neither alone nor beside a read key" {
	body=$(obj serverId "$(fresh ms)" stageArn "$MASTER")
	call POST /api/token/mediaserver "$body" -H "x-internal-secret: $INTERNAL_SECRET"
	assert_error 401 UNAUTHORIZED
	call POST /api/token/mediaserver "$body" -H "x-internal-secret: $INTERNAL_SECRET" -H "x-api-key: $READ_KEY"
	assert_error 403 FORBIDDEN
	call POST /api/token/mediaserver "$body" -H "x-api-key: $INTERNAL_SECRET"
	assert_error 401 UNAUTHORIZED
}

@test "internal secret: not configured, media-server tokens are always refused (F47)" {
	local given
	body=$(obj serverId "$(fresh ms)" stageArn "$MASTER")
	for given in '' undefined null "$INTERNAL_SECRET"; do
		cgi token POST /api/token/mediaserver "$body" INTERNAL_SECRET= HTTP_X_INTERNAL_SECRET="$given"
		assert_error 403 FORBIDDEN
	done
	cgi token POST /api/token/mediaserver "$body" HTTP_X_INTERNAL_SECRET="$INTERNAL_SECRET"
	assert_status 200
}

@test "SKIP_AUTH: opens in development and says so in the log" {
	: >"$SUITE_DIR/log/cgi.log"
	cgi stats GET /api/stats/viewers '' HTTP_X_API_KEY= SKIP_AUTH=true NODE_ENV=development
	assert_status 200
	grep -q '"lvl":"warn".*SKIP_AUTH' "$SUITE_DIR/log/cgi.log"
}

@test "SKIP_AUTH: does nothing in production, in test, and when nothing is said" {
	local name
	for name in NODE_ENV=production NODE_ENV=test APP_ENV=production NODE_ENV=; do
		cgi stats GET /api/stats/viewers '' HTTP_X_API_KEY= SKIP_AUTH=true "$name"
		assert_error 401 UNAUTHORIZED
	done
}

@test "SKIP_AUTH: does not open media-server tokens" {
	cgi token POST /api/token/mediaserver "$(obj serverId a stageArn "$MASTER")" \
		HTTP_X_API_KEY= SKIP_AUTH=true NODE_ENV=development
	assert_error 403 FORBIDDEN
}

@test "rate limit: the 101st call of a client answers 429 and says when to come again" {
	ip=$(fresh_ip)
	use_up "$ip"
	limited_now "$ip"
	matches "$(header Retry-After)" '^([1-9]|[1-5][0-9]|60)$'
	equals "$(header RateLimit-Limit) $(header RateLimit-Remaining)" '100 0'
	matches "$(header RateLimit-Reset)" '^([1-9]|[1-5][0-9]|60)$'
	equals "$(json '.error.message | length > 0')" true
}

@test "rate limit: another client is not touched" {
	ip=$(fresh_ip)
	use_up "$ip"
	limited_now "$ip"
	from "$(fresh_ip)" /api/stats/viewers
	assert_status 200
}

@test "rate limit: exactly 100 of 300 calls at once pass" {
	repeat 300 'GET /api/stats/viewers' | as_client "$(fresh_ip)" 30 -H "x-api-key: $KEY" >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out") $(count_status 429 <"$BATS_TEST_TMPDIR/out")" '100 200'
}

@test "rate limit: the window ends and the client may call again" {
	ip=$(fresh_ip)
	use_up "$ip"
	limited_now "$ip"
	(($(redis_c pttl "$(rate_key "$ip")") > 0))
	redis_c pexpire "$(rate_key "$ip")" 1 >/dev/null
	wait_until 5 eval "from $ip /api/stats/viewers && [ \$http_status = 200 ]"
}

@test "rate limit: who goes on calling does not lengthen his window" {
	ip=$(fresh_ip)
	use_up "$ip"
	redis_c pexpire "$(rate_key "$ip")" 30000 >/dev/null
	limited_now "$ip"
	(($(redis_c pttl "$(rate_key "$ip")") <= 30000))
	(($(header Retry-After) <= 30))
}

@test "rate limit: health is not counted and not limited (F50)" {
	ip=$(fresh_ip)
	{ repeat 60 'GET /api/health'; repeat 60 'GET /livez'; repeat 60 'GET /health'; } |
		as_client "$ip" 8 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 180
	use_up "$ip"
	call GET /api/health - -H "X-Forwarded-For: $ip"
	assert_status 200
}

@test "rate limit: heartbeats have a bucket of their own (F50)" {
	ip=$(fresh_ip) stage=$(new_stage beats) u=$(fresh)
	seat "$u" "$stage"
	use_up "$ip"
	line="POST /api/viewer/heartbeat $(obj userId "$u" stageArn "$stage")"
	repeat 250 "$line" | as_client "$ip" 8 -H "x-api-key: $KEY" >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 250
	limited_now "$ip"
	other=$(fresh_ip)
	repeat 250 "$line" | as_client "$other" 8 -H "x-api-key: $KEY" >"$BATS_TEST_TMPDIR/out"
	from "$other" /api/stats/viewers
	assert_status 200
}

@test "rate limit: the 6001st heartbeat of a client answers 429" {
	ip=$(fresh_ip)
	line="POST /api/viewer/heartbeat $(obj userId "$(fresh)" stageArn "$MASTER")"
	repeat 6010 "$line" | as_client "$ip" 32 -H "x-api-key: $KEY" >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 404 <"$BATS_TEST_TMPDIR/out") $(count_status 429 <"$BATS_TEST_TMPDIR/out")" '6000 10'
}

@test "rate limit: calls to different programs are counted together" {
	ip=$(fresh_ip)
	{ repeat 40 'POST /api/token/viewer {}'; repeat 30 'GET /api/stats'; repeat 30 'GET /api/stage/list'; } |
		as_client "$ip" 4 -H "x-api-key: $KEY" >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 400 <"$BATS_TEST_TMPDIR/out") $(count_status 200 <"$BATS_TEST_TMPDIR/out")" '40 60'
	limited_now "$ip"
	api POST /api/token/viewer '{}' -H "X-Forwarded-For: $ip"
	assert_error 429 RATE_LIMIT_EXCEEDED
	from "$ip" "/api/viewer/list/$MASTER"
	assert_error 429 RATE_LIMIT_EXCEEDED
}

@test "rate limit: history, whose work is not in Redis, is counted too" {
	ip=$(fresh_ip)
	use_up "$ip"
	from "$ip" "/api/viewer/history/$(fresh)"
	assert_error 429 RATE_LIMIT_EXCEEDED
}

@test "rate limit: wrong keys, bad bodies and unknown routes are counted too" {
	ip=$(fresh_ip)
	{ repeat 40 'GET /api/stats'; repeat 20 'POST /api/token/viewer {}'; } |
		as_client "$ip" 4 -H 'x-api-key: guessed-wrong' >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 401 <"$BATS_TEST_TMPDIR/out")" 60
	{ repeat 20 'POST /api/viewer/leave {}'; repeat 20 'GET /api/nothing'; } |
		as_client "$ip" 4 -H "x-api-key: $KEY" >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 400 <"$BATS_TEST_TMPDIR/out") $(count_status 404 <"$BATS_TEST_TMPDIR/out")" '20 20'
	limited_now "$ip"
	call GET /api/stats - -H 'x-api-key: guessed-wrong' -H "X-Forwarded-For: $ip"
	assert_error 429 RATE_LIMIT_EXCEEDED
}

@test "rate limit: loopback passes unlimited" {
	repeat 250 'GET /api/stats/viewers' | load_requests 8 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 250
}

@test "rate limit: zero means none" {
	ip=$(fresh_ip)
	use_up "$ip"
	cgi stats GET /api/stats/viewers '' HTTP_X_FORWARDED_FOR="$ip"
	assert_error 429 RATE_LIMIT_EXCEEDED
	cgi stats GET /api/stats/viewers '' HTTP_X_FORWARDED_FOR="$ip" RATE_LIMIT_MAX_REQUESTS=0
	assert_status 200
}

@test "rate limit: a network in RATE_LIMIT_EXEMPT passes" {
	ip=$(fresh_ip)
	use_up "$ip"
	cgi stats GET /api/stats/viewers '' HTTP_X_FORWARDED_FOR="$ip" RATE_LIMIT_EXEMPT=198.18.0.0/15
	assert_status 200
}

@test "rate limit: IPv6 addresses of one /64 are counted together, of two are not" {
	printf -v net '2001:db8:%x:%x' $((RANDOM + 1)) $((RANDOM + 1))
	repeat 50 'GET /api/stats' | as_client "$net::1" 4 -H "x-api-key: $KEY" | count_status 200 >"$BATS_TEST_TMPDIR/a"
	repeat 50 'GET /api/stats' | as_client "$net:ffff:1:2:3" 4 -H "x-api-key: $KEY" | count_status 200 >"$BATS_TEST_TMPDIR/b"
	equals "$(<"$BATS_TEST_TMPDIR/a") $(<"$BATS_TEST_TMPDIR/b")" '50 50'
	limited_now "$net:1:1:1:1"
	limited_now "[$net::9]:4711"
	from "${net%:*}:0::1" /api/stats
	assert_status 200
}

@test "rate limit: an IPv4 address in IPv6 clothes is the same client" {
	ip=$(fresh_ip)
	use_up "$ip"
	limited_now "::ffff:$ip"
}

@test "rate limit: a limited join takes no seat and leaves no record" {
	go_live
	ip=$(fresh_ip) stage=$(new_stage limited) u=$(fresh)
	use_up "$ip"
	api POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")" -H "X-Forwarded-For: $ip"
	assert_error 429 RATE_LIMIT_EXCEEDED
	api POST /api/viewer/rejoin "$(obj userId "$u" stageArn "$stage" participantId p)" -H "X-Forwarded-For: $ip"
	assert_error 429 RATE_LIMIT_EXCEEDED
	equals "$(seats "$stage") $(rows "$u" 'count(*)')" '0 0'
}

@test "rate limit: a limited publisher token asks AWS for nothing and changes nothing" {
	go_offline
	ip=$(fresh_ip)
	use_up "$ip"
	before=$(emulator GET calls)
	api POST /api/token/publisher "$(obj userId "$(fresh)")" -H "X-Forwarded-For: $ip"
	assert_error 429 RATE_LIMIT_EXCEEDED
	equals "$(emulator GET calls)" "$before"
	api GET /api/stats/publisher
	equals "$(json .data.isPublisherLive)" false
	go_live
}

@test "key: wrong ones on the heartbeat count as any other call, not as heartbeats" {
	ip=$(fresh_ip)
	for _ in $(seq 101); do
		call POST /api/viewer/heartbeat '{}' -H "X-Forwarded-For: $ip" -H 'x-api-key: guess-guess-guess'
	done
	assert_error 429 RATE_LIMIT_EXCEEDED
}

@test "rate limit: exact over four processes, however the calls come (R35)" {
	ip=$(fresh_ip)
	"$BUILD_DIR/fcgi/stats" --socket "$BATS_TEST_TMPDIR/s" --processes 4 2>>"$SUITE_DIR/log/own-stats.log" 3>&- &
	own=$!
	wait_until 10 test -S "$BATS_TEST_TMPDIR/s"
	repeat 400 "x begin request=GET,/api/stats/viewers key param=HTTP_X_FORWARDED_FOR=$ip params end-params end-body" |
		"$BUILD_DIR/tests/tools/fcgi_raw" "$BATS_TEST_TMPDIR/s" | sort | uniq -c | xargs >"$BATS_TEST_TMPDIR/out"
	kill "$own"
	wait "$own"
	equals "$(<"$BATS_TEST_TMPDIR/out")" '100 x 200 closed 300 x 429 closed'
}

@test "rate limit: 300 viewers behind one proxy may beat twice a minute (R35)" {
	ip=$(fresh_ip)
	line="POST /api/viewer/heartbeat $(obj userId "$(fresh)" stageArn "$MASTER")"
	repeat 600 "$line" | as_client "$ip" 16 -H "x-api-key: $KEY" | count_status 404 >"$BATS_TEST_TMPDIR/n"
	equals "$(<"$BATS_TEST_TMPDIR/n")" 600
}

@test "rate limit: RATE_LIMIT_EXEMPT takes several networks of both kinds, also behind a proxy" {
	local exempt='203.0.113.0/24, 2001:db8:5::/48' ip
	for ip in 203.0.113.77 2001:db8:5:1::9 ::ffff:203.0.113.1; do
		cgi stats GET /api/stats/viewers '' RATE_LIMIT_EXEMPT="$exempt" RATE_LIMIT_MAX_REQUESTS=1 HTTP_X_FORWARDED_FOR="$ip"
		cgi stats GET /api/stats/viewers '' RATE_LIMIT_EXEMPT="$exempt" RATE_LIMIT_MAX_REQUESTS=1 HTTP_X_FORWARDED_FOR="$ip"
		equals "$ip $http_status" "$ip 200"
	done
	ip=$(fresh_ip)
	for _ in 1 2; do
		cgi stats GET /api/stats/viewers '' RATE_LIMIT_EXEMPT="$exempt" RATE_LIMIT_MAX_REQUESTS=1 HTTP_X_FORWARDED_FOR="$ip"
	done
	equals "$http_status" 429
}
