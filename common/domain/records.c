#include "domain/records.h"

#include <poll.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/parse.h"
#include "domain/compare.h"
#include "base/banned.h"

/* A write that takes longer is given up; the lock outlives it by enough to say so. Should a
 * holder stall for longer still, two may write the same batch: that is harmless. */
#define WRITE_MS 4000
#define WRITE_LEAST_MS 500
#define LOCK_MS 5000
#define BATCH_BYTES (1 << 20)
#define READ_MS 3000
#define NAP_MS 10

/* One who drains, or wants to. */
struct drain {
	struct redis *redis;
	struct pg *pg;
	struct arena *arena;
	char token[UUID_BYTES];
	int64_t deadline;
	bool held; /* as far as we know the lock is ours */
	struct records_result sum;
};

/* The id of a stream entry, "<ms>-<number>". */
struct place {
	int64_t ms, number;
};

struct record {
	struct str id, json;
	struct place place;
};

enum take { TAKE_EMPTY, TAKE_BUSY, TAKE_FAILING, TAKE_BATCH };

struct batch {
	enum take what;
	struct place newest, oldest; /* of all that waits; oldest only when busy */
	struct place written;	     /* all up to this is in PostgreSQL */
	struct record *records;
	size_t n;
};

static void
drain_init(
    struct drain *d, struct redis *r, struct pg *pg, struct arena *a, int64_t budget_ms)
{
	*d = (struct drain){ .redis = r, .pg = pg, .arena = a };
	d->deadline = clock_mono_ms() + budget_ms;
	crypto_uuid(d->token);
}

static bool
has_time(const struct drain *d)
{
	return clock_mono_ms() < d->deadline;
}

/* Ids are made by Redis alone; one that is none counts as the oldest of all. */
static struct place
place_of(struct str id)
{
	struct place p = { 0, 0 };
	struct str ms = str_cut(&id, '-');

	if (!parse_i64(ms, 0, INT64_MAX / RECORDS_POSITIONS - 1, &p.ms) ||
	    !parse_i64(id, 0, INT64_MAX, &p.number))
		return (struct place){ 0, 0 };
	return p;
}

static bool
is_after(struct place a, struct place b)
{
	return a.ms != b.ms ? a.ms > b.ms : a.number > b.number;
}

/* As viewer_sessions.record_pos has it. */
static int64_t
position(struct place p)
{
	const int64_t last = RECORDS_POSITIONS - 1;

	return p.ms * RECORDS_POSITIONS + (p.number < last ? p.number : last);
}

/* ---- the stream ---- */

static void
read_batch(const struct reply *reply, struct arena *a, struct batch *ret)
{
	size_t i;

	ret->what = TAKE_BATCH;
	ret->newest = place_of(reply_str(reply, 2));
	ret->n = (reply->n - 3) / 2;
	ret->records = arena_alloc(a, ret->n * sizeof(*ret->records));
	for (i = 0; i < ret->n; i++) {
		ret->records[i].id = reply_str(reply, 3 + 2 * i);
		ret->records[i].json = reply_str(reply, 4 + 2 * i);
		ret->records[i].place = place_of(ret->records[i].id);
	}
}

static bool
take(struct drain *d, struct batch *ret, struct err *err)
{
	struct redis_call c;

	*ret = (struct batch){ .what = TAKE_EMPTY };
	redis_call_init(&c, d->arena, SCRIPT_RECORDS_TAKE);
	redis_arg(&c, str_of(d->token));
	redis_arg_int(&c, LOCK_MS);
	redis_arg_int(&c, RECORDS_BATCH);
	redis_arg_int(&c, BATCH_BYTES);
	if (!redis_call(d->redis, &c, err))
		return err_while(err, "reading records");
	d->held = str_is(reply_str(c.reply, 0), "OK");
	d->sum.left = reply_int(c.reply, 1);
	if (d->held) {
		read_batch(c.reply, d->arena, ret);
	} else if (str_is(reply_str(c.reply, 0), "BUSY")) {
		ret->newest = place_of(reply_str(c.reply, 2));
		ret->oldest = place_of(reply_str(c.reply, 3));
		ret->what = reply_int(c.reply, 4) != 0 ? TAKE_FAILING : TAKE_BUSY;
	}
	return true;
}

/* Remove what is written (upto, or nothing) and keep, drop or mark the lock; why: it failed. */
static bool
done(struct drain *d, struct str upto, const char *lock, int64_t lock_ms, const char *why,
    struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, d->arena, SCRIPT_RECORDS_DONE);
	redis_arg(&c, str_of(d->token));
	redis_arg(&c, upto);
	redis_arg(&c, str_of(lock));
	redis_arg_int(&c, lock_ms);
	redis_arg(&c, str_of(why));
	if (!redis_call(d->redis, &c, err))
		return err_while(err, "removing written records");
	d->sum.left = reply_int(c.reply, 1);
	d->held = str_is(reply_str(c.reply, 0), "OK") && str_is(str_of(lock), "keep") &&
		  d->sum.left > 0;
	return true;
}

static bool
bury(struct drain *d, const struct record *rec, const char *why, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, d->arena, SCRIPT_RECORDS_DEAD);
	redis_arg(&c, str_of(d->token));
	redis_arg(&c, rec->id);
	redis_arg(&c, str_of(why));
	if (!redis_call(d->redis, &c, err))
		return err_while(err, "moving a record to records:dead");
	d->held = str_is(reply_str(c.reply, 0), "OK");
	d->sum.dead += reply_int(c.reply, 1);
	d->sum.left -= reply_int(c.reply, 1);
	return true;
}

/* ---- to PostgreSQL ---- */

static size_t
json_bytes(const struct record *rec, size_t n)
{
	size_t bytes = 2;

	while (n-- > 0)
		bytes += rec[n].json.n + 1;
	return bytes;
}

static int64_t
write_ms(const struct drain *d)
{
	int64_t left = d->deadline - clock_mono_ms();

	if (left < WRITE_LEAST_MS)
		return WRITE_LEAST_MS;
	return left < WRITE_MS ? left : WRITE_MS;
}

/* Entries are JSON already; one that is not makes the statement fail and is found. */
static bool
write_records(struct drain *d, const struct record *rec, size_t n, struct err *err)
{
	size_t json_max = json_bytes(rec, n), at_max = n * 21 + 2, i;
	struct str params[2];
	struct pg_rows rows;
	struct arena work;
	struct buf json, at;
	bool ok;

	/* Of its own: a bad record makes many calls of one batch. */
	if (!arena_init(&work, 8 * (json_max + at_max) + (64u << 10)))
		return err_set(err, ERR_UPSTREAM, "no memory for a batch of records");
	buf_init(&json, &work, json_max);
	buf_init(&at, &work, at_max);
	for (i = 0; i < n; i++) {
		buf_char(&json, i == 0 ? '[' : ',');
		buf_str(&json, rec[i].json);
		buf_char(&at, i == 0 ? '{' : ',');
		buf_printf(&at, "%lld", (long long)position(rec[i].place));
	}
	buf_char(&json, ']');
	buf_char(&at, '}');
	INVARIANT(buf_ok(&json) && buf_ok(&at));
	params[0] = buf_view(&json);
	params[1] = buf_view(&at);
	ok = pg_run(d->pg, &work, Q_RECORDS_WRITE, params, 2, write_ms(d), &rows, err);
	arena_clear(&work);
	return ok;
}

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * The whole batch at once; when PostgreSQL cannot store something in it, smaller and smaller
 * parts until the one bad record is alone, then larger ones again.
 */
static bool
write_batch(struct drain *d, struct batch *b, struct err *err)
{
	size_t at = 0, n = b->n;

	while (at < b->n && d->held) {
		struct err bad = ERR_INIT;

		if (write_records(d, b->records + at, n, &bad)) {
			at += n;
			if (!done(d, b->records[at - 1].id, "keep", LOCK_MS, "", err))
				return false;
			d->sum.entries += (int64_t)n;
			n = lesser(n * 2, b->n - at);
		} else if (bad.kind != ERR_INPUT) {
			*err = bad;
			return err_while(err, "writing %zu records", n);
		} else if (n > 1) {
			n /= 2;
		} else {
			if (!bury(d, &b->records[at], bad.cause, err))
				return false;
			at++;
			n = lesser(1, b->n - at);
		}
		if (at > 0)
			b->written = b->records[at - 1].place;
		if (at < b->n && !has_time(d))
			break;
	}
	return true;
}

/* Before what is new hides that something older is missing. A cold Redis is drained all the same. */
static bool
compare(struct drain *d, struct err *err)
{
	return compare_run(d->redis, d->pg, d->arena, write_ms(d), err);
}

/* One batch. Nobody waits for what is in the arena. */
static bool
step(struct drain *d, struct batch *ret, struct err *err)
{
	bool ok = take(d, ret, err);

	if (ok && ret->what == TAKE_BATCH)
		ok = compare(d, err);
	if (ok && ret->what == TAKE_BATCH)
		ok = write_batch(d, ret, err);
	arena_wipe(d->arena);
	ret->records = NULL;
	return ok;
}

/* For the health of the show, as details.reason would have it. */
static const char *
why_word(const struct err *err)
{
	const char *reason = message_reason(err->tell);

	if (reason != NULL)
		return reason;
	return message_reason(
	    err->kind == ERR_BUG ? MSG_RECORDS_WAIT : MSG_POSTGRES_AWAY);
}

/* Give the lock back, or leave it marked so that nobody else runs into the same trouble. */
static bool
finish(struct drain *d, bool ok, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (d->held && ok)
		(void)done(d, STR_NULL, "drop", LOCK_MS, "", &ignored);
	else if (d->held)
		(void)done(
		    d, STR_NULL, "fail", RECORDS_BACKOFF_MS, why_word(err), &ignored);
	arena_wipe(d->arena);
	/* A write that may have happened is as good as one that did not: it is repeated. */
	if (!ok && err->kind == ERR_UNCERTAIN)
		err->kind = ERR_UPSTREAM;
	return ok;
}

bool
records_drain(struct redis *r, struct pg *pg, struct arena *a, int64_t budget_ms,
    struct records_result *ret, struct err *err)
{
	struct drain d;
	struct batch b;
	bool ok;

	drain_init(&d, r, pg, a, budget_ms);
	do
		ok = step(&d, &b, err);
	while (ok && d.held && has_time(&d));
	d.sum.busy = ok && !d.held && d.sum.left > 0;
	ok = finish(&d, ok, err);
	*ret = d.sum;
	return ok;
}

/* Whether all up to `target` is written. False with err set when it will not be soon. */
static bool
settled(struct drain *d, struct place *target, bool *ret_settled, struct err *err)
{
	struct batch b;

	if (!step(d, &b, err))
		return false;
	if (target->ms == 0)
		*target = b.newest;
	if (b.what == TAKE_BATCH)
		*ret_settled = !is_after(*target, b.written);
	else
		*ret_settled = b.what == TAKE_EMPTY || is_after(b.oldest, *target);
	if (*ret_settled)
		return true;
	if (b.what == TAKE_FAILING)
		return err_tell_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM,
		    MSG_RECORDS_WAIT, "records could not be written a moment ago");
	if (!has_time(d))
		return err_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM,
		    "records are still being written");
	if (b.what == TAKE_BUSY)
		poll(NULL, 0, NAP_MS);
	return true;
}

bool
records_settle(
    struct redis *r, struct pg *pg, struct arena *a, int64_t budget_ms, struct err *err)
{
	struct place target = { 0, 0 };
	bool ok, all = false;
	struct drain d;

	drain_init(&d, r, pg, a, budget_ms);
	do
		ok = settled(&d, &target, &all, err);
	while (ok && !all);
	return finish(&d, ok, err);
}

bool
records_look(struct redis *r, struct arena *a, struct records_queue *ret, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, a, SCRIPT_RECORDS_LOOK);
	if (!redis_call(r, &c, err))
		return err_while(err, "counting records");
	ret->waiting = reply_int(c.reply, 1);
	ret->oldest_ms = reply_int(c.reply, 2);
	if (ret->oldest_ms < 0)
		ret->oldest_ms = 0;
	ret->dead = reply_int(c.reply, 3);
	return true;
}

bool
records_due(struct redis *r, struct arena *a, int64_t age_ms, int64_t timeout_ms)
{
	struct err ignored = ERR_INIT;
	struct redis_call c;
	bool due;

	redis_call_init(&c, a, SCRIPT_RECORDS_LOOK);
	due = redis_try(r, &c, timeout_ms, &ignored) &&
	      redis_reply_ok(c.reply, &ignored) && reply_int(c.reply, 1) > 0 &&
	      (reply_int(c.reply, 2) < 0 || reply_int(c.reply, 2) >= age_ms);
	arena_wipe(a);
	return due;
}

/* ---- reading ---- */

static struct history_row
history_row(const struct pg_rows *rows, size_t i, struct str user_id)
{
	return (struct history_row){
		.user_id = user_id,
		.id = pg_int(rows, i, 1, 0),
		.stage_arn = pg_cell(rows, i, 2),
		.participant_id = pg_cell(rows, i, 3),
		.joined_at_ms = pg_int(rows, i, 4, 0),
		.left_at_ms = pg_int(rows, i, 5, 0),
		.watch_seconds = pg_int(rows, i, 6, -1),
		.end_reason = pg_cell(rows, i, 7),
		.user_agent = pg_cell(rows, i, 8),
		.ip_address = pg_cell(rows, i, 9),
	};
}

bool
records_history(struct pg *pg, struct arena *a, struct str user_id, int64_t limit,
    int64_t before, struct history_page *ret, struct err *err)
{
	struct str params[] = { user_id, str_printf(a, "%lld", (long long)limit),
		before > 0 ? str_printf(a, "%lld", (long long)before) : STR_NULL };
	struct pg_rows rows;
	size_t i;

	if (!pg_run(pg, a, Q_HISTORY_PAGE, params, 3, READ_MS, &rows, err))
		return err_while(err, "reading the history");
	ret->total = pg_int(&rows, 0, 0, 0);
	/* Nothing of his on this page: one line that only has the total. */
	ret->n = pg_cell(&rows, 0, 1).p != NULL ? rows.rows : 0;
	ret->rows = arena_alloc(a, ret->n * sizeof(*ret->rows));
	for (i = 0; i < ret->n; i++)
		ret->rows[i] = history_row(&rows, i, user_id);
	return true;
}

bool
records_stage_stats(struct pg *pg, struct arena *a, struct str stage_arn, int64_t days,
    struct stage_stats *ret, struct err *err)
{
	struct str params[] = { stage_arn, str_printf(a, "%lld", (long long)days) };
	struct stage_stats s = { 0 };
	struct pg_rows rows;

	if (!pg_run(pg, a, Q_STAGE_STATS, params, 2, READ_MS, &rows, err))
		return err_while(err, "reading the numbers of a stage");
	s.total_views = pg_int(&rows, 0, 0, 0);
	s.unique_viewers = pg_int(&rows, 0, 1, 0);
	s.max_watch_s = pg_int(&rows, 0, 2, 0);
	s.total_watch_s = pg_int(&rows, 0, 3, 0);
	if (s.total_views > 0)
		s.avg_watch_s = (s.total_watch_s + s.total_views / 2) / s.total_views;
	*ret = s;
	return true;
}
