#include "aws/ivs_call.h"

#include <stdlib.h>
#include <time.h>

#include "aws/creds.h"
#include "aws/endpoint.h"
#include "aws/ivs_error.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/metrics.h"
#include "base/banned.h"

#define SIGNING_NAME "ivs"	      /* not the host's "ivsrealtime" */
#define ANSWER_MAX_BYTES (256u << 10) /* 100 stages with all their tags */

/* Standard retry mode, 2026 form: AWS SDKs reference guide, "Retry behavior". */
#define BUDGET_FULL 500
#define COST_THROTTLED 5
#define COST_TRANSIENT 14
#define BASE_THROTTLED_MS 1000
#define BASE_TRANSIENT_MS 50
#define WAIT_MAX_MS 20000
#define SERVER_WAIT_EXTRA_MS 5000

#define CLOCK_WRONG_S 240 /* AWS tolerates 300; the SDKs act from 240 */
#define TRY_MIN_MS 50	  /* with less time left no try is begun */

struct ivs {
	const struct config *cfg;
	struct http *http;
	struct creds *creds;
	int64_t wary_until_ms;	/* after a call that took all its time */
	int64_t clock_offset_s; /* AWS' clock minus ours */
	int budget;		/* tokens left for retries */
};

/* A call under way. */
struct call {
	struct ivs *v;
	struct arena *arena;
	const struct ivs_op *op;
	struct aws_endpoint endpoint;
	struct str body;
	int64_t deadline_ms; /* of clock_mono_ms */
	int retries;
	int last_cost;
	bool clock_repaired, creds_renewed;
	struct ivs_failure failure; /* of the last try */
};

struct ivs *
ivs_open(const struct config *cfg)
{
	struct ivs *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->cfg = cfg;
	v->http = http_open();
	v->creds = creds_open(cfg);
	v->budget = BUDGET_FULL;
	if (v->http != NULL && v->creds != NULL)
		return v;
	ivs_close(v);
	return NULL;
}

void
ivs_close(struct ivs *v)
{
	if (v == NULL)
		return;
	creds_close(v->creds);
	http_close(v->http);
	free(v);
}

int64_t
ivs_now_ms(const struct ivs *v)
{
	return clock_now_ms() + v->clock_offset_s * 1000;
}

static bool
endpoint_of(struct call *c, struct err *err)
{
	const struct config *cfg = c->v->cfg;
	struct str url = cfg->aws_endpoint_url_ivs_realtime;

	if (url.n == 0)
		url = cfg->aws_endpoint_url;
	if (url.n == 0)
		url = str_printf(c->arena, "https://ivsrealtime.%.*s.amazonaws.com",
		    STR_ARG(cfg->aws_region));
	return aws_endpoint_parse(url, &c->endpoint, err);
}

static void
add_header(struct http_request *rq, struct str name, struct str value)
{
	INVARIANT(rq->n_headers < HTTP_HEADERS_MAX);
	rq->headers[rq->n_headers++] = (struct http_header){ name, value };
}

/* Sign, and put the same headers on the wire. */
static void
sign(struct call *c, const struct sigv4_creds *creds, struct str path,
    struct http_request *rq)
{
	const struct sigv4_header signed_headers[] = {
		{ STR("content-type"), STR("application/json") },
		{ STR("host"), c->endpoint.host },
	};
	const size_t n = sizeof(signed_headers) / sizeof(*signed_headers);
	struct sigv4_request what = {
		.method = STR("POST"),
		.path = path,
		.body = c->body,
		.headers = signed_headers,
		.n_headers = n,
		.region = c->v->cfg->aws_region,
		.service = STR(SIGNING_NAME),
		.unix_s = ivs_now_ms(c->v) / 1000,
	};
	struct sigv4_result by;

	sigv4_sign(c->arena, &what, creds, &by);
	for (size_t i = 0; i < n; i++)
		add_header(rq, signed_headers[i].name, signed_headers[i].value);
	add_header(rq, STR("x-amz-date"), by.amz_date);
	if (creds->session_token.n != 0)
		add_header(rq, STR("x-amz-security-token"), creds->session_token);
	add_header(rq, STR("authorization"), by.authorization);
}

static bool
send_signed(struct call *c, const struct sigv4_creds *creds, struct http_response *ret,
    struct err *err)
{
	struct str path =
	    str_printf(c->arena, "%.*s/%s", STR_ARG(c->endpoint.prefix), c->op->name);
	int64_t left_ms = c->deadline_ms - clock_mono_ms();
	struct http_request rq = {
		.method = "POST",
		.body = c->body,
		.url = str_printf(
		    c->arena, "%.*s%.*s", STR_ARG(c->endpoint.origin), STR_ARG(path)),
		.total_ms = left_ms > TRY_MIN_MS ? left_ms : TRY_MIN_MS,
		.answer_max_bytes = ANSWER_MAX_BYTES,
		.once = c->op->repeat == IVS_ONCE,
	};

	sign(c, creds, path, &rq);
	return http_do(c->v->http, c->arena, &rq, ret, err);
}

static bool
failed_softly(struct call *c, bool maybe_done)
{
	c->failure = (struct ivs_failure){ .fault = IVS_FAULT_TRANSIENT,
		.maybe_done = maybe_done,
		.server_wait_ms = -1,
		.server_time_s = -1 };
	return false;
}

/*
 * Operations without a result may answer nothing at all. jansson's own words are
 * not used: they quote the text, and a token may be in it.
 */
static bool
read_answer(
    struct call *c, const struct http_response *answer, json_t **ret, struct err *err)
{
	struct str type = http_header_value(answer, "content-type");
	struct str id = http_header_value(answer, "x-amzn-requestid");
	struct err unread = ERR_INIT;
	struct str text = answer->body;

	if (str_trim(text).n == 0)
		text = STR("{}");
	if (json_parse_object(text, ret, &unread))
		return true;
	(void)err_from(err, ERR_FROM_AWS, ERR_UNCERTAIN,
	    "AWS answered 200 and no JSON object: %zu bytes of type '%.40s' "
	    "(request id %.48s)",
	    answer->body.n, str_dup(c->arena, type).p, str_dup(c->arena, id).p);
	return failed_softly(c, true);
}

static bool
try_once(struct call *c, json_t **ret, struct err *err)
{
	struct http_response answer;
	struct sigv4_creds creds;

	c->failure = (struct ivs_failure){ .fault = IVS_FAULT_FINAL };
	if (!creds_get(c->v->creds, &creds, err))
		return false;
	if (!send_signed(c, &creds, &answer, err)) {
		if (err->kind != ERR_UPSTREAM && err->kind != ERR_UNCERTAIN)
			return false;
		return failed_softly(c, err->kind == ERR_UNCERTAIN);
	}
	if (answer.status == 200)
		return read_answer(c, &answer, ret, err);
	return ivs_error_read(c->arena, &answer, &creds, &c->failure, err);
}

/* True when AWS' clock and ours really differ and the difference is new. */
static bool
repair_clock(struct call *c)
{
	int64_t off_s;

	if (c->clock_repaired || c->failure.server_time_s < 0)
		return false;
	off_s = c->failure.server_time_s - ivs_now_ms(c->v) / 1000;
	if (off_s >= -CLOCK_WRONG_S && off_s <= CLOCK_WRONG_S)
		return false;
	c->v->clock_offset_s += off_s;
	c->clock_repaired = true;
	return true;
}

static bool
renew_creds(struct call *c)
{
	if (c->creds_renewed || !creds_renew(c->v->creds))
		return false;
	c->creds_renewed = true;
	return true;
}

/* random(0,1) of a limit that doubles; a hint of the server counts within reason. */
static int64_t
wait_before(const struct call *c)
{
	bool throttled = c->failure.fault == IVS_FAULT_THROTTLED;
	int64_t limit = throttled ? BASE_THROTTLED_MS : BASE_TRANSIENT_MS;
	int64_t wait, hint = c->failure.server_wait_ms;
	uint32_t dice;

	for (int i = 0; i < c->retries && limit < WAIT_MAX_MS; i++)
		limit *= 2;
	limit = limit < WAIT_MAX_MS ? limit : WAIT_MAX_MS;
	crypto_random(&dice, sizeof(dice));
	wait = (limit * (int64_t)dice) >> 32;
	if (hint <= wait)
		return wait;
	return hint < wait + SERVER_WAIT_EXTRA_MS ? hint : wait + SERVER_WAIT_EXTRA_MS;
}

static void
sleep_ms(int64_t ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}

static bool
wait_and_retry(struct call *c)
{
	bool throttled = c->failure.fault == IVS_FAULT_THROTTLED;
	int cost = throttled ? COST_THROTTLED : COST_TRANSIENT;
	int64_t wait = wait_before(c);

	if (c->retries + 1 >= c->v->cfg->aws_max_attempts || c->v->budget < cost ||
	    (c->op->repeat == IVS_ONCE && c->failure.maybe_done) ||
	    clock_mono_ms() + wait + TRY_MIN_MS > c->deadline_ms)
		return false;
	c->v->budget -= cost;
	c->last_cost = cost;
	c->retries++;
	sleep_ms(wait);
	return true;
}

static bool
another_try(struct call *c)
{
	switch (c->failure.fault) {
	case IVS_FAULT_CLOCK:
		return repair_clock(c);
	case IVS_FAULT_EXPIRED:
		return renew_creds(c);
	case IVS_FAULT_THROTTLED:
	case IVS_FAULT_TRANSIENT:
		return wait_and_retry(c);
	case IVS_FAULT_FINAL:
		break;
	}
	return false;
}

/* A retry that helped gives back what it cost, a success at once gives one. */
static void
budget_credit(struct call *c)
{
	struct ivs *v = c->v;

	v->budget += c->last_cost > 0 ? c->last_cost : 1;
	if (v->budget > BUDGET_FULL)
		v->budget = BUDGET_FULL;
}

/* Reading cannot be half done; of a change it must be said when it may be. */
static void
settle_kind(const struct call *c, struct err *err)
{
	if (c->op->repeat == IVS_READ && err->kind == ERR_UNCERTAIN)
		err->kind = ERR_UPSTREAM;
	if (c->op->repeat != IVS_READ && err->kind == ERR_UPSTREAM &&
	    c->failure.maybe_done)
		err->kind = ERR_UNCERTAIN;
}

static bool
call_until_done(struct call *c, json_t **ret, struct err *err)
{
	bool maybe_done = false;

	for (;;) {
		struct err why = ERR_INIT;

		if (try_once(c, ret, &why)) {
			budget_credit(c);
			return true;
		}
		maybe_done |= c->failure.maybe_done;
		if (another_try(c))
			continue;
		c->failure.maybe_done = maybe_done;
		settle_kind(c, &why);
		if (err->kind == ERR_NONE)
			*err = why;
		return err_while(err, "calling %s, try %d", c->op->name, c->retries + 1);
	}
}

static const char *
outcome(enum err_kind kind)
{
	static const char *const words[ERR_KIND_COUNT] = {
		[ERR_INPUT] = "invalid",
		[ERR_NOT_FOUND] = "not_found",
		[ERR_CONFLICT] = "conflict",
		[ERR_UPSTREAM] = "unavailable",
		[ERR_UNCERTAIN] = "uncertain",
	};

	return words[kind] != NULL ? words[kind] : "failed";
}

static bool
call_all_tries(struct ivs *v, struct arena *a, const struct ivs_op *op,
    const json_t *body, json_t **ret, struct err *err)
{
	struct call c = { .v = v, .arena = a, .op = op };

	if (body == NULL)
		return err_from(
		    err, ERR_FROM_AWS, ERR_INPUT, "%s: a text is not UTF-8", op->name);
	if (!endpoint_of(&c, err))
		return false;
	c.body = json_text(a, body);
	c.deadline_ms =
	    clock_mono_ms() +
	    (clock_mono_ms() < v->wary_until_ms ? IVS_CALL_WARY_MS : IVS_CALL_TOTAL_MS);
	if (call_until_done(&c, ret, err)) {
		v->wary_until_ms = 0;
		return true;
	}
	if (clock_mono_ms() + TRY_MIN_MS >= c.deadline_ms)
		v->wary_until_ms = clock_mono_ms() + IVS_WARY_FOR_MS;
	return false;
}

bool
ivs_call(struct ivs *v, struct arena *a, const struct ivs_op *op, const json_t *body,
    json_t **ret, struct err *err)
{
	bool ok = call_all_tries(v, a, op, body, ret, err);

	metrics_count(METRIC_AWS_CALLS, op->name, ok ? "ok" : outcome(err->kind), 0);
	return ok;
}
