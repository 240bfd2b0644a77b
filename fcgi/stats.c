/*
 * stats - the numbers, and what is learnt about the publisher. Never calls AWS.
 *
 * GET /api/stats  /api/stats/viewers  /api/stats/stages  /api/stats/stages/:stageId
 * GET /api/stats/publisher   PUT /api/stats/publisher {isPublisherLive}
 * POST /api/stats/events     an event of Amazon EventBridge
 * GET /api/stats/history[?stageArn&hours]
 *
 * One round trip to Redis each; history alone asks PostgreSQL besides.
 */
#include "app/app.h"
#include "base/clock.h"
#include "domain/history.h"
#include "domain/publisher.h"
#include "domain/stage_tags.h"
#include "domain/stages.h"
#include "web/router.h"
#include "base/banned.h"

/* A reader of history may wait for PostgreSQL; the live numbers must not wait behind him. */
#define PROCESSES 2
#define HOURS 24

static bool
ask_show(struct app *app, struct req *rq, struct err *err)
{
	(void)app, (void)err;
	stages_show_ask(&rq->call, false);
	return true;
}

static struct show
read_show(struct app *app, struct req *rq, const struct reply *reply)
{
	struct show show;

	stages_show_answer(app->cfg, reply, rq->arena, &show);
	return show;
}

static json_t *
stage_info(const struct stage *s)
{
	return json_pack("{s:o*, s:b, s:o, s:O*}", "name", json_str_or_none(s->name),
	    "autoScaled", s->auto_scaled, "createdAt", json_time(s->created_at_ms),
	    "managedBy", json_object_get(s->tags, TAG_MANAGED_BY));
}

/* stageId is the full ARN and info repeats three members: clients use either. */
static json_t *
stage_numbers(const struct stage *s)
{
	return json_pack("{s:o, s:o, s:o*, s:I, s:b, s:o, s:o}", "stageArn",
	    json_str(s->arn), "stageId", json_str(s->arn), "stageName",
	    json_str_or_none(s->name), "viewerCount", (json_int_t)s->viewers_now,
	    "autoScaled", s->auto_scaled, "createdAt", json_time(s->created_at_ms),
	    "info", stage_info(s));
}

static json_t *
all_numbers(const struct show *show, bool with_tags)
{
	json_t *list = json_array(), *one;
	size_t i;

	for (i = 0; i < show->n_stages; i++) {
		one = stage_numbers(&show->stages[i]);
		if (with_tags)
			json_object_set(one, "tags", show->stages[i].tags);
		json_array_append_new(list, one);
	}
	return list;
}

/* Why the show does not grow as it should, and what to set. */
static json_t *
limit_json(const json_t *limit, enum lang lang)
{
	static const struct {
		enum scaling_reason reason;
		enum msg text;
	} texts[] = {
		{ SCALING_LIMIT_REPLICAS, MSG_LIMIT_REPLICAS },
		{ SCALING_LIMIT_STAGES, MSG_LIMIT_STAGES },
		{ SCALING_LIMIT_OFFLINE, MSG_LIMIT_OFFLINE },
		{ SCALING_LIMIT_DISABLED, MSG_LIMIT_DISABLED },
	};
	struct str reason = json_view(json_object_get(limit, "reason"));
	json_t *o;
	size_t i;

	if (!json_is_object(limit))
		return json_null();
	o = json_pack("{s:o, s:O}", "reason", json_str(reason), "missing",
	    json_object_get(limit, "missing"));
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (str_is(reason, scaling_reason_name(texts[i].reason)))
			json_object_set_new(
			    o, "message", json_string(message(texts[i].text, lang)));
	return o;
}

static json_t *
auto_scale(const struct app *app, const struct show *show, enum lang lang)
{
	struct err ignored = ERR_INIT;
	json_t *report = NULL;
	int64_t at_ms;

	(void)json_parse_object(show->keeper_json, &report, &ignored);
	at_ms = (int64_t)json_number_value(json_object_get(report, "at"));
	return json_pack("{s:b, s:o, s:o}", "enabled", app->cfg->auto_scale_enabled,
	    "checkedAt", json_time(at_ms), "limit",
	    limit_json(json_object_get(report, "limit"), lang));
}

static bool
overview(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct show show = read_show(app, rq, reply);

	(void)err;
	resp_ok(rs,
	    json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "totalViewers",
		(json_int_t)show.total_viewers, "activeStages", (json_int_t)show.n_stages,
		"isPublisherLive", publisher_live_json(&show.publisher), "publisher",
		publisher_known_json(&show.publisher), "autoScale",
		auto_scale(app, &show, rq->lang), "stages", all_numbers(&show, false),
		"timestamp", json_time(clock_now_ms())));
	return true;
}

static bool
viewers(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct show show = read_show(app, rq, reply);

	(void)err;
	resp_ok(
	    rs, json_pack("{s:I, s:s}", "totalViewers", (json_int_t)show.total_viewers,
		    "calculatedFrom", "real-time sum"));
	return true;
}

static bool
no_stage(struct err *err)
{
	return err_tell(err, ERR_NOT_FOUND, MSG_NO_STAGE, "no such stage");
}

static bool
ask_stages(struct app *app, struct req *rq, struct err *err)
{
	struct str *arn = arena_zalloc(rq->arena, sizeof(*arn));

	*arn = req_query_stage_arn(rq, "arn", OPTIONAL_MEMBER);
	rq->state = arn;
	return req_valid(rq, err) && ask_show(app, rq, err);
}

static bool
stages(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct show show = read_show(app, rq, reply);
	const struct str *arn = rq->state;
	const struct stage *s;

	if (arn->n == 0) {
		resp_ok(
		    rs, json_pack("{s:I, s:o}", "totalStages", (json_int_t)show.n_stages,
			    "stages", all_numbers(&show, true)));
		return true;
	}
	s = show_find(&show, *arn);
	if (s == NULL)
		return no_stage(err);
	resp_ok(
	    rs, json_pack("{s:o, s:I, s:o}", "stageArn", json_str(s->arn), "viewerCount",
		    (json_int_t)s->viewers_now, "stageInfo", stage_info(s)));
	return true;
}

static bool
ask_stage_by_id(struct app *app, struct req *rq, struct err *err)
{
	if (str_starts(rq->rest, STR("arn:"))) {
		req_invalid(rq, "stageId", MSG_SHORT_ID_WANTED);
		return req_valid(rq, err);
	}
	return ask_show(app, rq, err);
}

static bool
stage_by_id(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct show show = read_show(app, rq, reply);
	const struct stage *s;
	size_t i;

	for (i = 0; i < show.n_stages; i++) {
		s = &show.stages[i];
		if (!str_eq(s->short_id, rq->rest))
			continue;
		resp_ok(rs,
		    json_pack("{s:o, s:o, s:I, s:o}", "stageId", json_str(s->short_id),
			"stageArn", json_str(s->arn), "viewerCount",
			(json_int_t)s->viewers_now, "stageInfo", stage_info(s)));
		return true;
	}
	return no_stage(err);
}

/* ---- the publisher ---- */

static bool
ask_publisher(struct app *app, struct req *rq, struct err *err)
{
	(void)app, (void)err;
	publisher_read_ask(&rq->call);
	return true;
}

static bool
publisher(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct publisher p;
	json_t *data;

	(void)app, (void)rq, (void)err;
	publisher_read_answer(reply, &p);
	data = publisher_known_json(&p.known);
	json_object_set_new(data, "isPublisherLive", publisher_live_json(&p.known));
	json_object_set_new(data, "source", json_str(p.source));
	json_object_set_new(data, "since", json_time(p.since_ms));
	resp_ok(rs, data);
	return true;
}

static bool
ask_set_publisher(struct app *app, struct req *rq, struct err *err)
{
	bool live = req_flag(rq, "isPublisherLive", REQUIRED_MEMBER);

	(void)app;
	if (!req_valid(rq, err))
		return false;
	publisher_hand_ask(&rq->call, live);
	return true;
}

/* What was learnt may move replicas; that is nobody's waiting time. */
static void
learn(struct app *app, struct req *rq, struct publisher_news *ret)
{
	publisher_news(&rq->call, ret);
	publisher_log(ret);
	if (ret->changed || ret->look)
		rq->after_due = app->show_changed = true;
}

static bool
set_publisher(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct publisher_news news;

	(void)reply, (void)err;
	learn(app, rq, &news);
	resp_message(
	    rs, json_pack("{s:b}", "isPublisherLive", news.live), MSG_PUBLISHER_SET);
	return true;
}

/* ---- events ---- */

static const struct {
	const char *reason; /* NULL: accepted */
	enum msg message;
} verdicts[] = {
	[PUBLISHER_NOTED] = { NULL, MSG_EVENT_NOTED },
	[PUBLISHER_NOT_OURS] = { "NOT_OURS", MSG_EVENT_NOT_OURS },
	[PUBLISHER_OUTDATED] = { "OUTDATED", MSG_EVENT_OUTDATED },
	[PUBLISHER_LATE] = { "LATE", MSG_EVENT_LATE },
	[PUBLISHER_AHEAD] = { "AHEAD", MSG_EVENT_AHEAD },
	[PUBLISHER_UNUSED] = { "UNUSED", MSG_EVENT_UNUSED },
};

static void
note_faults(struct req *rq, const struct publisher_faults *faults)
{
	size_t i;

	for (i = 0; i < faults->n; i++) {
		if (faults->v[i].why == MSG_NONE)
			req_missing(rq, faults->v[i].field);
		else
			req_invalid(rq, faults->v[i].field, faults->v[i].why);
	}
}

static bool
ask_event(struct app *app, struct req *rq, struct err *err)
{
	struct publisher_event *e = arena_zalloc(rq->arena, sizeof(*e));
	struct publisher_faults faults = { .n = 0 };
	json_t *body = req_body(rq);
	bool of_use = body != NULL && publisher_event_parse(body, e, &faults);

	(void)app;
	note_faults(rq, &faults);
	if (!req_valid(rq, err))
		return false;
	if (of_use) {
		rq->state = e;
		publisher_event_ask(&rq->call, e);
	} else
		publisher_read_ask(&rq->call);
	return true;
}

/* EventBridge sends again what was not answered with 200, so "not used" is a 200 too. */
static bool
event(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct publisher_news news = { .verdict = PUBLISHER_UNUSED };
	struct publisher p;
	const char *reason;
	json_t *data;

	(void)err;
	if (rq->state != NULL)
		learn(app, rq, &news);
	else {
		publisher_read_answer(reply, &p);
		news.known = p.known;
	}
	reason = verdicts[news.verdict].reason;
	data = json_pack("{s:b, s:o}", "accepted", reason == NULL, "isPublisherLive",
	    publisher_live_json(&news.known));
	if (reason != NULL)
		json_object_set_new(data, "reason", json_string(reason));
	resp_message(rs, data, verdicts[news.verdict].message);
	return true;
}

/* ---- history ---- */

struct history_order {
	struct str stage_arn;
	int64_t hours;
};

static bool
ask_history(struct app *app, struct req *rq, struct err *err)
{
	struct history_order *o = arena_zalloc(rq->arena, sizeof(*o));

	(void)app;
	o->stage_arn = req_query_stage_arn(rq, "stageArn", OPTIONAL_MEMBER);
	o->hours = req_query_int(rq, "hours", 1, HISTORY_HOURS_MAX, HOURS);
	rq->state = o;
	return req_valid(rq, err);
}

static bool
history(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct history_order *o = rq->state;
	const struct history_point *p;
	struct history_points points;
	json_t *list = json_array();
	size_t i;

	(void)reply;
	if (!history_read(app->pg, rq->arena, o->stage_arn, o->hours, &points, err))
		return false;
	for (i = 0; i < points.n; i++) {
		p = &points.v[i];
		json_array_append_new(
		    list, json_pack("{s:o, s:I, s:I}", "time", json_time(p->at_ms),
			      "viewerCount", (json_int_t)p->viewers, "peakViewers",
			      (json_int_t)p->peak));
	}
	resp_ok(rs, json_pack("{s:o}", "points", list));
	return true;
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/stats", ACCESS_READ, BUCKET_API, false, ask_show, overview },
	{ METHOD_GET, "/api/stats/viewers", ACCESS_READ, BUCKET_API, false, ask_show,
	    viewers },
	{ METHOD_GET, "/api/stats/stages", ACCESS_READ, BUCKET_API, false, ask_stages,
	    stages },
	{ METHOD_GET, "/api/stats/stages/:stageId", ACCESS_READ, BUCKET_API, false,
	    ask_stage_by_id, stage_by_id },
	{ METHOD_GET, "/api/stats/publisher", ACCESS_READ, BUCKET_API, false,
	    ask_publisher, publisher },
	{ METHOD_PUT, "/api/stats/publisher", ACCESS_ADMIN, BUCKET_API, false,
	    ask_set_publisher, set_publisher },
	{ METHOD_POST, "/api/stats/events", ACCESS_EVENTS, BUCKET_API, false, ask_event,
	    event },
	{ METHOD_GET, "/api/stats/history", ACCESS_READ, BUCKET_API, true, ask_history,
	    history },
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "stats",
		.help = "answers /api/stats: the numbers, and events of the publisher",
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
		.parts = { &part_postgres, &part_heal, &part_aws, &part_keeper },
		.min_processes = PROCESSES,
		.slow_s = 10,
	};

	return app_main(&program, argc, argv);
}
