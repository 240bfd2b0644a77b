# Credentials: who may call what, API keys and their life. Session tokens: 32-session.bats.
bats_require_minimum_version 1.5.0
load lib/common
load lib/ctl
load lib/credentials

setup() {
	# The settings of this stack are in the environment.
	export IVS_ENV_FILE=/dev/null
}

# ---- the table: credential x route ----

# A class for each route of the programs, and a request that does nothing. A route that is missing
# here, and one that is not there any more, fails the test.
ROUTES='
public      GET / 
public      GET /ws
public      GET /livez
public      GET /readyz
public      GET /health
public      GET /api/health
scrape      GET /metrics
read        GET /api/stats
read        GET /api/stats/viewers
read        GET /api/stats/stages
read        GET /api/stats/stages/{stageId}
read        GET /api/stats/publisher
read        GET /api/stats/history
read        GET /api/viewer/list/{stageArn}
read        GET /api/viewer/history/{userId}
read        GET /api/viewer/stats/{stageArn}
read        GET /api/stage/list
read        GET /api/stage/master/info
read        GET /api/stage/{stageArn}
read        GET /api/stage/replication/status/{stageArn}
read        GET /api/stage/replication/publisher-info
viewer      POST /api/viewer/heartbeat
viewer      POST /api/viewer/rejoin
viewer      POST /api/viewer/leave
viewer_get  GET /api/viewer/duration
token       POST /api/token/publisher
token       POST /api/token/viewer
internal    POST /api/token/mediaserver
admin       PUT /api/stats/publisher
events      POST /api/stats/events
admin       POST /api/stage
admin       PUT /api/stage/{stageArn}
admin       DELETE /api/stage/{stageArn}
admin       POST /api/stage/replication/start
admin       DELETE /api/stage/replication/stop
admin       POST /api/viewer/kick
admin       DELETE /api/viewer/ban/{userId}
admin       DELETE /api/viewer/history/{userId}
'
# What each credential gets: `in` is any answer but 401 and 403.
EXPECTED='
credential              public scrape read viewer viewer_get token internal admin events
none                    in     401    401  401    401        401   401      401   401
wrong                   in     401    401  401    401        401   401      401   401
wrong_managed           in     401    401  401    401        401   401      401   401
full                    in     in     in   in     in         in    403      in    in
second                  in     in     in   in     in         in    403      in    in
both_full               in     401    401  401    401        401   401      401   401
full_and_secret         in     in     in   in     in         in    in       in    in
full_and_wrong_secret   in     in     in   in     in         in    403      in    in
full_as_bearer          in     in     401  401    401        401   401      401   401
secret_alone            in     401    401  401    401        401   401      401   401
secret_as_key           in     401    401  401    401        401   401      401   401
session_secret_as_key   in     401    401  401    401        401   401      401   401
read                    in     in     in   403    in         403   403      403   403
read_and_secret         in     in     in   403    in         403   403      403   403
read_as_bearer          in     in     401  401    401        401   401      401   401
m_read                  in     in     in   403    in         403   403      403   403
m_viewer                in     403    403  in     in         403   403      403   403
m_viewer_and_secret     in     403    403  in     in         403   403      403   403
m_token                 in     403    403  403    403        in    403      403   403
m_token_and_secret      in     403    403  403    403        in    in       403   403
m_events                in     403    403  403    403        403   403      403   in
m_events_and_secret     in     403    403  403    403        403   403      403   in
m_metrics               in     in     403  403    403        403   403      403   403
m_metrics_as_bearer     in     in     401  401    401        401   401      401   401
m_events_metrics        in     in     403  403    403        403   403      403   in
m_read_viewer           in     in     in   in     in         403   403      403   403
m_admin                 in     in     in   in     in         in    403      in    in
m_admin_and_secret      in     in     in   in     in         in    in       in    in
m_admin_as_bearer       in     in     401  401    401        401   401      401   401
m_expired               in     401    401  401    401        401   401      401   401
m_revoked               in     401    401  401    401        401   401      401   401
s_own                   in     403    403  in     in         403   403      403   403
s_own_and_wrong_key     in     401    401  401    401        401   401      401   401
s_other_user            in     403    403  403    403        403   403      403   403
s_other_stage           in     403    403  403    403        403   403      403   403
s_expired               in     401    401  401    401        401   401      401   401
s_forged                in     401    401  401    401        401   401      401   401
s_other_show            in     401    401  401    401        401   401      401   401
s_rotated_out           in     401    401  401    401        401   401      401   401
s_as_key                in     401    401  401    401        401   401      401   401
'

# The headers of a credential, one a line.
headers_of() {
	local key="x-api-key: " bearer="Authorization: Bearer "
	local secret="x-internal-secret: $INTERNAL_SECRET" later=$(($(date +%s) * 1000 + 600000))
	case $1 in
	none) ;;
	wrong) echo "${key}canary-wrong-key-0123456789" ;;
	wrong_managed) echo "${key}ivs_0123456789_$(repeat 43 x | tr -d '\n')" ;;
	full) echo "$key$KEY" ;;
	second) echo "$key${API_SECRET_KEY##*,}" ;;
	both_full) echo "$key$KEY"; echo "$key${API_SECRET_KEY##*,}" ;;
	full_and_secret) echo "$key$KEY"; echo "$secret" ;;
	full_and_wrong_secret) echo "$key$KEY"; echo "${secret}x" ;;
	full_as_bearer) echo "$bearer$KEY" ;;
	secret_alone) echo "$secret" ;;
	secret_as_key) echo "$key$INTERNAL_SECRET" ;;
	session_secret_as_key) echo "$key$SESSION_SECRET" ;;
	read) echo "$key$READ_KEY" ;;
	read_and_secret) echo "$key$READ_KEY"; echo "$secret" ;;
	read_as_bearer) echo "$bearer$READ_KEY" ;;
	m_*_and_secret) echo "$key${keys[${1%_and_secret}]}"; echo "$secret" ;;
	m_*_as_bearer) echo "$bearer${keys[${1%_as_bearer}]}" ;;
	m_*) echo "$key${keys[$1]}" ;;
	s_own) echo "$bearer$(session_token ben "$NOWHERE" "$later")" ;;
	s_own_and_wrong_key) echo "$bearer$(session_token ben "$NOWHERE" "$later")"; echo "${key}wrong-key-0123456789" ;;
	s_other_user) echo "$bearer$(session_token eve "$NOWHERE" "$later")" ;;
	s_other_stage) echo "$bearer$(session_token ben "${NOWHERE}2" "$later")" ;;
	s_expired) echo "$bearer$(session_token ben "$NOWHERE" $((later - 600001)))" ;;
	s_forged) echo "$bearer$(session_token ben "$NOWHERE" "$later" | sed 's/^v1\.\(.*\)\..*/v1.\1.'"$(repeat 43 A | tr -d '\n')/")" ;;
	s_other_show) echo "$bearer$(session_token ben "$NOWHERE" "$later" "$SESSION_SECRET" "${MASTER}x")" ;;
	s_rotated_out) echo "$bearer$(session_token ben "$NOWHERE" "$later" canary-old-session-secret-0123456789)" ;;
	s_as_key) echo "$key$(session_token ben "$NOWHERE" "$later")" ;;
	*) echo "no such credential: $1" >&2; return 1 ;;
	esac
}
documented_routes() {
	awk '/^  \// { sub(/:$/, ""); path = $1 }
		/^    (get|post|put|delete):/ { sub(/:/, ""); print toupper($1), path }' "$PROJECT_ROOT/docs/openapi.yaml" | sort
}
routes() { awk 'NF { print $2, $3 }' <<<"$ROUTES"; }
# A request for each route, in their order: with valid ids, so that the credential decides.
requests() {
	local method path
	while read -r method path; do
		path=${path//'{stageArn}'/$NOWHERE} path=${path//'{userId}'/ben}
		path=${path//'{stageId}'/NoSuchStage}
		case $method:$path in
		*/api/viewer/duration) path+="?userId=ben&stageArn=$NOWHERE" ;&
		GET:*) echo "$method $path" ;;
		*/api/viewer/*) echo "$method $path $(obj userId ben stageArn "$NOWHERE" participantId p)" ;;
		*) echo "$method $path {}" ;;
		esac
	done < <(routes)
}
# in, 401 or 403 for each route.
outcomes() { # CREDENTIAL
	local -a args=()
	local header
	while read -r header; do
		args+=(-H "$header")
	done < <(headers_of "$1")
	"$BUILD_DIR/tests/tools/load" "$BASE_URL" 4 "${args[@]}" <"$BATS_TEST_TMPDIR/requests" | sort -n -k2 |
		awk '{ print ($1 == 401 || $1 == 403 ? $1 : $1 > 199 && $1 < 500 ? "in" : "failed:" $1) }'
}

@test "table: every credential on every route gets what the table says" {
	local -A keys=()
	local credential columns row bad=0
	[ "$(routes | sort)" = "$(documented_routes)" ] ||
		{ diff <(routes | sort) <(documented_routes); false; }
	NOWHERE=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/NoSuchStage
	for credential in read viewer token admin events metrics expired revoked read_viewer events_metrics; do
		case $credential in
		expired | revoked) make_key admin ;;
		*) make_key "${credential/_/,}" ;;
		esac
		keys[m_$credential]=$key
		case $credential in
		expired) expire_now "$id" ;;
		revoked) ctl key revoke "$id" && equals "$status" 0 ;;
		esac
	done
	sleep 2 # for the last one to be known everywhere
	requests >"$BATS_TEST_TMPDIR/requests"
	read -r -a columns <<<"$(sed -n 2p <<<"$EXPECTED")"
	while read -r -a row; do
		outcomes "${row[0]}" >"$BATS_TEST_TMPDIR/got"
		awk -v columns="${columns[*]}" -v row="${row[*]}" '
			BEGIN { n = split(columns, c); split(row, r); for (i = 1; i <= n; i++) want[c[i]] = r[i] }
			{ print want[$1] }' <(sed '/^$/d' <<<"$ROUTES") >"$BATS_TEST_TMPDIR/wanted"
		paste -d ' ' <(routes) "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got" |
			awk -v who="${row[0]}" '$3 != $4 { print who ": " $1, $2 ": wanted", $3 ", got", $4; bad = 1 }
				END { exit bad || NR < 30 }' || bad=1
	done < <(sed '1,2d;/^$/d' <<<"$EXPECTED")
	[ "$bad" = 0 ]
}

@test "table: slashes at the end of a path are no part of it, on any route (F3)" {
	local method path body plain with
	NOWHERE=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/NoSuchStage
	outcome() { # PATH: status, code of an error, the user it was about
		api "$method" "$1" "${body:--}"
		echo "$method $path: $http_status $(json '.error.code, .data.userId' 2>/dev/null | xargs)"
	}
	while read -r method path body; do
		plain=$(outcome "$path")
		for with in / //; do
			equals "$(outcome "$(sed -E "s#[?]|\$#$with&#" <<<"$path")")" "$plain"
		done
	done < <(requests)
}

@test "texts: each refusal says in both languages what to do" {
	local lang
	make_key read
	for lang in zh-TW en; do
		refusal() { call POST "$1" "${3:-{\}}" -H "Accept-Language: $lang" -H "$2"; }
		refusal /api/viewer/heartbeat 'x-none: 1'
		assert_error 401 UNAUTHORIZED
		matches "$(json .error.message)" 'x-api-key.*sessionToken'
		refusal /api/viewer/heartbeat 'Authorization: Bearer v1.x.y'
		assert_error 401 UNAUTHORIZED
		matches "$(json .error.message)" 'POST /api/token/viewer'
		refusal /api/viewer/heartbeat "Authorization: Bearer $(session_token a "$MASTER" 1)"
		assert_error 401 UNAUTHORIZED
		matches "$(json .error.message)" '(過期|expired).*POST /api/token/viewer'
		later=$(($(date +%s) * 1000 + 60000))
		refusal /api/viewer/heartbeat "Authorization: Bearer $(session_token a "$MASTER" "$later")" '{"userId":"b"}'
		assert_error 403 FORBIDDEN
		matches "$(json .error.message)" 'userId.*stageArn'
		refusal /api/stage "Authorization: Bearer $(session_token a "$MASTER" "$later")"
		assert_error 403 FORBIDDEN
		matches "$(json .error.message)" 'sessionToken.*API'
		refusal /api/token/viewer "x-api-key: $key"
		assert_error 403 FORBIDDEN
		matches "$(json .error.message)" 'GET'
	done
}

# ---- what is not set opens nothing ----

@test "closed: keys that Redis does not have are refused, and come back by key publish" {
	make_key read
	get_as "$key"
	assert_status 200
	redis_c del "${P}api:keys" "${P}api:keys:version" >/dev/null
	wait_until 5 eval 'get_as "$key"; [ "$http_status" = 401 ]'
	ctl key publish
	done_well
	wait_until 5 eval 'get_as "$key"; [ "$http_status" = 200 ]'
}

@test "closed: while nobody knows whether a key was revoked it is 503, and other keys are not touched" {
	make_key read
	cgi stats GET /api/stats '' HTTP_X_API_KEY="$key" REDIS_SOCKET="$BATS_TEST_TMPDIR/nowhere"
	assert_away redis
	cgi stats GET /api/stats '' HTTP_X_API_KEY=ivs_nonsense REDIS_SOCKET="$BATS_TEST_TMPDIR/nowhere"
	assert_error 401 UNAUTHORIZED
	cgi stats GET /api/stats '' HTTP_X_API_KEY="$key"
	assert_status 200
}

@test "closed: SKIP_AUTH opens in development only, also for who has a session token" {
	u=$(fresh) stage=$(a_stage)
	seat "$u" "$stage"
	beat_in() { # NODE_ENV AUTHORIZATION
		cgi viewer POST /api/viewer/heartbeat '' HTTP_X_API_KEY= SKIP_AUTH=true NODE_ENV="$1" HTTP_AUTHORIZATION="$2"
	}
	token=$(session_token "$u" "$stage" $(($(date +%s) * 1000 + 60000)))
	beat_in development "Bearer $token"
	assert_status 200
	beat_in development "Bearer ${token}x"
	assert_error 400 VALIDATION_ERROR
	beat_in production "Bearer ${token}x"
	assert_error 401 UNAUTHORIZED
}

# ---- keys: ivsctl ----

@test "keys: made with scopes, end and note; shown once, kept as a digest, listed with last use" {
	ctl key create --scopes viewer,read --expires 90d --note 'the site, Zürich'
	equals "$status" 0
	matches "$output" '^ivs_[a-z0-9]{4,32}_[A-Za-z0-9_-]{43}$'
	matches "$stderr" 'read,viewer; expires: 20.*only now'
	key=$output id=$(cut -d_ -f2 <<<"$output")
	equals "$(psql_q "SELECT encode(sha256, 'hex') = '$(printf %s "$key" | sha256sum | cut -d' ' -f1)', note,
		array_to_string(scopes, ' '), expires_at - created_at BETWEEN '89 days 23 hours' AND '90 days 1 minute'
		FROM api_keys WHERE id = '$id'")" 't|the site, Zürich|read viewer|t'
	# No table of ours and no key of Redis has it.
	equals "$(psql_q "SELECT count(*) FROM api_keys k WHERE position('${key: -43}' in k::text) > 0")" 0
	equals "$(redis_c hgetall "${P}api:keys" | grep -cF "${key: -43}")" 0
	equals "$(redis_c hget "${P}api:keys" "$(printf %s "$key" | sha256sum | cut -d' ' -f1)" | jq -r '"\(.id) \(.scopes)"')" \
		"$id read,viewer"
	equals "$(key_list "$id" .lastUsedAt)" null
	get_as "$key"
	assert_status 200
	wait_until 5 eval '[ "$(redis_c exists "${P}api:keys:used:$id")" = 1 ]'
	written
	matches "$(key_list "$id" '"\(.state) \(.scopes) \(.lastUsedAt) \(.note)"')" "^active read,viewer 20.*Z the site, Zürich$"
	ctl key list
	equals "$status" 0
	matches "$output" "ID +SCOPES +STATE"
	matches "$output" "$id +read,viewer +active"
}

@test "keys: the last use is stated at most once a minute, however many workers see it" {
	make_key read
	begin_monitor
	repeat 200 'GET /api/stats/viewers' | load_with "$key" 8 >/dev/null
	wait_until 5 eval '[ "$(redis_c exists "${P}api:keys:used:$id")" = 1 ]'
	repeat 200 'GET /api/stage/list' | load_with "$key" 8 >/dev/null
	sleep 2
	end_monitor
	equals "$(grep -i '"xadd"' "$monitor" | grep -cF "$id")" 1
}

@test "keys: what is not understood makes none" {
	local before words
	before=$(psql_q 'SELECT count(*) FROM api_keys')
	ctl key create
	refused 64 'which scopes'
	for words in 'root' 'read,root' ',' ''; do
		ctl key create --scopes "$words"
		equals "$status" 64
	done
	for words in 90 d -1d 1y tomorrow 2020-01-01 0d '2027-13-01' 9999999d; do
		ctl key create --scopes read --expires="$words"
		refused 64 -- '--expires'
	done
	ctl key create --scopes read --note $'a\nb'
	refused 64 'note'
	ctl key create --scopes read --note "$(repeat 201 x | tr -d '\n')"
	refused 64 'note'
	ctl key rotate nosuchkey
	refused 65 'no key'
	ctl key revoke nosuchkey
	refused 65 'no key'
	ctl key rotate "x'); DROP TABLE api_keys; --"
	refused 65 'no key'
	equals "$(psql_q 'SELECT count(*) FROM api_keys')" "$before"
	ctl key create --scopes read --expires 2099-12-31 --json
	equals "$status $(jq -r '.expiresAt' <<<"$output")" '0 2099-12-31T00:00:00.000Z'
}

@test "keys: one that ends by itself says so, and lives by the clock of Redis" {
	make_key read --expires 1h
	get_as "$key"
	assert_status 200
	expire_now "$id"
	wait_until 5 eval 'get_as "$key"; [ "$http_status" = 401 ]'
	# In the copy, not published anew: the programs themselves see that its time is over.
	make_key read
	digest=$(printf %s "$key" | sha256sum | cut -d' ' -f1)
	redis_c eval "redis.call('HSET', KEYS[1] .. 'api:keys', ARGV[1], '{\"id\":\"$id\",\"scopes\":\"read\",\"exp\":1}')
		redis.call('SET', KEYS[1] .. 'api:keys:version', '0 test')" 1 "$P" "$digest" >/dev/null
	wait_until 5 eval 'get_as "$key"; [ "$http_status" = 401 ]'
	matches "$(json .error.message)" '過期'
	ctl key publish
	wait_until 5 eval 'get_as "$key"; [ "$http_status" = 200 ]'
}

@test "keys: a revoke that could not reach Redis says so, and is repaired by running it again" {
	make_key read
	get_as "$key"
	assert_status 200
	REDIS_SOCKET=$BATS_TEST_TMPDIR/nowhere ctl key revoke "$id"
	refused 69 'STILL WORKS.*ivsctl key publish'
	sleep 2
	get_as "$key"
	assert_status 200
	ctl key revoke "$id"
	equals "$status" 0
	wait_until 3 eval 'get_as "$key"; [ "$http_status" = 401 ]'
	REDIS_SOCKET=$BATS_TEST_TMPDIR/nowhere ctl key create --scopes read
	equals "$status" 69
	matches "$stderr" 'DOES NOT WORK YET|does NOT WORK YET'
	key=$output
	get_as "$key"
	assert_error 401 UNAUTHORIZED
	ctl key publish
	done_well
	wait_until 3 eval 'get_as "$key"; [ "$http_status" = 200 ]'
	DB_HOST=$BATS_TEST_TMPDIR ctl key revoke "$id"
	refused 69 'revoking the key'
}

# After `ctl key rotate ... --json`: how long the old key lives on, in seconds.
overlap_of() { # OLD_ID
	psql_q "SELECT extract(epoch FROM o.expires_at - n.created_at)::int FROM api_keys o, api_keys n
		WHERE o.id = '$1' AND n.id = '$(jq -r .id <<<"$output")'"
}

@test "keys: a rotated key is good for the overlap, a day if nothing is said, and no longer" {
	make_key read
	ctl key rotate "$id" --json
	equals "$status $(overlap_of "$id")" '0 86400'
	make_key read
	ctl key rotate "$id" --overlap 6s --json
	equals "$status $(overlap_of "$id")" '0 6'
	new=$(jq -r .key <<<"$output")
	wait_until 20 eval 'get_as "$key"; [ "$http_status" = 401 ]'
	equals "$(key_list "$id" .state)" expired
	get_as "$new"
	assert_status 200
}

@test "keys: a rotated key never lives longer for it, and its heir as long as it was made for" {
	make_key read --expires 2h
	psql_q "UPDATE api_keys SET created_at = created_at - interval '1 hour', expires_at = expires_at - interval '1 hour'
		WHERE id = '$id'"
	ends=$(key_list "$id" .expiresAt)
	ctl key rotate "$id" --json
	equals "$status $(jq -r .oldExpiresAt <<<"$output")" "0 $ends"
	equals "$(key_list "$id" .expiresAt)" "$ends"
	equals "$(psql_q "SELECT round(extract(epoch FROM expires_at - created_at)) FROM api_keys
		WHERE id = '$(jq -r .id <<<"$output")'")" 7200
	make_key read
	ctl key rotate "$id" --json
	equals "$(jq -r .expiresAt <<<"$output")" null
}

@test "keys: one that has ended is not rotated into one that lives" {
	local end
	for end in expires_at revoked_at; do
		make_key admin
		psql_q "UPDATE api_keys SET $end = now() WHERE id = '$id'"
		before=$(psql_q 'SELECT count(*) FROM api_keys')
		ctl key rotate "$id"
		refused 65 'no key .* that is good'
		equals "$end $(psql_q 'SELECT count(*) FROM api_keys')" "$end $before"
	done
}

@test "keys: a list that was read before a key was revoked does not bring it back" {
	put() { redis_c eval "$(whole_script keys_put)" 1 "${P}old:" '' 0 0 '' 60000 "$MASTER" 50 "$@" | xargs; }
	equals "$(put '[]' 7 '')" OK
	version=$(redis_c get "${P}old:api:keys:version")
	equals "$(put '[["ab","revoked","admin",0]]' 6 '')" "OLDER $version"
	equals "$(put '[["ab","revoked","admin",0]]' 6 '7 1')" "OLDER $version"
	equals "$(redis_c hlen "${P}old:api:keys")" 0
	equals "$(put '[["ab","restored","admin",0]]' 6 "$version") $(redis_c hkeys "${P}old:api:keys")" 'OK ab'
}

@test "keys: many changes at once leave the programs with what PostgreSQL has" {
	local i
	for i in 1 2 3 4 5 6; do make_key read && echo "$id"; done >"$BATS_TEST_TMPDIR/ids"
	while read -r i; do
		"$BUILD_DIR/ctl/ivsctl" key revoke "$i" >/dev/null 3>&- &
		"$BUILD_DIR/ctl/ivsctl" key create --scopes token >/dev/null 2>&1 3>&- &
	done <"$BATS_TEST_TMPDIR/ids"
	wait
	equals "$(redis_c hkeys "${P}api:keys" | sort | sha256sum)" \
		"$(psql_q "SELECT encode(sha256, 'hex') FROM api_keys WHERE revoked_at IS NULL
			AND (expires_at IS NULL OR expires_at > now())" | sort | sha256sum)"
	# A copy that claims to be newer than PostgreSQL is of a database that is no more.
	redis_c set "${P}api:keys:version" '99999999 x' >/dev/null
	ctl key publish
	done_well
	[[ $(redis_c get "${P}api:keys:version") != 9999* ]]
}

@test "keys: made, used, rotated and revoked under load: nobody is refused, and the end is known in 2 s (R41)" {
	# Those before made workers look for keys that are none: 4 times at once, then once a second.
	sleep 5
	make_key read,token --expires 30d --note r41
	old=$key old_id=$id
	paced 4 "$old" >"$BATS_TEST_TMPDIR/old" 3>&- &
	ctl key rotate "$old_id" --overlap 1h --json
	equals "$status" 0
	new=$(jq -r .key <<<"$output") new_id=$(jq -r .id <<<"$output")
	equals "$(jq -r '"\(.scopes) \(.note) \(.replaces)"' <<<"$output")" "read,token r41 $old_id"
	paced 4 "$new" >"$BATS_TEST_TMPDIR/new" 3>&- &
	wait
	# 400 is what a token without a user gets: past the key.
	equals "$(awk '$1 != 200 && $1 != 400' "$BATS_TEST_TMPDIR/old" "$BATS_TEST_TMPDIR/new" | head -n 3)" ''
	echo "answered: $(cat "$BATS_TEST_TMPDIR/old" "$BATS_TEST_TMPDIR/new" | wc -l), refused: 0" >&3
	matches "$(key_list "$old_id" .expiresAt)" '^20'
	# The second one took the place of a key that was about to end, and is made for 30 days all the same.
	equals "$(psql_q "SELECT expires_at - created_at BETWEEN '29 days 23 hours' AND '30 days 1 minute'
		FROM api_keys WHERE id = '$new_id'")" t
	paced 5 "$old" >"$BATS_TEST_TMPDIR/dying" 3>&- &
	sleep 1
	ctl key revoke "$old_id"
	equals "$status" 0
	sleep 2
	burst "$old" >"$BATS_TEST_TMPDIR/dead"
	wait
	equals "$(awk '$1 != 401' "$BATS_TEST_TMPDIR/dead" | head -n 3)" ''
	[ "$(wc -l <"$BATS_TEST_TMPDIR/dead")" -ge 250 ]
	[ "$(count_status 200 <"$BATS_TEST_TMPDIR/dying")" -gt 0 ]
	burst "$new" >"$BATS_TEST_TMPDIR/alive"
	equals "$(count_status 401 <"$BATS_TEST_TMPDIR/alive")" 0
	# The secret is in no log, no process list and no copy.
	equals "$(grep -rlF -- "${old: -43}" "$SUITE_DIR/log" | head -n 1)" ''
}
