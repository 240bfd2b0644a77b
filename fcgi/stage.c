/*
 * stage - the stages of the show: what there is, making, changing and removing them, and
 * which of them show a publisher by replication. The table at the end has the routes.
 *
 * Reading costs our own registry alone (the master stage is read from AWS once, and kept);
 * what changes goes through domain/stage_work.
 */
#include "app/app.h"
#include "base/arn.h"
#include "base/clock.h"
#include "base/encode.h"
#include "domain/idempotency.h"
#include "domain/publisher.h"
#include "domain/stage_tags.h"
#include "domain/stage_work.h"
#include "domain/stages.h"
#include "web/router.h"
#include "base/banned.h"

#define PAGE_MAX 100
#define LOAD_AGAIN_MS 30000
#define PROCESSES 4	/* some may wait for AWS */
#define CREATE_MS 20000 /* less than IDEM_LEASE_MS: no attempt acts when it is given up */
#define MAX_VIEWERS 10000  /* subscribers AWS lets into one stage */
#define CLIENT_TAGS_MAX 44 /* 50 in AWS, less those we may set ourselves */

/* Set by us, so not by a client. */
static const char *const our_tags[] = { TAG_ENVIRONMENT, TAG_MANAGED_BY, TAG_SHOW,
	TAG_ORDER, TAG_AUTO_SCALED, NULL };

static struct stage_work
work_of(struct app *app, struct req *rq)
{
	return (struct stage_work){ .cfg = app->cfg,
		.redis = app->redis,
		.pg = app->pg,
		.ivs = app->ivs,
		.arena = rq->arena,
		.drain = &app->work };
}

/*
 * Fill in the name of a master that was never read. Without AWS the rest still answers,
 * and AWS is not asked again for a while.
 */
static void
complete(struct app *app, struct req *rq, struct stage *s)
{
	static int64_t not_before_ms;
	int64_t viewers = s->viewers_now;
	struct err ignored = ERR_INIT;
	struct stage loaded;

	if (s->read || !s->master || clock_mono_ms() < not_before_ms)
		return;
	if (stages_load(
		app->cfg, app->redis, app->ivs, rq->arena, s->arn, &loaded, &ignored))
		*s = loaded;
	else {
		log_err(LOG_WARN, "the master stage could not be read", &ignored);
		not_before_ms = clock_mono_ms() + LOAD_AGAIN_MS;
	}
	s->viewers_now = viewers;
}

/* ---- list ---- */

struct list_order {
	int64_t limit;
	struct str after; /* ARN the last page ended with; empty: the first page */
};

static bool
ask_list(struct app *app, struct req *rq, struct err *err)
{
	struct list_order *o = arena_zalloc(rq->arena, sizeof(*o));
	struct str token = req_query_text(rq, "nextToken");

	(void)app;
	o->limit = req_query_int(rq, "maxResults", 1, PAGE_MAX, PAGE_MAX);
	if (token.p != NULL &&
	    (!decode_base64url(rq->arena, token, &o->after) || !arn_is_stage(o->after)))
		req_invalid(rq, "nextToken", MSG_WHY_TOKEN);
	rq->state = o;
	if (!req_valid(rq, err))
		return false;
	stages_show_ask(&rq->call, false);
	return true;
}

static json_t *
list_item(const struct stage *s)
{
	return json_pack("{s:o, s:o*, s:I, s:b, s:o, s:O, s:o}", "stageArn",
	    json_str(s->arn), "name", json_str_or_none(s->name), "viewerCount",
	    (json_int_t)s->viewers_now, "autoScaled", s->auto_scaled, "createdAt",
	    json_time(s->created_at_ms), "tags", s->tags, "state", json_str(s->state));
}

static json_t *
next_token(struct arena *a, struct str arn)
{
	struct buf b;

	buf_init(&b, a, 1024);
	encode_base64url(&b, arn.p, arn.n);
	return json_str(buf_view(&b));
}

/* Where the page starts: behind the stage that ended the last one, there or gone. */
static size_t
first_of_page(const struct config *cfg, const struct show *show, struct str after)
{
	size_t i = 1; /* the master comes first, the others by ARN */

	if (after.n == 0)
		return 0;
	while (!str_eq(after, cfg->master_stage_arn) && i < show->n_stages &&
	       str_cmp(show->stages[i].arn, after) <= 0)
		i++;
	return i;
}

static bool
list(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct list_order *o = rq->state;
	json_t *items = json_array(), *token = json_null();
	struct show show;
	size_t i, end;

	(void)err;
	stages_show_answer(app->cfg, reply, rq->arena, &show);
	i = first_of_page(app->cfg, &show, o->after);
	end = i + (size_t)o->limit < show.n_stages ? i + (size_t)o->limit : show.n_stages;
	if (end > i && end < show.n_stages)
		token = next_token(rq->arena, show.stages[end - 1].arn);
	for (; i < end; i++) {
		complete(app, rq, &show.stages[i]);
		json_array_append_new(items, list_item(&show.stages[i]));
	}
	resp_ok(rs, json_pack("{s:o, s:I, s:o}", "stages", items, "totalStages",
			(json_int_t)show.n_stages, "nextToken", token));
	return true;
}

/* ---- one ---- */

static json_t *
stage_json(const struct stage *s)
{
	return json_pack("{s:o, s:o*, s:o*, s:O}", "arn", json_str(s->arn), "name",
	    json_str_or_none(s->name), "activeSessionId",
	    s->session_id.n > 0 ? json_str(s->session_id) : NULL, "tags", s->tags);
}

static bool
ask_master(struct app *app, struct req *rq, struct err *err)
{
	(void)err;
	rq->state = arena_zalloc(rq->arena, sizeof(struct str));
	*(struct str *)rq->state = app->cfg->master_stage_arn;
	stages_get_viewers_ask(&rq->call, app->cfg->master_stage_arn);
	return true;
}

/* The ARN of the path as rq->state. */
static bool
ask_arn(struct app *app, struct req *rq, struct err *err)
{
	struct str *arn = arena_zalloc(rq->arena, sizeof(*arn));

	(void)app;
	/* /api/stage/replication/... is no stage, and its routes are others. */
	if (str_starts(rq->rest, STR("replication/")))
		return err_tell(err, ERR_NOT_FOUND, MSG_NO_ROUTE, "no such route");
	*arn = req_path_stage_arn(rq, "stageArn");
	rq->state = arn;
	return req_valid(rq, err);
}

static bool
ask_one(struct app *app, struct req *rq, struct err *err)
{
	if (!ask_arn(app, rq, err))
		return false;
	stages_get_viewers_ask(&rq->call, *(struct str *)rq->state);
	return true;
}

static bool
one(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct str *arn = rq->state;
	struct stage s;

	if (!stages_get_answer(app->cfg, reply, *arn, &s, err))
		return false;
	complete(app, rq, &s);
	resp_ok(rs, json_pack("{s:o, s:I, s:b}", "stage", stage_json(&s), "viewerCount",
			(json_int_t)s.viewers_now, "isMasterStage", s.master));
	return true;
}

/* ---- make ---- */

struct creation {
	struct idem idem;
	struct stage_order order;
};

static bool
ask_create(struct app *app, struct req *rq, struct err *err)
{
	struct creation *o = arena_zalloc(rq->arena, sizeof(*o));
	struct str key = req_idempotency_key(rq);

	o->order.name = req_name(rq, "name", REQUIRED_MEMBER, STAGE_NAME_MAX_BYTES);
	o->order.tags = req_tags(rq, "tags", CLIENT_TAGS_MAX, our_tags);
	rq->state = o;
	if (!req_valid(rq, err))
		return false;
	idem_init(&o->idem, rq->arena, app->cfg->master_stage_arn, STR("POST /api/stage"),
	    key, key.n > 0 ? json_canonical(rq->arena, req_body(rq)) : STR(""));
	if (key.n > 0)
		idem_begin_ask(&rq->call, &o->idem);
	return true;
}

/* The answer the first attempt gave. */
static bool
answer_again(struct resp *rs, struct str result, struct err *err)
{
	struct err bad = ERR_INIT;
	json_t *data;

	if (!json_parse_object(result, &data, &bad))
		return err_set(err, ERR_BUG, "kept result: %s", bad.cause);
	resp_created(rs, data);
	return true;
}

/* What it says when the note fails is true all the same; the next attempt finds the rest. */
static void
note_end(struct app *app, struct req *rq, const struct idem *idem, struct str result,
    const struct err *failed)
{
	struct err err = ERR_INIT;

	if (failed != NULL ? !idem_fail(app->redis, rq->arena, idem, failed, &err)
			   : !idem_done(app->redis, rq->arena, idem, result, &err))
		log_err(LOG_WARN, "an idempotency key was not closed", &err);
}

static bool
create(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct creation *o = rq->state;
	struct stage_work w = work_of(app, rq);
	struct str result = STR_NULL;
	struct stage made;
	json_t *data;
	bool ok;

	if (o->idem.id.n > 0 && !idem_begin_answer(reply, &o->idem, &result, err))
		return false;
	if (result.p != NULL)
		return answer_again(rs, result, err);
	o->order.id = o->idem.order;
	o->order.may_repeat = o->idem.id.n > 0;
	ivs_set_deadline(app->ivs, rq->start_us / 1000 + CREATE_MS);
	ok = stage_make(&w, &o->order, &made, err);
	ivs_set_deadline(app->ivs, 0);
	if (!ok) {
		note_end(app, rq, &o->idem, STR(""), err);
		return false;
	}
	data = json_pack("{s:o}", "stage", stage_json(&made));
	note_end(app, rq, &o->idem, json_text(rq->arena, data), NULL);
	/* After the answer the keeper replicates the publisher into it. */
	rq->after_due = app->show_changed = true;
	resp_created(rs, data);
	return true;
}

/* ---- change and remove ---- */

struct change {
	struct str arn, name;
	int64_t max_viewers; /* as stage_change takes it */
};

static bool
ask_change(struct app *app, struct req *rq, struct err *err)
{
	struct change *o = arena_zalloc(rq->arena, sizeof(*o));

	if (!ask_arn(app, rq, err))
		return false;
	o->arn = *(struct str *)rq->state;
	o->name = req_name(rq, "name", OPTIONAL_MEMBER, STAGE_NAME_MAX_BYTES);
	o->max_viewers = req_int(rq, "maxViewers", 1, MAX_VIEWERS, -1, 0);
	rq->state = o;
	if (!req_valid(rq, err))
		return false;
	if (o->name.n == 0 && o->max_viewers < 0)
		req_invalid(rq, "(body)", MSG_WHY_NO_CHANGE);
	return req_valid(rq, err);
}

static bool
change(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct change *o = rq->state;
	struct stage_work w = work_of(app, rq);
	struct stage s;
	json_t *stage;

	(void)reply;
	if (!stage_change(&w, o->arn, o->name, o->max_viewers, &s, err))
		return false;
	stage = stage_json(&s);
	json_object_set_new(stage, "maxViewers",
	    s.max_viewers > 0 ? json_integer(s.max_viewers) : json_null());
	resp_ok(rs, json_pack("{s:o}", "stage", stage));
	return true;
}

static bool
erase(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct str *arn = rq->state;
	struct stage_work w = work_of(app, rq);
	int64_t viewers = 0;

	(void)reply;
	if (!stage_remove(&w, *arn, &viewers, err)) {
		if (err->tell == MSG_STAGE_HAS_VIEWERS) {
			rs->details = req_problems(rq);
			json_object_set_new(
			    rs->details, "viewerCount", json_integer(viewers));
		}
		return false;
	}
	resp_message(rs,
	    json_pack("{s:o, s:b}", "stageArn", json_str(*arn), "deleted", 1),
	    MSG_STAGE_DELETED);
	return true;
}

/* ---- replication ---- */

static bool
ask_replication(struct app *app, struct req *rq, struct err *err)
{
	struct replication *o = arena_zalloc(rq->arena, sizeof(*o));

	(void)app;
	o->source_arn = req_stage_arn(rq, "sourceStageArn", REQUIRED_MEMBER);
	o->destination_arn = req_stage_arn(rq, "destinationStageArn", REQUIRED_MEMBER);
	o->participant_id = req_participant_id(rq, "participantId");
	if (o->source_arn.n > 0 && str_eq(o->source_arn, o->destination_arn))
		req_invalid(rq, "destinationStageArn", MSG_WHY_SAME_STAGE);
	rq->state = o;
	return req_valid(rq, err);
}

static json_t *
replication_json(
    const struct replication *r, const char *destination, const char *when, int64_t at_ms)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "sourceStageArn",
	    json_str(r->source_arn), destination, json_str(r->destination_arn),
	    "participantId", json_str(r->participant_id), when, json_time(at_ms));
}

static bool
start(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct replication *o = rq->state;
	struct stage_work w = work_of(app, rq);
	int64_t started_at_ms;

	(void)reply;
	if (!replication_start(&w, o, true, &started_at_ms, err))
		return false;
	resp_message(rs,
	    replication_json(o, "destinationStageArn", "startedAt", started_at_ms),
	    MSG_REPLICATION_STARTED);
	return true;
}

static bool
stop(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct replication *o = rq->state;
	struct stage_work w = work_of(app, rq);

	(void)reply;
	if (!replication_stop(&w, o, true, err))
		return false;
	resp_message(rs,
	    replication_json(o, "destinationStageArn", "stoppedAt", clock_now_ms()),
	    MSG_REPLICATION_STOPPED);
	return true;
}

static bool
ask_replication_status(struct app *app, struct req *rq, struct err *err)
{
	if (!ask_arn(app, rq, err))
		return false;
	stages_get_ask(&rq->call, *(struct str *)rq->state);
	return true;
}

static bool
replication_status(struct app *app, struct req *rq, const struct reply *reply,
    struct resp *rs, struct err *err)
{
	const struct str *arn = rq->state;
	struct replication r;
	struct stage s;
	bool there;

	if (!stages_get_answer(app->cfg, reply, *arn, &s, err))
		return false;
	there = replication_of(&s, &r);
	resp_ok(rs,
	    json_pack("{s:o, s:b, s:o}", "stageArn", json_str(*arn), "hasReplication",
		there, "replicationInfo",
		there ? replication_json(&r, "destStageArn", "startedAt", r.started_at_ms)
		      : json_null()));
	return true;
}

static bool
ask_publisher(struct app *app, struct req *rq, struct err *err)
{
	(void)app, (void)err;
	publisher_read_ask(&rq->call);
	return true;
}

static bool
publisher_info(struct app *app, struct req *rq, const struct reply *reply,
    struct resp *rs, struct err *err)
{
	struct publisher p;

	(void)app, (void)rq, (void)err;
	publisher_read_answer(reply, &p);
	resp_ok(rs, publisher_info_json(&p));
	return true;
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/stage/list", ACCESS_READ, BUCKET_API, true, ask_list, list },
	{ METHOD_GET, "/api/stage/master/info", ACCESS_READ, BUCKET_API, true, ask_master,
	    one },
	{ METHOD_GET, "/api/stage/:stageArn", ACCESS_READ, BUCKET_API, true, ask_one,
	    one },
	{ METHOD_POST, "/api/stage", ACCESS_ADMIN, BUCKET_API, true, ask_create, create },
	{ METHOD_PUT, "/api/stage/:stageArn", ACCESS_ADMIN, BUCKET_API, true, ask_change,
	    change },
	{ METHOD_DELETE, "/api/stage/:stageArn", ACCESS_ADMIN, BUCKET_API, true, ask_arn,
	    erase },
	{ METHOD_POST, "/api/stage/replication/start", ACCESS_ADMIN, BUCKET_API, true,
	    ask_replication, start },
	{ METHOD_DELETE, "/api/stage/replication/stop", ACCESS_ADMIN, BUCKET_API, true,
	    ask_replication, stop },
	{ METHOD_GET, "/api/stage/replication/status/:stageArn", ACCESS_READ, BUCKET_API,
	    false, ask_replication_status, replication_status },
	{ METHOD_GET, "/api/stage/replication/publisher-info", ACCESS_READ, BUCKET_API,
	    false, ask_publisher, publisher_info },
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "stage",
		.help =
		    "answers /api/stage: the stages of the show and their replication",
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
		.parts = { &part_postgres, &part_heal, &part_aws, &part_keeper },
		.min_processes = PROCESSES,
		.slow_s = 30,
	};

	return app_main(&program, argc, argv);
}
