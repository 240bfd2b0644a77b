/*
 * request.h - one request, read once and checked.                 layer: web
 *
 * Filled from FastCGI parameters (or the environment of a CGI call): we route on
 * REQUEST_URI and decode it ourselves, once, because web servers differ in what they
 * decode (docs/design.md, section 6). Every view lives in the request's arena or in the
 * server's parameters, both until the answer is written.
 *
 * Members of the body and of the query are taken by the req_* getters below. A
 * getter that finds something wrong notes it and returns the empty view; the handler asks
 * req_valid() once, after the last of them, and the client learns of all problems
 * at once (details.missingFields, details.invalidFields).
 */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H

#include "base/config.h"
#include "base/json.h"
#include "io/redis.h"
#include "web/session_token.h"

#define USER_ID_MAX_CHARS 100
#define PARTICIPANT_ID_MAX_CHARS 255
#define REQUEST_ID_MAX 64
#define IDEMPOTENCY_KEY_MAX 255
#define TAG_KEY_MAX_CHARS 128
#define TAG_VALUE_MAX_CHARS 256

enum method {
	METHOD_OTHER = 0,
	METHOD_GET = 1,
	METHOD_POST = 2,
	METHOD_PUT = 4,
	METHOD_DELETE = 8,
	METHOD_OPTIONS = 16,
};

struct req {
	struct arena *arena;
	const struct config *cfg;
	enum method method; /* HEAD counts as GET */
	bool head;
	struct str path;  /* decoded, without query */
	struct str query; /* raw, without '?' */
	struct str rest;  /* what the route's :parameter matched */
	struct str body;
	bool body_too_big;
	bool
	    header_twice; /* by two spellings, X-Api-Key and X_Api_Key, that CGI cannot tell
			      apart: nobody may say what he wants in the name of the other */
	bool body_cut;	  /* shorter than Content-Length said */
	/* The web server could not get an answer, with this status, and asks us for its error
	 * page. 0: an ordinary request. */
	int64_t error_page;
	/* headers; p == NULL: absent */
	struct str api_key, internal_secret, authorization, origin, user_agent;
	struct str idempotency_key;
	struct str rid;
	struct net_addr client; /* the address that counts (TRUSTED_PROXIES) */
	/* a proxy on this machine names its client, and TRUSTED_PROXIES does not name the proxy */
	bool proxy_untrusted;
	/* all of it that is kept, in records and logs (IP_MODE); "": not known, or nothing */
	char client_text[NET_TEXT_BYTES];
	enum lang lang;
	int64_t start_us;
	/* set by auth_check; user_id.n == 0: not called by session token */
	struct session_claim session;
	/* between ask and answer */
	struct redis_call call;
	void *state;
	/* set by a handler that failed and may do better a little later: it is asked again, from the start
	 * and several times, until so long after start_us. 0: answer now. Not in plain CGI */
	int64_t park_ms;
	bool parked; /* that is so: the client has waited already */
	/* set by a handler that leaves work for after the answer (app_part.after) */
	bool after_due;
	/* private to request.c */
	json_t *json;
	bool json_tried;
	json_t *missing, *invalid;
	enum msg body_fault;
};

/* Reads up to n bytes of the body; fewer only at its end. */
typedef size_t req_read(void *from, char *p, size_t n);

/* Never fails: what is wrong with the request is found by router and getters. */
void req_init(struct req *rq, struct arena *a, const struct config *cfg, char **params,
    req_read *read_body, void *from);

enum presence_rule { REQUIRED_MEMBER, OPTIONAL_MEMBER };

/* Body members. A userId or serverId: 1-100 characters, no controls. */
struct str req_user_id(struct req *rq, const char *name);
struct str req_stage_arn(struct req *rq, const char *name, enum presence_rule rule);
struct str req_participant_id(struct req *rq, const char *name);
struct str req_text(struct req *rq, const char *name, enum presence_rule rule);
/* As it came, not verified; optional. */
struct str req_session_token(struct req *rq, const char *name);
/* Optional and absent: false. */
bool req_flag(struct req *rq, const char *name, enum presence_rule rule);
/* Of letters, digits, - and _. */
struct str req_name(
    struct req *rq, const char *name, enum presence_rule rule, size_t max_bytes);
/* Absent: otherwise. null: if_null. */
int64_t req_int(struct req *rq, const char *name, int64_t min, int64_t max,
    int64_t otherwise, int64_t if_null);
/*
 * Tags of a stage: an object of at most max strings, no key that AWS keeps for itself nor
 * one of `taken` (NULL at its end). NULL: none given. Lives as long as the request.
 */
const json_t *req_tags(
    struct req *rq, const char *name, size_t max, const char *const *taken);

/* The header: 1-255 printable ASCII characters. p == NULL: none was sent. */
struct str req_idempotency_key(struct req *rq);

/* Query parameters. */
struct str req_query_user_id(struct req *rq, const char *name, enum presence_rule rule);
struct str req_query_stage_arn(struct req *rq, const char *name, enum presence_rule rule);
struct str req_query_text(struct req *rq, const char *name);
int64_t req_query_int(
    struct req *rq, const char *name, int64_t min, int64_t max, int64_t otherwise);

/* The route's :parameter. */
struct str req_path_user_id(struct req *rq, const char *name);
struct str req_path_stage_arn(struct req *rq, const char *name);

/* As it is kept in records: valid text of at most USER_AGENT_MAX_BYTES. */
#define USER_AGENT_MAX_BYTES 512
struct str req_user_agent(struct req *rq);

/* The whole body, for a handler that reads it itself; NULL: noted as wrong. */
json_t *req_body(struct req *rq);

/* Note a problem of the handler's own finding. */
void req_missing(struct req *rq, const char *name);
void req_invalid(struct req *rq, const char *name, enum msg why);

/* False with ERR_INPUT (or ERR_TOO_BIG) when anything was wrong. */
bool req_valid(struct req *rq, struct err *err);
/* The details of a validation error: {missingFields, invalidFields}. */
json_t *req_problems(struct req *rq);

#endif
