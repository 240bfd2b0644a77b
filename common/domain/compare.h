/*
 * compare.h - has this Redis all that PostgreSQL has?               layer: domain
 *
 * A Redis that was started, or took another's place, may hold an old copy. What has to outlive it
 * leaves a record in the stream in the very script that changes it (sessions, bans, who publishes,
 * entries of stages: lua/lib/session.lua, fact.lua), so one number tells whether something is
 * missing, whatever it is: the newest record that PostgreSQL has. API keys are in PostgreSQL first,
 * so they have a number of their own, and are simply published again. docs/design.md, section 5,
 * has the table. The other way about: a PostgreSQL that was restored from a backup has less than was
 * written to it, and gets the facts of the show again (lua/restate.lua).
 */
#ifndef DOMAIN_COMPARE_H
#define DOMAIN_COMPARE_H

#include "io/pg.h"
#include "io/redis.h"

/*
 * Compare the server of this connection, once (redis_is_compared): then it is believed. When it has
 * forgotten something it is made cold (REDIS_FORGOT), and domain/restore fills it. timeout_ms is
 * that of a statement. Errors as pg_run and redis_run.
 */
bool compare_run(
    struct redis *r, struct pg *pg, struct arena *a, int64_t timeout_ms, struct err *err);

/*
 * For what runs once and has no tick (jobs, ivsctl), before its first call: connect, and compare a
 * server that is doubted. A server that hides its run id is doubted on each new connection. When that
 * fails, the first call that needs the state says why. Uses `a` and leaves it wiped.
 */
void compare_first(struct redis *r, struct pg *pg, struct arena *a);

/* What redis_finding gave, for the log; NULL: nothing. */
const char *compare_text(enum redis_finding finding);

/* How far PostgreSQL is. */
struct compare_place {
	struct str record; /* id of the newest record; empty: it has none */
	struct str keys;   /* changes of the API keys, a number */
	int64_t at_ms;	   /* when it was there, by its own clock */
};
bool compare_place(struct pg *pg, struct arena *a, int64_t timeout_ms,
    struct compare_place *ret, struct err *err);

#endif
