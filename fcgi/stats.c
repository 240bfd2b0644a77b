/*
 * stats - the live numbers. Never calls AWS; one round trip to Redis each.
 *
 * GET /api/stats  /api/stats/viewers  /api/stats/stages  /api/stats/stages/:stageId
 * GET /api/stats/publisher   PUT /api/stats/publisher {isPublisherLive}
 */
#include "app/app.h"
#include "domain/publisher.h"
#include "domain/stages.h"
#include "web/router.h"
#include "base/banned.h"

static bool
ask_show(struct app *app, struct req *rq, struct err *err)
{
	(void)app, (void)err;
	stages_show_ask(&rq->call);
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
	return json_pack("{s:o, s:b, s:o}", "name", json_str(s->name), "autoScaled",
	    s->auto_scaled, "createdAt", json_time(s->created_at_ms));
}

/* stageId is the full ARN and info repeats three members: clients use either. */
static json_t *
stage_numbers(const struct stage *s)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:b, s:o, s:o}", "stageArn",
	    json_str(s->arn), "stageId", json_str(s->arn), "stageName", json_str(s->name),
	    "viewerCount", (json_int_t)s->viewers_now, "autoScaled", s->auto_scaled,
	    "createdAt", json_time(s->created_at_ms), "info", stage_info(s));
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

static bool
overview(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct show show = read_show(app, rq, reply);

	(void)err;
	resp_ok(rs, json_pack("{s:I, s:I, s:b, s:o}", "totalViewers",
			(json_int_t)show.total_viewers, "activeStages",
			(json_int_t)show.n_stages, "isPublisherLive", show.publisher_live,
			"stages", all_numbers(&show, false)));
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

static bool
publisher(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct show show = read_show(app, rq, reply);

	(void)err;
	resp_ok(rs, json_pack("{s:b}", "isPublisherLive", show.publisher_live));
	return true;
}

static bool
ask_set_publisher(struct app *app, struct req *rq, struct err *err)
{
	bool *live = arena_zalloc(rq->arena, sizeof(*live));

	(void)app;
	*live = req_flag(rq, "isPublisherLive");
	rq->state = live;
	if (!req_valid(rq, err))
		return false;
	publisher_hand_ask(&rq->call, *live);
	return true;
}

static bool
set_publisher(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const bool *live = rq->state;

	(void)app, (void)reply, (void)err;
	resp_message(rs, json_pack("{s:b}", "isPublisherLive", *live), MSG_PUBLISHER_SET);
	return true;
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/stats", ACCESS_KEY, BUCKET_API, false, ask_show, overview },
	{ METHOD_GET, "/api/stats/viewers", ACCESS_KEY, BUCKET_API, false, ask_show,
	    viewers },
	{ METHOD_GET, "/api/stats/stages", ACCESS_KEY, BUCKET_API, false, ask_stages,
	    stages },
	{ METHOD_GET, "/api/stats/stages/:stageId", ACCESS_KEY, BUCKET_API, false,
	    ask_stage_by_id, stage_by_id },
	{ METHOD_GET, "/api/stats/publisher", ACCESS_KEY, BUCKET_API, false, ask_show,
	    publisher },
	{ METHOD_PUT, "/api/stats/publisher", ACCESS_KEY, BUCKET_API, false,
	    ask_set_publisher, set_publisher },
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "stats",
		.help = "answers /api/stats: the live numbers",
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
	};

	return app_main(&program, argc, argv);
}
