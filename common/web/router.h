/*
 * router.h - routes as a table, and the way through it.           layer: web
 *
 * A route is a path of the contract. "/api/viewer/list/:stageArn" matches the rest of the
 * path, slashes included, so an ARN may come raw or percent-encoded; a path
 * without parameter always goes first, then the one with the longest fixed part.
 * (One trailing slash is forgiven: request.c takes it away.)
 *
 * A handler is two halves (docs/design.md, D1a):
 *   ask     fills rq->call (one script) or fails; NULL: the rate limit alone
 *   answer  turns the reply into rs, or fails. It may call PostgreSQL or AWS when
 *           the route says `slow`
 * `app` is what the program opened; this layer only hands it on.
 */
#ifndef WEB_ROUTER_H
#define WEB_ROUTER_H

#include "web/auth.h"
#include "web/response.h"

struct app;

/* BUCKET_WIDE: RATE_LIMIT_HEARTBEATS, for what each viewer of a hall behind one address sends. */
enum bucket { BUCKET_NONE = 0, BUCKET_API, BUCKET_WIDE };

typedef bool route_ask(struct app *app, struct req *rq, struct err *err);
typedef bool route_answer(struct app *app, struct req *rq, const struct reply *reply,
    struct resp *rs, struct err *err);

struct route {
	enum method method;
	const char *path;
	enum access access;
	enum bucket bucket; /* BUCKET_NONE and ask == NULL: Redis is not asked */
	bool slow;
	route_ask *ask;
	route_answer *answer;
};

/*
 * The route of the request; rq->rest is set. On failure ERR_NOT_FOUND, or ERR_METHOD with
 * the allowed methods in *ret_allow (also set, without failure, for OPTIONS:
 * then the result is true and *ret NULL).
 */
bool router_find(const struct route *routes, size_t n, struct req *rq,
    const struct route **ret, unsigned *ret_allow, struct err *err);

#endif
