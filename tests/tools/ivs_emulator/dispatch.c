/* dispatch.c - see dispatch.h */
#include "dispatch.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "control.h"
#include "faults.h"
#include "imds.h"
#include "log.h"
#include "ops.h"
#include "service.h"
#include "sigcheck.h"
#include "state.h"

/* What is known of a call while it is on its way. */
struct call {
	struct emulator *emu;
	const struct request *rq;
	struct reply *rp;
	const struct service *service;
	const struct operation *op;
	json_t *in;
	bool faulty;
	struct fault fault;
};

static int64_t
mono_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool
check_size(struct call *c)
{
	if (c->rq->too_many_headers)
		return reply_fail(c->rp, "MalformedHttpRequestException",
		    "more than %d headers", REQUEST_HEADERS_MAX);
	if (c->rq->body_too_large)
		return reply_fail(c->rp, "RequestEntityTooLargeException",
		    "the body is larger than %d bytes", REQUEST_BODY_MAX_BYTES);
	return true;
}

static bool
find_operation(struct call *c)
{
	c->op = c->service->find(c->rq);
	if (c->op != NULL)
		return true;
	return reply_fail(c->rp, "UnknownOperationException", "unknown operation");
}

/* "application/json", and parameters such as a charset if they must be. */
static bool
check_content_type(struct call *c)
{
	static const char wanted[] = "application/json";
	const char *sent = request_header(c->rq, "content-type");

	if (sent != NULL && strncasecmp(sent, wanted, strlen(wanted)) == 0) {
		sent += strlen(wanted);
		sent += strspn(sent, " \t");
		if (*sent == '\0' || *sent == ';')
			return true;
	}
	return reply_fail(
	    c->rp, "ValidationException", "Content-Type must be %s", wanted);
}

/* Read before any fault hits, so that the log can show what was asked. */
static void
parse_body(struct call *c)
{
	c->in = c->service->parse(c->rq);
}

static bool
check_body(struct call *c)
{
	struct complaint why;

	if (c->in == NULL)
		return reply_fail(
		    c->rp, "ValidationException", "the body is not sound JSON");
	if (!json_is_object(c->in))
		return reply_fail(
		    c->rp, "ValidationException", "the body must be a JSON object");
	if (schema_check(c->op->members, c->in, &why))
		return true;
	return reply_fail(c->rp, "ValidationException", "%s: %s", why.path, why.text);
}

/* An answer goes out only after its effect is in the file. */
static bool
run(struct call *c)
{
	struct state *st = c->emu->state;
	uint64_t version;
	bool ok;

	if (c->service->run != NULL)
		return c->service->run(c->emu, c->rq, c->in, c->rp);
	if (!check_content_type(c) || !check_body(c))
		return false;
	state_begin(st);
	ok = c->op->run(st, c->in, c->rp);
	version = state_end(st);
	if (version == 0 || state_commit(st, version))
		return ok;
	return reply_fail(
	    c->rp, "InternalServerException", "the state cannot be written");
}

static bool
answer(struct call *c)
{
	if (!check_size(c) || !find_operation(c) ||
	    !sigcheck(c->emu, c->rq, c->service->signing_name, c->rp))
		return false;
	parse_body(c);
	c->faulty = faults_take(c->emu->faults, c->op->name, &c->fault);
	if (!c->faulty)
		return run(c);
	faults_wait(c->emu->faults, c->fault.delay_ms);
	if (c->fault.action->runs)
		run(c);
	faults_apply(&c->fault, c->rp);
	return false;
}

static void
log_call(const struct call *c, int64_t us)
{
	struct log_call line = {
		.op = c->op != NULL ? c->op->name : NULL,
		.fault = c->faulty ? c->fault.action->name : NULL,
		.request = c->in,
		.request_bytes = c->rq->body_n,
		.us = us,
	};

	log_write(c->emu->log, &line, c->rp);
}

void
dispatch(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	struct call c = { .emu = emu, .rq = rq, .rp = rp, .service = service_of(rq) };
	int64_t start = mono_us();

	if (control_is_for(rq)) {
		control_answer(emu, rq, rp);
		return;
	}
	if (imds_is_for(rq)) {
		imds_answer(emu, rq, rp);
		return;
	}
	answer(&c);
	if (c.service->finish != NULL)
		c.service->finish(rq, rp);
	log_call(&c, mono_us() - start);
	json_decref(c.in);
}
