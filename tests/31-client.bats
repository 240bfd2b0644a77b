# Which address a client has: TRUSTED_PROXIES and X-Forwarded-For.

load lib/common
load lib/limit

# The client as the access log names it.
client_is() { # TRUSTED_PROXIES REMOTE_ADDR X_FORWARDED_FOR WANTED
	: >"$SUITE_DIR/log/cgi.log"
	cgi health GET /livez '' TRUSTED_PROXIES="$1" REMOTE_ADDR="$2" HTTP_X_FORWARDED_FOR="$3"
	equals "$1|$2|$3|$(jq -r 'select(.msg == "request") | .ip' "$SUITE_DIR/log/cgi.log")" "$1|$2|$3|$4"
}

@test "client: a made-up left-most X-Forwarded-For does not help" {
	local spoof
	ip=$(fresh_ip)
	repeat 50 'GET /api/stats' | as_client "$(fresh_ip), $ip" 4 -H "x-api-key: $KEY" >/dev/null
	repeat 50 'GET /api/stats' | as_client "127.0.0.1,$ip" 4 -H "x-api-key: $KEY" >/dev/null
	for spoof in "$(fresh_ip)" 127.0.0.1 ::1 nonsense '' "$(fresh_ip), $(fresh_ip)"; do
		limited_now "$spoof, $ip"
	done
}

@test "client: a trusted proxy on the right is stepped over" {
	ip=$(fresh_ip)
	use_up "$ip"
	limited_now "$ip, 127.0.0.1"
	limited_now "$(fresh_ip), $ip , 127.0.0.1"
}

@test "client: several headers count as one list, the last on the right" {
	ip=$(fresh_ip)
	use_up "$ip"
	api GET /api/stats - -H "X-Forwarded-For: $(fresh_ip)" -H "X-Forwarded-For: $ip"
	assert_error 429 RATE_LIMIT_EXCEEDED
}

@test "client: a header whose name differs in underscores is not X-Forwarded-For" {
	ip=$(fresh_ip)
	use_up "$ip"
	api GET /api/stats - -H "X-Forwarded-For: $ip" -H "X_Forwarded_For: $(fresh_ip)"
	assert_error 429 RATE_LIMIT_EXCEEDED
	api GET /api/stats - -H "X_Forwarded_For: $(fresh_ip)" -H "X-Forwarded-For: $ip"
	assert_error 429 RATE_LIMIT_EXCEEDED
}

@test "client: nobody is believed who is no trusted proxy" {
	ip=$(fresh_ip)
	use_up "$ip"
	cgi stats GET /api/stats '' REMOTE_ADDR="$ip" HTTP_X_FORWARDED_FOR="$(fresh_ip)"
	assert_error 429 RATE_LIMIT_EXCEEDED
	cgi stats GET /api/stats '' REMOTE_ADDR="$ip" HTTP_X_FORWARDED_FOR=127.0.0.1
	assert_error 429 RATE_LIMIT_EXCEEDED
}

@test "client: networks of proxies, chains, spoofed and broken entries" {
	local ours='10.0.0.0/8, 192.0.2.7,2001:db8:1::/48' remote given wanted
	while IFS='|' read -r remote given wanted; do
		client_is "$ours" "$remote" "$given" "$wanted"
	done <<-'EOF'
		198.51.100.1|203.0.113.9|198.51.100.1
		10.1.2.3||10.1.2.3
		10.1.2.3|203.0.113.9|203.0.113.9
		10.255.255.255|203.0.113.9|203.0.113.9
		11.0.0.0|203.0.113.9|11.0.0.0
		192.0.2.7|203.0.113.9|203.0.113.9
		192.0.2.8|203.0.113.9|192.0.2.8
		10.1.2.3|1.1.1.1, 203.0.113.9|203.0.113.9
		10.1.2.3|1.1.1.1, 203.0.113.9, 10.9.9.9|203.0.113.9
		10.1.2.3|1.1.1.1,203.0.113.9,10.9.9.9,192.0.2.7|203.0.113.9
		10.1.2.3|10.0.0.1, 10.0.0.2|10.0.0.1
		10.1.2.3|203.0.113.9:4711|203.0.113.9
		10.1.2.3|[2001:db8::9]:4711|2001:db8::9
		10.1.2.3|[2001:db8::9]|2001:db8::9
		10.1.2.3|2001:db8::9|2001:db8::9
		10.1.2.3|::ffff:203.0.113.9|203.0.113.9
		::ffff:10.1.2.3|203.0.113.9|203.0.113.9
		2001:db8:1:ffff::1|203.0.113.9|203.0.113.9
		2001:db8:2::1|203.0.113.9|2001:db8:2::1
		10.1.2.3|203.0.113.9, 2001:db8:1::5|203.0.113.9
		10.1.2.3|unknown|
		10.1.2.3|203.0.113.9, unknown|
		10.1.2.3|203.0.113.9, _hidden|
		10.1.2.3|203.0.113.9, |203.0.113.9
		10.1.2.3|203.0.113.9,,10.0.0.1|203.0.113.9
		10.1.2.3|, ,203.0.113.9,	,,|203.0.113.9
		10.1.2.3|1.1.1.1, 203.0.113.9,|203.0.113.9
		10.1.2.3|,|10.1.2.3
		10.1.2.3|, , ,|10.1.2.3
		10.1.2.3|unknown,|
		10.1.2.3|for=203.0.113.9|
		10.1.2.3|203.0.113.256|
		10.1.2.3|203.0.113.9, ' OR 1=1|
		10.1.2.3|unknown, 203.0.113.9|203.0.113.9
		10.1.2.3|203.0.113.9 10.0.0.1|
	EOF
	client_is '' 127.0.0.1 203.0.113.9 127.0.0.1
	client_is 127.0.0.1 127.0.0.1 203.0.113.9 203.0.113.9
	client_is '0.0.0.0/0' 198.51.100.1 203.0.113.9 203.0.113.9
}

@test "client: a proxy on this machine that is not trusted is warned of, once a process" {
	local log=$SUITE_DIR/log/own-proxy.log
	proxied() { # TRUSTED_PROXIES PARAM...: 20 requests to two workers, the fewest that stats has
		TRUSTED_PROXIES=$1 "$BUILD_DIR/fcgi/stats" --socket "$BATS_TEST_TMPDIR/s" --processes 2 2>"$log" 3>&- &
		own=$!
		wait_until 10 test -S "$BATS_TEST_TMPDIR/s"
		repeat 20 "x begin request=GET,/api/stats/viewers key ${*:2} params end-params end-body" |
			"$BUILD_DIR/tests/tools/fcgi_raw" "$BATS_TEST_TMPDIR/s" | sort -u >"$BATS_TEST_TMPDIR/out"
		kill "$own"
		wait "$own"
		rm -f "$BATS_TEST_TMPDIR/s"
		cat "$log" >>"$SUITE_DIR/log/own-stats.log"
		equals "$(<"$BATS_TEST_TMPDIR/out")" 'x 200 closed'
		warnings=$(grep -c 'a proxy on this machine is not trusted' "$log" || true)
	}
	proxied none param=HTTP_X_FORWARDED_FOR=203.0.113.9
	((warnings >= 1 && warnings <= 2))
	grep -q '"lvl":"warn".*TRUSTED_PROXIES' "$log"
	proxied 127.0.0.1 param=HTTP_X_FORWARDED_FOR=203.0.113.9
	equals "$warnings" 0
	proxied none
	equals "$warnings" 0
}

@test "rate limit: behind a trusted proxy on this machine the client counts, though loopback is exempt" {
	local ip try
	ip=$(fresh_ip)
	for try in 200 429; do
		cgi stats GET /api/stats/viewers '' TRUSTED_PROXIES=127.0.0.1,::1 RATE_LIMIT_MAX_REQUESTS=1 \
			REMOTE_ADDR=::1 HTTP_X_FORWARDED_FOR="127.0.0.1, $ip"
		equals "$http_status" "$try"
	done
	# A call that no proxy passed on is one of this machine.
	for try in 200 200; do
		cgi stats GET /api/stats/viewers '' TRUSTED_PROXIES=127.0.0.1,::1 RATE_LIMIT_MAX_REQUESTS=1 REMOTE_ADDR=::1
		equals "$http_status" "$try"
	done
}

@test "client: whom a proxy does not name is counted with others it does not name" {
	# Not with the proxy, which may be exempt.
	redis_c del "$(rate_key ::/64)" >/dev/null
	{ repeat 60 'GET /api/stats'; } | as_client unknown 4 -H "x-api-key: $KEY" >/dev/null
	{ repeat 40 'GET /api/stats'; } | as_client 'garbage' 4 -H "x-api-key: $KEY" >/dev/null
	from _obfuscated /api/stats
	assert_error 429 RATE_LIMIT_EXCEEDED
	redis_c del "$(rate_key ::/64)" >/dev/null
}
