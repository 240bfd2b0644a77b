#include "domain/compare.h"

#include "domain/api_keys.h"
#include "domain/records.h"
#include "base/banned.h"

#define FIRST_MS 2000
#define TRIES 4 /* others may change the API keys, and a connection may be opened anew */

enum verdict { ALL_THERE, OTHER_SERVER, OTHER_KEYS, FORGOT, WAS_COLD };

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
    enum verdict *ret, int64_t *ret_at_ms, struct err *err)
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
	*ret_at_ms = place.at_ms;
	if (!redis_run(r, &one, 1, err))
		return false;
	/* COLD is an answer here: the connection has noted it. */
	if (reply_is_cold(c.reply))
		*ret = reply_int(c.reply, 1) == 1 ? WAS_COLD : FORGOT;
	else if (!redis_reply_ok(c.reply, err))
		return false;
	else if (str_is(reply_str(c.reply, 0), "KEYS"))
		*ret = OTHER_KEYS;
	else
		*ret = str_eq(server, redis_server(r)) ? ALL_THERE : OTHER_SERVER;
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

bool
compare_run(
    struct redis *r, struct pg *pg, struct arena *a, int64_t timeout_ms, struct err *err)
{
	enum verdict verdict = OTHER_SERVER;
	int64_t at_ms = 0;
	bool ok = true;
	int i;

	if (redis_is_compared(r))
		return true;
	for (i = 0; ok && is_open(verdict) && i < TRIES; i++) {
		ok = look(r, pg, a, timeout_ms, &verdict, &at_ms, err);
		if (ok && verdict == OTHER_KEYS)
			ok = publish(r, pg, a, err);
	}
	if (ok && is_open(verdict))
		ok = err_set(err, ERR_LOCK_LOST,
		    "the API keys or the connection change all the time");
	if (!ok)
		return err_while(err, "comparing Redis with PostgreSQL");
	if (verdict == FORGOT)
		redis_set_forgot(r);
	redis_set_compared(r, at_ms);
	return true;
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
