#include "domain/people.h"

#include "aws/ivs_error.h"
#include "base/clock.h"
#include "domain/records.h"
#include "domain/tokens.h"
#include "base/banned.h"

#define SETTLE_MS 2000
#define READ_MS 2000
#define CONNECTIONS_MS 6000 /* for AWS to end connections */
#define IDS_MS 5000	    /* then for the participants who are not connected; */
#define BEGIN_MS 3000	    /* but for the first, none is begun later than this */
#define LOOK_BACK_S 86400   /* a connection may outlive its token */
/* The last token of a session may be made some seconds after the end of the session. */
#define SLACK_S 60
#define ROWS_MAX 1000
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
	ret->now_ms = reply_int(reply, 3);
	ret->ended = reply->v[4];
	ret->cleared = reply->v[5];
	ret->n_seats = (reply->n - 6) / 3;
	INVARIANT(ret->n_seats <= PERSON_SEATS);
	for (i = 0; i < ret->n_seats; i++)
		ret->seats[i] = (struct person_seat){ reply_str(reply, 6 + i * 3),
			reply_str(reply, 7 + i * 3), reply_str(reply, 8 + i * 3) };
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

	if (p->n_seats == 0)
		return true;
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
	bool tried;  /* an earlier kick ended it while AWS did not list it */
	bool listed; /* by AWS as a participant of this person */
	bool ended;  /* nothing is left to do */
};

struct place {
	struct str arn;
	struct str session; /* of the stage, at AWS; empty: none runs */
	bool reached;	    /* connections there are ended, and session is known */
	bool gone;	    /* AWS has no such stage: its participants are dead */
};

struct places {
	struct place *v;
	struct known *known;
	size_t n, n_known;
	size_t n_seats; /* the first of v: where he sits, and where he moves from */
	bool whole;	/* nothing else is known of */
	json_t *ended;	/* to note, as in lua/lib/kicks.lua */
};

static void
places_init(struct places *at, struct arena *a)
{
	size_t most = PERSON_SEATS + ROWS_MAX;

	*at = (struct places){ .v = arena_zalloc(a, most * sizeof(*at->v)),
		.known = arena_zalloc(a, most * sizeof(*at->known)),
		.ended = json_object() };
}

static void
add_place(struct places *to, struct str arn)
{
	size_t i;

	for (i = 0; i < to->n; i++)
		if (str_eq(to->v[i].arn, arn))
			return;
	to->v[to->n++].arn = arn;
}

static void
add_known(struct places *to, struct str arn, struct str id, bool tried)
{
	size_t i;

	for (i = 0; i < to->n_known; i++)
		if (str_eq(to->known[i].id, id) && str_eq(to->known[i].stage_arn, arn))
			return;
	if (id.n > 0)
		to->known[to->n_known++] =
		    (struct known){ .stage_arn = arn, .id = id, .tried = tried };
}

static void
add_seats(const struct person *p, struct places *to)
{
	size_t i;

	for (i = 0; i < p->n_seats; i++) {
		add_place(to, p->seats[i].stage_arn);
		add_known(to, p->seats[i].stage_arn, p->seats[i].participant_id, false);
	}
	to->n_seats = to->n;
}

static struct str
number(struct arena *a, int64_t n)
{
	return str_printf(a, "%lld", (long long)n);
}

/* Takes the reference. */
static struct str
text_of(struct arena *a, json_t *object)
{
	struct str text = json_text(a, object);

	json_decref(object);
	return text;
}

/* A flat reply as the text of an object. */
static struct str
object_text(struct arena *a, const struct reply *flat)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; i + 1 < flat->n; i += 2)
		json_object_set_new(object, str_dup(a, reply_str(flat, i)).p,
		    json_str(reply_str(flat, i + 1)));
	return text_of(a, object);
}

/*
 * A person who has left, or fell silent, may still be connected or come back with a token that is still
 * good; so may one who kept a connection while moving.
 */
static bool
add_recent(const struct people_work *w, struct str user_id, const struct person *p,
    struct places *to, struct err *err)
{
	int64_t life_s = w->cfg->viewer_token_duration_s + SLACK_S;
	struct str params[] = { user_id,
		number(w->arena, life_s > LOOK_BACK_S ? life_s : LOOK_BACK_S),
		number(w->arena, life_s), object_text(w->arena, p->ended),
		object_text(w->arena, p->cleared), number(w->arena, ROWS_MAX) };
	struct pg_rows rows;
	bool tried = false;
	size_t i;

	if (!records_settle(w->redis, w->pg, w->drain, SETTLE_MS, err) ||
	    !pg_run(
		w->pg, w->arena, Q_RECENT_PARTICIPANTS, params, 6, READ_MS, &rows, err))
		return err_while(err, "looking for where he was");
	for (i = 0; i < rows.rows; i++) {
		tried = pg_int(&rows, i, 2, 0) == 1;
		add_place(to, pg_cell(&rows, i, 0));
		add_known(to, pg_cell(&rows, i, 0), pg_cell(&rows, i, 1), tried);
	}
	/* Those that were tried come last. */
	to->whole = rows.rows < ROWS_MAX || tried;
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

/* To keep: this participant was ended, for_good: or need not be. */
static void
note_ended(const struct people_work *w, struct places *at, struct str arn, struct str id,
    bool for_good)
{
	struct str member = str_printf(w->arena, "%.*s %.*s", STR_ARG(arn), STR_ARG(id));

	json_object_set_new(at->ended, member.p, json_string(for_good ? "1" : "0"));
}

/* ---- connections ---- */

static void
note_listed(const struct people_work *w, struct places *at, struct str arn,
    const struct ivs_participant *p)
{
	size_t i;

	if (p->connected)
		note_ended(w, at, arn, p->participant_id, true);
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
send_off_all(const struct people_work *w, const struct place *there, struct str ivs_user,
    struct places *at, struct kicked *ret, struct err *err)
{
	struct ivs_participants his;
	size_t i;

	if (!ivs_list_of_user(
		w->ivs, w->arena, there->arn, there->session, ivs_user, &his, err))
		return false;
	for (i = 0; i < his.n; i++) {
		const struct ivs_participant *p = &his.v[i];

		if (p->connected &&
		    !send_off(w, there->arn, p->participant_id, ERR_NOT_FOUND, err))
			return false;
		ret->disconnected += p->connected;
		note_listed(w, at, there->arn, p);
	}
	return true;
}

static bool
clear_stage(const struct people_work *w, struct place *there, struct str user_id,
    struct places *at, struct kicked *ret, struct err *err)
{
	struct str secrets = w->cfg->session_secrets, ivs_user;
	struct ivs_stage stage;

	if (!ivs_get_stage(w->ivs, w->arena, there->arn, &stage, err)) {
		there->gone = there->reached = done_or(false, err, ERR_NOT_FOUND);
		return there->gone;
	}
	there->session = stage.active_session_id;
	do {
		ivs_user = tokens_next_ivs_user_id(
		    w->cfg, w->arena, TOKEN_VIEWER, user_id, &secrets);
		if (there->session.n > 0 &&
		    !send_off_all(w, there, ivs_user, at, ret, err))
			return false;
	} while (secrets.n > 0);
	there->reached = true;
	return true;
}

static bool
clear_stages(const struct people_work *w, size_t from, size_t to, struct str user_id,
    struct places *at, struct kicked *ret, struct err *err)
{
	size_t i;

	for (i = from; i < to; i++)
		if (!clear_stage(w, &at->v[i], user_id, at, ret, err))
			return false;
	return true;
}

/* ---- participants who are not connected ---- */

static bool
is_open(const struct known *k, const struct place *there)
{
	return !k->ended && (!k->tried || k->listed) && !there->gone &&
	       str_eq(k->stage_arn, there->arn);
}

static bool
no_time(struct err *err)
{
	(void)err_from(err, ERR_FROM_AWS, ERR_THROTTLED,
	    "he has had more participants than one call has time to end");
	err->operation = "DisconnectParticipant";
	err->reason = IVS_REASON_THROTTLED;
	return false;
}

static bool
end_known(const struct people_work *w, const struct place *there, int64_t begin_until_ms,
    struct places *at, struct kicked *ret, struct err *err)
{
	bool other;
	size_t i;

	for (i = 0; i < at->n_known; i++) {
		struct known *k = &at->known[i];

		if (!is_open(k, there))
			continue;
		if (ret->ended > 0 && clock_mono_ms() >= begin_until_ms)
			return no_time(err);
		if (!is_other(w, k, there->session, &other, err) ||
		    (!other && !send_off(w, there->arn, k->id, ERR_INPUT, err)))
			return false;
		note_ended(w, at, k->stage_arn, k->id, other || k->listed);
		k->ended = true;
		ret->ended++;
	}
	return true;
}

/* Of the stages that were reached. */
static bool
end_all_known(
    const struct people_work *w, struct places *at, struct kicked *ret, struct err *err)
{
	int64_t now_ms = clock_mono_ms();
	bool ok = true;
	size_t i;

	ivs_set_deadline(w->ivs, now_ms + IDS_MS);
	for (i = 0; i < at->n && ok; i++)
		ok = !at->v[i].reached ||
		     end_known(w, &at->v[i], now_ms + BEGIN_MS, at, ret, err);
	return ok;
}

/* ---- what was done ---- */

/* Stages where nothing is left to do. None while more may be known of them than was read. */
static json_t *
cleared(struct arena *a, const struct places *at, const struct person *p)
{
	json_t *done = json_object();
	bool open;
	size_t i, k;

	for (i = 0; i < at->n && at->whole; i++) {
		open = !at->v[i].reached;
		for (k = 0; k < at->n_known && !open; k++)
			open = is_open(&at->known[k], &at->v[i]);
		if (!open)
			json_object_set_new(
			    done, str_dup(a, at->v[i].arn).p, json_integer(p->now_ms));
	}
	return done;
}

/* Without this a repeat does some of it once more. Takes at->ended. */
static void
keep_notes(const struct people_work *w, struct str user_id, const struct person *p,
    struct places *at, bool is_over)
{
	struct err ignored = ERR_INIT;
	struct redis_call c;

	redis_call_init(&c, w->arena, SCRIPT_KICK_NOTE);
	redis_arg(&c, user_id);
	redis_arg_int(&c, w->cfg->viewer_token_duration_s * 1000);
	redis_arg(&c, text_of(w->arena, at->ended));
	redis_arg(&c, text_of(w->arena, cleared(w->arena, at, p)));
	redis_arg(&c, is_over ? STR("1") : STR(""));
	(void)redis_call(w->redis, &c, &ignored);
}

/* No fault of the client's request, whatever AWS calls it. */
static bool
failed(struct err *err)
{
	if (err->kind == ERR_INPUT || err->kind == ERR_NOT_FOUND ||
	    err->kind == ERR_CONFLICT)
		err->kind = ERR_UPSTREAM;
	err_retell(err, MSG_KICK_REPEAT);
	return err_while(err, "sending a viewer off");
}

/* The seat goes before what may take several calls. */
static bool
clear_all(const struct people_work *w, struct str user_id, const struct person *p,
    struct places *at, struct kicked *ret, struct err *err)
{
	struct err left = ERR_INIT;
	bool ok, ended;

	ivs_set_deadline(w->ivs, clock_mono_ms() + CONNECTIONS_MS);
	ok = clear_stages(w, 0, at->n_seats, user_id, at, ret, err) &&
	     free_seat(w, user_id, p, ret, err) &&
	     clear_stages(w, at->n_seats, at->n, user_id, at, ret, err);
	ended = end_all_known(w, at, ret, &left);
	ivs_set_deadline(w->ivs, 0);
	if (ok && !ended)
		*err = left;
	return ok && ended;
}

bool
people_kick(const struct people_work *w, struct str user_id, const struct person *p,
    struct kicked *ret, struct err *err)
{
	struct err unread = ERR_INIT;
	struct places at;
	bool ok;

	*ret = (struct kicked){ .freed = false };
	places_init(&at, w->arena);
	add_seats(p, &at);
	(void)add_recent(w, user_id, p, &at, &unread);
	ok = clear_all(w, user_id, p, &at, ret, err);
	if (ok && unread.kind != ERR_NONE)
		*err = unread;
	else if (ok && !at.whole)
		no_time(err);
	ok = ok && at.whole;
	keep_notes(w, user_id, p, &at, ok);
	return ok || failed(err);
}
