/* The worker's copy of the API keys: what Redis answers goes in, what a key may comes out. */
#include "web/key_table.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "tap.h"
#include "base/banned.h"

#define SECRET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123-_A"
#define OTHER "bbcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123-_A"
#define TAIL "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123-_B"
#define REDIS_NOW 5000000000000 /* far from the clock of this machine */
#define TRIES 20000

static struct arena a;

static struct reply *
text(struct str s)
{
	struct reply *r = arena_zalloc(&a, sizeof(*r));

	r->type = REPLY_STR;
	r->s = s;
	return r;
}

static struct reply *
answer(const char *word, size_t n)
{
	struct reply *r = arena_zalloc(&a, sizeof(*r));

	r->type = REPLY_ARRAY;
	r->n = n;
	r->v = arena_zalloc(&a, n * sizeof(*r->v));
	r->v[0] = text(str_of(word));
	r->v[1] = arena_zalloc(&a, sizeof(**r->v));
	r->v[1]->type = REPLY_INT;
	r->v[1]->i = REDIS_NOW;
	return r;
}

static struct str
hex_of(const char *key)
{
	unsigned char digest[SHA256_BYTES];
	struct buf b;

	crypto_sha256(str_of(key), digest);
	buf_init(&b, &a, 2 * SHA256_BYTES);
	encode_hex(&b, digest, sizeof(digest));
	return buf_view(&b);
}

struct row {
	const char *key, *json;
};

static bool
fill(struct key_table *t, const struct row *rows, size_t n)
{
	struct reply *r = answer("KEYS", 3 + 2 * n);
	size_t i;

	r->v[2] = text(STR("7 1700000000000000"));
	for (i = 0; i < n; i++) {
		r->v[3 + 2 * i] = text(hex_of(rows[i].key));
		r->v[4 + 2 * i] = text(str_of(rows[i].json));
	}
	return key_table_take(t, r, clock_mono_ms());
}

static enum key_state
find(struct key_table *t, const char *key, unsigned *ret_scopes)
{
	*ret_scopes = 0;
	return key_table_find(t, str_of(key), ret_scopes);
}

static void
test_scopes(struct key_table *t)
{
	static const struct row rows[] = {
		{ "ivs_aaaa_" SECRET, "{\"id\":\"aaaa\",\"scopes\":\"read\",\"exp\":0}" },
		{ "ivs_bbbb_" SECRET,
		    "{\"id\":\"bbbb\",\"scopes\":\"viewer,token\",\"exp\":5000000060000}" },
		{ "ivs_cccc_" SECRET,
		    "{\"id\":\"cccc\",\"scopes\":\"admin\",\"exp\":4999999999999}" },
		{ "ivs_dddd_" SECRET, "{\"id\":\"dddd\",\"scopes\":\"root\",\"exp\":0}" },
		{ "ivs_eeee_" SECRET, "{\"id\":\"eeee\",\"scopes\":\"admin\"}" },
		{ "ivs_ffff_" SECRET, "no JSON" },
		{ "plain-key-0123456789",
		    "{\"id\":\"gggg\",\"scopes\":\"admin\",\"exp\":0}" },
	};
	unsigned scopes;

	ok(fill(t, rows, sizeof(rows) / sizeof(*rows)), "a list is taken");
	ok(find(t, "ivs_aaaa_" SECRET, &scopes) == KEY_VALID && scopes == SCOPE_READ,
	    "a key has its scope");
	ok(find(t, "ivs_bbbb_" SECRET, &scopes) == KEY_VALID &&
		scopes == (SCOPE_VIEWER | SCOPE_TOKEN),
	    "or its scopes, while the clock of Redis is before its end");
	ok(find(t, "ivs_cccc_" SECRET, &scopes) == KEY_EXPIRED && scopes == 0,
	    "after it the key has expired, whatever the clock here says");
	ok(find(t, "ivs_dddd_" SECRET, &scopes) == KEY_VALID && scopes == 0,
	    "a scope nobody knows opens nothing");
	ok(find(t, "ivs_eeee_" SECRET, &scopes) == KEY_UNKNOWN &&
		find(t, "ivs_ffff_" SECRET, &scopes) == KEY_UNKNOWN,
	    "nor does an entry that cannot be read");
	ok(find(t, "plain-key-0123456789", &scopes) == KEY_UNKNOWN,
	    "nor a key of another form, though its digest is there");
}

static void
test_near(struct key_table *t)
{
	static const char *const near[] = { "ivs_aaaa_" OTHER, "ivs_aaaa_" TAIL,
		"ivs_aaab_" SECRET, "ivs_aaaa_" SECRET "x", "ivs_aaaa_", "ivs_", "",
		"IVS_aaaa_" SECRET, "ivs_aaaa" SECRET, " ivs_aaaa_" SECRET,
		"ivs_aaaa_" SECRET ",ivs_aaaa_" SECRET };
	unsigned scopes;
	size_t i;

	for (i = 0; i < sizeof(near) / sizeof(*near); i++)
		ok(find(t, near[i], &scopes) == KEY_UNKNOWN && scopes == 0,
		    "'%s' is no key", near[i]);
}

/* As if the digest of another key were the same but for one byte. */
static void
test_digest(struct key_table *t)
{
	static const struct row row = { "ivs_zzzz_" SECRET,
		"{\"id\":\"zzzz\",\"scopes\":\"admin\",\"exp\":0}" };
	struct reply *r = answer("KEYS", 5);
	struct str hex = hex_of(row.key);
	unsigned scopes;
	int taken = 0;
	size_t i;
	char *digest;

	r->v[2] = text(STR("8 1700000000000000"));
	r->v[4] = text(str_of(row.json));
	for (i = 0; i < hex.n; i++) {
		digest = arena_strndup(&a, hex.p, hex.n);
		digest[i] = digest[i] == '0' ? '1' : '0';
		r->v[3] = text((struct str){ digest, hex.n });
		taken += !key_table_take(t, r, clock_mono_ms()) ||
			 find(t, row.key, &scopes) != KEY_UNKNOWN;
	}
	is_int(taken, 0, "every digit of the digest counts");
}

static void
test_changes(struct key_table *t)
{
	static const struct row row = { "ivs_zzzz_" SECRET,
		"{\"id\":\"zzzz\",\"scopes\":\"read\",\"exp\":0}" };
	unsigned scopes;

	ok(fill(t, &row, 1) && find(t, "ivs_aaaa_" SECRET, &scopes) == KEY_UNKNOWN &&
		find(t, row.key, &scopes) == KEY_VALID,
	    "a new list takes the place of the old one");
	ok(key_table_take(t, answer("UNCHANGED", 2), clock_mono_ms()) &&
		find(t, row.key, &scopes) == KEY_VALID,
	    "UNCHANGED leaves it");
	ok(!key_table_take(t, answer("COLD", 2), clock_mono_ms()) &&
		find(t, row.key, &scopes) == KEY_VALID,
	    "what is no such answer, too");
	ok(fill(t, NULL, 0) && find(t, row.key, &scopes) == KEY_UNKNOWN,
	    "an empty list empties it");
}

static void
test_stale(void)
{
	static const struct row row = { "ivs_zzzz_" SECRET,
		"{\"id\":\"zzzz\",\"scopes\":\"read\",\"exp\":0}" };
	struct key_table *t = key_table_open(NULL);
	unsigned scopes;

	ok(find(t, row.key, &scopes) == KEY_NOT_SURE,
	    "before the first answer nobody knows");
	ok(find(t, "plain-key-0123456789", &scopes) == KEY_UNKNOWN,
	    "but that a key of another form is none");
	(void)fill(t, &row, 1);
	ok(find(t, row.key, &scopes) == KEY_VALID, "then it is known");
	(void)key_table_take(
	    t, answer("UNCHANGED", 2), clock_mono_ms() - KEY_TABLE_STALE_MS - 1);
	ok(find(t, row.key, &scopes) == KEY_NOT_SURE && scopes == 0,
	    "two seconds without news, and it is not known any more");
	key_table_close(t);
}

/* ---- how long a refusal takes (reliability: R40). Printed, not asserted. ---- */

struct sample {
	double n, mean, m2;
};

static void
add(struct sample *s, double x)
{
	double d = x - s->mean;

	s->n++;
	s->mean += d / s->n;
	s->m2 += d * (x - s->mean);
}

/* The square of Welch's t; 20 is |t| = 4.5. */
static double
welch_squared(const struct sample *x, const struct sample *y)
{
	double d = x->mean - y->mean;

	return d * d / (x->m2 / (x->n - 1) / x->n + y->m2 / (y->n - 1) / y->n);
}

static void
bench(struct key_table *t)
{
	static const char *const tries[] = { "ivs_aaaa_" OTHER, "ivs_aaaa_" TAIL,
		"ivs_zzzz_" SECRET };
	static const struct row row = { "ivs_aaaa_" SECRET,
		"{\"id\":\"aaaa\",\"scopes\":\"read\",\"exp\":0}" };
	struct sample s[3] = { { 0 } };
	unsigned scopes, which;
	struct timespec from, to;
	int i;

	for (i = 0; i < 3 * TRIES; i++) {
		if (i % 3000 == 0)
			(void)fill(t, &row, 1);
		which = (unsigned)random() % 3;
		clock_gettime(CLOCK_MONOTONIC, &from);
		(void)find(t, tries[which], &scopes);
		clock_gettime(CLOCK_MONOTONIC, &to);
		add(&s[which], (double)(to.tv_sec - from.tv_sec) * 1e9 +
				   (double)(to.tv_nsec - from.tv_nsec));
	}
	diag("refusals: first byte wrong %.0f ns, last byte %.0f ns, unknown id %.0f ns; "
	     "Welch t squared %.2f %.2f %.2f",
	    s[0].mean, s[1].mean, s[2].mean, welch_squared(&s[0], &s[1]),
	    welch_squared(&s[0], &s[2]), welch_squared(&s[1], &s[2]));
}

int
main(void)
{
	struct key_table *t;

	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	t = key_table_open(NULL);
	test_scopes(t);
	test_near(t);
	test_digest(t);
	test_changes(t);
	test_stale();
	bench(t);
	key_table_close(t);
	arena_clear(&a);
	return done();
}
