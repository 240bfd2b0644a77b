/*
 * watch.h - signs of life of a worker, for its supervisor.        layer: web
 *
 * The signs lie in memory that the supervisor shares with its workers. A worker writes when it
 * last came round its loop. Before a step that may take long it writes until when it may be
 * silent. A sign costs a look at the clock and a store. A process without a supervisor writes
 * into a sign of its own, which nobody reads.
 */
#ifndef WEB_WATCH_H
#define WEB_WATCH_H

#include <stddef.h>
#include <stdint.h>

struct watch_sign {
	_Atomic int64_t round_ms; /* of clock_mono_ms: the last round of the loop */
	_Atomic int64_t until_ms; /* of clock_mono_ms; 0: nothing long is under way */
};

/* n signs, shared with all processes forked later. Never NULL: without memory the process ends. */
struct watch_sign *watch_share(size_t n);

/* From now on this process writes into *sign. */
void watch_use(struct watch_sign *sign);

/* The loop has come round: nothing long is under way. */
void watch_round(void);
/* The worker may be silent for the next ms milliseconds. */
void watch_busy(int64_t ms);

#endif
