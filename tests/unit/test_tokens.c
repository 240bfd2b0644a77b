/*
 * Tokens signed here: taken apart, compared claim by claim, and verified with the public
 * half by OpenSSL itself.
 */
#include "domain/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/json.h"
#include "tap.h"
#include "base/banned.h"

#define SIGNATURES 400
#define HALF_BYTES 48
#define KEY_ARN "arn:aws:ivs:eu-central-1:123456789012:public-key/f99cde61-c2b0-4df3"
#define STAGE_ARN "arn:aws:ivs:eu-central-1:123456789012:stage/AbCdEfGh1234"
#define EVENTS "wss://global.events.live-video.net"
#define WHIP "https://0123456789ab.global-bm.whip.live-video.net"
#define FORTNIGHT_S 1209600

static struct arena arena;
static char folder[] = "/tmp/tokens.XXXXXX";
static EVP_PKEY *key;

static const char *
path_of(const char *name)
{
	return str_printf(&arena, "%s/%s", folder, name).p;
}

enum half { PRIVATE_HALF, PUBLIC_HALF };

static const char *
key_file(const char *name, EVP_PKEY *k, enum half half, mode_t mode)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return path;
	if (half == PRIVATE_HALF)
		PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL);
	else
		PEM_write_PUBKEY(f, k);
	fclose(f);
	chmod(path, mode);
	return path;
}

static struct config
settings(const char *path)
{
	return (struct config){
		.token_mode = TOKEN_MODE_LOCAL,
		.ivs_signing_key_file = str_of(path),
		.ivs_signing_key_arn = STR(KEY_ARN),
		.session_secrets = STR("session-secret-of-the-test"),
	};
}

static struct token_order
order_of(enum token_role role, struct str id, struct str participant_id)
{
	return (struct token_order){
		.role = role,
		.id = id,
		.participant_id = participant_id,
		.stage_arn = STR(STAGE_ARN),
		.events_endpoint = STR(EVENTS),
		.whip_endpoint = STR(WHIP),
		.duration_s = 3600,
	};
}

static json_t *
part_json(struct str part)
{
	struct err err = ERR_INIT;
	struct str text;
	json_t *v = NULL;

	if (decode_base64url(&arena, part, &text))
		(void)json_parse_object(text, &v, &err);
	return v;
}

/* Claims of a token; the caller releases them. */
static json_t *
claims_of(struct str token)
{
	(void)str_cut(&token, '.');
	return part_json(str_cut(&token, '.'));
}

static bool
is(const json_t *object, const char *name, const char *value)
{
	return str_is(json_view(json_object_get(object, name)), value);
}

static int64_t
number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* The raw form back into the DER that OpenSSL verifies. */
static bool
verified(struct str text, const unsigned char *raw)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	bool good;
	int n;

	ECDSA_SIG_set0(sig, BN_bin2bn(raw, HALF_BYTES, NULL),
	    BN_bin2bn(raw + HALF_BYTES, HALF_BYTES, NULL));
	n = i2d_ECDSA_SIG(sig, &der);
	good = n > 0 && EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, key) == 1 &&
	       EVP_DigestVerify(
		   ctx, der, (size_t)n, (const unsigned char *)text.p, text.n) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	ECDSA_SIG_free(sig);
	return good;
}

/* *ret_short: a half of the signature began with a zero byte, so padding was at work. */
static bool
signature_good(struct str token, bool *ret_short)
{
	struct str rest = token, raw;
	size_t signed_n;

	signed_n = str_cut(&rest, '.').n + 1;
	signed_n += str_cut(&rest, '.').n;
	if (!decode_base64url(&arena, rest, &raw) || raw.n != ES384_SIG_BYTES)
		return false;
	*ret_short = raw.p[0] == 0 || raw.p[HALF_BYTES] == 0;
	return verified((struct str){ token.p, signed_n }, (const unsigned char *)raw.p);
}

static void
test_claims(struct tokens *t)
{
	struct token_order order =
	    order_of(TOKEN_VIEWER, STR("\345\260\217 7"), STR("abcDEF123456"));
	int64_t now_s = clock_now_ms() / 1000;
	struct err err = ERR_INIT;
	struct token token = { 0 };
	bool is_short;
	json_t *c;

	ok(tokens_make(t, &arena, &order, &token, &err), "a viewer's token is made");
	ok(signature_good(token.token, &is_short), "OpenSSL verifies its signature");
	ok(memchr(token.token.p, '=', token.token.n) == NULL, "it has no padding");
	c = claims_of(token.token);
	ok(is(c, "jti", "abcDEF123456") && str_is(token.participant_id, "abcDEF123456"),
	    "jti is the participant id");
	ok(is(c, "resource", STAGE_ARN), "resource is the stage");
	ok(is(c, "topic", "AbCdEfGh1234"), "topic is the stage's own id");
	ok(is(c, "events_url", EVENTS), "events_url is that of the stage");
	ok(is(c, "whip_url", WHIP), "whip_url is that of the stage");
	ok(is(c, "version", "1.0"), "version is 1.0");
	ok(is(c, "user_id", "viewer-\345\260\217 7"), "user_id is role and id");
	ok(json_object_size(c) == 10, "there is no other claim");
	ok(number(c, "iat") >= now_s - 5 && number(c, "iat") <= now_s - 3,
	    "iat lies some seconds back");
	ok(number(c, "exp") >= now_s + 3600 && number(c, "exp") <= now_s + 3602,
	    "it lives as long as ordered");
	ok(token.expires_at_ms == number(c, "exp") * 1000, "and says so");
	json_decref(c);
}

static void
test_header(struct tokens *t)
{
	struct token_order order = order_of(TOKEN_VIEWER, STR("7"), STR("abcDEF123456"));
	struct err err = ERR_INIT;
	struct token token = { 0 };
	struct str rest;
	json_t *h;

	(void)tokens_make(t, &arena, &order, &token, &err);
	rest = token.token;
	h = part_json(str_cut(&rest, '.'));
	ok(is(h, "alg", "ES384") && is(h, "typ", "JWT"), "header: ES384, JWT");
	ok(is(h, "kid", KEY_ARN), "header: kid is the key's ARN");
	ok(json_object_size(h) == 3, "header: nothing else");
	json_decref(h);
}

static void
test_roles(struct tokens *t)
{
	static const struct {
		enum token_role role;
		const char *user_id;
		bool publish, subscribe;
	} rows[] = {
		{ TOKEN_PUBLISHER, "broadcaster-x", true, false },
		{ TOKEN_VIEWER, "viewer-x", false, true },
		{ TOKEN_MEDIASERVER, "media-server-x", true, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct token_order order = order_of(rows[i].role, STR("x"), STR("p1"));
		struct err err = ERR_INIT;
		struct token token = { 0 };
		json_t *c, *may;

		(void)tokens_make(t, &arena, &order, &token, &err);
		c = claims_of(token.token);
		may = json_object_get(c, "capabilities");
		ok(is(c, "user_id", rows[i].user_id), "%s", rows[i].user_id);
		ok(json_is_boolean(json_object_get(may, "allow_publish")) &&
			json_is_boolean(json_object_get(may, "allow_subscribe")) &&
			json_object_size(may) == 2,
		    "%s: two booleans", rows[i].user_id);
		ok(json_is_true(json_object_get(may, "allow_publish")) ==
			    rows[i].publish &&
			json_is_true(json_object_get(may, "allow_subscribe")) ==
			    rows[i].subscribe,
		    "%s: may do what the role needs", rows[i].user_id);
		json_decref(c);
	}
}

static void
test_lifetime(struct tokens *t)
{
	static const int64_t rows[][2] = {
		{ -5, 1 },
		{ 0, 1 },
		{ 1, 1 },
		{ 14400, 14400 },
		{ FORTNIGHT_S, FORTNIGHT_S },
		{ FORTNIGHT_S + 1, FORTNIGHT_S },
		{ INT64_MAX, FORTNIGHT_S },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct token_order order = order_of(TOKEN_VIEWER, STR("x"), STR("p1"));
		struct err err = ERR_INIT;
		struct token token = { 0 };
		json_t *c;

		order.duration_s = rows[i][0];
		(void)tokens_make(t, &arena, &order, &token, &err);
		c = claims_of(token.token);
		ok(number(c, "exp") - number(c, "iat") ==
			(rows[i][1] == FORTNIGHT_S ? FORTNIGHT_S : rows[i][1] + 5),
		    "%lld s asked, %lld s given", (long long)rows[i][0],
		    (long long)rows[i][1]);
		json_decref(c);
	}
}

/* r and s below 2^376 come once in 128 signatures: they must keep their zero bytes. */
static void
test_padding(struct tokens *t)
{
	struct token_order order = order_of(TOKEN_VIEWER, STR("x"), STR("p1"));
	int good = 0, padded = 0;

	for (int i = 0; i < SIGNATURES; i++) {
		struct err err = ERR_INIT;
		struct token token = { 0 };
		bool is_short = false;

		if (tokens_make(t, &arena, &order, &token, &err) &&
		    signature_good(token.token, &is_short))
			good++;
		padded += is_short;
	}
	ok(good == SIGNATURES, "all of %d signatures verify", SIGNATURES);
	diag("%d of them had a half that begins with a zero byte", padded);
}

static void
test_bad_orders(struct tokens *t)
{
	struct token_order rows[5];
	static const char *const names[] = { "no events endpoint", "no WHIP endpoint",
		"no participant id", "a space in the participant id", "no stage ARN" };

	for (size_t i = 0; i < 5; i++)
		rows[i] = order_of(TOKEN_VIEWER, STR("x"), STR("p1"));
	rows[0].events_endpoint = STR_NULL;
	rows[1].whip_endpoint = STR_NULL;
	rows[2].participant_id = STR_NULL;
	rows[3].participant_id = STR("p 1");
	rows[4].stage_arn = STR("AbCdEfGh1234");
	for (size_t i = 0; i < 5; i++) {
		struct err err = ERR_INIT;
		struct token token = { 0 };

		ok(!tokens_make(t, &arena, &rows[i], &token, &err) && err.kind == ERR_BUG,
		    "refused: %s", names[i]);
	}
}

/* Expected: openssl dgst -sha256 -hmac session-secret-of-the-test, of "viewer:" and id */
static void
test_opaque(const char *path)
{
	struct config cfg = settings(path);
	struct token_order order =
	    order_of(TOKEN_VIEWER, STR("\345\260\217\346\230\216"), STR("p1"));
	struct err err = ERR_INIT;
	struct token token = { 0 };
	struct tokens *t = NULL;
	json_t *c;

	cfg.ivs_user_id_mode = IVS_USER_ID_OPAQUE;
	ok(tokens_open(&cfg, NULL, &t, &err) &&
		tokens_make(t, &arena, &order, &token, &err),
	    "opaque mode makes tokens");
	c = claims_of(token.token);
	ok(is(c, "user_id", "viewer-d9e2319ef38448a2842b5c1676373fae"),
	    "opaque mode shows the keyed hash only");
	json_decref(c);
	tokens_close(t);
}

static void
refuses(struct config cfg, const char *needle, const char *name)
{
	struct tokens *t = NULL;
	struct err err = ERR_INIT;
	bool opened = tokens_open(&cfg, NULL, &t, &err);

	ok(!opened && t == NULL && err.kind == ERR_CONFIG &&
		strstr(err.cause, needle) != NULL,
	    "refused: %s", name);
	if (opened)
		tokens_close(t);
}

static const char *
text_file(const char *name, const char *text)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		fputs(text, f);
		fclose(f);
		chmod(path, 0600);
	}
	return path;
}

static void
test_key_files(const char *path)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256");
	struct config cfg;

	refuses(settings(path_of("none.pem")), "IVS_SIGNING_KEY_FILE", "no such file");
	refuses(settings(folder), "IVS_SIGNING_KEY_FILE", "a folder");
	refuses(settings(key_file("open.pem", key, PRIVATE_HALF, 0644)), "chmod 600",
	    "a key others can read");
	refuses(settings(key_file("p256.pem", p256, PRIVATE_HALF, 0600)), "P-384",
	    "a key of another curve");
	refuses(settings(key_file("public.pem", key, PUBLIC_HALF, 0600)),
	    "IVS_SIGNING_KEY_FILE", "the public half");
	refuses(settings(text_file("text.pem", "no key at all\n")),
	    "IVS_SIGNING_KEY_FILE", "a text");
	refuses(settings(text_file("empty.pem", "")), "IVS_SIGNING_KEY_FILE",
	    "an empty file");
	refuses(settings(NULL), "IVS_SIGNING_KEY_FILE", "no file named");
	cfg = settings(path);
	cfg.ivs_signing_key_arn = STR_NULL;
	refuses(cfg, "IVS_SIGNING_KEY_ARN", "no ARN named");
	cfg = settings(path);
	cfg.ivs_user_id_mode = IVS_USER_ID_OPAQUE;
	cfg.session_secrets = STR_NULL;
	refuses(cfg, "SESSION_SECRET", "opaque without a secret");
	EVP_PKEY_free(p256);
}

static void
test_participant_ids(void)
{
	char one[PARTICIPANT_ID_CHARS + 1], two[PARTICIPANT_ID_CHARS + 1];

	tokens_new_participant_id(one);
	tokens_new_participant_id(two);
	ok(strlen(one) == PARTICIPANT_ID_CHARS, "a participant id has 12 characters");
	ok(strspn(
	       one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
		PARTICIPANT_ID_CHARS,
	    "all of them letters and digits");
	ok(memcmp(one, two, sizeof(one)) != 0, "no two are alike");
}

static void
test_api_mode(void)
{
	struct config cfg = { .token_mode = TOKEN_MODE_API };
	struct err err = ERR_INIT;
	struct tokens *t = NULL;

	ok(tokens_open(&cfg, NULL, &t, &err) && !tokens_are_local(t),
	    "api mode needs no key");
	tokens_close(t);
}

static void
test_all(const char *path)
{
	struct config cfg = settings(path);
	struct err err = ERR_INIT;
	struct tokens *t = NULL;

	if (!ok(tokens_open(&cfg, NULL, &t, &err), "the key is loaded"))
		return;
	ok(tokens_are_local(t), "tokens are signed here");
	test_header(t);
	test_claims(t);
	test_roles(t);
	test_lifetime(t);
	test_bad_orders(t);
	test_padding(t);
	tokens_close(t);
	test_opaque(path);
	test_key_files(path);
	test_participant_ids();
	test_api_mode();
}

static void
clean_up(void)
{
	static const char *const names[] = { "key.pem", "open.pem", "p256.pem",
		"public.pem", "text.pem", "empty.pem" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(path_of(names[i]));
	rmdir(folder);
	EVP_PKEY_free(key);
	arena_clear(&arena);
}

int
main(void)
{
	key = EVP_EC_gen("P-384");
	if (key == NULL || mkdtemp(folder) == NULL ||
	    !arena_init(&arena, ARENA_DEFAULT_BYTES))
		return 1;
	test_all(key_file("key.pem", key, PRIVATE_HALF, 0600));
	clean_up();
	return done();
}
