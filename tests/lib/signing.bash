# A program that signs tokens itself (TOKEN_MODE=local). Needs lib/common.
# shellcheck shell=bash disable=SC2154

# signed_here PROGRAM PATH BODY [NAME=VALUE...]: one plain CGI call, with a key of the suite.
signed_here() {
	local key=$SUITE_DIR/signing-of-tests.pem
	local arn="arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:public-key/0a0a0a0a-0000-4000-8000-0a0a0a0a0a0a"
	[ -e "$key" ] || (umask 077; openssl ecparam -name secp384r1 -genkey -noout 2>/dev/null >"$key")
	cgi "$1" POST "$2" "$3" TOKEN_MODE=local IVS_SIGNING_KEY_FILE="$key" IVS_SIGNING_KEY_ARN="$arn" "${@:4}"
}
# The claims of a token, not verified.
jwt_claims() { # TOKEN
	cut -d. -f2 <<<"$1" | tr -- -_ +/ | sed -e 's/$/===/' -e 's/^\(\(....\)*\)=*$/\1/' | base64 -d
}
