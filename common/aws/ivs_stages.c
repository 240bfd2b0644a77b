#include "aws/ivs_read.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/banned.h"

static bool
stage_read(const struct ivs *v, struct arena *a, const struct aws_op *op,
    const json_t *answer, struct ivs_stage *ret, struct err *err)
{
	const json_t *s = json_object_get(answer, "stage");
	const json_t *endpoints = json_object_get(s, "endpoints");
	struct ivs_stage stage = {
		.arn = ivs_keep(a, s, "arn"),
		.name = ivs_keep(a, s, "name"),
		.active_session_id = ivs_keep(a, s, "activeSessionId"),
		.events_endpoint = ivs_keep(a, endpoints, "events"),
		.whip_endpoint = ivs_keep(a, endpoints, "whip"),
	};

	if (stage.arn.n == 0)
		return aws_incomplete(v, op, "stage.arn", err);
	stage.tags_json = ivs_keep_tags(a, s);
	*ret = stage;
	return true;
}

/* All of them answer with the stage. */
static bool
call_for_stage(struct ivs *v, struct arena *a, const struct aws_op *op, json_t *body,
    struct ivs_stage *ret, struct err *err)
{
	json_t *answer;
	bool ok;

	if (!aws_call_body(v, a, op, body, &answer, err))
		return false;
	ok = stage_read(v, a, op, answer, ret, err);
	json_decref(answer);
	return ok;
}

bool
ivs_create_stage(struct ivs *v, struct arena *a, struct str name, const json_t *tags,
    struct ivs_stage *ret, struct err *err)
{
	static const struct aws_op op = { .name = "CreateStage", .repeat = AWS_ONCE };
	const int64_t began_us = clock_mono_us();
	json_t *body;

	if (!ivs_check_name(name, err) || !ivs_check_tags(tags, err))
		return false;
	body = json_object();
	if (name.n > 0)
		json_object_set_new(body, "name", json_str(name));
	if (json_object_size(tags) > 0)
		json_object_set_new(body, "tags", json_deep_copy(tags));
	if (!call_for_stage(v, a, &op, body, ret, err))
		return false;
	metrics_observe(METRIC_STAGE_CREATION_DURATION, NULL, clock_mono_us() - began_us);
	return true;
}

bool
ivs_get_stage(struct ivs *v, struct arena *a, struct str arn, struct ivs_stage *ret,
    struct err *err)
{
	static const struct aws_op op = { .name = "GetStage", .repeat = AWS_READ };

	return ivs_check_stage_arn(arn, err) &&
	       call_for_stage(
		   v, a, &op, json_pack("{s:o}", "arn", json_str(arn)), ret, err);
}

bool
ivs_update_stage(struct ivs *v, struct arena *a, struct str arn, struct str name,
    struct ivs_stage *ret, struct err *err)
{
	static const struct aws_op op = { .name = "UpdateStage",
		.repeat = AWS_REPEATABLE };

	return ivs_check_stage_arn(arn, err) && ivs_check_name(name, err) &&
	       call_for_stage(v, a, &op,
		   json_pack("{s:o, s:s#}", "arn", json_str(arn), "name",
		       name.n > 0 ? name.p : "", (int)name.n),
		   ret, err);
}

bool
ivs_delete_stage(struct ivs *v, struct arena *a, struct str arn, struct err *err)
{
	static const struct aws_op op = { .name = "DeleteStage",
		.repeat = AWS_REPEATABLE };

	return ivs_check_stage_arn(arn, err) &&
	       aws_call_done(v, a, &op, json_pack("{s:o}", "arn", json_str(arn)), err);
}

static const char *
summary_read(struct arena *a, const json_t *item, void *slot, void *arg)
{
	struct ivs_stage *stage = slot;

	(void)arg;
	stage->arn = ivs_keep(a, item, "arn");
	stage->name = ivs_keep(a, item, "name");
	stage->active_session_id = ivs_keep(a, item, "activeSessionId");
	stage->tags_json = ivs_keep_tags(a, item);
	return stage->arn.n > 0 ? NULL : "stages[].arn";
}

bool
ivs_list_stages(struct ivs *v, struct arena *a, struct ivs_stages *ret, struct err *err)
{
	static const struct aws_op op = { .name = "ListStages",
		.repeat = AWS_READ,
		.answer_max_bytes = IVS_PAGE_MAX_BYTES };
	static const struct ivs_list list = { &op, "stages", sizeof(struct ivs_stage),
		summary_read, NULL };
	void *stages;

	if (!ivs_list_pages(v, a, &list, json_pack("{s:i}", "maxResults", 100), &stages,
		&ret->n, err))
		return false;
	ret->v = stages;
	return true;
}
