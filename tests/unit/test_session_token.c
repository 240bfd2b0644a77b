/* Session tokens: made and read, and everything that must not be taken for one. */
#include "web/session_token.h"

#include "base/arn.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/json.h"
#include "tap.h"
#include "base/banned.h"

#define NOW 1800000000000
#define STAGE "arn:aws:ivs:eu-west-1:123456789012:stage/AbC"
#define MASTER "arn:aws:ivs:eu-west-1:123456789012:stage/Master"
#define OTHER_MASTER "arn:aws:ivs:eu-west-1:123456789012:stage/Mastes"
#define A "secret-a-0123456789-0123456789-0123"
#define B "secret-b-0123456789-0123456789-0123"

static struct arena a;

static struct config
show(struct str secrets, struct str master)
{
	return (struct config){ .session_secrets = secrets, .master_stage_arn = master };
}

/* As long as IVS takes one. */
#define PARTICIPANT "Abcdefghij-klmnopqrs_tuvwxyz0123456789Abcdefghij-klmnopqrs_tuvwx"

static struct session_claim
ben(int64_t expires_ms)
{
	return (struct session_claim){ .user_id = STR("ben \"\\ \xe7\xa7\x98"),
		.stage_arn = STR(STAGE),
		.session_id = STR("0b0b0b0b-0000-4000-8000-000000000000"),
		.participant_id = STR(PARTICIPANT),
		.expires_at_ms = expires_ms };
}

static struct str
token_of(struct config cfg)
{
	struct session_claim claim = ben(NOW + 1);

	return session_token_make(&cfg, &a, &claim);
}

/* What is said to who sends it; MSG_NONE: it is good. */
static enum msg
said(struct config cfg, struct str token)
{
	struct session_claim claim = { .expires_at_ms = -1 };
	struct err err = ERR_INIT;

	if (session_token_read(&cfg, &a, token, NOW, &claim, &err))
		return MSG_NONE;
	if (err.kind != ERR_AUTH || claim.expires_at_ms != -1)
		return MSG_COUNT;
	return err.tell;
}

static void
test_round_trip(void)
{
	struct config cfg = show(STR(A), STR(MASTER));
	struct session_claim claim = ben(NOW + 1), got = { 0 };
	struct err err = ERR_INIT;
	struct str token = session_token_make(&cfg, &a, &claim);

	ok(session_token_read(&cfg, &a, token, NOW, &got, &err), "what was made is read");
	ok(str_eq(got.user_id, claim.user_id) && str_eq(got.stage_arn, claim.stage_arn) &&
		str_eq(got.session_id, claim.session_id) &&
		got.expires_at_ms == NOW + 1 &&
		str_eq(got.participant_id, claim.participant_id),
	    "user, stage, session, participant and end are those it was made with");
	claim.participant_id = STR_NULL;
	ok(session_token_read(
	       &cfg, &a, session_token_make(&cfg, &a, &claim), NOW, &got, &err) &&
		got.participant_id.p == NULL,
	    "without a participant none is read");
	ok(session_token_has_form(token), "it has the form of one");
	ok(memchr(token.p, '+', token.n) == NULL &&
		memchr(token.p, '/', token.n) == NULL &&
		memchr(token.p, '=', token.n) == NULL,
	    "it needs no escaping anywhere");
	err = ERR_INIT;
	ok(!session_token_read(&cfg, &a, token, NOW + 1, &got, &err) &&
		err.tell == MSG_SESSION_EXPIRED,
	    "at its end it is over");
}

static void
test_longest(void)
{
	struct config cfg = show(STR(A), STR(MASTER));
	struct session_claim claim = ben(NOW + 1);
	char name[400], arn[ARN_MAX_BYTES];
	struct str token;
	size_t i;

	for (i = 0; i < sizeof(name); i += 4)
		memcpy(name + i, "\xf0\x9f\x94\x91", 4);
	memset(arn, 'x', sizeof(arn));
	memcpy(arn, STAGE, sizeof(STAGE) - 1);
	claim.user_id = (struct str){ name, sizeof(name) };
	claim.stage_arn = (struct str){ arn, sizeof(arn) };
	token = session_token_make(&cfg, &a, &claim);
	ok(said(cfg, token) == MSG_NONE, "the longest user and stage fit (%zu bytes)",
	    token.n);
	memset(name, '"', sizeof(name));
	claim.user_id.n = 100;
	token = session_token_make(&cfg, &a, &claim);
	ok(said(cfg, token) == MSG_NONE, "so do 100 that JSON must escape");
}

static void
test_secrets(void)
{
	struct str token = token_of(show(STR(A), STR(MASTER)));

	ok(said(show(STR(A "," B), STR(MASTER)), token) == MSG_NONE,
	    "the first of two secrets verifies");
	ok(said(show(STR(B "," A), STR(MASTER)), token) == MSG_NONE,
	    "so does the second, which signs no more");
	ok(said(show(STR(B "," A), STR(MASTER)), token_of(show(STR(B), STR(MASTER)))) ==
		MSG_NONE,
	    "the first signs");
	ok(said(show(STR(B), STR(MASTER)), token) == MSG_SESSION_WRONG,
	    "one that was rotated out verifies nothing");
	ok(said(show(STR(A), STR(OTHER_MASTER)), token) == MSG_SESSION_WRONG,
	    "another show with the same secret takes none of ours");
	ok(said(show(STR_NULL, STR(MASTER)), token) == MSG_SESSION_UNSET,
	    "without a secret none is taken");
	ok(token_of(show(STR_NULL, STR(MASTER))).p == NULL, "and none is made");
}

/* Every bit of it counts, and nothing may be added or left out. */
static void
test_changed(void)
{
	struct config cfg = show(STR(A), STR(MASTER));
	struct str token = token_of(cfg);
	char *text = arena_strndup(&a, token.p, token.n);
	int taken = 0;
	size_t i;
	char c;

	for (i = 0; i < token.n; i++) {
		c = text[i];
		text[i] = c == 'A' ? 'B' : 'A';
		taken += said(cfg, (struct str){ text, token.n }) != MSG_SESSION_WRONG;
		text[i] = c;
		taken += said(cfg, (struct str){ text, i }) != MSG_SESSION_WRONG;
	}
	is_int(taken, 0, "no changed letter and no beginning of it is taken");
	text[token.n - 1]++;
	ok(said(cfg, (struct str){ text, token.n }) == MSG_SESSION_WRONG,
	    "nor other letters for the same bytes");
	ok(said(cfg, str_printf(&a, "%.*s.", STR_ARG(token))) == MSG_SESSION_WRONG &&
		said(cfg, str_printf(&a, " %.*s", STR_ARG(token))) == MSG_SESSION_WRONG &&
		said(cfg, str_printf(&a, "%.*s=", STR_ARG(token))) == MSG_SESSION_WRONG,
	    "nor anything added");
	ok(said(cfg, STR("")) == MSG_SESSION_WRONG &&
		said(cfg, STR("v1")) == MSG_SESSION_WRONG &&
		said(cfg, STR("v1..")) == MSG_SESSION_WRONG &&
		said(cfg, STR("...")) == MSG_SESSION_WRONG,
	    "nor what is none at all");
}

/* Signed as we sign; so only the payload can be what is wrong. */
static struct str
signed_as(const char *version, const char *purpose, struct str payload)
{
	unsigned char key[SHA256_BYTES], mac[SHA256_BYTES];
	struct buf b;

	crypto_hmac_sha256(STR(A), str_of(purpose), key);
	buf_init(&b, &a, 4 * SESSION_TOKEN_MAX_BYTES);
	buf_printf(&b, "%s.", version);
	encode_base64url(&b, payload.p, payload.n);
	crypto_hmac_sha256(
	    (struct str){ (const char *)key, sizeof(key) }, buf_view(&b), mac);
	buf_char(&b, '.');
	encode_base64url(&b, mac, sizeof(mac));
	return buf_view(&b);
}

static void
test_payloads(void)
{
#define GOOD "{\"u\":\"ben\",\"a\":\"" STAGE "\",\"s\":\"s1\",\"e\":1900000000000}"
	static const char purpose[] = "ivs-live viewer session v1\n" MASTER;
	static const char *const bad[] = { "", "[]", "{}", "x",
		"{\"u\":\"\",\"a\":\"" STAGE "\",\"s\":\"s1\",\"e\":1900000000000}",
		"{\"u\":1,\"a\":\"" STAGE "\",\"s\":\"s1\",\"e\":1900000000000}",
		"{\"u\":\"ben\",\"a\":\"x\",\"s\":\"s1\",\"e\":1900000000000}",
		"{\"u\":\"ben\",\"a\":\"" STAGE "\",\"e\":1900000000000}",
		"{\"u\":\"ben\",\"a\":\"" STAGE
		"\",\"s\":\"s1\",\"e\":\"1900000000000\"}",
		"{\"u\":\"ben\",\"a\":\"" STAGE "\",\"s\":\"s1\"}",
		"{\"u\":\"ben\",\"u\":\"eve\",\"a\":\"" STAGE
		"\",\"s\":\"s1\",\"e\":1900000000000}" };
	struct config cfg = show(STR(A), STR(MASTER));
	char *large = arena_zalloc(&a, 2 * SESSION_TOKEN_MAX_BYTES);
	size_t i;

	ok(said(cfg, signed_as("v1", purpose, STR(GOOD))) == MSG_NONE,
	    "one made by other means, as the header describes it, is taken");
	ok(said(cfg, signed_as("v2", purpose, STR(GOOD))) == MSG_SESSION_WRONG,
	    "another version is not");
	ok(said(cfg, signed_as("v1", MASTER, STR(GOOD))) == MSG_SESSION_WRONG,
	    "nor what was signed for another purpose");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(said(cfg, signed_as("v1", purpose, str_of(bad[i]))) ==
			MSG_SESSION_WRONG,
		    "signed, and yet refused: %s", bad[i]);
	memset(large, 'x', 2 * SESSION_TOKEN_MAX_BYTES - 1);
	ok(said(cfg, signed_as("v1", purpose, str_of(large))) == MSG_SESSION_WRONG,
	    "one that is too long is not looked at");
}

int
main(void)
{
	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	json_use(&a);
	test_round_trip();
	test_longest();
	test_secrets();
	test_changed();
	test_payloads();
	json_use(NULL);
	arena_clear(&a);
	return done();
}
