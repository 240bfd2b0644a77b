# The emulator's side of AWS that is not IVS: instance metadata, credentials that end, a clock
# that is wrong, CloudWatch.

load lib/common
load lib/emulator

setup() { own_emulator "$BATS_TEST_TMPDIR/emulator"; }
teardown() { end_emulator; }

# imds PATH [CURL_ARGS...] -> $http_status $http_body, with a fresh token
imds() {
	local out token
	token=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$AWS/latest/api/token")
	out=$(curl -sS -H "X-aws-ec2-metadata-token: $token" "${@:2}" -w '\n%{http_code}' "$AWS/latest/$1")
	http_status=${out##*$'\n'} http_body=${out%$'\n'*}
}
plain() { # CURL_ARGS... -> status
	curl -sS -o /dev/null -w '%{http_code}' "$@"
}
# What the role has now -> $id $secret $token $end
fetch() {
	imds meta-data/iam/security-credentials/ivs-live-role
	assert_status 200 || return 1
	id=$(json .AccessKeyId) secret=$(json .SecretAccessKey) token=$(json .Token)
	end=$(json .Expiration)
}
# ListStages by what fetch found
try() { signed ivs /ListStages '{}' "$id" "$secret" "$token"; }
later() { own POST clock "{\"offsetSeconds\":$1}" >/dev/null; }

@test "imds: version 2 gives the role, its credentials and the region to who has a token" {
	imds meta-data/iam/security-credentials/
	equals "$http_status $http_body" '200 ivs-live-role'
	imds meta-data/placement/region
	equals "$http_status $http_body" "200 $AWS_REGION"
	imds meta-data/iam/security-credentials/other-role
	equals "$http_status" 404
	fetch
	matches "$id" '^ASIA[A-Z0-9]{16}$'
	equals "$(json '"\(.Code) \(.Type)"')" 'Success AWS-HMAC'
	equals "$(json '(.Expiration | fromdate) - (.LastUpdated | fromdate)')" 21600
	try
	assert_status 200
}

@test "imds: a token needs a time to live of 1 to 21600 seconds, and none goes through a proxy" {
	local ttl
	for ttl in 0 21601 -1 x '' 99999999999; do
		equals "$ttl $(plain -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: $ttl" "$AWS/latest/api/token")" "$ttl 400"
	done
	equals "$(plain -X PUT "$AWS/latest/api/token")" 400
	equals "$(plain -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600' "$AWS/latest/api/token")" 200
	equals "$(plain -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' -H 'X-Forwarded-For: 192.0.2.1' \
		"$AWS/latest/api/token")" 403
}

@test "imds: without a token, with a foreign one and after its time it is 401" {
	local t path
	for path in placement/region iam/security-credentials/ iam/security-credentials/ivs-live-role no/such; do
		equals "$(plain "$AWS/latest/meta-data/$path")" 401
	done
	t=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$AWS/latest/api/token")
	equals "$(plain -H "X-aws-ec2-metadata-token: ${t/?/-}" "$AWS/latest/meta-data/placement/region")" 401
	equals "$(plain -H "X-aws-ec2-metadata-token: $t" "$AWS/latest/meta-data/placement/region")" 200
	later 60
	equals "$(plain -H "X-aws-ec2-metadata-token: $t" "$AWS/latest/meta-data/placement/region")" 401
}

@test "imds: it can be without a role, broken and slow" {
	own POST imds '{"role":false}' >/dev/null
	imds meta-data/iam/security-credentials/
	equals "$http_status" 404
	imds meta-data/placement/region
	equals "$http_status" 200
	own POST imds '{"role":true,"status":500}' >/dev/null
	equals "$(plain -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$AWS/latest/api/token")" 500
	equals "$(plain "$AWS/v2/credentials/x")" 500
	own POST imds '{"status":0,"delayMs":1500}' >/dev/null
	run curl -sS --max-time 1 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$AWS/latest/api/token"
	equals "$status" 28
	# Others are not held up.
	signed ivs /ListStages '{}'
	assert_status 200
	own POST imds '{"delayMs":0}' >/dev/null
	imds meta-data/iam/security-credentials/
	equals "$http_status" 200
}

@test "imds: how often each path was asked is counted" {
	imds meta-data/placement/region
	imds meta-data/placement/region
	curl -sS "$AWS/v2/credentials/a" >/dev/null
	equals "$(own GET credentials | jq -c .imds)" \
		'{"/latest/api/token":2,"/latest/meta-data/placement/region":2,"/v2/credentials/a":1}'
	equals "$(own GET calls | jq .failed.UnknownOperation)" 0
}

@test "container: credentials are given, and only with the Authorization that is wanted" {
	local out
	out=$(curl -sS "$AWS/v2/credentials/some-task")
	equals "$(jq -c 'keys' <<<"$out")" '["AccessKeyId","Expiration","RoleArn","SecretAccessKey","Token"]'
	id=$(jq -r .AccessKeyId <<<"$out") secret=$(jq -r .SecretAccessKey <<<"$out")
	token=$(jq -r .Token <<<"$out")
	try
	assert_status 200
	own POST imds '{"authorization":"Basic abc"}' >/dev/null
	equals "$(plain "$AWS/v2/credentials/x")" 401
	equals "$(plain -H 'Authorization: Basic abd' "$AWS/v2/credentials/x")" 401
	equals "$(plain -H 'Authorization: Basic abc' "$AWS/v2/credentials/x")" 200
}

@test "credentials: a temporary key works only with its own session token and secret" {
	fetch
	signed ivs /ListStages '{}' "$id" "$secret" -
	assert_refused 403 UnrecognizedClientException
	signed ivs /ListStages '{}' "$id" "$secret" "${token}x"
	assert_refused 403 UnrecognizedClientException
	signed ivs /ListStages '{}' "$id" "$secret" "$AWS_SESSION_TOKEN"
	assert_refused 403 UnrecognizedClientException
	signed ivs /ListStages '{}' "$id" "${secret}x" "$token"
	assert_refused 403 InvalidSignatureException
	signed ivs /ListStages '{}' ASIAAAAAAAAAAAAAAAAA "$secret" "$token"
	assert_refused 403 UnrecognizedClientException
	# The fixed one goes on, but not with a token that is not its own.
	signed ivs /ListStages '{}'
	assert_status 200
	signed ivs /ListStages '{}' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$token"
	assert_refused 403 UnrecognizedClientException
}

@test "credentials: new ones come five minutes before the end of the old, or at half of a short life" {
	local first life before after
	for life in 3600 240; do
		((before = life > 600 ? life - 310 : life / 2 - 10, after = before + 15))
		own POST credentials "{\"lifeSeconds\":$life}"
		own POST credentials/rotate
		fetch
		first=$id
		later "$before"
		fetch
		equals "$id" "$first"
		later "$after"
		fetch
		[ "$id" != "$first" ]
		later 0
	done
}

@test "credentials: they work until their end and not a second longer" {
	local old_id old_secret old_token
	own POST credentials '{"lifeSeconds":240}'
	fetch
	old_id=$id old_secret=$secret old_token=$token
	later 200
	fetch
	[ "$id" != "$old_id" ]
	signed ivs /ListStages '{}' "$old_id" "$old_secret" "$old_token"
	assert_status 200
	later 240
	try
	assert_status 200
	signed ivs /ListStages '{}' "$old_id" "$old_secret" "$old_token"
	assert_refused 403 ExpiredTokenException
	# Who does not know the token does not learn that it has expired.
	signed ivs /ListStages '{}' "$old_id" "$old_secret" -
	assert_refused 403 UnrecognizedClientException
}

@test "credentials: a rotation brings new ones, the old ones go on for the grace and no longer" {
	local first_id first_secret first_token
	fetch
	first_id=$id first_secret=$secret first_token=$token
	own POST credentials/rotate '{"graceSeconds":100}'
	fetch
	[ "$id" != "$first_id" ]
	signed ivs /ListStages '{}' "$first_id" "$first_secret" "$first_token"
	assert_status 200
	later 100
	signed ivs /ListStages '{}' "$first_id" "$first_secret" "$first_token"
	assert_refused 403 ExpiredTokenException
	try
	assert_status 200
	own POST credentials/rotate '{"graceSeconds":0}'
	try
	assert_refused 403 ExpiredTokenException
}

@test "credentials: the list has ids, ends and uses, and no secret" {
	fetch
	try
	try
	own POST credentials/rotate
	fetch
	try
	equals "$(own GET credentials | jq -c '[.credentials[] | [.kind, .expired, .requests]]')" \
		'[["fixed",false,0],["temporary",false,2],["temporary",false,1]]'
	equals "$(own GET credentials | jq -r '.credentials[2] | "\(.accessKeyId) \(.expiresAt)"')" "$id $end"
	own GET credentials >"$own/list"
	run grep -F -e "$secret" -e "$token" -e "$AWS_SECRET_ACCESS_KEY" "$own"/{list,log,out,err}
	equals "$status $output" '1 '
}

@test "control plane: a slip in a request is named" {
	equals "$(own POST credentials '{"lifeSeconds":0}' | jq -r .message)" 'lifeSeconds: must be 1..129600, got 0'
	equals "$(own POST credentials '{}' | jq -r .message)" 'lifeSeconds: is required'
	equals "$(plain -d '{"gracePeriod":1}' "$AWS/_emulator/credentials/rotate")" 400
	equals "$(plain -d '{"status":200}' "$AWS/_emulator/imds")" 400
	equals "$(plain -d '[]' "$AWS/_emulator/clock")" 400
	equals "$(plain -X DELETE "$AWS/_emulator/clock")" 404
}

@test "clock: the emulator believes its own time, in the Date header and in what it writes" {
	later 86400
	signed ivs /ListStages '{}'
	assert_refused 403 InvalidSignatureException
	matches "$(json .message)" '^Signature expired: '
	local ahead
	ahead=$(($(date -d "$(header Date)" +%s) - $(date +%s)))
	((ahead > 86390 && ahead < 86410)) || { echo "$ahead s ahead" >&2; return 1; }
	matches "$(header Date)" ' GMT$'
	equals "$(grep -ci '^date:' <<<"$http_headers")" 1
	equals "$(tail -n 1 "$own/log" | jq -r '.ts[:10]')" "$(date -u -d '+1 day' +%F)"
	fetch
	((ahead = $(date -d "$end" +%s) - $(date +%s) - 21600))
	((ahead > 86390 && ahead < 86410)) || { echo "$ahead s ahead" >&2; return 1; }
	later -86400
	signed ivs /ListStages '{}'
	matches "$(json .message)" '^Signature not yet current: '
	later 0
	signed ivs /ListStages '{}'
	assert_status 200
}

@test "clock: four minutes off are tolerated, and a token issued ends by the emulator's time" {
	later 240
	signed ivs /CreateStage '{"participantTokenConfigurations":[{"duration":1}]}'
	assert_status 200
	local ahead
	ahead=$(($(date -d "$(json '.participantTokens[0].expirationTime')" +%s) - $(date +%s)))
	((ahead > 290 && ahead <= 300)) || { echo "$ahead s ahead" >&2; return 1; }
}

session() { # JQ_EXPRESSION, of the one session there is
	own GET sessions | jq -r ".sessions[0] | $1"
}
has_ended() { [ "$(session .endTime)" != null ]; }

@test "clock: what falls due on a stage does so by the emulator's time" {
	local arn who
	signed ivs /CreateStage '{}'
	arn=$(json .stage.arn)
	own POST timing '{"sessionLingerSeconds":600}'
	who=$(own POST publish "{\"stageArn\":\"$arn\"}" | jq -r .participantId)
	own POST disconnect "{\"stageArn\":\"$arn\",\"participantId\":\"$who\"}"
	run has_ended
	equals "$status" 1
	later 700
	# No call is needed: the emulator notices by itself, and so it is in the file.
	wait_until 5 grep -q endTime "$own/state"
	equals "$(session '(.endTime | sub("\\..*"; "Z") | fromdate) - (.startTime | sub("\\..*"; "Z") | fromdate) | . / 10 | floor')" 60
}

@test "clock: a time in the past neither stops what falls due nor keeps the emulator busy" {
	local arn who before
	later -86400
	own POST timing '{"sessionLingerSeconds":2}'
	later 0
	signed ivs /CreateStage '{}'
	arn=$(json .stage.arn)
	later -86400
	who=$(own POST publish "{\"stageArn\":\"$arn\"}" | jq -r .participantId)
	own POST disconnect "{\"stageArn\":\"$arn\",\"participantId\":\"$who\"}"
	equals "$(session '.startTime[:10]')" "$(date -u -d '1 day ago' +%F)"
	before=$(awk '{ print $14 + $15 }' "/proc/$own_pid/stat")
	wait_until 5 grep -q endTime "$own/state"
	(($(awk '{ print $14 + $15 }' "/proc/$own_pid/stat") - before < 50))
}

# put METRIC_DATA [CURL_ARGS...]
put() { signed monitoring / "{\"Namespace\":\"show/test\",\"MetricData\":$1}" '' '' '' "${@:2}"; }
# The error of PutMetricData: TYPE [TEXT]; it is in the body and in no header.
wrong() {
	equals "$http_status $(json .__type) $(header x-amzn-ErrorType)" "400 com.amazonaws.cloudwatch#$1 " || return 1
	[ -z "${2:-}" ] || matches "$(json .message)" "$2"
}

@test "cloudwatch: metrics are taken, answered with an empty body and listed" {
	put '[{"MetricName":"viewers","Value":42,"Unit":"Count","Dimensions":[{"Name":"stage","Value":"a b"}]},
		{"MetricName":"wait","Values":[1,2.5],"Counts":[3,1],"StorageResolution":1},
		{"MetricName":"load","StatisticValues":{"SampleCount":2,"Sum":3,"Minimum":1,"Maximum":2}}]'
	equals "$http_status,$http_body,$(header Content-Length)" '200,,0'
	equals "$(own GET metrics | jq -cS '[.received, (.metrics[] | del(.timestamp))]')" \
		"$(jq -cSn '[3, {namespace: "show/test", name: "viewers", value: 42, unit: "Count",
			dimensions: {stage: "a b"}, storageResolution: 60},
			{namespace: "show/test", name: "wait", values: [1, 2.5], counts: [3, 1], unit: "None",
			dimensions: {}, storageResolution: 1},
			{namespace: "show/test", name: "load", unit: "None", dimensions: {}, storageResolution: 60,
			statistics: {SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2}}]')"
	equals "$(own GET calls | jq .PutMetricData)" 1
	equals "$(jq -r '"\(.op) \(.status)"' "$own/log")" 'PutMetricData 200'
	own DELETE metrics
	equals "$(own GET metrics)" '{"received":0,"metrics":[]}'
}

@test "cloudwatch: the last 5000 are kept" {
	local i data
	data=$(jq -cn '[range(1000) | {MetricName: "m\(.)", Value: .}]')
	for i in 1 2 3 4 5 6; do
		put "$data"
		assert_status 200
	done
	equals "$(own GET metrics | jq -c '[.received, (.metrics | length), .metrics[-1].name]')" '[6000,5000,"m999"]'
}

@test "cloudwatch: only a signature for the service monitoring is good, and for IVS only one for ivs" {
	signed ivs / '{}' '' '' '' -H 'X-Amz-Target: GraniteServiceVersion20100801.PutMetricData'
	equals "$http_status $(json .__type)" '403 com.amazon.coral.service#InvalidSignatureException'
	matches "$(json .message)" "'monitoring'"
	signed monitoring /ListStages '{}'
	assert_refused 403 InvalidSignatureException
	fetch
	signed monitoring / '{"Namespace":"n","MetricData":[{"MetricName":"m","Value":1}]}' "$id" "$secret" "$token"
	assert_status 200
	own POST credentials/rotate '{"graceSeconds":0}'
	signed monitoring / '{"Namespace":"n","MetricData":[{"MetricName":"m","Value":1}]}' "$id" "$secret" "$token" \
		-H 'x-amzn-query-mode: true'
	equals "$http_status $(json .__type) $(header x-amzn-query-error)" \
		'403 com.amazon.coral.service#ExpiredTokenException ExpiredToken;Sender'
}

@test "cloudwatch: each limit on a metric is held" {
	local rule good='"MetricName":"m","Value":1'
	while IFS='|' read -r error text rule; do
		put "[{$rule}]"
		wrong "$error" "$text" || { echo "for $rule" >&2; return 1; }
	done <<-EOF
		MissingRequiredParameterException|MetricData.member.1.MetricName|"Value":1
		MissingRequiredParameterException|MetricData.member.1.Value|"MetricName":"m"
		InvalidParameterCombinationException|Value and .*Values|$good,"Values":[1]
		InvalidParameterCombinationException|Value and .*StatisticValues|$good,"StatisticValues":{}
		InvalidParameterCombinationException|Counts|$good,"Counts":[1]
		InvalidParameterValueException|Counts|"MetricName":"m","Values":[1,2],"Counts":[1]
		InvalidParameterValueException|Values|"MetricName":"m","Values":[]
		InvalidParameterValueException|Values|"MetricName":"m","Values":$(jq -cn '[range(151)]')
		MissingRequiredParameterException|StatisticValues.Sum|"MetricName":"m","StatisticValues":{"SampleCount":1,"Minimum":1,"Maximum":1}
		InvalidParameterValueException|Minimum|"MetricName":"m","StatisticValues":{"SampleCount":1,"Sum":1,"Minimum":2,"Maximum":1}
		InvalidParameterValueException|2.360|"MetricName":"m","Value":2.4e108
		InvalidParameterValueException|2.360|"MetricName":"m","Value":-2.4e108
		InvalidParameterValueException|MetricName|"Value":1,"MetricName":"$(printf 'm%.0s' {1..256})"
		InvalidParameterValueException|MetricName|"Value":1,"MetricName":""
		InvalidParameterValueException|Unit|$good,"Unit":"count"
		InvalidParameterValueException|StorageResolution|$good,"StorageResolution":5
		InvalidParameterValueException|two weeks|$good,"Timestamp":$(($(date +%s) - 14 * 86400 - 60))
		InvalidParameterValueException|two hours|$good,"Timestamp":$(($(date +%s) + 7200 + 60))
		InvalidParameterValueException|at most 30|$good,"Dimensions":$(jq -cn '[range(31) | {Name: "d\(.)", Value: "v"}]')
		InvalidParameterValueException|twice|$good,"Dimensions":[{"Name":"d","Value":"v"},{"Name":"d","Value":"w"}]
		MissingRequiredParameterException|Dimensions.member.1.Value|$good,"Dimensions":[{"Name":"d"}]
		InvalidParameterValueException|Value|$good,"Dimensions":[{"Name":"d","Value":""}]
		InvalidParameterValueException|Value|$good,"Dimensions":[{"Name":"d","Value":"ü"}]
		InvalidParameterValueException|colon|$good,"Dimensions":[{"Name":":d","Value":"v"}]
		InvalidParameterValueException|not known|$good,"Units":"Count"
	EOF
	equals "$(own GET metrics | jq .received)" 0
	put "[{$good,\"Timestamp\":$(($(date +%s) - 14 * 86400 + 60))},{$good,\"Timestamp\":$(($(date +%s) + 7100)).25}]"
	assert_status 200
	put "[{$good,\"Dimensions\":$(jq -cn '[range(30) | {Name: "d\(.)", Value: "v"}]')},
		{\"MetricName\":\"m\",\"Value\":-2.3e108},{\"MetricName\":\"m\",\"Values\":$(jq -cn '[range(150)]')}]"
	assert_status 200
	equals "$(own GET metrics | jq .received)" 5
}

@test "cloudwatch: a number may be too long for an integer, but not a text" {
	put '[{"MetricName":"m","Value":100000000000000000000}]'
	assert_status 200
	put '[{"MetricName":"m","Value":"1"}]'
	equals "$http_status $(json .__type)" '400 com.amazon.coral.service#SerializationException'
}

@test "cloudwatch: the namespace, the number of metrics and the size have limits" {
	local rest=',"MetricData":[{"MetricName":"m","Value":1}]' name
	for name in '' ' ' :a AWS/a "$(printf 'n%.0s' {1..256})" ü; do
		signed monitoring / "{\"Namespace\":\"$name\"$rest}"
		wrong InvalidParameterValueException Namespace
	done
	signed monitoring / "{${rest#,}}"
	wrong MissingRequiredParameterException Namespace
	signed monitoring / '{"Namespace":"n"}'
	wrong MissingRequiredParameterException MetricData
	put '[]'
	wrong MissingRequiredParameterException MetricData
	put "$(jq -cn '[range(1001) | {MetricName: "m", Value: 1}]')"
	wrong InvalidParameterValueException 'at most 1000'
	jq -cn '{Namespace: "n", MetricData: [range(1000) | {MetricName: "m", Value: 1,
		Dimensions: [{Name: "d", Value: ("v" * 1024)}]}]}' >"$own/large"
	signed monitoring / "@$own/large"
	equals "$http_status $(json .__type)" '413 com.amazon.coral.service#RequestEntityTooLargeException'
	equals "$(own GET metrics | jq .received)" 0
}

@test "cloudwatch: a body may be gzip, of up to 1 MB when it is opened" {
	jq -cn '{Namespace: "n", MetricData: [range(900) | {MetricName: "m", Value: .}]}' | gzip >"$own/good"
	signed monitoring / "@$own/good" '' '' '' -H 'Content-Encoding: gzip'
	assert_status 200
	equals "$(own GET metrics | jq .received)" 900
	jq -cn '{Namespace: "n", MetricData: [range(1000) | {MetricName: "m", Value: 1,
		Dimensions: [{Name: "d", Value: ("v" * 1024)}]}]}' | gzip >"$own/large"
	head -c 100 "$own/good" >"$own/cut"
	printf '{}' >"$own/plain"
	for file in large cut plain; do
		signed monitoring / "@$own/$file" '' '' '' -H 'Content-Encoding: gzip'
		equals "$file $http_status $(json .__type)" "$file 400 com.amazon.coral.service#SerializationException"
	done
	equals "$(own GET metrics | jq .received)" 900
}

@test "cloudwatch: the older name of an error is told to who asks for it" {
	put '[{"MetricName":"m"}]'
	equals "$(header x-amzn-query-error)" ''
	put '[{"MetricName":"m"}]' -H 'x-amzn-query-mode: true'
	equals "$(header x-amzn-query-error)" 'MissingParameter;Sender'
	equals "$(header Content-Type)" application/x-amz-json-1.0
}

@test "cloudwatch: faults hit PutMetricData, and it has no other operation" {
	local one='[{"MetricName":"m","Value":1}]'
	own POST faults '{"operation":"PutMetricData","status":500}'
	signed ivs /ListStages '{}'
	assert_status 200
	put "$one"
	equals "$http_status $(json .__type)" '500 com.amazonaws.cloudwatch#InternalServiceFault'
	own POST faults '{"operation":"PutMetricData","type":"ThrottlingException","action":"effect-then-error"}'
	put "$one"
	equals "$http_status $(json .__type)" '400 com.amazon.coral.service#ThrottlingException'
	equals "$(own GET metrics | jq .received)" 1
	equals "$(own GET calls | jq -c '[.PutMetricData, .failed.PutMetricData]')" '[0,2]'
	signed none / '{}' '' '' '' -H 'Content-Type: application/x-amz-json-1.0' \
		-H 'X-Amz-Target: GraniteServiceVersion20100801.GetMetricData'
	equals "$http_status $(json .__type)" '404 com.amazon.coral.service#UnknownOperationException'
}
