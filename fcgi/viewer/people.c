/* What the operator does about a person: send him off, keep him out, forget him. */
#include "base/log.h"
#include "domain/people.h"
#include "fcgi/viewer/handlers.h"
#include "base/banned.h"

struct whom {
	struct str user_id;
};

static struct people_work
work_of(struct app *app, struct req *rq)
{
	return (struct people_work){ .cfg = app->cfg,
		.redis = app->redis,
		.pg = app->pg,
		.ivs = app->ivs,
		.arena = rq->arena,
		.drain = &app->work };
}

/* ---- kick ---- */

bool
ask_kick(struct app *app, struct req *rq, struct err *err)
{
	struct whom *w = arena_zalloc(rq->arena, sizeof(*w));
	bool ban;

	w->user_id = req_user_id(rq, "userId");
	ban = req_flag(rq, "ban", OPTIONAL_MEMBER);
	rq->state = w;
	if (!req_valid(rq, err))
		return false;
	people_ban_ask(&rq->call, w->user_id, ban, app->cfg->viewer_token_duration_s);
	return true;
}

bool
kick(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct people_work work = work_of(app, rq);
	const struct whom *w = rq->state;
	struct kicked kicked;
	struct person person;
	bool ok;

	people_ban_answer(reply, &person);
	rq->after_due = person.drain_due;
	ok = people_kick(&work, w->user_id, &person, &kicked, err);
	rq->after_due |= kicked.drain_due;
	if (!ok)
		return false;
	resp_message(rs,
	    json_pack("{s:o, s:b, s:b, s:I}", "userId", json_str(w->user_id), "kicked",
		kicked.freed, "banned", person.banned, "disconnected",
		(json_int_t)kicked.disconnected),
	    kicked.freed || kicked.disconnected + kicked.ended > 0 ? MSG_KICKED
								   : MSG_KICKED_NOBODY);
	return true;
}

/* ---- unban ---- */

static struct whom *
take_whom(struct req *rq)
{
	struct whom *w = arena_zalloc(rq->arena, sizeof(*w));

	w->user_id = req_path_user_id(rq, "userId");
	rq->state = w;
	return w;
}

bool
ask_unban(struct app *app, struct req *rq, struct err *err)
{
	const struct whom *w = take_whom(rq);

	(void)app;
	if (!req_valid(rq, err))
		return false;
	people_unban_ask(&rq->call, w->user_id);
	return true;
}

bool
unban(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct whom *w = rq->state;
	bool was_banned;

	(void)app, (void)err;
	people_unban_answer(reply, &was_banned, &rq->after_due);
	resp_message(rs,
	    json_pack("{s:o, s:b, s:b}", "userId", json_str(w->user_id), "banned", 0,
		"wasBanned", was_banned),
	    MSG_UNBANNED);
	return true;
}

/* ---- forget ---- */

bool
ask_forget(struct app *app, struct req *rq, struct err *err)
{
	(void)app;
	take_whom(rq);
	return req_valid(rq, err);
}

bool
forget(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct people_work work = work_of(app, rq);
	const struct whom *w = rq->state;
	struct forgotten gone;

	(void)reply;
	if (!people_forget(&work, w->user_id, &gone, err))
		return false;
	resp_message(rs,
	    json_pack("{s:o, s:I}", "userId", json_str(w->user_id), "deletedRecords",
		(json_int_t)gone.records),
	    MSG_FORGOTTEN);
	return true;
}
