# A viewer who waits for a seat holds no worker: the request is parked until there is one, or for 2 s.

bats_require_minimum_version 1.5.0
load lib/common
load lib/show

setup_file() {
	show_up MAX_VIEWERS_PER_STAGE=2 SCALE_UP_THRESHOLD=2 IVS_RECONNECT_WINDOW=300 RATE_LIMIT_MAX_REQUESTS=100000
	api POST /api/token/publisher "$(obj userId host)"
	viewers 1 2 | load_requests 2 >/dev/null
}
teardown_file() { show_down; }
# As far as anybody knows the show can grow; AWS takes long to say that it cannot.
setup() {
	wait_until 20 rested
	fault '{"operation":"StartParticipantReplication","count":0,"action":"delay","delayMs":4000}'
	viewers 1 2 | load_requests 2 >/dev/null
	equals "$(seats "$MASTER")" 2
}
teardown() { emulator DELETE faults >/dev/null; }
rested() { idle && [ "$(redis_c exists "${P}keeper:rest")" = 0 ]; }

# waits USER: asks for a token in the background; from here on the request is parked.
waits() {
	viewers_named "$1" | as_client "${ip:=$(fresh_ip)}" 1 -H "x-api-key: $KEY" >"$BATS_TEST_TMPDIR/$1" 3>&- &
	wait_until 2 refused "$1"
}
viewers_named() { echo "POST /api/token/viewer {\"userId\":\"$1\"}"; }
refused() { [ -n "$(redis_c zscore "${P}refused" "$1")" ]; }
sits() { [ "$(redis_c hexists "${P}viewer:stage" "$1")" = 1 ]; }
# The one at 95 of 100 and the slowest, in ms, of "STATUS NUMBER MICROSECONDS" lines.
worst() { awk '{ print $3 }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print int(v[int(NR * 0.95)] / 1000), int(v[NR] / 1000) }'; }

# bats test_tags=alone
@test "parked: 100 viewers a second for a full show are told within 2 s, and a publisher is not delayed (B8)" {
	local p95 most
	viewers 1001 1400 | load_requests 200 >"$BATS_TEST_TMPDIR/viewers" 3>&- &
	crowd=$!
	sleep 0.3 # the crowd is at the door
	repeat 20 'POST /api/token/publisher {"userId":"host"}' | load_requests 1 >"$BATS_TEST_TMPDIR/host"
	wait "$crowd"
	read -r p95 most <<<"$(worst "$BATS_TEST_TMPDIR/viewers")"
	echo "viewers: p95 $p95 ms, most $most ms" >&3
	((most > 1900 && most < 2300))
	equals "$(count_status 503 <"$BATS_TEST_TMPDIR/viewers")" 400
	read -r p95 most <<<"$(worst "$BATS_TEST_TMPDIR/host")"
	echo "publisher: p95 $p95 ms, most $most ms" >&3
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/host")" 20
	((most < 700))
}

@test "parked: a seat that comes free goes to the viewer who waits longest, and to none who hung up" {
	gone=$(fresh gone) first=$(fresh first) second=$(fresh second)
	printf '%s' 'gone key param=CONTENT_TYPE=application/json request=POST,/api/token/viewer begin params end-params ' \
		"text={\"userId\":\"$gone\"} end-body wait=400 close" $'\n' |
		"$BUILD_DIR/tests/tools/fcgi_raw" "$(<"$SUITE_DIR/kept/sockets")/fcgi/token.sock" \
			>"$BATS_TEST_TMPDIR/raw" 3>&- &
	wait_until 2 refused "$gone"
	wait_until 5 grep -q left "$BATS_TEST_TMPDIR/raw" # and has hung up
	waits "$first"
	waits "$second"
	leave v1 "$MASTER"
	wait_until 1 sits "$first"
	wait
	equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/$first") $(cut -d' ' -f1 "$BATS_TEST_TMPDIR/$second")" '200 503'
	run ! sits "$gone"
	leave "$first" "$MASTER"
}

@test "parked: the rate limit counts the request once, however often it is tried" {
	u=$(fresh) ip=$(fresh_ip)
	waits "$u"
	wait
	equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/$u") $(redis_c get "$(rate_key "$ip")")" '503 1'
	(($(cut -d' ' -f3 "$BATS_TEST_TMPDIR/$u") > 1900000))
}

@test "parked: a program that ends answers those who wait" {
	u=$(fresh) ip=$(fresh_ip)
	waits "$u"
	kill -TERM "$(pid_of token)"
	wait
	equals "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/$u")" 503
	(($(cut -d' ' -f3 "$BATS_TEST_TMPDIR/$u") < 1800000))
	"$PROJECT_ROOT/deploy/stack" restart token "$SUITE_DIR" 3>&- >/dev/null
}

@test "parked: a plain CGI call waits by itself" {
	u=$(fresh)
	(cgi token POST /api/token/viewer "$(obj userId "$u")"; echo "$http_status" >"$BATS_TEST_TMPDIR/status") 3>&- &
	wait_until 5 refused "$u"
	leave v2 "$MASTER"
	wait
	equals "$(cat "$BATS_TEST_TMPDIR/status")" 200
	leave "$u" "$MASTER"
}
