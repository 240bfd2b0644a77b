#include "domain/stage_tags.h"

#include "base/arn.h"
#include "base/banned.h"

static struct str
show_of(const struct config *cfg)
{
	struct arn arn = { .id = STR_NULL };

	(void)arn_parse(cfg->master_stage_arn, STR("stage"), &arn);
	return arn.id;
}

json_t *
stage_tags_make(const struct config *cfg, const json_t *of_client, struct str order_id,
    bool auto_scaled)
{
	json_t *tags = json_object();

	if (of_client != NULL) {
		json_decref(tags);
		tags = json_deep_copy(of_client);
	}
	json_object_set_new(tags, TAG_MANAGED_BY,
	    json_string(auto_scaled ? TAG_MANAGED_BY_AUTO : TAG_MANAGED_BY_API));
	json_object_set_new(tags, TAG_ENVIRONMENT, json_str(cfg->environment_name));
	json_object_set_new(tags, TAG_SHOW, json_str(show_of(cfg)));
	json_object_set_new(tags, TAG_ORDER, json_str(order_id));
	if (auto_scaled)
		json_object_set_new(tags, TAG_AUTO_SCALED, json_string("true"));
	return tags;
}

struct str
stage_tags_value(struct arena *a, const struct ivs_stage *s, const char *tag)
{
	struct err ignored = ERR_INIT;
	struct str value;
	json_t *tags;

	if (!json_parse_object(s->tags_json, &tags, &ignored))
		return STR("");
	value = str_dup(a, json_view(json_object_get(tags, tag)));
	json_decref(tags);
	return value;
}

/*
 * An account may hold thousands of stages, and what is parsed stays in the arena: first the
 * text alone is searched. Values of ours are words, which JSON writes as they are.
 */
bool
stage_tags_has(const struct ivs_stage *s, const char *tag, struct str value)
{
	struct err ignored = ERR_INIT;
	json_t *tags;
	bool has;

	if (value.n == 0 || s->tags_json.n == 0 ||
	    memmem(s->tags_json.p, s->tags_json.n, value.p, value.n) == NULL)
		return false;
	if (!json_parse_object(s->tags_json, &tags, &ignored))
		return false;
	has = str_eq(json_view(json_object_get(tags, tag)), value);
	json_decref(tags);
	return has;
}

bool
stage_tags_ours(const struct config *cfg, const struct ivs_stage *s)
{
	return stage_tags_has(s, TAG_SHOW, show_of(cfg)) &&
	       (stage_tags_has(s, TAG_MANAGED_BY, STR(TAG_MANAGED_BY_API)) ||
		   stage_tags_has(s, TAG_MANAGED_BY, STR(TAG_MANAGED_BY_AUTO)));
}

json_t *
stage_members(const struct ivs_stage *s)
{
	struct err ignored = ERR_INIT;
	json_t *o = json_object(), *tags = NULL;

	json_object_set_new(o, "name", json_str(s->name.p != NULL ? s->name : STR("")));
	if (s->events_endpoint.n > 0)
		json_object_set_new(o, "events", json_str(s->events_endpoint));
	if (s->whip_endpoint.n > 0)
		json_object_set_new(o, "whip", json_str(s->whip_endpoint));
	if (s->active_session_id.n > 0)
		json_object_set_new(o, "session", json_str(s->active_session_id));
	if (json_parse_object(s->tags_json, &tags, &ignored))
		json_object_set_new(o, "tags", tags);
	return o;
}
