/*
 * prefork.h - a supervisor and its workers.                       layer: web
 *
 * The parent opens nothing, forks the workers and starts a dead one again, at once the
 * first time, then no more than once a second for each.
 *
 * Frozen workers. A worker that gives no sign of life (web/watch.h) for PREFORK_WARN_MS is
 * logged; after PREFORK_KILL_MS it is killed and replaced. The time until which it may be
 * silent counts from the end of the long step it announced. When no worker has come round for
 * PREFORK_STAND_IN_MS, one more is started, which serves until another one does again. Time in
 * which the supervisor itself did not run counts for nobody.
 *
 * The end. After SIGTERM or SIGINT the workers in a long step finish it, for at most slow_ms,
 * while the others go on serving; then the socket, if it is our own, disappears from the file
 * system and all end in good order. Whoever is still there PREFORK_GRACE_S later is killed. A
 * second signal cuts the first part short.
 */
#ifndef WEB_PREFORK_H
#define WEB_PREFORK_H

#include "web/listen.h"

#define PREFORK_GRACE_S 10
#define PREFORK_MAX 64
#define PREFORK_WARN_MS 10000
#define PREFORK_KILL_MS 20000
#define PREFORK_STAND_IN_MS 4000

/* Runs in each worker; its result is the exit code. 78 (EX_CONFIG) in the first seconds ends
 * everything. */
typedef int prefork_worker(void *arg);

struct prefork {
	int n_workers; /* at most PREFORK_MAX are started */
	prefork_worker *run;
	void *arg;
	const struct listener *listener;
	int64_t slow_ms; /* the longest call */
};

/* The exit code of the whole: 0 after a signal. */
int prefork_run(const struct prefork *p);

#endif
