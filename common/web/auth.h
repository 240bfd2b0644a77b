/*
 * auth.h - who may call what.                                     layer: web
 *
 * API keys (API_SECRET_KEY, a comma list so that keys can be rotated), read keys
 * (API_READ_KEYS, GET only), the internal secret beside an API key. Digests are
 * compared, all of them, each in constant time. A key with a comma is no key: that is how
 * web servers join a header that came twice. SKIP_AUTH works in development only.
 */
#ifndef WEB_AUTH_H
#define WEB_AUTH_H

#include "web/request.h"

enum access {
	ACCESS_PUBLIC = 0, /* no key */
	ACCESS_KEY,	   /* an API key; for GET a read key will do */
	ACCESS_INTERNAL,   /* an API key and the internal secret */
	ACCESS_SCRAPE,	   /* as ACCESS_KEY; the key may also come as a bearer token */
};

struct auth;

struct auth *auth_open(const struct config *cfg);
void auth_close(struct auth *a);

/* ERR_AUTH or ERR_FORBIDDEN with the text that says which and what to do. */
bool auth_check(
    const struct auth *a, const struct req *rq, enum access wanted, struct err *err);

#endif
