/* The stages of the show, from the registry; what changes them goes through stage_work. */
#include <stdio.h>

#include "base/arn.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/parse.h"
#include "ctl/ctl.h"
#include "domain/keeper.h"
#include "base/banned.h"

#define CAPACITY_MAX 25000 /* as MAX_VIEWERS_PER_STAGE */
#define ORDER_MAX_BYTES 64

/* ---- which stage ---- */

/* The part behind "stage/" is enough: all stages of a show are of one account and region. */
static bool
arn_of(struct ctl *c, struct str *ret, struct err *err)
{
	struct str word = str_of(c->words[0]);
	struct arn master;

	*ret = word;
	if (arn_is_stage(word))
		return true;
	if (parse_word(word, "-", ARN_MAX_BYTES) &&
	    arn_parse(c->cfg->master_stage_arn, STR("stage"), &master)) {
		*ret = str_printf(c->arena, "arn:aws:ivs:%.*s:%.*s:stage/%.*s",
		    STR_ARG(master.region), STR_ARG(master.account), STR_ARG(word));
		if (arn_is_stage(*ret))
			return true;
	}
	return err_set(err, ERR_INPUT,
	    "'%.*s' is no stage: give its ARN, or the part of it behind stage/",
	    STR_ARG(word));
}

/* ---- list ---- */

static bool
show_read(struct ctl *c, struct show *ret, struct err *err)
{
	struct redis_call call = { .arena = c->arena };

	stages_show_ask(&call, true);
	if (!redis_call(c->work->redis, &call, err))
		return err_while(err, "reading the stages");
	stages_show_answer(c->cfg, call.reply, c->arena, ret);
	return true;
}

static const char *
picture_of(const struct show *show, const struct stage *s)
{
	if (s->master)
		return str_is(show->publisher.state, "unknown") ? "unknown"
		       : show->publisher.live			? "publisher"
								: "none";
	if (s->replica_on)
		return "replica";
	if (s->direct_on)
		return "direct";
	return s->picture ? "by hand" : "none";
}

static int64_t
capacity_of(const struct ctl *c, const struct stage *s)
{
	return s->max_viewers > 0 ? s->max_viewers : c->cfg->max_viewers_per_stage;
}

static struct str
age_of(struct ctl *c, const struct stage *s)
{
	int64_t age_s = (clock_now_ms() - s->created_at_ms) / 1000;

	if (s->created_at_ms == 0 || age_s < 0)
		return STR("");
	if (age_s < 60)
		return str_printf(c->arena, "%llds", (long long)age_s);
	if (age_s < 3600)
		return str_printf(c->arena, "%lldm", (long long)age_s / 60);
	if (age_s < 86400)
		return str_printf(c->arena, "%lldh", (long long)age_s / 3600);
	return str_printf(c->arena, "%lldd", (long long)age_s / 86400);
}

static json_t *
to_json(const struct ctl *c, const struct show *show, const struct stage *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:o, s:b, s:b}", "arn",
	    json_str(s->arn), "id", json_str(s->short_id), "name", json_str(s->name),
	    "state", json_str(s->state), "picture", picture_of(show, s), "viewers",
	    (json_int_t)s->viewers_now, "capacity", (json_int_t)capacity_of(c, s),
	    "createdAt", json_time(s->created_at_ms), "master", s->master, "automatic",
	    s->auto_scaled);
}

static bool
list_json(struct ctl *c, const struct show *show, struct err *err)
{
	json_t *stages = json_array();
	size_t i;

	for (i = 0; i < show->n_stages; i++)
		json_array_append_new(stages, to_json(c, show, &show->stages[i]));
	return ctl_say_json(c,
	    json_pack("{s:o, s:o, s:I, s:b, s:o}", "publisherLive",
		publisher_live_json(&show->publisher), "publisher",
		publisher_known_json(&show->publisher), "viewers",
		(json_int_t)show->total_viewers, "viewersKnown", show->viewers_known,
		"stages", stages),
	    err);
}

static void
list_row(
    struct ctl *c, struct ctl_table *t, const struct show *show, const struct stage *s)
{
	ctl_cell(t, s->short_id);
	ctl_cell(t, s->name);
	ctl_cell(t, s->state);
	ctl_cell(t, str_of(picture_of(show, s)));
	ctl_cell_int(t, s->viewers_now);
	ctl_cell_int(t, capacity_of(c, s));
	ctl_cell(t, age_of(c, s));
	ctl_cell(t, s->master	     ? STR("master")
		    : s->auto_scaled ? STR("automatic")
				     : STR("by hand"));
}

bool
ctl_stage_list(struct ctl *c, struct err *err)
{
	static const char *const head[] = { "ID", "NAME", "STATE", "PICTURE", "VIEWERS",
		"CAPACITY", "AGE", "MADE" };
	size_t cols = sizeof(head) / sizeof(*head), i;
	struct ctl_table t;
	struct show show;

	if (!show_read(c, &show, err))
		return false;
	if (c->opt[OPT_JSON] != NULL)
		return list_json(c, &show, err);
	ctl_table_init(&t, c->arena, cols);
	for (i = 0; i < cols; i++)
		ctl_cell(&t, str_of(head[i]));
	for (i = 0; i < show.n_stages; i++)
		list_row(c, &t, &show, &show.stages[i]);
	ctl_table_print(&t);
	printf("publisher %.*s, %lld viewers%s\n",
	    STR_ARG(publisher_known_text(c->arena, &show.publisher)),
	    (long long)show.total_viewers,
	    show.viewers_known ? "" : " (" VIEWERS_OLD ")");
	return true;
}

/* ---- create ---- */

/* As text of clients: json_str would mend what is no UTF-8, and nobody asked for that. */
static bool
is_text(struct str s)
{
	size_t chars;

	return parse_utf8(s, &chars) && !parse_has_control(s);
}

static bool
tags_read(struct ctl *c, json_t **ret, struct err *err)
{
	json_t *tags = json_object();
	size_t i;

	for (i = 0; i < c->n_tags; i++) {
		struct str value = str_of(c->tags[i]), name = str_cut(&value, '=');

		if (value.p == NULL || name.n == 0 || !is_text(name) || !is_text(value) ||
		    json_object_set_new(
			tags, str_dup(c->arena, name).p, json_str(value)) != 0) {
			json_decref(tags);
			return err_set(err, ERR_INPUT,
			    "--tag must be NAME=VALUE, plain text, got '%.60s'",
			    c->tags[i]);
		}
	}
	*ret = tags;
	return true;
}

static bool
order_read(struct ctl *c, struct stage_order *o, struct err *err)
{
	const char *max = c->opt[OPT_MAX_VIEWERS], *id = c->opt[OPT_ORDER];
	char *uuid = arena_alloc(c->arena, UUID_BYTES);

	crypto_uuid(uuid);
	*o = (struct stage_order){ .id = str_of(id != NULL ? id : uuid),
		.name = str_of(c->words[0]),
		.may_repeat = id != NULL };
	if (!parse_word(o->name, "-_", STAGE_NAME_MAX_BYTES))
		return err_set(err, ERR_INPUT,
		    "the name must be 1 to %d letters, digits, - or _",
		    STAGE_NAME_MAX_BYTES);
	if (!parse_word(o->id, "-_", ORDER_MAX_BYTES))
		return err_set(err, ERR_INPUT,
		    "--order must be 1 to %d letters, digits, - or _", ORDER_MAX_BYTES);
	if (max != NULL && !parse_i64(str_of(max), 1, CAPACITY_MAX, &o->max_viewers))
		return err_set(
		    err, ERR_INPUT, "--max-viewers must be 1 to %d", CAPACITY_MAX);
	return true;
}

bool
ctl_stage_create(struct ctl *c, struct err *err)
{
	struct stage_order order;
	struct stage made;
	json_t *tags = NULL;
	bool ok;

	if (!order_read(c, &order, err) || !tags_read(c, &tags, err))
		return false;
	order.tags = tags;
	ok = stage_make(c->work, &order, &made, err);
	json_decref(tags);
	if (!ok) {
		if (err->kind == ERR_UNCERTAIN)
			ctl_note("to repeat this without making two: --order %.*s",
			    STR_ARG(order.id));
		return false;
	}
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c,
		    json_pack("{s:o, s:o, s:o, s:o}", "arn", json_str(made.arn), "id",
			json_str(made.short_id), "name", json_str(made.name), "order",
			json_str(order.id)),
		    err);
	printf("%.*s\nit takes viewers as soon as it has a picture\n", STR_ARG(made.arn));
	return true;
}

/* ---- drain, undrain, delete ---- */

static bool
say_stage(struct ctl *c, struct str arn, const char *state, struct err *err)
{
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c,
		    json_pack("{s:o, s:s}", "arn", json_str(arn), "state", state), err);
	printf("%.*s %s\n", STR_ARG(arn), state);
	return true;
}

/* It is in that state already: that is what was wanted. */
static bool
drain(struct ctl *c, bool on, struct err *err)
{
	const char *state = on ? "draining" : "active";
	struct err why = ERR_INIT;
	struct stage s;
	struct str arn;

	if (!arn_of(c, &arn, err))
		return false;
	if (stage_drain(c->work, arn, on, &why))
		return say_stage(c, arn, state, err);
	if (why.kind == ERR_CONFLICT) {
		if (!stage_read(c->work, arn, &s, err))
			return false;
		if (str_is(s.state, state))
			return say_stage(c, arn, state, err);
	}
	*err = why;
	return false;
}

bool
ctl_stage_drain(struct ctl *c, struct err *err)
{
	return drain(c, true, err);
}

bool
ctl_stage_undrain(struct ctl *c, struct err *err)
{
	return drain(c, false, err);
}

bool
ctl_stage_delete(struct ctl *c, struct err *err)
{
	struct err why = ERR_INIT;
	int64_t viewers;
	struct str arn;

	if (!arn_of(c, &arn, err))
		return false;
	if (stage_remove(c->work, arn, &viewers, &why))
		return say_stage(c, arn, "deleted", err);
	/* Not a wrong word but a state: it goes away with the viewers. */
	if (why.tell == MSG_STAGE_HAS_VIEWERS)
		why.kind = ERR_CONFLICT;
	*err = why;
	return false;
}

/* ---- explain ---- */

static json_t *
steps_json(const struct scaling_plan *p)
{
	json_t *steps = json_array();
	size_t i;

	for (i = 0; i < p->n_steps; i++) {
		const struct scaling_step *s = &p->steps[i];

		json_array_append_new(steps,
		    json_pack("{s:s, s:o, s:I, s:s}", "action",
			scaling_action_name(s->action), "arn",
			s->arn.n > 0 ? json_str(s->arn) : json_null(), "count",
			(json_int_t)s->count, "reason", scaling_reason_name(s->why)));
	}
	return steps;
}

static json_t *
explain_json(const struct keeper_report *r)
{
	const struct scaling_plan *p = &r->plan;
	json_t *limit = json_null();

	if (p->limited)
		limit = json_pack("{s:s, s:I}", "reason", scaling_reason_name(p->limit),
		    "missing", (json_int_t)p->missing);
	return json_pack("{s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
	    "publisherLive", publisher_live_json(&r->publisher), "publisher",
	    publisher_known_json(&r->publisher), "viewersKnown", r->viewers_known,
	    "taking", (json_int_t)p->taking, "seats", (json_int_t)p->seats, "freeSeats",
	    (json_int_t)p->free_seats, "wantedSeats", (json_int_t)p->wanted_seats,
	    "replicasUsed", (json_int_t)p->replicas_used, "limit", limit, "steps",
	    steps_json(p));
}

bool
ctl_stage_explain(struct ctl *c, struct err *err)
{
	static const struct keeper_order order = { .by = "operator", .dry_run = true };
	struct keeper_report *report = arena_zalloc(c->arena, sizeof(*report));
	struct str text;

	if (!keeper_run(c->work, &order, report, err))
		return err_while(err, "looking at the show");
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c, explain_json(report), err);
	text = keeper_explain(report, c->arena);
	printf("%.*s", STR_ARG(text));
	return true;
}
