/*
 * stage - what stages there are, from our own registry.
 *
 * GET /api/stage/list[?maxResults&nextToken]  /api/stage/master/info  /api/stage/:stageArn
 * The master stage is read from AWS once, when its name is first asked for, and kept.
 */
#include "app/app.h"
#include "base/arn.h"
#include "base/clock.h"
#include "base/encode.h"
#include "domain/stages.h"
#include "web/router.h"
#include "base/banned.h"

#define PAGE_MAX 100
#define LOAD_AGAIN_MS 30000
#define PROCESSES 2 /* one may wait for AWS */

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
	stages_show_ask(&rq->call);
	return true;
}

static json_t *
list_item(const struct stage *s)
{
	return json_pack("{s:o, s:o, s:I, s:b, s:o, s:O, s:o}", "stageArn",
	    json_str(s->arn), "name", json_str(s->name), "viewerCount",
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

static int
compare(struct str a, struct str b)
{
	int d = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return d != 0 ? d : a.n < b.n ? -1 : a.n > b.n;
}

/* Where the page starts: behind the stage that ended the last one, there or gone. */
static size_t
first_of_page(const struct config *cfg, const struct show *show, struct str after)
{
	size_t i = 1; /* the master comes first, the others by ARN */

	if (after.n == 0)
		return 0;
	while (!str_eq(after, cfg->master_stage_arn) && i < show->n_stages &&
	       compare(show->stages[i].arn, after) <= 0)
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
	return json_pack("{s:o, s:o, s:O}", "arn", json_str(s->arn), "name",
	    json_str(s->name), "tags", s->tags);
}

static bool
ask_master(struct app *app, struct req *rq, struct err *err)
{
	(void)err;
	rq->state = arena_zalloc(rq->arena, sizeof(struct str));
	*(struct str *)rq->state = app->cfg->master_stage_arn;
	stages_get_ask(&rq->call, app->cfg->master_stage_arn);
	return true;
}

static bool
ask_one(struct app *app, struct req *rq, struct err *err)
{
	struct str *arn = arena_zalloc(rq->arena, sizeof(*arn));

	(void)app;
	/* /api/stage/replication/... is no stage; its routes are not there yet. */
	if (str_starts(rq->rest, STR("replication/")))
		return err_tell(err, ERR_NOT_FOUND, MSG_NO_ROUTE, "no such route");
	*arn = req_path_stage_arn(rq, "stageArn");
	rq->state = arn;
	if (!req_valid(rq, err))
		return false;
	stages_get_ask(&rq->call, *arn);
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

static const struct route routes[] = {
	{ METHOD_GET, "/api/stage/list", ACCESS_KEY, BUCKET_API, true, ask_list, list },
	{ METHOD_GET, "/api/stage/master/info", ACCESS_KEY, BUCKET_API, true, ask_master,
	    one },
	{ METHOD_GET, "/api/stage/:stageArn", ACCESS_KEY, BUCKET_API, true, ask_one,
	    one },
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "stage",
		.help = "answers /api/stage: the stages of the show",
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
		.parts = { &part_aws },
		.min_processes = PROCESSES,
	};

	return app_main(&program, argc, argv);
}
