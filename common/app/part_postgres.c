#include "app/app.h"

#include "base/log.h"
#include "domain/records.h"
#include "base/banned.h"

/* Long enough for some batches, short enough for the next request. */
#define BUDGET_MS 200
/* A record younger than this waits for company: a tick comes each second, so all are written
 * within two. */
#define MIN_AGE_MS 300

static bool
open_postgres(struct app *app, struct err *err)
{
	(void)err;
	app->pg = pg_open(app->cfg);
	return true;
}

static void
close_postgres(struct app *app)
{
	pg_close(app->pg);
}

static void
drain(struct app *app)
{
	struct records_result res = { 0 };
	struct err err = ERR_INIT;

	if (records_drain(app->redis, app->pg, &app->work, BUDGET_MS, &res, &err))
		app->drain_silent_until_ms = 0;
	else if (app_may_say(&app->drain_silent_until_ms))
		log_err(LOG_WARN, "history waits", &err);
	if (res.dead > 0)
		LOG(LOG_ERROR, "records that cannot be stored",
		    LOG_INT("dead", res.dead));
	log_flush();
}

/*
 * Whatever calls come or do not. By the program that has the pulse: a look each second by every
 * worker of all programs would bring nothing more, and on a slow network it would cost each of them
 * its connection again and again. Redis gets the time of a request: a shorter one would take a slow
 * Redis for a frozen one, and after the pulse has found a frozen one this look fails at once. A plain
 * CGI call has no next second: it drains after its answer.
 */
void
app_drain_old(struct app *app)
{
	if (!app->cgi && redis_is_believed(app->redis) &&
	    records_due(app->redis, &app->work, MIN_AGE_MS, app->cfg->redis_timeout_ms))
		drain(app);
}

const struct app_part part_postgres = {
	.open = open_postgres, .close = close_postgres, .after = drain
};
