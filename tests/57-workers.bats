# Supervisors and their workers.

load lib/common
load lib/people

setup() {
	own=$BATS_TEST_TMPDIR log=$SUITE_DIR/log/own-token-$BATS_TEST_NUMBER.log
	openssl ecparam -name secp384r1 -genkey -noout -out "$own/key.pem" 2>/dev/null
	chmod 600 "$own/key.pem"
}
teardown() {
	for pid in ${own_pid:-} ${holder:-} ${proxy:-}; do
		kill "$pid" 2>/dev/null || true
		kill -CONT "$pid" 2>/dev/null || true
	done
	thaw emulator
	emulator DELETE faults >/dev/null
	pgrep -P "$(pid_of viewer)" | xargs -r kill -CONT
}
teardown_file() {
	empty_show
	forget_publisher
}
start_token() {
	TOKEN_MODE=local IVS_SIGNING_KEY_FILE="$own/key.pem" \
		IVS_SIGNING_KEY_ARN="arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:public-key/11111111-2222-3333-4444-555555555555" \
		"$BUILD_DIR/fcgi/token" --socket "$own/s" 2>>"$log" 3>&- &
	own_pid=$!
}
workers() { pgrep -P "$own_pid" | wc -l; }
has_workers() { [ "$(workers)" = "$1" ]; }
says() { grep -q "$1" "$log"; }

@test "workers: a wrong setting at the start ends the program with 78 and says why" {
	chmod 644 "$own/key.pem"
	start_token
	wait_until 5 is_gone "$own_pid"
	code=0
	wait "$own_pid" || code=$?
	equals "$code" 78
	says IVS_SIGNING_KEY_FILE
}

@test "workers: a setting that went wrong later ends nobody who does his work" {
	start_token
	wait_until 5 has_workers 8
	sleep 3.5 # the first seconds are over: nothing to wait for but the clock
	chmod 644 "$own/key.pem"
	kill -KILL "$(pgrep -P "$own_pid" | head -n 1)"
	wait_until 5 says IVS_SIGNING_KEY_FILE
	equals "$(workers)" 7
	chmod 600 "$own/key.pem"
	wait_until 5 has_workers 8
	kill "$own_pid"
	wait "$own_pid"
}

@test "workers: none outlives a supervisor that was killed" {
	start_token
	wait_until 5 has_workers 8
	pids=$(pgrep -P "$own_pid")
	kill -KILL "$own_pid"
	for pid in $pids; do
		wait_until 5 is_gone "$pid"
	done
}

@test "workers: a hang-up is not the end" {
	start_token
	wait_until 5 has_workers 8
	kill -HUP "$own_pid"
	sleep 0.3
	equals "$(workers)" 8
}

# ---- restart ----

# A kick of $u, seated on the master stage, that waits for AWS: $kick is its process.
begin_kick() {
	status_of POST /api/viewer/kick --max-time 30 -d "$(obj userId "$u")" >"$own/kick" 3>&- &
	kick=$! kick_us=$(now_us)
	sleep 0.5 # so that a worker is in it
}
# seated USER...: on a stage that has a picture
seated() {
	go_live
	for u; do
		token "$u" "$MASTER"
		assert_status 200
	done
}
beats() { # USER: a heartbeat is answered within a second
	local body
	body=$(obj userId "$1" stageArn "$MASTER")
	[ "$(curl -s -o /dev/null -w '%{http_code}' --max-time "${2:-1}" -H "x-api-key: $KEY" -d "$body" "$BASE_URL/api/viewer/heartbeat")" = 200 ]
}
told() { jq -c "select(.msg == \"$1\")" "$SUITE_DIR/log/viewer.log" | wc -l; } # MESSAGE: how often

@test "restart: while a call waits for AWS, the others are served until it is answered" {
	local viewer u v
	u=$(fresh) v=$(fresh)
	seated "$v" "$u"
	fault '{"operation":"DisconnectParticipant","action":"delay","delayMs":4000}'
	begin_kick
	viewer=$(pid_of viewer)
	"$PROJECT_ROOT/deploy/stack" restart viewer "$SUITE_DIR" 3>&- >/dev/null &
	restart=$!
	while (($(now_us) - kick_us < 2500000)); do
		beats "$v" 2
		sleep 0.1
	done
	[ ! -s "$own/kick" ]
	kill -0 "$viewer"
	wait "$kick"
	wait "$restart"
	[ "$(pid_of viewer)" != "$viewer" ]
	equals "$(<"$own/kick")" 200
	beats "$v"
}

@test "restart: a program with a socket of its own answers those who have connected, and hides it" {
	local i
	"$BUILD_DIR/fcgi/viewer" --socket "$own/s" 2>>"$SUITE_DIR/log/own-viewer.log" 3>&- &
	own_pid=$!
	wait_until 5 has_workers 3
	pgrep -P "$own_pid" | xargs kill -STOP
	for ((i = 0; i < 20; i++)); do
		echo "waits-$i begin request=GET,/api/viewer/list/$MASTER key params end-params end-body"
		echo "waits-$i 200 closed" >>"$own/wanted"
	done | "$BUILD_DIR/tests/tools/fcgi_raw" "$own/s" >"$own/got" 3>&- &
	raw=$!
	wait_until 5 waiting_on "$own/s" 20
	kill -TERM "$own_pid"
	wait_until 5 test ! -e "$own/s"
	pgrep -P "$own_pid" | xargs kill -CONT
	wait "$own_pid"
	wait "$raw"
	diff <(sort "$own/wanted") <(sort "$own/got")
}

# start_stats STDERR [NAME=VALUE...]: stats of our own, whose autoscaler is on
start_stats() {
	env AUTO_SCALE_ENABLED=true "${@:2}" "$BUILD_DIR/fcgi/stats" --socket "$own/s" --processes "${processes:-2}" 2>"$1" 3>&- &
	own_pid=$!
	wait_until 5 has_workers "${processes:-2}"
}
asks() { # STEP...: one request to it -> what came back
	echo "asks key $* end-body" | "$BUILD_DIR/tests/tools/fcgi_raw" "$own/s"
}
# begin_run: a run of its autoscaler, in a process of its own
begin_run() {
	go_offline
	equals "$(asks param=CONTENT_TYPE=application/json request=PUT,/api/stats/publisher begin params end-params \
		'text={"isPublisherLive":true}')" 'asks 200 closed'
}
runs() { [ -n "$(pgrep -P "$own_pid" | xargs -r -n 1 pgrep -P)" ]; } # it is under way
calls() { emulator GET calls | jq ".$1 // 0"; } # OPERATION

@test "restart: while a run of the autoscaler waits for AWS, requests are served, and it goes on to its end" {
	local asked answers=0
	start_stats "$log"
	asked=$(calls ListStages)
	redis_c del "${P}keeper:report" >/dev/null
	fault '{"operation":"ListStages","action":"delay","delayMs":4000}'
	begin_run
	wait_until 3 runs
	kill -TERM "$own_pid"
	# The program may end between a look and a request.
	while runs; do
		run asks request=GET,/api/stats begin params end-params
		[ "$output" = 'asks 200 closed' ] || ! runs || { echo "$output"; false; }
		answers=$((answers + 1))
	done
	((answers > 3))
	equals "$(calls ListStages)" $((asked + 1))
	equals "$(redis_c exists "${P}keeper:report")" 1
	wait "$own_pid"
	equals "$(jq -c 'select(.lvl == "error")' "$log")" ''
}

# How many wait in front of the socket: each has one of its own in the system's list.
waiting_on() { # PATH NUMBER
	(($(grep -cF "$1" /proc/net/unix) > $2))
}

@test "restart: a socket that was handed over is served, whatever --socket says, and stays" {
	mkdir "$own/held"
	"$BUILD_DIR/tests/tools/hold_sockets" "$own/held" viewer 3>&- &
	holder=$!
	wait_until 5 test -S "$own/held/held"
	for i in 1 2; do
		"$BUILD_DIR/tests/tools/hold_sockets" "$own/held" -- viewer "$BUILD_DIR/fcgi/viewer" \
			--socket "$own/s" 2>>"$SUITE_DIR/log/own-viewer.log" 3>&- &
		own_pid=$!
		echo "asks begin request=GET,/api/viewer/list/$MASTER key params end-params end-body" |
			"$BUILD_DIR/tests/tools/fcgi_raw" "$own/held/viewer.sock" >"$own/got"
		equals "$(<"$own/got")" 'asks 200 closed'
		[ ! -e "$own/s" ]
		kill "$own_pid"
		wait "$own_pid"
		[ -S "$own/held/viewer.sock" ]
	done
}

# ---- frozen workers ----

@test "frozen: all workers of a program: another one serves within 10 s, after 20 s they are replaced" {
	local u v old in_call killed warned spares begun
	u=$(fresh) v=$(fresh)
	seated "$v" "$u"
	killed=$(told 'worker does not respond: killed')
	warned=$(told 'worker does not respond')
	spares=$(told 'no worker responds: a spare worker is started')
	old=$(pgrep -P "$(pid_of viewer)")
	freeze emulator
	begin_kick
	begun=$SECONDS
	kill -STOP $old
	beats "$v" 10
	equals "$(told 'no worker responds: a spare worker is started')" $((spares + 1))
	wait_until $((begun + 25 - SECONDS)) has_told 'worker does not respond: killed' $((killed + 2))
	((SECONDS - begun >= 19))
	equals "$(told 'worker does not respond')" $((warned + 2))
	# The one that waits for AWS said that it may be silent for longer.
	in_call=$(for pid in $old; do is_gone "$pid" || echo "$pid"; done)
	equals "$(wc -w <<<"$in_call")" 1
	wait_until 5 beats "$v"
	kill -CONT "$in_call"
	thaw emulator
	wait "$kick"
	# The spare worker ends when it is not needed any more.
	wait_until 5 eval '[ "$(pgrep -P "$(pid_of viewer)" | wc -l)" = 3 ]'
	kill -0 "$in_call"
}
has_told() { (($(told "$1") >= $2)); }

@test "frozen: a worker that waits for Redis no longer than REDIS_TIMEOUT_MS is not killed" {
	local input i processes=8
	mkfifo "$own/commands"
	exec {input}<>"$own/commands"
	"$BUILD_DIR/tests/tools/netproxy" "$own/redis" "$STACK_REDIS" <&"$input" >/dev/null 3>&- &
	proxy=$!
	wait_until 5 test -S "$own/redis"
	start_stats "$log" REDIS_SOCKET="$own/redis" REDIS_TIMEOUT_MS=23000
	equals "$(asks request=GET,/api/stats begin params end-params)" 'asks 200 closed'
	kill -STOP "$proxy"
	# One for each worker, before its next tick.
	for ((i = 0; i < 8; i++)); do
		echo "waits-$i key request=GET,/api/stats begin params end-params end-body wait=23500"
	done | "$BUILD_DIR/tests/tools/fcgi_raw" "$own/s" >"$own/got"
	exec {input}>&-
	# They did wait without having announced it.
	says '"msg":"worker does not respond"'
	equals "$(grep -c '"msg":"worker does not respond: killed"' "$log")" 0
	equals "$(cut -d' ' -f2- "$own/got" | sort -u)" '503 closed'
}

# ---- a log that nobody reads ----

lost_lines() { # as /metrics has them
	curl -s -H "x-api-key: $KEY" "$BASE_URL/metrics" | sed -n 's/^ivs_live_log_lines_lost_total //p'
}
more_lost() { (($(lost_lines) > $1)); }

@test "log: nobody reads stderr: no request waits, what is lost is counted and told" {
	local before fd
	before=$(lost_lines)
	mkfifo "$own/stderr"
	exec {fd}<>"$own/stderr"
	"$BUILD_DIR/fcgi/health" --socket "$own/s" 2>"$own/stderr" 3>&- &
	own_pid=$!
	wait_until 5 has_workers 3
	begun=$(now_us)
	echo "n begin request=GET,/livez params end-params end-body" |
		"$BUILD_DIR/tests/tools/fcgi_raw" "$own/s" 900 | sort | uniq -c | xargs >"$own/got"
	took=$(($(now_us) - begun))
	equals "$(<"$own/got")" '900 n 200 closed'
	echo "900 requests one after the other: $((took / 1000)) ms"
	((took < 15000000)) # some 600 lines are lost, and a wait for a line may be 100 ms
	wait_until 5 more_lost "${before:-0}"
	# Somebody reads again: a worker's next line comes behind the number of those it lost.
	timeout 8 cat <&"$fd" >"$own/read" 3>&- &
	reader=$!
	for i in {1..20}; do
		echo "n begin request=GET,/livez params end-params end-body"
	done | "$BUILD_DIR/tests/tools/fcgi_raw" "$own/s" >/dev/null
	wait_until 5 grep -q '"msg":"log lines were lost","lines":[1-9]' "$own/read"
	kill "$own_pid"
	kill "$reader" || true
	exec {fd}>&-
}

# The run's connections take the descriptors that its parent's log had.
@test "log: a run of the autoscaler writes its lines to stderr, and none into Redis" {
	local fd before
	unknown_commands() { redis_c info errorstats | grep '^errorstat_ERR:' || true; }
	mkfifo "$own/stderr"
	exec {fd}<>"$own/stderr"
	cat <&"$fd" >"$log" 3>&- &
	holder=$!
	# A setting that is warned of, before anything else is opened.
	install -m 640 <(echo API_WORKERS=2) "$own/env"
	start_stats "$own/stderr" IVS_ENV_FILE="$own/env"
	wait_until 5 says 'API_WORKERS has no effect'
	before=$(unknown_commands)
	fault '{"operation":"ListStages","type":"AccessDeniedException","status":403}'
	begin_run
	wait_until 10 says '"msg":"the stages could not be looked after"'
	wait_until 10 eval '! runs'
	equals "$(unknown_commands)" "$before"
	exec {fd}>&-
}

# ---- the units of systemd ----

unit() { # FILE SECTION NAME: the value
	awk -v section="[$2]" -v name="$3" '/^\[/ { here = $0 == section }
		here && index($0, name "=") == 1 { print substr($0, length(name) + 2) }' "$PROJECT_ROOT/deploy/ivs-live@.$1"
}

@test "units: the socket outlives the program, and nothing makes a failed start final" {
	equals "$(unit socket Socket FileDescriptorName) $(unit socket Socket ListenStream)" '%i /run/ivs-live/%i.sock'
	equals "$(unit socket Socket SocketGroup) $(unit socket Socket SocketMode)" 'www-data 0660'
	equals "$(unit socket Socket TriggerLimitIntervalSec)" 0
	equals "$(unit service Unit Requires)" 'ivs-live@%i.socket'
	equals "$(unit service Unit StartLimitIntervalSec)" 0
	equals "$(unit service Service Restart)" always
	equals "$(grep -c -- --socket "$PROJECT_ROOT/deploy/ivs-live@.service")" 0
	# The supervisor alone gets the signal, and has time for the longest call and what comes behind it.
	equals "$(unit service Service KillMode)" mixed
	longest=$(sed -nE 's/.*\.slow_s = ([0-9]+).*/\1/p' "$PROJECT_ROOT"/fcgi/*.c | sort -n | tail -n 1)
	(($(unit service Service TimeoutStopSec) > longest + 11))
	make -s -C "$PROJECT_ROOT" install-share DESTDIR="$own/root" PREFIX=/usr/local
	[ -s "$own/root/usr/local/share/ivs-live/deploy/ivs-live@.socket" ]
	[ -s "$own/root/usr/local/share/ivs-live/deploy/ivs-live@.service" ]
}
