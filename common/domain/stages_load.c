/* stages_load() of domain/stages.h; apart, so that who needs no AWS is not linked with it. */
#include "domain/stages.h"

#include "base/banned.h"

static json_t *
registry_entry(const struct config *cfg, const struct ivs_stage *s)
{
	struct err ignored = ERR_INIT;
	json_t *o = json_object(), *tags = NULL;

	json_object_set_new(o, "name", json_str(s->name));
	json_object_set_new(
	    o, "master", json_boolean(str_eq(s->arn, cfg->master_stage_arn)));
	json_object_set_new(o, "events", json_str(s->events_endpoint));
	json_object_set_new(o, "whip", json_str(s->whip_endpoint));
	if (json_parse_object(s->tags_json, &tags, &ignored))
		json_object_set_new(o, "tags", tags);
	return o;
}

bool
stages_load(const struct config *cfg, struct redis *r, struct ivs *ivs, struct arena *a,
    struct str arn, struct stage *ret, struct err *err)
{
	struct ivs_stage found = { 0 };
	struct redis_call c;
	struct str json;

	if (!ivs_get_stage(ivs, a, arn, &found, err))
		return err_while(err, "reading stage '%.*s'", STR_ARG(arn));
	json = json_text(a, registry_entry(cfg, &found));
	redis_call_init(&c, a, SCRIPT_STAGE_PUT);
	redis_arg(&c, arn);
	redis_arg(&c, json);
	if (!redis_call(r, &c, err))
		return err_while(err, "keeping stage '%.*s'", STR_ARG(arn));
	stage_from_json(cfg, arn, reply_str(c.reply, 1), ret);
	return true;
}
