#include "aws/creds.h"

#include <stdlib.h>

#include "base/banned.h"

struct source {
	const char *name;
	/* False: has none, the next source is asked. */
	bool (*find)(struct creds *c, struct sigv4_creds *ret);
	bool renews;
};

struct creds {
	const struct config *cfg;
	const struct source *used;
};

static bool
from_settings(struct creds *c, struct sigv4_creds *ret)
{
	const struct config *cfg = c->cfg;

	if (cfg->aws_access_key_id.n == 0 || cfg->aws_secret_access_key.n == 0)
		return false;
	ret->access_key_id = cfg->aws_access_key_id;
	ret->secret_access_key = cfg->aws_secret_access_key;
	ret->session_token = cfg->aws_session_token;
	return true;
}

/* Order: docs of the AWS SDKs, "Standardized credential providers". */
static const struct source sources[] = {
	{ "settings", from_settings, false },
};

struct creds *
creds_open(const struct config *cfg)
{
	struct creds *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->cfg = cfg;
	return c;
}

void
creds_close(struct creds *c)
{
	free(c);
}

bool
creds_get(struct creds *c, struct sigv4_creds *ret, struct err *err)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		if (!sources[i].find(c, ret))
			continue;
		c->used = &sources[i];
		return true;
	}
	return err_from(err, ERR_FROM_AWS, ERR_CONFIG,
	    "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}

bool
creds_renew(struct creds *c)
{
	return c->used != NULL && c->used->renews;
}
