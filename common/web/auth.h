/*
 * auth.h - who may call what.                                     layer: web
 *
 *   API keys          header x-api-key, one of API_SECRET_KEY: everything
 *   read keys         x-api-key, one of API_READ_KEYS: every GET
 *   keys of ivsctl    x-api-key; what their scopes say (web/key_table.h)
 *   session tokens    Authorization: Bearer; one user on one stage (web/session_token.h)
 *   internal secret   header x-internal-secret, beside a key
 *
 * The table of classes is in auth.c; each route names its class. Digests are compared, all of
 * them, each in constant time. A key with a comma is no key: that is how web servers join a
 * header that came twice. What is not set opens nothing. SKIP_AUTH works in development only.
 */
#ifndef WEB_AUTH_H
#define WEB_AUTH_H

#include "web/request.h"

/* Classes of routes. A route that names none is open to nobody. */
enum access {
	ACCESS_NONE = 0,
	ACCESS_PUBLIC,	 /* no credential */
	ACCESS_READ,	 /* numbers, lists, history */
	ACCESS_VIEWER,	 /* what a viewer's page does for him; also by session token */
	ACCESS_BEACON,	 /* as ACCESS_VIEWER; the session token may also be in the body */
	ACCESS_TOKEN,	 /* participant tokens */
	ACCESS_INTERNAL, /* as ACCESS_TOKEN, and the internal secret */
	ACCESS_ADMIN,	 /* changes of the show */
	ACCESS_EVENTS,	 /* events of EventBridge: the scope events is enough */
	ACCESS_SCRAPE, /* /metrics: as ACCESS_READ, or the scope metrics; the key may also come as a
			    bearer token */
	ACCESS_COUNT
};

struct auth;

/* redis: for the copy of ivsctl's keys. Borrows both. */
struct auth *auth_open(const struct config *cfg, struct redis *redis);
void auth_close(struct auth *a);
/* About once a second: what was revoked meanwhile is not accepted any more. */
void auth_tick(struct auth *a);

/*
 * May the request call a route of this class? ERR_AUTH (no credential, or not a valid one) or
 * ERR_FORBIDDEN (it may not do this) with the text that says which and what to do;
 * ERR_UPSTREAM: whether the key was revoked is not known. Sets rq->session when a session
 * token was accepted; one that was the whole body is taken out of it.
 */
bool auth_check(struct auth *a, struct req *rq, enum access wanted, struct err *err);

#endif
