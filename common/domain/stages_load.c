/* stages_load() of domain/stages.h; apart, so that who needs no AWS is not linked with it. */
#include "domain/stage_tags.h"
#include "domain/stages.h"

#include "base/banned.h"

bool
stages_load(const struct config *cfg, struct redis *r, struct ivs *ivs, struct arena *a,
    struct str arn, struct stage *ret, struct err *err)
{
	struct ivs_stage found = { 0 };
	struct redis_call c;

	if (!ivs_get_stage(ivs, a, arn, &found, err))
		return err_while(err, "reading stage '%.*s'", STR_ARG(arn));
	redis_call_init(&c, a, SCRIPT_STAGE_SET);
	redis_arg(&c, STR(""));
	redis_arg(&c, arn);
	redis_arg(&c, json_text(a, stage_members(&found)));
	redis_arg(&c, STR(""));
	if (!redis_call(r, &c, err))
		return err_while(err, "keeping stage '%.*s'", STR_ARG(arn));
	/* Who forgot it while AWS was asked is right: it must not come back. */
	if (str_is(reply_str(c.reply, 0), "NO_STAGE"))
		return err_tell(
		    err, ERR_NOT_FOUND, MSG_NO_STAGE, "no stage '%.*s'", STR_ARG(arn));
	stage_from_json(cfg, arn, reply_str(c.reply, 1), ret);
	return true;
}
