# Authorities and certificates for tests, made by openssl.
# shellcheck shell=bash

# new_ca DIR: DIR/ca.pem and DIR/ca.key.
new_ca() {
	mkdir -p "$1"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=authority of the test" -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
	: >"$1/index"
	cat >"$1/ca.conf" <<-EOF
		[ca]
		default_ca = own
		[own]
		database = $1/index
		new_certs_dir = $1
		rand_serial = yes
		unique_subject = no
		default_md = sha256
		policy = any
		[any]
		commonName = optional
	EOF
}

when() { date -u -d "$1" +%Y%m%d%H%M%SZ; }

# new_cert DIR NAME SAN [FROM [UNTIL]]: DIR/NAME.pem and DIR/NAME.key, signed by DIR's authority,
# for SAN (DNS:localhost), in force from FROM until UNTIL (words for date -d).
new_cert() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server \
		-keyout "$1/$2.key" -out "$1/$2.csr" 2>/dev/null &&
		openssl ca -batch -notext -config "$1/ca.conf" -cert "$1/ca.pem" -keyfile "$1/ca.key" \
			-in "$1/$2.csr" -out "$1/$2.pem" -extfile <(echo "subjectAltName=$3") \
			-startdate "$(when "${4:-1 hour ago}")" -enddate "$(when "${5:-1 day}")" 2>"$1/$2.log"
}

# The certificates each store is tried with, in DIR and of another authority in DIR/other.
new_certs() {
	new_ca "$1" && new_ca "$1/other" &&
		new_cert "$1" good DNS:localhost &&
		new_cert "$1" address IP:127.0.0.1 &&
		new_cert "$1" elsewhere DNS:db.example.com &&
		new_cert "$1" expired DNS:localhost '2 days ago' '1 hour ago' &&
		new_cert "$1" early DNS:localhost '1 day' '2 days' &&
		new_cert "$1/other" stranger DNS:localhost &&
		mv "$1"/other/stranger.* "$1"
}
