#include "domain/stages_sync.h"

#include "domain/stage_tags.h"
#include "base/banned.h"

struct sync {
	struct stage_work *w;
	struct show show;	 /* the registry, read before the list */
	struct ivs_stages all;	 /* the list */
	struct stages_sync *out; /* room for one item per stage of either */
};

static void
note(struct sync *s, enum stages_sync_kind kind, struct str arn)
{
	s->out->items[s->out->n_items++] = (struct stages_sync_item){ kind, arn };
}

static bool
read_registry(struct sync *s, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, s->w->arena, SCRIPT_STATS);
	stages_show_ask(&c, true);
	if (!redis_call(s->w->redis, &c, err))
		return err_while(err, "reading the registry");
	stages_show_answer(s->w->cfg, c.reply, s->w->arena, &s->show);
	return true;
}

static const struct ivs_stage *
in_aws(const struct sync *s, struct str arn)
{
	size_t i;

	for (i = 0; i < s->all.n; i++)
		if (str_eq(s->all.v[i].arn, arn))
			return &s->all.v[i];
	return NULL;
}

/* Whole, with its endpoints; back into the registry with what its tags tell. */
static bool
adopt(struct sync *s, const struct ivs_stage *listed, struct err *err)
{
	struct stage_work *w = s->w;
	struct ivs_stage found = { 0 };
	struct err why = ERR_INIT;
	struct redis_call c;
	struct str order;
	json_t *members;

	if (!ivs_get_stage(w->ivs, w->arena, listed->arn, &found, &why)) {
		if (why.kind == ERR_NOT_FOUND)
			return true;
		*err = why;
		return err_while(err, "adopting a stage");
	}
	order = stage_tags_value(w->arena, &found, TAG_ORDER);
	members = stage_members(&found);
	json_object_set_new(members, "order", json_str(order));
	json_object_set_new(members, "autoScaled",
	    json_boolean(stage_tags_has(&found, TAG_AUTO_SCALED, STR("true"))));
	redis_call_init(&c, w->arena, SCRIPT_STAGE_MADE);
	redis_arg(&c, found.arn);
	redis_arg(&c, order);
	redis_arg(&c, json_text(w->arena, members));
	json_decref(members);
	if (!redis_call(w->redis, &c, err))
		return err_while(err, "adopting a stage");
	note(s, STAGE_ADOPTED, listed->arn);
	return true;
}

/* What was changed in the console: name and tags; and the session that runs. A master that had been missing is back. */
static bool
follow(struct sync *s, const struct stage *known, const struct ivs_stage *listed,
    struct err *err)
{
	json_t *members = stage_members(listed);
	bool back = known->master && str_is(known->state, "gone");
	bool same = str_eq(known->name, listed->name) &&
		    json_equal(known->tags, json_object_get(members, "tags"));
	struct err why = ERR_INIT;
	struct stage ignored;

	if (!back && same && str_eq(known->session_id, listed->active_session_id)) {
		json_decref(members);
		return true;
	}
	if (listed->active_session_id.n == 0)
		json_object_set_new(members, "session", json_null());
	if (back)
		json_object_set_new(members, "state", json_string("active"));
	if (!stage_note(s->w, known->arn, members, &ignored, &why)) {
		/* Somebody has removed it meanwhile. */
		if (why.tell == MSG_NO_STAGE)
			return true;
		*err = why;
		return false;
	}
	/* A name read for the first time is no change, and a session comes and goes. */
	if (known->name.n > 0 && !(same && !back))
		note(s, STAGE_CHANGED, known->arn);
	return true;
}

/* The master is ours because the settings say so. */
static bool
is_ours(const struct sync *s, const struct stage *known, const struct ivs_stage *a)
{
	return known->master || stage_tags_ours(s->w->cfg, a);
}

/*
 * Not in the list, or there without our tags. A list may lag behind: gone is what GetStage
 * does not know.
 */
static bool
missing(struct sync *s, const struct stage *known, struct err *err)
{
	struct err why = ERR_INIT;
	struct ivs_stage found = { 0 };
	bool there, listed = in_aws(s, known->arn) != NULL;

	if (known->master && str_is(known->state, "gone"))
		return true;
	there = ivs_get_stage(s->w->ivs, s->w->arena, known->arn, &found, &why);
	if (there && is_ours(s, known, &found))
		return true;
	/* Our rights may end with our tags. */
	if (!there && why.kind != ERR_NOT_FOUND && !(listed && why.kind == ERR_DENIED)) {
		*err = why;
		return err_while(err, "looking for a missing stage");
	}
	if (!stage_forget(s->w, known, err))
		return false;
	note(s, there || why.kind == ERR_DENIED ? STAGE_LEFT : STAGE_GONE, known->arn);
	return true;
}

static bool
compare_registry(struct sync *s, struct err *err)
{
	const struct ivs_stage *listed;
	size_t i;

	for (i = 0; i < s->show.n_stages; i++) {
		const struct stage *known = &s->show.stages[i];

		listed = in_aws(s, known->arn);
		if (listed != NULL && str_is(known->state, "unreadable")
			? !adopt(s, listed, err)
		    : listed != NULL && is_ours(s, known, listed)
			? !follow(s, known, listed, err)
			: !missing(s, known, err))
			return false;
	}
	return true;
}

static bool
compare_aws(struct sync *s, struct err *err)
{
	struct stages_sync *out = s->out;
	size_t i;

	for (i = 0; i < s->all.n; i++) {
		const struct ivs_stage *a = &s->all.v[i];
		bool known = show_find(&s->show, a->arn) != NULL;

		if (!known && !stage_tags_ours(s->w->cfg, a))
			continue;
		if (!known && !adopt(s, a, err))
			return false;
		if (a->active_session_id.n > 0)
			out->sessions[out->n_sessions++] =
			    (struct stages_session){ a->arn, a->active_session_id };
	}
	return true;
}

bool
stages_sync(struct stage_work *w, struct stages_sync *ret, struct err *err)
{
	struct sync s = { .w = w, .out = ret };
	size_t most;

	memset(ret, 0, sizeof(*ret));
	if (!read_registry(&s, err) || !ivs_list_stages(w->ivs, w->arena, &s.all, err))
		return false;
	most = s.all.n + s.show.n_stages;
	ret->items = arena_zalloc(w->arena, (most + 1) * sizeof(*ret->items));
	ret->sessions = arena_zalloc(w->arena, (s.all.n + 1) * sizeof(*ret->sessions));
	return compare_registry(&s, err) && compare_aws(&s, err);
}

struct str
stages_session_of(const struct stages_sync *s, struct str arn)
{
	size_t i;

	for (i = 0; i < s->n_sessions; i++)
		if (str_eq(s->sessions[i].arn, arn))
			return s->sessions[i].session_id;
	return STR("");
}
