/* One viewer's seat: coming back, beating, leaving, for how long. */
#include "base/parse.h"
#include "domain/presence.h"
#include "fcgi/viewer/handlers.h"
#include "base/banned.h"

/* What a handler keeps between its halves. */
struct who {
	struct str user_id, stage_arn, participant_id;
};

static struct who *
new_who(struct req *rq, struct str user_id, struct str stage_arn)
{
	struct who *w = arena_zalloc(rq->arena, sizeof(*w));

	w->user_id = user_id;
	w->stage_arn = stage_arn;
	rq->state = w;
	return w;
}

/* A session token says itself who and where: then both members may be left out. */
static struct who *
take_who(struct req *rq)
{
	bool named = rq->session.user_id.n > 0;

	return new_who(rq,
	    named ? req_text(rq, "userId", OPTIONAL_MEMBER) : req_user_id(rq, "userId"),
	    req_stage_arn(rq, "stageArn", named ? OPTIONAL_MEMBER : REQUIRED_MEMBER));
}

/* Nothing was wrong, and what was said is what the session token says, if there is one. */
static bool
who_valid(struct req *rq, struct who *w, struct err *err)
{
	const struct session_claim *claim = &rq->session;

	if (!req_valid(rq, err))
		return false;
	if (claim->user_id.n == 0)
		return true;
	if ((w->user_id.n > 0 && !str_eq(w->user_id, claim->user_id)) ||
	    (w->stage_arn.n > 0 && !str_eq(w->stage_arn, claim->stage_arn)))
		return err_tell(err, ERR_FORBIDDEN, MSG_SESSION_OTHER,
		    "session token of another user or stage");
	w->user_id = claim->user_id;
	w->stage_arn = claim->stage_arn;
	return true;
}

/* ---- heartbeat ---- */

bool
ask_heartbeat(struct app *app, struct req *rq, struct err *err)
{
	struct who *w = take_who(rq);

	(void)app;
	if (!who_valid(rq, w, err))
		return false;
	presence_heartbeat_ask(&rq->call, w->user_id, w->stage_arn);
	return true;
}

bool
heartbeat(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	int64_t viewers_now;

	(void)app;
	if (!presence_heartbeat_answer(reply, &viewers_now, err))
		return false;
	resp_message(rs,
	    json_pack("{s:o, s:o, s:b, s:I}", "userId", json_str(w->user_id), "stageArn",
		json_str(w->stage_arn), "heartbeatUpdated", 1, "currentViewers",
		(json_int_t)viewers_now),
	    MSG_HEARTBEAT_UPDATED);
	return true;
}

/* ---- rejoin: the same way in as a first join ---- */

bool
ask_rejoin(struct app *app, struct req *rq, struct err *err)
{
	struct who *w = take_who(rq);
	struct join j = { 0 };
	char *session_id;

	(void)app;
	w->participant_id = req_participant_id(rq, "participantId");
	if (!who_valid(rq, w, err))
		return false;
	session_id = arena_alloc(rq->arena, UUID_BYTES);
	crypto_uuid(session_id);
	j.user_id = w->user_id;
	j.stage_arn = w->stage_arn;
	j.participant_id = w->participant_id;
	j.session_id = str_of(session_id);
	j.user_agent = req_user_agent(rq);
	j.ip_address = str_of(rq->client_text);
	j.proof.session_id = rq->session.session_id;
	j.proof.stage_arn = rq->session.stage_arn;
	presence_join_ask(&rq->call, &j);
	return true;
}

/* Of the session he has now, for as long as the one he came with. */
static struct str
next_token(const struct req *rq, const struct seat *seat)
{
	struct session_claim claim = rq->session;

	/* Its participant is of the session it was made for: a kick ends both. */
	if (!str_eq(claim.session_id, seat->session_id))
		claim.participant_id = STR_NULL;
	claim.session_id = seat->session_id;
	return session_token_make(rq->cfg, rq->arena, &claim);
}

bool
rejoin(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	struct seat seat;
	json_t *data;

	(void)app;
	if (!presence_join_answer(reply, &seat, err))
		return false;
	rq->after_due = seat.drain_due;
	data = json_pack("{s:o, s:o, s:o, s:I, s:b}", "userId", json_str(w->user_id),
	    "stageArn", json_str(seat.stage_arn), "participantId",
	    json_str(w->participant_id), "currentViewers", (json_int_t)seat.viewers_now,
	    "isNewViewer", seat.is_new);
	if (rq->session.user_id.n > 0)
		json_object_set_new(
		    data, "sessionToken", json_str(next_token(rq, &seat)));
	resp_message(rs, data, MSG_REJOINED);
	return true;
}

/* ---- leave ---- */

bool
ask_leave(struct app *app, struct req *rq, struct err *err)
{
	struct who *w = take_who(rq);

	(void)app;
	if (!who_valid(rq, w, err))
		return false;
	presence_leave_ask(&rq->call, w->user_id, w->stage_arn, rq->session.session_id);
	return true;
}

bool
leave(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	bool left;

	(void)app, (void)reply;
	if (!presence_leave_answer(&rq->call, &left, &rq->after_due, err))
		return false;
	resp_message(rs,
	    json_pack("{s:o, s:o, s:b}", "userId", json_str(w->user_id), "stageArn",
		json_str(w->stage_arn), "viewerLeft", left),
	    MSG_LEFT);
	return true;
}

/* ---- duration ---- */

bool
ask_duration(struct app *app, struct req *rq, struct err *err)
{
	enum presence_rule rule =
	    rq->session.user_id.n > 0 ? OPTIONAL_MEMBER : REQUIRED_MEMBER;
	struct who *w = new_who(rq, req_query_user_id(rq, "userId", rule),
	    req_query_stage_arn(rq, "stageArn", rule));

	(void)app;
	if (!who_valid(rq, w, err))
		return false;
	presence_duration_ask(&rq->call, w->user_id, w->stage_arn);
	return true;
}

bool
duration(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct who *w = rq->state;
	long long s = presence_duration_answer(reply);
	char text[64];

	(void)app, (void)err;
	if (rq->lang == LANG_EN)
		snprintf(text, sizeof(text), "%lldm %llds", s / 60, s % 60);
	else
		snprintf(text, sizeof(text), "%lld分 %lld秒", s / 60, s % 60);
	resp_ok(rs, json_pack("{s:o, s:o, s:I, s:s}", "userId", json_str(w->user_id),
			"stageArn", json_str(w->stage_arn), "watchDurationSeconds",
			(json_int_t)s, "watchDurationFormatted", text));
	return true;
}
