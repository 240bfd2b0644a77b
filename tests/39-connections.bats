# 8,300 connections of one address that send a byte every 10 s each: the others are served.
# bats file_tags=alone

load lib/common
load lib/servers

seconds=${SLOW_SECONDS:-12}

setup() {
	export server_sockets server_errors
	server_sockets=$(<"$SUITE_DIR/kept/sockets")/fcgi server_errors=$(<"$SUITE_DIR/kept/sockets")/errors
}
teardown() {
	kill ${slow:-} ${own:-} 2>/dev/null || true
	stop_server "$SUITE_DIR/slow-nginx"
}
# slow_clients PORT NUMBER: from 127.0.0.2, until the test ends; all of them are there.
slow_clients() {
	"$BUILD_DIR/tests/tools/slow" 127.0.0.2 "$1" "$2" $((seconds + 60)) >"$BATS_TEST_TMPDIR/slow" 3>&- &
	slow=$!
}
held() { tail -n 1 "$BATS_TEST_TMPDIR/slow" | cut -d' ' -f1; }
hold_at_least() { (($(held) >= $1)); } # NUMBER
# others_get_livez PORT: each within a second, for $seconds
others_get_livez() {
	local end=$((SECONDS + seconds)) n=0
	while ((SECONDS < end)); do
		equals "$(curl -s -o /dev/null -w '%{http_code}' --max-time 1 "http://127.0.0.1:$1/livez")" 200
		n=$((n + 1))
		sleep 0.2
	done
	((n > seconds))
}

@test "connections: behind the private stack's lighttpd, without root's help" {
	# Half the descriptors it may have are for connections.
	(($(ulimit -H -n) >= 17000)) || skip "this account may have only $(ulimit -H -n) descriptors"
	slow_clients "$API_PORT" 8300
	wait_until 30 hold_at_least 8300
	others_get_livez "$API_PORT"
	hold_at_least 8300
}

# in_network COMMAND...: with a loopback of its own, which ends with it
in_network() {
	if ((EUID == 0)); then unshare --net "$@"; else unshare --map-root-user --net "$@"; fi
}
# limited SERVER PER_ADDRESS: the server in a network of its own, behind deploy/nftables
limited() {
	local dir=$SUITE_DIR/limited-$1 port=80
	mkdir -p "$dir"
	chmod 711 "$dir"
	trap 'kill ${slow:-} ${own:-} 2>/dev/null' EXIT
	nft() { /usr/sbin/nft "$@"; }
	ip link set lo up
	sed "s/ct count over 4096/ct count over $2/" "$PROJECT_ROOT/deploy/nftables/ivs-live.nft" >"$dir/nft"
	# Loading it twice is loading it once.
	nft -f "$dir/nft" && nft -f "$dir/nft" || return 1
	"begin_$1" "$dir" $port 3>&- >>"$dir/error.log" 2>&1 &
	own=$!
	wait_until 20 eval 'curl -s -o /dev/null --max-time 1 http://127.0.0.1/livez'
	slow_clients $port 8300
	wait_until 30 eval '[ "$(nft list table inet ivs_live | grep -cE "counter packets [1-9].*reject")" = 1 ]'
	others_get_livez $port
	(($(held) <= $2))
}
commands_of() { # FILE: those that it prints for an operator, without the mark of a comment
	sed -nE '/install -D .*ivs-live[.]nft/,/reload-or-restart/{ s/^# {1,3}//; p }' "$1"
}
# load_as_told ETC: what deploy/nftables says, on a machine whose /etc this is. The check and the
# load are real; systemd's part is played by what nftables.service does.
load_as_told() {
	nft() { /usr/sbin/nft "$@"; }
	systemctl() { [ "$1" = enable ] || nft -f "$etc/nftables.conf"; }
	local etc=$1 commands
	commands=$(commands_of "$PROJECT_ROOT/deploy/nftables/ivs-live.nft" |
		sed "s,/usr/local/share/ivs-live,$PROJECT_ROOT,; s,/etc/,$etc/,g")
	eval "$commands"
	nft list table inet ivs_live | grep -q 'ct count over 4096'
	# a second time is none more
	eval "$commands"
	equals "$(grep -c include "$etc/nftables.conf")" 1
	# as at the next boot
	nft flush ruleset
	nft -c -f "$etc/nftables.conf"
	nft -f "$etc/nftables.conf"
	nft list table inet ivs_live >/dev/null
}
in_own_network() { # SERVER PER_ADDRESS, or what $WHAT wants
	in_network true 2>/dev/null || skip "no network namespace here"
	[ -x /usr/sbin/nft ] || skip "nft is not there"
	in_network "$BASH" -c '
		set -e
		BATS_TEST_TMPDIR=$1
		shift
		load() { . "$PROJECT_ROOT/tests/$1.bash"; }
		load lib/common
		load lib/servers
		eval "$FUNCTIONS"
		"${WHAT:-limited}" "$@"' limited "$BATS_TEST_TMPDIR" "$@" 3>&-
}

@test "connections: behind deploy/nftables, lighttpd with few connections of its own" {
	export seconds FUNCTIONS server_sed='s/^(server.max-fds ).*/\1= 16384/; s/^(server.max-connections ).*/\1= 8192/'
	FUNCTIONS=$(declare -f limited slow_clients held hold_at_least others_get_livez)
	in_own_network lighttpd 4096
}

@test "connections: behind deploy/nftables with fewer than it has threads, Apache" {
	export seconds FUNCTIONS
	FUNCTIONS=$(declare -f limited slow_clients held hold_at_least others_get_livez)
	in_own_network apache 50
}

@test "connections: nginx as it is, since a head must be there within 10 s" {
	start_server nginx "$SUITE_DIR/slow-nginx"
	slow_clients "${server_url##*:}" 8300
	wait_until 30 hold_at_least 400
	others_get_livez "${server_url##*:}"
}

@test "connections: the commands that deploy/nftables and the manual print load it, on a machine without /etc/nftables.d too" {
	local nft=$PROJECT_ROOT/deploy/nftables/ivs-live.nft
	equals "$(commands_of "$nft" | wc -l)" 4
	equals "$(commands_of "$PROJECT_ROOT/docs/deployment.md")" "$(commands_of "$nft")"
	export seconds FUNCTIONS WHAT=load_as_told
	FUNCTIONS=$(declare -f load_as_told commands_of)
	in_own_network "$BATS_TEST_TMPDIR/empty/etc"
	# Debian's own file
	mkdir -p "$BATS_TEST_TMPDIR/debian/etc"
	printf '%s\n' '#!/usr/sbin/nft -f' 'flush ruleset' 'table inet filter {' 'chain input { type filter hook input priority filter; }' \
		'}' >"$BATS_TEST_TMPDIR/debian/etc/nftables.conf"
	in_own_network "$BATS_TEST_TMPDIR/debian/etc"
}
