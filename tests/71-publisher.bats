# Who publishes, and how we know: tokens, events of EventBridge, the operator, AWS.

load lib/common
load lib/events

setup() { forget_publisher; }
teardown() {
	put_stages_back
	forget_publisher
	go_live
}

# ---- by HTTP ----

put_stage() { redis_c hset "${P}stages" "$1" "$2" >/dev/null; }
# Whether a newcomer gets a seat there: the HTTP status.
opens() {
	seat "$(fresh)" "$1"
	echo "$http_status"
}

@test "token: makes the publisher live, and how that is known is told" {
	api GET /api/stats/publisher
	equals "$(json '.data | tojson')" '{"state":"offline","lastKnown":false,"ageSeconds":null,"isPublisherLive":false,"source":null,"since":null}'
	token
	equals "$(present)" "true $pid token"
	api GET /api/stats/publisher
	matches "$(json .data.since)" '^2[0-9-]{9}T[0-9:]{8}\.[0-9]{3}Z$'
}

@test "token: another one replaces him while nobody has published" {
	token
	token
	equals "$(present)" "true $pid token"
}

@test "token: for a preview or a backup changes nothing while somebody publishes (F30)" {
	token
	first=$pid
	publishes "$MASTER" "$first"
	token
	equals "$(present)" "true $first eventbridge"
	publishes "$MASTER" "$pid"
	equals "$(said) $(present)" "true null true true $first eventbridge"
	stops "$MASTER" "$first"
	equals "$(said) $(present)" "true null true true $pid eventbridge"
}

@test "token: the user of the publisher is the one of the token, not what IVS is told" {
	u=$(fresh host)
	api POST /api/token/publisher "$(obj userId "$u")"
	publishes "$MASTER" "$(json .data.participantId)"
	equals "$(redis_c get "${P}publisher:info" | jq -r .userId)" "$u"
	forget_publisher
	publishes "$MASTER" "$(id)"
	equals "$(redis_c get "${P}publisher:info" | jq -r .userId)" u
}

@test "events: the show begins and ends with publishing (F29)" {
	a=$(id)
	publishes "$MASTER" "$a" "$(ago 2)"
	equals "$http_status $(said) $(present)" "200 true null true true $a eventbridge"
	stops "$MASTER" "$a" "$(ago 1)"
	equals "$http_status $(said) $(present)" "200 true null false false $a eventbridge"
}

@test "events: one that comes again is answered alike and changes nothing" {
	a=$(id) t=$(ago 3)
	publishes "$MASTER" "$a" "$t"
	first=$(json '.data | tojson') state=$(redis_c mget "${P}publisher:info" "${P}publisher:why" "${P}publisher:status")
	publishes "$MASTER" "$a" "$t"
	equals "$(json '.data | tojson')" "$first"
	equals "$(redis_c mget "${P}publisher:info" "${P}publisher:why" "${P}publisher:status")" "$state"
}

@test "events: an older one than is known is not used" {
	a=$(id)
	stops "$MASTER" "$a" "$(ago 1)"
	publishes "$MASTER" "$a" "$(ago 2)"
	equals "$http_status $(said)" '200 false OUTDATED false'
}

@test "events: within one second the precise time counts" {
	a=$(id) t=$(ago 5)
	publishes "$MASTER" "$a" "${t%.*}.250Z"
	stops "$MASTER" "$a" "${t%.*}.750Z"
	equals "$(said)" 'true null false'
	publishes "$MASTER" "$a" "${t%.*}.500Z"
	equals "$(said)" 'false OUTDATED false'
}

@test "events: one of long ago is noted and changes nothing by itself" {
	a=$(id) b=$(id)
	publishes "$MASTER" "$a" "$(ago 4000)"
	equals "$http_status $(said)" '200 false LATE false'
	equals "$(redis_c hget "${P}publisher:seen" "$a" | jq -c '[.on, .a]')" "[true,\"$MASTER\"]"
	publishes "$MASTER" "$b"
	stops "$MASTER" "$b" "$(ago 4000)"
	equals "$(said)" 'false OUTDATED true'
	publishes "$MASTER" "$a" "$(ago 90000)"
	equals "$(said)" 'false OUTDATED true'
}

@test "events: one from the future is not used" {
	publishes "$MASTER" "$(id)" "$(ago -4000)"
	equals "$http_status $(said) $(redis_c exists "${P}publisher:seen")" '200 false AHEAD false 0'
}

@test "events: those that say nothing about publishing are answered 200 and not used" {
	local name a
	a=$(id)
	publishes "$MASTER" "$a"
	for name in 'Participant Replication Start' 'Token Exchanged' 'Participant Publish Error' 'Something New'; do
		event "$MASTER" "$(id)" "$name" "$(ago 0)"
		equals "$name $http_status $(said)" "$name 200 false UNUSED true"
	done
	event "$MASTER" "$a" 'Participant Unpublished' "$(ago 0)" '.detail.replica = true'
	equals "$(said)" 'false UNUSED true'
	event "$MASTER" "$a" 'Participant Unpublished' "$(ago 0)" '."detail-type" = "IVS Limit Breach"'
	equals "$(said)" 'false UNUSED true'
	event "$MASTER" "$a" 'Participant Unpublished' "$(ago 0)" '.source = "aws.ec2"'
	equals "$(said) $(present)" "false UNUSED true true $a eventbridge"
}

@test "events: of a stage that is not ours are answered 200 and not used" {
	publishes "arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/NotOurs$RANDOM" "$(id)"
	equals "$http_status $(said) $(redis_c exists "${P}publisher:seen")" '200 false NOT_OURS false 0'
}

@test "events: what is missing or wrong is named" {
	local change want
	while IFS='~' read -r change want; do
		event "$MASTER" "$(id)" 'Participant Published' "$(ago 0)" "$change"
		equals "$change: $http_status $(json '[.error.details | .missingFields, [.invalidFields[].field]] | tojson')" \
			"$change: 400 $want"
	done <<-'EOF2'
		{}~[["source","detail-type","detail"],[]]
		del(.resources)~[["resources"],[]]
		.resources = ["nonsense"]~[[],["resources"]]
		.detail = 5~[[],["detail"]]
		del(.detail.event_name)~[["detail.event_name"],[]]
		.detail.participant_id = "a b"~[[],["detail.participant_id"]]
		del(.detail.participant_id)~[["detail.participant_id"],[]]
		.detail.participant_id = 7~[[],["detail.participant_id"]]
		.detail |= (del(.event_time_precise) | .event_time = "yesterday")~[[],["detail.event_time"]]
		.detail |= del(.event_time_precise, .event_time) | del(.time)~[["detail.event_time"],[]]
		.source = 1~[[],["source"]]
	EOF2
	api POST /api/stats/events '[1]'
	assert_error 400 VALIDATION_ERROR
	equals "$(redis_c exists "${P}publisher:seen")" 0
}

@test "events: a message in the language asked for" {
	body=$(jq -nc '{source: "aws.ivs", "detail-type": "IVS Stage Update", detail: {event_name: "x"}}')
	api POST /api/stats/events "$body" -H 'Accept-Language: en'
	matches "$(json .message)" '^The event '
	api POST /api/stats/events "$body" -H 'Accept-Language: zh-TW'
	matches "$(json .message)" '^此事件'
}

@test "events: need a full API key" {
	call POST /api/stats/events '{}'
	assert_error 401 UNAUTHORIZED
	call POST /api/stats/events '{}' -H "x-api-key: $READ_KEY"
	assert_error 403 FORBIDDEN
}

@test "hand: is obeyed at once, and an event that comes after goes before it" {
	a=$(id) t=$(ago 9)
	publishes "$MASTER" "$a" "$t"
	go_offline
	equals "$(present)" "false $a hand"
	publishes "$MASTER" "$a" "$t"
	equals "$(present)" "false $a hand"
	publishes "$MASTER" "$a" "$(ago 5)"
	equals "$(present)" "true $a eventbridge"
	go_live
	equals "$(present)" "true $a hand"
	stops "$MASTER" "$a" "$(ago 2)"
	equals "$(present)" "false $a eventbridge"
	go_live
	token
	equals "$(present)" "true $a hand"
	publishes "$MASTER" "$pid"
	equals "$(present)" "true $pid eventbridge"
}

@test "hand: live with nobody known takes the next token" {
	go_live
	equals "$(present)" 'true - hand'
	token
	equals "$(present)" "true $pid token"
}

@test "replicas: give no seats the moment the publisher is gone, and do again when he is back (F32)" {
	stage=$(new_stage replica) a=$(id)
	put_stage "$stage" "{\"name\":\"r\",\"replica\":{\"p\":\"$a\",\"at\":1}}"
	equals "$(opens "$stage")" 404
	publishes "$MASTER" "$a" "$(ago 9)"
	equals "$(opens "$stage") $(opens "$MASTER")" '200 200'
	stops "$MASTER" "$a" "$(ago 8)"
	equals "$(opens "$stage") $(opens "$MASTER")" '404 404'
	publishes "$MASTER" "$a" "$(ago 7)"
	equals "$(opens "$stage")" 200
	go_offline
	equals "$(opens "$stage")" 404
}

@test "replicas: of another participant than the present publisher give no seats (F33)" {
	stage=$(new_stage replica) a=$(id) b=$(id)
	put_stage "$stage" "{\"name\":\"r\",\"replica\":{\"p\":\"$a\",\"at\":1},\"picture\":true}"
	publishes "$MASTER" "$a" "$(ago 9)"
	stops "$MASTER" "$a" "$(ago 8)"
	publishes "$MASTER" "$b" "$(ago 7)"
	equals "$(opens "$stage") $(opens "$MASTER")" '404 200'
	put_stage "$stage" "{\"name\":\"r\",\"replica\":{\"p\":\"$b\",\"at\":1}}"
	equals "$(opens "$stage")" 200
	put_stage "$stage" "{\"name\":\"r\",\"replica\":{\"p\":\"$b\",\"at\":1},\"state\":\"draining\"}"
	equals "$(opens "$stage")" 404
}

@test "direct: who publishes straight to another stage gives it a picture, and no other" {
	stage=$(new_stage direct) a=$(id) b=$(id)
	put_stage "$stage" '{"name":"d","maxViewers":7,"tags":{}}'
	equals "$(opens "$stage")" 404
	publishes "$stage" "$a" "$(ago 9)"
	equals "$(said) $(opens "$stage") $(opens "$MASTER")" 'true null false 200 404'
	publishes "$stage" "$b" "$(ago 8)"
	stops "$stage" "$a" "$(ago 7)"
	equals "$(opens "$stage")" 200
	stops "$stage" "$b" "$(ago 6)"
	equals "$(opens "$stage")" 404
	equals "$(redis_c hget "${P}stages" "$stage" | jq -c '[.name, .maxViewers, .tags, .direct.on]')" '["d",7,{},false]'
}

@test "direct: an entry that cannot be read is left as it is" {
	stage=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/Broken$RANDOM
	put_stage "$stage" '{"name":'
	publishes "$stage" "$(id)"
	equals "$(said) $(redis_c hget "${P}stages" "$stage")" 'false NOT_OURS false {"name":'
	redis_c hdel "${P}stages" "$stage" >/dev/null
}

# ---- the script itself, at times of our own, under a prefix of its own ----

load_note() {
	sha=$(redis_c -x script load < <(whole_script publisher_note))
	T=${P}t:$RANDOM$RANDOM:
	own_show "$T"
}
# note NOW_MS INPUT STAGE PARTICIPANT USER WHAT MS [LIST] [GRACE_MS] -> one line
note() {
	redis_c evalsha "$sha" 1 "$T" '' 0 0 "$1" 60000 "$M" 50 "$2" "$3" "$4" "$5" "$6" "$7" "${8:-}" "${9:-60000}" |
		tr '\n' ' ' | cut -d' ' -f1-5 # what is decided; the rest is for the log
}
drop() { redis_c del "$T"publisher:{status,info,why,seen,checked} "${T}stages" >/dev/null; }
M=arn:aws:ivs:r:123456789012:stage/M S=arn:aws:ivs:r:123456789012:stage/S
NOW=1800000000000
ev() { note $((NOW + ${4:-1000})) event "$M" "$1" u "$2" $((NOW + $3)); } # P on|off MS [AT_MS]
asked() { note "$1" aws "$M" '' '' '' "$2" "$3"; } # AT_MS BEGAN_MS LIST

# The events in the order they happened, and what is true in the end.
order_cases() {
	cat <<-'EOF2'
		a:on a:off b:on b:off|offline 
		a:on b:on a:off b:off|offline 
		a:on b:on b:off a:off|offline 
		a:on a:off a:on a:off|offline 
		a:on a:off b:on c:off|live b
		a:on b:on c:off a:off|live b
		a:on a:off a:on b:off|live a
	EOF2
}
# Each case in each order: commands of redis-cli on stdout, what should come of it in the file
# `want`. At the end of each a call that changes nothing, for its answer.
in_all_orders() {
	order_cases | awk -F'|' -v sha="$sha" -v t="$T" -v m="$M" -v now="$NOW" \
		-v want="$BATS_TEST_TMPDIR/want" '
		function note(p, what, n) {
			printf "EVALSHA %s 1 %s \"\" 0 0 %.0f 60000 %s 50 event %s %s u %s %.0f \"\" 60000\n",
				sha, t, now + 1000, m, m, p, what, now + n
		}
		BEGIN {
			orders = split("0123 0132 0213 0231 0312 0321 1023 1032 1203 1230 1302 1320 " \
				"2013 2031 2103 2130 2301 2310 3012 3021 3102 3120 3201 3210", order, " ")
		}
		{
			split($1, event, " ")
			for (o = 1; o <= orders; o++) {
				printf "DEL %spublisher:status %spublisher:info %spublisher:why %spublisher:seen %sstages\n", t, t, t, t, t
				for (i = 1; i <= 4; i++) {
					n = substr(order[o], i, 1)
					split(event[n + 1], e, ":")
					note(e[1], e[2], n)
				}
				printf "ECHO \"case %s %s\"\n", $1, order[o]
				note("ghost", "error", 9)
				printf "HVALS %spublisher:seen\nECHO end\n", t
				printf "%s %s: UNUSED %s 0 0%s\n", $1, order[o], $2, last() >want
			}
		}
		# The last event of each participant, as `seen` has it.
		function last(   n, k, e, later, text) {
			for (n = 0; n < 4; n++) {
				split(event[n + 1], e, ":")
				later = 0
				for (k = n + 2; k <= 4; k++) later += substr(event[k], 1, 1) == e[1]
				if (!later) text = text sprintf(" [%.0f,%s]", now + n, e[2] == "on" ? "true" : "false")
			}
			return text
		}'
}
@test "order: however four events come, the same one is live in the end" {
	load_note
	in_all_orders | redis_c | jq -Rr 'if startswith("{") then fromjson | "\([.e, .on])" else . end' |
		awk -v now="$NOW" '
			/^case / { line = substr($0, 6) ":"; on = 1; cells = 0; next }
			/^\[/ { split($0, e, /[][,]/); seen[e[2] - now] = $0; next }
			/^end$/ {
				for (n = 0; n < 4; n++) if (n in seen) line = line " " seen[n]
				print line
				on = 0
				split("", seen)
			}
			on && ++cells <= 5 { line = line " " $0 }' >"$BATS_TEST_TMPDIR/got"
	equals "$(wc -l <"$BATS_TEST_TMPDIR/got")" $((7 * 24))
	diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got"
	drop
}

@test "order: of two who publish to the end the one who is live stays" {
	load_note
	ev a on 1 >/dev/null
	equals "$(ev b on 2)" 'OK live a 0 0'
	drop
	ev b on 2 >/dev/null
	equals "$(ev a on 1)" 'OK live b 0 0'
	drop
}

@test "events: when the publisher stops, who started last takes over" {
	load_note
	ev a on 1 >/dev/null
	ev b on 3 >/dev/null
	ev c on 2 >/dev/null
	equals "$(ev a off 4)" 'OK live b 1 0'
	equals "$(ev b off 5)" 'OK live c 1 0'
	equals "$(ev c off 6)" 'OK offline  1 0'
	drop
}

@test "events: AWS is to be asked after a late one, a failure and the end of a replica" {
	load_note
	redis_c hset "${T}stages" "$S" '{"replica":{"p":"a","at":1}}' >/dev/null
	ev a on 0 >/dev/null
	equals "$(ev a off 1 400000)" 'LATE live a 1 1'
	equals "$(ev a error 2)" 'OK live a 0 1'
	equals "$(note $NOW event "$S" a u ended $NOW)" 'OK live a 0 1'
	equals "$(note $NOW event "$S" b u ended $NOW)" 'UNUSED live a 0 0'
	drop
}

@test "aws: has the last word, but for what was learnt after the reading began" {
	load_note
	note $NOW hand '' '' '' live 0 >/dev/null
	equals "$(asked $NOW $((NOW - 5)) '[]')" 'OK offline  1 0'
	ev a on 0 0 >/dev/null
	equals "$(asked $((NOW + 20)) $((NOW - 5)) '[]')" 'OK live a 0 0'
	equals "$(asked $((NOW + 20)) $((NOW + 10)) '[]')" 'OK offline  1 0'
	equals "$(asked $((NOW + 30)) $((NOW + 25)) "[{\"p\":\"b\",\"on\":true,\"e\":$((NOW + 22)),\"u\":\"x\"}]")" 'OK live b 1 0'
	equals "$(redis_c get "${T}publisher:why" | jq -r .source)" aws
	drop
}

@test "aws: the present one is kept while he is on, else who started last" {
	local list="[{\"p\":\"a\",\"on\":true,\"e\":$((NOW - 9000)),\"u\":\"\"},{\"p\":\"b\",\"on\":true,\"e\":$((NOW - 5000)),\"u\":\"\"}]"
	load_note
	equals "$(asked $NOW $((NOW - 1)) "$list")" 'OK live b 1 0'
	drop
	ev a on -9000 0 >/dev/null
	equals "$(asked $NOW $((NOW - 1)) "$list")" 'OK live a 0 0'
	drop
}

@test "aws: an event newer than what it lists is kept, one of the same second is not" {
	load_note
	ev a on -9000 -8000 >/dev/null
	equals "$(ev a off -2000 -1000)" 'OK offline  1 0'
	equals "$(asked $NOW $NOW "[{\"p\":\"a\",\"on\":true,\"e\":$((NOW - 9000)),\"u\":\"\"}]")" 'OK offline  0 0'
	equals "$(asked $NOW $NOW "[{\"p\":\"a\",\"on\":true,\"e\":$((NOW - 2000)),\"u\":\"\"}]")" 'OK live a 1 0'
	drop
}

@test "aws: a publisher with a fresh token is about to begin, one with an old token is not" {
	load_note
	note $NOW token "$M" a u '' 0 >/dev/null
	equals "$(asked $((NOW + 59000)) $((NOW + 58000)) '[]')" 'OK live a 0 0'
	equals "$(note $((NOW + 59000)) aws "$M" '' '' '' $((NOW + 58000)) '[]' 0)" 'OK offline  1 0'
	note $((NOW + 59000)) token "$M" a u '' 0 >/dev/null
	equals "$(asked $((NOW + 120000)) $((NOW + 118000)) '[]')" 'OK offline  1 0'
	drop
}

@test "aws: of another stage it settles who publishes straight there" {
	load_note
	redis_c hset "${T}stages" "$S" '{"name":"s"}' >/dev/null
	direct() { redis_c hget "${T}stages" "$S" | jq -c '.direct // {} | [.p, .on]'; }
	equals "$(note $NOW aws "$S" '' '' '' $NOW '[]') $(direct)" 'OK offline  0 0 [null,null]'
	equals "$(note $NOW aws "$S" '' '' '' $NOW "[{\"p\":\"d\",\"on\":true,\"e\":$((NOW - 5000)),\"u\":\"\"}]") $(direct)" \
		'OK offline  1 0 ["d",true]'
	equals "$(note $((NOW + 9)) aws "$S" '' '' '' $((NOW + 8)) '[]') $(direct)" 'OK offline  1 0 ["d",false]'
	equals "$(note $NOW aws "${S}x" '' '' '' $NOW '[]')" 'NOT_OURS offline  0 0'
	drop
}

@test "seen: stays small, and keeps who publishes" {
	load_note
	ev a on 0 0 >/dev/null
	for i in {1..260}; do
		echo "evalsha $sha 1 $T '' 0 0 $((NOW + i)) 60000 $M 50 token $M t$i u '' 0"
	done | redis_c >/dev/null
	n=$(redis_c hlen "${T}publisher:seen")
	((n >= 195 && n <= 205))
	equals "$(redis_c hexists "${T}publisher:seen" a)" 1
	note $((NOW + 90000000)) hand '' '' '' live 0 >/dev/null
	equals "$(redis_c hkeys "${T}publisher:seen")" a
	drop
}

@test "chance: a thousand random steps agree with a model of the rules" {
	load_note
	seed=${PUBLISHER_SEED:-$RANDOM$RANDOM}
	redis_c hset "${T}stages" "$S" '{}' >/dev/null
	awk -v seed="$seed" -v steps=1000 -v M="$M" -v S="$S" -v now="$NOW" -v sha="$sha" -v T="$T" \
		-v want="$BATS_TEST_TMPDIR/want" -f "$PROJECT_ROOT/tests/lib/publisher_model.awk" >"$BATS_TEST_TMPDIR/steps"
	redis_c <"$BATS_TEST_TMPDIR/steps" | paste -d' ' - - - - - - - - - - - | cut -d' ' -f1-5 >"$BATS_TEST_TMPDIR/got"
	drop
	paste -d'|' "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got" | awk -F'|' -v seed="$seed" '
		$1 != $2 { print "seed " seed " step " NR ": model " $1 ", script " $2; exit 1 }
		END { exit NR != 1000 }'
	# Not a test of nothing: the show began and ended many times.
	(($(grep -c '^OK live .* 1 ' "$BATS_TEST_TMPDIR/want") > 50))
	(($(grep -c '^OK offline  1 ' "$BATS_TEST_TMPDIR/want") > 20))
}
