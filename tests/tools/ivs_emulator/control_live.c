/* control_live.c - the pages about stages and the people on them: see control.h */
#include "control.h"

#include <stdio.h>
#include <string.h>

#include "bridge.h"
#include "ids.h"
#include "js.h"
#include "ops_parts.h"
#include "turn.h"

#define STAGES CONTROL_PREFIX "stages/"

static const char *const not_publishing_values[] = { "ConflictException",
	"ValidationException", "ResourceNotFoundException", NULL };

/* clang-format off */
#define STAGE_ARN \
	{ .name = "stageArn", .kind = RULE_STRING, .required = true, .min = 1, \
	    .max = 128, .pattern = PATTERN_STAGE_ARN }

static const struct rule comer_members[] = {
	STAGE_ARN,
	{ .name = "participantId", .kind = RULE_STRING, .min = 1, .max = 64,
	    .pattern = PATTERN_NAME },
	{ .name = "userId", .kind = RULE_STRING, .max = 128 },
	{ .name = NULL }
};

static const struct rule goer_members[] = {
	STAGE_ARN,
	{ .name = "participantId", .kind = RULE_STRING, .required = true, .min = 1,
	    .max = 64, .pattern = PATTERN_NAME },
	{ .name = NULL }
};

static const struct rule timing_members[] = {
	{ .name = "sessionLingerSeconds", .kind = RULE_INTEGER, .max = 86400 },
	{ .name = "replicationStartMs", .kind = RULE_INTEGER, .max = 600000 },
	{ .name = "notPublishingType", .kind = RULE_STRING, .max = 64,
	    .values = not_publishing_values },
	{ .name = NULL }
};

static const struct rule header_name = { .kind = RULE_STRING, .min = 1, .max = 64,
	.pattern = PATTERN_WORD };
static const struct rule header_value = { .kind = RULE_STRING, .max = 1024,
	.pattern = PATTERN_LINE };

static const struct rule bridge_members[] = {
	{ .name = "url", .kind = RULE_STRING, .required = true, .max = 1024,
	    .pattern = PATTERN_URL },
	{ .name = "headers", .kind = RULE_MAP, .max = 20, .key = &header_name,
	    .of = &header_value },
	{ .name = "lossPercent", .kind = RULE_INTEGER, .max = 100 },
	{ .name = NULL }
};
/* clang-format on */

static void
end_turn(struct emulator *emu, struct reply *rp)
{
	if (!turn_end(emu->live))
		control_refuse(rp, 500, "", "the state cannot be written");
}

static bool
stage_exists(struct emulator *emu, const json_t *in, struct reply *rp)
{
	if (state_stage(emu->state, js_text(in, "stageArn")) != NULL)
		return true;
	control_refuse(rp, 404, "stageArn", "there is no such stage");
	return false;
}

/* Who he is: what the request says, and what his token said if it was made here. */
static json_t *
identify(struct emulator *emu, const json_t *in)
{
	static const char *const told[] = { "userId", "attributes", NULL };
	static const char *const given[] = { "participantId", "userId", NULL };
	char id[IDS_STAGE_CHARS + 1];
	json_t *who = json_object();

	ids_alnum(id, IDS_STAGE_CHARS);
	js_set_text(who, "participantId", id);
	js_copy(who,
	    state_token(
		emu->state, js_text(in, "stageArn"), js_text(in, "participantId")),
	    told);
	js_copy(who, in, given);
	return who;
}

static bool
is_alive(struct emulator *emu, const json_t *in, struct reply *rp)
{
	if (!live_is_dead(
		emu->live, js_text(in, "stageArn"), js_text(in, "participantId")))
		return true;
	control_refuse(rp, 409, "participantId",
	    "was disconnected: its token cannot be used on this stage again");
	return false;
}

/* A connection that only begins to publish uses its token no second time. */
static bool
uses_token_again(const struct live *lv, const json_t *in, bool publishing)
{
	struct seat seat;

	return live_seat(
		   lv, js_text(in, "stageArn"), js_text(in, "participantId"), &seat) &&
	       (!publishing || live_is_publishing(&seat));
}

static void
come(struct emulator *emu, const struct request *rq, struct reply *rp, bool publishing)
{
	json_t *in = control_body(rq, comer_members, rp), *who;
	struct seat seat;

	if (in == NULL)
		return;
	turn_begin(emu->live);
	if (stage_exists(emu, in, rp) && is_alive(emu, in, rp)) {
		if (uses_token_again(emu->live, in, publishing))
			live_reuse_token(emu->live, js_text(in, "stageArn"),
			    js_text(in, "participantId"));
		who = identify(emu, in);
		live_enter(emu->live, js_text(in, "stageArn"), who, &seat);
		if (publishing)
			live_start_publishing(emu->live, &seat);
		reply_body(rp, json_pack("{s:s, s:s}", "sessionId",
				   js_text(seat.session, "sessionId"), "participantId",
				   js_text(who, "participantId")));
		json_decref(who);
	}
	end_turn(emu, rp);
	json_decref(in);
}

static void
publish(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	come(emu, rq, rp, true);
}

static void
join(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	come(emu, rq, rp, false);
}

static void
unpublish_seat(struct live *lv, const struct seat *seat, struct reply *rp)
{
	if (live_is_replica(seat) && live_is_publishing(seat))
		control_refuse(rp, 409, "participantId", "is a replica here");
	else
		live_stop_publishing(lv, seat);
}

static void
disconnect_seat(struct live *lv, const struct seat *seat, struct reply *rp)
{
	(void)rp;
	live_leave(lv, seat);
}

static void
go(struct emulator *emu, const struct request *rq, struct reply *rp,
    void (*run)(struct live *lv, const struct seat *seat, struct reply *rp))
{
	json_t *in = control_body(rq, goer_members, rp);
	struct seat seat;

	if (in == NULL)
		return;
	turn_begin(emu->live);
	if (stage_exists(emu, in, rp)) {
		turn_cancel(
		    emu->live, js_text(in, "stageArn"), js_text(in, "participantId"));
		if (live_seat(emu->live, js_text(in, "stageArn"),
			js_text(in, "participantId"), &seat))
			run(emu->live, &seat, rp);
		else
			control_refuse(rp, 404, "participantId", "is not on this stage");
	}
	end_turn(emu, rp);
	json_decref(in);
}

static void
unpublish(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	go(emu, rq, rp, unpublish_seat);
}

static void
disconnect(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	go(emu, rq, rp, disconnect_seat);
}

/* A participant as one flat object, his events with him. */
static json_t *
participant_view(const json_t *who)
{
	json_t *view = json_deep_copy(json_object_get(who, "shown"));
	json_t *events = json_array(), *entry;
	size_t i;

	json_array_foreach (json_object_get(who, "events"), i, entry)
		json_array_append_new(
		    events, json_deep_copy(json_object_get(entry, "event")));
	js_set_bool(view, "publishing", js_true(who, "publishing"));
	json_object_set_new(view, "events", events);
	return view;
}

static json_t *
session_view(const json_t *session, const char *stage_arn)
{
	static const char *const members[] = { "sessionId", "startTime", "endTime",
		NULL };
	json_t *people = json_array(), *who;
	json_t *view =
	    json_pack("{s:s, s:o}", "stageArn", stage_arn, "participants", people);
	const char *id;

	js_copy(view, session, members);
	json_object_foreach (json_object_get(session, "participants"), id, who)
		json_array_append_new(people, participant_view(who));
	return view;
}

static void
list_sessions(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *list = json_array(), *all, *session;
	const char *arn;
	size_t i;

	(void)rq;
	turn_begin(emu->live);
	json_object_foreach (emu->live->sessions, arn, all)
		json_array_foreach (all, i, session)
			json_array_append_new(list, session_view(session, arn));
	reply_body(rp, json_pack("{s:o}", "sessions", list));
	end_turn(emu, rp);
}

static void
list_replicas(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *list = json_array(), *replica, *view;
	size_t i;

	(void)rq;
	turn_begin(emu->live);
	json_array_foreach (emu->live->replicas, i, replica) {
		view = json_deep_copy(json_object_get(replica, "shown"));
		js_set_int(
		    view, "reconnectWindowSeconds", js_int(replica, "windowMs") / 1000);
		js_set_int(view, "activeMs", js_int(replica, "activeMs"));
		js_set_bool(view, "publisherGone", js_int(replica, "goneMs") > 0);
		json_array_append_new(list, view);
	}
	reply_body(rp, json_pack("{s:o}", "replicas", list));
	end_turn(emu, rp);
}

static void
delete_stage(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	const struct settings *s = emu->settings;
	json_t *arn = json_sprintf("arn:aws:ivs:%s:%s:stage/%s", s->region, s->account,
	    rq->path + strlen(STAGES));

	turn_begin(emu->live);
	if (!ops_remove_stage(emu, json_string_value(arn)))
		control_refuse(rp, 404, "", "there is no such stage");
	end_turn(emu, rp);
	json_decref(arn);
}

static void
set_timing(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *in = control_body(rq, timing_members, rp);
	struct live *lv = emu->live;

	if (in == NULL)
		return;
	turn_begin(lv);
	if (json_object_get(in, "sessionLingerSeconds") != NULL)
		lv->linger_ms = js_int(in, "sessionLingerSeconds") * 1000;
	if (json_object_get(in, "replicationStartMs") != NULL)
		lv->replication_ms = js_int(in, "replicationStartMs");
	if (json_object_get(in, "notPublishingType") != NULL)
		snprintf(lv->not_publishing, sizeof(lv->not_publishing), "%s",
		    js_text(in, "notPublishingType"));
	state_touch(emu->state); /* what is due next may have changed */
	end_turn(emu, rp);
	json_decref(in);
}

static void
show_timing(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	const struct live *lv = emu->live;

	(void)rq;
	turn_begin(emu->live);
	/* clang-format off */
	reply_body(rp, json_pack("{s:I, s:I, s:s}",
	    "sessionLingerSeconds", (json_int_t)(lv->linger_ms / 1000),
	    "replicationStartMs", (json_int_t)lv->replication_ms,
	    "notPublishingType", lv->not_publishing));
	/* clang-format on */
	end_turn(emu, rp);
}

static void
set_bridge(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *in = control_body(rq, bridge_members, rp);

	if (in != NULL)
		bridge_set(emu->bridge, in);
	json_decref(in);
}

static void
show_bridge(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	reply_body(rp, bridge_show(emu->bridge));
}

const struct route control_live_routes[] = {
	{ "POST", CONTROL_PREFIX "publish", publish },
	{ "POST", CONTROL_PREFIX "unpublish", unpublish },
	{ "POST", CONTROL_PREFIX "join", join },
	{ "POST", CONTROL_PREFIX "disconnect", disconnect },
	{ "GET", CONTROL_PREFIX "sessions", list_sessions },
	{ "GET", CONTROL_PREFIX "replicas", list_replicas },
	{ "DELETE", STAGES, delete_stage },
	{ "POST", CONTROL_PREFIX "timing", set_timing },
	{ "GET", CONTROL_PREFIX "timing", show_timing },
	{ "POST", CONTROL_PREFIX "eventbridge", set_bridge },
	{ "GET", CONTROL_PREFIX "eventbridge", show_bridge },
	{ NULL, NULL, NULL },
};
