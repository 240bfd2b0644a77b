#include "app/app.h"

#include "base/log.h"
#include "domain/stages.h"
#include "base/banned.h"

static bool
open_aws(struct app *app, struct err *err)
{
	app->ivs = ivs_open(app->cfg, app->redis);
	return app->ivs != NULL ||
	       err_set(err, ERR_UPSTREAM, "no memory for the AWS client");
}

static void
close_aws(struct app *app)
{
	ivs_close(app->ivs);
}

/* The name of the master stage is for people: nobody waits for it. */
static void
read_master(struct app *app)
{
	struct err err = ERR_INIT;
	struct stage stage;

	if (!app->master_unread)
		return;
	app->master_unread = false;
	json_use(&app->work);
	if (!stages_load(app->cfg, app->redis, app->ivs, &app->work,
		app->cfg->master_stage_arn, &stage, &err))
		log_err(LOG_WARN, "the master stage could not be read", &err);
	json_use(NULL);
	arena_wipe(&app->work);
	log_flush();
}

const struct app_part part_aws = {
	.open = open_aws, .close = close_aws, .after = read_master
};
