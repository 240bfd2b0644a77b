/*
 * presence.h - who is watching: seats, heartbeats, good-byes.     layer: domain
 *
 * Keys and records: lua/lib/session.lua. Each call is one script; *_ask fills the call,
 * *_answer reads its reply, so a handler's two halves need no connection. Only the
 * scripts write these keys. Ids are borrowed until the call was run.
 *
 * Words: seats (places taken), viewers now (heartbeat inside the time-out), views (sessions).
 */
#ifndef DOMAIN_PRESENCE_H
#define DOMAIN_PRESENCE_H

#include "base/crypto.h"
#include "io/redis.h"

struct join {
	struct str user_id;
	struct str stage_arn;	   /* empty: where he is, else the least loaded */
	struct str session_id;	   /* a fresh UUID; used if he is new */
	struct str participant_id; /* empty: not known yet */
	struct str user_agent, ip_address, username; /* for the record; may be empty */
	bool
	    sure_later; /* a move is over with presence_confirm or _unseat, not at once */
	int64_t
	    grow_at; /* the caller can make the show grow, when stages hold so many; 0: no */
	/* What the viewer's page proves by its session token; empty: nothing. participant_id is kept
	 * when that session goes on and Redis has lost nothing since the token was issued, unless it is
	 * empty. */
	struct join_proof {
		struct str session_id, stage_arn, participant_id;
		int64_t issued_at_ms;
	} proof;
};

struct seat {
	struct str stage_arn, stage_json; /* JSON "" = only known from the settings */
	struct str session_id;
	int64_t joined_at_ms, viewers_now;
	bool is_new, drain_due;
	bool moved; /* from another stage: presence_confirm ends his session there */
	bool grow;  /* the show should grow; without a seat: growing may give one */
	bool wait;  /* without a seat: one may come soon */
	bool kept;  /* the participant of the proof goes on */
	struct str aws_clock; /* for ivs_clock_known */
};

void presence_join_ask(struct redis_call *c, const struct join *j);
/*
 * ERR_NOT_FOUND: no such stage (MSG_NO_STAGE, MSG_STAGE_GONE), or nobody publishes there
 * (MSG_PUBLISHER_OFFLINE). ERR_FULL: no seat; ret->grow says whether growing may help, ret->wait whether waiting may.
 * Who sits
 * already is never refused. ERR_FORBIDDEN (MSG_BANNED): he is banned, seated or not. ERR_CONFLICT
 * (MSG_SEATED_ELSEWHERE): the session of the proof is over, and the person sits on another stage.
 */
bool presence_join_answer(const struct reply *reply, struct seat *ret, struct err *err);

/* presence_unseat and presence_confirm as a call alone: {'OK', freed or noted 0|1}. */
void presence_unseat_ask(
    struct redis_call *c, struct str user_id, const struct seat *seat);
void presence_confirm_ask(struct redis_call *c, struct str user_id,
    const struct seat *seat, struct str participant_id);

/* The token could not be made: no seat, no view; who was moved for it sits where he sat. */
bool presence_unseat(struct redis *r, struct arena *a, struct str user_id,
    const struct seat *seat, struct err *err);
/* The token exists: note who AWS says he is, and end the session he was moved from.
 * ERR_FORBIDDEN (MSG_BANNED): he was banned meanwhile, it must not be handed out. */
bool presence_confirm(struct redis *r, struct arena *a, struct str user_id,
    const struct seat *seat, struct str participant_id, struct err *err);

void presence_heartbeat_ask(
    struct redis_call *c, struct str user_id, struct str stage_arn);
/* ERR_NOT_FOUND: he has no seat there (MSG_NO_SESSION), or the stage is gone (MSG_STAGE_GONE). */
bool presence_heartbeat_answer(
    const struct reply *reply, int64_t *ret_viewers_now, struct err *err);

/* session_id: only that session of his ends, not one that came after; empty: any. */
void presence_leave_ask(struct redis_call *c, struct str user_id, struct str stage_arn,
    struct str session_id);
/*
 * ERR_UNCERTAIN: he had no seat, but the call went out twice, so it may be we who freed it.
 */
bool presence_leave_answer(
    const struct redis_call *c, bool *ret_left, bool *ret_drain_due, struct err *err);

void presence_duration_ask(
    struct redis_call *c, struct str user_id, struct str stage_arn);
int64_t presence_duration_answer(const struct reply *reply); /* seconds; 0: not there */

struct viewer {
	struct str user_id, participant_id; /* p == NULL: not known */
	int64_t joined_at_ms, last_heartbeat_ms;
	struct str last_heartbeat_text; /* for a cursor */
};

struct viewer_page {
	int64_t seats, viewers_now;
	bool more;
	struct viewer *viewers;
	size_t n;
};

/* The cursor: heartbeat and user the last page ended with; empty: the first page. */
void presence_list_ask(struct redis_call *c, struct str stage_arn, int64_t limit,
    struct str after_heartbeat, struct str after_user);
/* ERR_NOT_FOUND: no such stage. */
bool presence_list_answer(
    const struct reply *reply, struct arena *a, struct viewer_page *ret, struct err *err);

#endif
