/*
 * dispatch.h - from a request to its answer.
 *
 * The order is that of AWS: size, operation, signature, rate, then (ours) a queued
 * fault, then the body, then the operation. Called by many threads at once.
 */
#ifndef EMULATOR_DISPATCH_H
#define EMULATOR_DISPATCH_H

#include "emulator.h"
#include "reply.h"
#include "request.h"

/* rp has been through reply_init(); it is filled, never cleared. */
void dispatch(struct emulator *emu, const struct request *rq, struct reply *rp);

#endif
