# Idempotency-Key on POST /api/stage: one order, one stage, however often it is sent.

load lib/common

setup() { set_stages_aside; }
teardown() {
	emulator DELETE faults
	remove_stages
	put_stages_back
}

order() { # KEY BODY [CURL_ARGS...]
	api POST /api/stage "$2" -H "Idempotency-Key: $1" "${@:3}"
}
kept() { printf '%sidem:%s' "$P" "$(printf 'POST /api/stage\n%s' "$1" | sha256sum | cut -d' ' -f1)"; }
kept_is() { # KEY STATE
	[ "$(redis_c get "$(kept "$1")" | jq -r .state)" = "$2" ]
}
fresh_name() { fresh idem; }
in_parallel() { # NUMBER FILE KEY BODY: the answers, a line each: STATUS BODY
	local i
	for ((i = 0; i < $1; i++)); do
		curl -sS --max-time 20 -X POST -H "x-api-key: $KEY" -H 'Content-Type: application/json' \
			-H "Idempotency-Key: $3" -d "$4" -w '\n%{http_code}' "$BASE_URL/api/stage" |
			jq -Rrs 'split("\n") | "\(.[1]) \(.[0])"' >>"$2" &
	done
	wait
}
# The request is sent whole, and nobody waits for the answer.
cut_off() { # NUMBER KEY BODY
	local i host=${BASE_URL#http://}
	for ((i = 0; i < $1; i++)); do
		(
			exec 9<>"/dev/tcp/${host%:*}/${host##*:}"
			printf 'POST /api/stage HTTP/1.1\r\nHost: %s\r\nx-api-key: %s\r\nIdempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' \
				"$host" "$KEY" "$2" "${#3}" "$3" >&9
		) &
	done
	wait
}

@test "idempotency: fifty at once, half of them cut off, make one stage (R06)" {
	key=$(fresh key) name=$(fresh_name)
	body="{\"name\":\"$name\"}"
	fault '{"operation":"CreateStage","action":"delay","delayMs":700,"count":0}'
	cut_off 25 "$key" "$body"
	in_parallel 25 "$BATS_TEST_TMPDIR/answers" "$key" "$body"
	equals "$(wc -l <"$BATS_TEST_TMPDIR/answers")" 25
	equals "$(grep -cvE '^(201|409) ' "$BATS_TEST_TMPDIR/answers")" 0
	wait_until 10 kept_is "$key" done
	in_parallel 5 "$BATS_TEST_TMPDIR/answers" "$key" "$body"
	equals "$(grep -c '^201 ' "$BATS_TEST_TMPDIR/answers" | awk '{ print ($1 >= 5) }')" 1
	equals "$(sed -n 's/^201 //p' "$BATS_TEST_TMPDIR/answers" | jq -c .data | sort -u | wc -l)" 1
	equals "$(sed -n 's/^409 //p' "$BATS_TEST_TMPDIR/answers" | jq -r .error.details.reason | sort -u)" IN_PROGRESS
	equals "$(in_aws "$name") $(redis_c hvals "${P}stages" | grep -cF "$name")" '1 1'
}

@test "idempotency: while the first attempt runs the others are told to wait" {
	key=$(fresh key)
	body="{\"name\":\"$(fresh_name)\"}"
	fault '{"operation":"CreateStage","action":"delay","delayMs":1500}'
	cut_off 1 "$key" "$body"
	wait_until 5 kept_is "$key" running
	order "$key" "$body"
	assert_error 409 CONFLICT
	equals "$(json .error.details.reason) $(header Retry-After)" 'IN_PROGRESS 1'
	order "$key" '{"name":"another"}'
	assert_error 422 IDEMPOTENCY_KEY_REUSED
	wait_until 10 kept_is "$key" done
}

@test "idempotency: the same order again gets the same answer and calls nobody" {
	key="a key: $(fresh) ~!" name=$(fresh_name)
	order "$key" "{\"name\":\"$name\",\"tags\":{\"a\":\"é\",\"b\":\"2\"}}"
	assert_status 201
	first=$(json '.data | tojson')
	before=$(emulator GET calls)
	for body in "{\"name\":\"$name\",\"tags\":{\"a\":\"é\",\"b\":\"2\"}}" \
		" { \"tags\" : {\"b\":\"2\",\"a\":\"\\u00e9\"}, \"name\":\"$name\" } "; do
		order "$key" "$body"
		equals "$http_status $(json '.data | tojson')" "201 $first"
	done
	equals "$(emulator GET calls)" "$before"
	ttl=$(redis_c pttl "$(kept "$key")")
	((ttl > 86000000 && ttl <= 86400000))
}

@test "idempotency: another body with the key is refused" {
	key=$(fresh key) name=$(fresh_name)
	order "$key" "{\"name\":\"$name\"}"
	assert_status 201
	for body in "{\"name\":\"$name-2\"}" "{\"name\":\"$name\",\"tags\":{}}" "{\"name\":\"$name\",\"x\":1}"; do
		order "$key" "$body"
		assert_error 422 IDEMPOTENCY_KEY_REUSED
	done
	equals "$(in_aws "$name") $(in_aws "$name-2")" '1 0'
}

@test "idempotency: without a key each request makes a stage" {
	name=$(fresh_name)
	for _ in 1 2; do
		api POST /api/stage "{\"name\":\"$name\"}"
		assert_status 201
	done
	equals "$(in_aws "$name")" 2
}

@test "idempotency: a key is 1 to 255 printable ASCII characters" {
	for key in "$(printf 'k%.0s' {1..256})" 'schlüssel' $'a\tb'; do
		order "$key" "{\"name\":\"$(fresh_name)\"}"
		equals "$key $http_status $(json '.error.details.invalidFields[0].field')" "$key 400 Idempotency-Key"
	done
	cgi stage POST /api/stage '{"name":"a"}' HTTP_IDEMPOTENCY_KEY=
	assert_error 400 VALIDATION_ERROR
	order "$(fresh)$(printf 'k%.0s' {1..230})" "{\"name\":\"$(fresh_name)\"}"
	assert_status 201
}

@test "idempotency: a request that was wrong does not use the key up" {
	key=$(fresh key)
	order "$key" '{"name":"a b"}'
	assert_error 400 VALIDATION_ERROR
	call POST /api/stage '{"name":"ab"}' -H "Idempotency-Key: $key"
	assert_error 401 UNAUTHORIZED
	equals "$(redis_c exists "$(kept "$key")")" 0
	order "$key" "{\"name\":\"$(fresh_name)\"}"
	assert_status 201
}

@test "idempotency: a request over the rate limit does not use the key up" {
	local -a from=(HTTP_X_FORWARDED_FOR="$(fresh_ip)" RATE_LIMIT_MAX_REQUESTS=1)
	first=$(fresh key) second=$(fresh key) body="{\"name\":\"$(fresh_name)\"}"
	cgi stage POST /api/stage "$body" HTTP_IDEMPOTENCY_KEY="$first" "${from[@]}"
	assert_status 201
	cgi stage POST /api/stage "$body" HTTP_IDEMPOTENCY_KEY="$second" "${from[@]}"
	assert_error 429 RATE_LIMIT_EXCEEDED
	equals "$(redis_c exists "$(kept "$first")") $(redis_c exists "$(kept "$second")")" '1 0'
}

@test "idempotency: what surely did nothing frees the key" {
	key=$(fresh key)
	fault '{"operation":"CreateStage","type":"ServiceQuotaExceededException"}'
	order "$key" "{\"name\":\"$(fresh_name)\"}"
	assert_error 503 AWS_QUOTA_EXCEEDED
	equals "$(redis_c exists "$(kept "$key")")" 0
	order "$key" "{\"name\":\"$(fresh_name)\"}"
	assert_status 201
}

@test "idempotency: after a failure nobody is sure of the next attempt finds what was made" {
	key=$(fresh key) name=$(fresh_name)
	fault '{"operation":"CreateStage","action":"effect-then-drop"}'
	fault '{"operation":"ListStages","type":"AccessDeniedException"}'
	order "$key" "{\"name\":\"$name\"}"
	assert_error 503 SERVICE_UNAVAILABLE
	kept_is "$key" open
	order "$key" "{\"name\":\"$name-2\"}"
	assert_error 422 IDEMPOTENCY_KEY_REUSED
	# A refusal now says nothing about the first attempt: the order stays.
	fault '{"operation":"ListStages","type":"AccessDeniedException"}'
	order "$key" "{\"name\":\"$name\"}"
	assert_error 503 AWS_ACCESS_DENIED
	kept_is "$key" open
	order "$key" "{\"name\":\"$name\"}"
	assert_status 201
	equals "$(in_aws "$name")" 1
}

@test "idempotency: what was made and is not listed yet is not made again" {
	key=$(fresh key) name=$(fresh_name)
	fault '{"operation":"CreateStage","action":"effect-then-drop"}'
	fault '{"operation":"ListStages","status":200,"body":"{\"stages\":[]}","count":3}'
	for _ in 1 2 3; do
		order "$key" "{\"name\":\"$name\"}" -H 'Accept-Language: en'
		assert_error 503 SERVICE_UNAVAILABLE
		kept_is "$key" open
	done
	# AWS has answered with a list: what is told is not that AWS cannot be reached.
	equals "$(json '.error.details | "\(.dependency) \(.operation) \(.reason)"')" 'aws CreateStage NOT_LISTED'
	matches "$(json .error.message)" 'may not list it yet: send the same request'
	order "$key" "{\"name\":\"$name\"}"
	assert_status 201
	equals "$(in_aws "$name")" 1
	# What is not listed after ten seconds was not made.
	key=$(fresh key) name=$(fresh_name)
	fault '{"operation":"CreateStage","action":"drop"}'
	order "$key" "{\"name\":\"$name\"}"
	assert_error 503 SERVICE_UNAVAILABLE
	redis_c eval "for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do
		local o = cjson.decode(redis.call('HGET', KEYS[1], id))
		o.at = o.at - 10001
		redis.call('HSET', KEYS[1], id, cjson.encode(o))
	end" 1 "${P}orders" >/dev/null
	order "$key" "{\"name\":\"$name\"}"
	assert_status 201
	equals "$(in_aws "$name")" 1
}

@test "idempotency: what a process that died has made is found by the next attempt" {
	key=$(fresh key) name=$(fresh_name)
	body="{\"name\":\"$name\"}"
	fault '{"operation":"CreateStage","action":"delay","delayMs":3000}'
	cut_off 1 "$key" "$body"
	wait_until 5 kept_is "$key" running
	wait_until 5 asked_aws "$name"
	pgrep -P "$(pid_of stage)" | xargs kill -KILL
	wait_until 10 made_in_aws "$name"
	wait_until 10 answers GET /api/stage/list 200
	order "$key" "$body"
	assert_error 409 CONFLICT
	# Half a minute later:
	redis_c set "$(kept "$key")" "$(redis_c get "$(kept "$key")" | jq -c '.at -= 31000')" keepttl >/dev/null
	order "$key" "$body"
	assert_status 201
	equals "$(json .data.stage.name) $(in_aws "$name")" "$name 1"
	first=$(json '.data | tojson')
	order "$key" "$body"
	equals "$http_status $(json '.data | tojson')" "201 $first"
}
# The order is noted right before CreateStage goes out.
asked_aws() { redis_c hvals "${P}orders" | grep -qF "$1"; }
made_in_aws() { [ "$(in_aws "$1")" = 1 ]; }

@test "idempotency: while Redis is away nothing is made" {
	name=$(fresh_name)
	before=$(emulator GET calls)
	freeze redis
	order "$(fresh key)" "{\"name\":\"$name\"}"
	thaw redis
	assert_away redis
	wait_until 10 all_well
	equals "$(emulator GET calls | jq .CreateStage)" "$(jq .CreateStage <<<"$before")"
}
