/* crypto: published vectors, and ES384 keys good and bad. */
#include "base/crypto.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encode.h"
#include "base/parse.h"
#include "tap.h"
#include "base/banned.h"

#define COUNT(x) (sizeof(x) / sizeof(*(x)))

static struct arena a;
static char folder[] = "/tmp/test_crypto.XXXXXX";

static const char *
hex(const void *p, size_t n)
{
	struct buf b;

	buf_init(&b, &a, 1000);
	encode_hex(&b, p, n);
	return b.p;
}

static struct str
repeat(char c, size_t n)
{
	char *p = arena_zalloc(&a, n + 1);

	memset(p, c, n);
	return (struct str){ p, n };
}

/* FIPS 180-4 examples. */
static void
test_sha256(void)
{
	unsigned char out[SHA256_BYTES];
	int i;

	for (i = 0; i < 2; i++) {
		crypto_sha256(STR(""), out);
		is_text(hex(out, 32),
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		    "SHA-256 of nothing");
		crypto_sha256(STR("abc"), out);
		is_text(hex(out, 32),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		    "SHA-256 of abc");
	}
	crypto_sha256(repeat('a', 1000000), out);
	is_text(hex(out, 32),
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
	    "SHA-256 of a million a");
	crypto_sha256(STR_NULL, out);
	is_text(hex(out, 4), "e3b0c442", "SHA-256 of no text at all");
}

/* RFC 4231, cases 1, 2, 6 and 7. */
static void
test_hmac(void)
{
	unsigned char out[SHA256_BYTES];

	crypto_hmac_sha256(repeat(0x0b, 20), STR("Hi There"), out);
	is_text(hex(out, 32),
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", "case 1");
	crypto_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out);
	is_text(hex(out, 32),
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "case 2");
	crypto_hmac_sha256(repeat((char)0xaa, 131),
	    STR("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	is_text(hex(out, 32),
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", "case 6");
	crypto_hmac_sha256(repeat((char)0xaa, 131),
	    STR("This is a test using a larger than block-size key and a larger than "
		"block-size data. The key needs to be hashed before being used by the "
		"HMAC algorithm."),
	    out);
	is_text(hex(out, 32),
	    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2", "case 7");
	crypto_hmac_sha256(STR_NULL, STR_NULL, out);
	is_text(hex(out, 4), "b613679a", "no key and no text");
}

static void
test_random(void)
{
	unsigned char big[100000] = { 0 }, zero[32] = { 0 };
	char word[41], other[41];
	int count[128] = { 0 };
	int i, least = 1000000, most = 0;

	crypto_random(big, sizeof(big));
	ok(memcmp(big + sizeof(big) - 32, zero, 32) != 0, "random up to the last byte");
	crypto_random_word(word, 40);
	crypto_random_word(other, 40);
	ok(strlen(word) == 40 && parse_word(str_of(word), "", 40), "a random word");
	ok(strcmp(word, other) != 0, "another one");
	crypto_random_word(word, 0);
	is_text(word, "", "an empty one");
	for (i = 0; i < 62000; i++) {
		crypto_random_word(word, 1);
		count[(unsigned char)word[0]]++;
	}
	for (i = 0; i < 128; i++) {
		if (count[i] > 0 && count[i] < least)
			least = count[i];
		if (count[i] > most)
			most = count[i];
	}
	/* 1000 each; 8 standard deviations either way. */
	ok(least > 750 && most < 1250, "evenly distributed: %d to %d", least, most);
}

static void
test_uuid(void)
{
	char u[UUID_BYTES], v[UUID_BYTES];
	int i;
	bool good = true;

	crypto_uuid(u);
	crypto_uuid(v);
	for (i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		good = good &&
		       (dash ? u[i] == '-' : strchr("0123456789abcdef", u[i]) != NULL);
	}
	ok(good && u[36] == '\0', "form of a UUID");
	ok(u[14] == '4' && strchr("89ab", u[19]) != NULL, "version 4");
	ok(strcmp(u, v) != 0, "two differ");
}

static void
test_equal(void)
{
	char secret[] = "secret";

	ok(crypto_equal("abc", "abc", 3) && !crypto_equal("abc", "abd", 3), "equal");
	ok(crypto_equal("abc", "xyz", 0), "nothing equals nothing");
	crypto_wipe(secret, sizeof(secret));
	ok(memcmp(secret, "\0\0\0\0\0\0\0", sizeof(secret)) == 0, "wiped");
	crypto_wipe(NULL, 0);
}

static const char *
path_of(const char *name)
{
	return str_printf(&a, "%s/%s", folder, name).p;
}

static const char *
file_write(const char *name, const char *text, mode_t mode)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		fputs(text, f);
		fclose(f);
	}
	chmod(path, mode);
	return path;
}

static const char *
key_write(const char *name, EVP_PKEY *pkey, const char *pass, mode_t mode)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		PEM_write_PrivateKey(f, pkey, pass != NULL ? EVP_aes_128_cbc() : NULL,
		    NULL, 0, NULL, (void *)(uintptr_t)pass);
		fclose(f);
	}
	chmod(path, mode);
	return path;
}

static bool
verifies(EVP_PKEY *pkey, struct str data, const unsigned char raw[ES384_SIG_BYTES])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	int n;
	bool good;

	ECDSA_SIG_set0(sig, BN_bin2bn(raw, 48, NULL), BN_bin2bn(raw + 48, 48, NULL));
	n = i2d_ECDSA_SIG(sig, &der);
	good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, pkey) == 1 &&
	       EVP_DigestVerify(
		   ctx, der, (size_t)n, (const unsigned char *)data.p, data.n) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	return good;
}

static void
test_es384_sign(EVP_PKEY *pkey)
{
	unsigned char sig[ES384_SIG_BYTES + 1], first[ES384_SIG_BYTES];
	char why[200] = "";
	struct es384_key *k = es384_load(
	    key_write("good.pem", pkey, NULL, 0600), NULL, 0, why, sizeof(why));
	int i, good = 0, padded = 0;

	if (!ok(k != NULL, "a good key loads %s", why))
		return;
	for (i = 0; i < 300; i++) {
		struct str data = str_printf(&a, "header.payload-%d", i);

		sig[ES384_SIG_BYTES] = 0x77;
		good += es384_sign(k, data, sig) && verifies(pkey, data, sig) &&
			sig[ES384_SIG_BYTES] == 0x77;
		padded += sig[0] == 0 || sig[48] == 0;
		if (i == 0)
			memcpy(first, sig, sizeof(first));
	}
	is_int(good, 300, "300 signatures of 96 bytes verify");
	diag("%d of them with a leading zero", padded);
	ok(!verifies(pkey, STR("something else"), first), "for their own text only");
	ok(es384_sign(k, STR(""), sig) && verifies(pkey, STR(""), sig), "an empty text");
	es384_free(k);
	es384_free(NULL);
}

static void
refused(const char *path, const char *because, const char *name)
{
	char why[300] = "";
	struct es384_key *k = es384_load(path, NULL, 0, why, sizeof(why));

	ok(k == NULL, "%s is refused", name);
	if (!ok(strstr(why, because) != NULL && strstr(why, path) != NULL, "and why"))
		diag("why: %s", why);
	es384_free(k);
}

static void
test_es384_refused(EVP_PKEY *good)
{
	EVP_PKEY *p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	const char *path = path_of("public.pem");
	FILE *f;

	refused(path_of("absent.pem"), "No such file", "a missing file");
	refused(folder, "not a file", "a folder");
	refused(
	    key_write("group.pem", good, NULL, 0640), "0640", "a group-readable file");
	refused(key_write("all.pem", good, NULL, 0604), "0604", "a world-readable file");
	refused(key_write("p256.pem", p256, NULL, 0600), "P-384", "a P-256 key");
	refused(key_write("rsa.pem", rsa, NULL, 0600), "P-384", "an RSA key");
	refused(key_write("ed.pem", ed, NULL, 0600), "P-384", "an Ed25519 key");
	refused(key_write("pass.pem", good, "pass", 0600), "passphrase", "a locked key");
	refused(file_write("empty.pem", "", 0600), "no private key", "an empty file");
	refused(file_write("text.pem", "hello\n", 0600), "no private key", "some text");
	refused(
	    file_write("big.pem", repeat('x', 20000).p, 0600), "too big", "a big file");
	f = fopen(path, "w");
	if (f != NULL) {
		PEM_write_PUBKEY(f, good);
		fclose(f);
	}
	chmod(path, 0600);
	refused(path, "no private key", "a public key");
	EVP_PKEY_free(p256);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ed);
}

/* Without a terminal OpenSSL would ask stdin: what stands there must still be there. */
static bool
asks_nobody(struct str pem)
{
	struct es384_key *k = es384_new();
	int answers[2];
	char word[8];
	bool ours;

	if (setsid() < 0 || pipe(answers) != 0 || dup2(answers[0], 0) < 0 ||
	    write(answers[1], "word\n", 5) != 5 || fcntl(0, F_SETFL, O_NONBLOCK) != 0)
		return false;
	ours = es384_has_public(k, pem);
	es384_free(k);
	return !ours && read(0, word, sizeof(word)) == 5;
}

/* What AWS calls a public key is read like any text of others. */
static void
test_locked_public_key(EVP_PKEY *good)
{
	struct str text, line;
	BIO *bio = BIO_new(BIO_s_mem());
	int status = -1;
	bool well;
	char *p;
	pid_t pid;

	PEM_write_bio_PUBKEY(bio, good);
	text.n = (size_t)BIO_get_mem_data(bio, &p);
	text.p = p;
	line = str_cut(&text, '\n');
	text = str_printf(&a,
	    "%.*s\nProc-Type: 4,ENCRYPTED\n"
	    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n%.*s",
	    STR_ARG(line), STR_ARG(text));
	pid = fork();
	if (pid == 0) {
		well = asks_nobody(text);
		BIO_free(bio);
		_exit(well ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "nobody is asked for the passphrase of a public key");
	BIO_free(bio);
}

static void
remove_folder(void)
{
	static const char *const names[] = { "good.pem", "group.pem", "all.pem",
		"p256.pem", "rsa.pem", "ed.pem", "pass.pem", "empty.pem", "text.pem",
		"big.pem", "public.pem" };
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		unlink(path_of(names[i]));
	rmdir(folder);
}

int
main(void)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");

	if (!arena_init(&a, ARENA_DEFAULT_BYTES) || mkdtemp(folder) == NULL ||
	    pkey == NULL)
		return 1;
	test_sha256();
	test_hmac();
	test_random();
	test_uuid();
	test_equal();
	test_es384_sign(pkey);
	test_es384_refused(pkey);
	test_locked_public_key(pkey);
	remove_folder();
	EVP_PKEY_free(pkey);
	arena_clear(&a);
	return done_testing();
}
