/* The state in Redis is taken from PostgreSQL anew: after deploy/restore. */
#include "ctl/ctl.h"
#include "domain/presence.h"
#include "base/banned.h"

bool
ctl_presence_reload(struct ctl *c, struct err *err)
{
	bool was;

	if (!presence_reload(c->work->redis, c->arena, &was, err))
		return false;
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c, json_pack("{s:b}", "wasLoaded", was), err);
	puts("the state is loaded from PostgreSQL before the next call is answered");
	return true;
}
