# A private Apache on loopback, with the files as shipped.
# shellcheck shell=bash disable=SC2034,SC2154

# make_apache DIR: its folder, where it may write, and what it needs to run as another user.
make_apache() {
	local module
	mkdir -p "$1"
	chmod 711 "$1"
	{
		echo "ServerRoot $1"
		echo "ServerName localhost"
		echo "PidFile $1/pid"
		echo "DefaultRuntimeDir $1"
		echo "Mutex file:$1 default"
		echo "ErrorLog $1/error.log"
		((EUID != 0)) || printf 'User www-data\nGroup www-data\n'
		for module in mpm_event authz_core env alias reqtimeout; do
			load_module "$module"
		done
	} >"$1/httpd.conf"
}
load_module() { echo "LoadModule ${1}_module /usr/lib/apache2/modules/mod_$1.so"; }

# start_apache DIR: on a port nobody has -> $apache_url. Looking first would be a race, so ports
# are tried. It stays in the foreground, that is in our process group: it ends with the tests.
start_apache() {
	local port pid
	for port in $(shuf -i 20000-31999 -n 20); do
		sed "s/@PORT@/$port/g" "$1/httpd.conf" >"$1/$port.conf"
		/usr/sbin/apache2 -D FOREGROUND -f "$1/$port.conf" 3>&- >>"$1/error.log" 2>&1 &
		pid=$!
		apache_url=http://127.0.0.1:$port
		wait_until 20 answers_or_gone "$pid" && ! is_gone "$pid" && return 0
		kill "$pid" 2>/dev/null || true
	done
	cat "$1/error.log" >&2
	return 1
}
answers_or_gone() { is_gone "$1" || apache_answers; } # PID
apache_answers() { curl -s -o /dev/null --max-time 2 "$apache_url/livez"; }
stop_apache() { # DIR
	local pid
	[ -s "$1/pid" ] || return 0
	pid=$(<"$1/pid")
	kill "$pid" && wait_until 20 is_gone "$pid"
}
