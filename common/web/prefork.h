/*
 * prefork.h - a supervisor and its workers.                       layer: web
 *
 * The parent opens nothing, forks the workers and starts a dead one again, at once the
 * first time, then no more than once a second for each. SIGTERM and SIGINT end the workers in good
 * order; whoever is still there after PREFORK_GRACE_S is killed.
 */
#ifndef WEB_PREFORK_H
#define WEB_PREFORK_H

#include "base/err.h"

#define PREFORK_GRACE_S 10
#define PREFORK_MAX 64

/* Runs in each worker; its result is the exit code. 78 (EX_CONFIG) in the first seconds ends
 * everything. */
typedef int prefork_worker(void *arg);

/* The exit code of the whole: 0 after a signal. */
int prefork_run(int n_workers, prefork_worker *worker, void *arg);

/* A listening Unix socket at path, mode 0660, a stale one replaced. -1: see err. */
int prefork_listen(const char *path, int backlog, struct err *err);

#endif
