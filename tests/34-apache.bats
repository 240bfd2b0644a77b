# Behind Apache it is the same API: mod_proxy_fcgi, and mod_fcgid and CGI by the .htaccess file.

load lib/common
load lib/servers

setup_file() {
	export AP=$SUITE_DIR/apache SHARED=$SUITE_DIR/site
	proxy_site
	shared_site fcgid fcgid-script
	shared_site cgid cgi-script
	start_apache "$AP" && echo "$apache_url" >"$AP/url"
	start_apache "$SHARED-fcgid" && echo "$apache_url" >"$SHARED-fcgid/url"
	start_apache "$SHARED-cgid" && echo "$apache_url" >"$SHARED-cgid/url"
}
teardown_file() {
	local dir
	for dir in "$AP" "$SHARED-fcgid" "$SHARED-cgid"; do
		stop_apache "$dir"
	done
	empty_show
}
proxy_site() {
	local sockets
	sockets=$(<"$SUITE_DIR/kept/sockets")
	make_apache "$AP"
	{
		for module in proxy proxy_fcgi buffer headers; do
			load_module "$module"
		done
		echo "Listen 127.0.0.1:@PORT@"
		echo "Define IVS_PORT @PORT@"
		echo "Define IVS_SOCKETS $sockets/fcgi"
		echo "Define IVS_ERRORS $sockets/errors"
		echo "Include $PROJECT_ROOT/deploy/apache/ivs-live.conf"
	} >>"$AP/httpd.conf"
}
# shared_site MODULE HANDLER: as deploy/htaccess says it is put up
shared_site() {
	local dir=$SHARED-$1 name
	make_apache "$dir"
	mkdir -p "$dir/site" "$dir/fcgi"
	cp "$BUILD_DIR"/fcgi/{token,stage,viewer,stats,health} "$dir/fcgi/"
	sed "s/fcgid-script/$2/" "$PROJECT_ROOT/deploy/htaccess" >"$dir/site/.htaccess"
	cp -r "$PROJECT_ROOT/deploy/errors" "$dir/site/errors"
	chmod -R a+rX "$dir/site/errors"
	for name in token stage viewer stats health; do
		# the arguments passed on, as where the program itself is what Apache starts
		printf '#!/bin/sh\nset -a\n. %s/env\nexec %s/fcgi/%s "$@" 2>>%s/log\n' "$dir" "$dir" "$name" "$dir" \
			>"$dir/site/$name.fcgi"
		chmod 755 "$dir/site/$name.fcgi"
	done
	"$BUILD_DIR/fcgi/health" --print-env-example | sed -nE 's/^#?([A-Z_]+)=.*/\1/p' | while read -r name; do
		[ -z "${!name+set}" ] || [ "$name" = IVS_ENV_FILE ] || printf '%s=%q\n' "$name" "${!name}"
	done >"$dir/env"
	touch "$dir/log"
	for module in "$1" mime rewrite; do
		load_module "$module"
	done >>"$dir/httpd.conf"
	: >"$dir/mime.types"
	cat >>"$dir/httpd.conf" <<-EOF
		Listen 127.0.0.1:@PORT@
		TypesConfig $dir/mime.types
		DocumentRoot $dir/site
		<Directory $dir/site>
			AllowOverride All
			Require all granted
		</Directory>
	EOF
	case $1 in
	fcgid) echo "FcgidIPCDir $dir/ipc"; echo "FcgidProcessTableFile $dir/shm" ;;
	cgid) echo "ScriptSock $dir/cgi.sock" ;;
	esac >>"$dir/httpd.conf"
	mkdir -p "$dir/ipc"
	((EUID == 0)) || return 0
	# Apache becomes www-data there, and with it the programs.
	chown -R www-data "$dir/log" "$dir/ipc" "$dir/env"
	chmod 755 "$dir"
	if [ -n "${REDIS_SOCKET:-}" ]; then
		chgrp www-data "$REDIS_SOCKET"
		chmod 660 "$REDIS_SOCKET"
	else
		chmod 711 "$(dirname "$REDIS_TLS_CA")"
		chmod 644 "$REDIS_TLS_CA"
	fi
	chmod 711 "$DB_HOST"
}
behind() { # proxy|fcgid|cgid
	case $1 in
	proxy) BASE_URL=$(<"$AP/url") ;;
	*) BASE_URL=$(<"$SHARED-$1/url") ;;
	esac
}
lighttpd_url=$BASE_URL

# What makes one answer differ from the next is taken out.
plain() { sed -E 's/"(timestamp|serverTime|joinedAt|refreshedAt)":"[^"]*"/"\1":"-"/g; s/"(uptime|used|total|ageSeconds)":[0-9]+/"\1":0/g'; }
answer() { # METHOD PATH [CURL_ARGS...]
	local method=$1 path=$2
	shift 2
	[ "$method" = HEAD ] && set -- --head "$@" || set -- -X "$method" "$@"
	curl -sS --path-as-is --max-time 30 -o "$BATS_TEST_TMPDIR/body" -D "$BATS_TEST_TMPDIR/head" \
		-w '%{http_code} %{content_type}\n' "$@" "$BASE_URL$path"
	[ "$method" = HEAD ] || plain <"$BATS_TEST_TMPDIR/body"
	tr -d '\r' <"$BATS_TEST_TMPDIR/head" |
		grep -iE '^(allow|vary|access-control-[a-z-]*|cache-control|x-content-type-options|retry-after):' | sort
}
# same METHOD PATH [CURL_ARGS...]: byte-equal behind lighttpd and behind $1
same() {
	local wanted got
	wanted=$(BASE_URL=$lighttpd_url answer "$@")
	got=$(answer "$@")
	[ "$wanted" = "$got" ] || {
		printf '%s %s\nlighttpd %s\nhere     %s\n' "$1" "$2" "$wanted" "$got" >&2
		return 1
	}
}
header_tricks() {
	local arg
	for arg in "x-api-key: $KEY, $KEY" "x-api-key: $KEY," 'x-api-key;' "X_API_Key: $KEY" "X-Api-Key : $KEY" \
		"Authorization: Bearer $KEY" "x-api-key: clé-秘密" "x-api-key: $(printf 'k%.0s' {1..4000})"; do
		call GET /api/stats/viewers - -H "$arg"
		matches "${arg:0:40} $http_status" ' 40[01]$'
	done
	call GET /api/stats/viewers - -H "x-api-key: $KEY" -H "x-api-key: $KEY"
	assert_error 401 UNAUTHORIZED
	call GET /api/stats/viewers - -H "x-api-key: $(printf 'k%.0s' {1..8192})"
	matches "$http_status" '^4(00|01|31)$'
	call GET /api/stats/viewers - -H "x-api-key: $KEY" -H "X_API_Key: other"
	assert_status 200
	api POST /api/token/mediaserver "$(obj serverId "$(fresh ms)" stageArn "$MASTER")" -H "X_Internal_Secret: $INTERNAL_SECRET"
	assert_error 403 FORBIDDEN
	# Authorization arrives: the key of a scraper is taken there.
	call GET /metrics - -H "Authorization: Bearer $KEY"
	assert_status 200
	call GET /metrics - -H 'Authorization: Bearer wrong'
	assert_status 401
}

answers_like_lighttpd() { # fcgid|cgid [SECONDS]: for an answer
	wanted_answers "$BATS_TEST_TMPDIR/wanted"
	behind "$1"
	answers_of "$BASE_URL" "$BATS_TEST_TMPDIR/got" "${2:-}"
	same_answers all "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
}

@test "apache: mod_fcgid and the .htaccess file answer what lighttpd answers, byte for byte (R38)" {
	answers_like_lighttpd fcgid
}

@test "apache: plain CGI does, too (R38)" { answers_like_lighttpd cgid 20; }

@test "apache: what it must say itself has the form of every other error" {
	behind proxy
	call GET /api/%zz
	assert_error 400 VALIDATION_ERROR
	call GET /api/stats%00
	assert_error 404 NOT_FOUND
	call TRACE /api/stats
	assert_error 405 METHOD_NOT_ALLOWED
	call GET /livez - -H "$(seq -f 'X-H-%.0f: v' 150)"
	assert_error 400 VALIDATION_ERROR
}

@test "apache: a key counts in one spelling, once, and alone (R37)" {
	local way
	for way in proxy fcgid cgid; do
		behind "$way"
		header_tricks
	done
}

@test "lighttpd: a key counts in one spelling, once, and alone (R37)" {
	BASE_URL=$lighttpd_url
	header_tricks
}

@test "apache: a host that forbids CGIPassAuth hands a bearer token on by the rewrite rule" {
	local way file
	for way in fcgid cgid; do
		behind "$way"
		file=$SHARED-$way/site/.htaccess
		cp "$file" "$BATS_TEST_TMPDIR/htaccess"
		sed -i '/^CGIPassAuth/d' "$file"
		call GET /metrics - -H "Authorization: Bearer $KEY"
		right=$http_status
		call GET /metrics - -H 'Authorization: Bearer wrong'
		wrong=$http_status
		call GET /metrics - -H "Redirect-Http-Authorization: Bearer $KEY"
		header=$http_status
		cp "$BATS_TEST_TMPDIR/htaccess" "$file"
		equals "$way $right $wrong $header" "$way 200 401 401"
	done
	# The header itself goes before what a rule made of it.
	cgi health GET /metrics '' HTTP_X_API_KEY= HTTP_AUTHORIZATION='Bearer wrong' REDIRECT_HTTP_AUTHORIZATION="Bearer $KEY"
	assert_status 401
	cgi health GET /metrics '' HTTP_X_API_KEY= HTTP_AUTHORIZATION= REDIRECT_HTTP_AUTHORIZATION="Bearer $KEY"
	assert_status 200
}

@test "apache: a query is never an option of the program, though CGI makes it an argument" {
	local query way
	for way in fcgid cgid; do
		behind "$way"
		for query in --dump-config --help --version --print-env-example x+y "--socket+$SHARED-$way/ipc/evil"; do
			same GET "/livez?$query"
			same GET "/api/stats?$query"
		done
		[ ! -e "$SHARED-$way/ipc/evil" ]
	done
}

@test "apache: a header Proxy sends no call to AWS anywhere else (R37)" {
	go_live
	for way in proxy fcgid cgid; do
		behind "$way"
		api POST /api/token/viewer "$(obj userId "$(fresh)")" -H 'Proxy: http://127.0.0.1:1'
		assert_status 200
		leave "$(json .data.userId)" "$MASTER"
	done
	BASE_URL=$lighttpd_url
	api POST /api/token/viewer "$(obj userId "$(fresh)")" -H 'Proxy: http://127.0.0.1:1'
	assert_status 200
	# And where a web server passes it on:
	cgi token POST /api/token/viewer "$(obj userId "$(fresh)")" HTTP_PROXY=http://127.0.0.1:1 http_proxy=http://127.0.0.1:1
	assert_status 200
}

@test "apache: the client's address is the peer's, and X-Forwarded-For counts as behind lighttpd (R35)" {
	local way ip
	for way in proxy fcgid; do
		behind "$way"
		ip=$(fresh_ip)
		repeat 100 'GET /api/stats/viewers' | as_client "$ip" 4 -H "x-api-key: $KEY" | count_status 200 >"$BATS_TEST_TMPDIR/n"
		equals "$(<"$BATS_TEST_TMPDIR/n")" 100
		api GET /api/stats/viewers - -H "X-Forwarded-For: $(fresh_ip), $ip"
		assert_error 429 RATE_LIMIT_EXCEEDED
		matches "$(header Retry-After)" '^[0-9]+$'
		api GET /api/stats/viewers - -H "X-Forwarded-For: $ip" -H "X_Forwarded_For: $(fresh_ip)"
		assert_error 429 RATE_LIMIT_EXCEEDED
	done
}

@test "apache: 20 bodies that come drop by drop keep nobody waiting, and are answered" {
	local i port
	behind proxy
	port=${BASE_URL##*:}
	body=$(obj userId "$(fresh)" stageArn "$MASTER")
	for i in $(seq 20); do
		(
			exec 5<>"/dev/tcp/127.0.0.1/$port"
			printf 'POST /api/viewer/heartbeat HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\nContent-Length: %s\r\n\r\n' "$KEY" ${#body} >&5
			for ((at = 0; at < ${#body}; at += 8)); do
				printf '%s' "${body:at:8}" >&5
				sleep 0.8
			done
			timeout 5 head -n 1 <&5
		) >"$BATS_TEST_TMPDIR/slow-$i" 3>&- &
	done
	repeat 500 "GET /api/viewer/list/$MASTER" | load_requests 4 >"$BATS_TEST_TMPDIR/others"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/others")" 500
	wait
	equals "$(cat "$BATS_TEST_TMPDIR"/slow-* | cut -d' ' -f2 | sort | uniq -c | xargs)" '20 404'
}

# What mod_proxy writes to the disk has this name, until the request is over.
spooled() { # DIR
	local pid
	for pid in $(pgrep -P "$(<"$1/pid")"); do
		find "/proc/$pid/fd" -lname '*modproxy*'
	done 2>/dev/null
}

@test "apache: of a body in chunks nothing is written to the disk, however long it is, without a key (F2)" {
	local n=0
	behind proxy
	head -c 12000000 /dev/zero |
		curl -s -X POST -T - --limit-rate 4M -H 'Expect:' -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' \
			"$BASE_URL/api/token/viewer" >"$BATS_TEST_TMPDIR/status" 3>&- &
	while kill -0 $! 2>/dev/null; do
		equals "$(spooled "$AP")" ''
		n=$((n + 1))
		sleep 0.05
	done
	((n > 10))
	equals "$(<"$BATS_TEST_TMPDIR/status") $(jq -r .error.code "$BATS_TEST_TMPDIR/body")" '401 UNAUTHORIZED'
	head -c 1000000 /dev/zero >"$BATS_TEST_TMPDIR/huge"
	api POST /api/token/viewer "@$BATS_TEST_TMPDIR/huge" -H 'Transfer-Encoding: chunked'
	assert_error 413 PAYLOAD_TOO_LARGE
	# One of the right size, over what Apache takes at once, is read whole.
	head -c 60000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/long"
	obj userId "$(fresh)" stageArn "$MASTER" >>"$BATS_TEST_TMPDIR/long"
	api POST /api/viewer/leave "@$BATS_TEST_TMPDIR/long" -H 'Transfer-Encoding: chunked'
	assert_status 200
}

@test "apache: mod_fcgid and CGI take no body that is too long either" {
	local way
	head -c 1000000 /dev/zero >"$BATS_TEST_TMPDIR/huge"
	for way in fcgid cgid; do
		behind "$way"
		call POST /api/token/viewer "@$BATS_TEST_TMPDIR/huge"
		assert_error 413 PAYLOAD_TOO_LARGE
		api POST /api/token/viewer "@$BATS_TEST_TMPDIR/huge" -H 'Transfer-Encoding: chunked'
		# mod_fcgid has a limit of its own, and this status for it
		[ "$way" = cgid ] || assert_error 500 INTERNAL_ERROR
		[ "$way" = fcgid ] || assert_error 413 PAYLOAD_TOO_LARGE
	done
}

# ---- programs that are away, late, or die ----

shipped() { # lighttpd|proxy
	if [ "$1" = lighttpd ]; then BASE_URL=$lighttpd_url; else behind "$1"; fi
}
assert_come_again() { # STATUS
	assert_error "$1" SERVICE_UNAVAILABLE && equals "$(header Retry-After)" 1
}

@test "limits: each web server gives up a program that takes no connection or no request (B3)" {
	local name way nginx=$PROJECT_ROOT/deploy/nginx/api.conf
	for name in token stage viewer stats health; do
		way=$(tr -d '\n' <"$PROJECT_ROOT/deploy/lighttpd.conf" | grep -oE "/$name[.]sock.[^)]*")
		matches "$way" '"connect-timeout" => [1-3],'
		matches "$way" '"write-timeout" => [1-9],'
		# its timeout is that of writing and of reading
		matches "$(grep "/$name.sock" "$PROJECT_ROOT/deploy/apache/ivs-live.conf")" ' connectiontimeout=[1-3] timeout=[0-9]+$'
	done
	grep -qE '^fastcgi_connect_timeout [1-3]s;' "$nginx"
	grep -qE '^fastcgi_send_timeout +[1-9]s;' "$nginx"
}

@test "limits: each web server waits for longer than the longest call of a program" {
	local name longest nginx=$PROJECT_ROOT/deploy/nginx/api.conf
	for name in token stage viewer stats health; do
		longest=$(sed -nE 's/.*\.slow_s = ([0-9]+).*/\1/p' "$PROJECT_ROOT/fcgi/$name.c")
		matches "$(tr -d '\n' <"$PROJECT_ROOT/deploy/lighttpd.conf" | grep -oE "/$name.sock.{90,160}read-timeout\" => [0-9]+" | sed 's/.* //')" '^[0-9]+$'
		((BASH_REMATCH[0] > longest + 1 && BASH_REMATCH[0] < longest + 5))
		matches "$(grep "/$name.sock" "$PROJECT_ROOT/deploy/apache/ivs-live.conf" | grep -oE ' timeout=[0-9]+')" '[0-9]+$'
		((BASH_REMATCH[0] > longest + 1 && BASH_REMATCH[0] < longest + 5))
		matches "$(grep "/$name.sock" "$nginx" | grep -oE 'fastcgi_read_timeout [0-9]+')" '[0-9]+$'
		((BASH_REMATCH[0] > longest + 1 && BASH_REMATCH[0] < longest + 5))
	done
}

@test "away: 503 at once, with Retry-After, whether health is there to say so or not" {
	local way sockets begun
	sockets=$(<"$SUITE_DIR/kept/sockets")/fcgi
	mv "$sockets/stats.sock" "$sockets/stats.away"
	for way in lighttpd proxy; do
		shipped "$way"
		begun=$SECONDS
		api GET /api/stats/viewers
		assert_come_again 503
		((SECONDS - begun <= 1))
	done
	mv "$sockets/health.sock" "$sockets/health.away"
	for way in lighttpd proxy; do
		shipped "$way"
		api GET /api/stats/viewers
		assert_error 503 SERVICE_UNAVAILABLE
	done
	mv "$sockets/health.away" "$sockets/health.sock"
	mv "$sockets/stats.away" "$sockets/stats.sock"
	for way in lighttpd proxy; do
		shipped "$way"
		wait_until 3 answers GET /api/stats/viewers 200
		wait_until 3 answers GET /livez 200
	done
}

@test "late: frozen programs, supervisors too, are given up in time" {
	local way begun=$SECONDS
	freeze stats
	for way in lighttpd proxy; do
		(
			shipped "$way"
			BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$way
			mkdir "$BATS_TEST_TMPDIR"
			api GET /api/stats/viewers
			printf '%s %s\n' "$http_status" "$(header Retry-After)" >"$BATS_TEST_TMPDIR/got"
		) 3>&- &
	done
	wait
	thaw stats
	equals "$(cat "$BATS_TEST_TMPDIR"/*/got)" $'504 1\n504 1'
	((SECONDS - begun <= 17))
}

@test "dies: a worker killed in the middle of a request: 503 with Retry-After" {
	local way u begun
	load lib/people
	in_call() { [ "$(emulator GET faults | jq '[.. | objects | select(.operation == "DisconnectParticipant")] | length')" = 0 ]; }
	go_live
	for way in lighttpd proxy; do
		shipped "$way"
		u=$(fresh)
		token "$u" "$MASTER"
		assert_status 200
		fault '{"operation":"DisconnectParticipant","count":1,"action":"delay","delayMs":10000}'
		(
			api POST /api/viewer/kick "$(obj userId "$u")"
			printf '%s %s %s\n' "$http_status" "$(header Retry-After)" "$(json .error.details.dependency)" \
				>"$BATS_TEST_TMPDIR/got"
		) 3>&- &
		wait_until 5 in_call # AWS was asked and does not answer yet
		begun=$(now_us)
		pgrep -P "$(pid_of viewer)" | xargs kill -KILL
		wait "$!"
		(($(now_us) - begun < 3000000))
		# Not the answer of a worker to whom AWS did not answer.
		equals "$(<"$BATS_TEST_TMPDIR/got")" '503 1 null'
		wait_until 5 answers GET "/api/viewer/list/$MASTER" 200
	done
}
