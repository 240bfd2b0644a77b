#include "domain/compare.h"

#include "domain/api_keys.h"
#include "domain/records.h"
#include "base/banned.h"

#define FIRST_MS 2000
#define TRIES 4 /* others may change the API keys, and a connection may be opened anew */

#define WORK_BYTES (16u << 20)

enum verdict { ALL_THERE, OTHER_SERVER, OTHER_KEYS, FORGOT, WAS_COLD };

struct found {
	enum verdict verdict;
	int64_t at_ms; /* when PostgreSQL was asked, by its clock */
	struct str
	    written; /* what was written to PostgreSQL and is not there; empty: nothing */
};

bool
compare_place(struct pg *pg, struct arena *a, int64_t timeout_ms,
    struct compare_place *ret, struct err *err)
{
	struct pg_rows rows;
	int64_t pos;

	if (!pg_run(pg, a, Q_COMPARE, NULL, 0, timeout_ms, &rows, err))
		return err_while(err, "reading how far PostgreSQL is");
	pos = pg_int(&rows, 0, 0, -1);
	ret->record = STR("");
	if (pos >= 0)
		ret->record =
		    str_printf(a, "%lld-%lld", (long long)(pos / RECORDS_POSITIONS),
			(long long)(pos % RECORDS_POSITIONS));
	ret->keys = pg_cell(&rows, 0, 1);
	ret->at_ms = pg_int(&rows, 0, 2, 1);
	return true;
}

static bool
look(struct redis *r, struct pg *pg, struct arena *a, int64_t timeout_ms,
    struct found *ret, struct err *err)
{
	struct redis_call c, *one = &c;
	struct compare_place place;
	struct str server = str_dup(a, redis_server(r));

	if (!compare_place(pg, a, timeout_ms, &place, err))
		return false;
	redis_call_init(&c, a, SCRIPT_COMPARE);
	redis_arg(&c, place.record);
	redis_arg(&c, place.keys);
	redis_arg(&c, server);
	redis_arg_int(&c, place.at_ms);
	redis_arg_int(&c, redis_mark_ms(r));
	*ret = (struct found){ .at_ms = place.at_ms };
	if (!redis_run(r, &one, 1, err))
		return false;
	/* COLD is an answer here: the connection has noted it. */
	if (reply_is_cold(c.reply))
		ret->verdict = reply_int(c.reply, 1) == 1 ? WAS_COLD : FORGOT;
	else if (!redis_reply_ok(c.reply, err))
		return false;
	else if (str_is(reply_str(c.reply, 0), "KEYS"))
		ret->verdict = OTHER_KEYS;
	else if (!str_eq(server, redis_server(r)))
		ret->verdict = OTHER_SERVER;
	else
		ret->written = reply_str(c.reply, 1);
	return true;
}

static bool
publish(struct redis *r, struct pg *pg, struct arena *a, struct err *err)
{
	const struct api_key_stores s = { .pg = pg, .redis = r, .arena = a };

	return api_keys_publish(&s, err);
}

static bool
is_open(enum verdict v)
{
	return v == OTHER_SERVER || v == OTHER_KEYS;
}

/* What the show has goes to PostgreSQL again. */
static bool
restate(struct redis *r, struct pg *pg, struct arena *a, int64_t timeout_ms,
    struct str written, struct err *err)
{
	struct compare_place place;
	struct pg_rows stages, facts;
	struct redis_call c;

	if (!compare_place(pg, a, timeout_ms, &place, err) ||
	    !pg_run(pg, a, Q_RESTORE_STAGES, NULL, 0, timeout_ms, &stages, err) ||
	    !pg_run(pg, a, Q_RESTORE_FACTS, NULL, 0, timeout_ms, &facts, err))
		return false;
	redis_call_init(&c, a, SCRIPT_RESTATE);
	redis_arg(&c, written);
	redis_arg(&c, place.record);
	redis_arg(&c, pg_cell(&stages, 0, 0));
	redis_arg(&c, pg_cell(&facts, 1, 1));
	if (!redis_call(r, &c, err))
		return false;
	if (reply_int(c.reply, 1) > 0)
		redis_set_finding(r, REDIS_KNEW_MORE);
	return true;
}

/* In memory of its own: a caller may have a batch of records in its arena. */
static bool
restate_if_less(struct redis *r, struct pg *pg, int64_t timeout_ms,
    const struct found *found, struct err *err)
{
	struct arena work;
	bool ok;

	if (found->written.n == 0)
		return true;
	if (!arena_init(&work, WORK_BYTES))
		return err_set(err, ERR_UPSTREAM, "no memory for the facts of the show");
	ok = restate(r, pg, &work, timeout_ms, found->written, err);
	arena_clear(&work);
	return ok || err_while(err, "writing to PostgreSQL again what it has lost");
}

bool
compare_run(
    struct redis *r, struct pg *pg, struct arena *a, int64_t timeout_ms, struct err *err)
{
	struct found found = { .verdict = OTHER_SERVER };
	bool ok = true;
	int i;

	if (redis_is_compared(r))
		return true;
	for (i = 0; ok && is_open(found.verdict) && i < TRIES; i++) {
		ok = look(r, pg, a, timeout_ms, &found, err);
		if (ok && found.verdict == OTHER_KEYS)
			ok = publish(r, pg, a, err);
	}
	if (ok && is_open(found.verdict))
		ok = err_set(err, ERR_LOCK_LOST,
		    "the API keys or the connection change all the time");
	if (!ok)
		return err_while(err, "comparing Redis with PostgreSQL");
	if (found.verdict == FORGOT)
		redis_set_finding(r, REDIS_FORGOT);
	redis_set_compared(r, found.at_ms);
	if (restate_if_less(r, pg, timeout_ms, &found, err))
		return true;
	redis_set_compared(r, 0);
	return false;
}

void
compare_first(struct redis *r, struct pg *pg, struct arena *a)
{
	struct err err = ERR_INIT;
	bool ok;

	if (!redis_connect(r, &err) || !redis_is_doubted(r))
		return;
	ok = compare_run(r, pg, a, FIRST_MS, &err);
	redis_set_waits(r, !ok && err.source == ERR_FROM_POSTGRES);
	arena_wipe(a);
}

const char *
compare_text(enum redis_finding finding)
{
	static const char *const texts[] = {
		[REDIS_FORGOT] =
		    "Redis has forgotten records that PostgreSQL has: it is loaded anew",
		[REDIS_KNEW_MORE] =
		    "PostgreSQL has less than was written to it: stages, bans and "
		    "publisher are written again",
	};

	return texts[finding];
}
