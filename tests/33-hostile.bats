# Web servers gone mad, and clients who mean harm: nobody else notices.

load lib/common

raw() { "$BUILD_DIR/tests/tools/fcgi_raw" "$(<"$SUITE_DIR/kept/sockets")/fcgi/${PROGRAM:-viewer}.sock" "$@" | sort; }
# plays NAME WANTED STEPS...: one connection by its steps (tests/tools/fcgi_raw.c), and what must come back.
plays() {
	local name=$1 wanted=$2
	shift 2
	echo "$name $*" >>"$BATS_TEST_TMPDIR/steps"
	echo "$name $wanted" >>"$BATS_TEST_TMPDIR/wanted"
}
assert_plays() { # [ROUNDS]
	raw "$@" <"$BATS_TEST_TMPDIR/steps" >"$BATS_TEST_TMPDIR/got"
	diff <(sort "$BATS_TEST_TMPDIR/wanted") <(uniq "$BATS_TEST_TMPDIR/got")
}
ask="begin request=GET,/api/viewer/list/$MASTER key"
beat() { # STEPS...: a heartbeat up to its parameters
	echo "begin request=POST,/api/viewer/heartbeat key $* params end-params"
}
# Memory of its own: the share of the program's text grows when another stack on the machine ends.
pss() { processes_of viewer | xargs -I{} cat /proc/{}/smaps_rollup | awk '/^Pss_Anon:/ { n += $2 } END { print n }'; }
descriptors() { processes_of viewer | xargs -I{} ls /proc/{}/fd | grep -c '^[0-9]'; }
# $slack kB is what a test's largest requests, at the same time, may leave in the allocator's hands;
# a leak is several times that.
flat() { # KB DESCRIPTORS: memory and descriptors of `viewer` are what they were
	local now
	now=$(pss)
	echo "PSS before $1 kB, now $now kB"
	# The allocator of the sanitizer keeps what was freed.
	[[ ${BUILD_DIR##*/} == asan ]] || ((now - $1 < ${slack:-600})) || return 1
	wait_until 15 same_descriptors "$2"
}
same_descriptors() { (($(descriptors) <= $1)); }
# Requests in the usual way all get 200, none after more than 3 s (a worker that waits for
# somebody waits for 10 s).
others_are_served() { # [NUMBER]
	repeat "${1:-200}" "GET /api/viewer/list/$MASTER" | load_requests 4 >"$BATS_TEST_TMPDIR/others"
	equals "$(count_status 200 <"$BATS_TEST_TMPDIR/others")" "${1:-200}"
	awk '$3 > 3000000 { print "slow: " $0; bad = 1 } END { exit bad }' "$BATS_TEST_TMPDIR/others"
}
setup() {
	workers=$(processes_of viewer | sort)
	others_are_served 50
	memory=$(pss) open=$(descriptors)
}
teardown() {
	for pid in ${held:-} ${own:-}; do
		kill "$pid" 2>/dev/null || true
	done
	# Whatever was done: the same processes are there, and have grown by nothing. With "&&": Bats
	# looks only at how teardown ends, not at each command.
	equals "$(processes_of viewer | sort)" "$workers" && flat "$memory" "$open" && others_are_served 50
}

@test "records: cut and padded in any way, they are the same request" {
	plays plain '200 closed' "$ask" params end-params end-body
	plays padded '200 closed' pad=255 "$ask" params end-params end-body
	plays by-one '200 closed' "$ask" params-by=1 end-params end-body
	plays by-seven '200 closed' pad=3 "$ask" params-by=7 end-params end-body
	plays dripped '200 closed' drip=1 "$ask" params end-params end-body
	plays high-id '200 closed' id=65535 "$ask" params end-params end-body
	plays shut '200 closed' "$ask" params end-params end-body shut
	plays keyless '401 closed' begin "request=GET,/api/viewer/list/$MASTER" params end-params end-body
	plays body '404 closed' "$(beat)" "text={\"userId\":\"$(fresh)\",\"stageArn\":\"$MASTER\"}" end-body
	plays garbage-behind '200 closed' "$ask" params end-params end-body raw=ffffffffffff
	assert_plays 3
}

@test "records: what is malformed is closed, and never answered as a request" {
	plays version-0 closed version=0 begin
	plays version-2 closed "$ask" version=2 params end-params
	plays http closed raw=474554202f20485454502f312e310d0a0d0a
	plays zeroes closed raw=0000000000000000
	plays ones closed raw=ffffffffffffffff
	plays begin-short closed header=1,7
	plays begin-long closed header=1,9
	plays begin-twice closed "$ask" begin
	plays body-first closed begin text=x
	plays body-among closed "$ask" params text=x
	plays params-late closed "$ask" params end-params params
	plays cut-1 closed "$ask" params-cut=1 end-params end-body
	plays cut-90 closed "$ask" params-cut=90 end-params end-body
	plays begin-in-params closed "$ask" params begin
	plays name-2gb closed begin raw=0104000100080000ffffffffffffffff end-params end-body
	plays value-2gb closed begin raw=010400010006000001ffffffff41 end-params end-body
	plays name-2g1 closed begin raw=01040001000800008000000180000001 end-params end-body
	plays zero closed "$ask" zero=HTTP_USER_AGENT params end-params end-body
	plays zero-key closed begin request=GET,/api/stats zero=HTTP_X_API_KEY params end-params
	plays half-record closed "$ask" header=4,100 shut
	plays half-header closed raw=0101 shut
	plays nothing closed shut
	assert_plays 3
}

@test "records: unknown types and those of other requests are passed over" {
	plays unknown '200 closed' "$ask" record=77,100 params record=200,7 end-params record=8,9 end-body
	plays foreign '200 closed' "$ask" id=9 record=4,20 record=5,20 record=2 id=1 params end-params end-body
	plays before open record=4,20 record=5,20
	assert_plays
}

@test "records: several requests on one connection: one is served, others are told so" {
	plays two 'end=1 200 closed' "$ask" id=2 begin id=1 params end-params end-body
	plays three 'end=1 end=1 200 closed' "$ask" params id=2 begin id=3 begin record=5,100 id=1 end-params end-body
	plays after '200 closed' "$ask" params end-params end-body id=2 begin
	assert_plays 3
}

@test "records: other roles, and questions of the web server" {
	plays authorizer 'end=3 closed' role=2
	plays filter 'end=3 closed' role=3
	plays role-0 'end=3 closed' role=0
	plays values 'record=10 200 closed' raw=0109000000110000 raw=0f00464347495f4d5058535f434f4e4e53 "$ask" params end-params end-body
	plays values-often 'record=10 200 closed' raw=0109000000220000 raw=0f00464347495f4d5058535f434f4e4e53 raw=0f00464347495f4d5058535f434f4e4e53 "$ask" params end-params end-body
	plays values-broken closed raw=01090000000200000f00
	plays question 'record=11 200 closed' id=0 record=100,5 id=1 "$ask" params end-params end-body
	plays question-long closed id=0 header=9,65535
	assert_plays 3
}

@test "abort: in every state it ends that request and nothing else" {
	local u
	slack=8000
	u=$(fresh)
	plays at-once open abort
	plays begun 'end=0 closed' begin abort
	plays in-params 'end=0 closed' "$ask" params abort
	plays after-params 'end=0 closed' "$ask" params end-params abort
	plays in-body 'end=0 closed' begin request=POST,/api/viewer/rejoin key params end-params \
		"text={\"userId\":\"$u\",\"stageArn\":\"$MASTER\",\"participantId\":\"p\"}" abort
	# So many that the memory of each would be seen to be missing.
	for i in $(seq 100); do
		plays "params-$i" 'end=0 closed' "$ask" many=1000 params abort
		plays "body-$i" 'end=0 closed' "$(beat)" body=30000 abort
	done
	plays foreign '200 closed' "$ask" params id=2 abort id=1 end-params end-body
	plays after '200 closed' "$ask" params end-params end-body abort
	assert_plays 3
	equals "$(redis_c hexists "${P}viewer:stage" "$u")" 0
}

@test "parameters: 10,000 are read, 20,000 and more than a megabyte are not" {
	slack=8000
	plays many '200 closed' "$ask" many=10000 params end-params end-body
	plays too-many closed "$ask" many=20000 params end-params end-body
	plays too-long closed begin record=4,1000000 record=4,60000
	assert_plays 20
}

@test "parameters: one that came twice, or a name that holds '=', helps nobody" {
	plays twice '400 closed' begin request=GET,/api/stats key param=HTTP_X_API_KEY=other params end-params end-body
	plays equal closed begin request=GET,/api/stats raw=010400010012000010007a3d485454505f585f4150495f4b4559 end-params
	plays none '404 closed' begin end-params end-body
	plays no-uri '404 closed' begin key param=REQUEST_METHOD=GET params end-params end-body
	plays no-method '405 closed' begin key "param=REQUEST_URI=/api/viewer/list/x" params end-params end-body
	assert_plays
}

@test "lengths: absent, negative, too long, too short, no number" {
	local body good
	body="text={\"userId\":\"$(fresh)\",\"stageArn\":\"$MASTER\"}"
	good="404 closed"
	plays absent "$good" "$(beat)" "$body" end-body
	plays exact "$good" "$(beat "param=CONTENT_LENGTH=$((${#body} - 5))")" "$body" end-body
	plays negative "$good" "$(beat param=CONTENT_LENGTH=-1)" "$body" end-body
	plays words "$good" "$(beat param=CONTENT_LENGTH=many)" "$body" end-body
	plays huge '400 closed' "$(beat param=CONTENT_LENGTH=9223372036854775807)" "$body" end-body
	plays beyond "$good" "$(beat param=CONTENT_LENGTH=99999999999999999999)" "$body" end-body
	plays long '400 closed' "$(beat param=CONTENT_LENGTH=1000)" "$body" end-body
	plays short "$good" "$(beat param=CONTENT_LENGTH=1)" "$body" end-body
	plays announced-only '400 closed' "$(beat param=CONTENT_LENGTH=5)" end-body
	assert_plays
}

@test "body: 20 MB without a key cost nothing (R34)" {
	slack=2000
	local i
	for i in 1 2 3 4; do
		plays "keyless-$i" '401 closed' begin request=POST,/api/viewer/heartbeat params end-params body=20971520 end-body
		plays "key-$i" '413 closed' "$(beat)" body=20971520 end-body
		plays "limit-$i" '400 closed' "$(beat)" body=65536 end-body
		plays "over-$i" '413 closed' "$(beat)" body=65537 end-body
	done
	plays away left "$(beat)" body=10000000 close
	assert_plays
}

@test "body: 20 MB while it comes in: no more than the limit is in memory (R34)" {
	slack=2000
	for i in $(seq 8); do
		echo "slow-$i begin request=POST,/api/viewer/heartbeat params end-params body=20971520 wait=4000 close"
	done >"$BATS_TEST_TMPDIR/steps"
	raw <"$BATS_TEST_TMPDIR/steps" >/dev/null 3>&- &
	held=$!
	wait_until 10 has_descriptors $((open + 8))
	others_are_served 50
	now=$(pss)
	echo "PSS before $memory kB, with eight bodies $now kB"
	[[ ${BUILD_DIR##*/} == asan ]] || ((now - memory < 8 * 150 + 600))
	wait $held
}
workers_of() { pgrep -P "$(pid_of "$1")"; }
has_descriptors() { (($(descriptors) >= $1)); }

@test "half-open: 100 who say nothing, half, or wait for the body keep nobody waiting" {
	for i in $(seq 25); do
		echo "silent-$i wait=5000"
		echo "half-header-$i raw=010100 wait=5000"
		echo "half-params-$i $ask params-cut=5 wait=5000"
		echo "half-body-$i $(beat) text={ wait=5000"
	done >"$BATS_TEST_TMPDIR/steps"
	raw <"$BATS_TEST_TMPDIR/steps" >/dev/null 3>&- &
	held=$!
	wait_until 10 has_descriptors $((open + 100))
	others_are_served 500
	has_descriptors $((open + 100))
	kill "$held"
}

@test "half-open: after ten seconds they are closed, drop by drop or not" {
	plays silent closed wait=11000
	plays half closed "$ask" params-cut=5 wait=11000
	plays drops closed "$(beat)" drip=100 body=1000
	assert_plays
}

@test "half-open: what came in time counts, though its worker was away for longer than that" {
	# No question who is watching: that is stale (503) until the worker's own tick.
	plays away '404 closed' 'begin request=GET,/livez key' wait=1500 params end-params end-body wait=10000
	raw <"$BATS_TEST_TMPDIR/steps" >"$BATS_TEST_TMPDIR/got" 3>&- &
	held=$!
	sleep 0.7
	freeze viewer
	sleep 10.5
	thaw viewer
	wait $held
	diff "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
}

@test "half-open: more of them than a worker has room for put each other out" {
	local room
	room=$(($(workers_of viewer | wc -l) * 256))
	for ((i = 0; i < room + 200; i++)); do
		echo "held-$i raw=0101 wait=8000"
	done >"$BATS_TEST_TMPDIR/steps"
	raw <"$BATS_TEST_TMPDIR/steps" >/dev/null 3>&- &
	held=$!
	wait_until 20 has_descriptors $((open + 200))
	others_are_served 300
	(($(descriptors) <= open + room))
	wait $held
}

@test "answers: who does not take his keeps nobody waiting, and is closed after ten seconds" {
	local stage socket=$BATS_TEST_TMPDIR/own
	stage=$(a_stage)
	# Names so long that the answer does not fit into what the system keeps for a reader.
	redis_c eval "for i = 1, 1000 do
			local user = ('%04d'):format(i) .. ('x'):rep(120)
			redis.call('ZADD', KEYS[1] .. 'viewer:heartbeat:' .. ARGV[1], 9999999999999, user)
			redis.call('HSET', KEYS[1] .. 'viewer:session:' .. ARGV[1], user, 's 1 ' .. ('p'):rep(120))
		end" 1 "$P" "$stage"
	"$BUILD_DIR/fcgi/viewer" --socket "$socket" --processes 1 2>>"$SUITE_DIR/log/own-viewer.log" 3>&- &
	own=$!
	wait_until 10 test -S "$socket"
	held_open() { for pid in $own $(pgrep -P $own); do ls "/proc/$pid/fd"; done | wc -l; }
	plain() { echo 'x begin request=GET,/livez params end-params end-body' | "$BUILD_DIR/tests/tools/fcgi_raw" "$socket"; }
	equals "$(plain)" 'x 404 closed'
	before=$(held_open)
	repeat 8 "x begin request=GET,/api/viewer/list/$stage?limit=1000 key params end-params end-body wait=25000 close" |
		"$BUILD_DIR/tests/tools/fcgi_raw" "$socket" >/dev/null 3>&- &
	held=$!
	wait_until 8 eval '(($(held_open) == before + 8))'
	equals "$(plain)" 'x 404 closed'
	wait_until 20 eval '(($(held_open) == before))'
	kill -0 "$held"
	wait "$held"
	kill "$own"
	wait "$own"
	redis_c del "${P}viewer:heartbeat:$stage" "${P}viewer:session:$stage" >/dev/null
}

ticks() { workers_of viewer | xargs -I{} cat /proc/{}/stat | awk '{ n += $14 + $15 } END { print n }'; }
@test "descriptors: without a free one a worker does not turn in circles, and goes on when there is one" {
	local pid before used limit
	limit=$(ulimit -Sn)
	for pid in $(workers_of viewer); do
		prlimit --pid "$pid" --nofile="$(($(ls "/proc/$pid/fd" | sort -n | tail -n 1) + 1)):"
	done
	for i in $(seq 6); do plays "held-$i" '200 closed' "$ask" params end-params end-body wait=4000; done
	raw <"$BATS_TEST_TMPDIR/steps" >"$BATS_TEST_TMPDIR/got" 3>&- &
	held=$!
	sleep 0.5
	before=$(ticks)
	sleep 2
	used=$(($(ticks) - before))
	for pid in $(workers_of viewer); do prlimit --pid "$pid" --nofile="$limit:"; done
	wait $held
	diff <(sort "$BATS_TEST_TMPDIR/wanted") "$BATS_TEST_TMPDIR/got"
	echo "processor time while they could accept nobody: $used ticks of $(getconf CLK_TCK)"
	[[ ${BUILD_DIR##*/} == asan ]] || ((used < 50))
}

@test "half-open: SIGTERM waits a second for them, no longer" {
	PROGRAM=health
	repeat 4 'half raw=0101 wait=8000' | raw >/dev/null 3>&- &
	held=$!
	for worker in $(pgrep -P "$(pid_of health)"); do
		kill -TERM "$worker"
		wait_until 5 is_gone "$worker"
	done
	wait_until 5 answers GET /livez 200
}

@test "close: in the middle of the parameters, the body, the answer" {
	slack=8000
	for i in $(seq 100); do
		plays "params-$i" left "$ask" many=1000 params-cut=9 close
		plays "body-$i" left "$(beat)" body=30000 close
		plays "answer-$i" left "$ask" params end-params end-body close
	done
	assert_plays 3
}

@test "all at once, while others are served" {
	slack=12000
	for i in $(seq 20); do
		echo "a-$i $ask many=10000 params end-params end-body"
		echo "b-$i version=9 begin"
		echo "c-$i $(beat) body=3000000 end-body"
		echo "d-$i $(beat) body=100000 close"
		echo "e-$i begin raw=0104000100080000ffffffffffffffff end-params"
		echo "f-$i $ask params abort"
		echo "g-$i drip=20 $ask params end-params"
	done >"$BATS_TEST_TMPDIR/steps"
	raw 3 <"$BATS_TEST_TMPDIR/steps" >"$BATS_TEST_TMPDIR/got" 3>&- &
	held=$!
	others_are_served 1000
	wait $held
	equals "$(cut -d' ' -f2- "$BATS_TEST_TMPDIR/got" | sort | uniq -c | xargs)" \
		'60 200 closed 60 413 closed 120 closed 60 end=0 closed 60 left 60 open'
}

@test "guesses: keys of the right form make a worker ask Redis once a second, not each time" {
	local read asked began took
	read=$(sha_of keys_read)
	redis_c monitor >"$BATS_TEST_TMPDIR/monitor" 3>&- &
	held=$!
	wait_until 5 eval 'redis_c ping >/dev/null; grep -qi ping "$BATS_TEST_TMPDIR/monitor"'
	began=$SECONDS
	repeat 2000 "GET /api/viewer/list/$MASTER" |
		"$BUILD_DIR/tests/tools/load" "$BASE_URL" 4 -H "x-api-key: ivs_0123456789_$(repeat 43 x | tr -d '\n')" |
		count_status 401 >"$BATS_TEST_TMPDIR/refused"
	redis_c ping >/dev/null
	equals "$(<"$BATS_TEST_TMPDIR/refused")" 2000
	asked=$(grep -c "$read" "$BATS_TEST_TMPDIR/monitor")
	took=$((SECONDS - began))
	echo "the list of keys was asked for $asked times in $took s"
	# Unasked, each worker of the five programs does once a second; and four times in a row.
	((asked < 100 + 40 * took))
}

# ---- through the web server ----

# http FILE [SECONDS]: sends its bytes as they are, prints what comes back within the time.
http() {
	exec 5<>"/dev/tcp/127.0.0.1/$API_PORT"
	cat "$1" >&5
	timeout "${2:-2}" cat <&5 | tr -d '\r'
	exec 5>&-
}
statuses() { grep -aoE 'HTTP/1.[01] [0-9]{3}' | cut -d' ' -f2 | xargs; }
post_head() { # LENGTH: the head of a heartbeat
	printf 'POST /api/viewer/heartbeat HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\nContent-Length: %s\r\n\r\n' "$KEY" "$1"
}

@test "lighttpd: 30 bodies that come drop by drop keep nobody waiting, and are answered" {
	local i
	body=$(obj userId "$(fresh)" stageArn "$MASTER")
	for i in $(seq 30); do
		(
			exec 5<>"/dev/tcp/127.0.0.1/$API_PORT"
			post_head ${#body} >&5
			for ((at = 0; at < ${#body}; at += 10)); do
				printf '%s' "${body:at:10}" >&5
				sleep 0.2
			done
			timeout 5 head -n 1 <&5
		) >"$BATS_TEST_TMPDIR/slow-$i" 3>&- &
	done
	others_are_served 1000
	wait
	equals "$(cat "$BATS_TEST_TMPDIR"/slow-* | statuses | tr ' ' '\n' | sort | uniq -c | xargs)" '30 404'
}

@test "lighttpd: uploads given up in the middle reach no program" {
	lines=$(grep -c '"msg":"request"' "$SUITE_DIR/log/viewer.log")
	for _ in $(seq 50); do
		exec 5<>"/dev/tcp/127.0.0.1/$API_PORT"
		{ post_head 60000; head -c 30000 /dev/zero; } >&5
		exec 5>&-
	done
	others_are_served 50
	equals "$(($(grep -c '"msg":"request"' "$SUITE_DIR/log/viewer.log") - lines))" 50
}

@test "lighttpd: what comes behind a request is a request of its own, garbage is refused" {
	body=$(obj userId "$(fresh)" stageArn "$MASTER")
	{ post_head ${#body}; printf '%s' "$body"; post_head ${#body}; printf '%s' "$body"; } >"$BATS_TEST_TMPDIR/two"
	equals "$(http "$BATS_TEST_TMPDIR/two" | statuses)" '404 404'
	{ post_head ${#body}; printf '%s' "$body"; head -c 300 /dev/urandom; } >"$BATS_TEST_TMPDIR/garbage"
	matches "$(http "$BATS_TEST_TMPDIR/garbage" | statuses)" '^404( 400)?$'
	# A length that lies cuts a second request out of the body: it is an anonymous one.
	printf 'POST /api/viewer/heartbeat HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\nContent-Length: 2\r\n\r\n{}GET /api/stats HTTP/1.1\r\nHost: x\r\n\r\n' \
		"$KEY" >"$BATS_TEST_TMPDIR/smuggled"
	equals "$(http "$BATS_TEST_TMPDIR/smuggled" | statuses)" '400 401'
}

@test "lighttpd: two lengths, or a length and chunks, are refused" {
	local head='POST /api/viewer/heartbeat HTTP/1.1\r\nHost: x\r\n'
	printf "$head"'Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}' >"$BATS_TEST_TMPDIR/a"
	printf "$head"'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' >"$BATS_TEST_TMPDIR/b"
	printf "$head"'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n' >"$BATS_TEST_TMPDIR/c"
	printf "$head"'Content-Length: -5\r\n\r\n{}' >"$BATS_TEST_TMPDIR/d"
	printf "$head"'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n' >"$BATS_TEST_TMPDIR/e"
	for name in a b c d e; do
		matches "$name $(http "$BATS_TEST_TMPDIR/$name" | statuses)" '^[a-e] (4[0-9][0-9]|501)( 400)?$'
	done
}

@test "lighttpd: a body in chunks is one body, however small they are" {
	body=$(obj userId "$(fresh)" stageArn "$MASTER")
	{
		printf 'POST /api/viewer/heartbeat HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\nTransfer-Encoding: chunked\r\n\r\n' "$KEY"
		fold -w 1 <<<"$body" | sed 's/^/1\r\n/; s/$/\r/'
		printf '0\r\n\r\n'
	} >"$BATS_TEST_TMPDIR/chunks"
	http "$BATS_TEST_TMPDIR/chunks" >"$BATS_TEST_TMPDIR/answer"
	equals "$(statuses <"$BATS_TEST_TMPDIR/answer")" 404
	grep -q NO_SESSION "$BATS_TEST_TMPDIR/answer"
}

@test "lighttpd: 10,000 headers answer 431 in the form of every other error" {
	{
		printf 'GET /api/stats HTTP/1.1\r\nHost: x\r\n'
		seq -f 'X-H-%.0f: value' 10000 | sed 's/$/\r/'
		printf '\r\n'
	} >"$BATS_TEST_TMPDIR/headers-many"
	http "$BATS_TEST_TMPDIR/headers-many" >"$BATS_TEST_TMPDIR/answer"
	equals "$(statuses <"$BATS_TEST_TMPDIR/answer")" 431
	equals "$(tail -n 1 "$BATS_TEST_TMPDIR/answer" | jq -r '"\(.success) \(.error.code)"')" 'false VALIDATION_ERROR'
}

@test "lighttpd: 200 clients who connect and say nothing, or half a head, keep nobody waiting" {
	local fds=() fd
	for i in $(seq 200); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$API_PORT"
		((i % 2)) || printf 'GET /api/sta' >&"$fd"
		fds+=("$fd")
	done
	others_are_served 500
	for fd in "${fds[@]}"; do
		exec {fd}>&-
	done
}
