#include "app/app.h"

#include "base/log.h"
#include "base/banned.h"

static void
key_not_used(const struct err *why)
{
	log_err(LOG_WARN, "the new signing key is not used, the old one serves on", why);
}

static bool
open_tokens(struct app *app, struct err *err)
{
	if (!tokens_open(app->cfg, app->ivs, &app->tokens, err))
		return false;
	tokens_on_warning(app->tokens, key_not_used);
	return true;
}

static void
close_tokens(struct app *app)
{
	tokens_close(app->tokens);
}

const struct app_part part_tokens = { .open = open_tokens, .close = close_tokens };
