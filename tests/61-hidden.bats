# A Redis that does not tell which server it is: a managed one, or one whose user may not run INFO. Each
# connection is compared with PostgreSQL, and what runs once (a plain CGI call, a job, ivsctl) works as
# it does elsewhere.
bats_require_minimum_version 1.5.0
load lib/common
load lib/ctl
load lib/heal

setup_file() {
	load lib/show
	STACK_THROUGH=
	live_show AUTO_SCALE_ENABLED=false
	let_in redis-cli -s "$STACK_REDIS"
}
teardown_file() { show_down; }
setup() {
	load lib/show
	own=$BATS_TEST_TMPDIR
}
teardown() {
	emulator DELETE faults >/dev/null
	[ ! -e "$own/pids" ] || xargs kill <"$own/pids"
}

# let_in REDIS_CLI...: the user of deploy/redis-user.acl without INFO, on the Redis that the command asks.
let_in() {
	# shellcheck disable=SC2046 # words
	"$@" acl setuser hidden on '>canary-hidden-password' resetchannels "~${P:-ivs:prod:}*" \
		$(grep -oE '(-@all|\+[a-z]+)' "$PROJECT_ROOT/deploy/redis-user.acl" | grep -v '+info') >/dev/null
}
hidden() { REDIS_USER=hidden REDIS_PASSWORD=canary-hidden-password "$@"; } # COMMAND...

@test "hidden run id: an API key of ivsctl opens a plain CGI call" {
	local secret
	hidden ctl key create --scopes read --json
	done_well
	secret=$(jq -r .key <<<"$output")
	for _ in 1 2; do
		hidden cgi stats GET /api/stats '' HTTP_X_API_KEY="$secret"
		assert_status 200
	done
	hidden cgi stats GET /api/stats '' HTTP_X_API_KEY="${secret%?}-"
	assert_error 401 UNAUTHORIZED
}

@test "hidden run id: a stage is made, changed, replicated to and deleted by plain CGI calls" {
	local arn pair
	hidden cgi stage POST /api/stage '{"name":"cgi"}' HTTP_IDEMPOTENCY_KEY="$(fresh key)"
	assert_status 201
	arn=$(json .data.stage.arn)
	hidden cgi stage PUT "/api/stage/$arn" '{"maxViewers":7}'
	assert_status 200
	equals "$(entry "$arn" .maxViewers)" 7
	pair=$(obj sourceStageArn "$MASTER" destinationStageArn "$arn" \
		participantId "$(redis_c get "${P}publisher:info" | jq -r .participantId)")
	hidden cgi stage POST /api/stage/replication/start "$pair"
	assert_status 200
	hidden cgi stage DELETE /api/stage/replication/stop "$pair"
	assert_status 200
	hidden cgi stage DELETE "/api/stage/$arn" ''
	assert_status 200
	equals "$(redis_c hexists "${P}stages" "$arn") $(in_aws cgi)" '0 0'
}

@test "hidden run id: viewers come, beat and leave by plain CGI calls, and the show is ready" {
	hidden cgi token POST /api/token/viewer "$(obj userId hid)"
	assert_status 200
	hidden cgi viewer POST /api/viewer/heartbeat "$(obj userId hid stageArn "$MASTER")"
	assert_status 200
	hidden cgi viewer POST /api/viewer/leave "$(obj userId hid stageArn "$MASTER")"
	assert_status 200
	hidden cgi health GET /readyz ''
	assert_status 200
	hidden cgi health GET /metrics ''
	assert_status 200
}

@test "hidden run id: the commands of ivsctl that read and change the show work" {
	local id
	hidden ctl stage create by-ctl --json
	done_well
	id=$(jq -r '.. | .id? // empty' <<<"$output" | head -n 1)
	for words in 'stage list' 'stage explain' "stage drain $id" "stage undrain $id" "stage delete $id" \
		'presence check' 'presence repair --dry-run' 'viewer forget nobody --dry-run'; do
		# shellcheck disable=SC2086 # words
		hidden ctl $words
		equals "$words: $status $stderr" "$words: 0 "
	done
}

@test "hidden run id: each job works, and each dry run" {
	local words
	for words in metrics heartbeat_cleanup snapshot purge records autoscale; do
		hidden run -0 "$BUILD_DIR/cron/$words"
		hidden run -0 "$BUILD_DIR/cron/$words" --dry-run
	done
	hidden run -0 "$BUILD_DIR/cron/autoscale" --explain
}

@test "hidden run id: what cannot be compared names PostgreSQL, in ivsctl and in plain CGI" {
	DB_HOST=$own hidden ctl stage list
	refused 69 'nothing was changed: try again when it is back'
	run ! grep -q 'start the programs' <<<"$stderr"
	hidden cgi stage POST /api/stage '{"name":"never"}' DB_HOST="$own"
	assert_away postgres
	equals "$(in_aws never)" 0
}

@test "hidden run id: an order whose stage nobody heard of is found at AWS, whatever Redis has forgotten" {
	local key
	key=$(fresh key)
	unheard_order "$key"
	# as a copy of just before would have it
	redis_c eval "for _, key in ipairs(redis.call('KEYS', KEYS[1] .. 'idem:*')) do redis.call('DEL', key) end
		return redis.call('DEL', KEYS[1] .. 'orders', KEYS[1] .. 'lost')" 1 "$P" >/dev/null
	hidden cgi stage POST /api/stage '{"name":"unheard"}' HTTP_IDEMPOTENCY_KEY="$key"
	assert_status 201
	equals "$(in_aws unheard)" 1
}

own_redis() { # NAME: on the socket "$own/NAME"
	mkdir "$own/$1.d"
	redis-server --port 0 --unixsocket "$own/$1" --save '' --dir "$own/$1.d" >"$own/$1.d/log" 2>&1 3>&- &
	echo $! >>"$own/pids"
	wait_until 5 test -S "$own/$1"
	let_in redis-cli -s "$own/$1"
}

@test "hidden run id: a replica that takes over while Redis is loaded does not count as loaded" {
	own_redis now
	own_redis replica
	token_of() { token=$(redis-cli -s "$own/now" get "${P}lock:job:restore") && [ -n "$token" ]; }
	has_stages() { [ "$(redis-cli -s "$own/now" exists "${P}stages")" = 1 ]; }
	join 2
	written
	# The sessions come after the stages.
	lock_table viewer_sessions 'ACCESS EXCLUSIVE'
	REDIS_SOCKET=$own/now hidden job records >"$own/out" 3>&- {lock}>&- &
	loader=$!
	wait_until 5 has_stages
	token_of
	redis-cli -s "$own/replica" set "${P}lock:job:restore" "$token" px 15000 >/dev/null
	mv "$own/now" "$own/before" && mv "$own/replica" "$own/now"
	redis-cli -s "$own/before" client kill type normal >/dev/null
	exec {lock}>&-
	code=0
	wait "$loader" || code=$?
	equals "$code" 69
	equals "$(redis-cli -s "$own/now" exists "${P}epoch")" 0
	# and is loaded, whole, by the next one
	redis-cli -s "$own/now" del "${P}lock:job:restore" >/dev/null
	REDIS_SOCKET=$own/now hidden run -0 job records
	equals "$(redis-cli -s "$own/now" exists "${P}epoch" "${P}stages") $(jq .restored_seats <<<"$output")" '2 2'
}
