# Which server is the Redis of the private stack: Redis, or Valkey, which speaks the same protocol.
# STACK_STORE=redis or valkey says so; without it Redis is taken where it is installed.
# shellcheck shell=bash

store_name() { # prints redis or valkey
	if [[ ${STACK_STORE:-} ]]; then
		echo "$STACK_STORE"
	elif ! type -P redis-server >/dev/null && type -P valkey-server >/dev/null; then
		echo valkey
	else
		echo redis
	fi
}

# For Valkey: makes FOLDER with its programs under the names redis-server and redis-cli, first in
# PATH, so that everything started later uses them.
use_store() { # FOLDER
	local program found
	case $(store_name) in
	redis) return ;;
	valkey) ;;
	*)
		echo "STACK_STORE is '$STACK_STORE': it must be redis or valkey" >&2
		return 64
		;;
	esac
	for program in server cli; do
		found=$(type -P "valkey-$program") || {
			echo "valkey-$program is missing: STACK_STORE=valkey deploy/packages run --install" >&2
			return 1
		}
		[[ $1/redis-$program -ef $found ]] || { mkdir -p "$1" && ln -sfn "$found" "$1/redis-$program"; } || return
	done
	PATH=$1:$PATH
}
