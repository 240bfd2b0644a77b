# Parts of deploy/stack that know nothing of the servers: messages, values kept
# in DIR, and processes started, recognised again and ended.
#
# A process is remembered in DIR/pids/NAME as its number and its start time (from
# /proc/PID/stat), so that a number used again by somebody else is never ended.
# Each one leads a session of its own; what it forked is found by that session.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables come from deploy/stack

say() { echo "stack: $*"; }

die() {
	echo "stack: $*" >&2
	exit 1
}

# keep NAME VALUE: a value that outlives `down`; kept NAME prints it.
keep() { printf '%s\n' "$2" >"$DIR/kept/$1"; }
kept() { [[ -e $DIR/kept/$1 ]] && cat "$DIR/kept/$1"; }

# wait_until SECONDS COMMAND...: tries until it succeeds.
wait_until() {
	local until=$((${EPOCHREALTIME//[!0-9]/} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME//[!0-9]/} < until)) || return 1
		sleep 0.03
	done
}

# Start time (clock ticks since boot) of a living process; a zombie is none.
start_time() {
	local stat
	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
	# the name in parentheses may hold anything, even ") "
	stat=${stat##*) }
	[[ $stat != Z* && $stat != X* ]] || return 1
	# shellcheck disable=SC2086 # the fields
	set -- $stat
	echo "${20}"
}

pid_of() { # prints the number noted for NAME, alive or not
	local pid rest
	[[ -s $DIR/pids/$1 ]] || return 1
	read -r pid rest <"$DIR/pids/$1"
	echo "$pid"
}

alive() {
	local pid born
	[[ -s $DIR/pids/$1 ]] || return 1
	read -r pid born <"$DIR/pids/$1"
	[[ $(start_time "$pid") == "$born" ]]
}

# Bats, make and flock wait for whoever still holds their descriptors.
close_inherited() {
	local fd
	for fd in "/proc/$BASHPID/fd"/*; do
		fd=${fd##*/}
		((fd > 2)) && eval "exec $fd>&-"
	done
	return 0
}

# spawn NAME COMMAND...: starts it in the background, in a session of its own.
# Output is appended to its log, or goes to SPAWN_STDOUT.
spawn() {
	local name=$1 pid
	shift
	(
		close_inherited
		cd /
		trap - INT TERM EXIT
		exec setsid "$@"
	) </dev/null >>"${SPAWN_STDOUT:-$DIR/log/$name.log}" 2>>"$DIR/log/$name.log" &
	pid=$!
	echo "$pid $(start_time "$pid" || echo 0)" >"$DIR/pids/$name"
}

works_or_dead() { # NAME COMMAND...
	"${@:2}" || gone "$1"
}

# Waits for COMMAND as long as the process NAME lives.
wait_for() { # NAME SECONDS COMMAND...
	local name=$1 seconds=$2
	shift 2
	wait_until "$seconds" works_or_dead "$name" "$@" && "$@"
}

# Ends what is left of the session that PID led, e.g. workers whose parent was
# killed. Only if it bears our mark: the number may be another's now.
end_session() { # PID
	local member
	for member in $(ps -o pid= -s "$1" 2>/dev/null); do
		! bears_our_mark "$member" || kill -KILL "$member" || true
	done 2>/dev/null
}

# DIR in its environment; or, since our programs let nobody look there, its sockets
# among its arguments.
bears_our_mark() { # PID
	local sockets
	grep -qzxF "STACK_DIR=$DIR" "/proc/$1/environ" && return
	sockets=$(kept sockets) && grep -qzF "$sockets/" "/proc/$1/cmdline"
} 2>/dev/null

# PostgreSQL would wait for its clients on TERM; cron and what it started get
# the signal together.
ask_to_end() {
	local pid
	alive "$1" || return 0
	pid=$(pid_of "$1")
	case $1 in
	postgres) kill -INT "$pid" ;;
	cron) kill -TERM -- "-$pid" ;;
	*) kill -TERM "$pid" ;;
	esac 2>/dev/null || true
}

gone() { ! alive "$1"; }

# end_processes NAME...: asks all, then waits, then insists.
end_processes() {
	local name pid
	for name; do
		ask_to_end "$name"
	done
	for name; do
		pid=$(pid_of "$name") || continue
		if ! wait_until "${STOP_SECONDS:-10}" gone "$name"; then
			say "$name ($pid) does not end: killed"
			kill -KILL "$pid" 2>/dev/null || true
			wait_until 5 gone "$name" || true
		fi
		end_session "$pid"
		rm -f "$DIR/pids/$name"
	done
}

# One value as a word of sh.
quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

random_hex() { openssl rand -hex "$1"; }
