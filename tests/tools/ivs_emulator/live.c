/* live.c - see live.h */
#include "live.h"

#include <stdio.h>
#include <string.h>

#include "bridge.h"
#include "ids.h"
#include "js.h"
#include "replicas.h"
#include "turn.h"

#define SESSIONS_KEPT 50 /* of a stage */
#define EVENTS_KEPT 1000 /* of a participant */

json_t *
live_session(const struct live *lv, const char *stage_arn)
{
	json_t *all = json_object_get(lv->sessions, stage_arn);
	json_t *last = json_array_get(all, json_array_size(all) - 1);

	return json_object_get(last, "endTime") == NULL ? last : NULL;
}

json_t *
live_session_by_id(const struct live *lv, const char *stage_arn, const char *id)
{
	json_t *session;
	size_t i;

	json_array_foreach (json_object_get(lv->sessions, stage_arn), i, session)
		if (js_is(session, "sessionId", id))
			return session;
	return NULL;
}

static bool
take_seat(const char *stage_arn, json_t *session, const char *id, struct seat *ret_seat)
{
	json_t *who = json_object_get(json_object_get(session, "participants"), id);

	*ret_seat = (struct seat){ stage_arn, session, who };
	return who != NULL;
}

bool
live_seat(
    const struct live *lv, const char *stage_arn, const char *id, struct seat *ret_seat)
{
	return take_seat(stage_arn, live_session(lv, stage_arn), id, ret_seat);
}

bool
live_seat_in(const struct live *lv, const char *stage_arn, const char *session_id,
    const char *id, struct seat *ret_seat)
{
	return take_seat(
	    stage_arn, live_session_by_id(lv, stage_arn, session_id), id, ret_seat);
}

json_t *
live_shown(const struct seat *seat)
{
	return json_object_get(seat->participant, "shown");
}

bool
live_is_publishing(const struct seat *seat)
{
	return js_true(seat->participant, "publishing");
}

bool
live_is_replica(const struct seat *seat)
{
	return js_is(live_shown(seat), "replicationType", "REPLICA");
}

static void
set_time(const struct live *lv, json_t *object, const char *member)
{
	char when[IDS_TIME_MS_BYTES];

	ids_time_ms(when, lv->now_ms);
	js_set_text(object, member, when);
}

static json_t *
open_session(struct live *lv, const char *stage_arn)
{
	json_t *all = json_object_get(lv->sessions, stage_arn), *session;
	char id[IDS_SESSION_CHARS + 1] = "st-";

	ids_alnum(id + 3, IDS_SESSION_CHARS - 3);
	if (all == NULL) {
		all = json_array();
		json_object_set_new(lv->sessions, stage_arn, all);
	}
	/* clang-format off */
	session = json_pack("{s:I, s:s, s:b, s:i, s:{}}",
	    "seq", state_next_seq(lv->st),
	    "sessionId", id,
	    "everPublished", 0,
	    "idleMs", 0,
	    "participants");
	/* clang-format on */
	set_time(lv, session, "startTime");
	json_array_append_new(all, session);
	if (json_array_size(all) > SESSIONS_KEPT)
		json_array_remove(all, 0);
	return session;
}

static json_t *
add_participant(struct live *lv, json_t *session, const char *id)
{
	json_t *who, *shown;

	/* clang-format off */
	shown = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:b}",
	    "participantId", id,
	    "state", "DISCONNECTED",
	    "published", 0,
	    "recordingState", "DISABLED",
	    "replicationType", "NONE",
	    "protocol", "UNKNOWN",
	    "redundantIngest", 0);
	who = json_pack("{s:I, s:b, s:o, s:[]}",
	    "seq", state_next_seq(lv->st),
	    "publishing", 0,
	    "shown", shown,
	    "events");
	/* clang-format on */
	set_time(lv, shown, "firstJoinTime");
	json_object_set_new(json_object_get(session, "participants"), id, who);
	return who;
}

/*
 * A session ends some time after the last one stopped publishing; where nobody ever did,
 * after the last one left.
 */
static void
note_idle(struct live *lv, json_t *session)
{
	bool busy = false, ever = js_true(session, "everPublished");
	const char *id;
	json_t *who;

	json_object_foreach (json_object_get(session, "participants"), id, who) {
		if (js_true(who, "publishing"))
			busy = ever = true;
		else if (!ever &&
			 js_is(json_object_get(who, "shown"), "state", "CONNECTED"))
			busy = true;
	}
	js_set_bool(session, "everPublished", ever);
	if (busy)
		js_set_int(session, "idleMs", 0);
	else if (js_int(session, "idleMs") == 0)
		js_set_int(session, "idleMs", lv->now_ms);
	state_touch(lv->st);
}

void
live_note(struct live *lv, const struct seat *seat, const char *name, json_t *more)
{
	json_t *events = json_object_get(seat->participant, "events"), *event;

	/* clang-format off */
	event = json_pack("{s:s, s:O, s:b}",
	    "name", name,
	    "participantId", json_object_get(live_shown(seat), "participantId"),
	    "replica", live_is_replica(seat));
	/* clang-format on */
	set_time(lv, event, "eventTime");
	if (more != NULL)
		json_object_update(event, more);
	json_array_append_new(events,
	    json_pack("{s:I, s:O}", "seq", state_next_seq(lv->st), "event", event));
	if (json_array_size(events) > EVENTS_KEPT)
		json_array_remove(events, 0);
	bridge_tell(lv->bridge, seat->stage_arn, js_text(seat->session, "sessionId"),
	    live_shown(seat), event);
	json_decref(event);
}

/* Who was a replica here and now comes himself is one no longer. */
static void
make_plain(json_t *shown)
{
	static const char *const of_replicas[] = { "replicationState", "sourceStageArn",
		"sourceSessionId", NULL };

	js_set_text(shown, "replicationType", "NONE");
	for (size_t i = 0; of_replicas[i] != NULL; i++)
		json_object_del(shown, of_replicas[i]);
}

void
live_enter(
    struct live *lv, const char *stage_arn, const json_t *who, struct seat *ret_seat)
{
	static const char *const told[] = { "userId", "attributes", "replicationType",
		"replicationState", "sourceStageArn", "sourceSessionId", NULL };
	const char *id = js_text(who, "participantId");
	json_t *session = live_session(lv, stage_arn);

	if (session == NULL)
		session = open_session(lv, stage_arn);
	if (!take_seat(stage_arn, session, id, ret_seat))
		ret_seat->participant = add_participant(lv, session, id);
	if (js_is(live_shown(ret_seat), "state", "CONNECTED"))
		return;
	if (live_is_replica(ret_seat))
		make_plain(live_shown(ret_seat));
	js_copy(live_shown(ret_seat), who, told);
	js_set_text(live_shown(ret_seat), "state", "CONNECTED");
	live_note(lv, ret_seat, "JOINED", NULL);
	note_idle(lv, session);
}

void
live_start_publishing(struct live *lv, const struct seat *seat)
{
	if (live_is_publishing(seat))
		return;
	js_set_bool(seat->participant, "publishing", true);
	js_set_bool(live_shown(seat), "published", true);
	live_note(lv, seat, "PUBLISH_STARTED", NULL);
	note_idle(lv, seat->session);
	if (!live_is_replica(seat))
		replicas_publisher_back(lv, seat);
}

void
live_stop_publishing(struct live *lv, const struct seat *seat)
{
	if (!live_is_publishing(seat))
		return;
	js_set_bool(seat->participant, "publishing", false);
	live_note(lv, seat, "PUBLISH_STOPPED", NULL);
	note_idle(lv, seat->session);
	if (!live_is_replica(seat))
		replicas_publisher_gone(lv, seat);
}

void
live_disconnect(struct live *lv, const struct seat *seat)
{
	if (!js_is(live_shown(seat), "state", "CONNECTED"))
		return;
	js_set_text(live_shown(seat), "state", "DISCONNECTED");
	live_note(lv, seat, "LEFT", NULL);
	note_idle(lv, seat->session);
}

void
live_leave(struct live *lv, const struct seat *seat)
{
	if (live_is_replica(seat))
		replicas_end_at(lv, seat);
	live_stop_publishing(lv, seat);
	live_disconnect(lv, seat);
}

void
live_kill(struct live *lv, const char *stage_arn, const char *id)
{
	json_t *dead = json_object_get(lv->dead, stage_arn);
	struct seat seat;

	turn_cancel(lv, stage_arn, id);
	if (live_seat(lv, stage_arn, id, &seat))
		live_leave(lv, &seat);
	if (dead == NULL) {
		dead = json_object();
		json_object_set_new(lv->dead, stage_arn, dead);
	}
	js_set_int(dead, id, lv->now_ms);
	state_touch(lv->st);
}

bool
live_is_dead(const struct live *lv, const char *stage_arn, const char *id)
{
	return json_object_get(json_object_get(lv->dead, stage_arn), id) != NULL;
}

void
live_reuse_token(struct live *lv, const char *stage_arn, const char *id)
{
	struct seat seat;

	if (live_seat(lv, stage_arn, id, &seat) && !live_is_replica(&seat))
		live_leave(lv, &seat);
}

void
live_end_session(struct live *lv, const char *stage_arn, json_t *session)
{
	struct seat seat = { stage_arn, session, NULL };
	const char *id;

	json_object_foreach (
	    json_object_get(session, "participants"), id, seat.participant)
		live_leave(lv, &seat);
	set_time(lv, session, "endTime");
	js_set_int(session, "idleMs", 0);
	replicas_forget_session(lv, js_text(session, "sessionId"));
	state_touch(lv->st);
}

void
live_forget_stage(struct live *lv, const char *stage_arn)
{
	json_t *session = live_session(lv, stage_arn), *entry;
	size_t i = json_array_size(lv->pending);

	replicas_end_of_stage(lv, stage_arn);
	if (session != NULL)
		live_end_session(lv, stage_arn, session);
	json_object_del(lv->sessions, stage_arn);
	json_object_del(lv->dead, stage_arn);
	while (i-- > 0) {
		entry = json_array_get(lv->pending, i);
		if (js_is(entry, "stageArn", stage_arn))
			json_array_remove(lv->pending, i);
	}
	state_touch(lv->st);
}

void
live_drop(json_t *array, const json_t *object)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (json_array_get(array, i) == object) {
			json_array_remove(array, i);
			return;
		}
}
