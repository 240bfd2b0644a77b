# A Redis that is replaced by an older copy of itself. Needs lib/common and lib/show; $own is a folder
# of the test. Nothing here drains: what is in PostgreSQL is what the programs put there.
# shellcheck shell=bash disable=SC2154

take_copy() { rm -rf "$own/copy" && cp -a "$SUITE_DIR/redis" "$own/copy"; }
put_copy_back() {
	local pid
	pid=$(pid_of redis)
	kill -KILL "$pid"
	wait_until 5 is_gone "$pid"
	rm -rf "$SUITE_DIR/redis" && cp -a "$own/copy" "$SUITE_DIR/redis"
	"$PROJECT_ROOT/deploy/stack" restart redis "$SUITE_DIR" 3>&- >/dev/null
}
