#include "app/app.h"

#include "base/log.h"
#include "domain/records.h"
#include "base/banned.h"

/* After an answer: long enough for some batches, short enough for the next request. */
#define AFTER_BUDGET_MS 200

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

	if (!records_drain(app->redis, app->pg, &app->work, AFTER_BUDGET_MS, &res, &err))
		log_err(LOG_WARN, "history waits", &err);
	if (res.dead > 0)
		LOG(LOG_ERROR, "records that cannot be stored",
		    LOG_INT("dead", res.dead));
	log_flush();
}

const struct app_part part_postgres = {
	.open = open_postgres, .close = close_postgres, .after = drain
};
