/*
 * watch.h - a worker tells its supervisor that it responds.       layer: web
 *
 * The signs are in memory that the supervisor shares with its workers. A worker writes the time of
 * each round of its loop. Before a step that may take long, it announces how long. A sign costs a
 * look at the clock and a store. A process without a supervisor writes into a sign of its own,
 * which no process reads.
 */
#ifndef WEB_WATCH_H
#define WEB_WATCH_H

#include <stddef.h>
#include <stdint.h>

struct watch_sign {
	_Atomic int64_t round_ms; /* of clock_mono_ms: the last round of the loop */
	_Atomic int64_t until_ms; /* of clock_mono_ms: end of a long step; 0: in none */
	_Atomic int64_t aside_ms; /* the same, of work in a process beside the loop */
};

/* n signs, shared with all processes forked later. Never NULL: without memory the process ends. */
struct watch_sign *watch_share(size_t n);

/* From now on this process writes into *sign. */
void watch_use(struct watch_sign *sign);

/* A round of the loop is complete; a long step is over. */
void watch_round(void);
/* A long step begins, of ms milliseconds at most. */
void watch_busy(int64_t ms);
/* A process of the worker's own does work beside the loop, of ms milliseconds at most; 0: it is over.
 * A shutdown lets it finish. The watchdog does not care: the loop responds meanwhile. */
void watch_aside(int64_t ms);

#endif
