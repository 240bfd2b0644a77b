# What a kick and a ban reach besides the seat: tokens on their way, and participants who are not
# connected. The kick itself: 58-people.bats.

load lib/common
load lib/jwt
load lib/people

setup() { go_live; }
teardown() { emulator DELETE faults >/dev/null; }

told() { json '.data | "\(.kicked) \(.banned) \(.disconnected)"'; }
assert_banned() {
	assert_error 403 FORBIDDEN || return 1
	equals "$(json .error.details.reason)" BANNED
}
# The emulator has begun to answer the call whose fault was set.
under_way() { # OPERATION
	[ "$(emulator GET faults | jq --arg o "$1" '[.. | objects | select(.operation? == $o)] | length')" = 0 ]
}
# A program as plain CGI that signs tokens here: local_cgi PROGRAM PATH BODY [NAME=VALUE...]
local_cgi() {
	local key=$SUITE_DIR/kick-key.pem
	local arn="arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:public-key/0a0a0a0a-0000-4000-8000-0a0a0a0a0a0a"
	[ -e "$key" ] || (umask 077; openssl ecparam -name secp384r1 -genkey -noout 2>/dev/null >"$key")
	cgi "$1" POST "$2" "$3" TOKEN_MODE=local IVS_SIGNING_KEY_FILE="$key" IVS_SIGNING_KEY_ARN="$arn" "${@:4}"
}

# ---- a ban while a token is made ----

@test "ban: a publisher's token that is being made is not handed out, and the show does not begin with it" {
	local mode operation before
	for mode in api local; do
		u=$(fresh host) operation=CreateParticipantToken
		stage=$MASTER
		# A local token asks AWS for the endpoints of a stage that was not read yet.
		[ "$mode" = api ] || { operation=GetStage stage=$(new_stage "ban-host-$RANDOM"); }
		before=$(redis_c get "${P}publisher:info")
		fault "{\"operation\":\"$operation\",\"count\":1,\"action\":\"delay\",\"delayMs\":1500}"
		(
			if [ "$mode" = api ]; then api POST /api/token/publisher "$(obj userId "$u")"
			else local_cgi token /api/token/publisher "$(obj userId "$u" stageArn "$stage")"; fi
			echo "$http_status $(json .error.details.reason) $(json .data.token)" >"$BATS_TEST_TMPDIR/told"
		) 3>&- &
		wait_until 5 under_way "$operation"
		ban "$u"
		wait
		equals "$mode $(cat "$BATS_TEST_TMPDIR/told")" "$mode 403 BANNED null"
		equals "$(redis_c get "${P}publisher:info")" "$before"
		equals "$(redis_c hvals "${P}publisher:seen" | grep -cF "$u")" 0
	done
}
