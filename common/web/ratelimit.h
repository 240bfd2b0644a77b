/*
 * ratelimit.h - whether and how a request is counted.             layer: web
 *
 * The count itself is taken by the request's own script (lua/lib/rate.lua), so that it
 * costs no round trip: fixed windows of RATE_LIMIT_WINDOW_MS, one bucket per client and
 * kind of call, the same for all processes. The name of a bucket is a hash of the client's address,
 * keyed with the first secret of SESSION_SECRET, else of API_SECRET_KEY: the files of Redis keep
 * what was written for a while, and a hash without a key could be undone by trying all addresses.
 */
#ifndef WEB_RATELIMIT_H
#define WEB_RATELIMIT_H

#include "web/response.h"
#include "web/router.h"

/* Put the bucket into rq->call. False: this request is not counted. */
bool ratelimit_apply(struct req *rq, enum bucket bucket);

/* False with ERR_RATE, and rs filled, when the reply says the limit is passed. */
bool ratelimit_check(const struct reply *reply, struct resp *rs, struct err *err);

#endif
