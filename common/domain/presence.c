#include "domain/presence.h"

#include "base/parse.h"
#include "base/banned.h"

void
presence_join_ask(struct redis_call *c, const struct join *j)
{
	redis_call_init(c, c->arena, SCRIPT_JOIN);
	redis_arg(c, j->user_id);
	redis_arg(c, j->stage_arn);
	redis_arg(c, j->session_id);
	redis_arg(c, j->participant_id);
	redis_arg(c, j->user_agent);
	redis_arg(c, j->ip_address);
	redis_arg(c, j->username);
	redis_arg(c, j->sure_later ? STR("1") : STR(""));
	if (j->grow_at > 0)
		redis_arg_int(c, j->grow_at);
	else
		redis_arg(c, STR(""));
	redis_arg(c, j->proof.session_id);
	redis_arg(c, j->proof.stage_arn);
	redis_arg(c, j->proof.participant_id);
	redis_arg_int(c, j->proof.issued_at_ms);
}

static bool
stage_gone(struct err *err)
{
	return err_tell(err, ERR_NOT_FOUND, MSG_STAGE_GONE, "the stage was deleted");
}

static bool
banned(struct err *err)
{
	return err_tell(err, ERR_FORBIDDEN, MSG_BANNED, "banned");
}

bool
presence_join_answer(const struct reply *reply, struct seat *ret, struct err *err)
{
	struct str word = reply_str(reply, 0);

	if (str_is(word, "BANNED"))
		return banned(err);
	if (str_is(word, "NO_STAGE"))
		return err_tell(err, ERR_NOT_FOUND, MSG_NO_STAGE, "no such stage");
	if (str_is(word, "GONE"))
		return stage_gone(err);
	if (str_is(word, "OFFLINE"))
		return err_tell(
		    err, ERR_NOT_FOUND, MSG_PUBLISHER_OFFLINE, "no publisher is live");
	if (str_is(word, "ELSEWHERE"))
		return err_tell(err, ERR_CONFLICT, MSG_SEATED_ELSEWHERE,
		    "the person sits on another stage");
	if (str_is(word, "FULL")) {
		ret->grow = reply_int(reply, 1) == 1;
		ret->wait = reply_int(reply, 2) == 1;
		return err_set(err, ERR_FULL, "no seat");
	}
	INVARIANT(str_is(word, "OK"));
	ret->stage_arn = reply_str(reply, 1);
	ret->stage_json = reply_str(reply, 2);
	ret->session_id = reply_str(reply, 3);
	ret->joined_at_ms = reply_int(reply, 4);
	ret->viewers_now = reply_int(reply, 5);
	ret->is_new = reply_int(reply, 6) == 1;
	ret->drain_due = reply_int(reply, 7) == 1;
	ret->moved = reply_int(reply, 8) == 1;
	ret->grow = reply_int(reply, 9) == 1;
	ret->kept = reply_int(reply, 10) == 1;
	ret->aws_clock = reply_str(reply, 11);
	return true;
}

static void
seat_call(
    struct redis_call *c, enum script script, struct str user_id, const struct seat *seat)
{
	redis_call_init(c, c->arena, script);
	redis_arg(c, user_id);
	redis_arg(c, seat->stage_arn);
	redis_arg(c, seat->session_id);
}

void
presence_unseat_ask(struct redis_call *c, struct str user_id, const struct seat *seat)
{
	seat_call(c, SCRIPT_UNSEAT, user_id, seat);
}

void
presence_confirm_ask(struct redis_call *c, struct str user_id, const struct seat *seat,
    struct str participant_id)
{
	seat_call(c, SCRIPT_CONFIRM, user_id, seat);
	redis_arg(c, participant_id);
}

bool
presence_unseat(struct redis *r, struct arena *a, struct str user_id,
    const struct seat *seat, struct err *err)
{
	struct redis_call c = { .arena = a };

	presence_unseat_ask(&c, user_id, seat);
	return redis_call(r, &c, err);
}

bool
presence_confirm(struct redis *r, struct arena *a, struct str user_id,
    const struct seat *seat, struct str participant_id, struct err *err)
{
	struct redis_call c = { .arena = a };

	presence_confirm_ask(&c, user_id, seat, participant_id);
	if (!redis_call(r, &c, err))
		return false;
	return !str_is(reply_str(c.reply, 0), "BANNED") || banned(err);
}

static void
user_call(
    struct redis_call *c, enum script script, struct str user_id, struct str stage_arn)
{
	redis_call_init(c, c->arena, script);
	redis_arg(c, user_id);
	redis_arg(c, stage_arn);
}

void
presence_heartbeat_ask(struct redis_call *c, struct str user_id, struct str stage_arn)
{
	user_call(c, SCRIPT_HEARTBEAT, user_id, stage_arn);
}

bool
presence_heartbeat_answer(
    const struct reply *reply, int64_t *ret_viewers_now, struct err *err)
{
	if (str_is(reply_str(reply, 0), "GONE"))
		return stage_gone(err);
	if (!str_is(reply_str(reply, 0), "OK"))
		return err_tell(err, ERR_NOT_FOUND, MSG_NO_SESSION, "no seat");
	*ret_viewers_now = reply_int(reply, 1);
	return true;
}

void
presence_leave_ask(
    struct redis_call *c, struct str user_id, struct str stage_arn, struct str session_id)
{
	user_call(c, SCRIPT_LEAVE, user_id, stage_arn);
	redis_arg(c, session_id);
}

bool
presence_leave_answer(
    const struct redis_call *c, bool *ret_left, bool *ret_drain_due, struct err *err)
{
	bool left = reply_int(c->reply, 1) == 1;

	if (!left && c->repeated)
		return err_from(err, ERR_FROM_REDIS, ERR_UNCERTAIN,
		    "redis: the answer to a leave was lost");
	*ret_left = left;
	*ret_drain_due = reply_int(c->reply, 2) == 1;
	return true;
}

void
presence_duration_ask(struct redis_call *c, struct str user_id, struct str stage_arn)
{
	user_call(c, SCRIPT_DURATION, user_id, stage_arn);
}

int64_t
presence_duration_answer(const struct reply *reply)
{
	return reply_int(reply, 1);
}

void
presence_list_ask(struct redis_call *c, struct str stage_arn, int64_t limit,
    struct str after_heartbeat, struct str after_user)
{
	redis_call_init(c, c->arena, SCRIPT_VIEWERS);
	redis_arg(c, stage_arn);
	redis_arg_int(c, limit);
	redis_arg(c, after_heartbeat);
	redis_arg(c, after_user);
}

/* "<session id> <joined at, ms> <participant id>" */
static void
read_session(struct str text, struct viewer *v)
{
	struct str joined;

	str_cut(&text, ' ');
	joined = str_cut(&text, ' ');
	if (!parse_i64(joined, 0, INT64_MAX, &v->joined_at_ms))
		v->joined_at_ms = 0;
	v->participant_id = text.n > 0 ? text : STR_NULL;
}

bool
presence_list_answer(
    const struct reply *reply, struct arena *a, struct viewer_page *ret, struct err *err)
{
	struct viewer *v;
	size_t i;

	if (reply_int(reply, 1) == 0)
		return err_tell(err, ERR_NOT_FOUND, MSG_NO_STAGE, "no such stage");
	ret->seats = reply_int(reply, 2);
	ret->viewers_now = reply_int(reply, 3);
	ret->more = reply_int(reply, 4) == 1;
	ret->n = (reply->n - 5) / 3;
	ret->viewers = arena_zalloc(a, (ret->n + 1) * sizeof(*ret->viewers));
	for (i = 0; i < ret->n; i++) {
		v = &ret->viewers[i];
		v->user_id = reply_str(reply, 5 + i * 3);
		v->last_heartbeat_text = reply_str(reply, 6 + i * 3);
		if (!parse_i64(
			v->last_heartbeat_text, 0, INT64_MAX, &v->last_heartbeat_ms))
			v->last_heartbeat_ms = 0;
		read_session(reply_str(reply, 7 + i * 3), v);
	}
	return true;
}
