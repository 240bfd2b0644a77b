# Tokens signed here, taken apart.
# shellcheck shell=bash disable=SC2034

# What a local token says: its parts as JSON, once the signature is verified.
read_token() { # TOKEN PUBLIC_KEY
	local head claims sig hex
	IFS=. read -r head claims sig <<<"$1"
	unbase64() { tr -- -_ +/ | sed -e 's/$/===/' -e 's/^\(\(....\)*\)=*$/\1/' | base64 -d; }
	hex=$(unbase64 <<<"$sig" | od -An -v -tx1 | tr -d ' \n')
	equals "${#hex}" 192
	printf 'asn1=SEQUENCE:sig\n[sig]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${hex:0:96}" "${hex:96}" >"$BATS_TEST_TMPDIR/sig.cnf"
	openssl asn1parse -genconf "$BATS_TEST_TMPDIR/sig.cnf" -noout -out "$BATS_TEST_TMPDIR/sig.der"
	printf '%s.%s' "$head" "$claims" |
		openssl dgst -sha384 -verify "$2" -signature "$BATS_TEST_TMPDIR/sig.der" | grep -qx 'Verified OK'
	token_head=$(unbase64 <<<"$head")
	token_claims=$(unbase64 <<<"$claims")
}
