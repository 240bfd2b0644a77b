# Viewers who wait for a seat while the show grows, and a publisher who comes meanwhile.

load lib/common
load lib/show

setup_file() {
	show_up MAX_VIEWERS_PER_STAGE=240 SCALE_UP_THRESHOLD=240 RATE_LIMIT_MAX_REQUESTS=100000
	api POST /api/token/publisher "$(obj userId host)"
	publish >/dev/null
	autoscale
}
teardown_file() { show_down; }

is_full() { grep -q "^$MASTER 240\$" <<<"$(seats_now)"; }
all_refused() { (($(redis_c zcard "${P}refused") >= 200)); }
slowest_ms() { awk '{ if ($3 > n) n = $3 } END { print int(n / 1000) }' "$1"; }

@test "turns: 200 parked viewers who get seats, at a call of AWS each, do not delay a publisher" {
	fault '{"operation":"StartParticipantReplication","action":"delay","delayMs":300,"count":0}'
	viewers 1 240 | load_requests 40 >/dev/null
	is_full
	fault '{"operation":"CreateParticipantToken","action":"delay","delayMs":100,"count":0}'
	viewers 1001 1200 | load_requests 200 >"$BATS_TEST_TMPDIR/viewers" 3>&- &
	crowd=$!
	wait_until 2 all_refused
	until is_gone "$crowd"; do
		echo 'POST /api/token/publisher {"userId":"host"}' | load_requests 1
	done >"$BATS_TEST_TMPDIR/host"
	wait "$crowd"
	echo "viewers: most $(slowest_ms "$BATS_TEST_TMPDIR/viewers") ms;" \
		"publisher: $(wc -l <"$BATS_TEST_TMPDIR/host"), most $(slowest_ms "$BATS_TEST_TMPDIR/host") ms" >&3
	# Most of the crowd got seats: the publisher has come while they did.
	(($(count_status 200 <"$BATS_TEST_TMPDIR/viewers") > 100))
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/host")" "$(wc -l <"$BATS_TEST_TMPDIR/host")"
	(($(slowest_ms "$BATS_TEST_TMPDIR/host") < 1000))
}
