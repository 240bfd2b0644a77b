/*
 * control_aws.h - the part of the control plane for credentials, time and metrics:
 * /_emulator/credentials, imds, clock, metrics. See README.md.
 */
#ifndef EMULATOR_CONTROL_AWS_H
#define EMULATOR_CONTROL_AWS_H

#include <stdbool.h>

#include "emulator.h"
#include "reply.h"
#include "request.h"

/* False: the request is for none of these pages, and rp was not touched. */
bool control_aws_answer(struct emulator *emu, const struct request *rq, struct reply *rp);

#endif
