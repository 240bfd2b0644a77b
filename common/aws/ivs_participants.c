#include "aws/ivs_read.h"

#include <stdlib.h>

#include "base/banned.h"

#define PAGE 100
#define REASON_MAX_CHARS 128

/* ---- who is or was in a session ---- */

static const char *
participant_read(struct arena *a, const json_t *item, void *slot, void *arg)
{
	struct ivs_participant *p = slot;

	(void)arg;
	p->participant_id = ivs_keep(a, item, "participantId");
	p->user_id = ivs_keep(a, item, "userId");
	p->connected = ivs_member_is(item, "state", "CONNECTED");
	p->published = json_is_true(json_object_get(item, "published"));
	p->is_replica = ivs_member_is(item, "replicationType", "REPLICA");
	p->first_join_ms = ivs_keep_time(item, "firstJoinTime");
	return p->participant_id.n > 0 ? NULL : "participants[].participantId";
}

/* filter: the member by which AWS chooses; its reference is taken, on every way out. */
static bool
list_participants(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, const char *filter, json_t *value,
    struct ivs_participants *ret, struct err *err)
{
	static const struct aws_op op = { .name = "ListParticipants",
		.repeat = AWS_READ,
		.answer_max_bytes = IVS_PAGE_MAX_BYTES };
	static const struct ivs_list list = { &op, "participants",
		sizeof(struct ivs_participant), participant_read, NULL };
	json_t *order = json_pack("{s:o, s:o, s:o, s:i}", "stageArn", json_str(stage_arn),
	    "sessionId", json_str(session_id), filter, value, "maxResults", PAGE);
	void *participants;

	if (!ivs_check_stage_arn(stage_arn, err) || !ivs_check_session(session_id, err)) {
		json_decref(order);
		return false;
	}
	if (!ivs_list_pages(v, a, &list, order, &participants, &ret->n, err))
		return false;
	ret->v = participants;
	return true;
}

bool
ivs_list_publishers(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, struct ivs_participants *ret, struct err *err)
{
	return list_participants(
	    v, a, stage_arn, session_id, "filterByPublished", json_true(), ret, err);
}

bool
ivs_list_of_user(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, struct str user_id, struct ivs_participants *ret,
    struct err *err)
{
	return ivs_check_text(user_id, IVS_USER_ID_MAX_CHARS, "the user id", err) &&
	       list_participants(v, a, stage_arn, session_id, "filterByUserId",
		   json_str(user_id), ret, err);
}

bool
ivs_get_participant(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, struct str participant_id, struct ivs_participant *ret,
    struct err *err)
{
	static const struct aws_op op = { .name = "GetParticipant", .repeat = AWS_READ };
	json_t *answer;
	bool ok;

	if (!ivs_check_stage_arn(stage_arn, err) || !ivs_check_session(session_id, err) ||
	    !ivs_check_participant(participant_id, err))
		return false;
	if (!aws_call_body(v, a, &op,
		json_pack("{s:o, s:o, s:o}", "stageArn", json_str(stage_arn), "sessionId",
		    json_str(session_id), "participantId", json_str(participant_id)),
		&answer, err))
		return false;
	ok = participant_read(a, json_object_get(answer, "participant"), ret, NULL) ==
		 NULL ||
	     aws_incomplete(v, &op, "participant.participantId", err);
	json_decref(answer);
	return ok;
}

/* ---- sessions ---- */

static const char *
session_read(struct arena *a, const json_t *item, void *slot, void *arg)
{
	struct ivs_session *s = slot;

	(void)arg;
	s->session_id = ivs_keep(a, item, "sessionId");
	s->started_ms = ivs_keep_time(item, "startTime");
	s->ended_ms = ivs_keep_time(item, "endTime");
	return s->session_id.n > 0 ? NULL : "stageSessions[].sessionId";
}

static int
newest_first(const void *left, const void *right)
{
	const struct ivs_session *l = left, *r = right;

	return (l->started_ms < r->started_ms) - (l->started_ms > r->started_ms);
}

/* In which order AWS lists them is not documented: all are read. */
bool
ivs_list_sessions(struct ivs *v, struct arena *a, struct str stage_arn, size_t most,
    struct ivs_session *ret, size_t *ret_n, struct err *err)
{
	static const struct aws_op op = { .name = "ListStageSessions",
		.repeat = AWS_READ,
		.answer_max_bytes = IVS_PAGE_MAX_BYTES };
	static const struct ivs_list list = { &op, "stageSessions",
		sizeof(struct ivs_session), session_read, NULL };
	void *sessions;
	size_t n;

	if (!ivs_check_stage_arn(stage_arn, err) ||
	    !ivs_list_pages(v, a, &list,
		json_pack(
		    "{s:o, s:i}", "stageArn", json_str(stage_arn), "maxResults", PAGE),
		&sessions, &n, err))
		return false;
	if (n > 1)
		qsort(sessions, n, sizeof(*ret), newest_first);
	*ret_n = n < most ? n : most;
	if (*ret_n > 0)
		memcpy(ret, sessions, *ret_n * sizeof(*ret));
	return true;
}

/* ---- is he publishing? ---- */

struct newest {
	struct ivs_publishing found;
	int64_t first_ms, last_ms; /* of all events, in the order of the list */
	bool now_of_first; /* of those that share the newest time: the first listed */
};

/*
 * Times are as exact as AWS makes them; of two at the same time the later one counts,
 * which is the second listed or, in a list that runs backwards, the first.
 */
static const char *
event_read(struct arena *a, const json_t *item, void *slot, void *arg)
{
	bool start = ivs_member_is(item, "name", "PUBLISH_STARTED");
	bool stop = ivs_member_is(item, "name", "PUBLISH_STOPPED");
	int64_t at_ms = ivs_keep_time(item, "eventTime");
	struct newest *newest = arg;

	(void)a, (void)slot;
	if (newest->first_ms == 0)
		newest->first_ms = at_ms;
	newest->last_ms = at_ms;
	if (!start && !stop)
		return NULL;
	if (!newest->found.known || at_ms > newest->found.since_ms)
		newest->now_of_first = start;
	else if (at_ms < newest->found.since_ms)
		return NULL;
	newest->found =
	    (struct ivs_publishing){ .known = true, .now = start, .since_ms = at_ms };
	return NULL;
}

bool
ivs_read_publishing(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, struct str participant_id, struct ivs_publishing *ret,
    struct err *err)
{
	static const struct aws_op op = { .name = "ListParticipantEvents",
		.repeat = AWS_READ,
		.answer_max_bytes = IVS_PAGE_MAX_BYTES };
	struct newest newest = { 0 };
	const struct ivs_list list = { &op, "events", 0, event_read, &newest };
	size_t n;

	if (!ivs_check_stage_arn(stage_arn, err) || !ivs_check_session(session_id, err) ||
	    !ivs_check_participant(participant_id, err) ||
	    !ivs_list_pages(v, a, &list,
		json_pack("{s:o, s:o, s:o, s:i}", "stageArn", json_str(stage_arn),
		    "sessionId", json_str(session_id), "participantId",
		    json_str(participant_id), "maxResults", PAGE),
		NULL, &n, err))
		return false;
	if (newest.last_ms < newest.first_ms)
		newest.found.now = newest.now_of_first;
	*ret = newest.found;
	return true;
}

bool
ivs_disconnect_participant(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str participant_id, struct str reason, struct err *err)
{
	static const struct aws_op op = { .name = "DisconnectParticipant",
		.repeat = AWS_REPEATABLE };
	json_t *body;

	if (!ivs_check_stage_arn(stage_arn, err) ||
	    !ivs_check_participant(participant_id, err) ||
	    !ivs_check_text(reason, REASON_MAX_CHARS, "the reason", err))
		return false;
	body = json_pack("{s:o, s:o}", "stageArn", json_str(stage_arn), "participantId",
	    json_str(participant_id));
	if (reason.n > 0)
		json_object_set_new(body, "reason", json_str(reason));
	return aws_call_done(v, a, &op, body, err);
}
