/* One worker: chooses what his people do, sends it in batches, holds the answers against the rules. */
#include <stdlib.h>

#include "domain/people.h"
#include "tests/tools/model/world.h"
#include "base/banned.h"

#define ARENA_BYTES (16u << 20)
#define CALLS_MAX 2

struct step {
	enum op op;
	int person, stage;
	int32_t session, other, participant; /* other: OP_KICK, the second one told of */
	bool later;			     /* OP_BAN: it is taken back */
	int back_at; /* OP_UNSEAT: the stage asked for by a heartbeat right after */
	struct redis_call calls[CALLS_MAX];
	size_t n_calls;
};

struct worker {
	struct world *w;
	struct redis *redis;
	struct arena arena;
	struct dice dice;
	int number;
	int32_t next_session, last_session;
	int32_t first_person, n_people;
	struct step steps[BATCH];
};

struct worker *
worker_open(struct world *w, const struct config *cfg, int number)
{
	struct worker *k = calloc(1, sizeof(*k));

	INVARIANT(k != NULL && arena_init(&k->arena, ARENA_BYTES));
	k->w = w;
	k->redis = redis_open(cfg);
	k->number = number;
	k->dice.state = w->seed * 1000003 + (uint64_t)number;
	k->n_people = w->show.n_people / WORKERS;
	k->first_person = k->n_people * number;
	k->next_session = w->show.n_sessions / WORKERS * number;
	k->last_session = k->next_session + w->show.n_sessions / WORKERS;
	return k;
}

void
worker_close(struct worker *k)
{
	redis_close(k->redis);
	arena_clear(&k->arena);
	free(k);
}

/* ---- choosing ---- */

/* Some rest for a round, and who rests long enough is silent. */
static bool
rests(const struct worker *k, int person)
{
	struct dice d = { k->w->seed ^ (uint64_t)k->w->round * 7919 ^
			  (uint64_t)person * 104729 };

	return dice_percent(&d, 60);
}

static int
some_stage(struct worker *k)
{
	return dice_percent(&k->dice, 3) ? NOWHERE : dice_below(&k->dice, STAGES);
}

static int
seat_of(const struct worker *k, int person)
{
	int32_t session = k->w->show.people[person].session;

	return session == NOBODY ? NOWHERE : k->w->show.sessions[session].stage;
}

static void
choose_join(struct worker *k, struct step *t, int wanted)
{
	INVARIANT(k->next_session < k->last_session);
	t->stage = wanted;
	t->session = k->next_session++;
	t->participant = dice_percent(&k->dice, 40) ? 1 + dice_below(&k->dice, 999) : 0;
	t->later = dice_percent(&k->dice, 70);
}

static void
choose_token(struct worker *k, struct step *t)
{
	struct viewer_state *p = &k->w->show.people[t->person];

	t->op = dice_percent(&k->dice, 65) ? OP_CONFIRM : OP_UNSEAT;
	t->session = p->token;
	t->stage = p->token_stage;
	t->participant = 1000 + dice_below(&k->dice, 1000);
	if (p->waiting != NOBODY && rule_is_silent(&k->w->show, t->person))
		t->op = OP_CONFIRM;
	p->token = NOBODY;
}

static void
choose_of_seated(struct worker *k, struct step *t, int seat)
{
	int32_t n = dice_below(&k->dice, 100);

	if (n < 55) {
		t->op = OP_BEAT;
		t->stage = n < 51 ? seat : some_stage(k);
	} else if (n < 67) {
		t->op = OP_LEAVE;
		t->stage = n < 63 ? seat : some_stage(k);
		if (n > 64 && k->w->show.people[t->person].waiting != NOBODY)
			t->stage = rule_waits_at(&k->w->show, t->person);
	} else if (n < 80) {
		t->op = OP_REFRESH;
		choose_join(k, t, n < 73 ? seat : ANYWHERE);
	} else {
		t->op = n < 96 ? OP_MOVE : OP_REPEAT;
		choose_join(k, t, some_stage(k));
	}
}

/* Now and then somebody is sent off, or kept out for a while. */
static bool
choose_guard(struct worker *k, struct step *t)
{
	const struct viewer_state *p = &k->w->show.people[t->person];

	if (dice_percent(&k->dice, p->banned ? 15 : 1)) {
		t->op = OP_BAN;
		t->later = p->banned;
		return true;
	}
	if (p->session == NOBODY || !dice_percent(&k->dice, 3))
		return false;
	t->op = OP_KICK;
	t->session = dice_percent(&k->dice, 90) ? p->session : NOBODY;
	t->other = p->waiting;
	return true;
}

static void
choose(struct worker *k, struct step *t, int person)
{
	int seat = seat_of(k, person);
	int32_t n;

	*t = (struct step){
		.person = person, .session = NOBODY, .other = NOBODY, .back_at = NOWHERE
	};
	if (choose_guard(k, t))
		return;
	if (k->w->show.people[person].token != NOBODY && dice_percent(&k->dice, 60)) {
		choose_token(k, t);
		return;
	}
	if (seat >= 0) {
		choose_of_seated(k, t, seat);
		return;
	}
	n = dice_below(&k->dice, 100);
	if (n < 80) {
		t->op = n < 70 ? OP_JOIN : OP_REPEAT;
		choose_join(k, t, n < 40 ? ANYWHERE : some_stage(k));
	} else {
		t->op = n < 90 ? OP_BEAT : OP_LEAVE;
		t->stage = some_stage(k);
	}
}

/* ---- asking ---- */

static void
ask_join(struct worker *k, struct step *t, struct redis_call *c)
{
	struct join j = { .user_id = world_user(k->w, &k->arena, t->person),
		.stage_arn = world_arn(k->w, t->stage),
		.session_id = world_session(k->w, &k->arena, t->session),
		.participant_id = world_participant(&k->arena, t->participant),
		.user_agent = STR("model"),
		.sure_later = t->later };

	presence_join_ask(c, &j);
}

static void
ask(struct worker *k, struct step *t)
{
	struct str user = world_user(k->w, &k->arena, t->person);
	struct str arn = world_arn(k->w, t->stage);
	struct seat seat = { .stage_arn = arn };
	int i;

	for (i = 0; i < CALLS_MAX; i++)
		t->calls[i].arena = &k->arena;
	if (t->op == OP_CONFIRM || t->op == OP_UNSEAT)
		seat.session_id = world_session(k->w, &k->arena, t->session);
	t->n_calls = t->op == OP_REPEAT || t->op == OP_UNSEAT ? 2 : 1;
	switch (t->op) {
	case OP_BEAT:
		presence_heartbeat_ask(&t->calls[0], user, arn);
		break;
	case OP_LEAVE:
		world_leave_ask(k->w, &t->calls[0], t->person, t->stage, NOBODY);
		break;
	case OP_CONFIRM:
		presence_confirm_ask(&t->calls[0], user, &seat,
		    world_participant(&k->arena, t->participant));
		break;
	case OP_UNSEAT:
		presence_unseat_ask(&t->calls[0], user, &seat);
		t->back_at = rule_waits_at(&k->w->show, t->person);
		presence_heartbeat_ask(&t->calls[1], user, world_arn(k->w, t->back_at));
		break;
	case OP_KICK:
		world_kick_ask(k->w, &t->calls[0], t->person, t->session, t->other);
		break;
	case OP_BAN:
		if (t->later)
			people_unban_ask(&t->calls[0], user);
		else
			people_ban_ask(&t->calls[0], user, true, 3600);
		break;
	default:
		for (i = 0; i < (int)t->n_calls; i++)
			ask_join(k, t, &t->calls[i]);
	}
}

/* ---- answers ---- */

static enum word
word_of(bool ok, const struct err *err)
{
	if (ok)
		return WORD_OK;
	if (err->kind == ERR_FULL)
		return WORD_FULL;
	if (err->kind == ERR_FORBIDDEN)
		return WORD_BANNED;
	if (err->tell == MSG_PUBLISHER_OFFLINE)
		return WORD_OFFLINE;
	return err->tell == MSG_STAGE_GONE ? WORD_GONE : WORD_NONE;
}

static bool
joined(struct worker *k, struct step *t, const struct reply *reply, char *why)
{
	struct round *round = &k->w->rounds[k->number];
	struct viewer_state *p = &k->w->show.people[t->person];
	struct join_said said = { 0 };
	struct err err = ERR_INIT;
	struct seat seat = { 0 };

	said.word = word_of(presence_join_answer(reply, &seat, &err), &err);
	if (said.word == WORD_OK) {
		said.stage = world_read_stage(k->w, seat.stage_arn);
		said.session = world_read_session(k->w, seat.session_id);
		said.joined = seat.joined_at_ms;
		said.viewers = seat.viewers_now;
		said.is_new = seat.is_new;
		said.moved = seat.moved;
		p->token = said.session;
		p->token_stage = (int16_t)said.stage;
	}
	return rule_join(&k->w->show, round, t->person, t->stage, t->session,
	    t->participant, t->later, &said, why);
}

static bool
beaten(struct worker *k, struct step *t, char *why)
{
	struct err err = ERR_INIT;
	int64_t viewers = 0;
	bool ok = presence_heartbeat_answer(t->calls[0].reply, &viewers, &err);

	return rule_heartbeat(&k->w->show, &k->w->rounds[k->number], t->person, t->stage,
	    word_of(ok, &err), viewers, why);
}

static bool
left(struct worker *k, struct step *t, char *why)
{
	struct err err = ERR_INIT;
	bool was_there, due;

	if (!presence_leave_answer(&t->calls[0], &was_there, &due, &err))
		return false;
	return rule_leave(&k->w->show, t->person, t->stage, was_there, why);
}

static bool
unseated(struct worker *k, struct step *t, char *why)
{
	struct err err = ERR_INIT;
	int64_t viewers;
	bool back = presence_heartbeat_answer(t->calls[1].reply, &viewers, &err);

	return rule_unseat(&k->w->show, &k->w->rounds[k->number], t->person, t->stage,
	    t->session, reply_int(t->calls[0].reply, 1) == 1, back, why);
}

static bool
banned_or_not(struct worker *k, struct step *t)
{
	struct person_seat *seat;
	struct person told;
	bool was = false, due;

	if (t->later) {
		people_unban_answer(t->calls[0].reply, &was, &due);
		rule_ban(&k->w->show, t->person, false);
		return was;
	}
	people_ban_answer(t->calls[0].reply, &told);
	rule_ban(&k->w->show, t->person, true);
	for (seat = told.seats; seat < told.seats + told.n_seats; seat++)
		if (world_read_session(k->w, seat->session_id) !=
			k->w->show.people[t->person].session &&
		    world_read_session(k->w, seat->session_id) !=
			k->w->show.people[t->person].waiting)
			return false;
	return told.banned;
}

static bool
confirmed(struct worker *k, struct step *t, char *why)
{
	const struct reply *reply = t->calls[0].reply;
	enum word word = str_is(reply_str(reply, 0), "BANNED") ? WORD_BANNED : WORD_OK;

	return rule_confirm(&k->w->show, t->person, t->stage, t->session, t->participant,
	    word, reply_int(reply, 1) == 1, why);
}

static bool
answered(struct worker *k, struct step *t, char *why)
{
	size_t i;

	switch (t->op) {
	case OP_BEAT:
		return beaten(k, t, why);
	case OP_LEAVE:
		return left(k, t, why);
	case OP_CONFIRM:
		return confirmed(k, t, why);
	case OP_UNSEAT:
		return unseated(k, t, why);
	case OP_KICK:
		return rule_kick(&k->w->show, t->person, t->session, t->other,
		    reply_int(t->calls[0].reply, 1) == 1, why);
	case OP_BAN:
		return banned_or_not(k, t);
	default:
		for (i = 0; i < t->n_calls; i++)
			if (!joined(k, t, t->calls[i].reply, why))
				return false;
		return true;
	}
}

/* ---- a round ---- */

static size_t
collect(struct worker *k, int64_t most)
{
	size_t n = 0, i, tries;
	int person;

	for (tries = 0; n < BATCH && (int64_t)n < most && tries < 1000; tries++) {
		person = k->first_person + dice_below(&k->dice, k->n_people);
		for (i = 0; i < n && k->steps[i].person != person; i++)
			;
		if (i < n || rests(k, person))
			continue;
		choose(k, &k->steps[n], person);
		ask(k, &k->steps[n]);
		n++;
	}
	return n;
}

static bool
check(struct worker *k, struct step *t)
{
	char why[COMPLAINT_BYTES] = "the answer cannot be read";
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < t->n_calls; i++)
		if (!redis_reply_ok(t->calls[i].reply, &err)) {
			world_complain(k->w, "worker %d round %lld: %s: %s", k->number,
			    (long long)k->w->round, op_names[t->op], err.cause);
			return false;
		}
	k->w->steps[k->number][t->op]++;
	if (answered(k, t, why))
		return true;
	world_complain(k->w, "worker %d round %lld: %s of person %d: %s", k->number,
	    (long long)k->w->round, op_names[t->op], t->person, why);
	return false;
}

bool
worker_round(struct worker *k, int64_t steps)
{
	struct redis_call *calls[BATCH * CALLS_MAX];
	struct err err = ERR_INIT;
	size_t n, n_calls, i, j;

	redis_pretend_time(k->redis, k->w->show.now);
	for (; steps > 0; steps -= (int64_t)n) {
		n = collect(k, steps);
		n_calls = 0;
		for (i = 0; i < n; i++)
			for (j = 0; j < k->steps[i].n_calls; j++)
				calls[n_calls++] = &k->steps[i].calls[j];
		if (n == 0 || !redis_run(k->redis, calls, n_calls, &err)) {
			world_complain(
			    k->w, "worker %d: %s", k->number, n ? err.cause : "all rest");
			return false;
		}
		for (i = 0; i < n; i++)
			if (!check(k, &k->steps[i]))
				return false;
		arena_wipe(&k->arena);
	}
	return true;
}
