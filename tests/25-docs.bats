# What is written about the programs is what they do.

bats_require_minimum_version 1.5.0
load lib/common

@test "docs: settings tables and routes agree with the programs" {
	run "$PROJECT_ROOT/tests/docs.sh"
	echo "$output"
	[ "$status" = 0 ]
}

@test "docs: the printed env example is accepted once the required settings are filled in" {
	"$BUILD_DIR/fcgi/health" --print-env-example >"$BATS_TEST_TMPDIR/env"
	sed -e 's|^MASTER_STAGE_ARN=$|&arn:aws:ivs:eu-west-1:123456789012:stage/a|' \
		-e 's|^AWS_REGION=$|&eu-west-1|' -e 's|^API_SECRET_KEY=$|&0123456789abcdef0123|' \
		"$BATS_TEST_TMPDIR/env" >"$BATS_TEST_TMPDIR/filled"
	run env -i IVS_ENV_FILE="$BATS_TEST_TMPDIR/filled" "$BUILD_DIR/fcgi/health" --check-config
	echo "$output"
	[ "$status" = 0 ]
}

# Of both languages.
readmes() { printf '%s\n' "$PROJECT_ROOT/README.md" "$PROJECT_ROOT/README.zh-TW.md"; }

@test "docs: the page of the READMEs leaves by a beacon that needs no preflight (F10)" {
	local doc
	while read -r doc; do
		# A string is sent as text/plain; a Blob has its own type.
		grep -qE "sendBeacon\(api \+ '/api/viewer/leave', session\)" "$doc"
		run ! grep -E 'sendBeacon\(.*Blob' "$doc"
		grep -q 'text/plain' "$doc"
	done < <(readmes)
	sed -n '/^  \/api\/viewer\/leave:/,/^  \//p' "$PROJECT_ROOT/docs/openapi.yaml" | grep -q '^ *text/plain:$'
}

@test "docs: EventBridge and Prometheus get keys that open nothing else (G1)" {
	local manual=$PROJECT_ROOT/docs/deployment.md
	grep -q 'ivs key create --scopes events --note EventBridge' "$manual"
	grep -q 'ivs key create --scopes metrics --note Prometheus' "$manual"
	# and no other key of the manual opens everything
	run ! grep -E 'key create .*--scopes [a-z,]*(admin|read)' "$manual"
}

@test "docs: the reasons of STAGE_LEFT and the SDK's version are those that the API tells (H3)" {
	local doc reason reasons version
	call POST /api/token/publisher "$(obj userId "$(fresh)")" -H "x-api-key: $KEY"
	assert_status 200
	version=$(json .data.instructions.web.minVersion)
	reasons=$(json '.data.instructions.web.stageLeft | keys[]')
	equals "$version" 1.39.0
	equals "$(xargs <<<"$reasons")" 'failed-exchange participant-disconnected real-time-connection-forced-leave real-time-connection-token-revocation stage-deleted token-reused unknown user-initiated'
	while read -r doc; do
		grep -q "\`amazon-ivs-web-broadcast\` $version" "$doc"
		for reason in $reasons; do
			grep -qE "^\\|[^|]*\`$reason\`" "$doc" || { echo "$doc does not say what to do on $reason" >&2; return 1; }
		done
	done < <(readmes)
	grep -q "examples: \[$version\]" "$PROJECT_ROOT/docs/openapi.yaml"
}

@test "docs: a token that was used is dead after a kick, and nowhere is that uncertain (H1, H2)" {
	tr '\n' ' ' <"$PROJECT_ROOT/docs/deployment.md" | grep -q 'token that was used is dead after'
	# The emulator's page says each thing once, and its tables have heads.
	local page=$PROJECT_ROOT/tests/tools/ivs_emulator/README.md
	equals "$(grep -E '.{60}' "$page" | grep -v '^|' | sort | uniq -d)" ''
	equals "$(awk '/^\|/ && !in_table { in_table = 1; head = $0; getline; if ($0 !~ /^\|[-|: ]+$/) print head } !/^\|/ { in_table = 0 }' "$page")" ''
}

# Every member that an answer has is in the description of the API.
members_documented() { # of the last answer
	local name
	for name in $(jq -r '[paths | .[-1] | strings] | unique[]' <<<"$http_body"); do
		# what is named by the data: ARNs, ids, words of enums
		[[ $name =~ ^[a-z][A-Za-z]*$ ]] || continue
		grep -qE "^ *$name:|[{,] *$name:" "$PROJECT_ROOT/docs/openapi.yaml" ||
			{ echo "docs/openapi.yaml has no member $name" >&2; return 1; }
	done
}

@test "docs: each member that answers have is in openapi.yaml (F13)" {
	local path u
	u=$(fresh)
	go_live
	api POST /api/token/viewer "$(obj userId "$u")"
	assert_status 200
	members_documented
	for path in /api/stats /api/stats/viewers /api/stats/stages "/api/stats/stages?arn=$MASTER" /api/stats/publisher \
		/api/stats/history /api/stage/list /api/stage/master/info "/api/viewer/list/$MASTER" "/api/viewer/history/$u" \
		"/api/viewer/duration?userId=$u&stageArn=$MASTER" "/api/viewer/stats/$MASTER" /health; do
		api GET "$path"
		assert_status 200
		members_documented
	done
	# Those that the answers above have only at times, or had not once.
	http_body='{"activeSessionId":1,"stageInfo":{"managedBy":1},"data":{"timestamp":1},"avgWatchDuration":1}'
	members_documented
	api GET /api/stats
	matches "$(json .data.timestamp)" '^20[0-9-]+T'
	api POST /api/viewer/leave "$(obj userId "$u" stageArn "$MASTER")"
}
