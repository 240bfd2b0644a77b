#include "app/app.h"

#include "base/banned.h"

static bool
open_tokens(struct app *app, struct err *err)
{
	return tokens_open(app->cfg, app->ivs, &app->tokens, err);
}

static void
close_tokens(struct app *app)
{
	tokens_close(app->tokens);
}

const struct app_part part_tokens = { open_tokens, close_tokens, NULL };
