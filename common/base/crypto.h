/*
 * crypto.h - digests, randomness, comparison.                     layer: base
 *
 * The only file that sees OpenSSL's digest calls. Digests and randomness need no memory and
 * do not fail; without any source of randomness the process aborts.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/str.h"

#define SHA256_BYTES 32

/* Before the first request, which then finds the generator set up. */
void crypto_start(void);
void crypto_sha256(struct str data, unsigned char out[SHA256_BYTES]);
/* Appends it in lower-case hex: SHA256_HEX_CHARS. */
#define SHA256_HEX_CHARS 64
void crypto_sha256_hex(struct buf *b, struct str data);
void crypto_hmac_sha256(struct str key, struct str data, unsigned char out[SHA256_BYTES]);
/* From OpenSSL, else from the system; when neither gives any, the program says so and ends (71). */
void crypto_random(void *p, size_t n);
/* n characters of A-Z a-z 0-9, evenly distributed, and a NUL: out holds n + 1. */
void crypto_random_word(char *out, size_t n);
/* A random UUID (version 4) in lower case and a NUL. */
#define UUID_BYTES 37
void crypto_uuid(char out[UUID_BYTES]);
/* Takes the same time wherever the first difference is. */
bool crypto_equal(const void *a, const void *b, size_t n);
/* memset that the compiler may not drop. */
void crypto_wipe(void *p, size_t n);

/*
 * Whether the file holds at least one X.509 certificate in PEM form; if not, why says what is
 * wrong with it: "it cannot be read: Permission denied".
 */
bool crypto_holds_certificate(const char *path, char *why, size_t why_size);

/*
 * ES384: an ECDSA P-384 key and signatures in the raw form of JWS
 * (RFC 7518 section 3.4: r and s, 48 bytes each, big-endian).
 */
#define ES384_SIG_BYTES 96
#define ES384_PEM_BYTES                                                                  \
	512 /* holds either half as PEM text; the private one has some 310 */
struct es384_key;
/*
 * From a PEM file that nobody else may read. Owned by the caller; NULL on failure with the
 * reason in why. head, unless NULL, gets the text before the PEM block, cut to fit, with a
 * NUL: PEM readers skip it.
 */
struct es384_key *es384_load(
    const char *path, char *head, size_t head_size, char *why, size_t why_size);
/* A new pair; NULL: no memory. */
struct es384_key *es384_new(void);
void es384_free(struct es384_key *k);
bool es384_sign(struct es384_key *k, struct str data, unsigned char out[ES384_SIG_BYTES]);

/* PEM text ("PRIVATE KEY", "PUBLIC KEY") and a NUL. Who asks for the private half wipes it.
 * False: no memory; "" then. */
bool es384_private_pem(const struct es384_key *k, char out[ES384_PEM_BYTES]);
/* Not a key whose curve is written out: its text has no room, and AWS does not take it. */
bool es384_public_pem(const struct es384_key *k, char out[ES384_PEM_BYTES]);
/* Whether the file wrote the curve out as numbers in place of its name. */
bool es384_is_explicit(const struct es384_key *k);
/* Whether this PEM text is the public half of k, however it was written down. */
bool es384_has_public(const struct es384_key *k, struct str pem);

#endif
