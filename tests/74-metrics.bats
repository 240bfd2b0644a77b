# GET /metrics, what the programs count, and what CloudWatch is told.
bats_require_minimum_version 1.5.0
load lib/common

# Once for all: each test here leaves nothing on its way that another one counts.
setup_file() {
	remember_show
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR wait_until 20 settled
}
setup() {
	PRE="${P}m$$-$BATS_TEST_NUMBER:"
	own_show "$PRE"
}
teardown() {
	thaw redis
	emulator DELETE faults >/dev/null
	emulator POST clock '{"offsetSeconds":0}' >/dev/null
}

scrape() { call GET /metrics - -H "Authorization: Bearer $KEY"; }
# The page of a show of its own, with nothing of the stack in it: cgi_page [NAME=VALUE...]
cgi_page() { cgi health GET /metrics '' REDIS_KEY_PREFIX="$PRE" "$@"; }
# The value of a series of the last page; 0 when it is not there. Without the prefix.
value() { awk -v s="ivs_live_$1" 'BEGIN { n = length(s) } substr($0, 1, n + 1) == s " " { v = $NF } END { print v + 0 }' <<<"$http_body"; }
requests() { value "requests_total{route=\"$1\",method=\"$2\",status=\"$3\"}"; }
# The sum of all series that begin so.
sum_of() { awk -v s="ivs_live_$1" 'index($0, s) == 1 { v += $NF } END { print v + 0 }' <<<"$http_body"; }
well_formed() { awk -v max=300 -f "$PROJECT_ROOT/tests/lib/prometheus.awk" <<<"${http_body%$'\n'}" >&2; }
# counted ROUTE METHOD STATUS NUMBER: the stack has counted so many
counted() { scrape; [ "$(requests "$1" "$2" "$3")" = "$4" ]; }
# What is still on its way from tests before has arrived when two pages are the same but for
# the pages themselves.
settled() {
	local before after
	scrape
	before=$(grep -v '"/metrics"' <<<"$http_body")
	sleep 2.2
	scrape
	after=$(grep -v '"/metrics"' <<<"$http_body")
	[ "$(grep requests_total <<<"$before")" = "$(grep requests_total <<<"$after")" ]
}
workers_of() { pgrep -P "$(pid_of "$1")"; }
job() { env IVS_ENV_FILE=/dev/null REDIS_KEY_PREFIX="$PRE" CLOUDWATCH_ENABLED=true "$@" "$BUILD_DIR/cron/metrics" ${DRY:+--dry-run}; }
# sent NAME: the last datum of that name CloudWatch got: value, or samples sum min max.
sent() {
	emulator GET metrics | jq -r --arg n "$1" '[.metrics[] | select(.name == $n)] | last |
		if . == null then "none" elif .statistics then .statistics | "\(.SampleCount) \(.Sum) \(.Minimum) \(.Maximum)" else .value end'
}
samples() { local s; s=$(sent "$1"); echo "${s%% *}"; }
stats_calls() { # NUMBER: requests of the private show, each counted at once
	local i
	for ((i = 0; i < $1; i++)); do cgi stats GET /api/stats '' REDIS_KEY_PREFIX="$PRE"; done
}

@test "metrics: needs a key, as header of ours or as bearer token" {
	call GET /metrics
	assert_error 401 UNAUTHORIZED
	call GET /metrics - -H 'Authorization: Bearer wrong'
	assert_error 401 UNAUTHORIZED
	call GET /metrics - -H "Authorization: Basic $KEY"
	assert_error 401 UNAUTHORIZED
	local header
	for header in "x-api-key: $KEY" "x-api-key: $READ_KEY" "Authorization: Bearer $KEY" "authorization: bearer $READ_KEY"; do
		call GET /metrics - -H "$header"
		assert_status 200
	done
	call POST /metrics '{}' -H "x-api-key: $KEY"
	assert_error 405 METHOD_NOT_ALLOWED
}

@test "metrics: a bearer token opens no other route" {
	call GET /api/stats - -H "Authorization: Bearer $KEY"
	assert_error 401 UNAUTHORIZED
}

@test "metrics: is Prometheus' text, with the headers of every answer" {
	scrape
	assert_status 200
	equals "$(header Content-Type)" 'text/plain; version=0.0.4; charset=utf-8'
	equals "$(header Cache-Control) $(header X-Content-Type-Options)" 'no-store nosniff'
	matches "$(header X-Request-Id)" '^.{16}$'
	well_formed
	equals "$(sum_of build_info)" 1
	call HEAD /metrics - -H "Authorization: Bearer $KEY"
	assert_status 200
	matches "$(header Content-Length)" '^[1-9][0-9]+$'
}

@test "metrics: the checker of these tests finds what is wrong" {
	local page
	good=$'# HELP ivs_live_a A\n# TYPE ivs_live_a counter\nivs_live_a{x="1"} 1'
	http_body=$good well_formed
	hist=$'# HELP ivs_live_h H\n# TYPE ivs_live_h histogram\nivs_live_h_bucket{le="1"} 1\nivs_live_h_bucket{le="+Inf"} 2\nivs_live_h_sum 1\nivs_live_h_count'
	http_body="$hist 2" well_formed
	for page in "$good"$'\nivs_live_a{x="1"} 2' "$good"$'\nivs_live_b 1' "$hist 3" "${hist/+Inf\"\} 2/+Inf\"\} 0} 0" \
		"$good"$'\nivs_live_a{x="a"b"} 1' "$good"$'\nivs_live_a 1x' ''; do
		http_body=$page
		run ! well_formed
	done
}

@test "metrics: counts each request by route and status, exactly" {
	local arn user ok bad gone n
	arn=$(new_stage "metrics-$RANDOM") user=$(fresh m)
	go_live
	seat "$user" "$arn"
	scrape
	ok=$(requests /api/viewer/heartbeat POST 200)
	bad=$(requests /api/viewer/heartbeat POST 400)
	gone=$(requests /api/viewer/heartbeat POST 404)
	n=$(value 'request_duration_seconds_count{route="/api/viewer/heartbeat"}')
	for _ in 1 2 3 4 5; do beat "$user" "$arn"; done
	repeat 3 'POST /api/viewer/heartbeat {"userId":7}' | load_requests 2 >/dev/null
	for _ in 1 2; do beat "$(fresh nobody)" "$arn"; done
	wait_until 5 counted /api/viewer/heartbeat POST 200 $((ok + 5))
	wait_until 5 settled
	equals "$(requests /api/viewer/heartbeat POST 200) $(requests /api/viewer/heartbeat POST 400) $(requests /api/viewer/heartbeat POST 404)" \
		"$((ok + 5)) $((bad + 3)) $((gone + 2))"
	equals "$(value 'request_duration_seconds_count{route="/api/viewer/heartbeat"}')" $((n + 10))
	well_formed
}

@test "metrics: under load nothing is lost and hardly a call is added" {
	local arn user ok calls parcels began=$SECONDS
	arn=$(new_stage "metrics-$RANDOM") user=$(fresh m)
	seat "$user" "$arn"
	scrape
	ok=$(requests /api/viewer/heartbeat POST 200)
	evalsha() { redis_c info commandstats | sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\),.*/\1/p'; }
	calls=$(evalsha)
	repeat 3000 "POST /api/viewer/heartbeat {\"userId\":\"$user\",\"stageArn\":\"$arn\"}" |
		load_requests 16 >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 3000
	parcels=$(($(evalsha) - calls - 3000))
	wait_until 5 counted /api/viewer/heartbeat POST 200 $((ok + 3000))
	# about one a second and worker, and as many questions for the API keys
	echo "parcels and questions: $parcels" >&2
	((parcels <= 40 * (SECONDS - began + 1)))
}

@test "metrics: an unknown path is the route none, whatever it is called" {
	local word
	word=$(fresh w)
	scrape
	n=$(requests none GET 404)
	call GET "/$word"
	call GET "/api/$word"
	wait_until 5 counted none GET 404 $((n + 2))
	[[ $http_body != *"$word"* ]]
}

@test "metrics: an idle program tells what it counted within three seconds" {
	scrape
	n=$(requests /livez GET 200)
	call GET /livez
	wait_until 3 counted /livez GET 200 $((n + 1))
}

@test "metrics: a program that is ended tells what it counted" {
	scrape
	n=$(requests /api/stats GET 200)
	api GET /api/stats
	workers_of stats | xargs kill -TERM
	wait_until 5 counted /api/stats GET 200 $((n + 1))
	all_new() { answers GET /api/stats 200; }
	wait_until 5 all_new
}

@test "metrics: a plain CGI call is counted at once" {
	cgi stats GET /api/stats '' REDIS_KEY_PREFIX="$PRE"
	assert_status 200
	cgi_page
	assert_status 200
	well_formed
	equals "$(requests /api/stats GET 200)" 1
	equals "$(sum_of requests_total)" 1
}

@test "metrics: with Redis away it is 503, and every failure is counted once it is back" {
	local n seen=0 i
	scrape
	n=$(requests /api/stats GET 503) errors=$(value 'errors_total{dependency="redis"}')
	freeze redis
	scrape
	assert_away redis
	for i in 1 2 3 4; do
		api GET /api/stats
		[ "$http_status" != 503 ] || seen=$((seen + 1))
	done
	thaw redis
	((seen > 0))
	wait_until 15 counted /api/stats GET 503 $((n + seen))
	wait_until 10 settled
	equals "$(requests /api/stats GET 503)" $((n + seen))
	(($(value 'errors_total{dependency="redis"}') >= errors + seen + 1))
}

@test "metrics: a parcel that comes twice counts once" {
	local text i
	text=$(cat "$PROJECT_ROOT"/common/lua/{lib/head,metrics_add}.lua)
	for i in 7 7 8; do
		redis_c eval "$text" 1 "$PRE" '' 0 0 '' 60000 "$MASTER" 50 process "$i" \
			$'requests_total /x GET 200 5\n' $'request_duration_seconds 10 20\n' >/dev/null
	done
	equals "$(redis_c hget "${PRE}metrics" 'requests_total /x GET 200')" 10
	# also when Redis was away for minutes between
	(($(redis_c pttl "${PRE}metrics:from:process") > 1800000))
}

@test "metrics: a counter that is full or no number begins anew, and the others go on" {
	local text
	text=$(cat "$PROJECT_ROOT"/common/lua/{lib/head,metrics_add}.lua)
	redis_c hset "${PRE}metrics" 'errors_total redis' 9223372036854775807 'errors_total aws' nonsense >/dev/null
	redis_c eval "$text" 1 "$PRE" '' 0 0 '' 60000 "$MASTER" 50 process 1 \
		$'errors_total redis 3\nerrors_total aws 4\nerrors_total none 5\n' '' >/dev/null
	equals "$(redis_c hmget "${PRE}metrics" 'errors_total redis' 'errors_total aws' 'errors_total none' | tr '\n' ' ')" '3 4 5 '
}

@test "metrics: two thousand stages and a thousand routes fit into the limits" {
	local i
	for ((i = 0; i < 2000; i++)); do
		printf 'HSET %sstages arn:aws:ivs:ap-northeast-1:123456789012:stage/Stage%08d {}\n' "$PRE" "$i"
	done | redis_c >/dev/null
	# 300 of them with i viewers
	now=$(($(redis_c time | head -n 1) * 1000))
	for ((i = 1; i <= 300; i++)); do
		printf 'EVAL "for i = 1, %d do redis.call(\x27ZADD\x27, KEYS[1], %s, i) end" 1 %sviewer:heartbeat:arn:aws:ivs:ap-northeast-1:123456789012:stage/Stage%08d\n' "$i" "$now" "$PRE" "$i"
	done | redis_c >/dev/null
	for ((i = 1; i <= 1000; i++)); do
		printf 'HSET %smetrics "requests_total /r%d GET 200" %d "request_duration_seconds /r%d le1000" %d\n' "$PRE" "$i" "$i" "$i" "$i"
	done | redis_c >/dev/null
	cgi_page
	assert_status 200
	well_formed
	echo "bytes: ${#http_body}" >&2
	((${#http_body} <= 204800))
	equals "$(value stages)" 2001
	equals "$(sum_of 'viewers{')" 45150
	equals "$(value 'viewers{stage="other"}') $(value 'viewers{stage="Stage00000300"}')" '5050 300'
	equals "$(grep -c '^ivs_live_viewers{' <<<"$http_body")" 201
	equals "$(sum_of 'requests_total{')" 500500
	equals "$(requests /r1000 GET 200)" 1000
	equals "$(sum_of 'request_duration_seconds_count{')" 500500
}

@test "metrics: labels are escaped" {
	redis_c hset "${PRE}stages" $'q"b\\n\nx' '{}' >/dev/null
	cgi_page
	well_formed
	equals "$(value 'viewers{stage="q\\"b\\\\n?x"}') $(grep -cF 'viewers{stage="q\"b\\n?x"} 0' <<<"$http_body")" '0 1'
}

@test "metrics: tells publisher, viewers and waiting records" {
	local now
	now=$(($(redis_c time | head -n 1) * 1000))
	redis_c zadd "${PRE}viewer:heartbeat:$MASTER" "$now" a "$now" b "$((now - 600000))" c >/dev/null
	redis_c mset "${PRE}publisher:status" live "${PRE}publisher:checked" $((now - 3000)) >/dev/null
	redis_c xadd "${PRE}records" $((now - 5000))-0 e '{}' >/dev/null
	redis_c xadd "${PRE}records:dead" '*' e '{}' >/dev/null
	cgi_page
	well_formed
	local id=${MASTER#*/}
	equals "$(value "viewers{stage=\"$id\"}") $(value "seats{stage=\"$id\"}") $(value stages) $(value publisher_live)" '2 3 1 1'
	equals "$(value records_waiting) $(value records_dead_total)" '1 1'
	matches "$(value records_oldest_seconds)" '^([5-9]|1[0-9])(\.|$)'
	matches "$(value publisher_age_seconds)" '^([3-9]|1[0-9])(\.|$)'
	redis_c set "${PRE}publisher:status" offline >/dev/null
	cgi_page
	equals "$(value publisher_live)" 0
}

@test "metrics: counts tokens, calls of AWS and jobs" {
	redis_c set "${PRE}publisher:status" live >/dev/null
	cgi token POST /api/token/viewer '{"userId":"t"}' REDIS_KEY_PREFIX="$PRE" TOKEN_MODE=api
	assert_status 200
	REDIS_KEY_PREFIX=$PRE IVS_ENV_FILE=/dev/null "$BUILD_DIR/cron/heartbeat_cleanup" 2>/dev/null
	REDIS_KEY_PREFIX=$PRE IVS_ENV_FILE=/dev/null "$BUILD_DIR/cron/heartbeat_cleanup" --dry-run 2>/dev/null
	redis_c set "${PRE}lock:job:heartbeat_cleanup" other px 60000 >/dev/null
	REDIS_KEY_PREFIX=$PRE IVS_ENV_FILE=/dev/null "$BUILD_DIR/cron/heartbeat_cleanup" 2>/dev/null
	cgi_page
	well_formed
	equals "$(value 'token_duration_seconds_count{mode="api"}') $(value 'aws_calls_total{operation="CreateParticipantToken",outcome="ok"}')" '1 1'
	equals "$(value 'job_runs_total{job="heartbeat_cleanup",result="done"}') $(value 'job_runs_total{job="heartbeat_cleanup",result="held"}') $(value 'job_duration_seconds_count{job="heartbeat_cleanup"}')" '1 1 2'
}

@test "metrics: a call that AWS refuses is counted by its outcome" {
	redis_c set "${PRE}publisher:status" live >/dev/null
	emulator POST faults '{"operation":"CreateParticipantToken","status":403,"type":"AccessDeniedException"}' >/dev/null
	cgi token POST /api/token/viewer '{"userId":"t"}' REDIS_KEY_PREFIX="$PRE" TOKEN_MODE=api
	((http_status >= 500))
	cgi_page
	equals "$(value 'aws_calls_total{operation="CreateParticipantToken",outcome="denied"}') $(sum_of token_duration_seconds_count) $(value 'errors_total{dependency="aws"}')" '1 0 1'
}

@test "metrics: the manual lists every family, and no other" {
	cgi_page
	diff <(sed -n 's/^# HELP ivs_live_\([a-z_]*\) .*/\1/p' <<<"$http_body" | sort) \
		<(sed -n 's/^| `ivs_live_\([a-z_]*\)[`{].*/\1/p' "$PROJECT_ROOT/docs/deployment.md" | sort)
}

@test "cloudwatch: is off unless it was turned on" {
	emulator DELETE metrics >/dev/null
	run -0 job CLOUDWATCH_ENABLED=false
	[[ $output == *'"off":1'* ]]
	equals "$(emulator GET metrics | jq .received)" 0
	equals "$(redis_c exists "${PRE}metrics:sent_at")" 0
}

@test "cloudwatch: is told what came since it was told last, with its dimensions" {
	local now
	emulator DELETE metrics >/dev/null
	stats_calls 4
	job CLOUDWATCH_NAMESPACE=Show/Test NODE_ENV=test SKIP_AUTH=false
	# the first run only begins to count
	equals "$(sent APILatency) $(sent ErrorCount)" 'none 0'
	now=$(($(redis_c time | head -n 1) * 1000))
	redis_c zadd "${PRE}viewer:heartbeat:$MASTER" "$now" a "$now" b >/dev/null
	redis_c hset "${PRE}metrics" 'errors_total redis' 3 'token_duration_seconds local le5000' 2 'token_duration_seconds local sum' 6000 >/dev/null
	stats_calls 3
	job CLOUDWATCH_NAMESPACE=Show/Test NODE_ENV=test
	equals "$(samples APILatency) $(sent ErrorCount) $(sent TotalViewers) $(sent ConcurrentViewers) $(sent ActiveStages)" '3 3 2 2 1'
	equals "$(sent TokenGenerationTime)" '2 6 3 3'
	equals "$(emulator GET metrics | jq -c '.metrics | last | [.namespace, .dimensions.Environment, .dimensions.Service]')" '["Show/Test","test","api-server"]'
	job
	equals "$(sent ErrorCount)" 0
	emulator DELETE metrics >/dev/null
	job
	equals "$(sent APILatency)" none
}

@test "cloudwatch: least and most are those of the requests since" {
	job
	emulator DELETE metrics >/dev/null
	stats_calls 3
	redis_c hset "${PRE}metrics:window" 'request_duration_seconds min' 2 'request_duration_seconds max' 9000000 >/dev/null
	job
	local n sum min max
	read -r n sum min max <<<"$(sent APILatency)"
	equals "$n $min $max" '3 0.002 9000'
	stats_calls 1
	job
	read -r n sum min max <<<"$(sent APILatency)"
	equals "$n $min $max" "1 $sum $sum"
}

@test "cloudwatch: what failed is made up for, nothing is told twice" {
	job
	emulator DELETE metrics >/dev/null
	stats_calls 2
	redis_c hset "${PRE}metrics:window" 'request_duration_seconds max' 7000000 >/dev/null
	emulator POST faults '{"operation":"PutMetricData","status":403,"type":"AccessDeniedException"}' >/dev/null
	run ! job
	equals "$(emulator GET metrics | jq .received)" 0
	stats_calls 3
	job
	equals "$(samples APILatency)" 5
	matches "$(sent APILatency)" ' 7000$'
	stats_calls 1
	job
	equals "$(samples APILatency)" 1
}

@test "cloudwatch: what may have arrived is not told again" {
	job
	emulator DELETE metrics >/dev/null
	stats_calls 2
	emulator POST faults '{"operation":"PutMetricData","action":"effect-then-drop"}' >/dev/null
	run ! job
	equals "$(emulator GET metrics | jq '[.metrics[] | select(.name == "APILatency")] | length') $(samples APILatency)" '1 2'
	stats_calls 3
	job
	equals "$(emulator GET metrics | jq '[.metrics[] | select(.name == "APILatency")] | length') $(samples APILatency)" '2 3'
}

@test "cloudwatch: with a clock that is hours ahead it is told all the same, for its own time" {
	local now
	job
	emulator DELETE metrics >/dev/null
	stats_calls 2
	emulator POST clock '{"offsetSeconds":-10800}' >/dev/null
	job
	equals "$(samples APILatency)" 2
	now=$(emulator GET metrics | jq '.metrics | last | .timestamp | floor')
	(($(date +%s) - now - 10800 < 120 && now + 10800 - $(date +%s) < 120)) || { echo "told for $now" >&2; return 1; }
}

@test "cloudwatch: a run that died while sending counts as sent" {
	job
	emulator DELETE metrics >/dev/null
	stats_calls 2
	redis_c copy "${PRE}metrics" "${PRE}metrics:sending" >/dev/null
	redis_c hset "${PRE}metrics:sending" run another >/dev/null
	stats_calls 3
	job
	equals "$(samples APILatency)" 3
}

@test "cloudwatch: a dry run prints the data and changes nothing" {
	job
	stats_calls 2
	emulator DELETE metrics >/dev/null
	before=$(redis_c hgetall "${PRE}metrics:sent"; redis_c hgetall "${PRE}metrics:window"; redis_c get "${PRE}metrics:sent_at")
	DRY=1 job CLOUDWATCH_ENABLED=false >"$BATS_TEST_TMPDIR/out" 2>/dev/null
	equals "$(jq -c '[.[] | select(.name == "APILatency") | .samples]' "$BATS_TEST_TMPDIR/out")" '[2]'
	equals "$(emulator GET metrics | jq .received)" 0
	equals "$before" "$(redis_c hgetall "${PRE}metrics:sent"; redis_c hgetall "${PRE}metrics:window"; redis_c get "${PRE}metrics:sent_at")"
	equals "$(redis_c exists "${PRE}metrics:sending")" 0
}
