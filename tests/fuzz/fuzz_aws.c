/*
 * What AWS answers. The input: one letter that says which call is made, then the answers to
 * it, a NUL between two: "STATUS Name: value; Name: value" and, after a line's end, the body.
 * When there are no more the connection is lost.
 */
#include "fuzz.h"

#include "aws/cloudwatch.h"
#include "aws/ivs.h"
#include "aws/ivs_error.h"
#include "aws/limiter.h"
#include "base/banned.h"

#include <time.h>

#define SESSION "st-AbCdEfGhIjKlM"
#define PARTICIPANT "AbCdEfGhIjKl"

/* In place of the real ones (the linker's --wrap): nobody is called, nobody waits. */
bool __wrap_http_do(struct http *h, struct arena *a, const struct http_request *rq,
    struct http_response *ret, struct err *err);
bool __wrap_limiter_take(struct limiter *l, struct arena *a, const char *operation,
    int64_t most_wait_ms, struct limiter_clock *clock, int64_t *ret_wait_ms,
    struct err *err);
int __wrap_nanosleep(const struct timespec *want, struct timespec *left);

static struct str answers;
static int calls;

static void
header_take(struct http_response *r, struct arena *a, struct str item)
{
	struct str value = item, name = str_cut(&value, ':');
	char *low = arena_strndup(a, name.p, name.n);
	size_t i;

	if (r->n_headers == sizeof(r->headers) / sizeof(*r->headers))
		return;
	for (i = 0; i < name.n; i++)
		if (low[i] >= 'A' && low[i] <= 'Z')
			low[i] += 'a' - 'A';
	r->headers[r->n_headers].name = (struct str){ low, name.n };
	r->headers[r->n_headers++].value = str_dup(a, str_trim(value));
}

bool
__wrap_http_do(struct http *h, struct arena *a, const struct http_request *rq,
    struct http_response *ret, struct err *err)
{
	struct str one = str_cut(&answers, '\0'), head, body;
	struct http_response r = { 0 };

	(void)h;
	PROPERTY(rq->url.n > 0 && rq->n_headers > 0);
	calls++;
	if (one.n < 3)
		return err_from(err, ERR_FROM_AWS, ERR_UNCERTAIN, "connection lost");
	body = one;
	head = str_cut(&body, '\n');
	r.status = 200 + (one.p[0] & 7) * 100 + (one.p[2] & 15);
	if (one.p[0] == '2')
		r.status = 200;
	head = str_skip(head, 3);
	while (head.n > 0)
		header_take(&r, a, str_trim(str_cut(&head, ';')));
	r.body = body.p != NULL ? str_dup(a, body) : STR("");
	*ret = r;
	return true;
}

bool
__wrap_limiter_take(struct limiter *l, struct arena *a, const char *operation,
    int64_t most_wait_ms, struct limiter_clock *clock, int64_t *ret_wait_ms,
    struct err *err)
{
	(void)l;
	(void)a;
	(void)operation;
	(void)most_wait_ms;
	(void)clock;
	(void)err;
	*ret_wait_ms = 0;
	return true;
}

int
__wrap_nanosleep(const struct timespec *want, struct timespec *left)
{
	(void)want;
	(void)left;
	return 0;
}

static bool
stages(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_stages list = { 0 };
	size_t i;

	if (!ivs_list_stages(v, a, &list, err))
		return false;
	for (i = 0; i < list.n; i++)
		PROPERTY(list.v[i].arn.n > 0 && list.v[i].tags_json.n >= 2);
	return true;
}

static bool
one_stage(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_stage st = { 0 };

	if (!ivs_get_stage(v, a, STR(FUZZ_STAGE), &st, err))
		return false;
	PROPERTY(st.arn.n > 0);
	return true;
}

static bool
create(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_stage st = { 0 };

	if (ivs_create_stage(v, a, STR("show-2"), NULL, &st, err)) {
		PROPERTY(st.arn.n > 0);
		return true;
	}
	return false;
}

static bool
token(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_token_order order = { STR(FUZZ_STAGE), STR("me"), 60, IVS_SUBSCRIBE };
	struct ivs_token t = { 0 };

	if (!ivs_create_participant_token(v, a, &order, &t, err))
		return false;
	PROPERTY(t.token.n > 0 && t.participant_id.n > 0);
	return true;
}

static bool
publishers(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_participants list = { 0 };
	size_t i;

	if (!ivs_list_publishers(v, a, STR(FUZZ_STAGE), STR(SESSION), &list, err))
		return false;
	for (i = 0; i < list.n; i++)
		PROPERTY(list.v[i].participant_id.n > 0);
	return true;
}

static bool
sessions(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_session list[3];
	size_t n = 0;

	if (!ivs_list_sessions(v, a, STR(FUZZ_STAGE), 3, list, &n, err))
		return false;
	PROPERTY(n <= 3);
	return true;
}

static bool
publishing(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_publishing p = { 0 };

	if (!ivs_read_publishing(
		v, a, STR(FUZZ_STAGE), STR(SESSION), STR(PARTICIPANT), &p, err))
		return false;
	PROPERTY(p.known || !p.now);
	return true;
}

static bool
replicas(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_replicas list = { 0 };
	size_t i;

	if (!ivs_list_replicas(v, a, STR(FUZZ_STAGE), STR(PARTICIPANT), &list, err))
		return false;
	for (i = 0; i < list.n; i++)
		PROPERTY(list.v[i].destination_arn.n > 0);
	return true;
}

static bool
keys(struct ivs *v, struct arena *a, struct err *err)
{
	struct ivs_keys list = { 0 };
	size_t i;

	if (!ivs_list_keys(v, a, &list, err))
		return false;
	for (i = 0; i < list.n; i++)
		PROPERTY(list.v[i].arn.n > 0);
	return true;
}

static bool
tags(struct ivs *v, struct arena *a, struct err *err)
{
	json_t *t = NULL;

	if (!ivs_list_tags(v, a, STR(FUZZ_STAGE), &t, err))
		return false;
	PROPERTY(json_is_object(t));
	return true;
}

static bool
numbers(struct ivs *v, struct arena *a, struct err *err)
{
	struct cloudwatch_datum d = { .name = "Viewers", .value = 3 };
	size_t sent = 0;

	if (cloudwatch_put(v, a, STR("Show"), NULL, 0, &d, 1, &sent, err)) {
		PROPERTY(sent == 1);
		return true;
	}
	PROPERTY(sent == 0);
	return false;
}

static bool (*const all[])(struct ivs *v, struct arena *a, struct err *err) = { stages,
	one_stage, create, token, publishers, sessions, publishing, replicas, keys, tags,
	numbers };

/* The request id is AWS' own, and any letters may be in it. */
static void
secret_kept(const struct err *err)
{
	PROPERTY(strstr(err->request_id, FUZZ_SECRET) != NULL ||
		 strstr(err->cause, FUZZ_SECRET) == NULL);
}

void
fuzz_one(struct arena *a, struct str in)
{
	struct err err = ERR_INIT;
	struct ivs *v;
	size_t which;

	if (in.n == 0 || in.n > 65536)
		return;
	which = (unsigned char)(in.p[0] - 'a') % (sizeof(all) / sizeof(*all));
	v = ivs_open(fuzz_config(), NULL);
	PROPERTY(v != NULL);
	answers = str_skip(in, 1);
	calls = 0;
	if (!all[which](v, a, &err)) {
		fuzz_failed(&err);
		PROPERTY(err.source == ERR_FROM_AWS);
		secret_kept(&err);
		PROPERTY(
		    strspn(err.request_id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "abcdefghijklmnopqrstuvwxyz0123456789-") ==
		    strlen(err.request_id));
	}
	/* "Standard" retries: three tries of a call at most, and one more after a new clock. */
	PROPERTY(calls <= 4 * 1000);
	ivs_close(v);
}
