# `deploy/stack run`, that is `make run`: install, build, up, say what to try, and
# stay until Ctrl-C.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables come from deploy/stack

print_examples() {
	local key
	key=$(first_api_key)
	key=${key//\'/\'\\\'\'}
	local post="curl -s -w '\\n' -H 'x-api-key: $key' -H 'content-type: application/json'"
	cat <<-EOF

		The server answers at $BASE_URL, e.g. $BASE_URL/health
		Try, in this order:

		$post -d '{"userId":"anna"}' $BASE_URL/api/token/publisher
		$post -d '{"userId":"ben","stageArn":"$MASTER_STAGE_ARN"}' $BASE_URL/api/token/viewer
		$post -d '{"userId":"ben","stageArn":"$MASTER_STAGE_ARN"}' $BASE_URL/api/viewer/heartbeat
		curl -s -w '\\n' -H 'x-api-key: $key' $BASE_URL/api/stats
		$post -d '{"userId":"ben","stageArn":"$MASTER_STAGE_ARN"}' $BASE_URL/api/viewer/leave

		A viewer's page needs no API key: it beats and leaves with its session token.

		session=\$($post -d '{"userId":"eva"}' $BASE_URL/api/token/viewer | sed -n 's/.*"sessionToken":"\\([^"]*\\)".*/\\1/p')
		curl -s -w '\\n' -X POST -H "Authorization: Bearer \$session" -d '' $BASE_URL/api/viewer/heartbeat
		curl -s -w '\\n' -H 'content-type: text/plain' -d "\$session" $BASE_URL/api/viewer/leave

		The emulated AWS lets anna publish half a second after she has her token. Watch
		the show grow: with a hundred viewers it makes further stages and replicates her.

		for i in \$(seq 100); do $post -d "{\"userId\":\"v\$i\"}" $BASE_URL/api/token/viewer; done >/dev/null
		(set -a; . $DIR/env; $BUILD_DIR/ctl/ivsctl stage explain)

		(-H 'accept-language: en' makes the messages English.)
		Ctrl-C ends it; what was written stays in $DIR$(elsewhere).
	EOF
}

# Where the database is when user postgres cannot enter DIR.
elsewhere() {
	local pgdata
	pgdata=$(kept pgdata) && [[ $pgdata != "$DIR"/* ]] && echo " and $pgdata"
}

# One `make run` a folder, for as long as it lives. Without DIR given, a second
# one takes the next: .run-2, ...
claim_dir() {
	local n=1 base=$DIR
	while :; do
		make_dir
		exec 8>"$DIR/run.lock"
		flock -n 8 && ! any_alive && return
		[[ -z $DIR_GIVEN ]] || die "$DIR is up already"
		n=$((n + 1))
		DIR=$base-$n
		export STACK_DIR=$DIR
	done
}

run() {
	"$ROOT/deploy/packages" run --install
	# Who gets a publisher token soon publishes, and calls are limited as AWS limits them.
	export EMULATOR_OPTIONS=${EMULATOR_OPTIONS---auto-publish 500 --quotas}
	(umask 022 && make -s -C "$ROOT" MODE="${BUILD_DIR##*/}" all)
	claim_dir
	up
	# The programs lead sessions of their own: Ctrl-C reaches only this one.
	# A terminal that is closed takes the ends of our pipes with it: no echo may stop us.
	trap 'trap "" INT TERM HUP PIPE; echo || true; down || true; exit 0' INT TERM HUP
	exec 9>&-
	load_recorded
	print_examples
	while :; do
		sleep 1 || true
	done
}
