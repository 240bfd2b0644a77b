#include "aws/creds.h"

#include <stdlib.h>

#include "aws/creds_source.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/banned.h"

#define KIND_NONE ERR_CONFIG	 /* nobody has keys */
#define SCRATCH_BYTES (4u << 20) /* the file and some answers */
#define KEPT_BYTES (64u << 10)

/* New ones appear at least five minutes before the old ones end (EC2 user guide). */
#define RENEW_BEFORE_MS 300000
#define LAST_MINUTE_MS 60000
#define LAST_MINUTE_PAUSE_MS 10000
/* Of a failed renewal, and of keys that are past their end: five minutes, and up to five more by
 * chance. */
#define FAILED_PAUSE_MS 300000
#define FILE_CHECK_MS 5000
#define MISS_PAUSE_MS 5000 /* doubled with each miss, up to one of these */
#define NONE_PAUSE_MAX_MS 60000
#define GONE_PAUSE_MAX_MS 10000
#define RENEW_MIN_MS 2000

static enum creds_found
from_settings(struct creds *c, struct creds_keys *ret, struct err *why)
{
	const struct config *cfg = c->cfg;

	if (cfg->aws_access_key_id.n == 0 || cfg->aws_secret_access_key.n == 0) {
		(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG, "not in the settings");
		return CREDS_NONE;
	}
	ret->sign = (struct sigv4_creds){ cfg->aws_access_key_id,
		cfg->aws_secret_access_key, cfg->aws_session_token };
	ret->expires_ms = CREDS_NEVER;
	return CREDS_FOUND;
}

static const struct creds_source sources[] = {
	{ "the settings", from_settings, NULL, false },
	{ "the credentials file", creds_from_file, creds_file_changed, true },
	{ "the container", creds_from_container, NULL, true },
	{ "the instance", creds_from_imds, NULL, true },
};
#define SOURCES (sizeof(sources) / sizeof(*sources))

struct creds *
creds_open(const struct config *cfg)
{
	struct creds *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->cfg = cfg;
	c->asked_ms = c->renewed_ms = INT64_MIN / 2;
	if (arena_init(&c->scratch, SCRATCH_BYTES) && arena_init(&c->kept, KEPT_BYTES))
		return c;
	creds_close(c);
	return NULL;
}

void
creds_close(struct creds *c)
{
	if (c == NULL)
		return;
	http_close(c->http);
	arena_wipe(&c->kept);
	arena_clear(&c->kept);
	arena_clear(&c->scratch);
	crypto_wipe(c, sizeof(*c));
	free(c);
}

bool
creds_text_ok(struct str s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '!' || s.p[i] > '~')
			return false;
	return s.n > 0 && s.n <= max;
}

bool
creds_due(int64_t left_ms, int64_t since_ms, int64_t pause_ms)
{
	if (left_ms > RENEW_BEFORE_MS)
		return false;
	if (left_ms > 0 && left_ms <= LAST_MINUTE_MS && pause_ms > LAST_MINUTE_PAUSE_MS)
		pause_ms = LAST_MINUTE_PAUSE_MS;
	return since_ms >= pause_ms;
}

static int64_t
failed_pause(void)
{
	uint32_t dice;

	crypto_random(&dice, sizeof(dice));
	return FAILED_PAUSE_MS + (int64_t)(dice % FAILED_PAUSE_MS);
}

/* What was given may be the old ones still: look again soon, but not with each call. */
int64_t
creds_pause_found(int64_t left_ms)
{
	int64_t pause = left_ms / 6;

	if (left_ms <= 0)
		return failed_pause();
	if (pause < 1000)
		return 1000;
	return pause < 60000 ? pause : 60000;
}

static int64_t
pause_missed(const struct creds *c, enum creds_found how)
{
	bool gone = c->lost != NULL || how == CREDS_FAILED;
	int64_t max = gone ? GONE_PAUSE_MAX_MS : NONE_PAUSE_MAX_MS, pause;

	if (c->used != NULL)
		return failed_pause();
	pause = c->misses < 8 ? (int64_t)MISS_PAUSE_MS << c->misses : max;
	return pause < max ? pause : max;
}

static void
forget(struct creds *c)
{
	arena_wipe(&c->kept);
	c->held = (struct creds_keys){ 0 };
	c->lost = c->used;
	c->used = NULL;
	c->pause_ms = 0;
	c->misses = 0;
}

/* The file's are asked for anew when it changed, the others' when they near their end. */
static bool
due(struct creds *c)
{
	int64_t since_ms = c->now.mono_ms - c->asked_ms;

	if (c->used == NULL)
		return since_ms >= c->pause_ms;
	if (c->held.expires_ms == CREDS_NEVER && c->used->changed == NULL)
		return false;
	if (c->used->changed == NULL)
		return creds_due(
		    c->held.expires_ms - c->now.wall_ms, since_ms, c->pause_ms);
	if (since_ms < FILE_CHECK_MS)
		return false;
	c->asked_ms = c->now.mono_ms;
	return c->used->changed(c);
}

static enum creds_found
ask_all(struct creds *c, const struct creds_source **ret_source, struct creds_keys *ret,
    struct err *why)
{
	enum err_kind kind = KIND_NONE;
	struct buf looked;

	buf_init(&looked, &c->scratch, SOURCES * sizeof(why->cause));
	for (size_t i = 0; i < SOURCES; i++) {
		struct err reason = ERR_INIT;
		enum creds_found found = sources[i].find(c, ret, &reason);

		*ret_source = &sources[i];
		if (found == CREDS_FAILED)
			*why = reason;
		if (found != CREDS_NONE)
			return found;
		/* It gave keys before: one that does not answer may do so again. */
		if (&sources[i] == c->lost && reason.kind == ERR_UPSTREAM)
			kind = ERR_UPSTREAM;
		buf_printf(&looked, "%s%s", i > 0 ? ", " : "", reason.cause);
	}
	(void)err_from(why, ERR_FROM_AWS, kind, "no AWS credentials%s: %.*s",
	    c->lost != NULL ? " any more" : "", (int)looked.n,
	    looked.n > 0 ? looked.p : "");
	return CREDS_NONE;
}

static void
keep(struct creds *c, const struct creds_source *s, const struct creds_keys *k)
{
	arena_wipe(&c->kept);
	c->held.sign.access_key_id = str_dup(&c->kept, k->sign.access_key_id);
	c->held.sign.secret_access_key = str_dup(&c->kept, k->sign.secret_access_key);
	c->held.sign.session_token = str_dup(&c->kept, k->sign.session_token);
	c->held.expires_ms = k->expires_ms;
	c->used = s;
	c->lost = NULL;
	c->misses = 0;
	c->pause_ms = creds_pause_found(k->expires_ms - c->now.wall_ms);
}

/* While there are keys only their own source is asked: the identity must not change
 * because a file is being written or a service is slow. */
static void
look(struct creds *c)
{
	const struct creds_source *source = c->used;
	struct creds_keys keys;
	enum creds_found found;

	c->asked_ms = c->now.mono_ms;
	c->why = ERR_INIT;
	found = source != NULL ? source->find(c, &keys, &c->why)
			       : ask_all(c, &source, &keys, &c->why);
	if (found == CREDS_FOUND) {
		keep(c, source, &keys);
	} else {
		c->pause_ms = pause_missed(c, found);
		c->misses++;
	}
	arena_wipe(&c->scratch);
	http_close(c->http); /* the next look may be hours away */
	c->http = NULL;
}

bool
creds_get_at(
    struct creds *c, struct creds_time now, struct sigv4_creds *ret, struct err *err)
{
	c->now = now;
	if (due(c))
		look(c);
	if (c->used == NULL) {
		if (err->kind == ERR_NONE)
			*err = c->why;
		return false;
	}
	*ret = c->held.sign;
	return true;
}

bool
creds_renew_at(struct creds *c, struct creds_time now)
{
	if (c->used == NULL || !c->used->renews ||
	    now.mono_ms - c->renewed_ms < RENEW_MIN_MS)
		return false;
	c->renewed_ms = now.mono_ms;
	forget(c);
	return true;
}

static struct creds_time
time_now(void)
{
	return (struct creds_time){ clock_now_ms(), clock_mono_ms() };
}

bool
creds_get(struct creds *c, int64_t until_ms, struct sigv4_creds *ret, struct err *err)
{
	c->until_ms = until_ms;
	return creds_get_at(c, time_now(), ret, err);
}

bool
creds_renew(struct creds *c)
{
	return creds_renew_at(c, time_now());
}
