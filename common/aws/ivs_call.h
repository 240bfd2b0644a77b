/*
 * ivs_call.h - one signed call of IVS Real-Time, with retries.    layer: aws
 *
 * For the typed functions of ivs.h only. "Standard" retry mode of the AWS SDKs,
 * bounded by IVS_CALL_TOTAL_MS, since a client waits for us: throttling and
 * transient failures, random waits, a budget over all calls, a new date and
 * signature for every try. When AWS dislikes our clock its own is taken, once.
 */
#ifndef AWS_IVS_CALL_H
#define AWS_IVS_CALL_H

#include "aws/ivs.h"
#include "base/json.h"

#define IVS_CALL_TOTAL_MS 5000
/*
 * After a call that used all of it the next ones get less, for a while or until one succeeds:
 * who waits in line behind a black hole must not wait five seconds each. Not nothing:
 * a worker that refuses at once would draw all calls from those that could do them.
 */
#define IVS_CALL_WARY_MS 500
#define IVS_WARY_FOR_MS 2000

/*
 * None of the calls takes an idempotency token (service model), so what a second
 * try may do is a property of the operation.
 */
enum ivs_repeat {
	IVS_READ,	/* changes nothing: never uncertain */
	IVS_REPEATABLE, /* done twice is as good as once */
	IVS_ONCE	/* a second CreateStage makes a second stage: only repeated
			   when the first surely was not done */
};

struct ivs_op {
	const char *name;
	enum ivs_repeat repeat;
};

/*
 * Call the operation with a body built by jansson (borrowed; NULL when building
 * failed: ERR_INPUT, since only text that is no UTF-8 can do that). The caller
 * owns *ret, an object, and says json_decref to it.
 */
bool ivs_call(struct ivs *v, struct arena *a, const struct ivs_op *op, const json_t *body,
    json_t **ret, struct err *err);

/* The clock AWS agrees with. */
int64_t ivs_now_ms(const struct ivs *v);

#endif
