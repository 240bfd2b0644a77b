# API keys and session tokens for tests.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154

get_as() { call GET /api/stats/viewers - -H "x-api-key: $1"; }

# make_key SCOPES [ARGS...] -> $key $id
make_key() {
	key=$("$BUILD_DIR/ctl/ivsctl" key create --scopes "$@" 2>/dev/null) || return 1
	id=$(cut -d_ -f2 <<<"$key")
}
# As if its time had come; the programs are told.
expire_now() { # ID
	psql_q "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = '$1'"
	"$BUILD_DIR/ctl/ivsctl" key publish >/dev/null
}
key_list() { # ID FILTER
	"$BUILD_DIR/ctl/ivsctl" key list --json | jq -r --arg id "$1" ".keys[] | select(.id == \$id) | $2"
}
load_with() { "$BUILD_DIR/tests/tools/load" "$BASE_URL" "$2" -H "x-api-key: $1"; } # KEY CONCURRENCY
# One round of requests over all five programs.
round() {
	echo 'GET /api/stats/viewers'
	echo 'GET /api/stage/list'
	echo "GET /api/viewer/list/$MASTER"
	echo 'GET /metrics'
	echo 'POST /api/token/viewer {}'
}
# paced SECONDS KEY: some 250 requests a second.
paced() {
	local i
	for ((i = 0; i < $1 * 10; i++)); do
		for _ in 1 2 3 4 5; do round; done
		sleep 0.1
	done | load_with "$2" 8
}
# Enough of them at once that every worker gets some.
burst() { # KEY
	for _ in {1..60}; do round; done | load_with "$1" 40
}

b64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
hex() { od -An -tx1 | tr -d ' \n'; }
hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary; } # HEX_KEY, of stdin
# A token by OpenSSL alone, as common/web/session_token.h describes it:
#   session_token USER STAGE EXPIRES_MS [SECRET [MASTER [SESSION_ID [PARTICIPANT]]]]
session_token() {
	local secret=${4:-$SESSION_SECRET} master=${5:-$MASTER} key head
	key=$(printf 'ivs-live viewer session v1\n%s' "$master" | hmac "$(printf %s "$secret" | hex)" | hex)
	head=v1.$(printf '{"u":"%s","a":"%s","s":"%s","e":%s%s}' "$1" "$2" "${6:-s1}" "$3" \
		"${7:+,\"p\":\"$7\"}" | b64url)
	printf '%s.%s' "$head" "$(printf %s "$head" | hmac "$key" | b64url)"
}
claim() { # TOKEN FILTER
	local text
	text=$(cut -d. -f2 <<<"$1" | tr '_-' '/+')
	while ((${#text} % 4)); do text+='='; done
	base64 -d <<<"$text" | jq -r "$2"
}
