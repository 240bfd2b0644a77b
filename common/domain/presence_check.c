#include "domain/presence_check.h"

#include <stdio.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/parse.h"
#include "domain/records.h"
#include "base/memory.h"
#include "base/banned.h"

#define ARENA_BYTES (64u << 20)
#define SEATS_AT_ONCE 1000
#define STRAYS_AT_ONCE 1000
#define IDS_AT_ONCE 10000
#define SETTLE_MS 10000
#define READ_MS 20000
#define PASSES_MAX 100
#define CURSOR_BYTES 512 /* a user id has 100 characters at most */

const struct presence_fault_text presence_fault_texts[FAULT_COUNT] = {
	[FAULT_SEAT_NO_SESSION] = { "seat_no_session", "a seat has no session",
	    "the session of its open row is put back, or a new one begins" },
	[FAULT_SESSION_NO_SEAT] = { "session_no_seat", "a session has no seat",
	    "taken out; its row ends when it was last known of" },
	[FAULT_INDEX_WRONG] = { "index_wrong",
	    "viewer:stage does not say that he sits there",
	    "it is made to say so; a second seat of one person ends" },
	[FAULT_INDEX_STRAY] = { "index_stray", "viewer:stage names a seat that is not",
	    "taken out" },
	[FAULT_STAGE_UNLISTED] = { "stage_unlisted",
	    "a stage with seats is missing in viewer:stages", "put in" },
	[FAULT_MOVE_BROKEN] = { "move_broken", "an entry of viewer:moving makes no sense",
	    "taken out" },
	[FAULT_ROW_NO_SESSION] = { "row_no_session",
	    "an open row belongs to nobody who sits",
	    "ended as timeout when it was last known of" },
	[FAULT_SESSION_NO_ROW] = { "session_no_row", "a session has no row",
	    "its join is recorded again" },
	[FAULT_SESSION_ROW_ENDED] = { "session_row_ended",
	    "the row of a session has ended", "he goes on with a new session" },
};

/* One person or session in question. */
struct item {
	struct str user_id, stage_arn, session_id;
	struct str joined_ms, participant_id, known_ms; /* of a row */
	enum presence_fault fault;
	bool suspect;
};

struct check {
	struct redis *redis;
	struct pg *pg;
	struct arena *keep;	  /* what the report names */
	struct arena work, drain; /* a page; a batch of records */
	bool mend, all;
	struct presence_report *ret;
	struct str *stages;
	size_t n_stages;
};

/* ---- findings ---- */

static enum presence_fault
fault_of(struct str name)
{
	int i;

	for (i = 0; i < FAULT_COUNT; i++)
		if (str_is(name, presence_fault_texts[i].name))
			return (enum presence_fault)i;
	BUG("a script names a fault that is none");
}

/* counts: the fault that is gone by it. */
static bool
mend(struct check *k, const struct item *it, enum presence_fault counts, struct err *err)
{
	struct redis_call c;
	char sid[UUID_BYTES];

	crypto_uuid(sid);
	redis_call_init(&c, &k->work, SCRIPT_PRESENCE_MEND);
	redis_arg(&c, str_of(presence_fault_texts[it->fault].name));
	redis_arg(&c, it->user_id);
	redis_arg(&c, it->stage_arn);
	redis_arg(&c, it->session_id);
	redis_arg(&c, it->joined_ms);
	redis_arg(&c, it->participant_id);
	redis_arg(&c, it->known_ms);
	redis_arg(&c, str_of(sid));
	if (!redis_call(k->redis, &c, err))
		return err_while(err, "mending");
	k->ret->of[counts].mended += reply_int(c.reply, 1);
	k->ret->mended += reply_int(c.reply, 1);
	return true;
}

static bool
found(struct check *k, const struct item *it, struct err *err)
{
	struct presence_finding *f = &k->ret->of[it->fault];
	int i;

	f->found++;
	k->ret->differences++;
	for (i = 0; i < PRESENCE_EXAMPLES; i++) {
		if (f->examples[i].stage_arn.p != NULL)
			continue;
		f->examples[i].user_id = str_dup(k->keep, it->user_id);
		f->examples[i].stage_arn = str_dup(k->keep, it->stage_arn);
		break;
	}
	return !k->mend || mend(k, it, it->fault, err);
}

/* All that was recorded until now is in PostgreSQL. */
static bool
settle(struct check *k, struct err *err)
{
	return records_settle(k->redis, k->pg, &k->drain, SETTLE_MS, err);
}

/* ---- what is left behind ---- */

static bool
look(struct check *k, struct err *err)
{
	struct redis_call c;
	struct item it;
	size_t i;

	redis_call_init(&c, &k->work, SCRIPT_PRESENCE_LOOK);
	redis_arg_int(&c, STRAYS_AT_ONCE);
	redis_arg(&c, k->all ? STR("1") : STR(""));
	if (!redis_call(k->redis, &c, err))
		return err_while(err, "looking at the seats");
	k->ret->seats = reply_int(c.reply, 1);
	k->n_stages = (size_t)reply_int(c.reply, 2);
	k->ret->stages = (int64_t)k->n_stages;
	k->stages = arena_alloc(k->keep, (k->n_stages + 1) * sizeof(*k->stages));
	for (i = 0; i < k->n_stages; i++)
		k->stages[i] = str_dup(k->keep, reply_str(c.reply, 3 + i));
	for (i = 3 + k->n_stages; i + 2 < c.reply->n; i += 3) {
		it = (struct item){ .fault = fault_of(reply_str(c.reply, i)),
			.stage_arn = reply_str(c.reply, i + 1),
			.user_id = reply_str(c.reply, i + 2) };
		if (!found(k, &it, err))
			return false;
	}
	arena_wipe(&k->work);
	return true;
}

/* ---- open rows ---- */

/* 0 nothing, 1 it is there, 2 a seat without a session: as presence_where has it. */
static bool
where(struct check *k, const struct item *items, size_t n, const struct reply **ret,
    struct err *err)
{
	json_t *list = json_array();
	struct redis_call c;
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list,
		    json_pack("[o, o, o]", json_str(items[i].user_id),
			json_str(items[i].stage_arn), json_str(items[i].session_id)));
	redis_call_init(&c, &k->work, SCRIPT_PRESENCE_WHERE);
	redis_arg(&c, json_text(&k->work, list));
	json_decref(list);
	if (!redis_call(k->redis, &c, err))
		return err_while(err, "looking for sessions");
	*ret = c.reply;
	return true;
}

/* Of each suspect '1': its row is open, '0': ended, or no view, '-': it has none; of the
 * others NUL. */
static bool
rows_of(struct check *k, const struct item *items, size_t n, char *ret_states,
    struct err *err)
{
	struct pg_rows rows;
	struct str list;
	struct buf b;
	size_t i, row = 0;

	buf_init(&b, &k->work, n * 40 + 8);
	buf_char(&b, '{');
	for (i = 0; i < n; i++)
		if (items[i].suspect)
			buf_printf(&b, "%s%.*s", b.n > 1 ? "," : "",
			    STR_ARG(items[i].session_id));
	buf_char(&b, '}');
	INVARIANT(buf_ok(&b));
	list = buf_view(&b);
	if (!pg_run(k->pg, &k->work, Q_PRESENCE_ROWS_OF, &list, 1, READ_MS, &rows, err))
		return err_while(err, "reading rows");
	memset(ret_states, 0, n);
	for (i = 0; i < n; i++)
		if (items[i].suspect)
			ret_states[i] = pg_cell(&rows, row++, 0).p[0];
	return true;
}

/* Some open rows: whose session is nowhere, and whose row is still open when all records of that
 * moment are written, has a row that nobody will end. */
static bool
check_rows(struct check *k, struct item *items, size_t n, struct err *err)
{
	char *states = arena_zalloc(&k->work, n + 1);
	const struct reply *there;
	bool any = false;
	size_t i;

	if (!where(k, items, n, &there, err))
		return false;
	for (i = 0; i < n; i++) {
		int64_t place = reply_int(there, 1 + i);

		items[i].fault = FAULT_ROW_NO_SESSION;
		items[i].suspect = place == 0;
		any = any || place == 0;
		/* The seat is the fault, found elsewhere; here is its session. */
		if (place == 2 && k->mend &&
		    !mend(k, &items[i], FAULT_SEAT_NO_SESSION, err))
			return false;
	}
	if (!any)
		return true;
	if (!settle(k, err) || !rows_of(k, items, n, states, err))
		return false;
	for (i = 0; i < n; i++)
		if (states[i] == '1' && !found(k, &items[i], err))
			return false;
	return true;
}

static size_t
items_of_rows(struct check *k, const struct pg_rows *rows, struct item **ret)
{
	size_t n = 0, i;

	*ret = arena_zalloc(&k->work, (rows->rows + 1) * sizeof(**ret));
	for (i = 0; i < rows->rows; i++)
		if (pg_cell(rows, i, 1).p != NULL)
			(*ret)[n++] = (struct item){ .session_id = pg_cell(rows, i, 1),
				.user_id = pg_cell(rows, i, 2),
				.stage_arn = pg_cell(rows, i, 3),
				.joined_ms = pg_cell(rows, i, 4),
				.participant_id = pg_cell(rows, i, 5),
				.known_ms = pg_cell(rows, i, 6) };
	return n;
}

static bool
all_rows(struct check *k, struct err *err)
{
	int64_t from = 0, top = 1;
	struct str params[2];
	struct pg_rows rows;
	struct item *items;
	size_t n, at, some;

	k->ret->open_rows = 0;
	for (; from < top; from += IDS_AT_ONCE) {
		params[0] = str_printf(&k->work, "%lld", (long long)from);
		params[1] = str_printf(&k->work, "%d", IDS_AT_ONCE);
		if (!pg_run(k->pg, &k->work, Q_PRESENCE_ROWS, params, 2, READ_MS, &rows,
			err) ||
		    !parse_i64(pg_cell(&rows, 0, 0), 0, INT64_MAX, &top))
			return err_while(err, "reading open rows");
		n = items_of_rows(k, &rows, &items);
		k->ret->open_rows += (int64_t)n;
		for (at = 0; at < n; at += some) {
			some = n - at < SEATS_AT_ONCE ? n - at : SEATS_AT_ONCE;
			if (!check_rows(k, items + at, some, err))
				return false;
		}
		arena_wipe(&k->work);
	}
	return true;
}

/* ---- seats ---- */

/* Sessions of which the history does not say that they go on; with `settle` before, and if they
 * are still there, that is a fault of the row. */
static bool
check_sessions(struct check *k, struct item *items, size_t n, struct err *err)
{
	char *states = arena_zalloc(&k->work, n + 1);
	const struct reply *there;
	bool any = false;
	size_t i;

	for (i = 0; i < n; i++)
		items[i].suspect = items[i].session_id.n > 0;
	if (!rows_of(k, items, n, states, err))
		return false;
	for (i = 0; i < n; i++) {
		items[i].suspect = items[i].suspect && states[i] != '1';
		any = any || items[i].suspect;
	}
	if (!any)
		return true;
	if (!settle(k, err) || !rows_of(k, items, n, states, err) ||
	    !where(k, items, n, &there, err))
		return false;
	for (i = 0; i < n; i++) {
		items[i].fault =
		    states[i] == '0' ? FAULT_SESSION_ROW_ENDED : FAULT_SESSION_NO_ROW;
		if (items[i].suspect && states[i] != '1' &&
		    reply_int(there, 1 + i) == 1 && !found(k, &items[i], err))
			return false;
	}
	return true;
}

/* What the script saw is so: it saw a person's entries in one instant. */
static bool
check_page(struct check *k, const struct reply *page, struct err *err)
{
	size_t n = (page->n - 4) / 4, i;
	struct item *items = arena_zalloc(&k->work, (n + 1) * sizeof(*items));

	for (i = 0; i < n; i++) {
		struct str fault = reply_str(page, 7 + 4 * i);

		items[i] = (struct item){ .stage_arn = reply_str(page, 4 + 4 * i),
			.user_id = reply_str(page, 5 + 4 * i),
			.session_id = reply_str(page, 6 + 4 * i) };
		if (fault.n == 0)
			continue;
		items[i].fault = fault_of(fault);
		if (!found(k, &items[i], err))
			return false;
	}
	return check_sessions(k, items, n, err);
}

/* stage "": who is about to move. */
static bool
all_seats(struct check *k, struct str stage, struct err *err)
{
	char beat[CURSOR_BYTES] = "", user[CURSOR_BYTES] = "";
	struct redis_call c;
	bool more;

	do {
		redis_call_init(&c, &k->work, SCRIPT_PRESENCE_PAGE);
		redis_arg(&c, stage);
		redis_arg_int(&c, SEATS_AT_ONCE);
		redis_arg(&c, str_of(beat));
		redis_arg(&c, str_of(user));
		if (!redis_call(k->redis, &c, err))
			return err_while(err, "reading seats");
		if (stage.n == 0)
			k->ret->moves = (int64_t)(c.reply->n - 4) / 4;
		if (!check_page(k, c.reply, err))
			return false;
		more = reply_int(c.reply, 1) == 1;
		snprintf(beat, sizeof(beat), "%.*s", STR_ARG(reply_str(c.reply, 2)));
		snprintf(user, sizeof(user), "%.*s", STR_ARG(reply_str(c.reply, 3)));
		arena_wipe(&k->work);
	} while (more);
	return true;
}

/* ---- all of it ---- */

static void
forget_found(struct presence_report *r)
{
	int i;

	for (i = 0; i < FAULT_COUNT; i++)
		r->of[i].found = 0;
	r->differences = 0;
}

static bool
is_left_behind(enum presence_fault f)
{
	return f == FAULT_SESSION_NO_SEAT || f == FAULT_INDEX_STRAY ||
	       f == FAULT_STAGE_UNLISTED;
}

/* Something wrong with a seat may have hidden what is left behind of another in the sums. */
static bool
look_again(struct check *k, struct err *err)
{
	int i;

	if (k->all || k->ret->differences == 0)
		return true;
	for (i = 0; i < FAULT_COUNT; i++)
		if (is_left_behind((enum presence_fault)i)) {
			k->ret->differences -= k->ret->of[i].found;
			k->ret->of[i].found = 0;
		}
	k->all = true;
	return look(k, err);
}

/* Rows before seats: they know the sessions that seats have lost. */
static bool
pass(struct check *k, struct err *err)
{
	size_t i;

	forget_found(k->ret);
	if (!settle(k, err) || !look(k, err) || !all_rows(k, err))
		return false;
	for (i = 0; i < k->n_stages; i++)
		if (!all_seats(k, k->stages[i], err))
			return false;
	if (!all_seats(k, STR(""), err))
		return false;
	return k->mend || look_again(k, err);
}

static bool
passes(struct check *k, struct err *err)
{
	int64_t mended;
	int n = 0;

	do {
		mended = k->ret->mended;
		if (!pass(k, err))
			return false;
		k->all = k->ret->differences > 0;
	} while (k->mend && (k->ret->mended > mended || (k->all && n == 0)) &&
		 ++n < PASSES_MAX);
	return true;
}

bool
presence_check(struct redis *r, struct pg *pg, struct arena *a, bool mend_it,
    struct presence_report *ret, struct err *err)
{
	struct check k = { .redis = r, .pg = pg, .keep = a, .mend = mend_it };
	struct arena *before;
	bool ok;

	*ret = (struct presence_report){ 0 };
	k.ret = ret;
	memory_arena(&k.work, ARENA_BYTES);
	memory_arena(&k.drain, ARENA_BYTES);
	before = json_use(&k.work);
	ok = passes(&k, err);
	json_use(before);
	arena_clear(&k.work);
	arena_clear(&k.drain);
	return ok;
}

bool
presence_reload(struct redis *r, struct arena *a, bool *ret_was, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, a, SCRIPT_PRESENCE_RELOAD);
	if (!redis_call(r, &c, err))
		return false;
	*ret_was = reply_int(c.reply, 1) == 1;
	return true;
}
