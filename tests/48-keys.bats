# Keys for local tokens, from first to last: ivsctl signing-key, and the programs that sign.
bats_require_minimum_version 1.5.0
load lib/common
load lib/ctl
load lib/jwt

setup() {
	own=$BATS_TEST_TMPDIR/own
	mkdir -m 700 "$own"
	key=$own/key.pem
	export IVS_ENV_FILE=/dev/null IVS_SIGNING_KEY_FILE=$key
	unset IVS_SIGNING_KEY_ARN
}
teardown() {
	emulator DELETE faults >/dev/null
	emulator POST clock '{"offsetSeconds":0}' >/dev/null
	emulator POST quotas '{"keys":3}' >/dev/null
	for pid in ${server_pids:-}; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
	for arn in $(key_arns); do
		aws DeletePublicKey "$arn"
	done
}

key_arns() { aws ListPublicKeys; jq -r '.result[].arn' <<<"$http_body"; }
key_count() { key_arns | wc -l; }
tag_of() { aws GetPublicKey "$1"; jq -r ".result.tags.$2 // empty" <<<"$http_body"; } # ARN NAME

arn_in() { sed -n 's/^# ivs-live key: //p' "$1"; }
public_of() { openssl ec -in "$1" -pubout 2>/dev/null; } # FILE
mode_of() { stat -c %a "$1"; }
# As if the key had been rotated out so many seconds ago.
rotated_out_ago() { # ARN SECONDS
	aws TagResource "$1" "$(obj RotatedOut "$(date -u -d "-$2 seconds" +%Y-%m-%dT%H:%M:%SZ)")"
}
made_key() { # a key in use; $arn
	ctl signing-key create
	equals "$status" 0
	arn=$(arn_in "$key")
}

@test "keys: create makes a file for its owner alone and imports the public half" {
	umask 0
	ctl signing-key create
	umask 022
	done_well
	equals "$(mode_of "$key")" 600
	arn=$(arn_in "$key")
	equals "$(head -n 1 <<<"$output") $(tail -n 1 <<<"$output")" \
		"IVS_SIGNING_KEY_FILE=$key # IVS_SIGNING_KEY_ARN=$arn"
	equals "$(key_arns)" "$arn"
	aws GetPublicKey "$arn"
	equals "$(json .result.pem)" "$(public_of "$key")"
	equals "$(json '.result.tags | "\(.ManagedBy) \(.Show) \(.Order)"')" "api-server ${MASTER##*/} null"
	matches "$(json .result.name)" '^ivs-live-signing-20[0-9]{6}$'
	openssl ec -in "$key" -noout -text 2>/dev/null | grep -q 'NIST CURVE: P-384'
	equals "$(ls "$own")" key.pem
}

@test "keys: what root makes belongs to whom the folder and the key belong" {
	[ "$(id -u)" = 0 ] || skip 'only root can give a file away'
	chown 65534:65534 "$own"
	ctl signing-key create
	done_well
	ctl signing-key rotate
	equals "$status" 0
	equals "$(stat -c '%u:%g %a' "$key" "$key.old" | tr '\n' ' ')" '65534:65534 600 65534:65534 600 '
}

@test "keys: a path of any bytes ends in JSON" {
	ctl signing-key create --no-import --json --file "$own/"$'k\xff'
	done_well
	matches "$(jq -r .file <<<"$output")" "^$own/k"
}

@test "keys: create never overwrites, whatever is there" {
	made_key
	cp -p "$key" "$own/before"
	ctl signing-key create
	refused 65 'signing-key rotate replaces it'
	cmp "$key" "$own/before"
	equals "$(key_count)" 1
	ctl signing-key create --file "$own/none/key.pem"
	refused 78 "$own/none"
}

@test "keys: import finishes what create left out, and may be repeated" {
	ctl signing-key create --no-import --json
	done_well
	equals "$(jq -r '"\(.file) \(.arn)"' <<<"$output") $(key_count)" "$key null 0"
	public_of "$key" >"$own/pub"
	ctl signing-key import --name by-hand_1
	done_well
	arn=$(arn_in "$key")
	equals "$(key_arns) $(mode_of "$key")" "$arn 600"
	aws GetPublicKey "$arn"
	equals "$(json .result.name)" by-hand_1
	cp -p "$key" "$own/before"
	ctl signing-key import
	done_well
	cmp "$key" "$own/before"
	equals "$(key_count)" 1
	public_of "$key" | cmp - "$own/pub"
}

@test "keys: import finds a key that was imported by other means" {
	openssl ecparam -name secp384r1 -genkey -noout -out "$key"
	chmod 600 "$key"
	aws ImportPublicKey elsewhere "$(public_of "$key")"
	arn=$(json .result.arn)
	ctl signing-key import
	done_well
	equals "$(arn_in "$key") $(key_count) $(tag_of "$arn" Show)" "$arn 1 ${MASTER##*/}"
}

@test "keys: a key whose curve is written out is refused with the reason and the way out" {
	openssl ecparam -name secp384r1 -genkey -noout -param_enc explicit -out "$own/old.pem"
	(umask 077 && cp "$own/old.pem" "$key")
	ctl signing-key import
	refused 78 'writes the curve out as numbers.*openssl ec .*-param_enc named_curve'
	equals "$(key_count)" 0
	openssl ec -in "$own/old.pem" -param_enc named_curve -out "$key" 2>/dev/null
	ctl signing-key import
	done_well
	equals "$(key_count)" 1
}

@test "keys: a file that others can read is refused, one that is no key too" {
	made_key
	chmod 640 "$key"
	ctl signing-key rotate
	refused 78 'chmod 600'
	echo nothing >"$own/text"
	chmod 600 "$own/text"
	ctl signing-key import --file "$own/text"
	refused 78 'no private key'
	unset IVS_SIGNING_KEY_FILE
	ctl signing-key rotate
	refused 64 'IVS_SIGNING_KEY_FILE'
}

@test "keys: with three at AWS create keeps the file and import finishes later" {
	made_key
	first=$arn
	ctl signing-key create --file "$own/b"
	ctl signing-key create --file "$own/c"
	equals "$(key_count)" 3
	ctl signing-key create --file "$own/d"
	equals "$status $(mode_of "$own/d") $(arn_in "$own/d")" '69 600 '
	matches "$stderr" 'signing-key import --file'
	matches "$stderr" 'delete one'
	ctl signing-key rotate --file "$own/b"
	refused 69 'delete one'
	equals "$(cd "$own" && echo *)" 'b c d key.pem'
	ctl signing-key delete "$first" --force --file "$own/b"
	done_well
	ctl signing-key import --file "$own/d"
	done_well
	equals "$(key_arns | grep -c "$(arn_in "$own/d")")" 1
}

@test "keys: AWS failing leaves a file that import finishes" {
	fault '{"operation":"ImportPublicKey","status":503,"count":0}'
	ctl signing-key create
	equals "$status $(mode_of "$key") $(arn_in "$key")" '69 600 '
	matches "$stderr" 'kept in'
	emulator DELETE faults >/dev/null
	fault '{"operation":"ImportPublicKey","status":403,"type":"AccessDeniedException"}'
	ctl signing-key import
	refused 78 'what they may do'
	equals "$(key_count)" 0
	# Done, and the answer lost: asked again, AWS says that it knows the key.
	fault '{"operation":"ImportPublicKey","action":"effect-then-drop"}'
	ctl signing-key import
	done_well
	equals "$(key_arns)" "$(arn_in "$key")"
}

@test "keys: list says which is in use, which may go and which are not ours" {
	made_key
	old=$arn
	ctl signing-key rotate
	new=$(arn_in "$key")
	aws ImportPublicKey foreign "$(openssl ecparam -name secp384r1 -genkey -noout | openssl ec -pubout 2>/dev/null)"
	foreign=$(json .result.arn)
	ctl signing-key list
	done_well
	matches "$(grep "^$new " <<<"$output")" ' yes +current'
	matches "$(grep "^$old " <<<"$output")" ' yes +rotated out: tokens may last until 20'
	matches "$(grep "^$foreign " <<<"$output")" ' foreign +no +of somebody else'
	ctl signing-key list --json
	equals "$(jq -c --arg a "$old" '[.most, (.keys | length), (.keys[] | select(.arn == $a) | .current, (.deletableFrom > .rotatedOutAt))]' <<<"$output")" \
		'[3,3,false,true]'
	rotated_out_ago "$old" 15000
	ctl signing-key list
	matches "$(grep "^$old " <<<"$output")" 'rotated out: may be deleted'
}

@test "keys: delete refuses what may be in use, and is safe to repeat" {
	made_key
	old=$arn
	ctl signing-key delete "$old"
	refused 65 'rotate first'
	ctl signing-key delete "$old" --force
	refused 65 'rotate first'
	ctl signing-key rotate
	ctl signing-key delete "$old"
	refused 65 'may last until'
	# four hours of the publisher's token and some minutes
	rotated_out_ago "$old" 14500
	ctl signing-key delete "$old"
	refused 65 'may last until'
	rotated_out_ago "$old" 14800
	ctl signing-key delete "${old##*/}"
	done_well
	ctl signing-key delete "$old"
	done_well
	matches "$output" 'is not there'
	equals "$(key_arns)" "$(arn_in "$key")"
	aws ImportPublicKey foreign "$(openssl ecparam -name secp384r1 -genkey -noout | openssl ec -pubout 2>/dev/null)"
	foreign=$(json .result.arn)
	ctl signing-key delete "$foreign"
	refused 65 'somebody else'
	ctl signing-key delete "$foreign" --force --json
	equals "$(jq .deleted <<<"$output") $(key_count)" 'true 1'
	ctl signing-key delete "$MASTER"
	refused 64 'no ARN of a public key'
	# A setting alone says what is in use, too; and a file nobody can read may hold anything.
	IVS_SIGNING_KEY_FILE=$own/none IVS_SIGNING_KEY_ARN=$(arn_in "$key") ctl signing-key delete "$(arn_in "$key")" --force
	refused 65 'rotate first'
	chmod 644 "$key"
	ctl signing-key delete "$(arn_in "$key")" --force
	refused 78 'chmod 600'
}

@test "keys: rotate replaces the key, keeps the old one beside or discards it" {
	made_key
	old=$arn
	cp -p "$key" "$own/first"
	ctl signing-key rotate
	equals "$status" 0
	matches "$stderr" "may be deleted from 20.*signing-key delete $old"
	new=$(arn_in "$key")
	[ "$new" != "$old" ]
	cmp "$own/first" "$key.old"
	equals "$(mode_of "$key") $(mode_of "$key.old") $(key_arns | sort | tr '\n' ' ')" \
		"600 600 $(printf '%s\n' "$old" "$new" | sort | tr '\n' ' ')"
	matches "$(tag_of "$old" RotatedOut)" '^20.*Z$'
	equals "$(tag_of "$new" RotatedOut)" ''
	aws DeletePublicKey "$old"
	ctl signing-key rotate --discard-old
	equals "$status $(cd "$own" && echo *)" '0 first key.pem'
}

@test "keys: rotate is refused while a setting holds programs to one key" {
	made_key
	IVS_SIGNING_KEY_ARN=$arn ctl signing-key rotate
	refused 78 'remove the setting'
	IVS_SIGNING_KEY_ARN=$arn ctl signing-key rotate --file "$own/./key.pem"
	refused 78 'remove the setting'
	equals "$(key_arns)" "$arn"
}

@test "keys: rotate that was stopped leaves a working file and goes on where it was" {
	made_key
	old=$arn
	cp -p "$key" "$own/first"
	# before the import
	fault '{"operation":"ImportPublicKey","status":403,"type":"AccessDeniedException"}'
	ctl signing-key rotate
	equals "$status" 78
	cmp "$own/first" "$key"
	equals "$(mode_of "$key.new") $(key_count)" '600 1'
	cp "$key.new" "$own/next"
	# after it, before the file is replaced: killed while AWS is asked to tag the old one
	fault '{"operation":"TagResource","action":"delay","delayMs":8000}'
	"$BUILD_DIR/ctl/ivsctl" signing-key rotate 2>/dev/null 3>&- &
	rotating=$!
	two_keys() { [ "$(key_count)" = 2 ] && grep -q '^# ivs-live key' "$key.new"; }
	wait_until 10 two_keys
	kill -KILL "$rotating"
	wait "$rotating" || true
	emulator DELETE faults >/dev/null
	cmp "$own/first" "$key"
	ctl signing-key rotate
	equals "$status $(key_count)" '0 2'
	equals "$(public_of "$key")" "$(public_of "$own/next")"
	[ "$(arn_in "$key")" != "$old" ]
	equals "$(cd "$own" && echo *)" 'first key.pem key.pem.old next'
	# a file that was cut off while it was written was never imported
	aws DeletePublicKey "$old"
	(umask 077; head -c 100 "$own/next" >"$key.new")
	ctl signing-key rotate
	equals "$status $(key_count)" '0 2'
}

@test "keys: two at once do not meet" {
	made_key
	run --separate-stderr flock "$own" "$BUILD_DIR/ctl/ivsctl" signing-key rotate
	refused 65 'another ivsctl'
	equals "$(key_count)" 1
}

# A token program of its own in local mode, behind a lighttpd of its own: $BASE_URL.
serve_local() {
	local port tries=0
	mkdir -m 700 "$own/run"
	TOKEN_MODE=local "$BUILD_DIR/fcgi/token" --socket "$own/run/token.sock" \
		2>>"$SUITE_DIR/log/token.log" 3>&- &
	server_pids=$!
	while ((tries++ < 10)); do
		port=$(shuf -i 20000-31999 -n 1)
		cat >"$own/run/conf" <<-EOT
			server.modules = ( "mod_fastcgi" )
			server.document-root = "$own/run"
			server.bind = "127.0.0.1"
			server.port = $port
			server.pid-file = "$own/run/pid"
			fastcgi.server = ( "/" => (( "socket" => "$own/run/token.sock", "check-local" => "disable" )) )
		EOT
		PATH=$PATH:/usr/sbin lighttpd -D -f "$own/run/conf" 2>>"$SUITE_DIR/log/lighttpd.log" 3>&- &
		if wait_until 3 test -s "$own/run/pid" 2>/dev/null; then
			server_pids="$! $server_pids"
			BASE_URL=http://127.0.0.1:$port
			wait_until 5 token_answers
			return
		fi
	done
	return 1
}
local_token() {
	call POST /api/token/mediaserver "$(obj serverId ctl stageArn "$MASTER")" \
		-H "x-api-key: $KEY" -H "x-internal-secret: $INTERNAL_SECRET"
}
token_answers() { local_token && [ "$http_status" = 200 ]; }
kid_of() { # TOKEN
	cut -d. -f1 <<<"$1" | tr -- -_ +/ | sed -e 's/$/===/' -e 's/^\(\(....\)*\)=*$/\1/' | base64 -d | jq -r .kid
}
signs_with() { local_token && [ "$(kid_of "$(json .data.token)")" = "$1" ]; } # ARN

@test "keys: a token is of the time AWS has, where ours was found wrong" {
	made_key
	emulator POST clock '{"offsetSeconds":-7200}' >/dev/null
	# a registry that does not know the stage: AWS is asked first
	own_show "${P}clock$$:"
	cgi token POST /api/token/mediaserver "$(obj serverId ctl stageArn "$MASTER")" \
		REDIS_KEY_PREFIX="${P}clock$$:" TOKEN_MODE=local HTTP_X_INTERNAL_SECRET="$INTERNAL_SECRET"
	assert_status 200
	public_of "$key" >"$own/pub"
	read_token "$(json .data.token)" "$own/pub"
	off=$(($(date +%s) - $(jq .iat <<<"$token_claims")))
	((off > 7100 && off < 7300)) || { echo "$off s" >&2; return 1; }
}

@test "keys: a rotation under load fails no request, and old tokens stay valid" {
	made_key
	old=$arn
	serve_local
	local_token
	old_token=$(json .data.token)
	equals "$(kid_of "$old_token")" "$old"

	# for as long as the rotation takes and three seconds more
	line="POST /api/token/mediaserver $(obj serverId ctl stageArn "$MASTER")"
	while [ ! -e "$own/stop" ]; do repeat 50 "$line"; done |
		"$BUILD_DIR/tests/tools/load" "$BASE_URL" 4 -H "x-api-key: $KEY" \
			-H "x-internal-secret: $INTERNAL_SECRET" -H 'Content-Type: application/json' \
			>"$own/results" 3>&- &
	load=$!
	wait_until 5 test -s "$own/results"
	ctl signing-key rotate
	equals "$status" 0
	new=$(arn_in "$key")
	wait_until 5 signs_with "$new"
	# every worker has come to it: none may look later than a second after
	sleep 1.2
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		signs_with "$new"
	done
	touch "$own/stop"
	wait "$load"
	total=$(wc -l <"$own/results")
	echo "requests: $total"
	((total >= 300))
	equals "$(count_status 200 <"$own/results")" "$total"

	aws GetPublicKey "$old"
	json .result.pem >"$own/old.pub"
	read_token "$old_token" "$own/old.pub"
	local_token
	public_of "$key" >"$own/new.pub"
	read_token "$(json .data.token)" "$own/new.pub"
	equals "$(jq -r .kid <<<"$token_head")" "$new"
	run grep -c 'signing key is not used' "$SUITE_DIR/log/token.log"
	equals "$output" 0
}

@test "keys: a key file that breaks under a program is warned of, and the old key serves on" {
	made_key
	serve_local
	chmod 644 "$key"
	warned() { token_answers && tail -n 30 "$SUITE_DIR/log/token.log" | grep -q 'new signing key is not used.*chmod 600'; }
	wait_until 10 warned
	signs_with "$arn"
	chmod 600 "$key"
	ctl signing-key rotate --discard-old
	equals "$status" 0
	wait_until 10 signs_with "$(arn_in "$key")"
}

@test "keys: no private half leaves its file" {
	made_key
	ctl signing-key rotate --json
	line=$(grep -v -e '^#' -e '^--' "$key" | head -n 1)
	run grep -rF -- "$line" "$SUITE_DIR/log" "$SUITE_DIR/env"
	equals "$output" ''
	ctl signing-key list --json
	run grep -cF -- "$line" <<<"$output$stderr"
	equals "$output" 0
}

