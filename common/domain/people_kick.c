#include "domain/people.h"

#include "base/clock.h"
#include "domain/records.h"
#include "domain/tokens.h"
#include "base/banned.h"

#define SETTLE_MS 2000
#define READ_MS 2000
#define AWS_MS 10000
#define STAGES_MAX 5
#define LOOK_BACK_S 86400
/* Two calls each, of some 4.5 a second: half of AWS_MS. */
#define PARTICIPANTS_MAX 20
#define REASON STR("removed by the operator")

/* ---- what Redis knows ---- */

void
people_ban_ask(struct redis_call *c, struct str user_id, bool ban, int64_t token_life_s)
{
	redis_call_init(c, c->arena, SCRIPT_BAN);
	redis_arg(c, user_id);
	redis_arg(c, ban ? STR("1") : STR(""));
	redis_arg_int(c, token_life_s * 1000);
}

void
people_ban_answer(const struct reply *reply, struct person *ret)
{
	size_t i;

	ret->banned = reply_int(reply, 1) == 1;
	ret->drain_due = reply_int(reply, 2) == 1;
	ret->n_seats = (reply->n - 3) / 3;
	INVARIANT(ret->n_seats <= PERSON_SEATS);
	for (i = 0; i < ret->n_seats; i++)
		ret->seats[i] = (struct person_seat){ reply_str(reply, 3 + i * 3),
			reply_str(reply, 4 + i * 3), reply_str(reply, 5 + i * 3) };
}

void
people_unban_ask(struct redis_call *c, struct str user_id)
{
	redis_call_init(c, c->arena, SCRIPT_UNBAN);
	redis_arg(c, user_id);
}

void
people_unban_answer(const struct reply *reply, bool *ret_was_banned, bool *ret_drain_due)
{
	*ret_was_banned = reply_int(reply, 1) == 1;
	*ret_drain_due = reply_int(reply, 2) == 1;
}

static bool
free_seat(const struct people_work *w, struct str user_id, const struct person *p,
    struct kicked *ret, struct err *err)
{
	struct redis_call c;
	size_t i;

	redis_call_init(&c, w->arena, SCRIPT_KICK);
	redis_arg(&c, user_id);
	for (i = 0; i < PERSON_SEATS; i++)
		redis_arg(&c, i < p->n_seats ? p->seats[i].session_id : STR(""));
	if (!redis_call(w->redis, &c, err))
		return err_while(err, "freeing the seat");
	ret->freed = reply_int(c.reply, 1) == 1;
	ret->drain_due = reply_int(c.reply, 2) == 1;
	return true;
}

/* ---- where to look ---- */

/* A participant who may hold a token of this person. */
struct known {
	struct str stage_arn, id;
	bool listed; /* by AWS as a participant of this person */
	bool ended;  /* the id is dead: AWS was told just now */
};

struct places {
	struct str arns[PERSON_SEATS + STAGES_MAX];
	struct known known[PERSON_SEATS + PARTICIPANTS_MAX];
	size_t n, n_known;
};

static void
add_place(struct places *to, struct str arn)
{
	size_t i;

	for (i = 0; i < to->n; i++)
		if (str_eq(to->arns[i], arn))
			return;
	to->arns[to->n++] = arn;
}

static void
add_known(struct places *to, struct str arn, struct str id)
{
	size_t i;

	for (i = 0; i < to->n_known; i++)
		if (str_eq(to->known[i].id, id) && str_eq(to->known[i].stage_arn, arn))
			return;
	if (id.n > 0)
		to->known[to->n_known++] = (struct known){ .stage_arn = arn, .id = id };
}

/*
 * A person who has left, or fell silent, may still be connected or come back with a token that is still
 * good; so may one who kept a connection while moving.
 */
static bool
add_recent(
    const struct people_work *w, struct str user_id, struct places *to, struct err *err)
{
	int64_t life_s = w->cfg->viewer_token_duration_s;
	struct str params[] = { user_id,
		str_printf(w->arena, "%lld",
		    (long long)(life_s > LOOK_BACK_S ? life_s : LOOK_BACK_S)),
		str_printf(w->arena, "%d", STAGES_MAX),
		str_printf(w->arena, "%d", PARTICIPANTS_MAX) };
	struct pg_rows rows;
	size_t i;

	if (!records_settle(w->redis, w->pg, w->drain, SETTLE_MS, err) ||
	    !pg_run(
		w->pg, w->arena, Q_RECENT_PARTICIPANTS, params, 4, READ_MS, &rows, err))
		return err_while(err, "looking for where he was");
	for (i = 0; i < rows.rows; i++) {
		add_place(to, pg_cell(&rows, i, 0));
		add_known(to, pg_cell(&rows, i, 0), pg_cell(&rows, i, 1));
	}
	return true;
}

/* ---- AWS ---- */

/* What a call found already gone, or never there, is as good as done. */
static bool
done_or(bool ok, struct err *err, enum err_kind as_good)
{
	if (ok || (err->kind != ERR_NOT_FOUND && err->kind != as_good))
		return ok;
	err_clear(err);
	return true;
}

static bool
send_off(const struct people_work *w, struct str arn, struct str participant,
    enum err_kind as_good, struct err *err)
{
	return done_or(
	    ivs_disconnect_participant(w->ivs, w->arena, arn, participant, REASON, err),
	    err, as_good);
}

/*
 * Not listed as a participant of this person: a token that nobody used yet, which ends with this; or,
 * since a rejoin may name any id, somebody else, who must not suffer for it.
 */
static bool
is_other(const struct people_work *w, const struct known *k, struct str session,
    bool *ret, struct err *err)
{
	struct ivs_participant other;

	*ret = false;
	if (k->listed || session.n == 0)
		return true;
	*ret = ivs_get_participant(
	    w->ivs, w->arena, k->stage_arn, session, k->id, &other, err);
	/* ERR_INPUT: AWS has no such ids. */
	return *ret || done_or(false, err, ERR_INPUT);
}

/* The ids that are not ended yet: of participants who are not connected, and of unused tokens. */
static bool
end_known(const struct people_work *w, struct str arn, struct str session,
    struct places *at, struct err *err)
{
	bool other;
	size_t i;

	for (i = 0; i < at->n_known; i++) {
		const struct known *k = &at->known[i];

		if (k->ended || !str_eq(k->stage_arn, arn))
			continue;
		if (!is_other(w, k, session, &other, err) ||
		    (!other && !send_off(w, arn, k->id, ERR_INPUT, err)))
			return false;
	}
	return true;
}

static void
note_listed(struct places *at, struct str arn, const struct ivs_participant *p)
{
	size_t i;

	for (i = 0; i < at->n_known; i++) {
		struct known *k = &at->known[i];

		if (!str_eq(k->stage_arn, arn) || !str_eq(k->id, p->participant_id))
			continue;
		k->listed = true;
		k->ended = p->connected;
	}
}

/* Whoever is connected with this id at AWS. */
static bool
send_off_all(const struct people_work *w, struct str arn, struct str session,
    struct str ivs_user, struct places *at, struct kicked *ret, struct err *err)
{
	struct ivs_participants his;
	size_t i;

	if (!ivs_list_of_user(w->ivs, w->arena, arn, session, ivs_user, &his, err))
		return false;
	for (i = 0; i < his.n; i++) {
		note_listed(at, arn, &his.v[i]);
		if (!his.v[i].connected)
			continue;
		if (!send_off(w, arn, his.v[i].participant_id, ERR_NOT_FOUND, err))
			return false;
		ret->disconnected++;
	}
	return true;
}

static bool
clear_stage(const struct people_work *w, struct str arn, struct str user_id,
    struct places *at, struct kicked *ret, struct err *err)
{
	struct str secrets = w->cfg->session_secrets, session, ivs_user;
	struct ivs_stage stage;

	if (!ivs_get_stage(w->ivs, w->arena, arn, &stage, err))
		return done_or(false, err, ERR_NOT_FOUND);
	session = stage.active_session_id;
	do {
		ivs_user = tokens_next_ivs_user_id(
		    w->cfg, w->arena, TOKEN_VIEWER, user_id, &secrets);
		if (session.n > 0 &&
		    !send_off_all(w, arn, session, ivs_user, at, ret, err))
			return false;
	} while (secrets.n > 0);
	return end_known(w, arn, session, at, err);
}

/* No fault of the client's request, whatever AWS calls it. */
static bool
failed(struct err *err)
{
	if (err->kind == ERR_INPUT || err->kind == ERR_NOT_FOUND ||
	    err->kind == ERR_CONFLICT)
		err->kind = ERR_UPSTREAM;
	err->tell = MSG_KICK_REPEAT;
	return err_while(err, "sending a viewer off");
}

bool
people_kick(const struct people_work *w, struct str user_id, const struct person *p,
    struct kicked *ret, struct err *err)
{
	struct places at = { .n = 0 };
	bool ok = true;
	size_t i;

	*ret = (struct kicked){ .freed = false };
	for (i = 0; i < p->n_seats; i++) {
		add_place(&at, p->seats[i].stage_arn);
		add_known(&at, p->seats[i].stage_arn, p->seats[i].participant_id);
	}
	if (!add_recent(w, user_id, &at, &ret->no_history) && p->n_seats == 0) {
		*err = ret->no_history;
		return failed(err);
	}
	ivs_set_deadline(w->ivs, clock_mono_ms() + AWS_MS);
	for (i = 0; i < at.n && ok; i++)
		ok = clear_stage(w, at.arns[i], user_id, &at, ret, err);
	ivs_set_deadline(w->ivs, 0);
	return (ok && free_seat(w, user_id, p, ret, err)) || failed(err);
}
