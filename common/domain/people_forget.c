#include "domain/people.h"

#include <poll.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/parse.h"
#include "domain/records.h"
#include "base/banned.h"

#define SETTLE_MS 2000
#define HOLD_MS 3000  /* to wait for the drain lock */
#define LOCK_MS 10000 /* longer than all that is done under it */
#define WRITE_MS 4000
#define READ_MS 3000
#define NAP_MS 10
#define PAGE 1000
#define SESSIONS_MAX_BYTES (1u << 20)

struct forget {
	const struct people_work *w;
	struct str user_id;
	char token[UUID_BYTES]; /* of the drain lock; "": only look */
	int64_t deadline;
	struct buf sessions; /* "{<uuid>,..." : of his, in Redis */
	struct forgotten sum;
};

/* ---- sessions ---- */

static void
note_session(struct forget *f, struct str id)
{
	struct buf *b = &f->sessions;

	/* A record that could never be stored may hold anything. */
	if (!parse_uuid(id) || memmem(b->p, b->n, id.p, id.n) != NULL)
		return;
	buf_char(b, b->n == 0 ? '{' : ',');
	buf_str(b, id);
}

/* ---- Redis ---- */

/* *ret_from: where to go on; empty at the end. BUSY leaves it as it is and waits a little. */
static bool
page(struct forget *f, const char *stream, bool take, struct str *from, bool *ret_busy,
    struct err *err)
{
	struct redis_call c;
	size_t i;

	redis_call_init(&c, f->w->arena, SCRIPT_FORGET);
	redis_arg(&c, f->user_id);
	redis_arg(&c, str_of(f->token));
	redis_arg_int(&c, LOCK_MS);
	redis_arg(&c, take ? STR("1") : STR(""));
	redis_arg(&c, str_of(stream));
	redis_arg(&c, *from);
	redis_arg_int(&c, PAGE);
	if (!redis_call(f->w->redis, &c, err))
		return err_while(err, "looking through '%s'", stream);
	*ret_busy = str_is(reply_str(c.reply, 0), "BUSY");
	if (*ret_busy && clock_mono_ms() > f->deadline)
		return err_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM,
		    "records are still being written");
	if (*ret_busy) {
		poll(NULL, 0, NAP_MS);
		return true;
	}
	*from = reply_str(c.reply, 1);
	f->sum.waiting += reply_int(c.reply, 2);
	f->sum.seated |= reply_int(c.reply, 3) == 1;
	f->sum.banned |= reply_int(c.reply, 4) == 1;
	for (i = 5; i < c.reply->n; i++)
		note_session(f, reply_str(c.reply, i));
	return true;
}

static bool
through(struct forget *f, const char *stream, bool take, struct err *err)
{
	struct str from = STR("");
	bool busy;

	do
		if (!page(f, stream, take, &from, &busy, err))
			return false;
	while (busy || from.n > 0);
	return buf_ok(&f->sessions) ||
	       err_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM,
		   "too many records of one person wait to be written");
}

static bool
through_both(struct forget *f, bool take, struct err *err)
{
	f->sum.waiting = 0;
	return through(f, "records", take, err) && through(f, "records:dead", take, err);
}

/* Should this fail, the lock ends by itself. */
static void
let_go(struct forget *f)
{
	struct err ignored = ERR_INIT;
	struct redis_call c;

	redis_call_init(&c, f->w->arena, SCRIPT_RECORDS_DONE);
	redis_arg(&c, str_of(f->token));
	redis_arg(&c, STR(""));
	redis_arg(&c, STR("drop"));
	redis_arg_int(&c, LOCK_MS);
	(void)redis_call(f->w->redis, &c, &ignored);
}

/* ---- PostgreSQL ---- */

static bool
run(struct forget *f, enum query q, const struct str *params, size_t n, int64_t ms,
    struct err *err)
{
	struct pg_rows rows;

	if (!pg_run(f->w->pg, f->w->arena, q, params, n, ms, &rows, err))
		return err_while(err, "forgetting in PostgreSQL");
	f->sum.records += pg_int(&rows, 0, 0, 0);
	return true;
}

static bool
remove_rows(struct forget *f, struct err *err)
{
	struct str params[] = { f->user_id,
		str_printf(f->w->arena, "%.*s}",
		    STR_ARG(f->sessions.n > 0 ? buf_view(&f->sessions) : STR("{"))) };

	return run(f, Q_FORGET, params, 2, WRITE_MS, err);
}

/* ---- the whole ---- */

static void
forget_init(struct forget *f, const struct people_work *w, struct str user_id)
{
	*f = (struct forget){ .w = w, .user_id = user_id };
	buf_init(&f->sessions, w->arena, SESSIONS_MAX_BYTES);
}

/*
 * The rows go first, while Redis still names the sessions to void: whoever fails in between finds
 * them again. Those he began meanwhile are voided by a second round.
 */
static bool
forget_locked(struct forget *f, struct err *err)
{
	size_t known;

	if (!through_both(f, false, err) || !remove_rows(f, err))
		return false;
	known = f->sessions.n;
	return through_both(f, true, err) &&
	       (f->sessions.n == known || remove_rows(f, err));
}

bool
people_forget(const struct people_work *w, struct str user_id, struct forgotten *ret,
    struct err *err)
{
	struct forget f;
	bool ok;

	if (!records_settle(w->redis, w->pg, w->drain, SETTLE_MS, err))
		return err_while(err, "forgetting a person");
	forget_init(&f, w, user_id);
	f.deadline = clock_mono_ms() + HOLD_MS;
	crypto_uuid(f.token);
	ok = forget_locked(&f, err);
	let_go(&f);
	/* The record of it: before it is written an old copy of Redis would not be known as one. */
	ok = ok && records_settle(w->redis, w->pg, w->drain, SETTLE_MS, err);
	/* What may have happened is as good as not: it is repeated. */
	if (!ok && err->kind == ERR_UNCERTAIN)
		err->kind = ERR_UPSTREAM;
	*ret = f.sum;
	return ok || err_while(err, "forgetting a person");
}

bool
people_forget_look(const struct people_work *w, struct str user_id, struct forgotten *ret,
    struct err *err)
{
	struct forget f;

	forget_init(&f, w, user_id);
	if (!through_both(&f, false, err) ||
	    !run(&f, Q_FORGET_COUNT, &user_id, 1, READ_MS, err))
		return false;
	*ret = f.sum;
	return true;
}
