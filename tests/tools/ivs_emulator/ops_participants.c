/* ops_participants.c - who is or was on a stage: see ops_parts.h */
#include "ops_parts.h"

#include "js.h"
#include "live.h"
#include "page.h"
#include "shapes.h"
#include "turn.h"

/* The filters, and the members they look at. */
static const struct filter {
	const char *name;
	const char *member;
} filters[] = {
	{ "filterByUserId", "userId" },
	{ "filterByPublished", "published" },
	{ "filterByState", "state" },
	{ "filterByRecordingState", "recordingState" },
};

static size_t
count_filters(const json_t *in)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		n += json_object_get(in, filters[i].name) != NULL;
	return n;
}

static bool
passes(const json_t *in, const json_t *shown)
{
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		const json_t *wanted = json_object_get(in, filters[i].name);

		if (wanted != NULL &&
		    !json_equal(wanted, json_object_get(shown, filters[i].member)))
			return false;
	}
	return true;
}

static json_t *
summary_of(const json_t *shown)
{
	static const char *const members[] = { "participantId", "userId", "state",
		"firstJoinTime", "published", "recordingState", "replicationType",
		"replicationState", "sourceStageArn", "sourceSessionId",
		"redundantIngest", NULL };
	json_t *summary = json_object();

	js_copy(summary, shown, members);
	return summary;
}

bool
op_list_participants(struct emulator *emu, const json_t *in, struct reply *rp)
{
	json_t *session = live_session_by_id(
	    emu->live, js_text(in, "stageArn"), js_text(in, "sessionId"));
	json_t *who, *shown;
	struct page pg;
	const char *id;

	if (count_filters(in) > 1)
		return reply_fail(
		    rp, "ValidationException", "at most one filter may be given");
	if (!page_begin(&pg, "ListParticipants", in, SHAPES_PAGE_DEFAULT, rp))
		return false;
	json_object_foreach (json_object_get(session, "participants"), id, who) {
		shown = json_object_get(who, "shown");
		if (passes(in, shown) && page_wants(&pg, js_int(who, "seq")))
			page_add(&pg, summary_of(shown));
	}
	return page_end(&pg, "participants", rp);
}

static bool
find_seat(struct emulator *emu, const json_t *in, struct seat *ret_seat)
{
	return live_seat_in(emu->live, js_text(in, "stageArn"), js_text(in, "sessionId"),
	    js_text(in, "participantId"), ret_seat);
}

bool
op_get_participant(struct emulator *emu, const json_t *in, struct reply *rp)
{
	struct seat seat;

	if (!find_seat(emu, in, &seat))
		return ops_no_such(rp, js_text(in, "participantId"));
	return reply_body(
	    rp, json_pack("{s:o}", "participant", json_deep_copy(live_shown(&seat))));
}

bool
op_list_events(struct emulator *emu, const json_t *in, struct reply *rp)
{
	struct page pg;
	struct seat seat;
	json_t *entry;
	size_t i;

	find_seat(emu, in, &seat);
	if (!page_begin(&pg, "ListParticipantEvents", in, SHAPES_PAGE_DEFAULT, rp))
		return false;
	json_array_foreach (json_object_get(seat.participant, "events"), i, entry)
		if (page_wants(&pg, js_int(entry, "seq")))
			page_add(&pg, json_deep_copy(json_object_get(entry, "event")));
	return page_end(&pg, "events", rp);
}

/* An id that never joined is no error: its token may be on its way. */
bool
op_disconnect(struct emulator *emu, const json_t *in, struct reply *rp)
{
	if (ops_stage(emu, in, "stageArn", rp) == NULL)
		return false;
	live_kill(emu->live, js_text(in, "stageArn"), js_text(in, "participantId"));
	return true;
}

static json_t *
session_view(const json_t *session)
{
	static const char *const members[] = { "sessionId", "startTime", "endTime",
		NULL };
	json_t *shown = json_object();

	js_copy(shown, session, members);
	return shown;
}

bool
op_list_sessions(struct emulator *emu, const json_t *in, struct reply *rp)
{
	struct page pg;
	json_t *session;
	size_t i;

	if (!page_begin(&pg, "ListStageSessions", in, SHAPES_PAGE_DEFAULT, rp))
		return false;
	json_array_foreach (
	    json_object_get(emu->live->sessions, js_text(in, "stageArn")), i, session)
		if (page_wants(&pg, js_int(session, "seq")))
			page_add(&pg, session_view(session));
	return page_end(&pg, "stageSessions", rp);
}

bool
op_get_session(struct emulator *emu, const json_t *in, struct reply *rp)
{
	const json_t *session = live_session_by_id(
	    emu->live, js_text(in, "stageArn"), js_text(in, "sessionId"));

	if (session == NULL)
		return ops_no_such(rp, js_text(in, "sessionId"));
	return reply_body(rp, json_pack("{s:o}", "stageSession", session_view(session)));
}
