#include "domain/keeper_look.h"

#include "base/parse.h"
#include "domain/keeper.h"
#include "domain/compare.h"

#include "base/banned.h"

#define ORDER_LIFE_MS 60000 /* longer than any process works at one */
#define FIRST_CELL 12
#define CELLS 4 /* of keep_read.lua: arn, JSON, seats, viewers */
#define SLOT_S 5
#define COMPARE_MS 300
/* From one run of cron to the next, and the making of a stage. */
#define HORIZON_S 35

static struct str
participant_of(struct str info)
{
	struct err ignored = ERR_INIT;
	json_t *o;

	if (!json_parse_object(info, &o, &ignored))
		return STR("");
	return json_view(json_object_get(o, "participantId"));
}

/* Of this participant; -1: AWS has not refused him one. */
static int64_t
replicas_most(struct str text, struct str participant_id)
{
	int64_t n;

	return str_eq(str_cut(&text, ' '), participant_id) &&
		       parse_i64(text, 0, INT32_MAX, &n)
		   ? n
		   : -1;
}

static void
read_stages(struct stage_work *w, const struct reply *reply, struct keeper_view *ret)
{
	size_t n = reply->n > FIRST_CELL ? (reply->n - FIRST_CELL) / CELLS : 0, i, at;

	ret->n_stages = n;
	ret->stages = arena_zalloc(w->arena, (n + 1) * sizeof(*ret->stages));
	ret->seats = arena_zalloc(w->arena, (n + 1) * sizeof(*ret->seats));
	for (i = 0; i < n; i++) {
		at = FIRST_CELL + i * CELLS;
		stage_from_json(w->cfg, reply_str(reply, at), reply_str(reply, at + 1),
		    &ret->stages[i]);
		ret->seats[i] = reply_int(reply, at + 2);
		ret->stages[i].viewers_now = reply_int(reply, at + 3);
	}
}

bool
keeper_view_read(
    struct stage_work *w, bool only_look, struct keeper_view *ret, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, w->arena, SCRIPT_KEEP_READ);
	redis_arg_int(&c, ORDER_LIFE_MS);
	redis_arg(&c, only_look ? STR("1") : STR(""));
	if (!redis_call(w->redis, &c, err))
		return err_while(err, "reading the show");
	memset(ret, 0, sizeof(*ret));
	ret->now_ms = reply_int(c.reply, 1);
	ret->live = str_is(reply_str(c.reply, 2), "live");
	ret->publisher = (struct publisher_known){ ret->live, reply_str(c.reply, 9),
		reply_int(c.reply, 10) };
	ret->viewers_known = reply_int(c.reply, 11) == 1;
	ret->participant_id = participant_of(reply_str(c.reply, 3));
	ret->joins_in_5_s = reply_int(c.reply, 4);
	ret->refused = reply_int(c.reply, 5);
	ret->orders = reply_int(c.reply, 6);
	ret->replicas_most = replicas_most(reply_str(c.reply, 7), ret->participant_id);
	ret->synced = reply_int(c.reply, 8) == 1;
	read_stages(w, c.reply, ret);
	return true;
}

bool
keeper_view_has_replicas(const struct keeper_view *v)
{
	size_t i = 0;

	if (v->live)
		return v->participant_id.n > 0;
	while (i < v->n_stages &&
	       !(v->stages[i].replica_on &&
		   str_eq(v->stages[i].replica_participant, v->participant_id)))
		i++;
	return i < v->n_stages;
}

static enum scaling_picture
picture_of(const struct keeper_view *v, const struct stage *s)
{
	if (s->master)
		return v->live ? SCALING_MASTER : SCALING_DARK;
	if (s->direct_on)
		return SCALING_DIRECT;
	if (s->replica_participant.n > 0)
		return v->live && s->replica_on &&
			       str_eq(s->replica_participant, v->participant_id)
			   ? SCALING_REPLICA
			   : SCALING_DARK;
	return s->picture ? SCALING_DIRECT : SCALING_DARK;
}

static bool
state_of(const struct stage *s, enum scaling_state *ret)
{
	static const struct {
		const char *word;
		enum scaling_state state;
	} states[] = { { "active", SCALING_ACTIVE }, { "draining", SCALING_DRAINING },
		{ "closing", SCALING_CLOSING }, { "gone", SCALING_CLOSING } };
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (str_is(s->state, states[i].word)) {
			*ret = states[i].state;
			return !s->master || *ret == SCALING_ACTIVE;
		}
	return false;
}

static int64_t
age_s(const struct keeper_view *v, const struct stage *s)
{
	return s->created_at_ms > 0 ? (v->now_ms - s->created_at_ms) / 1000
				    : KEEPER_AGE_UNKNOWN_S;
}

static void
read_settings(const struct config *cfg, struct scaling_input *ret)
{
	*ret = (struct scaling_input){
		.enabled = cfg->auto_scale_enabled,
		.capacity = cfg->max_viewers_per_stage,
		.scale_up_threshold = cfg->scale_up_threshold,
		.scale_down_threshold = cfg->scale_down_threshold,
		.max_stages = cfg->max_stages,
		.max_replicas = cfg->ivs_max_replicas,
		.warm_up_s = cfg->stage_warm_up_s,
		.horizon_s = HORIZON_S,
	};
}

void
keeper_view_input(const struct config *cfg, const struct keeper_view *v, struct arena *a,
    struct scaling_input *ret)
{
	struct scaling_stage *out;
	size_t i;

	read_settings(cfg, ret);
	if (v->replicas_most >= 0 && v->replicas_most < ret->max_replicas) {
		ret->max_replicas = v->replicas_most;
		ret->replicas_refused = true;
	}
	ret->publisher_live = v->live && v->participant_id.n > 0;
	ret->joins_per_s = (double)v->joins_in_5_s / SLOT_S;
	ret->refused = v->refused;
	ret->orders = v->orders;
	ret->stages_exist = (int64_t)v->n_stages + v->orders;
	ret->stages = arena_zalloc(a, (v->n_stages + 1) * sizeof(*ret->stages));
	for (i = 0; i < v->n_stages; i++) {
		const struct stage *s = &v->stages[i];

		out = &ret->stages[ret->n_stages];
		if (!state_of(s, &out->state))
			continue;
		out->arn = s->arn;
		out->picture = picture_of(v, s);
		out->master = s->master;
		out->auto_scaled = s->auto_scaled;
		out->no_replica = s->no_replica;
		out->capacity =
		    s->max_viewers > 0 ? s->max_viewers : cfg->max_viewers_per_stage;
		out->seats = v->seats[i];
		out->viewers_now = s->viewers_now;
		out->age_s = age_s(v, s);
		ret->n_stages++;
	}
}

void
keeper_compare(struct stage_work *w)
{
	struct err ignored = ERR_INIT;

	if (w->pg != NULL)
		(void)compare_run(w->redis, w->pg, w->arena, COMPARE_MS, &ignored);
}
