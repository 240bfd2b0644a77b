# The rate limit, from the side of a client.
# shellcheck shell=bash disable=SC2154

# Uses up the window of a client: STATUS_WANTED of all 100.
use_up() { # ADDRESS
	repeat 100 'GET /api/stats/viewers' | as_client "$1" 4 -H "x-api-key: $KEY" >"$BATS_TEST_TMPDIR/out"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/out")" 100
}
from() { # ADDRESS PATH [CURL_ARGS...]: one GET as that client
	api GET "$2" - -H "X-Forwarded-For: $1" "${@:3}"
}
limited_now() { # ADDRESS
	from "$1" /api/stats/viewers
	assert_error 429 RATE_LIMIT_EXCEEDED
}
