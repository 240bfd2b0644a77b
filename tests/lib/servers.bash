# Private web servers on loopback, with the files as shipped, on the sockets of a stack.
# shellcheck shell=bash disable=SC2034,SC2154

load lib/apache

# `begin_NAME DIR PORT` becomes the server. It is a job of ours, so it ends with the tests. Looking for
# a free port first would be a race, so ports are tried -> $server_url, also in DIR/url.
start_server() { # NAME DIR
	local port pid
	mkdir -p "$2"
	chmod 711 "$2"
	for port in $(shuf -i 20000-31999 -n 20); do
		"begin_$1" "$2" "$port" 3>&- >>"$2/error.log" 2>&1 &
		pid=$!
		server_url=http://127.0.0.1:$port
		if wait_until 20 server_answers_or_gone "$pid" && ! is_gone "$pid"; then
			echo "$server_url" >"$2/url"
			echo "$pid" >"$2/server"
			return 0
		fi
		kill "$pid" 2>/dev/null || true
	done
	cat "$2/error.log" >&2
	return 1
}
server_answers_or_gone() { is_gone "$1" || curl -s -o /dev/null --max-time 2 "$server_url/livez"; } # PID
stop_server() { # DIR
	local pid
	[ -s "$1/server" ] || return 0
	pid=$(<"$1/server")
	rm "$1/server"
	kill "$pid" && wait_until 20 is_gone "$pid"
}

# $server_sockets and $server_errors are where the programs and the texts of errors are;
# $server_sed changes the shipped file, where a test cannot wait as long as it says.
begin_lighttpd() { # DIR PORT
	{
		sed -E "${server_sed:-}" "$PROJECT_ROOT/deploy/lighttpd.conf"
		echo "${server_more:-}"
	} >"$1/$2.conf"
	mkdir -p "$1/uploads"
	((EUID != 0)) || chown www-data "$1/uploads"
	IVS_BIND=127.0.0.1 IVS_PORT=$2 IVS_SOCKETS=$server_sockets IVS_PID=$1/pid IVS_TMP=$1/uploads \
		IVS_ERRORS=$server_errors IVS_WEB_USER=$( ((EUID != 0)) || echo www-data) \
		PATH=$PATH:/usr/sbin exec lighttpd -D -f "$1/$2.conf"
}
begin_nginx() { # DIR PORT
	sed -E "s#/run/ivs-live/#$server_sockets/#; s#/usr/local/share/ivs-live/deploy/errors#$server_errors#; ${server_sed:-}" \
		"$PROJECT_ROOT/deploy/nginx/api.conf" >"$1/api.conf"
	{
		((EUID != 0)) || echo 'user www-data;'
		cat <<-CONF
			daemon off; pid $1/pid; error_log stderr; worker_processes 1;
			events { worker_connections 9000; }
			http {
				access_log off;
				client_body_temp_path $1/body; fastcgi_temp_path $1/fastcgi; proxy_temp_path $1/proxy;
				scgi_temp_path $1/scgi; uwsgi_temp_path $1/uwsgi;
				$([ -z "${server_site:-}" ] && echo "server { listen 127.0.0.1:$2; include $1/api.conf; }" || echo "include $server_site;")
			}
		CONF
	} >"$1/$2.conf"
	exec /usr/sbin/nginx -e stderr -c "$1/$2.conf"
}
begin_apache() { # DIR PORT: mod_proxy_fcgi
	rm -f "$1/httpd.conf"
	make_apache "$1"
	sed -E "${server_sed:-}" "$PROJECT_ROOT/deploy/apache/ivs-live.conf" >"$1/site.conf"
	{
		for module in proxy proxy_fcgi buffer headers ${server_modules:-}; do
			load_module "$module"
		done
		printf '%s\n' "Listen 127.0.0.1:$2" "Define IVS_PORT ${server_port:-$2}" "Define IVS_SOCKETS $server_sockets" \
			"Define IVS_ERRORS $server_errors" "${server_defines:-}" "Include $1/site.conf"
	} >>"$1/httpd.conf"
	exec /usr/sbin/apache2 -D FOREGROUND -f "$1/httpd.conf"
}

# ---- TLS: HTTP on PORT, HTTPS on tls_port PORT, by $server_cert and $server_key ----

tls_port() { echo $((52001 - $1)); } # PORT
begin_lighttpd_tls() { # DIR PORT
	local port
	port=$(tls_port "$2")
	export IVS_HTTP=127.0.0.1:$2 IVS_HTTPS_URL=https://localhost:$port IVS_CERT=$server_cert IVS_CERT_KEY=$server_key
	server_more="include \"$PROJECT_ROOT/deploy/lighttpd-tls.conf\"" begin_lighttpd "$1" "$port"
}
begin_nginx_tls() { # DIR PORT
	local server_site=$1/site.conf
	sed -E "/\[::\]/d; s#listen +80;#listen 127.0.0.1:$2;#; s#listen +443 ssl#listen 127.0.0.1:$(tls_port "$2") ssl#
		s#https://[$]server_name#https://localhost:$(tls_port "$2")#; s#(include) .*api.conf#\1 $1/api.conf#
		s#(ssl_certificate_key) .*;#\1 $server_key;#; s#(ssl_certificate) .*;#\1 $server_cert;#" \
		"$PROJECT_ROOT/deploy/nginx/ivs-live.conf" >"$server_site"
	begin_nginx "$1" "$2"
}
begin_apache_tls() { # DIR PORT
	local server_modules="ssl rewrite" server_defines
	server_defines=$(printf '%s\n' "Listen 127.0.0.1:$(tls_port "$2")" "Define IVS_HTTP_PORT $2" \
		"Define IVS_HOST localhost:$(tls_port "$2")" "Define IVS_CERT $server_cert" "Define IVS_CERT_KEY $server_key")
	server_port=$(tls_port "$2") begin_apache "$1" "$2"
}

# ---- requests.txt ----

# bytes LINE: the request of a line without its WHERE.
bytes() {
	local line=$1 part body='' length='' count
	line=${line//@KEY@/$KEY} line=${line//@MASTER@/$MASTER} line=${line//@ENCODED@/${MASTER/\//%2F}}
	while [[ $line =~ @([0-9]+)\*(.)@ ]]; do
		count=$(printf '%*s' "${BASH_REMATCH[1]}" '')
		line=${line/"${BASH_REMATCH[0]}"/${count// /${BASH_REMATCH[2]}}}
	done
	if [[ $line == raw:* ]]; then
		printf '%b' "${line#raw:}"
		return
	fi
	IFS='|' read -r -a parts <<<"$line"
	printf '%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' "${parts[0]}"
	for part in "${parts[@]:1}"; do
		case $part in
		'<'*) body=${part#<} length=$(printf %s "$body" | wc -c) ;;
		*) printf '%s\r\n' "$part" ;;
		esac
	done
	[ -z "$length" ] || printf 'Content-Length: %s\r\n' "$length"
	printf '\r\n%s' "$body"
}
# What is the same of an answer behind every server: status, some headers, the body without times.
normalised() {
	LC_ALL=C awk '
		BEGIN { RS = "\r\n"; ORS = "\n"; head = 1 }
		head && NR == 1 { status = $2; next }
		head && $0 == "" { if (status == 100) { NR = 0; next } head = 0; next }
		head {
			name = tolower($1)
			if (name == "transfer-encoding:") chunked = 1
			if (name ~ /^(content-type|allow|vary|retry-after|cache-control|x-content-type-options|access-control-[a-z-]*):$/)
				headers[++n] = name substr($0, length($1) + 1)
			next
		}
		chunked { if (size == "") { size = $0; next } body = body $0; size = ""; next }
		{ body = body $0 }
		END {
			print status
			for (i = 1; i <= n; i++) print headers[i] | "sort"
			close("sort")
			sub(/\n$/, "", body)
			print body
		}' |
		sed -E 's/"(timestamp|serverTime|joinedAt|refreshedAt|checkedAt|observedAt|since)":"[^"]*"/"\1":"-"/g; s/"(uptime|used|total|ageSeconds)":[0-9]+/"\1":0/g'
}
# ask_raw PORT REQUEST_FILE [SECONDS]: one answer, until the server closes; nginx lingers after a 413.
ask_raw() {
	local fd
	exec {fd}<>"/dev/tcp/127.0.0.1/$1"
	# It may have closed before it has read all.
	{ cat "$2" >&"$fd"; timeout "${3:-4}" cat <&"$fd"; } 2>/dev/null || true
	exec {fd}>&-
}
# answers_of URL DIR [SECONDS]: DIR/N for the Nth request.
answers_of() {
	local n=0 line
	mkdir -p "$2"
	while IFS= read -r line; do
		n=$((n + 1))
		# That the publisher is live is known for some seconds only.
		[[ $line != *' /api/stats'* ]] || go_live
		bytes "${line#*|}" >"$2/request"
		ask_raw "${1##*:}" "$2/request" "${3:-}" | normalised >"$2/$n"
	done < <(grep -v '^#' "$PROJECT_ROOT/tests/data/requests.txt")
}
# The name of the master stage is in the numbers as soon as it was read from AWS once.
master_has_name() {
	api GET /api/stage/master/info && api GET "/api/stats/stages?arn=$MASTER" &&
		[ "$(json .data.stageInfo.name)" != null ]
}
# wanted_answers DIR: those of the suite's own lighttpd.
wanted_answers() {
	go_live
	wait_until 20 master_has_name
	answers_of "$BASE_URL" "$1"
}
# has_error_form FILE: an error of the API, whoever says it.
has_error_form() {
	head -n 1 "$1" | grep -qE '^[45][0-9][0-9]$' &&
		grep -qxF 'content-type: application/json; charset=utf-8' "$1" &&
		tail -n 1 "$1" | jq -e '.success == false and (.error.code | test("^[A-Z_]+$")) and
			(.error.message | length > 5)' >/dev/null 2>&1
}
# same_answers WHERE_REGEX WANTED_DIR GOT_DIR: those lines are equal, and whatever is an error has its
# form. With `all` alone nothing else is looked at: Apache refuses some before it reads .htaccess.
same_answers() {
	local n=0 line bad=0 where
	while IFS= read -r line; do
		n=$((n + 1)) where=${line%%|*}
		if [[ $where =~ ^($1)$ ]]; then
			diff "$2/$n" "$3/$n" >"$3/diff" || { bad=1; echo "${line:0:150}"; head -c 1500 "$3/diff"; }
		elif [[ $1 != all ]] && [[ $where == error || $(head -n 1 "$3/$n") != 2* ]]; then
			has_error_form "$3/$n" || { bad=1; echo "no form: ${line:0:150}"; head -c 600 "$3/$n"; }
		fi
	done < <(grep -v '^#' "$PROJECT_ROOT/tests/data/requests.txt")
	return $bad
}
