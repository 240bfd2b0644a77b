#include "base/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* SHA-256 by its old calls: those of EVP ask for memory each time, and so may fail. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/encode.h"
#include "base/err.h"
#include "base/log.h"
#include "base/banned.h"

#define SHA256_BLOCK_BYTES 64
#define ES384_HALF_BYTES 48
#define KEY_FILE_MAX_BYTES 16384

void
crypto_sha256(struct str data, unsigned char out[SHA256_BYTES])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, data.p, data.n);
	SHA256_Final(out, &ctx);
}

void
crypto_sha256_hex(struct buf *b, struct str data)
{
	unsigned char sum[SHA256_BYTES];

	crypto_sha256(data, sum);
	encode_hex(b, sum, sizeof(sum));
}

/* One pass of RFC 2104: H((key xor pad) || data). */
static void
hmac_pass(const unsigned char key[SHA256_BLOCK_BYTES], unsigned char pad, const void *p,
    size_t n, unsigned char out[SHA256_BYTES])
{
	unsigned char block[SHA256_BLOCK_BYTES];
	SHA256_CTX ctx;
	size_t i;

	for (i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	SHA256_Init(&ctx);
	SHA256_Update(&ctx, block, sizeof(block));
	SHA256_Update(&ctx, p, n);
	SHA256_Final(out, &ctx);
	crypto_wipe(block, sizeof(block));
	crypto_wipe(&ctx, sizeof(ctx));
}

void
crypto_hmac_sha256(struct str key, struct str data, unsigned char out[SHA256_BYTES])
{
	unsigned char block[SHA256_BLOCK_BYTES] = { 0 }, inner[SHA256_BYTES];

	if (key.n > sizeof(block))
		crypto_sha256(key, block);
	else if (key.n > 0)
		memcpy(block, key.p, key.n);
	hmac_pass(block, 0x36, data.p, data.n, inner);
	hmac_pass(block, 0x5c, inner, sizeof(inner), out);
	crypto_wipe(block, sizeof(block));
	crypto_wipe(inner, sizeof(inner));
}

/* Straight from the system, which needs no memory for it. */
static bool
system_random(unsigned char *out, size_t n)
{
	ssize_t got;

	while (n > 0) {
		got = getrandom(out, n, 0);
		if (got < 0 && errno != EINTR)
			return false;
		out += got > 0 ? got : 0;
		n -= got > 0 ? (size_t)got : 0;
	}
	return true;
}

/* What a program hands out without it could be guessed. */
static _Noreturn void
random_none(void)
{
	LOG(LOG_ERROR, "no random numbers", LOG_STR("cause", str_of(strerror(errno))));
	_exit(EX_OSERR);
}

void
crypto_random(void *p, size_t n)
{
	unsigned char *out = p;

	while (n > 0) {
		int part = n > 65536 ? 65536 : (int)n;

		/* OpenSSL asks for memory at first use and after a fork. */
		if (RAND_bytes(out, part) != 1 && !system_random(out, (size_t)part))
			random_none();
		out += part;
		n -= (size_t)part;
	}
}

void
crypto_random_word(char *out, size_t n)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char pool[32];
	size_t i = 0, left = 0;

	while (i < n) {
		if (left == 0) {
			crypto_random(pool, sizeof(pool));
			left = sizeof(pool);
		}
		/* 248 = 4 x 62: the rest would favour the first letters. */
		if (pool[--left] < 248)
			out[i++] = letters[pool[left] % 62];
	}
	out[n] = '\0';
	crypto_wipe(pool, sizeof(pool));
}

void
crypto_uuid(char out[UUID_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char b[16];
	char *p = out;
	size_t i;

	crypto_random(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	for (i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[b[i] >> 4];
		*p++ = digits[b[i] & 15];
	}
	*p = '\0';
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
crypto_wipe(void *p, size_t n)
{
	if (n > 0)
		OPENSSL_cleanse(p, n);
}

struct es384_key {
	EVP_PKEY *pkey;
	EVP_MD_CTX *ctx;
};

static bool __attribute__((format(printf, 3, 4)))
refuse(char *why, size_t why_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, why_size, fmt, ap);
	va_end(ap);
	return false;
}

/* May this open file hold a key? */
static bool
key_file_ok(int fd, const char *path, char *why, size_t why_size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(
		    why, why_size, "cannot look at '%s': %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(why, why_size, "'%s' is not a file", path);
	if ((st.st_mode & 077) != 0)
		return refuse(why, why_size,
		    "'%s' has mode %04o, so others than its owner can use it: chmod 600 "
		    "it",
		    path, (unsigned)st.st_mode & 07777);
	if (st.st_size > KEY_FILE_MAX_BYTES)
		return refuse(why, why_size, "'%s' is too big for a key: %lld bytes",
		    path, (long long)st.st_size);
	return true;
}

/* Without this OpenSSL would ask for the passphrase on the terminal. */
static int
no_passphrase(char *buf, int size, int rwflag, void *asked)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(bool *)asked = true;
	return -1;
}

static EVP_PKEY *
pem_read(FILE *f, const char *path, char *why, size_t why_size)
{
	bool asked = false;
	EVP_PKEY *pkey = PEM_read_PrivateKey(f, NULL, no_passphrase, &asked);

	if (pkey == NULL && asked)
		refuse(why, why_size,
		    "the key in '%s' has a passphrase: store it without one", path);
	else if (pkey == NULL)
		refuse(why, why_size, "'%s' holds no private key in PEM form", path);
	return pkey;
}

static bool
is_p384(EVP_PKEY *pkey, const char *path, char *why, size_t why_size)
{
	char group[64] = "";
	EVP_PKEY_CTX *ctx;
	bool ok;

	if (!EVP_PKEY_is_a(pkey, "EC") ||
	    EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, "secp384r1") != 0)
		return refuse(why, why_size,
		    "the key in '%s' is %s%s, but IVS takes only EC P-384 (secp384r1)",
		    path, EVP_PKEY_get0_type_name(pkey),
		    group[0] ? " of another curve" : "");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	ok = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return refuse(why, why_size,
		    "the private and public halves of the key in '%s' do not fit", path);
	return true;
}

/* What stands before the block; nothing of the key itself stays in there. */
static void
head_read(int fd, char *head, size_t head_size)
{
	static const char begin[] = "-----BEGIN";
	ssize_t n = pread(fd, head, head_size - 1, 0);
	char *end;

	n = n < 0 ? 0 : n;
	head[n] = '\0';
	end = memmem(head, (size_t)n, begin, sizeof(begin) - 1);
	if (end != NULL)
		crypto_wipe(end, (size_t)(head + n - end));
}

static EVP_PKEY *
key_read(const char *path, char *head, size_t head_size, char *why, size_t why_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	EVP_PKEY *pkey = NULL;
	FILE *f;

	if (fd < 0) {
		refuse(why, why_size, "cannot open '%s': %s", path, strerror(errno));
		return NULL;
	}
	if (!key_file_ok(fd, path, why, why_size)) {
		close(fd);
		return NULL;
	}
	if (head != NULL)
		head_read(fd, head, head_size);
	f = fdopen(fd, "r");
	if (f == NULL) {
		refuse(why, why_size, "cannot read '%s': %s", path, strerror(errno));
		close(fd);
		return NULL;
	}
	/* No copy of the key may stay behind in the buffer of stdio. */
	setvbuf(f, NULL, _IONBF, 0);
	pkey = pem_read(f, path, why, why_size);
	fclose(f);
	if (pkey != NULL && !is_p384(pkey, path, why, why_size)) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return pkey;
}

/* Takes pkey over, also when there is no memory (NULL). */
static struct es384_key *
key_of(EVP_PKEY *pkey)
{
	struct es384_key *k = calloc(1, sizeof(*k));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (k != NULL && ctx != NULL) {
		*k = (struct es384_key){ .pkey = pkey, .ctx = ctx };
		return k;
	}
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	free(k);
	return NULL;
}

struct es384_key *
es384_load(const char *path, char *head, size_t head_size, char *why, size_t why_size)
{
	EVP_PKEY *pkey = key_read(path, head, head_size, why, why_size);
	struct es384_key *k = pkey != NULL ? key_of(pkey) : NULL;

	if (pkey != NULL && k == NULL)
		refuse(why, why_size, "no memory for the key in '%s'", path);
	return k;
}

struct es384_key *
es384_new(void)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-384");

	return pkey != NULL ? key_of(pkey) : NULL;
}

void
es384_free(struct es384_key *k)
{
	if (k == NULL)
		return;
	EVP_MD_CTX_free(k->ctx);
	EVP_PKEY_free(k->pkey);
	free(k);
}

/* OpenSSL gives DER; JWS wants the two numbers side by side (RFC 7518 3.4). */
static bool
der_to_raw(const unsigned char *der, size_t n, unsigned char out[ES384_SIG_BYTES])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool ok;

	ok = sig != NULL &&
	     BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, ES384_HALF_BYTES) > 0 &&
	     BN_bn2binpad(
		 ECDSA_SIG_get0_s(sig), out + ES384_HALF_BYTES, ES384_HALF_BYTES) > 0;
	ECDSA_SIG_free(sig);
	return ok;
}

bool
es384_sign(struct es384_key *k, struct str data, unsigned char out[ES384_SIG_BYTES])
{
	unsigned char der[256];
	size_t n = sizeof(der);

	if (EVP_MD_CTX_reset(k->ctx) != 1 ||
	    EVP_DigestSignInit_ex(k->ctx, NULL, "SHA384", NULL, NULL, k->pkey, NULL) != 1)
		return false;
	if (EVP_DigestSign(k->ctx, der, &n, (const unsigned char *)data.p, data.n) != 1)
		return false;
	return der_to_raw(der, n, out);
}

bool
crypto_holds_certificate(const char *path, char *why, size_t why_size)
{
	FILE *f = fopen(path, "re");
	bool asked = false;
	X509 *cert;

	if (f == NULL)
		return refuse(why, why_size, "it cannot be read: %s", strerror(errno));
	cert = PEM_read_X509(f, NULL, no_passphrase, &asked);
	fclose(f);
	if (cert == NULL)
		return refuse(why, why_size, "it holds no certificate in PEM form");
	X509_free(cert);
	return true;
}

/* Takes the text out of the BIO and wipes it there; "" and false unless it was written. */
static bool
pem_take(BIO *bio, bool written, char out[ES384_PEM_BYTES])
{
	char *text = NULL;
	long n = bio != NULL ? BIO_get_mem_data(bio, &text) : 0;
	bool ok = written && n > 0 && n < ES384_PEM_BYTES;

	if (ok)
		memcpy(out, text, (size_t)n);
	out[ok ? n : 0] = '\0';
	crypto_wipe(text, n > 0 ? (size_t)n : 0);
	BIO_free(bio);
	return ok;
}

bool
es384_private_pem(const struct es384_key *k, char out[ES384_PEM_BYTES])
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool written = bio != NULL && PEM_write_bio_PrivateKey(
					  bio, k->pkey, NULL, NULL, 0, NULL, NULL) == 1;

	return pem_take(bio, written, out);
}

bool
es384_public_pem(const struct es384_key *k, char out[ES384_PEM_BYTES])
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool written = bio != NULL && PEM_write_bio_PUBKEY(bio, k->pkey) == 1;

	return pem_take(bio, written, out);
}

bool
es384_is_explicit(const struct es384_key *k)
{
	int explicit = 0;

	return EVP_PKEY_get_int_param(k->pkey,
		   OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit) == 1 &&
	       explicit == 1;
}

bool
es384_has_public(const struct es384_key *k, struct str pem)
{
	BIO *bio = pem.n > 0 && pem.n < KEY_FILE_MAX_BYTES
		       ? BIO_new_mem_buf(pem.p, (int)pem.n)
		       : NULL;
	bool asked = false;
	EVP_PKEY *other =
	    bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, &asked) : NULL;
	bool same = other != NULL && EVP_PKEY_eq(k->pkey, other) == 1;

	EVP_PKEY_free(other);
	BIO_free(bio);
	return same;
}
