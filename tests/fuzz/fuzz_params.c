/*
 * FastCGI parameters and body, up to the answer. The input: parameters, a NUL after each;
 * an empty one ends them; the rest is the body.
 */
#include "fuzz.h"

#include "web/router.h"
#include "base/banned.h"

#define PARAMS_MAX 256

static size_t
read_rest(void *from, char *p, size_t n)
{
	struct str *rest = from;

	n = n < rest->n ? n : rest->n;
	if (n > 0)
		memcpy(p, rest->p, n);
	*rest = str_skip(*rest, n);
	return n;
}

/* Every line "Name: value", nothing in it that could begin another one. */
static void
head_is_sound(struct str head)
{
	while (head.n > 0) {
		struct str line = str_cut(&head, '\n');

		PROPERTY(line.n > 0 && line.p[line.n - 1] == '\r');
		line.n--;
		PROPERTY(memchr(line.p, '\r', line.n) == NULL);
		PROPERTY(memchr(line.p, '\0', line.n) == NULL);
		PROPERTY(memmem(line.p, line.n, ": ", 2) != NULL);
	}
}

static void
answer_is_sound(struct req *rq, int status, struct str answer)
{
	const char *end = memmem(answer.p, answer.n, "\r\n\r\n", 4);
	struct err err = ERR_INIT;
	struct str body;
	json_t *v;

	PROPERTY(status >= 200 && status < 600 && end != NULL);
	head_is_sound((struct str){ answer.p, (size_t)(end - answer.p) + 2 });
	body = str_skip(answer, (size_t)(end - answer.p) + 4);
	PROPERTY(!rq->head || body.n == 0);
	if (body.n == 0)
		return;
	PROPERTY(json_parse_object(body, &v, &err));
	PROPERTY(json_is_true(json_object_get(v, "success")) == (status < 400));
	PROPERTY(json_is_string(json_object_get(v, "timestamp")));
}

static void
answered(struct req *rq, struct auth *auth)
{
	static const struct route routes[] = {
		{ METHOD_GET, "/api/stats", ACCESS_READ, BUCKET_API, false, NULL, NULL },
		{ METHOD_POST, "/api/token/publisher", ACCESS_INTERNAL, BUCKET_API, true,
		    NULL, NULL },
		{ METHOD_GET, "/metrics", ACCESS_SCRAPE, BUCKET_NONE, false, NULL, NULL },
	};
	const struct route *route = NULL;
	struct resp rs = { 0 };
	struct err err = ERR_INIT;
	struct buf out;
	size_t bytes;
	int status;
	bool ok;

	ok = router_find(routes, 3, rq, &route, &rs.allow, &err);
	rs.preflight = ok && route == NULL;
	if (ok && route != NULL) {
		ok = auth_check(auth, rq, route->access, &err);
		(void)req_user_id(rq, "userId");
		ok = ok && req_valid(rq, &err);
		resp_ok(&rs, json_pack("{s:o}", "agent", json_str(req_user_agent(rq))));
	}
	if (!ok)
		fuzz_failed(&err);
	status = resp_write(&rs, rq, ok ? NULL : &err, &out, &bytes);
	answer_is_sound(rq, status, buf_view(&out));
}

void
fuzz_one(struct arena *a, struct str in)
{
	static struct auth *auth;
	char *params[PARAMS_MAX + 1];
	struct str rest = in, one;
	struct req rq;
	size_t n = 0;

	if (auth == NULL)
		auth = auth_open(fuzz_config(), redis_open(fuzz_config()));
	while (n < PARAMS_MAX && rest.n > 0) {
		one = str_cut(&rest, '\0');
		if (one.n == 0)
			break;
		params[n++] = arena_strndup(a, one.p, one.n);
	}
	params[n] = NULL;
	req_init(&rq, a, fuzz_config(), params, read_rest, &rest);
	PROPERTY(rest.n == 0);
	PROPERTY(parse_word(rq.rid, "-_.", REQUEST_ID_MAX));
	PROPERTY(rq.body.n <= (size_t)rq.cfg->max_body_bytes);
	fuzz_clean(req_user_agent(&rq), USER_AGENT_MAX_BYTES);
	one = req_idempotency_key(&rq);
	PROPERTY(one.n <= IDEMPOTENCY_KEY_MAX);
	answered(&rq, auth);
}
