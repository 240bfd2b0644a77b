/*
 * metrics_flush.h - carries a process' counts to Redis.           layer: io
 *
 * Under load they travel as one more script call in the pipeline of a batch, once a second:
 * no round trip of their own. What nobody carries goes by itself a moment later,
 * with a short deadline and without touching the fuse, so that a Redis that is
 * away costs the process little and later requests nothing. What did not arrive is
 * kept and sent again with the same number; the script adds a number once.
 */
#ifndef IO_METRICS_FLUSH_H
#define IO_METRICS_FLUSH_H

#include "base/crypto.h"
#include "io/redis.h"

#define METRICS_EVERY_MS 1000
#define METRICS_ALONE_MS 500	/* later than that without a batch: go alone */
#define METRICS_DEADLINE_MS 200 /* of going alone */
#define METRICS_AWAY_MS 5000	/* after a failure alone */

struct metrics_flush {
	struct arena arena;
	size_t log_lost; /* of log_lost(): so many are counted */
	struct redis_call call;
	char process[UUID_BYTES];
	int64_t number;
	int64_t next_ms;  /* of clock_mono_ms: not before this */
	int64_t alone_ms; /* when to go alone; 0: nothing waits yet */
};

void metrics_flush_init(struct metrics_flush *f);
void metrics_flush_clear(struct metrics_flush *f);

/* The call to put into a pipeline now, or NULL. Tell metrics_flush_done how it went. */
struct redis_call *metrics_flush_due(struct metrics_flush *f);
/* ran: whether redis_run said true. */
void metrics_flush_done(struct metrics_flush *f, bool ran);

/* To be called whenever there is nothing better to do: goes alone when it is time to. */
void metrics_flush_idle(struct metrics_flush *f, struct redis *r);
/* How long one may sleep until metrics_flush_idle is called again, in ms; -1: for good. */
int metrics_flush_sleep_ms(const struct metrics_flush *f);
/* Go alone now: for the end of a process. */
void metrics_flush_now(struct metrics_flush *f, struct redis *r);

#endif
