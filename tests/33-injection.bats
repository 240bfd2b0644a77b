# Text that means something elsewhere, in every place that takes text (R54).

load lib/common

# Bytes are compared, not letters.
export LC_ALL=C
payloads=$PROJECT_ROOT/tests/data/injection.txt
programs='token stage viewer stats health'

inject() {
	"$BUILD_DIR/tests/tools/inject" "$(<"$SUITE_DIR/kept/sockets")/fcgi" "$payloads" >"$BATS_TEST_TMPDIR/results"
}
# t NAME PROGRAM METHOD URI [BODY [PARAMETER]]: a line for inject
t() { printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${5:--}" "${6:--}"; }
log_lines() {
	local name
	for name in $programs; do
		cat "$SUITE_DIR/log/$name.log"
	done | grep -ac '"msg":"request"'
}
has_log_lines() { (($(log_lines) >= $1)); }
foreign_keys() { redis_c --scan | grep -vF "$P" | sort; }

setup() {
	go_live
	redis_c set canary:outside alive >/dev/null
	redis_c hset "${P}canary" word alive >/dev/null
	psql_q "CREATE TABLE IF NOT EXISTS canary (word text); TRUNCATE canary; INSERT INTO canary VALUES ('alive')"
	before=$(foreign_keys) lines=$(log_lines)
	for name in $programs; do
		wc -c <"$SUITE_DIR/log/$name.log" >"$BATS_TEST_TMPDIR/log-$name"
	done
	workers=$(for name in $programs; do processes_of "$name"; done | sort)
}
teardown() {
	psql_q 'DROP TABLE IF EXISTS canary'
	redis_c del canary:outside "${P}canary" >/dev/null
	emulator DELETE faults
	remove_stages
}
# Nothing else came of the requests in results than answers.
assert_harmless() {
	local name n
	n=$(wc -l <"$BATS_TEST_TMPDIR/results")
	echo "$n requests: $(cut -f3 "$BATS_TEST_TMPDIR/results" | sort | uniq -c | tr -s ' \n' ' ')"
	equals "$(psql_q 'SELECT word FROM canary')" alive
	equals "$(redis_c get canary:outside) $(redis_c hget "${P}canary" word)" 'alive alive'
	equals "$(foreign_keys)" "$before"
	equals "$(for name in $programs; do processes_of "$name"; done | sort)" "$workers"
	# No header came along, no answer is our failure, each is JSON.
	equals "$(cut -f4 "$BATS_TEST_TMPDIR/results" | sort -u)" ok
	equals "$(awk -F'\t' '$3 !~ /^(2|4|503)/' "$BATS_TEST_TMPDIR/results" | head -n 3)" ''
	equals "$(cut -f6 "$BATS_TEST_TMPDIR/results" | grep -v '^$' | jq -r 'select(.success == null) | .' | head -n 3)" ''
	# A request is a line, a line is JSON and says what we say.
	wait_until 10 has_log_lines $((lines + n))
	equals "$(log_lines)" $((lines + n))
	for name in $programs; do
		tail -c +$(($(<"$BATS_TEST_TMPDIR/log-$name") + 1)) "$SUITE_DIR/log/$name.log"
	done >"$BATS_TEST_TMPDIR/log"
	jq -e '(.ts | type == "string") and (.msg | IN("faked") | not) and .lvl != "fatal"' \
		<"$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/log-checked"
	equals "$(sort -u "$BATS_TEST_TMPDIR/log-checked")" true
	equals "$(wc -l <"$BATS_TEST_TMPDIR/log-checked")" "$(wc -l <"$BATS_TEST_TMPDIR/log")"
	equals "$(LC_ALL=C grep -c '[[:cntrl:]]' <"$BATS_TEST_TMPDIR/log")" 0
}
# accepted NAME [STATUS]: the payloads of text that NAME took, as JSON, one a line
accepted() {
	awk -F'\t' -v name="$1" -v status="${2:-200}" '$1 == name && $3 == status && $5 != "null" { print $5 }' \
		"$BATS_TEST_TMPDIR/results"
}

# The same with what was answered.
accepted_answers() {
	awk -F'\t' '$5 != "null" && $3 == 200 { print "{\"given\":" $5 ",\"answer\":" $6 "}" }' "$BATS_TEST_TMPDIR/results"
}

@test "injection: there are more than 200 payloads, and none of them is twice there" {
	(($(grep -cv '^#' "$payloads") > 200))
	equals "$(grep -v '^#' "$payloads" | sort | uniq -d)" ''
}

@test "injection: in every member of every body" {
	stage=$(new_stage inject 2000) other=$(new_stage inject-other)
	source='"source":"aws.ivs","account":"123456789012","detail-type":"IVS Stage Update","time":"2026-01-01T00:00:00Z"'
	{
		for member in userId stageArn; do
			who="{\"userId\":\"u-{n}\",\"stageArn\":\"$stage\",\"participantId\":\"p\"}"
			who=$(jq -c --arg m "$member" '.[$m] = "{json}"' <<<"$who")
			for call in heartbeat rejoin leave; do
				t "$call-$member" viewer POST "/api/viewer/$call" "$who"
			done
			t "viewer-$member" token POST /api/token/viewer "$who"
			t "publisher-$member" token POST /api/token/publisher "$(jq -c --arg a "$other" 'if .stageArn == "{json}" then . else .stageArn = $a end' <<<"$who")"
		done
		t rejoin-participantId viewer POST /api/viewer/rejoin "{\"userId\":\"part-{n}\",\"stageArn\":\"$stage\",\"participantId\":\"{json}\"}"
		t viewer-username token POST /api/token/viewer "{\"userId\":\"named-{n}\",\"stageArn\":\"$stage\",\"username\":\"{json}\"}"
		t mediaserver-serverId token POST /api/token/mediaserver "{\"serverId\":\"{json}\",\"stageArn\":\"$other\"}"
		t mediaserver-stageArn token POST /api/token/mediaserver '{"serverId":"m","stageArn":"{json}"}'
		t member viewer POST /api/viewer/leave "{\"userId\":\"m-{n}\",\"stageArn\":\"$stage\",\"{json}\":\"{json}\"}"
		t whole viewer POST /api/viewer/leave '{raw}'
		t create-name stage POST /api/stage '{"name":"{json}"}'
		t create-tags stage POST /api/stage '{"name":"inject","tags":{"{json}":"{json}"}}'
		t change-name stage PUT "/api/stage/$stage" '{"name":"{json}"}'
		t replicate-source stage POST /api/stage/replication/start "{\"sourceStageArn\":\"{json}\",\"destinationStageArn\":\"$stage\",\"participantId\":\"p\"}"
		t replicate-destination stage POST /api/stage/replication/start "{\"sourceStageArn\":\"$stage\",\"destinationStageArn\":\"{json}\",\"participantId\":\"p\"}"
		t replicate-participant stage DELETE /api/stage/replication/stop "{\"sourceStageArn\":\"$stage\",\"destinationStageArn\":\"{json}\",\"participantId\":\"{json}\"}"
		t set-publisher stats PUT /api/stats/publisher '{"isPublisherLive":"{json}"}'
		for member in event_name participant_id user_id session_id event_time_precise; do
			t "event-$member" stats POST /api/stats/events "$(jq -c --arg m "$member" '.detail[$m] = "{json}"' <<<"{$source,\"resources\":[\"$stage\"],\"detail\":{\"event_name\":\"Participant Unpublished\",\"participant_id\":\"p-{n}\",\"user_id\":\"u\",\"event_time_precise\":\"2026-01-01T00:00:00.000Z\"}}")"
		done
		t event-resource stats POST /api/stats/events "{$source,\"resources\":[\"{json}\"],\"detail\":{\"event_name\":\"Participant Unpublished\",\"participant_id\":\"p\"}}"
		t event-source stats POST /api/stats/events "{\"source\":\"{json}\",\"detail-type\":\"{json}\",\"detail\":{\"event_name\":\"x\"}}"
	} | inject
	assert_harmless

	# What was taken comes back as it was: the viewer list, history, participants, names.
	accepted rejoin-userId | jq -c . | sort >"$BATS_TEST_TMPDIR/taken"
	(($(wc -l <"$BATS_TEST_TMPDIR/taken") > 200))
	list_all "$stage" '.userId' | sort >"$BATS_TEST_TMPDIR/listed"
	equals "$(comm -23 "$BATS_TEST_TMPDIR/taken" <({ cat "$BATS_TEST_TMPDIR/listed"; left_since; } | sort))" ''
	cp "$BATS_TEST_TMPDIR/results" "$BATS_TEST_TMPDIR/first"
	t history viewer GET '/api/viewer/history/{uri}' | inject
	accepted_answers >"$BATS_TEST_TMPDIR/histories"
	equals "$(jq -c 'select(.given != .answer.data.userId) | .given' "$BATS_TEST_TMPDIR/histories")" ''
	jq -c 'select(.answer.data.history | length > 0) | .given' "$BATS_TEST_TMPDIR/histories" | sort >"$BATS_TEST_TMPDIR/remembered"
	equals "$(comm -23 "$BATS_TEST_TMPDIR/taken" "$BATS_TEST_TMPDIR/remembered")" ''
	list_all "$stage" 'select(.userId | startswith("part-")) | .participantId' | sort -u >"$BATS_TEST_TMPDIR/listed"
	mv "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/results"
	equals "$(accepted rejoin-participantId | jq -c . | sort -u | comm -23 - "$BATS_TEST_TMPDIR/listed")" ''
}
# Who left again, or moved: leave-userId and the tokens ran beside.
left_since() { accepted leave-userId | jq -c .; }
# list_all ARN JQ: of each viewer in the list of a stage, as JSON
list_all() {
	local cursor=
	while :; do
		api GET "/api/viewer/list/$1?limit=500${cursor:+&cursor=$(uri "$cursor")}"
		assert_status 200
		jq -c ".data.viewers[] | $2" <<<"$http_body"
		cursor=$(json '.data.nextCursor // ""')
		[ "$cursor" ] || return 0
	done
}

@test "injection: in every path and every parameter of a query, encoded and not" {
	local form
	for form in uri raw; do
		for path in /api/viewer/history/ /api/viewer/list/ /api/viewer/stats/ /api/viewer/ /api/ /; do
			t "path-$form" viewer GET "$path{$form}"
		done
		for path in /api/stage/ /api/stage/replication/status/; do
			t "path-$form" stage GET "$path{$form}"
		done
		t "path-$form" stats GET "/api/stats/stages/{$form}"
		t "path-$form" stats GET "/{$form}/api/stats"
		for query in userId=x stageArn="$MASTER"; do
			t "query-$form" viewer GET "/api/viewer/duration?$query&userId={$form}"
			t "query-$form" viewer GET "/api/viewer/duration?$query&stageArn={$form}"
		done
		for name in limit before; do
			t "query-$form" viewer GET "/api/viewer/history/x?$name={$form}"
		done
		for name in cursor limit; do
			t "query-$form" viewer GET "/api/viewer/list/$MASTER?$name={$form}"
		done
		t "query-$form" viewer GET "/api/viewer/stats/$MASTER?days={$form}"
		t "query-$form" stage GET "/api/stage/list?nextToken={$form}"
		t "query-$form" stage GET "/api/stage/list?maxResults={$form}"
		t "query-$form" stats GET "/api/stats/stages?arn={$form}"
		t "query-$form" stats GET "/api/stats/history?stageArn={$form}"
		t "query-$form" stats GET "/api/stats/history?hours={$form}"
		t "query-$form" stats GET "/api/stats?{$form}={$form}"
	done | inject
	assert_harmless
}

@test "injection: in every header" {
	stage=$(a_stage '' 2000)
	{
		for name in X_REQUEST_ID ORIGIN ACCEPT_LANGUAGE USER_AGENT AUTHORIZATION HOST REFERER COOKIE; do
			t "$name" stats GET /api/stats/viewers - "HTTP_$name"
			t "$name" health GET /nothing - "HTTP_$name"
		done
		for name in X_API_KEY X_INTERNAL_SECRET; do
			t "$name" token POST /api/token/mediaserver '{"serverId":"m","stageArn":"x"}' "HTTP_$name"
		done
		t idempotency stage POST /api/stage '{"name":"inject"}' HTTP_IDEMPOTENCY_KEY
		t agent viewer POST /api/viewer/rejoin "{\"userId\":\"agent-{n}\",\"stageArn\":\"$stage\",\"participantId\":\"p\"}" HTTP_USER_AGENT
		t address viewer POST /api/viewer/rejoin "{\"userId\":\"address-{n}\",\"stageArn\":\"$stage\",\"participantId\":\"p\"}" HTTP_X_FORWARDED_FOR
		t method stats GET /api/stats/viewers - REQUEST_METHOD_X
		t origin stats OPTIONS /api/stats - HTTP_ORIGIN
		t length viewer POST /api/viewer/leave "{\"userId\":\"l-{n}\",\"stageArn\":\"$stage\"}" CONTENT_LENGTH
		t type viewer POST /api/viewer/leave "{\"userId\":\"l-{n}\",\"stageArn\":\"$stage\"}" HTTP_CONTENT_TYPE
	} | inject
	assert_harmless
	# No payload opens anything.
	equals "$(awk -F'\t' '$1 ~ /^X_(API_KEY|INTERNAL)/ { print $1, $3 }' "$BATS_TEST_TMPDIR/results" | sort -u)" \
		$'X_API_KEY 401\nX_INTERNAL_SECRET 403'
	# Those who told an agent are in history with it, to the byte.
	accepted agent >"$BATS_TEST_TMPDIR/given"
	(($(wc -l <"$BATS_TEST_TMPDIR/given") > 200))
	t history viewer GET '/api/viewer/history/agent-{n}' | inject
	accepted_answers >"$BATS_TEST_TMPDIR/kept"
	(($(wc -l <"$BATS_TEST_TMPDIR/kept") >= $(wc -l <"$BATS_TEST_TMPDIR/given")))
	equals "$(jq -c 'select(.given != .answer.data.history[0].userAgent)' "$BATS_TEST_TMPDIR/kept")" ''
}
