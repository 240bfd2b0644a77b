#include "domain/stages.h"

#include "base/banned.h"

#define STAGE_VIEWERS_MAX 25000
#define YEAR_3000_MS 32503680000000
#define SHOW_FIRST 7 /* of stats.lua: the first stage, and the cells of each */
#define SHOW_CELLS 3

static struct str
member(const json_t *o, const char *name, struct str otherwise)
{
	struct str s = json_view(json_object_get(o, name));

	return s.n > 0 ? s : otherwise;
}

/* A number that Lua may have written as 1.7e12; 0 when it is none or out of range. */
static int64_t
count(const json_t *o, const char *name, int64_t max)
{
	double n = json_number_value(json_object_get(o, name));

	return n >= 1 && n <= (double)max ? (int64_t)n : 0;
}

static struct str
short_id(struct str arn)
{
	str_cut(&arn, '/');
	return arn;
}

static void
read_picture(const json_t *o, struct stage *ret)
{
	const json_t *replica = json_object_get(o, "replica");
	const json_t *direct = json_object_get(o, "direct");

	ret->replica_participant = member(replica, "p", STR(""));
	ret->replica_source = member(replica, "s", STR(""));
	ret->replica_since_ms = count(replica, "at", YEAR_3000_MS);
	ret->replica_on = ret->replica_participant.n > 0 &&
			  !json_is_false(json_object_get(replica, "on"));
	ret->no_replica = json_is_true(json_object_get(o, "noReplica"));
	ret->direct_on = json_is_true(json_object_get(direct, "on"));
	ret->picture = direct == NULL && replica == NULL &&
		       json_is_true(json_object_get(o, "picture"));
}

void
stage_from_json(
    const struct config *cfg, struct str arn, struct str json, struct stage *ret)
{
	struct err ignored = ERR_INIT;
	json_t *o = NULL, *tags;

	if (json.n == 0 || !json_parse_object(json, &o, &ignored))
		o = json_object();
	memset(ret, 0, sizeof(*ret));
	ret->arn = arn;
	ret->json = json;
	ret->short_id = short_id(arn);
	ret->master = str_eq(arn, cfg->master_stage_arn);
	ret->name = member(o, "name", STR_NULL);
	ret->session_id = member(o, "session", STR(""));
	ret->auto_scaled = json_is_true(json_object_get(o, "autoScaled"));
	ret->created_at_ms = count(o, "createdAt", YEAR_3000_MS);
	ret->state = member(o, "state", STR("active"));
	ret->events_endpoint = member(o, "events", STR(""));
	ret->whip_endpoint = member(o, "whip", STR(""));
	ret->read = ret->events_endpoint.n > 0 && ret->whip_endpoint.n > 0;
	ret->max_viewers = count(o, "maxViewers", STAGE_VIEWERS_MAX);
	tags = json_object_get(o, "tags");
	ret->tags = json_is_object(tags) ? tags : json_object();
	read_picture(o, ret);
}

void
stages_show_ask(struct redis_call *c, bool anyway)
{
	redis_call_init(c, c->arena, SCRIPT_STATS);
	redis_arg(c, anyway ? STR("anyway") : STR(""));
}

void
stages_show_answer(const struct config *cfg, const struct reply *reply, struct arena *a,
    struct show *ret)
{
	struct stage *s;
	size_t i, at;

	ret->publisher = (struct publisher_known){ str_is(reply_str(reply, 1), "live"),
		reply_str(reply, 4), reply_int(reply, 5) };
	ret->viewers_known = reply_int(reply, 6) == 1;
	ret->publisher_json = reply_str(reply, 2);
	ret->keeper_json = reply_str(reply, 3);
	ret->n_stages = reply->n > SHOW_FIRST ? (reply->n - SHOW_FIRST) / SHOW_CELLS : 0;
	ret->stages = arena_zalloc(a, (ret->n_stages + 1) * sizeof(*ret->stages));
	ret->total_viewers = 0;
	for (i = 0; i < ret->n_stages; i++) {
		at = SHOW_FIRST + i * SHOW_CELLS;
		s = &ret->stages[i];
		stage_from_json(cfg, reply_str(reply, at), reply_str(reply, at + 1), s);
		s->viewers_now = reply_int(reply, at + 2);
		ret->total_viewers += s->viewers_now;
	}
}

const struct stage *
show_find(const struct show *show, struct str arn)
{
	size_t i;

	for (i = 0; i < show->n_stages; i++)
		if (str_eq(show->stages[i].arn, arn))
			return &show->stages[i];
	return NULL;
}

static void
get_ask(struct redis_call *c, struct str arn, struct str user_id, struct str what)
{
	redis_call_init(c, c->arena, SCRIPT_STAGE_GET);
	redis_arg(c, arn);
	redis_arg(c, user_id);
	redis_arg(c, what);
}

void
stages_get_ask(struct redis_call *c, struct str arn)
{
	get_ask(c, arn, STR(""), STR(""));
}

void
stages_get_viewers_ask(struct redis_call *c, struct str arn)
{
	get_ask(c, arn, STR(""), STR("viewers"));
}

void
stages_get_for_ask(struct redis_call *c, struct str arn, struct str user_id)
{
	get_ask(c, arn, user_id, STR(""));
}

bool
stages_get_answer(const struct config *cfg, const struct reply *reply, struct str arn,
    struct stage *ret, struct err *err)
{
	if (str_is(reply_str(reply, 0), "BANNED"))
		return err_tell(err, ERR_FORBIDDEN, MSG_BANNED, "banned");
	if (!str_is(reply_str(reply, 0), "OK"))
		return err_tell(err, ERR_NOT_FOUND, MSG_NO_STAGE, "no such stage");
	stage_from_json(cfg, arn, reply_str(reply, 1), ret);
	ret->viewers_now = reply_int(reply, 2);
	ret->aws_clock = reply_str(reply, 3);
	return true;
}
