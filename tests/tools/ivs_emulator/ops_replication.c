/* ops_replication.c - participants shown on other stages: see ops_parts.h */
#include "ops_parts.h"

#include "js.h"
#include "live.h"
#include "page.h"
#include "quotas.h"
#include "replicas.h"
#include "shapes.h"

static bool
both_stages(struct emulator *emu, const json_t *in, struct reply *rp)
{
	return ops_stage(emu, in, "sourceStageArn", rp) != NULL &&
	       ops_stage(emu, in, "destinationStageArn", rp) != NULL;
}

bool
op_start_replication(struct emulator *emu, const json_t *in, struct reply *rp)
{
	if (js_is(in, "sourceStageArn", js_text(in, "destinationStageArn")))
		return reply_fail(rp, "ValidationException",
		    "destinationStageArn: must not be the source stage");
	return both_stages(emu, in, rp) &&
	       replicas_start(
		   emu->live, in, quotas_max(emu->quotas, QUOTA_REPLICATIONS), rp);
}

bool
op_stop_replication(struct emulator *emu, const json_t *in, struct reply *rp)
{
	return both_stages(emu, in, rp) && replicas_stop(emu->live, in, rp);
}

static bool
is_listed(const json_t *replica, const json_t *in)
{
	const json_t *shown = json_object_get(replica, "shown");

	return !js_is(replica, "state", "PENDING") &&
	       js_is(shown, "sourceStageArn", js_text(in, "sourceStageArn")) &&
	       js_is(shown, "participantId", js_text(in, "participantId"));
}

bool
op_list_replicas(struct emulator *emu, const json_t *in, struct reply *rp)
{
	struct page pg;
	json_t *replica;
	size_t i;

	if (!page_begin(&pg, "ListParticipantReplicas", in, SHAPES_PAGE_DEFAULT, rp))
		return false;
	json_array_foreach (emu->live->replicas, i, replica)
		if (is_listed(replica, in) && page_wants(&pg, js_int(replica, "seq")))
			page_add(&pg, json_deep_copy(json_object_get(replica, "shown")));
	return page_end(&pg, "replicas", rp);
}
