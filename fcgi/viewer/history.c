/* What was watched: one person's history, the numbers of a stage. */
#include "domain/records.h"
#include "fcgi/viewer/handlers.h"
#include "base/banned.h"

#define SETTLE_MS 2000

struct history_order {
	struct str user_id, stage_arn;
	int64_t limit, before, days;
};

bool
ask_history(struct app *app, struct req *rq, struct err *err)
{
	struct history_order *o = arena_zalloc(rq->arena, sizeof(*o));

	(void)app;
	o->user_id = req_path_user_id(rq, "userId");
	o->limit = req_query_int(rq, "limit", 1, 100, 10);
	o->before = req_query_int(rq, "before", 1, INT64_MAX, 0);
	rq->state = o;
	return req_valid(rq, err);
}

static json_t *
history_json(const struct history_row *h)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
	    (json_int_t)h->id, "userId", json_str(h->user_id), "stageArn",
	    json_str(h->stage_arn), "participantId", json_str(h->participant_id),
	    "joinedAt", json_time(h->joined_at_ms), "leftAt", json_time(h->left_at_ms),
	    "watchDurationSeconds",
	    h->watch_seconds >= 0 ? json_integer(h->watch_seconds) : json_null(),
	    "userAgent", json_str(h->user_agent), "ipAddress", json_str(h->ip_address));
}

/* Who reads history sees what he just did: the stream is drained first. */
static bool
settle(struct app *app, struct err *err)
{
	return records_settle(app->redis, app->pg, &app->work, SETTLE_MS, err);
}

bool
history(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct history_order *o = rq->state;
	json_t *list = json_array();
	struct history_page page;
	size_t i;

	(void)reply;
	if (!settle(app, err) || !records_history(app->pg, rq->arena, o->user_id,
				     o->limit, o->before, &page, err))
		return err_while(err, "reading history");
	for (i = 0; i < page.n; i++)
		json_array_append_new(list, history_json(&page.rows[i]));
	resp_ok(rs, json_pack("{s:o, s:I, s:o}", "userId", json_str(o->user_id),
			"totalRecords", (json_int_t)page.total, "history", list));
	return true;
}

bool
ask_stage_stats(struct app *app, struct req *rq, struct err *err)
{
	struct history_order *o = arena_zalloc(rq->arena, sizeof(*o));

	(void)app;
	o->stage_arn = req_path_stage_arn(rq, "stageArn");
	o->days = req_query_int(rq, "days", 1, 3650, 7);
	rq->state = o;
	return req_valid(rq, err);
}

bool
stage_stats(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct history_order *o = rq->state;
	struct stage_stats s;

	(void)reply;
	if (!settle(app, err) ||
	    !records_stage_stats(app->pg, rq->arena, o->stage_arn, o->days, &s, err))
		return err_while(err, "reading stage statistics");
	resp_ok(rs,
	    json_pack("{s:o, s:I, s:{s:I, s:I, s:I, s:I, s:I}}", "stageArn",
		json_str(o->stage_arn), "days", (json_int_t)o->days, "stats",
		"totalViews", (json_int_t)s.total_views, "uniqueViewers",
		(json_int_t)s.unique_viewers, "avgWatchDuration",
		(json_int_t)s.avg_watch_s, "maxWatchDuration", (json_int_t)s.max_watch_s,
		"totalWatchTime", (json_int_t)s.total_watch_s));
	return true;
}
