/*
 * health - is it there, is it ready, what is it, how is it doing.
 *
 * GET /health /api/health /livez /readyz /  /ws (426) and everything that is no other program's: 404 in
 * the usual envelope. No key, no rate limit. GET /metrics needs a key.
 * Each dependency is asked for at most
 * PROBE_MS, so the answer comes within a second whatever is frozen.
 */
#include <stdio.h>

#include "app/app.h"
#include "base/clock.h"
#include "base/parse.h"
#include "domain/metrics_page.h"
#include "web/router.h"
#include "base/banned.h"

#define PROBE_MS 300
#define FRESH_MS 200
/* So that /livez is answered while others wait for a frozen engine. */
#define PROCESSES 3

static bool
root(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	(void)app, (void)rq, (void)reply, (void)err;
	resp_ok(
	    rs, json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "service",
		    "ivs-live", "version", IVS_VERSION, "status", "running", "endpoints",
		    "health", "/api/health", "token", "/api/token", "stage", "/api/stage",
		    "viewer", "/api/viewer", "stats", "/api/stats"));
	return true;
}

static bool
livez(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	(void)app, (void)rq, (void)reply, (void)err;
	resp_ok(rs, json_pack("{s:s}", "status", "alive"));
	return true;
}

struct probe {
	struct err redis, postgres; /* ERR_NONE: it does what the programs need */
	char waits[32]; /* why records wait and are not written; "": they are written */
};

/* Each result is good for FRESH_MS, for all who ask this worker: a flood of them writes to Redis and
 * asks PostgreSQL no more often than that, and who waits in line for a frozen one waits once. */
static const struct probe *
ask_around(struct app *app)
{
	static int64_t fresh_until_ms;
	static struct probe p;
	struct str waits = STR("");

	if (clock_mono_ms() < fresh_until_ms)
		return &p;
	p.redis = p.postgres = ERR_INIT;
	(void)redis_probe(app->redis, &app->work, PROBE_MS, &waits, &p.redis);
	/* A plain CGI call has no tick that compares the server. */
	if (app->cgi && redis_is_doubted(app->redis) && app_compare(app)) {
		p.redis = ERR_INIT;
		(void)redis_probe(app->redis, &app->work, PROBE_MS, &waits, &p.redis);
	}
	snprintf(p.waits, sizeof(p.waits), "%.*s", STR_ARG(waits));
	arena_wipe(&app->work);
	(void)pg_probe(app->pg, PROBE_MS, &p.postgres);
	fresh_until_ms = clock_mono_ms() + FRESH_MS;
	return &p;
}

/* One that refuses has answered. */
static const char *
word(const struct err *err)
{
	return err->kind == ERR_NONE || err->tell != MSG_NONE ? "connected"
							      : "disconnected";
}

static json_t *
services(const struct app *app, const struct probe *p)
{
	return json_pack("{s:s, s:s, s:{s:o, s:b}}", "redis", word(&p->redis), "postgres",
	    word(&p->postgres), "aws", "region", json_str(app->cfg->aws_region),
	    "stageConfigured", app->cfg->master_stage_arn.n > 0);
}

static json_t *
problem(const char *dependency, const char *reason, enum msg text, enum lang lang)
{
	return json_pack("{s:s, s:s, s:s}", "dependency", dependency, "reason",
	    reason != NULL ? reason : message_reason(MSG_POSTGRES_REFUSED), "message",
	    message(text, lang));
}

/* Why the show is degraded; an empty array: it is not. */
static json_t *
problems(const struct probe *p, enum lang lang)
{
	json_t *list = json_array();

	if (p->postgres.kind != ERR_NONE)
		json_array_append_new(
		    list, problem("postgres", resp_error_reason(&p->postgres),
			      resp_error_text(&p->postgres), lang));
	else if (p->waits[0] != '\0')
		json_array_append_new(
		    list, problem("postgres", p->waits, MSG_RECORDS_WAIT, lang));
	return list;
}

/* Without Redis nothing works: 503. Without PostgreSQL history waits in Redis: degraded. */
static bool
can_serve(struct app *app, const struct probe **ret, struct resp *rs, struct err *err)
{
	*ret = ask_around(app);
	if ((*ret)->redis.kind == ERR_NONE)
		return true;
	*err = (*ret)->redis;
	rs->details = json_pack("{s:o}", "services", services(app, *ret));
	return false;
}

static bool
readyz(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct probe *p;
	json_t *why;

	(void)reply;
	if (!can_serve(app, &p, rs, err))
		return false;
	why = problems(p, rq->lang);
	resp_ok(rs, json_pack("{s:s, s:o, s:o}", "status",
			json_array_size(why) == 0 ? "ready" : "degraded", "services",
			services(app, p), "problems", why));
	return true;
}

/* A line such as "MemTotal:  1000 kB", in MB; 0 when absent. */
static int64_t
meminfo_mb(struct str text, struct str name)
{
	struct str line;
	int64_t kb;

	while (text.n > 0) {
		line = str_cut(&text, '\n');
		if (!str_starts(line, name))
			continue;
		line = str_trim(str_skip(line, name.n));
		if (parse_i64(str_cut(&line, ' '), 0, INT64_MAX, &kb))
			return kb / 1024;
	}
	return 0;
}

static json_t *
memory(void)
{
	char text[4096];
	FILE *f = fopen("/proc/meminfo", "re");
	struct str all = STR("");
	int64_t total;

	if (f != NULL) {
		all = (struct str){ text, fread(text, 1, sizeof(text), f) };
		fclose(f);
	}
	total = meminfo_mb(all, STR("MemTotal:"));
	return json_pack("{s:I, s:I, s:s}", "used",
	    (json_int_t)(total - meminfo_mb(all, STR("MemAvailable:"))), "total",
	    (json_int_t)total, "unit", "MB");
}

static bool
health(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct probe *p;
	json_t *why;

	(void)reply;
	if (!can_serve(app, &p, rs, err))
		return false;
	why = problems(p, rq->lang);
	resp_ok(rs, json_pack("{s:s, s:I, s:o, s:s, s:o, s:o, s:o}", "status",
			json_array_size(why) == 0 ? "healthy" : "degraded", "uptime",
			(json_int_t)(clock_mono_ms() - app->started_mono_ms) / 1000,
			"environment", json_str(app->cfg->environment_name), "version",
			IVS_VERSION, "services", services(app, p), "problems", why,
			"memory", memory()));
	return true;
}

static bool
ask_metrics(struct app *app, struct req *rq, struct err *err)
{
	(void)app, (void)err;
	metrics_page_ask(&rq->call);
	return true;
}

static bool
metrics(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct str text;

	(void)app;
	if (!metrics_page_answer(reply, STR(IVS_VERSION), rq->arena, &text, err))
		return false;
	resp_text(rs, text, METRICS_PAGE_TYPE);
	return true;
}

/* The answer without an upgrade. Nothing here can upgrade yet, so it is the only one. */
static bool
ws(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	(void)app, (void)rq, (void)reply, (void)rs;
	return err_set(err, ERR_UPGRADE, "no WebSocket");
}

static const struct route routes[] = {
	{ METHOD_GET, "/", ACCESS_PUBLIC, BUCKET_NONE, false, NULL, root },
	{ METHOD_GET, "/ws", ACCESS_PUBLIC, BUCKET_NONE, false, NULL, ws },
	{ METHOD_GET, "/livez", ACCESS_PUBLIC, BUCKET_NONE, false, NULL, livez },
	{ METHOD_GET, "/readyz", ACCESS_PUBLIC, BUCKET_NONE, true, NULL, readyz },
	{ METHOD_GET, "/metrics", ACCESS_SCRAPE, BUCKET_NONE, false, ask_metrics,
	    metrics },
	{ METHOD_GET, "/health", ACCESS_PUBLIC, BUCKET_NONE, true, NULL, health },
	{ METHOD_GET, "/api/health", ACCESS_PUBLIC, BUCKET_NONE, true, NULL, health },
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "health",
		.help =
		    "answers /health, /livez, /readyz, /metrics and what is nobody else's",
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
		.parts = { &part_postgres, &part_heal },
		.min_processes = PROCESSES,
		.slow_s = 3,
	};

	return app_main(&program, argc, argv);
}
