/*
 * viewer - presence and history.
 *
 * POST /api/viewer/rejoin {userId,stageArn,participantId}   POST .../heartbeat {userId,stageArn}
 * POST /api/viewer/leave {userId,stageArn}                  GET .../list/:stageArn
 * GET  /api/viewer/duration?userId&stageArn                 GET .../history/:userId
 * GET  /api/viewer/stats/:stageArn
 */
#include "app/app.h"
#include "base/encode.h"
#include "base/parse.h"
#include "domain/presence.h"
#include "domain/records.h"
#include "web/router.h"
#include "base/banned.h"

#define LIST_LIMIT 100
#define LIST_LIMIT_MAX 1000
#define SETTLE_MS 2000
/* A reader of history may wait for PostgreSQL; heartbeats must not wait behind him. */
#define PROCESSES 2

/* What a handler keeps between its halves. */
struct who {
	struct str user_id, stage_arn, participant_id;
};

static struct who *
take_who(struct req *rq)
{
	struct who *w = arena_zalloc(rq->arena, sizeof(*w));

	w->user_id = req_user_id(rq, "userId");
	w->stage_arn = req_stage_arn(rq, "stageArn", REQUIRED_MEMBER);
	rq->state = w;
	return w;
}

/* ---- heartbeat ---- */

static bool
ask_heartbeat(struct app *app, struct req *rq, struct err *err)
{
	struct who *w = take_who(rq);

	(void)app;
	if (!req_valid(rq, err))
		return false;
	presence_heartbeat_ask(&rq->call, w->user_id, w->stage_arn);
	return true;
}

static bool
heartbeat(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	int64_t viewers_now;

	(void)app;
	if (!presence_heartbeat_answer(reply, &viewers_now, err))
		return false;
	resp_message(rs,
	    json_pack("{s:o, s:o, s:b, s:I}", "userId", json_str(w->user_id), "stageArn",
		json_str(w->stage_arn), "heartbeatUpdated", 1, "currentViewers",
		(json_int_t)viewers_now),
	    MSG_HEARTBEAT_UPDATED);
	return true;
}

/* ---- rejoin: the same way in as a first join ---- */

static bool
ask_rejoin(struct app *app, struct req *rq, struct err *err)
{
	struct who *w = take_who(rq);
	struct join j = { 0 };
	char *session_id;

	(void)app;
	w->participant_id = req_participant_id(rq, "participantId");
	if (!req_valid(rq, err))
		return false;
	session_id = arena_alloc(rq->arena, UUID_BYTES);
	crypto_uuid(session_id);
	j.user_id = w->user_id;
	j.stage_arn = w->stage_arn;
	j.participant_id = w->participant_id;
	j.session_id = str_of(session_id);
	j.user_agent = req_user_agent(rq);
	j.ip_address = str_of(rq->client_text);
	presence_join_ask(&rq->call, &j);
	return true;
}

static bool
rejoin(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	struct seat seat;

	(void)app;
	if (!presence_join_answer(reply, &seat, err))
		return false;
	rq->after_due = seat.drain_due;
	resp_message(rs,
	    json_pack("{s:o, s:o, s:o, s:I, s:b}", "userId", json_str(w->user_id),
		"stageArn", json_str(seat.stage_arn), "participantId",
		json_str(w->participant_id), "currentViewers",
		(json_int_t)seat.viewers_now, "isNewViewer", seat.is_new),
	    MSG_REJOINED);
	return true;
}

/* ---- leave ---- */

static bool
ask_leave(struct app *app, struct req *rq, struct err *err)
{
	struct who *w = take_who(rq);

	(void)app;
	if (!req_valid(rq, err))
		return false;
	presence_leave_ask(&rq->call, w->user_id, w->stage_arn);
	return true;
}

static bool
leave(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	bool left;

	(void)app, (void)reply;
	if (!presence_leave_answer(&rq->call, &left, &rq->after_due, err))
		return false;
	resp_message(rs,
	    json_pack("{s:o, s:o, s:b}", "userId", json_str(w->user_id), "stageArn",
		json_str(w->stage_arn), "viewerLeft", left),
	    MSG_LEFT);
	return true;
}

/* ---- list ---- */

/* The cursor is base64url of "<last heartbeat> <user>". */
static void
take_cursor(struct req *rq, struct str *ret_beat, struct str *ret_user)
{
	struct str text = req_query_text(rq, "cursor"), plain;
	int64_t ignored;

	*ret_beat = *ret_user = STR("");
	if (text.n == 0)
		return;
	if (decode_base64url(rq->arena, text, &plain)) {
		*ret_beat = str_cut(&plain, ' ');
		*ret_user = plain;
	}
	if (!parse_i64(*ret_beat, 0, INT64_MAX, &ignored) || ret_user->n == 0)
		req_invalid(rq, "cursor", MSG_WHY_TOKEN);
}

static bool
ask_list(struct app *app, struct req *rq, struct err *err)
{
	struct who *w = arena_zalloc(rq->arena, sizeof(*w));
	struct str beat, user;
	int64_t limit;

	(void)app;
	w->stage_arn = req_path_stage_arn(rq, "stageArn");
	limit = req_query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT);
	take_cursor(rq, &beat, &user);
	rq->state = w;
	if (!req_valid(rq, err))
		return false;
	presence_list_ask(&rq->call, w->stage_arn, limit, beat, user);
	return true;
}

static json_t *
viewer_json(const struct viewer *v)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "userId", json_str(v->user_id),
	    "participantId", json_str(v->participant_id), "joinedAt",
	    json_time(v->joined_at_ms), "lastHeartbeat", json_time(v->last_heartbeat_ms));
}

static json_t *
cursor_after(struct arena *a, const struct viewer *v)
{
	struct buf plain, b;

	buf_init(&plain, a, 1024);
	buf_printf(
	    &plain, "%.*s %.*s", STR_ARG(v->last_heartbeat_text), STR_ARG(v->user_id));
	buf_init(&b, a, 2048);
	encode_base64url(&b, plain.p, plain.n);
	return json_str(buf_view(&b));
}

static bool
list(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	json_t *viewers = json_array(), *cursor = json_null();
	struct viewer_page page;
	size_t i;

	(void)app;
	if (!presence_list_answer(reply, rq->arena, &page, err))
		return false;
	for (i = 0; i < page.n; i++)
		json_array_append_new(viewers, viewer_json(&page.viewers[i]));
	if (page.more && page.n > 0)
		cursor = cursor_after(rq->arena, &page.viewers[page.n - 1]);
	resp_ok(rs,
	    json_pack("{s:o, s:I, s:I, s:o, s:o}", "stageArn", json_str(w->stage_arn),
		"totalViewers", (json_int_t)page.seats, "activeViewers",
		(json_int_t)page.viewers_now, "viewers", viewers, "nextCursor", cursor));
	return true;
}

/* ---- duration ---- */

static bool
ask_duration(struct app *app, struct req *rq, struct err *err)
{
	struct who *w = arena_zalloc(rq->arena, sizeof(*w));

	(void)app;
	w->user_id = req_query_user_id(rq, "userId");
	w->stage_arn = req_query_stage_arn(rq, "stageArn", REQUIRED_MEMBER);
	rq->state = w;
	if (!req_valid(rq, err))
		return false;
	presence_duration_ask(&rq->call, w->user_id, w->stage_arn);
	return true;
}

static bool
duration(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	long long s = presence_duration_answer(reply);
	char text[64];

	(void)app, (void)err;
	if (rq->lang == LANG_EN)
		snprintf(text, sizeof(text), "%lldm %llds", s / 60, s % 60);
	else
		snprintf(text, sizeof(text), "%lld分 %lld秒", s / 60, s % 60);
	resp_ok(rs, json_pack("{s:o, s:o, s:I, s:s}", "userId", json_str(w->user_id),
			"stageArn", json_str(w->stage_arn), "watchDurationSeconds",
			(json_int_t)s, "watchDurationFormatted", text));
	return true;
}

/* ---- history ---- */

struct history_order {
	struct str user_id, stage_arn;
	int64_t limit, before, days;
};

static bool
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

static bool
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

static bool
ask_stage_stats(struct app *app, struct req *rq, struct err *err)
{
	struct history_order *o = arena_zalloc(rq->arena, sizeof(*o));

	(void)app;
	o->stage_arn = req_path_stage_arn(rq, "stageArn");
	o->days = req_query_int(rq, "days", 1, 3650, 7);
	rq->state = o;
	return req_valid(rq, err);
}

static bool
stage_stats(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct history_order *o = rq->state;
	struct stage_stats s;

	(void)reply;
	if (!settle(app, err) ||
	    !records_stage_stats(app->pg, rq->arena, o->stage_arn, o->days, &s, err))
		return err_while(err, "reading stage statistics");
	resp_ok(rs, json_pack("{s:o, s:I, s:{s:I, s:I, s:f, s:I, s:I}}", "stageArn",
			json_str(o->stage_arn), "days", (json_int_t)o->days, "stats",
			"totalViews", (json_int_t)s.total_views, "uniqueViewers",
			(json_int_t)s.unique_viewers, "avgWatchDuration", s.avg_watch_s,
			"maxWatchDuration", (json_int_t)s.max_watch_s, "totalWatchTime",
			(json_int_t)s.total_watch_s));
	return true;
}

static const struct route routes[] = {
	{ METHOD_POST, "/api/viewer/heartbeat", ACCESS_KEY, BUCKET_HEARTBEAT, false,
	    ask_heartbeat, heartbeat },
	{ METHOD_POST, "/api/viewer/rejoin", ACCESS_KEY, BUCKET_API, false, ask_rejoin,
	    rejoin },
	{ METHOD_POST, "/api/viewer/leave", ACCESS_KEY, BUCKET_API, false, ask_leave,
	    leave },
	{ METHOD_GET, "/api/viewer/list/:stageArn", ACCESS_KEY, BUCKET_API, false,
	    ask_list, list },
	{ METHOD_GET, "/api/viewer/duration", ACCESS_KEY, BUCKET_API, false, ask_duration,
	    duration },
	{ METHOD_GET, "/api/viewer/history/:userId", ACCESS_KEY, BUCKET_API, true,
	    ask_history, history },
	{ METHOD_GET, "/api/viewer/stats/:stageArn", ACCESS_KEY, BUCKET_API, true,
	    ask_stage_stats, stage_stats },
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "viewer",
		.help = "answers /api/viewer: presence and watching history",
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
		.parts = { &part_postgres },
		.min_processes = PROCESSES,
	};

	return app_main(&program, argc, argv);
}
