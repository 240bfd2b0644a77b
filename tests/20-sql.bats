# The schema, the statements, and the way of a record from the stream to a row. The drain
# is run by cron/records under key prefixes of its own; ids are fresh in each test.
bats_require_minimum_version 1.5.0
load lib/common

ARN=arn:aws:ivs:ap-northeast-1:123456789012:stage/Sql
T=1761042600123 # 2025-10-21T10:30:00.123Z
Q=$BATS_TEST_DIRNAME/../sql/queries

setup() {
	PRE="${P}sql$$-$BATS_TEST_NUMBER:"
	own_show "$PRE"
}

uuid() { cat /proc/sys/kernel/random/uuid; }
# The text of a statement, without its comments.
text_of() { sed '/^[[:space:]]*--/d' "$Q/$1.sql"; }
# query NAME ARGUMENTS: runs sql/queries/NAME.sql; arguments as SQL
query() { psql_q "PREPARE q AS $(text_of "$1"); EXECUTE q${2:+($2)}"; }
# entry SESSION USER [MORE]: one record of the stream
entry() { printf '{"s":"%s","u":"%s","a":"%s","j":%s%s}' "$1" "$2" "$ARN" "$T" "${3:-}"; }
# store FIRST_PLACE ENTRY...: one batch, straight to the statement
store() {
	local at=$1 places='' batch='' e
	shift
	for e; do
		batch+=${batch:+,}$e places+=${places:+,}$((at++))
	done
	query records_write "\$j\$[$batch]\$j\$, '{$places}'"
}
row() { # SESSION
	psql_q "SELECT user_id, participant_id, watch_duration_seconds, end_reason, user_agent,
		ip_address, record_pos FROM viewer_sessions WHERE session_id = '$1'"
}
rows_of() { psql_q "SELECT count(*) FROM viewer_sessions WHERE user_id = '$1'"; }
put() { redis_c xadd "${PRE}records" '*' e "$1" >/dev/null; }
drain() { IVS_ENV_FILE=/dev/null REDIS_KEY_PREFIX=$PRE "$BUILD_DIR/cron/records" 2>&1; }

@test "sql: every statement fits the migrated schema" {
	local f name
	for f in "$Q"/*.sql; do
		name=$(basename "$f" .sql)
		# VACUUM cannot be prepared, nor stand beside another statement.
		case $(text_of "$name") in
		VACUUM*) psql_q "$(text_of "$name")" ;;
		*) psql_q "PREPARE q_$name AS $(text_of "$name")" ;;
		esac || { echo "$name" >&2; return 1; }
		head -n 1 "$f" | grep -q "^-- $name: " || { echo "line 1 of $name" >&2; return 1; }
	done
}

@test "records: join, change of participant and end in one batch are one row" {
	local s u
	s=$(uuid) u=$(fresh)
	store 10 "$(entry "$s" "$u" ',"p":"p1","g":"agent","i":"192.0.2.7","n":"Name"')" \
		"$(entry "$s" "$u" ',"p":"p2"')" \
		"$(entry "$s" "$u" ",\"p\":\"p2\",\"l\":$((T + 61999)),\"r\":\"leave\"")"
	[ "$(row "$s")" = "$u|p2|61|leave|agent|192.0.2.7|12" ]
	[ "$(psql_q "SELECT username FROM users WHERE user_id = '$u'")" = Name ]
}

@test "records: in parts, in pieces and in any order the rows are the same" {
	local s u end join change want i
	s=$(uuid) u=$(fresh)
	join=$(entry "$s" "$u" ',"p":"p1","g":"agent","n":"Name"')
	change=$(entry "$s" "$u" ',"p":"p2"')
	end=$(entry "$s" "$u" ",\"p\":\"p2\",\"l\":$((T + 5000)),\"r\":\"timeout\"")
	store 22 "$end"
	[ "$(row "$s")" = "$u|p2|5|timeout|||22" ]
	store 20 "$join"
	want="$u|p2|5|timeout|agent||22"
	[ "$(row "$s")" = "$want" ]
	for i in 1 2; do
		store 20 "$join"
		store 20 "$join" "$change"
		store 21 "$change" "$end"
		store 20 "$join" "$change" "$end"
		[ "$(row "$s")" = "$want" ]
	done
	[ "$(rows_of "$u")" = 1 ]
}

@test "records: the first end wins" {
	local s u
	s=$(uuid) u=$(fresh)
	store 30 "$(entry "$s" "$u")" "$(entry "$s" "$u" ",\"l\":$((T + 9000)),\"r\":\"leave\"")" \
		"$(entry "$s" "$u" ",\"l\":$((T + 99000)),\"r\":\"timeout\"")"
	store 33 "$(entry "$s" "$u" ",\"l\":$((T + 77000)),\"r\":\"kicked\"")"
	[ "$(row "$s")" = "$u||9|leave|||33" ]
}

@test "records: an end before its join counts no time" {
	local s u
	s=$(uuid) u=$(fresh)
	store 40 "$(entry "$s" "$u" ",\"l\":$((T - 9000)),\"r\":\"leave\"")"
	[ "$(row "$s")" = "$u||0|leave|||40" ]
}

@test "records: a join that came to nothing is no view, whatever is written twice" {
	local s u join void
	s=$(uuid) u=$(fresh)
	join=$(entry "$s" "$u") void=$(entry "$s" "$u" ",\"l\":$((T + 5)),\"r\":\"void\"")
	store 50 "$join" "$void"
	[ "$(rows_of "$u")" = 0 ]
	[ "$(psql_q "SELECT count(*) FROM users WHERE user_id = '$u'")" = 0 ]
	store 50 "$join"
	[ "$(rows_of "$u")" = 0 ]
	s=$(uuid) join=$(entry "$s" "$u")
	store 52 "$join"
	[ "$(rows_of "$u")" = 1 ]
	store 53 "$(entry "$s" "$u" ",\"l\":$((T + 5)),\"r\":\"void\"")"
	store 52 "$join"
	[ "$(rows_of "$u")" = 0 ]
}

@test "records: a user keeps his first join and takes his newest name" {
	local u a b
	u=$(fresh)
	a=$(entry "$(uuid)" "$u" ',"n":"Old"')
	b=$(entry "$(uuid)" "$u" ',"n":"New"')
	b=${b/$T/$((T + 60000))}
	store 60 "$a" && store 61 "$b" && store 60 "$a"
	[ "$(psql_q "SELECT username, last_joined_at - first_joined_at FROM users
		WHERE user_id = '$u'")" = 'New|00:01:00' ]
}

@test "records: 500 in one batch, and more than one batch in one run" {
	local u i
	u=$(fresh)
	for i in {1..1200}; do
		printf 'XADD %srecords * e %s\n' "$PRE" "'$(entry "00000000-0000-4000-8000-$(
			printf '%06d%06d' $((RANDOM * 10)) "$i")" "$u")'"
	done | redis_c >/dev/null
	run -0 drain
	[[ $output == *'"entries":1200,"dead":0,"left":0'* ]]
	[ "$(rows_of "$u")" = 1200 ]
	[ "$(redis_c exists "${PRE}lock:records")" = 0 ]
}

@test "records: text of any kind is kept as it is" {
	local u n
	for n in "x'; DROP TABLE users; --" '觀眾😀' '$1 {a,b} %s%n' '<b>&amp;' '\u202eabc' \
		'"],[{"' '\\'; do
		u=$(fresh)
		put "$(jq -nc --arg s "$(uuid)" --arg u "$u$n" --arg a "$ARN" \
			"{s: \$s, u: \$u, a: \$a, j: $T, n: \$u, g: \$u}")"
		run -0 drain
		[ "$(psql_q "SELECT username = user_id, user_id = \$x\$$u$n\$x\$
			FROM users WHERE user_id LIKE '$u%'")" = 't|t' ]
	done
}

@test "records: what cannot be stored is set aside and holds nobody up" {
	local u i
	u=$(fresh)
	for i in {1..40}; do
		put "$(entry "$(uuid)" "$u")"
		case $i in
		3) put 'no JSON' ;;
		17) put "$(entry no-uuid "$u")" ;;
		18) put "$(entry "$(uuid)" "$u\\u0000")" ;;
		19) put "$(entry "$(uuid)" "$(printf '%0101d' 0)")" ;;
		20) put "$(entry "$(uuid)" "$u" ",\"l\":$T,\"r\":\"nonsense\"")" ;;
		esac
	done
	run -0 drain
	[[ $output == *'"entries":40,"dead":5,"left":0'* ]]
	[[ $output == *'records:dead'* ]]
	[ "$(rows_of "$u")" = 40 ]
	[ "$(redis_c xlen "${PRE}records")" = 0 ]
	[ "$(redis_c xlen "${PRE}records:dead")" = 5 ]
	redis_c xrange "${PRE}records:dead" - + | grep -q 'SQLSTATE 22P02'
}

@test "records: who finds the lock taken leaves the stream alone" {
	put "$(entry "$(uuid)" "$(fresh)")"
	redis_c set "${PRE}lock:records" somebody px 60000
	run -0 drain
	[[ $output == *'"left":1,"busy":1'* ]]
	[ "$(redis_c xlen "${PRE}records")" = 1 ]
	[ "$(redis_c get "${PRE}lock:records")" = somebody ]
}

@test "records: without PostgreSQL nothing is lost and nobody else tries at once" {
	local u
	u=$(fresh)
	put "$(entry "$(uuid)" "$u")"
	DB_HOST=$BATS_TEST_TMPDIR run -69 drain
	[ "$(redis_c xlen "${PRE}records")" = 1 ]
	[[ $(redis_c get "${PRE}lock:records") == failed:* ]]
	run -0 drain
	[[ $output == *'"busy":1'* ]]
	redis_c pexpire "${PRE}lock:records" 1
	drained() { drain >/dev/null && [ "$(rows_of "$u")" = 1 ]; }
	wait_until 5 drained
}

@test "history: newest first, page by page, with the total on each page" {
	local u i first second
	u=$(fresh)
	for i in 1 2 3; do store "7$i" "$(entry "$(uuid)" "$u" ",\"p\":\"p$i\"")"; done
	first=$(query history_page "'$u', 2, NULL")
	[ "$(cut -d'|' -f1,4 <<<"$first" | xargs)" = '3|p3 3|p2' ]
	second=$(query history_page "'$u', 2, $(tail -n 1 <<<"$first" | cut -d'|' -f2)")
	[ "$(cut -d'|' -f1,4,5 <<<"$second")" = "3|p1|$T" ]
	[ "$(query history_page "'$(fresh)', 2, NULL")" = '0|||||||||' ]
}

@test "stage statistics: views, people, longest and sum; who still watches counts" {
	local arn now
	arn=arn:aws:ivs:ap-northeast-1:123456789012:stage/$(fresh s)
	now=$(date +%s)000
	T=$((now - 3600000)) ARN=$arn
	store 80 "$(entry "$(uuid)" "$arn-a" ",\"l\":$((T + 10000)),\"r\":\"leave\"")" \
		"$(entry "$(uuid)" "$arn-a" ",\"l\":$((T + 31000)),\"r\":\"moved\"")" \
		"$(entry "$(uuid)" "$arn-b" ",\"l\":$((T + 20000)),\"r\":\"timeout\"")"
	[ "$(query stage_stats "'$arn', 7")" = '3|2|31|61' ]
	T=$((now - 8 * 86400000))
	store 85 "$(entry "$(uuid)" "$arn-c" ",\"l\":$((T + 50000)),\"r\":\"leave\"")"
	[ "$(query stage_stats "'$arn', 7")" = '3|2|31|61' ]
	[ "$(query stage_stats "'$arn', 9")" = '4|3|50|111' ]
	[ "$(psql_q "SELECT total_views, unique_viewers, avg_watch_seconds, total_watch_seconds
		FROM stage_stats_7d WHERE stage_arn = '$arn'")" = '3|2|20.3|61' ]
	T=$((now - 100000))
	store 86 "$(entry "$(uuid)" "$arn-d")"
	IFS='|' read -r views people longest sum <<<"$(query stage_stats "'$arn', 7")"
	[ "$views $people" = '4 3' ]
	((longest >= 100 && longest < 160 && sum == 61 + longest))
	[ "$(psql_q "SELECT user_id FROM active_viewers WHERE stage_arn = '$arn'")" = "$arn-d" ]
	[ "$(query stage_stats "'nowhere', 7")" = '0|0|0|0' ]
}

@test "snapshots: one row for a stage and slot, the newest count, the highest peak" {
	local arn slot=1761042600000
	arn=$(fresh arn)
	query snapshot_write "'[{\"a\":\"$arn\",\"n\":5,\"m\":9},{\"a\":\"$arn-2\",\"n\":1,\"m\":0}]', $slot"
	query snapshot_write "'[{\"a\":\"$arn\",\"n\":3,\"m\":7}]', $slot"
	[ "$(psql_q "SELECT viewer_count, peak_viewers FROM viewer_stats_snapshots
		WHERE stage_arn LIKE '$arn%' ORDER BY stage_arn" | xargs)" = '3|9 1|1' ]
	query snapshot_write "'[{\"a\":\"$arn\",\"n\":3,\"m\":4}]', $((slot + 300000))"
	[ "$(psql_q "SELECT count(*) FROM viewer_stats_snapshots WHERE stage_arn = '$arn'")" = 2 ]
}

@test "stages: as the newest record of the stream has the entry; an older one changes nothing (A2)" {
	local arn row
	arn=$(fresh arn)
	fact() { # POSITION VALUE
		query records_write "jsonb_build_array(jsonb_build_object('t', 'stage', 'k', '$arn', 'v', \$j\$$2\$j\$::jsonb)), '{$1}'"
	}
	row() { psql_q "SELECT $1 FROM stages WHERE stage_arn = '$arn'"; }
	fact 20 "{\"name\":\"it's\",\"autoScaled\":true,\"createdAt\":$T,\"maxViewers\":50,\"tags\":{\"a\":\"b\"}}"
	[ "$(row "name, auto_scaled, max_viewers, tags ->> 'a', state, extract(epoch FROM created_at)")" = \
		"it's|t|50|b|active|1761042600.123000" ]
	fact 10 '{"name":"old","maxViewers":7}'
	[ "$(row "name, max_viewers, entry ->> 'maxViewers'")" = "it's|50|50" ]
	# Members of a wrong type count as absent; a name that is known stays.
	fact 30 '{"name":7,"maxViewers":-1,"createdAt":1e300,"tags":[1],"state":{},"autoScaled":"maybe"}'
	[ "$(row "name, auto_scaled, max_viewers, tags, state")" = "it's|f||{}|active" ]
	fact 40 null
	fact 35 '{"name":"late"}'
	[ "$(row 'name, state')" = "it's|deleted" ]
}

@test "purging: only what is too old, some at a time; who still watches stays" {
	local u arn
	u=$(fresh) arn=$(fresh arn)
	# So long ago that nothing of another test is touched.
	T=631152000000 ARN=$arn # 1990
	store 90 "$(entry "$(uuid)" "$u" ",\"l\":$((T + 1000)),\"r\":\"leave\"")" \
		"$(entry "$(uuid)" "$u" ",\"l\":$((T + 2000)),\"r\":\"leave\"")" \
		"$(entry "$(uuid)" "$u" ",\"l\":$((T + 3000)),\"r\":\"leave\"")" \
		"$(entry "$(uuid)" "$u")"
	query purge_sessions '20000, 10'
	[ "$(rows_of "$u")" = 4 ]
	query purge_sessions '9000, 2'
	[ "$(rows_of "$u")" = 2 ]
	query purge_sessions '9000, 10'
	[ "$(psql_q "SELECT left_at IS NULL FROM viewer_sessions WHERE user_id = '$u'")" = t ]
	query purge_users '9000, 1000'
	[ "$(psql_q "SELECT count(*) FROM users WHERE user_id = '$u'")" = 1 ]
	psql_q "DELETE FROM viewer_sessions WHERE user_id = '$u'"
	query purge_users '9000, 1000'
	[ "$(psql_q "SELECT count(*) FROM users WHERE user_id = '$u'")" = 0 ]

	query snapshot_write "'[{\"a\":\"$arn\",\"n\":1,\"m\":1}]', $T"
	query snapshot_write "'[{\"a\":\"$arn\",\"n\":1,\"m\":1}]', $((T + 300000))"
	query purge_snapshots '20000, 10'
	query purge_snapshots '9000, 1'
	[ "$(psql_q "SELECT count(*) FROM viewer_stats_snapshots WHERE stage_arn = '$arn'")" = 1 ]
	query purge_snapshots '9000, 10'
	[ "$(psql_q "SELECT count(*) FROM viewer_stats_snapshots WHERE stage_arn = '$arn'")" = 0 ]
}

@test "time zones: the same instants whatever the zone of host, session and reader" {
	local u zone
	u=$(fresh)
	for zone in UTC Asia/Taipei Asia/Tehran America/New_York; do
		put "$(entry "$(uuid)" "$u" ",\"l\":$((T + 7000)),\"r\":\"leave\",\"p\":\"p\"")"
		TZ=$zone PGTZ=$zone run -0 drain
	done
	[ "$(psql_q "SELECT count(DISTINCT joined_at), count(*), min(watch_duration_seconds)
		FROM viewer_sessions WHERE user_id = '$u'")" = '1|4|7' ]
	for zone in UTC Asia/Taipei America/New_York; do
		[ "$(PGTZ=$zone query history_page "'$u', 1, NULL" | cut -d'|' -f5,6)" = \
			"$T|$((T + 7000))" ]
	done
}

@test "forgetting a person: his row takes his history along" {
	local u
	u=$(fresh)
	store 95 "$(entry "$(uuid)" "$u")" "$(entry "$(uuid)" "$u")"
	psql_q "DELETE FROM users WHERE user_id = '$u'"
	[ "$(rows_of "$u")" = 0 ]
}

@test "API keys: no more than so many are good at a time; one that has ended makes room" {
	local good id ids=()
	good=$(psql_q "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())")
	for _ in 1 2 3 4; do ids+=("n$RANDOM$RANDOM"); done
	add() { query api_key_add "'$1', '$(printf %s "$1" | sha256sum | cut -d' ' -f1)', 'read', '', NULL, $((good + 2))"; }
	added() { psql_q "SELECT count(*) FROM api_keys WHERE id IN ('${ids[0]}', '${ids[1]}', '${ids[2]}', '${ids[3]}')"; }
	for id in "${ids[@]:0:3}"; do add "$id"; done
	[ "$(added)" = 2 ]
	psql_q "UPDATE api_keys SET revoked_at = now() WHERE id = '${ids[0]}'"
	add "${ids[2]}"
	[ "$(added)" = 3 ]
	psql_q "UPDATE api_keys SET expires_at = now() WHERE id = '${ids[1]}'"
	add "${ids[3]}"
	[ "$(added)" = 4 ]
	psql_q "DELETE FROM api_keys WHERE id IN ('${ids[0]}', '${ids[1]}', '${ids[2]}', '${ids[3]}')"
}
