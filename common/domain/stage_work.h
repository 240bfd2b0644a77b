/*
 * stage_work.h - making, changing and removing stages, in AWS and in the registry in step.
 *                                                                  layer: domain
 * For stage.fcgi, the keeper (autoscale) and ivsctl. AWS goes first where something comes to
 * be, the registry first where something ends: so a stage without an entry can only be an
 * orphan, which its tags tell (stages_sync adopts it), and nobody is seated on a stage that
 * is being removed. Each function may be repeated after any failure.
 *
 * Tags of ours: ManagedBy=api-server or auto-scaler, Environment=<environment>, Show=<short id of the
 * master stage>, Order=<id of the order that made it>, AutoScaled=true where it applies. A
 * stage without our Show tag is somebody else's: never touched, never given viewers.
 *
 * Errors are those of aws/ivs.h and redis_call (ERR_UPSTREAM: nothing done; ERR_UNCERTAIN: it may
 * have happened, the keeper will find out), and what is said below.
 */
#ifndef DOMAIN_STAGE_WORK_H
#define DOMAIN_STAGE_WORK_H

#include "aws/ivs.h"
#include "domain/stages.h"
#include "io/pg.h"

#define STAGE_NAME_MAX_BYTES IVS_NAME_MAX_BYTES

struct stage_work {
	const struct config *cfg;
	struct redis *redis;
	struct pg *pg; /* NULL: nothing is compared with it */
	struct ivs *ivs;
	struct arena *arena;
	/* One of its own, left wiped: a change is in PostgreSQL before the call returns, unless
	 * PostgreSQL is away. NULL: within two seconds, by the programs' tick. */
	struct arena *drain;
	struct str
	    lock; /* token of lock:job:autoscale, for who works under it; else empty */
};

struct stage_order {
	struct str id;	    /* a word of at most 64; the same id never makes two stages */
	struct str name;    /* parse_word(name, "-_", STAGE_NAME_MAX_BYTES) */
	const json_t *tags; /* of the client: an object of strings; NULL: none */
	bool auto_scaled;
	int64_t max_viewers; /* 0: the setting */
	/* The id may have been used by an attempt before. A Redis that was lost or went back in time
	 * within a day has forgotten that one, so AWS is asked; always where the server hides its run id. */
	bool may_repeat;
};

/*
 * Make a stage, or find the one this order has made before (an answer that was lost, a
 * process that died). ERR_STAGES: MAX_STAGES exist, orders under way included. Costs
 * CreateStage; ListStages besides when the order was begun before.
 */
bool stage_make(struct stage_work *w, const struct stage_order *order, struct stage *ret,
    struct err *err);

/*
 * Change name (n == 0: keep) and cap (-1: keep, 0: back to the setting). UpdateStage only
 * for a name. ERR_NOT_FOUND with MSG_NO_STAGE.
 */
bool stage_change(struct stage_work *w, struct str arn, struct str name,
    int64_t max_viewers, struct stage *ret, struct err *err);

/*
 * Remove a stage: no new seats, replica stopped, deleted in AWS, entry and its keys gone.
 * ERR_FORBIDDEN with MSG_MASTER_STAYS: the master. ERR_INPUT with MSG_STAGE_HAS_VIEWERS and
 * *ret_viewers (seats taken): somebody is there; nothing changed. ERR_NOT_FOUND with MSG_NO_STAGE.
 * Gone in AWS already counts as success.
 */
bool stage_remove(
    struct stage_work *w, struct str arn, int64_t *ret_viewers, struct err *err);

/* The entry of a stage of ours. ERR_NOT_FOUND with MSG_NO_STAGE. */
bool stage_read(struct stage_work *w, struct str arn, struct stage *ret, struct err *err);
/* Set members of its entry (null takes one out). Takes the reference of members. */
bool stage_note(struct stage_work *w, struct str arn, json_t *members, struct stage *ret,
    struct err *err);

/* AWS no longer has it: ends its seats and forgets it. */
bool stage_forget(struct stage_work *w, const struct stage *s, struct err *err);

/* No new viewers (or: again), the others stay. ERR_FORBIDDEN: the master. ERR_NOT_FOUND. */
bool stage_drain(struct stage_work *w, struct str arn, bool drain, struct err *err);

/* Who is replicated where; from the registry. */
struct replication {
	struct str source_arn, destination_arn, participant_id;
	int64_t started_at_ms;
};

/*
 * Replicate; the stage takes viewers once AWS lists the replica as active. Already so: true.
 * Not publishing: ERR_CONFLICT with MSG_NOT_PUBLISHING. A destination that is none of ours:
 * ERR_NOT_FOUND with MSG_NO_STAGE; so a source. ERR_QUOTA: five are the most.
 * by_hand: also forgets an earlier stop by hand.
 */
bool replication_start(struct stage_work *w, const struct replication *which,
    bool by_hand, int64_t *ret_started_at_ms, struct err *err);

/*
 * Stop. None there: true; another one there goes on. by_hand: the keeper does not start it
 * again until it is started by hand.
 */
bool replication_stop(
    struct stage_work *w, const struct replication *which, bool by_hand, struct err *err);

/* As replication_start, but without waiting for AWS to list it: replicas_look finds out. */
bool replication_order(
    struct stage_work *w, const struct replication *which, bool by_hand, struct err *err);

/*
 * Read from AWS which stages have an active replica of this participant, and note it in their
 * entries. *ret_pending: how many more were ordered.
 */
bool replicas_look(struct stage_work *w, struct str source_arn, struct str participant_id,
    int64_t *ret_pending, struct err *err);

/* At AWS alone, the entry stays as it is. None there: true. */
bool replication_end(
    struct stage_work *w, const struct replication *which, struct err *err);

/* From an entry of the registry; false: there is none. */
bool replication_of(const struct stage *s, struct replication *ret);

#endif
