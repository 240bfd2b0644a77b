/*
 * restore.h - a cold Redis is filled from PostgreSQL.              layer: domain
 *
 * Redis is cold while the key `epoch` is absent: it was emptied, or compare_run() found that
 * it has forgotten something. Every script of seats, stages and publisher then answers COLD, which
 * is 503 to clients. One loader at a time, by lock:job:restore with a token that each script of the
 * loading checks, but that of the keys, whose lists have an order; so who was frozen in it writes
 * nothing later. What was half loaded is taken away by who comes next. The key `epoch` is set by
 * the last step.
 *
 * Comes back: stages, open sessions of the last 14 days (score: the time of loading), publisher,
 * bans, API keys. What was still in the stream is written to PostgreSQL before it is read.
 */
#ifndef DOMAIN_RESTORE_H
#define DOMAIN_RESTORE_H

#include "io/pg.h"
#include "io/redis.h"

enum restore_end {
	RESTORE_DONE,
	RESTORE_BUSY, /* somebody else is at it, or has just failed */
	RESTORE_WARM, /* somebody else has done it */
};

struct restore_result {
	enum restore_end end;
	bool keeper_due; /* AWS should be asked what has changed meanwhile */
	int64_t stages, seats, bans;
	int64_t ended; /* open sessions for which there was no seat */
};

/*
 * Once more from the beginning after any failure. has_keeper: the caller can make a run of the
 * keeper; if nobody who can has loaded, the first of them who comes is told. ERR_UPSTREAM: Redis or
 * PostgreSQL is away; ERR_LOCK_LOST: it took too long. Uses `a`, which must be the caller's for
 * this alone, and leaves it wiped. After DONE and WARM redis_is_cold() is false.
 */
bool restore_run(struct redis *r, struct pg *pg, struct arena *a, bool has_keeper,
    struct restore_result *ret, struct err *err);

#endif
