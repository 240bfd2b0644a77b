# Viewers' session tokens: what a page may do with one, and what not.

load lib/common
load lib/credentials
load lib/show

# A viewer by token: $u $stage $token
viewer() {
	u=$(fresh viewer) stage=${1:-$(new_stage session)}
	api POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")"
	assert_status 200
	token=$(json .data.sessionToken)
}
with_token() { # METHOD PATH [BODY]
	local args=(-X "$1")
	[ "$1" = GET ] || args+=(--data-binary "${3:-}")
	ask "$2" "${args[@]}" -H "Authorization: Bearer $token"
}
# As navigator.sendBeacon: no header but its own.
beacon() { # BODY
	ask /api/viewer/leave -H 'Content-Type: text/plain;charset=UTF-8' -H 'Origin: https://show.example' --data-binary "$1"
}
ask() { # PATH CURL_ARGS...
	local out
	out=$(curl -sS -D "$BATS_TEST_TMPDIR/headers" --max-time 30 -w '\n%{http_code}' "$BASE_URL$1" "${@:2}")
	http_status=${out##*$'\n'} http_body=${out%$'\n'*}
	http_headers=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers")
}

@test "session: a page beats, asks and leaves with its token, and needs to say nothing else" {
	viewer
	with_token POST /api/viewer/heartbeat
	equals "$http_status $(json '.data | "\(.userId) \(.stageArn) \(.currentViewers)"')" "200 $u $stage 1"
	with_token POST /api/viewer/heartbeat "$(obj userId "$u" stageArn "$stage")"
	assert_status 200
	with_token GET /api/viewer/duration
	equals "$http_status $(json '.data | "\(.userId) \(.stageArn)"')" "200 $u $stage"
	with_token GET "/api/viewer/duration?userId=$u"
	assert_status 200
	with_token POST /api/viewer/leave '{}'
	equals "$http_status $(json .data.viewerLeft)" '200 true'
	with_token POST /api/viewer/heartbeat
	assert_error 404 NOT_FOUND
	equals "$(rows "$u" end_reason)" leave
}

@test "session: it is for that user on that stage, whatever the request says" {
	local body
	viewer
	other=$(fresh)
	seat "$other" "$stage"
	for body in "$(obj userId "$other")" "$(obj userId "$other" stageArn "$stage")" "$(obj stageArn "$MASTER")"; do
		for path in heartbeat leave; do
			with_token POST "/api/viewer/$path" "$body"
			assert_error 403 FORBIDDEN
		done
		with_token POST /api/viewer/rejoin "$(jq -c '. + {participantId: "p"}' <<<"$body")"
		assert_error 403 FORBIDDEN
	done
	with_token GET "/api/viewer/duration?userId=$other"
	assert_error 403 FORBIDDEN
	with_token POST /api/viewer/heartbeat '{"userId":7}'
	assert_error 400 VALIDATION_ERROR
	equals "$(seats "$stage")" 2
}

@test "session: its life is that of the viewer token and one silence more" {
	viewer
	claims=$(cut -d. -f2 <<<"$token" | tr '_-' '/+' | base64 -d 2>/dev/null || true)
	life=$((($(jq .e <<<"$claims") - $(date +%s) * 1000) / 1000))
	((life > 3600 + 60 - 20 && life <= 3600 + 60))
	equals "$(jq -r '"\(.u) \(.a)"' <<<"$claims")" "$u $stage"
	equals "$(session_token "$u" "$stage" "$(jq .e <<<"$claims")" "$SESSION_SECRET" "$MASTER" "$(jq -r .s <<<"$claims")" "$(json .data.participantId)")" "$token"
}

@test "session: a late leave of an ended session does not end the one that came after it (R19)" {
	viewer
	old=$token
	make_silent "$u" "$stage" 61
	api POST /api/token/viewer "$(obj userId "$u" stageArn "$stage")"
	assert_status 200
	[ "$(json .data.sessionToken)" != "$old" ]
	new=$(json .data.sessionToken) token=$old
	with_token POST /api/viewer/leave
	equals "$http_status $(json .data.viewerLeft) $(seats "$stage")" '200 false 1'
	# He is there: the page that is left behind beats for the same person on the same stage.
	with_token POST /api/viewer/heartbeat
	assert_status 200
	token=$new
	with_token POST /api/viewer/leave
	equals "$http_status $(json .data.viewerLeft) $(seats "$stage")" '200 true 0'
	equals "$(rows "$u" end_reason | tr '\n' ' ')" 'timeout leave '
	# By API key there is no session to say: any is meant.
	seat "$u" "$stage"
	leave "$u" "$stage"
	equals "$(json .data.viewerLeft)" true
}

@test "session: in any order of joins, silences and leaves a leave ends its own session alone (R19)" {
	local i step=none now='' before=none silent=1 sids=(none)
	u=$(fresh) stage=$(a_stage)
	for ((i = 0; i < 80; i++)); do
		case $((RANDOM % 4)) in
		0 | 1)
			seat "$u" "$stage"
			now=$(redis_c hget "${P}viewer:session:$stage" "$u" | cut -d' ' -f1)
			[ "$now" = "$before" ] || sids+=("$now")
			before=$now silent=0
			;;
		2)
			[ "$(seats "$stage")" = 0 ] || make_silent "$u" "$stage" 61
			silent=1
			;;
		3)
			step=${sids[-1 - RANDOM % (${#sids[@]} < 3 ? ${#sids[@]} : 3)]}
			token=$(session_token "$u" "$stage" 9999999999999 "$SESSION_SECRET" "$MASTER" "$step")
			with_token POST /api/viewer/leave
			assert_status 200
			# A silent one has left already; another session than that of now stays.
			case $silent:$([ "$step" = "$now" ] && echo own) in
			0:own) equals "$(json .data.viewerLeft) $(seats "$stage")" 'true 0' && now='' silent=1 ;;
			0:) equals "$(json .data.viewerLeft) $(seats "$stage")" 'false 1' ;;
			*) equals "$(json .data.viewerLeft) $(seats "$stage")" 'false 0' ;;
			esac
			;;
		esac
	done
	((${#sids[@]} > 3))
	equals "$(rows "$u" session_id | sort | uniq -d)" ''
}

@test "session: rejoin takes the seat again, and gives a token for the session of now" {
	viewer
	old=$token
	with_token POST /api/viewer/rejoin '{}'
	assert_error 400 VALIDATION_ERROR
	make_silent "$u" "$stage" 61
	with_token POST /api/viewer/rejoin '{"participantId":"p2"}'
	equals "$http_status $(json '.data | "\(.userId) \(.stageArn) \(.isNewViewer)"')" "200 $u $stage true"
	token=$(json .data.sessionToken)
	equals "$(claim "$token" .e)" "$(claim "$old" .e)"
	[ "$(claim "$token" .s)" != "$(claim "$old" .s)" ]
	with_token POST /api/viewer/leave
	equals "$(json .data.viewerLeft)" true
	# By API key nothing of that.
	seat "$u" "$stage"
	equals "$(json '.data | has("sessionToken")')" false
}

@test "session: what sendBeacon sends is a leave, without a header, and from another origin" {
	local body
	for body in bare json; do
		viewer
		if [ "$body" = bare ]; then beacon "$token"; else beacon "$(obj sessionToken "$token")"; fi
		equals "$(json .data.viewerLeft) $(seats "$stage")" 'true 0'
		equals "$(header Access-Control-Allow-Origin)" https://show.example
	done
	for body in "${token}x" "$(obj sessionToken "${token}x")" '{"sessionToken":7}' '{}' '' x '{' "$(repeat 5000 x | tr -d '\n')"; do
		beacon "$body"
		assert_error 401 UNAUTHORIZED
	done
	viewer
	for path in heartbeat rejoin; do
		call POST "/api/viewer/$path" "$(obj sessionToken "$token" participantId p)"
		assert_error 401 UNAUTHORIZED
	done
	# A body that is longer than a token can be is not looked at.
	beacon "$(jq -c --arg t "$(repeat 4096 x | tr -d '\n')" '.text = $t' <<<"$(obj sessionToken "$token")")"
	assert_error 401 UNAUTHORIZED
	# What else the body says must fit.
	beacon "$(obj sessionToken "$token" userId "$(fresh)")"
	assert_error 403 FORBIDDEN
}

@test "session: 130 viewers behind one address rejoin, ask and leave by token (the wide bucket)" {
	local ip path
	viewer
	ip=$(fresh_ip)
	rejoin=$(obj participantId p)
	for path in "POST /api/viewer/rejoin $rejoin" 'GET /api/viewer/duration' 'POST /api/viewer/leave {"a":1}'; do
		repeat 130 "$path" | as_client "$ip" 8 -H "Authorization: Bearer $token" >"$BATS_TEST_TMPDIR/out"
		equals "$path $(count_status 200 <"$BATS_TEST_TMPDIR/out")" "$path 130"
	done
	# Tokens that are not good count as any other call.
	repeat 130 'GET /api/viewer/duration' | as_client "$ip" 8 -H "Authorization: Bearer ${token}x" >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 401 <"$BATS_TEST_TMPDIR/out") $(count_status 429 <"$BATS_TEST_TMPDIR/out")" '100 30'
}

@test "session: a heartbeat by token is one call of Redis" {
	viewer
	written # or a program writes the record meanwhile
	begin_monitor
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		with_token POST /api/viewer/heartbeat
		assert_status 200
	done
	end_monitor
	trips >"$BATS_TEST_TMPDIR/trips"
	cat "$BATS_TEST_TMPDIR/trips"
	equals "$(wc -l <"$BATS_TEST_TMPDIR/trips") $(grep -ciF "\"evalsha\" \"$(sha_of heartbeat)\"" "$BATS_TEST_TMPDIR/trips")" '10 10'
}

@test "session: its secret is made on first run, and for the owner's eyes alone" {
	unset API_SECRET_KEY INTERNAL_SECRET SESSION_SECRET
	umask 0
	show_up
	made=$(<"$SUITE_DIR/kept/SESSION_SECRET")
	matches "$made" '^[0-9a-f]{64}$'
	equals "$SESSION_SECRET" "$made"
	u=ben stage=$MASTER token=$(session_token ben "$MASTER" $(($(date +%s) * 1000 + 60000)) "$made")
	with_token POST /api/viewer/heartbeat
	assert_error 404 NOT_FOUND
	# Wherever one of the secrets is written, nobody else may read.
	grep -rlF -e "$made" -e "$INTERNAL_SECRET" -e "$API_SECRET_KEY" "$SUITE_DIR" >"$BATS_TEST_TMPDIR/holders"
	grep -qx "$SUITE_DIR/kept/SESSION_SECRET" "$BATS_TEST_TMPDIR/holders"
	equals "$(xargs -I{} find {} -perm /077 <"$BATS_TEST_TMPDIR/holders")" ''
	show_down
}

@test "closed: without SESSION_SECRET there is no session token, and none is taken" {
	u=$(fresh) stage=$(a_stage)
	later=$(($(date +%s) * 1000 + 60000))
	seat "$u" "$stage"
	as_viewer() { # NAME=VALUE...
		cgi viewer POST /api/viewer/heartbeat '' HTTP_X_API_KEY= \
			HTTP_AUTHORIZATION="Bearer $(session_token "$u" "$stage" "$later")" "$@"
	}
	as_viewer
	assert_status 200
	as_viewer SESSION_SECRET=
	assert_error 401 UNAUTHORIZED
	matches "$(json .error.message)" SESSION_SECRET
	as_viewer SESSION_SECRET="canary-new-0123456789-0123456789-012"
	assert_error 401 UNAUTHORIZED
	as_viewer SESSION_SECRET="canary-new-0123456789-0123456789-012, $SESSION_SECRET"
	assert_status 200
	go_live
	cgi token POST /api/token/viewer "$(obj userId "$(fresh)")" SESSION_SECRET=
	equals "$http_status $(json .data.sessionToken)" '200 null'
	cgi token POST /api/token/viewer "$(obj userId "$(fresh)")"
	matches "$http_status $(json .data.sessionToken)" '^200 v1\.'
}
