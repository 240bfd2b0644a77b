/*
 * cloudwatch.h - PutMetricData of CloudWatch, in the protocol AWS JSON 1.0.
 *
 *     POST /   X-Amz-Target: GraniteServiceVersion20100801.PutMetricData
 *              Content-Type: application/x-amz-json-1.0
 *
 * A good call is answered with 200 and an empty body. Errors name their type in the body
 * only: {"__type": "com.amazonaws.cloudwatch#InvalidParameterValueException", "message"};
 * with x-amzn-query-mode: true, x-amzn-query-error carries the older name as well.
 * The body may be gzip, as the SDKs send large ones; 1 MB holds before and after.
 */
#ifndef EMULATOR_CLOUDWATCH_H
#define EMULATOR_CLOUDWATCH_H

#include <jansson.h>
#include <stdbool.h>

#include "emulator.h"
#include "ops.h"
#include "reply.h"
#include "request.h"

/* The hooks of service.h. */
bool cloudwatch_is_for(const struct request *rq);
const struct operation *cloudwatch_find(const struct request *rq);
json_t *cloudwatch_parse(const struct request *rq);
bool cloudwatch_run(
    struct emulator *emu, const struct request *rq, const json_t *in, struct reply *rp);
void cloudwatch_finish(const struct request *rq, struct reply *rp);

/* For walking the operations: NULL past the end. */
const struct operation *cloudwatch_at(size_t i);

#endif
