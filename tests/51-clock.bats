# Clocks that jump (R23) and the pulse of the show: the scripts themselves, at times of our own, under
# a prefix of their own.

load lib/common

lua() { # NAME NOW_MS ARGS...
	redis_c eval "$(whole_script "$1")" 1 "$C" '' 0 0 "$2" 60000 "$MASTER" 50 "${@:3}" | xargs
}
at() { echo $((1800000000000 + $1 * 1000)); } # SECONDS

clock_show() { # a show of fifty in a prefix of its own
	C="${P}clock$BATS_TEST_NUMBER:" n=
	own_show "$C"
	redis_c set "${C}publisher:status" live >/dev/null
	lua pulse "$(at 0)" 10000
	for n in $(seq 50); do
		lua join "$(at 0)" "c$n" "$MASTER" "00000000-0000-4000-8000-0000000000$((n + 10))" '' '' '' '' '' '' >/dev/null
	done
}
watching() { lua heartbeat "$1" c1 "$MASTER" | cut -d' ' -f2; } # NOW_MS

@test "clock: one hour ahead, then two back: nobody is ended, and no time is negative (R23)" {
	clock_show
	# ahead: the clean-up comes before the pulse
	equals "$(lua evict "$(at 3600)" 500 '')" 'OK 0 50 1'
	equals "$(lua leave "$(at 3600)" c2 "$MASTER" '')" 'OK 1 1'
	equals "$(lua pulse "$(at 3601)" 10000)" 'OK 3601000'
	equals "$(watching "$(at 3602)") $(lua evict "$(at 3602)" 500 '')" '49 OK 0 0 1'
	# back
	equals "$(lua pulse "$(at -3600)" 10000)" 'OK 0'
	equals "$(redis_c get "${C}pulse")" "$(at -3600)"
	equals "$(watching "$(at -3600)") $(lua evict "$(at -3600)" 500 '')" '49 OK 0 0 1'
	equals "$(lua leave "$(at -3599)" c3 "$MASTER" '')" 'OK 1 1'
	equals "$(redis_c xrange "${C}records" - + | grep -o '{.*}' |
		jq -s '[.[] | select(.l) | .l >= .j] | all')" true
	# and one time-out later the ordinary rule holds
	for s in $(seq -3598 2 -3530); do lua pulse "$(at "$s")" 10000 >/dev/null; done
	equals "$(lua evict "$(at -3530)" 500 '')" 'OK 48 0 1'
}

@test "pulse: a gap gives who was present one time-out, once; who had gone before is gone" {
	clock_show
	redis_c zadd "${C}viewer:heartbeat:$MASTER" "$(at -61)" c1 >/dev/null
	equals "$(lua pulse "$(at 9)" 10000) $(lua pulse "$(at 90)" 10000)" 'OK 0 OK 81000'
	equals "$(lua evict "$(at 100)" 500 '')" 'OK 1 0 1' # c1
	for s in $(seq 92 2 148); do lua pulse "$(at "$s")" 10000 >/dev/null; done
	equals "$(lua evict "$(at 149)" 500 '')" 'OK 0 0 1'
	lua pulse "$(at 150)" 10000
	equals "$(lua evict "$(at 151)" 500 '')" 'OK 49 0 1'
	equals "$(redis_c get "${C}epoch")" 1 # the grace is taken away
}

@test "pulse: a repair in an outage frees nobody's seat" {
	clock_show
	redis_c hdel "${C}viewer:session:$MASTER" c1 >/dev/null
	equals "$(lua presence_mend "$(at 100)" seat_no_session c1 "$MASTER" '' '' '' '' 00000000-0000-4000-8000-000000000001)" 'OK 1'
	matches "$(redis_c hget "${C}viewer:session:$MASTER" c1)" '^00000000-0000-4000-8000-000000000001 '
	equals "$(redis_c zcard "${C}viewer:heartbeat:$MASTER")" 50
}

@test "pulse: outages one after the other keep nobody who had a time-out between them" {
	local s up
	clock_show
	for s in $(seq 2 2 30); do lua pulse "$(at "$s")" 10000 >/dev/null; done
	# Half a minute there, twenty seconds away; c1 beats when he can.
	for up in 50 100 150; do
		for s in $(seq "$up" 5 $((up + 30))); do
			lua pulse "$(at "$s")" 10000 >/dev/null
			watching "$(at "$s")" >/dev/null
		done
		equals "$up $(lua evict "$(at $((up + 29)))" 500 '')" "$up OK $((up == 150 ? 49 : 0)) 0 1"
	done
	equals "$(watching "$(at 181)")" 1
}

@test "pulse: a second outage within the grace keeps those of the first" {
	clock_show
	lua pulse "$(at 100)" 10000
	lua pulse "$(at 130)" 10000
	equals "$(lua evict "$(at 185)" 500 '') $(watching "$(at 150)")" 'OK 0 0 1 50'
	for s in $(seq 132 5 192); do lua pulse "$(at "$s")" 10000 >/dev/null; done
	equals "$(lua evict "$(at 193)" 500 '')" 'OK 49 0 1' # all but the one who beat
}

@test "loading that takes long: from its end everybody has one whole time-out to come back, and no more" {
	local s
	C="${P}clock$BATS_TEST_NUMBER:"
	redis_c set "${C}lock:job:restore" me >/dev/null
	equals "$(lua restore_begin "$(at 0)" me 600000 1)" "OK $(at 0)"
	for s in 1 2; do
		equals "$(lua restore_load "$(at 0)" me 600000 sessions "[{\"u\":\"c$s\",\"a\":\"$MASTER\",
			\"s\":\"00000000-0000-4000-8000-00000000000$s\",\"j\":$(at -100),\"p\":\"\",\"h\":$(at -50),\"d\":false}]")" 'OK 1 0'
	done
	equals "$(lua heartbeat "$(at 49)" c1 "$MASTER")" COLD
	equals "$(lua restore_end "$(at 50)" me 600000 '' "$(at 0)" 1 '')" OK
	for s in $(seq 50 5 105); do lua pulse "$(at "$s")" 10000 >/dev/null; done
	equals "$(lua evict "$(at 109)" 500 '') $(watching "$(at 109)")" 'OK 0 0 1 2'
	equals "$(lua evict "$(at 111)" 500 '') $(watching "$(at 111)")" 'OK 1 0 1 1'
}

@test "loading: who has lost the lock of the loader writes nothing, at no step" {
	C="${P}clock$BATS_TEST_NUMBER:"
	redis_c set "${C}lock:job:restore" another >/dev/null
	redis_c hset "${C}bans" kept 1 >/dev/null
	equals "$(lua restore_begin "$(at 0)" me 15000 1)" LOST
	equals "$(lua restore_load "$(at 0)" me 15000 stages "[{\"a\":\"$MASTER\",\"e\":{}}]")" LOST
	equals "$(lua restore_load "$(at 0)" me 15000 bans '{"more":1}')" LOST
	equals "$(lua restore_end "$(at 0)" me 15000 '' "$(at 0)" 1 '')" LOST
	equals "$(redis_c exists "${C}epoch" "${C}stages") $(redis_c hkeys "${C}bans")" '0 kept'
	equals "$(redis_c get "${C}lock:job:restore") $(redis_c pttl "${C}lock:job:restore")" 'another -1'
}

@test "loading: what is known of the publisher is known after it: an old word of his stop changes nothing" {
	stops() { lua publisher_note "$(at 60)" event "$MASTER" p1 u off "$1" '' '' | sed -E 's/^(\S+ (live \S+|offline) [01] [01]).*/\1/'; } # AT_MS
	C="${P}clock$BATS_TEST_NUMBER:"
	redis_c set "${C}lock:job:restore" me >/dev/null
	lua restore_begin "$(at 0)" me 15000 1
	lua restore_load "$(at 0)" me 15000 publisher "$(jq -nc --arg a "$MASTER" --argjson at "$(at -100)" '{status: "live",
		info: ({participantId: "p1", stageArn: $a, userId: "u", joinedAt: $at} | tojson),
		why: ({source: "eventbridge", at: $at} | tojson)}')"
	equals "$(lua restore_end "$(at 1)" me 15000 '' "$(at 0)" 1 '')" OK
	equals "$(stops "$(at -110)")" 'OUTDATED live p1 0 0'
	equals "$(stops "$(at 50)")" 'OK offline 1 0'
}

@test "never started: the seat of a token that nobody came for is kept for 30 s, to the millisecond (R20)" {
	local edge
	takes() { lua join "$1" "$2" "$MASTER" "00000000-0000-4000-8000-00000000000$3" '' '' '' '' 1 '' | cut -d' ' -f1; } # NOW_MS USER N
	C="${P}clock$BATS_TEST_NUMBER:"
	own_show "$C"
	redis_c set "${C}publisher:status" live >/dev/null
	redis_c hset "${C}stages" "$MASTER" '{"maxViewers":1}' >/dev/null
	edge=$(($(at 0) + 30000))
	equals "$(takes "$(at 0)" first 1) $(takes "$edge" second 2) $(takes $((edge + 1)) second 3)" 'OK FULL OK'
	equals "$(redis_c zrange "${C}viewer:heartbeat:$MASTER" 0 -1)" second
}

@test "loading: with a clock behind that of the newest record, new ones come after it all the same" {
	C="${P}clock$BATS_TEST_NUMBER:"
	redis_c set "${C}lock:job:restore" me >/dev/null
	equals "$(lua restore_end "$(at 0)" me 15000 4000000000000-5 "$(at 0)" 1 '')" OK
	equals "$(redis_c xlen "${C}records") $(redis_c get "${C}records:written")" '0 4000000000000-5'
	lua ban "$(at 1)" somebody 1
	equals "$(redis_c xrange "${C}records" - + | head -n 1)" 4000000000000-6
}

# A clock that is set back by an hour leaves each key that expires an hour more.
set_back() { # KEY...
	local key
	for key; do redis_c pexpire "$C$key" $(($(redis_c pttl "$C$key") + 3600000)) >/dev/null; done
}
bounded() { # KEY MS
	local left
	left=$(redis_c pttl "$C$1")
	((left <= $2)) || { echo "$1 lasts $left ms, at most $2 wanted" >&2; return 1; }
}

@test "clock: set back by an hour, it makes no lock last longer than its life (G8)" {
	C="${P}clock$BATS_TEST_NUMBER:"
	own_show "$C"
	lua lock_take "$(at 0)" snapshot me 60000 ''
	set_back lock:job:snapshot
	matches "$(lua lock_take "$(at -3600)" snapshot other 60000 '')" '^HELD'
	bounded lock:job:snapshot 60000
	# the drain's, and what says that it has failed: nobody would drain for an hour
	redis_c xadd "${C}records" 1-1 e '{}' >/dev/null
	matches "$(lua records_take "$(at 0)" me 5000 10 1000)" '^OK'
	lua records_done "$(at 0)" me '' fail 3000 UNREACHABLE >/dev/null
	set_back lock:records
	matches "$(lua records_take "$(at -3600)" other 5000 10 1000)" '^BUSY'
	bounded lock:records 10000
	# an attempt that runs, by its own time
	matches "$(lua idem_begin "$(at 0)" key body run-1 30000 86400000 order-1)" '^NEW'
	equals "$(lua idem_begin "$(at -3600)" key body run-2 30000 86400000 order-1)" RUNNING
	matches "$(lua idem_begin "$(at -3569)" key body run-2 30000 86400000 order-1)" '^NEW'
}

@test "clock: set back by an hour, it makes no window of the rate limit longer, and no rest of the autoscaler (G8)" {
	local n left
	C="${P}clock$BATS_TEST_NUMBER:"
	own_show "$C"
	gate() { redis_c eval "$(whole_script gate)" 1 "$C" api:me 2 1000 '' 60000 "$MASTER" 50 | xargs; }
	for n in 1 2; do equals "$(gate)" OK; done
	set_back rate:api:me
	left=$(gate | cut -d' ' -f2)
	((left > 0 && left <= 3600001))
	bounded rate:api:me 1000
	open_again() { [ "$(gate)" = OK ]; }
	wait_until 3 open_again
	# what was kept for some seconds counts no more
	redis_c set "${C}keeper:synced" 1 px 5000 >/dev/null
	redis_c set "${C}keeper:replicas" 'p 1' px 60000 >/dev/null
	matches "$(lua keep_read "$(at 0)" 60000 1)" ' p 1 1 '
	set_back keeper:synced keeper:replicas
	run lua keep_read "$(at 0)" 60000 1
	[[ $output != *' p 1 '* ]]
}

@test "snapshot: the slot is the nearest, so a host that is a little ahead does not write into the one before (G8)" {
	C="${P}clock$BATS_TEST_NUMBER:"
	own_show "$C"
	slot() { lua snapshot_read "$(at "$1")" | cut -d' ' -f2; }
	equals "$(slot -1) $(slot 0) $(slot 149)" "$(at 0) $(at 0) $(at 0)"
	equals "$(slot 151) $(slot 299)" "$(at 300) $(at 300)"
}
