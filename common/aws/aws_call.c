#include "aws/aws_call.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "aws/aws_clock.h"
#include "aws/creds.h"
#include "aws/ivs_error.h"
#include "aws/limiter.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/metrics.h"
#include "base/banned.h"

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
#define SEND_MIN_MS 250	  /* what waiting for a slot must leave for the call itself */

struct ivs {
	const struct config *cfg;
	struct http *http;
	struct creds *creds;
	struct limiter *limiter;
	ivs_guard *guard;
	void *guard_arg;
	int64_t deadline_ms;   /* of clock_mono_ms, set by the caller; 0: none */
	int64_t wary_until_ms; /* after a call that took all its time */
	struct aws_clock clock;
	int budget;		    /* tokens left for retries */
	struct ivs_failure failure; /* of the last try */
	char request_id[sizeof(((struct err *)0)->request_id)]; /* of the last answer */
};

/* A call under way. */
struct call {
	struct ivs *v;
	struct arena *arena;
	const struct aws_op *op;
	struct aws_request rq;
	int64_t deadline_ms; /* of clock_mono_ms */
	int64_t signed_s;    /* the last try's date, Unix time */
	int tries;	     /* begun */
	int retries;
	int last_cost;
	bool clock_repaired, creds_renewed;
	struct ivs_failure failure; /* of the last try */
};

struct ivs *
ivs_open(const struct config *cfg, struct redis *redis)
{
	struct ivs *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->cfg = cfg;
	v->http = http_open();
	v->creds = creds_open(cfg);
	v->limiter = limiter_open(cfg, redis);
	v->budget = BUDGET_FULL;
	if (v->http != NULL && v->creds != NULL && v->limiter != NULL)
		return v;
	ivs_close(v);
	return NULL;
}

bool
ivs_start_anew(struct ivs *v, struct redis *redis)
{
	v->http = http_open();
	v->limiter = limiter_open(v->cfg, redis);
	return v->http != NULL && v->limiter != NULL;
}

void
ivs_set_guard(struct ivs *v, ivs_guard *guard, void *arg)
{
	v->guard = guard;
	v->guard_arg = arg;
}

void
ivs_set_deadline(struct ivs *v, int64_t mono_ms)
{
	v->deadline_ms = mono_ms;
}

int64_t
ivs_now_ms(const struct ivs *v)
{
	return aws_clock_now_ms(&v->clock);
}

void
ivs_clock_known(struct ivs *v, struct str clock)
{
	aws_clock_known(&v->clock, clock);
}

const struct ivs_failure *
aws_last_failure(const struct ivs *v)
{
	return &v->failure;
}

bool
aws_incomplete(
    const struct ivs *v, const struct aws_op *op, const char *member, struct err *err)
{
	(void)err_from(err, ERR_FROM_AWS,
	    op->repeat == AWS_READ ? ERR_UPSTREAM : ERR_UNCERTAIN,
	    "%s: AWS answered 200 without '%s' (request id %s)", op->name, member,
	    v->request_id);
	err->operation = op->name;
	err->reason = IVS_REASON_BAD_ANSWER;
	memcpy(err->request_id, v->request_id, sizeof(err->request_id));
	return false;
}

void
ivs_close(struct ivs *v)
{
	if (v == NULL)
		return;
	aws_clock_share(&v->clock, v->limiter);
	limiter_close(v->limiter);
	creds_close(v->creds);
	http_close(v->http);
	free(v);
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
	struct err unread = ERR_INIT;
	struct str text = answer->body;

	if (str_trim(text).n == 0)
		text = STR("{}");
	if (json_parse_object(text, ret, &unread))
		return true;
	(void)err_from(err, ERR_FROM_AWS, ERR_UNCERTAIN,
	    "AWS answered 200 and no JSON object: %zu bytes of type '%.40s' "
	    "(request id %s)",
	    answer->body.n, str_dup(c->arena, type).p, c->v->request_id);
	err->reason = IVS_REASON_BAD_ANSWER;
	memcpy(err->request_id, c->v->request_id, sizeof(err->request_id));
	return failed_softly(c, true);
}

static void
sleep_ms(int64_t ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	/* a signal must not send us off before our turn */
	while (ms > 0 && nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
}

static int64_t
left_ms(const struct call *c)
{
	return c->deadline_ms - clock_mono_ms();
}

/* Our place in the line of all processes, then whether we still may. */
static bool
wait_for_turn(struct call *c, struct err *err)
{
	struct ivs *v = c->v;
	int64_t most_ms = left_ms(c) - SEND_MIN_MS, wait_ms;
	struct limiter_clock clock = aws_clock_to_share(&v->clock);
	bool taken = limiter_take(v->limiter, c->arena, c->op->name,
	    most_ms > 0 ? most_ms : 0, &clock, &wait_ms, err);

	aws_clock_shared(&v->clock, &clock);
	if (!taken) {
		err->reason = IVS_REASON_THROTTLED;
		return false;
	}
	sleep_ms(wait_ms);
	return v->guard == NULL || v->guard(v->guard_arg, err);
}

/* No keys is for the operator, as refused keys are. */
static bool
get_creds(struct call *c, struct sigv4_creds *ret, struct err *err)
{
	if (creds_get(c->v->creds, c->deadline_ms - SEND_MIN_MS, ret, err))
		return true;
	if (err->kind == ERR_CONFIG)
		err->kind = ERR_DENIED;
	err->reason = IVS_REASON_NO_CREDENTIALS;
	return false;
}

static bool
try_once(struct call *c, json_t **ret, struct err *err)
{
	struct http_response answer;
	struct sigv4_creds creds;
	int64_t time_ms, sent_ms;

	c->failure = (struct ivs_failure){ .fault = IVS_FAULT_FINAL };
	c->tries++;
	if (!get_creds(c, &creds, err) || !wait_for_turn(c, err))
		return false;
	time_ms = left_ms(c);
	if (time_ms < TRY_MIN_MS)
		return err_from(err, ERR_FROM_AWS, ERR_UPSTREAM,
		    "keys and turn took all the time there was: nothing was sent");
	c->signed_s = ivs_now_ms(c->v) / 1000;
	sent_ms = clock_mono_ms();
	if (!aws_send(c->v->http, c->arena, &c->rq, &creds, c->signed_s, time_ms, &answer,
		err)) {
		if (err->kind != ERR_UPSTREAM && err->kind != ERR_UNCERTAIN)
			return false;
		return failed_softly(c, err->kind == ERR_UNCERTAIN);
	}
	aws_clock_read(&c->v->clock, &answer, sent_ms);
	ivs_error_request_id(&answer, c->v->request_id, sizeof(c->v->request_id));
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
	off_s = c->failure.server_time_s - c->signed_s;
	if (off_s >= -CLOCK_WRONG_S && off_s <= CLOCK_WRONG_S)
		return false;
	aws_clock_set(&c->v->clock, c->failure.server_time_s);
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

static bool
wait_and_retry(struct call *c)
{
	bool throttled = c->failure.fault == IVS_FAULT_THROTTLED;
	int cost = throttled ? COST_THROTTLED : COST_TRANSIENT;
	int64_t wait = wait_before(c);

	if (c->retries + 1 >= c->v->cfg->aws_max_attempts || c->v->budget < cost ||
	    (c->op->repeat == AWS_ONCE && c->failure.maybe_done) ||
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

/*
 * Reading cannot be half done; of a change it must be said when it may be. What AWS says
 * of the thing itself (no such, conflict, malformed) stands whatever came before.
 */
static void
settle_kind(const struct call *c, struct err *err)
{
	bool of_the_thing = err->kind == ERR_INPUT || err->kind == ERR_NOT_FOUND ||
			    err->kind == ERR_CONFLICT || err->kind == ERR_BUG;

	if (c->op->repeat == AWS_READ && err->kind == ERR_UNCERTAIN)
		err->kind = ERR_UPSTREAM;
	if (c->op->repeat != AWS_READ && c->failure.maybe_done && !of_the_thing)
		err->kind = ERR_UNCERTAIN;
}

/* Without a word of its own a failure of AWS is one without an answer. */
static void
tell_why(const struct call *c, struct err *err)
{
	if (err->source != ERR_FROM_AWS)
		return;
	err->operation = c->op->name;
	if (err->reason == NULL)
		err->reason = IVS_REASON_NO_ANSWER;
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
		tell_why(c, &why);
		if (err->kind == ERR_NONE)
			*err = why;
		return err_while(err, "calling %s, try %d", c->op->name, c->tries);
	}
}

static bool
request_of(
    struct call *c, const struct aws_input *in, struct aws_request *ret, struct err *err)
{
	*ret = (struct aws_request){
		.cfg = c->v->cfg,
		.service = c->op->service,
		.operation = c->op->name,
		.method = c->op->method != NULL ? c->op->method : "POST",
		.path = in->path,
		.query = in->query,
		.no_body = c->op->no_body,
		.answer_max_bytes = c->op->answer_max_bytes,
		.once = c->op->repeat == AWS_ONCE,
	};
	if (!c->op->no_body && in->body == NULL)
		return err_from(
		    err, ERR_FROM_AWS, ERR_INPUT, "%s: a text is not UTF-8", c->op->name);
	if (!c->op->no_body)
		ret->body = json_text(c->arena, in->body);
	return aws_endpoint_of(c->v->cfg, c->arena, c->op->service, &ret->endpoint, err);
}

static bool
call_all_tries(struct ivs *v, struct arena *a, const struct aws_op *op,
    const struct aws_input *in, json_t **ret, struct err *err)
{
	struct call c = { .v = v, .arena = a, .op = op };
	bool ok;

	v->request_id[0] = '\0';
	v->failure = (struct ivs_failure){ .fault = IVS_FAULT_FINAL };
	if (!request_of(&c, in, &c.rq, err))
		return false;
	c.deadline_ms =
	    clock_mono_ms() +
	    (clock_mono_ms() < v->wary_until_ms ? AWS_CALL_WARY_MS : AWS_CALL_TOTAL_MS);
	if (v->deadline_ms != 0 && v->deadline_ms < c.deadline_ms)
		c.deadline_ms = v->deadline_ms;
	ok = call_until_done(&c, ret, err);
	v->failure = c.failure;
	if (ok)
		v->wary_until_ms = 0;
	else if (c.failure.fault == IVS_FAULT_TRANSIENT && left_ms(&c) <= TRY_MIN_MS)
		v->wary_until_ms = clock_mono_ms() + AWS_WARY_FOR_MS;
	return ok;
}

static const char *
outcome(enum err_kind kind)
{
	static const char *const words[ERR_KIND_COUNT] = {
		[ERR_INPUT] = "invalid",
		[ERR_NOT_FOUND] = "not_found",
		[ERR_CONFLICT] = "conflict",
		[ERR_QUOTA] = "quota",
		[ERR_THROTTLED] = "throttled",
		[ERR_DENIED] = "denied",
		[ERR_UNVERIFIED] = "unverified",
		[ERR_LOCK_LOST] = "lock_lost",
		[ERR_UPSTREAM] = "unavailable",
		[ERR_UNCERTAIN] = "uncertain",
	};

	return words[kind] != NULL ? words[kind] : "failed";
}

bool
aws_call(struct ivs *v, struct arena *a, const struct aws_op *op,
    const struct aws_input *in, json_t **ret, struct err *err)
{
	bool ok = call_all_tries(v, a, op, in, ret, err);

	metrics_count(METRIC_AWS_CALLS, op->name, ok ? "ok" : outcome(err->kind), 0);
	return ok;
}

bool
aws_call_body(struct ivs *v, struct arena *a, const struct aws_op *op, json_t *body,
    json_t **ret, struct err *err)
{
	const struct aws_input in = { .body = body };
	bool ok = aws_call(v, a, op, &in, ret, err);

	json_decref(body);
	return ok;
}

bool
aws_call_done(struct ivs *v, struct arena *a, const struct aws_op *op, json_t *body,
    struct err *err)
{
	json_t *answer;

	if (!aws_call_body(v, a, op, body, &answer, err))
		return false;
	json_decref(answer);
	return true;
}
