/*
 * prefork.h - a supervisor and its workers.                       layer: web
 *
 * The parent opens nothing, forks the workers and replaces a worker that dies: at once the first
 * time, then at most once a second each.
 *
 * Watchdog. A worker that does not respond (web/watch.h) for PREFORK_WARN_MS is logged; after
 * PREFORK_KILL_MS it is killed and replaced, or PREFORK_WARN_MS after round_ms where that is later.
 * While a worker is in a long step, both times count from the end it announced. When no worker has completed a round of its loop for
 * PREFORK_SPARE_MS, a spare worker is started; it ends when another worker responds again. Time in
 * which the supervisor itself did not run counts for no worker.
 *
 * Shutdown. After SIGTERM or SIGINT, workers in a long step finish it, and workers with work beside
 * their loop wait for its end, within slow_ms; the other workers go on serving. Then a socket of our
 * own is removed from the file system, and all workers end in order. A worker that is left
 * PREFORK_GRACE_S later is killed. A second signal skips the first part.
 */
#ifndef WEB_PREFORK_H
#define WEB_PREFORK_H

#include "web/listen.h"

#define PREFORK_GRACE_S 10
#define PREFORK_MAX 64
#define PREFORK_WARN_MS 10000
#define PREFORK_KILL_MS 20000
#define PREFORK_SPARE_MS 4000

/* Runs in each worker; its result is the exit code. 78 (EX_CONFIG) in the first seconds ends
 * everything. */
typedef int prefork_worker(void *arg);

struct prefork {
	int n_workers; /* at most PREFORK_MAX are started */
	prefork_worker *run;
	void *arg;
	const struct listener *listener;
	int64_t slow_ms;  /* the longest call */
	int64_t round_ms; /* what a round of a worker's loop may take unannounced */
};

/* The exit code of the whole: 0 after a signal. */
int prefork_run(const struct prefork *p);

#endif
