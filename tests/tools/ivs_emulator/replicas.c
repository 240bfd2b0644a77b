/* replicas.c - see replicas.h */
#include "replicas.h"

#include <stdio.h>
#include <string.h>

#include "js.h"

static bool
in_state(const json_t *r, const char *state)
{
	return js_is(r, "state", state);
}

/* Begun or about to begin. */
static bool
is_running(const json_t *r)
{
	return !in_state(r, "STOPPED");
}

static void
set_state(struct live *lv, json_t *r, const char *state)
{
	js_set_text(r, "state", state);
	js_set_text(json_object_get(r, "shown"), "replicationState", state);
	state_touch(lv->st);
}

static bool
is_of(const json_t *r, const char *source_arn, const char *id)
{
	const json_t *shown = json_object_get(r, "shown");

	return js_is(shown, "sourceStageArn", source_arn) &&
	       js_is(shown, "participantId", id);
}

static json_t *
find(const struct live *lv, const json_t *in)
{
	const char *to = js_text(in, "destinationStageArn");
	json_t *r;
	size_t i;

	json_array_foreach (lv->replicas, i, r)
		if (is_of(
			r, js_text(in, "sourceStageArn"), js_text(in, "participantId")) &&
		    js_is(json_object_get(r, "shown"), "destinationStageArn", to))
			return r;
	return NULL;
}

static json_int_t
count_running(const struct live *lv, const char *source_arn, const char *id)
{
	json_int_t n = 0;
	json_t *r;
	size_t i;

	json_array_foreach (lv->replicas, i, r)
		n += is_running(r) && is_of(r, source_arn, id);
	return n;
}

/* The publisher as he was, in the session the replica came from. */
static bool
source_seat(const struct live *lv, const json_t *r, struct seat *ret_seat)
{
	const json_t *shown = json_object_get(r, "shown");

	return live_seat_in(lv, js_text(shown, "sourceStageArn"),
	    js_text(shown, "sourceSessionId"), js_text(shown, "participantId"), ret_seat);
}

static bool
destination_seat(const struct live *lv, const json_t *r, struct seat *ret_seat)
{
	const json_t *shown = json_object_get(r, "shown");

	return live_seat_in(lv, js_text(shown, "destinationStageArn"),
	    js_text(shown, "destinationSessionId"), js_text(shown, "participantId"),
	    ret_seat);
}

static void
note_source(struct live *lv, const struct seat *seat, const json_t *r, const char *name)
{
	static const char *const told[] = { "destinationStageArn", "destinationSessionId",
		NULL };
	json_t *more = json_object();

	js_copy(more, json_object_get(r, "shown"), told);
	live_note(lv, seat, name, more);
	json_decref(more);
}

static void
show_source(struct live *lv, const json_t *r)
{
	const json_t *shown = json_object_get(r, "shown");
	bool active = false;
	struct seat seat;
	json_t *other;
	size_t i;

	if (!source_seat(lv, r, &seat))
		return;
	json_array_foreach (lv->replicas, i, other)
		active |= in_state(other, "ACTIVE") &&
			  is_of(other, js_text(shown, "sourceStageArn"),
			      js_text(shown, "participantId"));
	js_set_text(live_shown(&seat), "replicationType", "SOURCE");
	js_set_text(live_shown(&seat), "replicationState", active ? "ACTIVE" : "STOPPED");
}

/* Who appears on the other stage: the publisher, with what Start said of him. */
static json_t *
make_replica(const struct seat *source, const json_t *r)
{
	static const char *const same[] = { "participantId", "userId", "attributes",
		NULL };
	static const char *const told[] = { "sourceStageArn", "sourceSessionId", NULL };
	static const char *const own[] = { "attributes", NULL };
	json_t *who = json_pack(
	    "{s:s, s:s}", "replicationType", "REPLICA", "replicationState", "ACTIVE");

	js_copy(who, live_shown(source), same);
	js_copy(who, json_object_get(r, "shown"), told);
	js_copy(who, r, own);
	return who;
}

static void
begin(struct live *lv, json_t *r)
{
	json_t *shown = json_object_get(r, "shown"), *who;
	struct seat source, there;

	if (!live_seat(lv, js_text(shown, "sourceStageArn"),
		js_text(shown, "participantId"), &source) ||
	    !live_is_publishing(&source)) {
		live_drop(lv->replicas, r);
		state_touch(lv->st);
		return;
	}
	js_set_text(shown, "sourceSessionId", js_text(source.session, "sessionId"));
	who = make_replica(&source, r);
	live_enter(lv, js_text(shown, "destinationStageArn"), who, &there);
	json_decref(who);
	js_set_text(shown, "destinationSessionId", js_text(there.session, "sessionId"));
	set_state(lv, r, "ACTIVE");
	js_set_int(r, "activeMs", lv->now_ms);
	show_source(lv, r);
	note_source(lv, &source, r, "REPLICATION_STARTED");
	live_note(lv, &there, "REPLICATION_STARTED", NULL);
	live_start_publishing(lv, &there);
}

static void
end(struct live *lv, json_t *r)
{
	struct seat source, there;

	if (in_state(r, "PENDING")) {
		live_drop(lv->replicas, r);
		state_touch(lv->st);
		return;
	}
	if (in_state(r, "STOPPED"))
		return;
	set_state(lv, r, "STOPPED");
	js_set_int(r, "goneMs", 0);
	show_source(lv, r);
	if (source_seat(lv, r, &source))
		note_source(lv, &source, r, "REPLICATION_STOPPED");
	if (destination_seat(lv, r, &there)) {
		js_set_text(live_shown(&there), "replicationState", "STOPPED");
		live_stop_publishing(lv, &there);
		live_note(lv, &there, "REPLICATION_STOPPED", NULL);
		live_disconnect(lv, &there);
	}
	if (json_object_get(source.session, "endTime") != NULL)
		live_drop(lv->replicas, r);
}

static bool
may_start(struct live *lv, const json_t *in, json_int_t quota, struct reply *rp)
{
	const char *from = js_text(in, "sourceStageArn");
	const char *to = js_text(in, "destinationStageArn");
	const char *id = js_text(in, "participantId");
	const json_t *r = find(lv, in);
	struct seat seat;

	if (!live_seat(lv, from, id, &seat) || !live_is_publishing(&seat))
		return reply_fail(rp, lv->not_publishing, "%s is not publishing", id);
	if (live_is_replica(&seat))
		return reply_fail(rp, "ValidationException", "%s is a replica", id);
	if (r != NULL && is_running(r))
		return reply_fail(
		    rp, "ConflictException", "%s is already replicated to %s", id, to);
	if (live_seat(lv, to, id, &seat) &&
	    js_is(live_shown(&seat), "state", "CONNECTED"))
		return reply_fail(
		    rp, "ConflictException", "%s is already connected to %s", id, to);
	if (count_running(lv, from, id) >= quota)
		return reply_fail(rp, "ServiceQuotaExceededException",
		    "%s has %lld replications, the most that are allowed", id,
		    (long long)quota);
	return true;
}

bool
replicas_start(struct live *lv, const json_t *in, json_int_t quota, struct reply *rp)
{
	static const char *const told[] = { "sourceStageArn", "destinationStageArn",
		"participantId", NULL };
	static const char *const own[] = { "attributes", NULL };
	json_t *r;

	if (!may_start(lv, in, quota, rp))
		return false;
	live_drop(lv->replicas, find(lv, in));
	/* clang-format off */
	r = json_pack("{s:I, s:s, s:I, s:I, s:i, s:{}}",
	    "seq", state_next_seq(lv->st),
	    "state", "PENDING",
	    "dueMs", (json_int_t)(lv->now_ms + lv->replication_ms),
	    "windowMs", js_int(in, "reconnectWindowSeconds") * 1000,
	    "goneMs", 0,
	    "shown");
	/* clang-format on */
	js_copy(json_object_get(r, "shown"), in, told);
	js_copy(r, in, own);
	json_array_append_new(lv->replicas, r);
	set_state(lv, r, "PENDING");
	if (lv->replication_ms == 0)
		begin(lv, r);
	return true;
}

bool
replicas_stop(struct live *lv, const json_t *in, struct reply *rp)
{
	json_t *r = find(lv, in);

	if (r == NULL || !is_running(r))
		return reply_fail(rp, "ResourceNotFoundException",
		    "%s is not replicated to %s", js_text(in, "participantId"),
		    js_text(in, "destinationStageArn"));
	end(lv, r);
	return true;
}

int64_t
replicas_due(const json_t *r)
{
	if (in_state(r, "PENDING"))
		return js_int(r, "dueMs");
	if (in_state(r, "ACTIVE") && js_int(r, "goneMs") > 0)
		return js_int(r, "goneMs") + js_int(r, "windowMs");
	return 0;
}

void
replicas_act(struct live *lv, json_t *r)
{
	if (in_state(r, "PENDING"))
		begin(lv, r);
	else
		end(lv, r);
}

/* Each of them once, though each() may take it out of the list. */
static void
for_each(struct live *lv, bool (*wanted)(const json_t *r, const void *arg),
    const void *arg, void (*each)(struct live *lv, json_t *r))
{
	for (size_t i = json_array_size(lv->replicas); i-- > 0;) {
		json_t *r = json_array_get(lv->replicas, i);

		if (wanted(r, arg)) {
			json_incref(r);
			each(lv, r);
			json_decref(r);
		}
	}
}

static bool
is_from_seat(const json_t *r, const void *arg)
{
	const struct seat *seat = arg;

	return is_running(r) &&
	       is_of(r, seat->stage_arn, js_text(live_shown(seat), "participantId"));
}

static void
note_gone(struct live *lv, json_t *r)
{
	if (in_state(r, "PENDING") || js_int(r, "windowMs") == 0)
		end(lv, r);
	else
		js_set_int(r, "goneMs", lv->now_ms);
}

void
replicas_publisher_gone(struct live *lv, const struct seat *seat)
{
	for_each(lv, is_from_seat, seat, note_gone);
}

/* Perhaps in a new session: the replication goes on from there. */
static void
note_back(struct live *lv, json_t *r)
{
	static const char *const moved[] = { "sourceSessionId", NULL };
	json_t *shown = json_object_get(r, "shown");
	const char *arn = js_text(shown, "sourceStageArn");
	struct seat there;

	if (!in_state(r, "ACTIVE"))
		return;
	js_set_int(r, "goneMs", 0);
	js_set_text(
	    shown, "sourceSessionId", js_text(live_session(lv, arn), "sessionId"));
	if (destination_seat(lv, r, &there))
		js_copy(live_shown(&there), shown, moved);
	show_source(lv, r);
}

void
replicas_publisher_back(struct live *lv, const struct seat *seat)
{
	for_each(lv, is_from_seat, seat, note_back);
}

static bool
is_to_seat(const json_t *r, const void *arg)
{
	const struct seat *seat = arg;
	const json_t *shown = json_object_get(r, "shown");

	return in_state(r, "ACTIVE") &&
	       js_is(shown, "destinationStageArn", seat->stage_arn) &&
	       js_is(shown, "participantId", js_text(live_shown(seat), "participantId"));
}

void
replicas_end_at(struct live *lv, const struct seat *destination)
{
	for_each(lv, is_to_seat, destination, end);
}

static bool
is_of_stage(const json_t *r, const void *arg)
{
	const json_t *shown = json_object_get(r, "shown");

	return js_is(shown, "sourceStageArn", arg) ||
	       js_is(shown, "destinationStageArn", arg);
}

static bool
is_from_stage(const json_t *r, const void *arg)
{
	return js_is(json_object_get(r, "shown"), "sourceStageArn", arg);
}

static void
forget(struct live *lv, json_t *r)
{
	live_drop(lv->replicas, r);
}

void
replicas_end_of_stage(struct live *lv, const char *stage_arn)
{
	for_each(lv, is_of_stage, stage_arn, end);
	for_each(lv, is_from_stage, stage_arn, forget);
}

static bool
is_stopped_of_session(const json_t *r, const void *arg)
{
	return in_state(r, "STOPPED") &&
	       js_is(json_object_get(r, "shown"), "sourceSessionId", arg);
}

void
replicas_forget_session(struct live *lv, const char *session_id)
{
	for_each(lv, is_stopped_of_session, session_id, forget);
}
