/*
 * aws_call.h - one signed call of an AWS service, with retries.   layer: aws
 *
 * For the typed functions of ivs.h and cloudwatch.h only. "Standard" retry mode of the
 * AWS SDKs, bounded by AWS_CALL_TOTAL_MS, since a client waits for us: throttling and
 * transient failures, random waits, a budget over all calls, a new date and
 * signature for every try. When AWS dislikes our clock its own is taken, once. Before
 * each try a slot of the operation's call rate is waited for (limiter.h), and the guard
 * of ivs_set_guard is asked.
 */
#ifndef AWS_AWS_CALL_H
#define AWS_AWS_CALL_H

#include "aws/aws_send.h"
#include "aws/ivs.h"

#define AWS_CALL_TOTAL_MS 5000
/*
 * After a call that used all of it the next ones get less, for a while or until one succeeds:
 * who waits in line behind a black hole must not wait five seconds each. Not nothing:
 * a worker that refuses at once would draw all calls from those that could do them.
 */
#define AWS_CALL_WARY_MS 500
#define AWS_WARY_FOR_MS 2000

/*
 * None of the calls takes an idempotency token (service models), so what a second
 * try may do is a property of the operation.
 */
enum aws_repeat {
	AWS_READ,	/* changes nothing: never uncertain */
	AWS_REPEATABLE, /* done twice is as good as once */
	AWS_ONCE	/* a second CreateStage makes a second stage: only repeated
			   when the first surely was not done */
};

struct aws_op {
	const char *name;
	enum aws_repeat repeat;
	enum aws_service service;
	const char *method;	 /* NULL: POST */
	bool no_body;		 /* GET and DELETE of tags */
	size_t answer_max_bytes; /* 0: AWS_ANSWER_MAX_BYTES */
};

/* What one call says. All borrowed. */
struct aws_input {
	struct str
	    path; /* as on the wire; empty: that of the service, "/<name>" or "/" */
	struct str query;   /* as on the wire, sorted; empty: none */
	const json_t *body; /* NULL where a body is due: a text in it was no UTF-8 */
};

/*
 * Call the operation. The caller owns *ret, an object, and says json_decref to it.
 * Errors as in ivs.h; ERR_INPUT also for a body of NULL.
 */
bool aws_call(struct ivs *v, struct arena *a, const struct aws_op *op,
    const struct aws_input *in, json_t **ret, struct err *err);

/* As aws_call with a body alone, which is released. */
bool aws_call_body(struct ivs *v, struct arena *a, const struct aws_op *op, json_t *body,
    json_t **ret, struct err *err);
/* The same where nothing of the answer is wanted. */
bool aws_call_done(struct ivs *v, struct arena *a, const struct aws_op *op, json_t *body,
    struct err *err);

/* What the last try of the last call failed of: for who must look closer than the kind. */
const struct ivs_failure *aws_last_failure(const struct ivs *v);

/*
 * The last answer, a 200, lacks a member it must have: ERR_UPSTREAM, or ERR_UNCERTAIN
 * for what changes something. Returns false.
 */
bool aws_incomplete(
    const struct ivs *v, const struct aws_op *op, const char *member, struct err *err);

#endif
