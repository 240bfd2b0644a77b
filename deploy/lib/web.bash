# The FastCGI programs, lighttpd in front of them, and cron.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables come from deploy/stack

# The programs' sockets outlive the programs, as with deploy/ivs-live@.socket. With HELD_SOCKETS=off
# each program opens its own.
sockets_held() { [[ -S $SOCKETS/fcgi/held ]]; }

start_sockets() {
	spawn sockets "$HOLDER" "$SOCKETS/fcgi" "${PROGRAMS[@]}"
	wait_for sockets 10 sockets_held || die_of sockets
}

# It has its socket and its workers.
program_listens() { [[ -S $SOCKETS/fcgi/$1.sock ]] && pgrep -P "$(pid_of "$1")" >/dev/null; }

start_program() {
	local hand_over=()
	if ours sockets; then
		hand_over=("$HOLDER" "$SOCKETS/fcgi" -- "$1")
	else
		rm -f "$SOCKETS/fcgi/$1.sock"
	fi
	spawn "$1" "${hand_over[@]}" "$BUILD_DIR/fcgi/$1" --socket "$SOCKETS/fcgi/$1.sock" \
		--processes "$FCGI_PROCESSES"
}

wait_program() {
	wait_for "$1" 20 program_listens "$1" || die_of "$1"
	# lighttpd runs as another user when this is root: by the group of the
	# folder it may come in, whatever mode the program chose.
	chmod 0660 "$SOCKETS/fcgi/$1.sock"
}

# lighttpd looks once a second whether a program that was away is back. Until
# then it says 503; the program itself knows no such path, which is any other code.
passes_lighttpd() {
	local path=/api/$1/-
	[[ $1 != health ]] || path=/livez
	[[ $(curl -s --noproxy '*' -o /dev/null -w '%{http_code}' --max-time 1 \
		"$BASE_URL$path") != 503 ]]
}

web_user() {
	((EUID == 0)) || return 0
	id -u www-data >/dev/null 2>&1 && echo www-data
}

# Folder for sockets: short, for a socket's path holds 107 bytes, and passable
# (not readable) for the users that lighttpd and PostgreSQL become.
make_sockets() {
	SOCKETS=$(mktemp -d /tmp/ivs.XXXXXX)
	keep sockets "$SOCKETS"
	mkdir -m 0700 "$SOCKETS/pg" "$SOCKETS/uploads"
	# set-group-id: the sockets made here get the group of lighttpd
	mkdir -m 2750 "$SOCKETS/fcgi"
	cp -r "$ROOT/deploy/errors" "$SOCKETS/errors"
	chmod -R a+rX "$SOCKETS/errors"
	((EUID == 0)) || return 0
	chmod 0711 "$SOCKETS"
	chown postgres:postgres "$SOCKETS/pg"
	if [[ $(web_user) ]]; then
		chown www-data:www-data "$SOCKETS/uploads"
		chgrp www-data "$SOCKETS/fcgi"
		chmod 2750 "$SOCKETS/fcgi"
	fi
}

remove_sockets() {
	local dir
	dir=$(kept sockets) || return 0
	[[ $dir == /tmp/ivs.?????? && -d $dir && -O $dir ]] && rm -rf "$dir"
	rm -f "$DIR/kept/sockets"
}

# It writes its pid file only when it has the port.
lighttpd_has_port() { [[ -s $SOCKETS/lighttpd.pid ]]; }

# As many descriptors as this account may have: lighttpd raises its limit by itself only when it may
# have all of max-fds.
try_lighttpd() { # PORT
	rm -f "$SOCKETS/lighttpd.pid"
	bare_env
	# shellcheck disable=SC2016 # the inner shell expands it
	spawn lighttpd "${bare[@]}" IVS_BIND="${API_BIND:-127.0.0.1}" IVS_PORT="$1" \
		IVS_SOCKETS="$SOCKETS/fcgi" IVS_PID="$SOCKETS/lighttpd.pid" \
		IVS_TMP="$SOCKETS/uploads" \
		IVS_ERRORS="$SOCKETS/errors" IVS_WEB_USER="$(web_user)" \
		sh -c 'ulimit -S -n "$(ulimit -H -n)"; exec lighttpd -D -f "$1"' lighttpd "$ROOT/deploy/lighttpd.conf"
	wait_for lighttpd 10 lighttpd_has_port
}

port_was_taken() { tail -n 3 "$DIR/log/lighttpd.log" | grep -q 'already in use'; }

# Ports worth trying, best first. Between looking and taking somebody else may
# be faster, so nobody looks: lighttpd tries them in turn.
candidate_ports() {
	if ((${API_PORT:-0} > 0)); then
		echo "$API_PORT"
		return
	fi
	kept api_port || true
	[[ ${API_PORT:-} == 0 ]] || echo 3000
	shuf -i 20000-31999 -n 20
}

start_lighttpd() {
	local port
	for port in $(candidate_ports); do
		if try_lighttpd "$port"; then
			export API_PORT=$port
			keep api_port "$port"
			BASE_URL=http://127.0.0.1:$port
			return
		fi
		port_was_taken || break
	done
	die_of lighttpd
}

start_cron() {
	IVS_LIBEXEC=$BUILD_DIR IVS_CRON_LOG=$DIR/log/jobs.log \
		spawn cron "$ROOT/deploy/lib/cron-run" "$ROOT/deploy/crontab"
}

ready_code() {
	curl -s --noproxy '*' -o /dev/null -w '%{http_code}' --max-time 3 "$BASE_URL/readyz"
}

ready() { [[ $(ready_code) == 200 ]]; }

all_alive() {
	local name
	while read -r name; do
		alive "$name" || return 1
	done <"$DIR/services"
}

# Ready, or somebody died on the way: no need to wait for the deadline then. Asked twice, for of two
# workers one may be ready before the other.
ready_or_broken() { ready && ready || ! all_alive; }

wait_ready() {
	wait_until "${UP_SECONDS:-60}" ready_or_broken && all_alive && return
	say "GET $BASE_URL/readyz does not answer 200 (but $(ready_code))"
	curl -s --noproxy '*' --max-time 3 "$BASE_URL/readyz" || true
	die_of
}
