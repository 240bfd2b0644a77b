/*
 * people.h - sending a person off, keeping him out, forgetting him.  layer: domain
 *
 * Kick and ban. The ban comes first, so that no new token is made while AWS is asked. The seat goes
 * as soon as AWS has ended the connections there. A kick that fails on the way, or finds more
 * participants than it has time to end, has lost nothing: what it did is kept (lua/lib/kicks.lua),
 * and the same call again goes on from there.
 *
 * Forgetting takes a person out of PostgreSQL, Redis and the streams `records` and `records:dead`.
 * Sessions of his that may still be on their way are voided, so that whoever writes them later makes
 * nothing (sql/schema/003_forget.sql). AWS is not asked: who is seated loses the seat without a
 * record, and his picture only when his token ends. What is known of a publisher stays.
 */
#ifndef DOMAIN_PEOPLE_H
#define DOMAIN_PEOPLE_H

#include "aws/ivs.h"
#include "io/pg.h"

struct people_work {
	const struct config *cfg;
	struct redis *redis;
	struct pg *pg;
	struct ivs *ivs;     /* of a kick */
	struct arena *arena; /* of the request, which also holds its JSON */
	struct arena *drain; /* one of its own, left wiped */
};

/* ---- bans ---- */

#define PERSON_SEATS 2 /* where he sits, and where he moves from */

struct person {
	bool banned, drain_due;
	int64_t now_ms; /* by Redis */
	/* What earlier kicks did, flat (lua/lib/kicks.lua). */
	const struct reply *ended, *cleared;
	size_t n_seats;
	struct person_seat {
		struct str stage_arn, session_id;
		struct str participant_id; /* empty: not known */
	} seats[PERSON_SEATS];
};

/* ban: from now on he gets no token; false: only look. */
/* token_life_s: of a viewer token. For so long none renews a participant of the sessions there are. */
void people_ban_ask(
    struct redis_call *c, struct str user_id, bool ban, int64_t token_life_s);
void people_ban_answer(const struct reply *reply, struct person *ret);

void people_unban_ask(struct redis_call *c, struct str user_id);
void people_unban_answer(
    const struct reply *reply, bool *ret_was_banned, bool *ret_drain_due);

/* ---- kick ---- */

struct kicked {
	bool freed;	      /* a seat */
	int64_t disconnected; /* connections that AWS was told to end */
	int64_t ended;	      /* participants besides, who were not connected */
	bool drain_due;
};

/*
 * End all connections of his viewer id on the stages of p and on those where he sat within the
 * last day or the life of a viewer token, free his seat, and end all other participants known from
 * there whose token may still be good. True: nothing is left to do. Errors are those of aws/ivs.h, of
 * PostgreSQL (it is not known where else he was) and of Redis, and ERR_THROTTLED when participants are
 * left for want of time, all with MSG_KICK_REPEAT. Whatever the error, *ret says what was done.
 * The seat stays when AWS has not ended his connections there.
 */
bool people_kick(const struct people_work *w, struct str user_id, const struct person *p,
    struct kicked *ret, struct err *err);

/* ---- forgetting ---- */

struct forgotten {
	int64_t records;     /* rows of his history */
	int64_t waiting;     /* entries of his in the streams */
	bool seated, banned; /* until now */
};

/*
 * ERR_UPSTREAM: Redis or PostgreSQL is away or busy. What was done stays done; to repeat it does
 * the rest. Somebody unknown: true, all of it 0.
 */
bool people_forget(const struct people_work *w, struct str user_id, struct forgotten *ret,
    struct err *err);
/* What it would do. Changes nothing. */
bool people_forget_look(const struct people_work *w, struct str user_id,
    struct forgotten *ret, struct err *err);

#endif
