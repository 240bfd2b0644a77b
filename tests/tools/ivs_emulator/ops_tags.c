/* ops_tags.c - tags of stages and public keys: see ops_parts.h */
#include "ops_parts.h"

#include "js.h"
#include "shapes.h"
#include "state.h"

/* The tags of the thing named; NULL: the reply says that there is none. */
static json_t *
find_tags(struct emulator *emu, const json_t *in, struct reply *rp)
{
	const char *arn = js_text(in, "resourceArn");
	json_t *thing = state_stage(emu->state, arn);

	if (thing == NULL)
		thing = ops_key(emu, arn);
	if (thing == NULL)
		ops_no_such(rp, arn);
	return json_object_get(thing, "tags");
}

bool
op_tag(struct emulator *emu, const json_t *in, struct reply *rp)
{
	json_t *tags = find_tags(emu, in, rp), *merged;
	bool ok;

	if (tags == NULL)
		return false;
	merged = json_deep_copy(tags);
	json_object_update(merged, json_object_get(in, "tags"));
	ok = json_object_size(merged) <= SHAPES_TAGS_MAX;
	if (ok) {
		json_object_update(tags, merged);
		state_touch(emu->state);
	}
	json_decref(merged);
	return ok || reply_fail(rp, "ValidationException",
			 "tags: a resource has at most %d", SHAPES_TAGS_MAX);
}

bool
op_untag(struct emulator *emu, const json_t *in, struct reply *rp)
{
	json_t *tags = find_tags(emu, in, rp), *key;
	size_t i;

	if (tags == NULL)
		return false;
	json_array_foreach (json_object_get(in, "tagKeys"), i, key)
		json_object_del(tags, json_string_value(key));
	state_touch(emu->state);
	return true;
}

bool
op_list_tags(struct emulator *emu, const json_t *in, struct reply *rp)
{
	json_t *tags = find_tags(emu, in, rp);

	return tags != NULL &&
	       reply_body(rp, json_pack("{s:o}", "tags", json_deep_copy(tags)));
}
