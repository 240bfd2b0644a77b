#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
TIMES=$(size 10 2) RATE=500 USERS=500
title R67 "Each program is restarted $TIMES times under $RATE requests a second" \
	"deploy/stack restart; first with sockets that are held while a program restarts, as by systemd, then without"

# Requests to each program; %d is one of the viewers.
declare -A line=(
	[token]='POST /api/token/viewer {"userId":"r-%d"}'
	[viewer]='POST /api/viewer/heartbeat {"userId":"r-%d","stageArn":"MASTER"}'
	[stage]='GET /api/stage/list'
	[stats]='GET /api/stats/viewers'
	[health]='GET /livez'
)
# A tenth of a second's requests, ten times a second, until the file is there.
pace() { # LINE FILE
	local lines from=0
	# shellcheck disable=SC2059 # the line is the format
	mapfile -t lines < <(for ((i = 1; i <= USERS; i++)); do printf "${1//MASTER/$MASTER}\n" "$i"; done)
	while [[ ! -e $2 ]]; do
		printf '%s\n' "${lines[@]:from:RATE / 10}"
		from=$(((from + RATE / 10) % USERS))
		sleep 0.09
	done
}
# under_load PROGRAM: $CASE/PROGRAM has a line for each request (tests/tools/load)
under_load() {
	local stop=$CASE/stop.$1 i began
	rm -f "$stop"
	began=$(now_us)
	pace "${line[$1]}" "$stop" | load_requests 256 >"$CASE/$1" &
	load=$!
	sleep 0.5
	for ((i = 0; i < TIMES; i++)); do
		restart "$1"
		sleep 0.3
	done
	touch "$stop"
	wait "$load"
	rate=$(awk -v n="$(wc -l <"$CASE/$1")" -v s="$(since "$began")" 'BEGIN { printf "%d", n / s }')
}
statuses() { cut -d' ' -f1 "$CASE/$1" | sort | uniq -c | awk '{ printf "%s%s: %s", n++ ? ", " : "", $2, $1 }'; }
failed() { awk -v also="$2" '$1 != 200 && $1 != also { n++ } END { print n + 0 }' "$CASE/$1"; } # PROGRAM STATUS
slowest() { awk '{ us = $3 > us ? $3 : us } END { printf "%d", us / 1000 }' "$CASE/$1"; }
join_all() { # prints how many got a seat
	# shellcheck disable=SC2059 # the line is the format
	for ((i = 1; i <= USERS; i++)); do printf "${line[token]}\n" "$i"; done | load_requests 32 | count_status 200
}

read -ra keys <<<"$(local_tokens | xargs)"
for held in on off; do
	told "sockets held" "$held"
	stack_up HELD_SOCKETS=$held TOKEN_MODE=local "${keys[@]}"
	live
	is "viewers with a seat" "$(join_all)" "$USERS"
	for program in token viewer stage stats health; do
		under_load "$program"
		if [[ $held == on ]]; then
			is "$program: requests that failed, of $(wc -l <"$CASE/$program")" "$(failed "$program" 200)" 0
		else
			is "$program: requests that failed but for 503, of $(wc -l <"$CASE/$program")" "$(failed "$program" 503)" 0
		fi
		told "  statuses; requests/s" "$(statuses "$program")" "$rate"
		most "  slowest, ms" "$(slowest "$program")" 3000
	done
	is "viewers" "$(watching)" "$USERS"
	show_down
	SUITE_DIR=${SUITE_DIR%/show.*}
done
finish
