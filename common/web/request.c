#include "web/request.h"

#include <stddef.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/parse.h"
#include "base/banned.h"

#define BODY_PIECE 8192
#define RID_NEW_CHARS 16
/* With IP_MODE=truncate: a network of many households, and of many sites. */
#define KEPT_V4_BITS 24
#define KEPT_V6_BITS 48

/* The parameters we read, of all that a web server sends. */
struct raw {
	struct str method, uri, length, remote, forwarded, rid, api_key, internal_secret;
	struct str authorization, redirected_authorization;
	struct str origin, language, agent, idempotency_key, redirect_status;
	bool twice;
};

static const struct {
	struct str name;
	size_t offset;
} wanted[] = {
	{ STR("REQUEST_METHOD"), offsetof(struct raw, method) },
	{ STR("REQUEST_URI"), offsetof(struct raw, uri) },
	{ STR("CONTENT_LENGTH"), offsetof(struct raw, length) },
	{ STR("REMOTE_ADDR"), offsetof(struct raw, remote) },
	{ STR("HTTP_X_FORWARDED_FOR"), offsetof(struct raw, forwarded) },
	{ STR("HTTP_X_REQUEST_ID"), offsetof(struct raw, rid) },
	{ STR("HTTP_X_API_KEY"), offsetof(struct raw, api_key) },
	{ STR("HTTP_X_INTERNAL_SECRET"), offsetof(struct raw, internal_secret) },
	{ STR("HTTP_AUTHORIZATION"), offsetof(struct raw, authorization) },
	/* What a rewrite rule of Apache sets is renamed by the redirect behind it. A client
	 * cannot send this name: its headers all start with HTTP_. */
	{ STR("REDIRECT_HTTP_AUTHORIZATION"),
	    offsetof(struct raw, redirected_authorization) },
	/* Of an error page (below); 200 behind a rewrite rule. */
	{ STR("REDIRECT_STATUS"), offsetof(struct raw, redirect_status) },
	{ STR("HTTP_ORIGIN"), offsetof(struct raw, origin) },
	{ STR("HTTP_ACCEPT_LANGUAGE"), offsetof(struct raw, language) },
	{ STR("HTTP_USER_AGENT"), offsetof(struct raw, agent) },
	{ STR("HTTP_IDEMPOTENCY_KEY"), offsetof(struct raw, idempotency_key) },
};

static void
take_param(struct raw *raw, const char *param)
{
	const char *eq = strchr(param, '=');
	struct str name = { param, eq != NULL ? (size_t)(eq - param) : 0 };
	struct str *to;
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (!str_eq(name, wanted[i].name))
			continue;
		to = (struct str *)((char *)raw + wanted[i].offset);
		raw->twice |= to->p != NULL;
		*to = str_of(eq + 1);
		return;
	}
}

static void
set_method(struct req *rq, struct str m)
{
	static const struct {
		const char *name;
		enum method method;
	} methods[] = {
		{ "GET", METHOD_GET },
		{ "HEAD", METHOD_GET },
		{ "POST", METHOD_POST },
		{ "PUT", METHOD_PUT },
		{ "DELETE", METHOD_DELETE },
		{ "OPTIONS", METHOD_OPTIONS },
	};
	size_t i;

	rq->head = str_is(m, "HEAD");
	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (str_is(m, methods[i].name))
			rq->method = methods[i].method;
}

/*
 * Without a decodable path rq->path stays empty, which no route matches. Slashes at the end
 * are forgiven before anything is decoded: %2F there is part of an id.
 */
static void
set_path(struct req *rq, struct str uri)
{
	struct str path;

	/* An absolute form (GET http://host/path) is allowed by HTTP. */
	if (uri.n > 0 && uri.p[0] != '/') {
		const char *at = memmem(uri.p, uri.n, "://", 3);

		if (at != NULL) {
			uri = str_skip(uri, (size_t)(at - uri.p) + 3);
			at = memchr(uri.p, '/', uri.n);
			uri = str_skip(uri, at != NULL ? (size_t)(at - uri.p) : uri.n);
		}
	}
	rq->query = uri;
	path = str_cut(&rq->query, '?');
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	if (!decode_percent(rq->arena, path, &rq->path))
		rq->path = STR("");
}

/* What is kept of it. The rate limit alone looks at the whole address. */
static void
set_client_text(struct req *rq)
{
	switch (rq->cfg->ip_mode) {
	case IP_FULL:
		net_text(&rq->client, rq->client_text);
		break;
	case IP_TRUNCATE:
		net_truncated_text(
		    &rq->client, KEPT_V4_BITS, KEPT_V6_BITS, rq->client_text);
		break;
	case IP_NONE:
		break;
	}
}

/* Takes the last element that is not empty off a comma list (RFC 9110, 5.6.1); empty: no more. */
static struct str
cut_last(struct str *list)
{
	struct str item = STR("");
	const char *comma;
	size_t head;

	while (item.n == 0 && list->n > 0) {
		comma = memrchr(list->p, ',', list->n);
		head = comma != NULL ? (size_t)(comma - list->p) : 0;
		item = str_trim(str_skip(*list, comma != NULL ? head + 1 : 0));
		list->n = head;
	}
	return item;
}

/* The right-most address that is no proxy of ours. */
static void
set_client(struct req *rq, struct str remote, struct str forwarded)
{
	static const struct net_addr nobody = { { 0 } };
	struct str hop;

	if (!net_parse(remote, &rq->client))
		rq->client = nobody;
	rq->proxy_untrusted = forwarded.n > 0 && net_is_loopback(&rq->client) &&
			      !net_list_has(&rq->cfg->trusted_proxies, &rq->client);
	while (net_list_has(&rq->cfg->trusted_proxies, &rq->client)) {
		hop = cut_last(&forwarded);
		if (hop.n == 0)
			break;
		if (!net_parse(hop, &rq->client))
			rq->client = nobody; /* a proxy of ours that does not know */
	}
	if (memcmp(&rq->client, &nobody, sizeof(nobody)) != 0)
		set_client_text(rq);
}

static void
set_rid(struct req *rq, struct str given)
{
	char fresh[RID_NEW_CHARS + 1];

	if (parse_word(given, "-_.", REQUEST_ID_MAX)) {
		rq->rid = given;
		return;
	}
	crypto_random_word(fresh, RID_NEW_CHARS);
	rq->rid = str_dup(rq->arena, str_of(fresh));
}

/* "0.8" in thousandths; 0 when it is no quality. */
static int64_t
thousandths(struct str text)
{
	static const int64_t scale[] = { 0, 100, 10, 1 };
	struct str whole = str_cut(&text, '.');
	int64_t units, part = 0;

	if (!parse_i64(whole, 0, 1, &units) || text.n > 3 ||
	    (text.n > 0 && !parse_i64(text, 0, 999, &part)))
		return 0;
	return units * 1000 + part * scale[text.n];
}

/* The q of one language range. */
static int64_t
quality(struct str params)
{
	struct str one;

	while (params.n > 0) {
		one = str_trim(str_cut(&params, ';'));
		if (str_starts(one, STR("q=")))
			return thousandths(str_skip(one, 2));
	}
	return 1000;
}

static enum lang
choose_language(struct str accept, enum lang otherwise)
{
	struct str item, tag;
	int64_t q, best = 0;
	enum lang lang = otherwise, l;

	while (accept.n > 0) {
		item = str_trim(str_cut(&accept, ','));
		tag = str_trim(str_cut(&item, ';'));
		if (tag.n >= 2 && strncasecmp(tag.p, "en", 2) == 0)
			l = LANG_EN;
		else if (tag.n >= 2 && strncasecmp(tag.p, "zh", 2) == 0)
			l = LANG_ZH_TW;
		else
			continue;
		q = quality(item);
		if (q > best) {
			best = q;
			lang = l;
		}
	}
	return lang;
}

/*
 * Read to the very end: what is left unread would turn our close into a reset, and the
 * web server's answer into its own 500. What is over the limit is not kept.
 */
static void
read_body(struct req *rq, struct str length, req_read *read, void *from)
{
	char piece[BODY_PIECE];
	int64_t announced;
	struct buf b;
	size_t n, total = 0;

	buf_init(&b, rq->arena, (size_t)rq->cfg->max_body_bytes);
	do {
		n = read(from, piece, sizeof(piece));
		total += n;
		if (total <= (size_t)rq->cfg->max_body_bytes)
			buf_add(&b, piece, n);
	} while (n == sizeof(piece));
	rq->body_too_big = total > (size_t)rq->cfg->max_body_bytes;
	if (!rq->body_too_big)
		rq->body = buf_view(&b);
	rq->body_cut =
	    parse_i64(length, 0, INT64_MAX, &announced) && (size_t)announced > total;
}

void
req_init(struct req *rq, struct arena *a, const struct config *cfg, char **params,
    req_read *read, void *from)
{
	struct raw raw = { 0 };

	memset(rq, 0, sizeof(*rq));
	rq->arena = a;
	rq->cfg = cfg;
	rq->start_us = clock_mono_us();
	for (; params != NULL && *params != NULL; params++)
		take_param(&raw, *params);
	rq->api_key = raw.api_key;
	rq->internal_secret = raw.internal_secret;
	rq->authorization =
	    raw.authorization.n > 0 ? raw.authorization : raw.redirected_authorization;
	rq->origin = raw.origin;
	rq->user_agent = raw.agent;
	rq->idempotency_key = raw.idempotency_key;
	rq->header_twice = raw.twice;
	(void)parse_i64(raw.redirect_status, 400, 599, &rq->error_page);
	set_method(rq, raw.method);
	set_path(rq, raw.uri);
	set_client(rq, raw.remote, raw.forwarded);
	set_rid(rq, raw.rid);
	rq->lang = choose_language(raw.language, cfg->api_lang);
	read_body(rq, raw.length, read, from);
}
