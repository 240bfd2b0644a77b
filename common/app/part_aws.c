#include "app/app.h"

#include "base/banned.h"

static bool
open_aws(struct app *app, struct err *err)
{
	(void)err;
	app->ivs = ivs_open(app->cfg);
	return true;
}

static void
close_aws(struct app *app)
{
	ivs_close(app->ivs);
}

const struct app_part part_aws = { open_aws, close_aws, NULL };
