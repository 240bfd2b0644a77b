# The same requests (tests/data/requests.txt) through each shipped web-server file: the answers are
# equal, times aside, and whatever a web server must say itself has the form of the API's errors.

bats_require_minimum_version 1.5.0
load lib/common
load lib/servers
load lib/tls

setup_file() {
	export SERVERS=$SUITE_DIR/servers server_errors server_sockets
	server_sockets=$(<"$SUITE_DIR/kept/sockets")/fcgi server_errors=$(<"$SUITE_DIR/kept/sockets")/errors
	mkdir -p "$SERVERS"
	wanted_answers "$SERVERS/wanted"
}
teardown_file() {
	local dir
	for dir in "$SERVERS"/*/; do
		stop_server "${dir%/}"
	done
}

@test "servers: lighttpd answers each request as the API says, and its own errors have their form" {
	# What is compared below is no common refusal.
	(($(head -qn 1 "$SERVERS"/wanted/[0-9]* | grep -c '^200$') >= 25))
	(($(head -qn 1 "$SERVERS"/wanted/[0-9]* | sort -u | wc -l) >= 10))
	same_answers none "$SERVERS/wanted" "$SERVERS/wanted"
}

@test "servers: nginx answers what lighttpd answers, byte for byte" {
	start_server nginx "$SERVERS/nginx"
	answers_of "$server_url" "$SERVERS/nginx/answers"
	same_answers 'all|vhost' "$SERVERS/wanted" "$SERVERS/nginx/answers"
}

@test "servers: Apache with mod_proxy_fcgi does, too (R38)" {
	start_server apache "$SERVERS/apache"
	answers_of "$server_url" "$SERVERS/apache/answers"
	same_answers 'all|vhost' "$SERVERS/wanted" "$SERVERS/apache/answers"
}

# Behind a server with short patience: no program, one that never answers, one that hangs up, one
# that answers nonsense.
broken_programs() {
	export server_sockets=$SERVERS/broken server_sed=$1
	mkdir -p "$server_sockets"
	chmod 755 "$server_sockets"
	broken=()
	"$BUILD_DIR/tests/tools/hold_sockets" "$server_sockets" stats 3>&- & broken+=($!)
	"$BUILD_DIR/tests/tools/rude" "$server_sockets/viewer.sock" 3>&- & broken+=($!)
	"$BUILD_DIR/tests/tools/rude" "$server_sockets/stage.sock" 'no FastCGI at all, but long enough for a head' 3>&- & broken+=($!)
	wait_until 5 eval '[ -S "$server_sockets/stats.sock" ] && [ -S "$server_sockets/stage.sock" ] && [ -S "$server_sockets/viewer.sock" ]'
	chmod 777 "$server_sockets"/*.sock
	rm -f "$server_sockets/held"
}
teardown() {
	[ -z "${broken:-}" ] || kill "${broken[@]}" 2>/dev/null || true
}
# told METHOD PATH STATUS...: one of these, in the form of the API's errors
told() {
	printf '%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$1" "$2" >"$BATS_TEST_TMPDIR/request"
	ask_raw "${server_url##*:}" "$BATS_TEST_TMPDIR/request" 20 | normalised >"$BATS_TEST_TMPDIR/answer"
	has_error_form "$BATS_TEST_TMPDIR/answer" || { head -c 500 "$BATS_TEST_TMPDIR/answer"; return 1; }
	matches "$2 $(head -n 1 "$BATS_TEST_TMPDIR/answer")" " ($3)$"
}

@test "servers: a program that is away, silent or mad is told in the form of the API's errors" {
	broken_programs 's/timeout=[0-9]+/timeout=1/; s/(fastcgi_read_timeout) +[0-9]+s/\1 1s/; s/"read-timeout" => [0-9]+/"read-timeout" => 1/'
	for name in lighttpd nginx apache; do
		start_server "$name" "$SERVERS/$name-broken"
		told GET /api/token/viewer 503
		told GET /livez 503
		told GET /api/viewer/x '50[0234]'
		told GET /api/stage/list '50[0234]'
		told GET /api/stats 504
		stop_server "$SERVERS/$name-broken"
	done
}

@test "TLS: port 80 sends everybody to HTTPS, answers nothing itself, and no key opens it (G6)" {
	local certs=$SERVERS/certs name path secure
	new_ca "$certs"
	new_cert "$certs" good DNS:localhost
	chmod 644 "$certs/good.key"
	chmod 755 "$certs"
	export server_cert=$certs/good.pem server_key=$certs/good.key
	for name in lighttpd nginx apache; do
		start_server "${name}_tls" "$SERVERS/$name-tls"
		secure=https://localhost:$(tls_port "${server_url##*:}")
		for path in /livez '/api/stats/viewers?a=b&c=%20d' /api/stage/x%2Fy; do
			run -0 curl -s --max-time 5 -o "$BATS_TEST_TMPDIR/body" -w '%{http_code} %{redirect_url}' \
				-d '{}' -H "x-api-key: $KEY" "$server_url$path"
			equals "$name $output" "$name 308 $secure$path"
			equals "$(grep -c '"success"' "$BATS_TEST_TMPDIR/body")" 0
		done
		run -0 curl -s --max-time 5 -L --cacert "$certs/ca.pem" -w '%{num_redirects} %{http_code}' -H "x-api-key: $KEY" \
			-o "$BATS_TEST_TMPDIR/body" "$server_url/api/stats/viewers"
		equals "$name $output $(jq -c .success "$BATS_TEST_TMPDIR/body")" "$name 1 200 true"
		run ! curl -s --max-time 5 --tls-max 1.1 --cacert "$certs/ca.pem" "$secure/livez"
		run -0 curl -s --max-time 5 --tls-max 1.2 --cacert "$certs/ca.pem" "$secure/livez"
		stop_server "$SERVERS/$name-tls"
	done
}

@test "servers: each file names a text for each error, and each text has the form" {
	local code file
	for code in 400 403 404 405 408 411 413 414 417 431 500 501 502 503 504; do
		file=$PROJECT_ROOT/deploy/errors/$code.html
		equals "$code $(jq -r '[.success, (.error.code | test("^[A-Z_]+$")), (.error.message | length > 5), (keys | length)] | join(" ")' "$file")" \
			"$code false true true 2"
		grep -qE "ErrorDocument $code " "$PROJECT_ROOT/deploy/apache/ivs-live.conf"
		grep -qE "ErrorDocument $code " "$PROJECT_ROOT/deploy/htaccess"
		grep -qE "error_page [0-9 ]*(\b$code\b|=$code\b)" "$PROJECT_ROOT/deploy/nginx/api.conf"
	done
}
