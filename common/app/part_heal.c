/* What a program does with a Redis that was not compared (domain/compare) or is cold (domain/restore). */
#include "app/app.h"

#include "base/log.h"
#include "domain/compare.h"
#include "domain/restore.h"
#include "base/banned.h"

#define CHECK_MS 300

void
app_say_finding(struct app *app)
{
	const char *text = compare_text(redis_finding(app->redis));

	if (text != NULL)
		LOG(LOG_ERROR, text);
}

bool
app_compare(struct app *app)
{
	struct err err = ERR_INIT;
	bool ok;

	ok = compare_run(app->redis, app->pg, &app->work, CHECK_MS, &err);
	redis_set_waits(app->redis, !ok && err.source == ERR_FROM_POSTGRES);
	if (ok)
		app->compare_silent_until_ms = 0;
	else if (app_may_say(&app->compare_silent_until_ms))
		log_err(LOG_WARN, "Redis could not be compared with PostgreSQL", &err);
	app_say_finding(app);
	arena_wipe(&app->work);
	log_flush();
	return ok;
}

static void
say_restored(const struct restore_result *res)
{
	LOG(LOG_WARN, "the state was loaded from PostgreSQL",
	    LOG_INT("stages", res->stages), LOG_INT("seats", res->seats),
	    LOG_INT("ended", res->ended), LOG_INT("bans", res->bans));
}

/* Somebody else loads, or has just failed; is PostgreSQL what is missing? */
static void
look_for_postgres(struct app *app)
{
	struct err err = ERR_INIT;

	redis_set_waits(app->redis, !pg_probe(app->pg, CHECK_MS, &err));
}

static void
heal(struct app *app)
{
	struct restore_result res;
	struct err err = ERR_INIT;

	app_say_finding(app); /* a drain or a run of the keeper may have found it */
	if (redis_is_doubted(app->redis))
		(void)app_compare(app);
	if (!redis_is_cold(app->redis))
		return;
	if (!restore_run(
		app->redis, app->pg, &app->work, app->keeper != NULL, &res, &err)) {
		redis_set_waits(app->redis, err.source == ERR_FROM_POSTGRES);
		if (app_may_say(&app->heal_silent_until_ms))
			log_err(LOG_WARN, "the state could not be loaded", &err);
		log_flush();
		return;
	}
	if (res.end == RESTORE_BUSY)
		look_for_postgres(app);
	else
		redis_set_waits(app->redis, false);
	app->keeper_due |= res.keeper_due;
	if (res.end == RESTORE_DONE) {
		app->heal_silent_until_ms = 0;
		say_restored(&res);
		log_flush();
	}
}

const struct app_part part_heal = { .tick = heal };
