#include "domain/restore.h"

#include "base/crypto.h"
#include "domain/api_keys.h"
#include "domain/compare.h"
#include "domain/records.h"
#include "base/banned.h"

#define LOCK_NAME STR("restore")
#define LOCK_MS 15000	    /* longer than any step takes */
#define LOCK_FAILED_MS 1500 /* nobody need try sooner after a failure */
#define SETTLE_MS 4000	    /* for what is still in the stream */
#define READ_MS 5000
#define PAGE_IDS STR("10000")
#define PART_SESSIONS STR("500")
#define AGE_MAX STR("14 days")

struct loader {
	struct redis *redis;
	struct pg *pg;
	struct arena *arena;
	char token[UUID_BYTES];
	char server[64]; /* run id of the one that is loaded; "": not known */
	bool has_keeper;
	int64_t began_ms; /* clock of Redis */
	int64_t at_ms;	  /* clock of PostgreSQL, at the end */
	struct restore_result *out;
};

/* A script of the loading, its first two arguments. */
static void
fenced(struct loader *l, struct redis_call *c, enum script script)
{
	redis_call_init(c, l->arena, script);
	redis_arg(c, str_of(l->token));
	redis_arg_int(c, LOCK_MS);
}

static bool
run_fenced(struct loader *l, struct redis_call *c, struct err *err)
{
	if (!redis_call(l->redis, c, err))
		return false;
	return !str_is(reply_str(c->reply, 0), "LOST") ||
	       err_set(err, ERR_LOCK_LOST, "another loader has taken over");
}

/* ---- the lock ---- */

static bool
lock_take(struct loader *l, int64_t life_ms, bool *ret_held, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, l->arena, SCRIPT_LOCK_TAKE);
	redis_arg(&c, LOCK_NAME);
	redis_arg(&c, str_of(l->token));
	redis_arg_int(&c, life_ms);
	redis_arg(&c, STR(""));
	if (!redis_call(l->redis, &c, err))
		return err_while(err, "taking the lock of the loader");
	*ret_held = str_is(reply_str(c.reply, 0), "HELD");
	return true;
}

static void
note_server(struct loader *l)
{
	struct str id = redis_server(l->redis);

	snprintf(l->server, sizeof(l->server), "%.*s", STR_ARG(id));
}

static void
lock_drop(struct loader *l)
{
	struct err ignored = ERR_INIT;
	struct redis_call c;

	redis_call_init(&c, l->arena, SCRIPT_LOCK_DROP);
	redis_arg(&c, LOCK_NAME);
	redis_arg(&c, str_of(l->token));
	(void)redis_call(l->redis, &c, &ignored);
}

/* Pages without an open session are many, and load nothing that would keep it. */
static bool
lock_keep(struct loader *l, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, l->arena, SCRIPT_LOCK_KEEP);
	redis_arg(&c, LOCK_NAME);
	redis_arg(&c, str_of(l->token));
	redis_arg_int(&c, LOCK_MS);
	return run_fenced(l, &c, err);
}

/* ---- the parts ---- */

static bool
begin(struct loader *l, struct err *err)
{
	struct redis_call c;

	fenced(l, &c, SCRIPT_RESTORE_BEGIN);
	redis_arg(&c, l->has_keeper ? STR("1") : STR(""));
	if (!run_fenced(l, &c, err))
		return false;
	if (str_is(reply_str(c.reply, 0), "WARM")) {
		l->out->end = RESTORE_WARM;
		l->out->keeper_due = reply_int(c.reply, 1) == 1;
	}
	l->began_ms = reply_int(c.reply, 1);
	return true;
}

/* *ret_taken: how many came back; NULL: nobody wants to know. */
static bool
load(struct loader *l, struct str what, struct str json, int64_t *ret_taken,
    struct err *err)
{
	struct redis_call c;

	if (json.p == NULL)
		return true;
	fenced(l, &c, SCRIPT_RESTORE_LOAD);
	redis_arg(&c, what);
	redis_arg(&c, json);
	if (!run_fenced(l, &c, err))
		return err_while(err, "loading %.*s", STR_ARG(what));
	if (ret_taken != NULL)
		*ret_taken += reply_int(c.reply, 1);
	l->out->ended += reply_int(c.reply, 2);
	return true;
}

static bool
load_stages(struct loader *l, struct err *err)
{
	struct pg_rows rows;
	bool ok;

	ok = pg_run(l->pg, l->arena, Q_RESTORE_STAGES, NULL, 0, READ_MS, &rows, err) &&
	     load(l, STR("stages"), pg_cell(&rows, 0, 0), &l->out->stages, err);
	arena_wipe(l->arena);
	return ok;
}

/* One page; *below goes on to the next, 0: there is none. */
static bool
load_page(struct loader *l, int64_t *below, struct err *err)
{
	struct str params[] = { str_printf(l->arena, "%lld", (long long)*below), PAGE_IDS,
		PART_SESSIONS, AGE_MAX };
	struct pg_rows rows;
	size_t i;

	if (!pg_run(l->pg, l->arena, Q_RESTORE_SESSIONS, params, 4, READ_MS, &rows, err))
		return false;
	*below = pg_int(&rows, 0, 0, 0);
	for (i = 0; i < rows.rows; i++)
		if (!load(l, STR("sessions"), pg_cell(&rows, i, 1), &l->out->seats, err))
			return false;
	return true;
}

static bool
load_sessions(struct loader *l, struct err *err)
{
	int64_t below = INT64_MAX;
	bool ok;

	do {
		ok = load_page(l, &below, err) && lock_keep(l, err);
		arena_wipe(l->arena);
	} while (ok && below > 0);
	return ok;
}

static bool
load_facts(struct loader *l, struct err *err)
{
	struct pg_rows rows;
	bool ok;

	ok = pg_run(l->pg, l->arena, Q_RESTORE_FACTS, NULL, 0, READ_MS, &rows, err) &&
	     load(l, pg_cell(&rows, 0, 0), pg_cell(&rows, 0, 1), NULL, err) &&
	     load(l, pg_cell(&rows, 1, 0), pg_cell(&rows, 1, 1), &l->out->bans, err);
	arena_wipe(l->arena);
	return ok;
}

static bool
load_keys(struct loader *l, struct err *err)
{
	struct api_key_stores s = { .pg = l->pg, .redis = l->redis, .arena = l->arena };
	bool ok = api_keys_publish(&s, err);

	arena_wipe(l->arena);
	return ok;
}

static bool
end(struct loader *l, struct err *err)
{
	struct redis_call c;
	struct compare_place place;

	if (!compare_place(l->pg, l->arena, READ_MS, &place, err))
		return false;
	fenced(l, &c, SCRIPT_RESTORE_END);
	redis_arg(&c, place.record);
	redis_arg_int(&c, l->began_ms);
	redis_arg(&c, l->has_keeper ? STR("1") : STR(""));
	redis_arg(&c, str_of(l->server));
	redis_arg_int(&c, place.at_ms);
	l->at_ms = place.at_ms;
	return run_fenced(l, &c, err);
}

/*
 * All that PostgreSQL has for a cold Redis, in this order (a session needs its stage). What needs to
 * outlive Redis and is not here is at AWS: docs/design.md, section 5, has the table.
 */
static bool (*const parts[])(struct loader *l, struct err *err) = { load_stages,
	load_sessions, load_facts, /* who publishes, bans */
	load_keys };

static bool
load_all(struct loader *l, struct err *err)
{
	bool ok;
	size_t i;

	if (!begin(l, err) || l->out->end == RESTORE_WARM)
		return l->out->end == RESTORE_WARM;
	ok = records_settle(l->redis, l->pg, l->arena, SETTLE_MS, err);
	for (i = 0; ok && i < sizeof(parts) / sizeof(*parts); i++)
		ok = parts[i](l, err);
	return ok && end(l, err);
}

bool
restore_run(struct redis *r, struct pg *pg, struct arena *a, bool has_keeper,
    struct restore_result *ret, struct err *err)
{
	struct loader l = {
		.redis = r, .pg = pg, .arena = a, .has_keeper = has_keeper, .out = ret
	};
	struct err ignored = ERR_INIT;
	bool held, ok;

	memset(ret, 0, sizeof(*ret));
	crypto_uuid(l.token);
	ok = lock_take(&l, LOCK_MS, &held, err);
	note_server(&l);
	if (!ok || held) {
		ret->end = RESTORE_BUSY;
		arena_wipe(a);
		return ok;
	}
	/* On a new connection there may be a replica that took over: it has the lock, too, but not surely
	 * all that was loaded, and must not get the end of it. */
	redis_pin(r, true);
	ok = load_all(&l, err);
	redis_pin(r, false);
	if (!ok && err->kind != ERR_LOCK_LOST)
		(void)lock_take(&l, LOCK_FAILED_MS, &held, &ignored);
	else
		lock_drop(&l);
	arena_wipe(a);
	if (!ok)
		return err_while(err, "loading the state from PostgreSQL");
	ret->keeper_due |= ret->end == RESTORE_DONE && has_keeper;
	redis_warm(r);
	if (l.at_ms > 0)
		redis_set_compared(r, l.at_ms);
	return true;
}
