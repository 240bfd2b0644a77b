# Where the keys for AWS come from when the settings have none: a profile, the container's
# service, the role of the instance. The emulator plays the latter two.

load lib/common

setup() {
	go_live
	# What a machine without keys of its own has. The file is nobody's: no real home is read.
	BARE=(AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= AWS_SESSION_TOKEN=
		AWS_SHARED_CREDENTIALS_FILE="$BATS_TEST_TMPDIR/credentials"
		AWS_CONFIG_FILE="$BATS_TEST_TMPDIR/config")
	INSTANCE=("${BARE[@]}" AWS_EC2_METADATA_SERVICE_ENDPOINT="$AWS_ENDPOINT_URL")
}
teardown() {
	thaw redis
	emulator POST imds '{"role":true,"status":0,"delayMs":0,"expiredSeconds":0,"authorization":""}' >/dev/null
	emulator POST credentials '{"lifeSeconds":21600}' >/dev/null
	emulator POST credentials/rotate >/dev/null # those of short life are not given any more
	[ ! -e "$BATS_TEST_TMPDIR/restarted" ] || restart_token
}
publish() { # NAME=VALUE...
	cgi token POST /api/token/publisher "$(obj userId "$(fresh host)")" "$@"
}
restart_token() { env "$@" "$PROJECT_ROOT/deploy/stack" restart token "$SUITE_DIR" 3>&- >/dev/null; }
asked() { emulator GET credentials | jq --arg p "$1" '.imds[$p] // 0'; } # PATH
signed() { emulator GET credentials | jq '[.credentials[] | select(.kind == "temporary").requests] | add // 0'; }
said() { grep -cF -- "$1" "$SUITE_DIR/log/cgi.log" || true; }
# Whatever the emulator issues begins like this; and the planted ones.
assert_nothing_secret() { # TEXT
	local secret
	for secret in IQoJb3JpZ2luX2VjE "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" planted-secret; do
		[[ $1 != *"$secret"* ]] || { echo "a secret is in: $1" >&2; return 1; }
	done
}
# assert_refused TEXT_IN_LOG: the last call was a server's error, the log says why.
assert_refused() {
	matches "$http_status" '^5'
	matches "$(tail -n 5 "$SUITE_DIR/log/cgi.log")" "$1"
	assert_nothing_secret "$(tail -n 5 "$SUITE_DIR/log/cgi.log") $http_body $http_headers"
	[[ $http_body != *profile* && $http_body != *instance* ]]
}

@test "creds: the role of the instance is enough for a token" {
	before=$(signed)
	publish "${INSTANCE[@]}"
	assert_status 200
	(($(signed) > before))
}

@test "creds: a profile is enough for a token" {
	printf '[default]\nregion = x\n[show]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n' \
		"$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" >"$BATS_TEST_TMPDIR/credentials"
	before=$(signed)
	publish "${BARE[@]}" AWS_EC2_METADATA_DISABLED=true AWS_PROFILE=show
	assert_status 200
	equals "$(signed)" "$before"
}

@test "creds: a profile comes before the role of the instance" {
	printf '[default]\naws_access_key_id = AKIANOTKNOWNTOANYONE\naws_secret_access_key = planted-secret\n' \
		>"$BATS_TEST_TMPDIR/credentials"
	before=$(asked /latest/api/token)
	publish "${INSTANCE[@]}"
	matches "$http_status" '^5'
	assert_nothing_secret "$(tail -n 5 "$SUITE_DIR/log/cgi.log") $http_body"
	equals "$(asked /latest/api/token)" "$before"
}

@test "creds: the file in the home needs no setting" {
	mkdir "$BATS_TEST_TMPDIR/.aws"
	printf '[default]\naws_access_key_id=%s\naws_secret_access_key=%s\naws_session_token=%s\n' \
		"$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" >"$BATS_TEST_TMPDIR/.aws/credentials"
	publish "${BARE[@]}" AWS_SHARED_CREDENTIALS_FILE= HOME="$BATS_TEST_TMPDIR" AWS_EC2_METADATA_DISABLED=true
	assert_status 200
}

@test "creds: half a profile is an error that names file and profile" {
	printf '[show]\naws_access_key_id = AKIAHALF\n' >"$BATS_TEST_TMPDIR/credentials"
	publish "${INSTANCE[@]}" AWS_PROFILE=show
	assert_refused "profile 'show' in $BATS_TEST_TMPDIR/credentials has no aws_secret_access_key"
}

@test "creds: a profile that assumes a role signs as nobody else, and the old name of the token is read" {
	keys="aws_access_key_id = $AWS_ACCESS_KEY_ID"$'\n'"aws_secret_access_key = $AWS_SECRET_ACCESS_KEY"
	printf '[default]\n%s\naws_session_token = %s\nrole_arn = arn:aws:iam::123456789012:role/show\n' \
		"$keys" "$AWS_SESSION_TOKEN" >"$BATS_TEST_TMPDIR/credentials"
	before=$(asked /latest/api/token)
	publish "${INSTANCE[@]}"
	assert_refused "credentials has role_arn, which is not followed here"
	equals "$(asked /latest/api/token)" "$before"
	# where roles usually stand: the SDKs lay this file under the other
	mkdir "$BATS_TEST_TMPDIR/.aws"
	printf '[default]\n%s\naws_session_token = %s\n' "$keys" "$AWS_SESSION_TOKEN" >"$BATS_TEST_TMPDIR/credentials"
	printf '[profile show]\nrole_arn = x\n[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/show\n' \
		>"$BATS_TEST_TMPDIR/.aws/config"
	publish "${INSTANCE[@]}" AWS_CONFIG_FILE= HOME="$BATS_TEST_TMPDIR"
	assert_refused ".aws/config has role_arn, which is not followed here"
	rm "$BATS_TEST_TMPDIR/credentials"
	publish "${INSTANCE[@]}" AWS_CONFIG_FILE= HOME="$BATS_TEST_TMPDIR" AWS_PROFILE=show
	assert_refused "profile 'show' in .*.aws/config has role_arn"
	equals "$(asked /latest/api/token)" "$before"
	printf '[default]\n%s\naws_security_token = %s\n' "$keys" "$AWS_SESSION_TOKEN" >"$BATS_TEST_TMPDIR/credentials"
	publish "${INSTANCE[@]}"
	assert_status 200
	equals "$(asked /latest/api/token)" "$before"
}

@test "creds: the container's service is enough, asked with the token of its file" {
	emulator POST imds '{"authorization":"Bearer planted-secret"}' >/dev/null
	printf 'Bearer planted-secret' >"$BATS_TEST_TMPDIR/token"
	before=$(signed)
	publish "${INSTANCE[@]}" AWS_CONTAINER_CREDENTIALS_FULL_URI="$AWS_ENDPOINT_URL/v2/credentials/show" \
		AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$BATS_TEST_TMPDIR/token"
	assert_status 200
	(($(signed) > before))
	publish "${INSTANCE[@]}" AWS_CONTAINER_CREDENTIALS_FULL_URI="$AWS_ENDPOINT_URL/v2/credentials/show" \
		AWS_CONTAINER_AUTHORIZATION_TOKEN=planted-secret-that-is-wrong
	assert_refused 'answered 401 in place of AWS credentials'
}

@test "creds: a container's address that leads elsewhere in plain http is refused" {
	publish "${INSTANCE[@]}" AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/keys
	assert_refused 'AWS_CONTAINER_CREDENTIALS_FULL_URI must be https'
}

@test "creds: an instance without role is a clear error and nothing secret" {
	emulator POST imds '{"role":false}' >/dev/null
	publish "${INSTANCE[@]}" AWS_PROFILE=show
	assert_refused "no AWS credentials: not in the settings, no file .* with a profile 'show', no container, the instance has no role"
}

@test "creds: metadata that answers errors or too late is a clear error" {
	emulator POST imds '{"status":500}' >/dev/null
	publish "${INSTANCE[@]}"
	assert_refused 'the instance metadata service gives no token'
	emulator POST imds '{"status":0,"delayMs":3000}' >/dev/null
	publish "${INSTANCE[@]}"
	assert_refused 'no instance metadata at '
}

@test "creds: metadata that hangs holds a call no longer than any call of AWS may last" {
	emulator POST imds '{"status":0,"delayMs":20000}' >/dev/null
	local began
	began=$(date +%s%N)
	publish "${INSTANCE[@]}" AWS_METADATA_SERVICE_TIMEOUT=4 AWS_METADATA_SERVICE_NUM_ATTEMPTS=5
	ms=$((($(date +%s%N) - began) / 1000000))
	assert_refused 'no instance metadata at '
	((ms < 7000)) || { echo "$ms ms" >&2; return 1; }
}

@test "creds: keys that come when the time is up: nothing is sent any more" {
	local before
	# three answers of 1.5 s, then a Redis that keeps the rest of the five seconds
	emulator POST imds '{"status":0,"delayMs":1500}' >/dev/null
	before=$(emulator GET calls | jq '.CreateStage // 0')
	freeze redis
	run env "${INSTANCE[@]}" AWS_METADATA_SERVICE_TIMEOUT=5 "$BUILD_DIR/tests/tools/aws_call" CreateStage "$(fresh late)"
	thaw redis
	equals "$(jq -r .kind <<<"$output") $(($(emulator GET calls | jq '.CreateStage // 0') - before))" 'UPSTREAM 0'
	matches "$output" 'nothing was sent'
}

@test "creds: instance-role credentials rotated by the emulator in the middle of it: no failed call" {
	: >"$BATS_TEST_TMPDIR/restarted"
	emulator POST credentials '{"lifeSeconds":4}' >/dev/null
	restart_token "${INSTANCE[@]}"
	before=$(signed) u=$(fresh host)
	(for _ in 1 2 3 4; do
		sleep 2.2 # a worker takes refused keys for a rotation once in two seconds
		emulator POST credentials/rotate '{"graceSeconds":0}' >/dev/null
	done) 3>&- &
	rotations=$! n=0 last=
	: >"$BATS_TEST_TMPDIR/out"
	until [ "$last" ]; do
		kill -0 $rotations 2>/dev/null || last=yes
		repeat 20 "POST /api/token/publisher {\"userId\":\"$u\"}" | load_requests 4 >>"$BATS_TEST_TMPDIR/out"
		n=$((n + 20))
	done
	wait $rotations
	echo "$n calls"
	((n >= 200))
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" $n
	(($(signed) >= before + n))
	# The first, and after each rotation others.
	(($(emulator GET credentials | jq '[.credentials[] | select(.kind == "temporary" and .requests > 0)] | length') >= 5))
}

@test "creds: a role that is taken away while the programs run is for the operator, as it is at the start" {
	: >"$BATS_TEST_TMPDIR/restarted"
	restart_token "${INSTANCE[@]}"
	with_keys() { api POST /api/token/publisher "$(obj userId "$(fresh host)")" -H 'Accept-Language: en'; }
	with_keys
	assert_status 200
	emulator POST imds '{"role":false}' >/dev/null
	emulator POST credentials/rotate '{"graceSeconds":0}' >/dev/null
	for _ in 1 2 3 4 5 6; do
		with_keys
		assert_error 503 AWS_ACCESS_DENIED
		equals "$(json .error.details.reason) $(header Retry-After)" 'NO_CREDENTIALS 60'
		matches "$(json .error.message)" 'the operator must check'
	done
}

@test "creds: keys an hour past their Expiration that AWS takes are used, and the source is left alone" {
	: >"$BATS_TEST_TMPDIR/restarted"
	emulator POST imds '{"expiredSeconds":3600}' >/dev/null
	restart_token "${INSTANCE[@]}"
	before=$(asked /latest/meta-data/iam/security-credentials/) u=$(fresh host)
	repeat 60 "POST /api/token/publisher {\"userId\":\"$u\"}" | load_requests 4 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 60
	# once for each worker; the next time is minutes away
	now=$(asked /latest/meta-data/iam/security-credentials/)
	((now > before && now <= before + 8))
	# AWS says when they are over: newer ones are asked for, and no call fails.
	emulator POST credentials/rotate '{"graceSeconds":0}' >/dev/null
	repeat 20 "POST /api/token/publisher {\"userId\":\"$u\"}" | load_requests 4 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 20
}

@test "creds: keys are kept and the service is not asked with each call" {
	: >"$BATS_TEST_TMPDIR/restarted"
	restart_token "${INSTANCE[@]}"
	before=$(asked /latest/meta-data/iam/security-credentials/) u=$(fresh host)
	repeat 60 "POST /api/token/publisher {\"userId\":\"$u\"}" | load_requests 4 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 60
	# at most once for each worker
	now=$(asked /latest/meta-data/iam/security-credentials/)
	echo "asked $((now - before)) times"
	((now > before && now <= before + 8))
}
