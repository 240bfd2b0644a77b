#include "domain/stage_work.h"

#include "aws/ivs_error.h"
#include "base/parse.h"
#include "domain/records.h"
#include "domain/stage_tags.h"
#include "base/banned.h"

#define GONE_BATCH 500
#define SCHEMA_MS 300
#define SETTLE_MS 1000
#define LIST_LAG_MS 10000 /* after which ListStages has what was made */
#define STATE_ANY STR("")

static bool
lock_lost(struct err *err)
{
	return err_set(err, ERR_LOCK_LOST, "the lock of this run was lost");
}

static bool
no_stage(struct str arn, struct err *err)
{
	return err_tell(
	    err, ERR_NOT_FOUND, MSG_NO_STAGE, "no stage '%.*s'", STR_ARG(arn));
}

/* A script whose first own argument is the token of the lock. */
static void
fenced(struct stage_work *w, struct redis_call *c, enum script script)
{
	redis_call_init(c, w->arena, script);
	redis_arg(c, w->lock);
}

/* What is acknowledged should not be lost with Redis; without PostgreSQL it waits in the stream. */
static void
settle(struct stage_work *w)
{
	struct err ignored = ERR_INIT;

	if (w->drain != NULL)
		(void)records_settle(w->redis, w->pg, w->drain, SETTLE_MS, &ignored);
}

/* ---- the entry ---- */

bool
stage_read(struct stage_work *w, struct str arn, struct stage *ret, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, w->arena, SCRIPT_STAGE_GET);
	stages_get_ask(&c, arn);
	return redis_call(w->redis, &c, err) &&
	       stages_get_answer(w->cfg, c.reply, arn, ret, err);
}

/*
 * By hand nothing is changed beside the database of another program or version. PostgreSQL away does
 * not matter. A run of the keeper goes on: a show does not wait for deploy/migrate.
 */
static bool
database_is_ours(struct stage_work *w, struct err *err)
{
	struct err why = ERR_INIT;

	if (w->pg == NULL || w->lock.n > 0 || pg_connect(w->pg, SCHEMA_MS, &why) ||
	    why.kind != ERR_SCHEMA)
		return true;
	*err = why;
	return false;
}

/* Takes the reference of members. state: the entry must be in it. */
static bool
entry_set(struct stage_work *w, struct str arn, json_t *members, struct str state,
    struct stage *ret, struct err *err)
{
	struct redis_call c;
	struct str word;

	fenced(w, &c, SCRIPT_STAGE_SET);
	redis_arg(&c, arn);
	redis_arg(&c, json_text(w->arena, members));
	redis_arg(&c, state);
	json_decref(members);
	if (!redis_call(w->redis, &c, err))
		return err_while(err, "changing the entry of '%.*s'", STR_ARG(arn));
	word = reply_str(c.reply, 0);
	if (str_is(word, "LOST"))
		return lock_lost(err);
	if (str_is(word, "NO_STAGE"))
		return no_stage(arn, err);
	if (str_is(word, "STATE"))
		return err_set(err, ERR_CONFLICT, "stage '%.*s' is %.*s", STR_ARG(arn),
		    STR_ARG(reply_str(c.reply, 1)));
	stage_from_json(w->cfg, arn, reply_str(c.reply, 1), ret);
	ret->viewers_now = reply_int(c.reply, 2);
	settle(w);
	return true;
}

/* ---- make ---- */

static json_t *
members_of(const struct stage_order *o, const struct ivs_stage *s)
{
	json_t *m = stage_members(s);

	json_object_set_new(m, "autoScaled", json_boolean(o->auto_scaled));
	json_object_set_new(m, "order", json_str(o->id));
	json_object_set_new(m, "state", json_string("active"));
	if (o->max_viewers > 0)
		json_object_set_new(m, "maxViewers", json_integer(o->max_viewers));
	return m;
}

/* The order is over: with a stage, or (made == NULL) without. */
static bool
order_end(struct stage_work *w, const struct stage_order *o, const struct ivs_stage *made,
    struct stage *ret, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, w->arena, SCRIPT_STAGE_MADE);
	redis_arg(&c, made != NULL ? made->arn : STR(""));
	redis_arg(&c, o->id);
	redis_arg(
	    &c, made != NULL ? json_text(w->arena, members_of(o, made)) : STR("{}"));
	if (!redis_call(w->redis, &c, err))
		return err_while(err, "noting a new stage");
	if (made == NULL)
		return true;
	stage_from_json(w->cfg, made->arn, reply_str(c.reply, 1), ret);
	settle(w);
	return true;
}

/* What this order has made in AWS. Its endpoints are not in a list. */
static bool
find_made(struct stage_work *w, const struct stage_order *o, bool *ret_found,
    struct ivs_stage *ret, struct err *err)
{
	struct ivs_stages all;
	size_t i;

	*ret_found = false;
	if (!ivs_list_stages(w->ivs, w->arena, &all, err))
		return err_while(err, "looking for the stage of an earlier try");
	for (i = 0; i < all.n && !*ret_found; i++)
		*ret_found = stage_tags_has(&all.v[i], TAG_ORDER, o->id) &&
			     stage_tags_ours(w->cfg, &all.v[i]);
	if (!*ret_found)
		return true;
	return ivs_get_stage(w->ivs, w->arena, all.v[i - 1].arn, ret, err);
}

/*
 * Create; when the answer is lost, look whether it was done. The order stays open while that is
 * not known: it counts against MAX_STAGES until the keeper drops it.
 */
static bool
create(struct stage_work *w, const struct stage_order *o, struct ivs_stage *ret,
    struct err *err)
{
	struct err why = ERR_INIT, unseen = ERR_INIT;
	json_t *tags = stage_tags_make(w->cfg, o->tags, o->id, o->auto_scaled);
	bool found = false, ok;
	struct stage none;

	ok = ivs_create_stage(w->ivs, w->arena, o->name, tags, ret, &why);
	json_decref(tags);
	if (ok)
		return true;
	if (why.kind == ERR_UNCERTAIN && find_made(w, o, &found, ret, &unseen) && found)
		return true;
	if (why.kind != ERR_UNCERTAIN)
		(void)order_end(w, o, NULL, &none, &unseen);
	*err = why;
	return err_while(err, "making stage '%.*s'", STR_ARG(o->name));
}

/* An earlier try got no answer, and what it may have made would not be in the list yet. */
static bool
not_listed_yet(const struct stage_order *o, struct err *err)
{
	err_tell_from(err, ERR_FROM_AWS, ERR_UNCERTAIN, MSG_STAGE_NOT_LISTED,
	    "AWS may have made stage '%.*s' a moment ago and not list it yet",
	    STR_ARG(o->name));
	err->operation = "CreateStage";
	err->reason = IVS_REASON_NOT_LISTED;
	return false;
}

/* ARGV[13] of stage_order.lua. A server that hides its run id is never known to be the one of before. */
static struct str
repeat_word(const struct stage_work *w, const struct stage_order *order)
{
	if (!order->may_repeat)
		return STR("");
	return redis_server(w->redis).n > 0 ? STR("1") : STR("ask");
}

bool
stage_make(struct stage_work *w, const struct stage_order *order, struct stage *ret,
    struct err *err)
{
	struct ivs_stage made = { 0 };
	bool found = false;
	struct redis_call c;
	struct str word;

	if (!database_is_ours(w, err))
		return false;
	fenced(w, &c, SCRIPT_STAGE_ORDER);
	redis_arg(&c, order->id);
	redis_arg(&c, order->name);
	redis_arg_int(&c, w->cfg->max_stages);
	redis_arg_int(&c, LIST_LAG_MS);
	redis_arg(&c, repeat_word(w, order));
	if (!redis_call(w->redis, &c, err))
		return err_while(err, "ordering a stage");
	word = reply_str(c.reply, 0);
	if (str_is(word, "LOST"))
		return lock_lost(err);
	if (str_is(word, "LIMIT"))
		return err_set(err, ERR_STAGES,
		    "%lld stages exist or are being made, MAX_STAGES is %lld",
		    (long long)reply_int(c.reply, 1), (long long)w->cfg->max_stages);
	if (str_is(word, "MADE")) {
		stage_from_json(
		    w->cfg, reply_str(c.reply, 1), reply_str(c.reply, 2), ret);
		return true;
	}
	if (reply_int(c.reply, 1) == 1 && !find_made(w, order, &found, &made, err))
		return false;
	if (!found && reply_int(c.reply, 2) == 0)
		return not_listed_yet(order, err);
	if (!found && !create(w, order, &made, err))
		return false;
	return order_end(w, order, &made, ret, err);
}

/* ---- change ---- */

bool
stage_note(struct stage_work *w, struct str arn, json_t *members, struct stage *ret,
    struct err *err)
{
	return entry_set(w, arn, members, STATE_ANY, ret, err);
}

bool
stage_change(struct stage_work *w, struct str arn, struct str name, int64_t max_viewers,
    struct stage *ret, struct err *err)
{
	json_t *members = json_object();
	struct ivs_stage answer;

	if (!database_is_ours(w, err) || !stage_read(w, arn, ret, err))
		return false;
	if (name.n > 0) {
		if (!ivs_update_stage(w->ivs, w->arena, arn, name, &answer, err))
			return err_while(err, "renaming a stage");
		json_object_set_new(members, "name", json_str(name));
	}
	if (max_viewers >= 0)
		json_object_set_new(members, "maxViewers",
		    max_viewers > 0 ? json_integer(max_viewers) : json_null());
	return stage_note(w, arn, members, ret, err);
}

bool
stage_drain(struct stage_work *w, struct str arn, bool drain, struct err *err)
{
	struct stage s;

	if (str_eq(arn, w->cfg->master_stage_arn))
		return err_tell(err, ERR_FORBIDDEN, MSG_MASTER_STAYS, "the master stage");
	if (!database_is_ours(w, err))
		return false;
	return entry_set(w, arn,
	    json_pack("{s:s}", "state", drain ? "draining" : "active"),
	    drain ? STR("active") : STR("draining"), &s, err);
}

/* ---- remove ---- */

/* From here nobody is seated. *ret is the entry, its state what it was before. */
static bool
close_stage(struct stage_work *w, struct str arn, struct stage *ret, int64_t *ret_viewers,
    struct err *err)
{
	struct redis_call c;
	struct str word;

	fenced(w, &c, SCRIPT_STAGE_CLOSE);
	redis_arg(&c, arn);
	if (!redis_call(w->redis, &c, err))
		return err_while(err, "closing a stage");
	word = reply_str(c.reply, 0);
	if (str_is(word, "LOST"))
		return lock_lost(err);
	if (str_is(word, "MASTER"))
		return err_tell(err, ERR_FORBIDDEN, MSG_MASTER_STAYS, "the master stage");
	if (str_is(word, "NO_STAGE"))
		return no_stage(arn, err);
	if (str_is(word, "BUSY")) {
		*ret_viewers = reply_int(c.reply, 1);
		return err_tell(err, ERR_INPUT, MSG_STAGE_HAS_VIEWERS,
		    "%lld seats are taken there", (long long)*ret_viewers);
	}
	stage_from_json(w->cfg, arn, reply_str(c.reply, 1), ret);
	ret->state = reply_str(c.reply, 2);
	return true;
}

/* What is gone already was what we wanted. */
static bool
stop_and_delete(struct stage_work *w, const struct stage *s, struct err *err)
{
	struct err why = ERR_INIT;
	struct replication r;

	if (replication_of(s, &r) && !replication_end(w, &r, err))
		return false;
	if (ivs_delete_stage(w->ivs, w->arena, s->arn, &why) || why.kind == ERR_NOT_FOUND)
		return true;
	*err = why;
	return err_while(err, "deleting a stage");
}

bool
stage_forget(struct stage_work *w, const struct stage *s, struct err *err)
{
	struct redis_call c;

	do {
		redis_call_init(&c, w->arena, SCRIPT_STAGE_GONE);
		redis_arg(&c, s->arn);
		redis_arg_int(&c, GONE_BATCH);
		if (!redis_call(w->redis, &c, err))
			return err_while(err, "forgetting a stage");
	} while (reply_int(c.reply, 2) > 0);
	settle(w);
	return true;
}

static json_t *
replica_off(const struct stage *s)
{
	return json_pack("{s:o, s:o, s:I, s:b}", "p", json_str(s->replica_participant),
	    "s", json_str(s->replica_source), "at", (json_int_t)s->replica_since_ms, "on",
	    0);
}

bool
stage_remove(struct stage_work *w, struct str arn, int64_t *ret_viewers, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct stage s, reopened;
	json_t *members;

	if (!database_is_ours(w, err) || !close_stage(w, arn, &s, ret_viewers, err))
		return false;
	if (stop_and_delete(w, &s, err))
		return stage_forget(w, &s, err);
	/* Surely still there: as if nobody had asked. Else the keeper goes on from here. */
	if (err->kind == ERR_UNCERTAIN)
		return false;
	members = json_pack("{s:o}", "state", json_str(s.state));
	/* Its replica may be stopped by now: no seat before AWS is seen to have it. */
	if (s.replica_participant.n > 0)
		json_object_set_new(members, "replica", replica_off(&s));
	(void)entry_set(w, arn, members, STR("closing"), &reopened, &ignored);
	return false;
}
