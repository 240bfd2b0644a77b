/* ops_stages.c - stages: see ops_parts.h */
#include "ops_parts.h"

#include "ids.h"
#include "js.h"
#include "live.h"
#include "page.h"
#include "quotas.h"
#include "shapes.h"
#include "state.h"

#define ENDPOINT_ID_CHARS 12

static json_t *
make_endpoints(void)
{
	char id[ENDPOINT_ID_CHARS + 1];

	ids_hex(id, ENDPOINT_ID_CHARS);
	/* clang-format off */
	return json_pack("{s:s, s:o, s:o, s:o}",
	    "events", "wss://global.events.live-video.net",
	    "whip", json_sprintf("https://%s.global-bm.whip.live-video.net", id),
	    "rtmp", json_sprintf("rtmp://%s.global-contribute.live-video.net/app/", id),
	    "rtmps", json_sprintf("rtmps://%s.global-contribute.live-video.net:443/app/",
	    id));
	/* clang-format on */
}

static json_t *
make_stage(const struct settings *s, const json_t *in)
{
	static const char *const kept[] = { "name", "tags",
		"autoParticipantRecordingConfiguration", NULL };
	char id[IDS_STAGE_CHARS + 1];
	json_t *stage;

	ids_alnum(id, IDS_STAGE_CHARS);
	/* clang-format off */
	stage = json_pack("{s:o, s:s, s:{}, s:o}",
	    "arn", json_sprintf("arn:aws:ivs:%s:%s:stage/%s", s->region, s->account, id),
	    "name", "",
	    "tags",
	    "endpoints", make_endpoints());
	/* clang-format on */
	js_copy(stage, in, kept);
	return stage;
}

/* A copy, with the session that runs. */
static json_t *
view(struct emulator *emu, const json_t *stage)
{
	const json_t *session = live_session(emu->live, js_text(stage, "arn"));
	json_t *copy = json_deep_copy(stage);

	if (session != NULL)
		js_set_text(copy, "activeSessionId", js_text(session, "sessionId"));
	return copy;
}

bool
op_create_stage(struct emulator *emu, const json_t *in, struct reply *rp)
{
	json_t *asked = json_object_get(in, "participantTokenConfigurations");
	json_int_t max = quotas_max(emu->quotas, QUOTA_STAGES);
	json_t *stage, *tokens;

	if ((json_int_t)state_stage_count(emu->state) >= max)
		return reply_fail(rp, "ServiceQuotaExceededException",
		    "The maximum number of stages (%lld) has been reached.",
		    (long long)max);
	stage = make_stage(emu->settings, in);
	tokens = json_array();
	for (size_t i = 0; i < json_array_size(asked); i++)
		json_array_append_new(
		    tokens, ops_issue_token(emu, stage, json_array_get(asked, i)));
	state_stage_add(emu->state, json_deep_copy(stage));
	return reply_body(
	    rp, json_pack("{s:o, s:o}", "stage", stage, "participantTokens", tokens));
}

bool
op_get_stage(struct emulator *emu, const json_t *in, struct reply *rp)
{
	const json_t *stage = ops_stage(emu, in, "arn", rp);

	return stage != NULL &&
	       reply_body(rp, json_pack("{s:o}", "stage", view(emu, stage)));
}

bool
op_update_stage(struct emulator *emu, const json_t *in, struct reply *rp)
{
	static const char *const changed[] = { "name",
		"autoParticipantRecordingConfiguration", NULL };
	json_t *stage = ops_stage(emu, in, "arn", rp);

	if (stage == NULL)
		return false;
	js_copy(stage, in, changed);
	state_touch(emu->state);
	return reply_body(rp, json_pack("{s:o}", "stage", view(emu, stage)));
}

bool
ops_remove_stage(struct emulator *emu, const char *arn)
{
	if (state_stage(emu->state, arn) == NULL)
		return false;
	live_forget_stage(emu->live, arn);
	return state_stage_remove(emu->state, arn);
}

bool
op_delete_stage(struct emulator *emu, const json_t *in, struct reply *rp)
{
	if (!ops_remove_stage(emu, js_text(in, "arn")))
		return ops_no_such(rp, js_text(in, "arn"));
	return true;
}

static json_t *
summary_of(json_t *stage)
{
	static const char *const shown[] = { "arn", "name", "activeSessionId", "tags",
		NULL };
	json_t *summary = json_object();

	js_copy(summary, stage, shown);
	json_decref(stage);
	return summary;
}

bool
op_list_stages(struct emulator *emu, const json_t *in, struct reply *rp)
{
	struct page pg;
	const char *arn;
	json_t *record;

	if (!page_begin(&pg, "ListStages", in, SHAPES_PAGE_DEFAULT, rp))
		return false;
	json_object_foreach (state_stages(emu->state), arn, record)
		if (page_wants(&pg, js_int(record, "seq")))
			page_add(
			    &pg, summary_of(view(emu, json_object_get(record, "stage"))));
	return page_end(&pg, "stages", rp);
}
