/*
 * serve.h - from accept to answer.                                layer: web
 *
 * The loop takes every request that is complete (at most SERVE_BATCH), lets each
 * ask, sends all their script calls in one round trip, answers all, then does the
 * after-work. Under light load a batch is one request and nothing waits. A
 * route marked slow closes its batch and is answered last. Why: docs/design.md, D1a.
 *
 * A handler may ask for its request to be parked (req.park_ms): it is not answered then, but run again
 * from the start a little later, and holds no worker meanwhile (web/conns.h).
 *
 * A request whose call would go out more than five seconds after it was taken up is answered 503
 * without it: the worker was frozen, and its client has come again elsewhere since.
 */
#ifndef WEB_SERVE_H
#define WEB_SERVE_H

#include <signal.h>

#include "web/router.h"

#define SERVE_BATCH 16
#define SERVE_TICK_MS 1000
/* At the end: for those whose request is half read or whose answer is half written. */
#define SERVE_STOP_MS 1000
/* Work between two batches takes no longer; the supervisor is told so (web/watch.h). */
#define SERVE_BETWEEN_MS 40000

struct serve {
	const struct config *cfg;
	struct redis *redis;
	struct auth *auth;
	struct app *app;
	const struct route *routes;
	size_t n_routes;
	/* Called after the answers of a batch in which a handler set after_due, and after a plain CGI
	 * call that may have changed something. */
	void (*after)(struct app *app);
	/* Called before the first request, then about every SERVE_TICK_MS between batches; in a plain
	 * CGI call only when its Redis is doubted or cold. NULL: nothing to do. It holds up the
	 * requests of this worker: what may be long is what must come before they are answered. */
	void (*tick)(struct app *app);
	int64_t slow_ms; /* what a slow route may take, at most */
	/* The socket ends with this program: at shutdown, connections that wait at it are served. */
	bool last_call;
};

/*
 * Serve on a listening socket until SIGTERM or SIGINT; the batch at hand is finished.
 * The socket becomes non-blocking (several processes may share it).
 */
bool serve_socket(const struct serve *s, int listen_fd, struct err *err);

/* Answer the one request of a plain CGI call: environment, stdin, stdout. */
bool serve_cgi(const struct serve *s, char **env, struct err *err);

#endif
