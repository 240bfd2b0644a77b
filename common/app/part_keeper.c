#include "app/app.h"

#include "base/banned.h"

#define AFTER_BUDGET_MS 10000
#define RUNS_MAX 3 /* in a row, each with news for the next */

static bool
open_keeper(struct app *app, struct err *err)
{
	(void)err;
	app->limit_said = SCALING_REASON_COUNT;
	app->has_keeper = true;
	return true;
}

enum app_kept
app_keep(struct app *app, struct arena *rq, const struct keeper_order *order)
{
	struct stage_work w = { .cfg = app->cfg,
		.redis = app->redis,
		.pg = app->pg,
		.ivs = app->ivs,
		.arena = &app->work };
	struct keeper_report report;
	struct err err = ERR_INIT;
	bool ok;

	json_use(&app->work);
	ok = keeper_run(&w, order, &report, &err);
	keeper_log(&report, &app->work, &app->limit_said);
	if (!ok)
		log_err(LOG_WARN, "the stages could not be looked after", &err);
	app->show_changed |= report.again;
	json_use(rq);
	arena_wipe(&app->work);
	if (!ok)
		return APP_KEEP_FAILED;
	return report.busy ? APP_KEPT_BY_OTHERS : APP_KEPT;
}

/* Nobody waits for it. Off, the job autoscale alone looks after the stages. */
static void
keep(struct app *app)
{
	struct keeper_order order = { .budget_ms = AFTER_BUDGET_MS };
	int runs = 0;

	while ((app->grow_due || app->show_changed) && runs++ < RUNS_MAX) {
		order.news = app->show_changed;
		order.hasty = !order.news;
		order.by = order.news ? "event" : "join";
		app->grow_due = app->show_changed = false;
		if (app->cfg->auto_scale_enabled)
			(void)app_keep(app, NULL, &order);
	}
	log_flush();
}

/* Redis was loaded from PostgreSQL: AWS may have gone on meanwhile. */
static void
keep_restored(struct app *app)
{
	if (!app->keeper_due)
		return;
	app->keeper_due = false;
	app->show_changed = true;
	keep(app);
}

const struct app_part part_keeper = {
	.open = open_keeper, .after = keep, .tick = keep_restored
};
