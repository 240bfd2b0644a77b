# ivsctl: what it understands, stages, and planning. Keys: 48-keys.bats.
bats_require_minimum_version 1.5.0
load lib/common
load lib/ctl

setup() {
	export IVS_ENV_FILE=/dev/null
	set_stages_aside
}
teardown() {
	thaw redis
	emulator DELETE faults >/dev/null
	put_stages_back
}

@test "ctl: what is not understood ends with 64 and says what to do" {
	ctl
	refused 64 'ivsctl help'
	ctl stages
	refused 64 "no command 'stages': did you mean stage\?"
	ctl plam 5
	refused 64 "no command 'plam': did you mean plan\?"
	ctl stage darin x
	refused 64 "no command 'stage darin': did you mean stage drain\?"
	ctl plan 5 --capcity 3
	refused 64 "no option '--capcity': did you mean --capacity\?"
	ctl plan 5 --capacity
	refused 64 'missing argument of --capacity'
	ctl stage
	refused 64 'stage drain ID'
	ctl stage drop x
	refused 64 "no command 'stage drop'"
	ctl stage drain
	refused 64 'missing argument ID: usage: ivsctl stage drain ID'
	ctl plan
	refused 64 'missing argument N: usage: ivsctl plan N'
	ctl plan 5 6
	refused 64 "unexpected argument '6': usage: ivsctl plan N"
	ctl stage list all
	refused 64 "unexpected argument 'all': usage: ivsctl stage list\$"
	ctl stage list --force
	refused 64 'takes no --force'
	ctl plan many
	refused 64 'a number'
	ctl plan 5 --capacity 0
	refused 64 'capacity must be'
	ctl --nonsense
	equals "$status" 64
	matches "$stderr" 'ivsctl help'
}

@test "ctl: words that are quoted steer no terminal, and tags are text" {
	local word
	for word in "stage drain" "signing-key delete" "plan 1" "stage"; do
		# shellcheck disable=SC2086
		ctl $word $'a\e[31m\nb'
		equals "$status" 64
		[[ $stderr != *$'\e'* ]]
	done
	ctl stage drain $'\xc2\x9b31m\xff\xc3\xa9'
	[[ $stderr == "ivsctl: '?31m?é' is no stage"* ]]
	for word in $'a=\xff' $'a=b\nc' $'\xff=b'; do
		ctl stage create tagged --tag "$word"
		refused 64 'NAME=VALUE'
	done
}

@test "ctl: help and version need no settings" {
	for words in help 'help signing-key' 'help signing-key rotate' '--version' 'stage drain --help'; do
		# shellcheck disable=SC2086
		run env -i "$BUILD_DIR/ctl/ivsctl" $words
		equals "$status" 0
		[ -n "$output" ]
	done
	run env -i IVS_ENV_FILE=/dev/null "$BUILD_DIR/ctl/ivsctl" stage list
	equals "$status" 78
	matches "$output" 'MASTER_STAGE_ARN is missing'
}

# ---- stages ----

created() { # NAME [ARGS...]: $stage
	ctl stage create "$@" --json
	equals "$status" 0
	stage=$(jq -r .arn <<<"$output")
}
in_list() { # ARN FILTER
	ctl stage list --json
	jq -r --arg a "$1" ".stages[] | select(.arn == \$a) | $2" <<<"$output"
}

@test "stages: made, listed, drained, taken back and deleted, by ARN or by short id" {
	name=$(fresh ctl)
	created "$name" --tag show=ctl --tag 'what=a=b' --max-viewers 7
	id=${stage##*/}
	aws GetStage "$stage"
	equals "$(json '.result | "\(.name) \(.tags.show) \(.tags.what) \(.tags.Show)"')" "$name ctl a=b ${MASTER##*/}"
	equals "$(in_list "$stage" '"\(.id) \(.name) \(.state) \(.picture) \(.viewers) \(.capacity) \(.automatic) \(.master)"')" \
		"$id $name active none 0 7 false false"
	equals "$(in_list "$MASTER" .master)" true
	ctl stage list
	done_well
	matches "$output" "$id +$name +active +none +0 +7 +[0-9]+s +by hand"
	for word in "$id" "$stage"; do
		ctl stage drain "$word"
		done_well
		equals "$output" "$stage draining"
	done
	equals "$(in_list "$stage" .state)" draining
	for word in "$stage" "$id"; do
		ctl stage undrain "$word"
		done_well
	done
	equals "$(in_list "$stage" .state)" active
	ctl stage delete "$id"
	done_well
	equals "$(in_list "$stage" .id)" ''
	aws GetStage "$stage"
	equals "$(json .kind)" NOT_FOUND
	ctl stage delete "$id"
	refused 65 'ivsctl stage list'
}

@test "stages: an order makes one stage however often it is given" {
	order=$(fresh order) name=$(fresh ctl)
	created "$name" --order "$order"
	first=$stage
	created "$name" --order "$order"
	equals "$stage" "$first"
	# done, and the answer lost
	fault '{"operation":"CreateStage","action":"effect-then-drop","count":1}'
	created "$(fresh ctl)"
	aws ListStages
	equals "$(jq --arg a "$stage" '[.result[] | select(.arn == $a)] | length' <<<"$http_body")" 1
}

@test "stages: the master, a stage with viewers and what is none of ours are refused" {
	created "$(fresh ctl)"
	redis_c hset "${P}stages" "$stage" "$(redis_c hget "${P}stages" "$stage" | jq -c '.picture = true')" >/dev/null
	go_live
	u=$(fresh)
	seat "$u" "$stage"
	assert_status 200
	ctl stage delete "$stage"
	refused 65 '1 seats are taken.*drain'
	leave "$u" "$stage"
	ctl stage delete "$stage"
	done_well
	for verb in drain undrain delete; do
		ctl stage "$verb" "$MASTER"
		refused 65 'master stage'
		ctl stage "$verb" NotOursAtAll
		refused 65 'ivsctl stage list'
		ctl stage "$verb" 'not/a/stage'
		refused 64 'behind stage/'
	done
	ctl stage create 'a name'
	refused 64 'letters, digits'
	ctl stage create "$(fresh ctl)" --tag broken
	refused 64 'NAME=VALUE'
	ctl stage create "$(fresh ctl)" --max-viewers 0
	refused 64 'max-viewers'
}

@test "stages: AWS refusing to make one is said, and MAX_STAGES too" {
	fault '{"operation":"CreateStage","status":402,"type":"ServiceQuotaExceededException"}'
	ctl stage create "$(fresh ctl)"
	equals "$status" 69
	created "$(fresh ctl)"
	MAX_STAGES=1 ctl stage create "$(fresh ctl)"
	refused 65 'raise MAX_STAGES'
}

@test "stages: explain says what would be done and asks AWS nothing" {
	before=$(emulator GET calls)
	ctl stage explain
	done_well
	matches "$output" 'auto-scaling'
	matches "$output" "${MASTER##*/}"
	ctl stage explain --json
	equals "$(jq -r '.steps | type' <<<"$output")" array
	equals "$(emulator GET calls)" "$before"
}

@test "stages: Redis away is said, with 69" {
	REDIS_SOCKET=$BATS_TEST_TMPDIR/none ctl stage list
	refused 69 'nothing was changed: try again'
}

@test "ctl: a command that only reads never says that something may have happened" {
	fault '{"operation":"ListPublicKeys","action":"drop","count":9}'
	IVS_SIGNING_KEY_FILE=$BATS_TEST_TMPDIR/key.pem ctl signing-key list
	refused 69 'nothing was changed'
	freeze redis
	for words in 'stage list' 'presence check' 'stage explain' 'presence repair --dry-run'; do
		# shellcheck disable=SC2086
		ctl $words
		equals "$status" 69
		matches "$stderr" 'nothing was changed: try again'
	done
	ctl stage create "$(fresh ctl)"
	thaw redis
	equals "$status" 69
	[[ $stderr != *'nothing was changed'* ]]
}

# ---- planning ----

forecast() { # FILTER ARGS...: gives $wanted
	ctl plan "${@:2}" --json
	equals "$status" 0
	equals "$(jq -r "$1" <<<"$output")" "$wanted"
}

@test "plan: fifty on a stage and five replicas make 300, then replicas are the limit" {
	wanted='true 6 5 300 300 null' forecast '"\(.fits) \(.stages) \(.replications) \(.connections) \(.reachable) \(.firstLimit)"' 300
	wanted='false REPLICAS 300 60' forecast '"\(.fits) \(.firstLimit) \(.reachable) \(.suggestedCapacity)"' 301
	ctl plan 301
	done_well
	matches "$output" 'reachable today +300 '
	matches "$output" 'first limit: REPLICAS: .*cannot be raised'
	matches "$output" 'MAX_VIEWERS_PER_STAGE=60'
	[[ $output != *'one publisher'* ]]
	ctl plan 300
	matches "$output" 'it fits'
}

@test "plan: beyond 150,000 it says that one publisher ends there, and what then" {
	ctl plan 200000
	done_well
	matches "$output" '150000 viewers are the end with one publisher'
	matches "$output" 'what then: 2 publishers, each in a show of its own'
	wanted='150000 2' forecast '"\(.onePublisherReaches) \(.publishersNeeded)"' 200000
	wanted='false 1' forecast '"\(.fits) \(.publishersNeeded)"' 150000 --capacity 25000
	ctl plan 150000 --capacity 25000
	[[ $output != *'one publisher:'* ]]
}

@test "plan: capacity, replicas and the settings move the limit" {
	wanted='true 4 10000' forecast '"\(.fits) \(.stages) \(.connections)"' 10000 --capacity 2500
	wanted='CONNECTIONS 20000 null' forecast '"\(.firstLimit) \(.reachable) \(.suggestedCapacity)"' 20001 --capacity 10000
	wanted='SUBSCRIBERS 10000' forecast '"\(.firstLimit) \(.reachable)"' 10001 --capacity 12000
	wanted='REPLICAS 50 2' forecast '"\(.firstLimit) \(.reachable) \(.stages)"' 51 --replicas 0 --capacity 50
	MAX_STAGES=3 wanted='MAX_STAGES 150' forecast '"\(.firstLimit) \(.reachable)"' 200
	ctl plan 200 --replicas 20
	equals "$status" 0
	matches "$stderr" '5 stages at most'
}
