/* Path and query: REQUEST_URI as a web server hands it on. */
#include "fuzz.h"

#include "base/arn.h"
#include "base/encode.h"
#include "web/router.h"
#include "base/banned.h"

static const struct route routes[] = {
	{ .method = METHOD_GET, .path = "/api/viewer/list" },
	{ .method = METHOD_GET, .path = "/api/viewer/list/:stageArn" },
	{ .method = METHOD_GET, .path = "/api/viewer/history/:userId" },
	{ .method = METHOD_GET, .path = "/api/stage/:stageArn" },
	{ .method = METHOD_GET, .path = "/api/stage/replication/status" },
	{ .method = METHOD_POST, .path = "/api/stage" },
	{ .method = METHOD_GET, .path = "/" },
};

static size_t
no_body(void *from, char *p, size_t n)
{
	(void)from;
	(void)p;
	(void)n;
	return 0;
}

static void
routed(struct req *rq)
{
	const struct route *route = NULL;
	struct err err = ERR_INIT;
	unsigned allow = 0;
	struct str arn;

	if (!router_find(
		routes, sizeof(routes) / sizeof(*routes), rq, &route, &allow, &err)) {
		fuzz_failed(&err);
		PROPERTY(route == NULL);
		PROPERTY((err.kind == ERR_METHOD) == (allow != 0));
		return;
	}
	PROPERTY(route != NULL && (route->method & rq->method) != 0);
	if (strchr(route->path, ':') == NULL)
		return;
	PROPERTY(rq->rest.n > 0 && str_ends(rq->path, rq->rest));
	fuzz_clean(req_path_user_id(rq, "userId"), USER_ID_MAX_CHARS);
	arn = req_path_stage_arn(rq, "stageArn");
	PROPERTY(arn.n == 0 || arn_is_stage(arn));
}

static void
queried(struct req *rq)
{
	struct err err = ERR_INIT;
	struct str text, arn;
	int64_t n;
	bool good;

	fuzz_clean(req_query_user_id(rq, "userId", REQUIRED_MEMBER), USER_ID_MAX_CHARS);
	arn = req_query_stage_arn(rq, "stageArn", OPTIONAL_MEMBER);
	PROPERTY(arn.n == 0 || arn_is_stage(arn));
	n = req_query_int(rq, "limit", 1, 1000, 100);
	PROPERTY(n >= 1 && n <= 1000);
	text = req_query_text(rq, "cursor");
	PROPERTY(text.n == 0 || memchr(text.p, '\0', text.n) == NULL);
	good = req_valid(rq, &err);
	PROPERTY(good == (rq->missing == NULL && rq->invalid == NULL));
	if (!good)
		fuzz_failed(&err);
	PROPERTY(json_text(rq->arena, req_problems(rq)).n > 0);
}

/* What was decoded is found again after being encoded, alone and as a query's value. */
static void
round_trip(struct arena *a, struct str s)
{
	struct str back;
	struct buf b;

	buf_init(&b, a, 8u << 20);
	buf_cstr(&b, "x=");
	encode_percent(&b, s);
	PROPERTY(buf_ok(&b));
	PROPERTY(decode_percent(a, str_skip(buf_view(&b), 2), &back) && str_eq(back, s));
	PROPERTY(parse_query(a, buf_view(&b), "x", &back) && str_eq(back, s));
}

void
fuzz_one(struct arena *a, struct str in)
{
	struct str uri = str_cut(&in, '\0'), again;
	static char get[] = "REQUEST_METHOD=GET";
	char *params[] = { get, NULL, NULL };
	struct req rq;

	if (uri.n > 65536)
		return;
	params[1] = arena_alloc(a, uri.n + sizeof("REQUEST_URI="));
	snprintf(
	    params[1], uri.n + sizeof("REQUEST_URI="), "REQUEST_URI=%.*s", STR_ARG(uri));
	req_init(&rq, a, fuzz_config(), params, no_body, NULL);
	PROPERTY(rq.rid.n > 0);
	PROPERTY(rq.path.n == 0 || memchr(rq.path.p, '\0', rq.path.n) == NULL);
	round_trip(a, rq.path);
	if (decode_percent(a, rq.query, &again))
		round_trip(a, again);
	routed(&rq);
	queried(&rq);
}
