/*
 * control.h - what tests ask of the emulator itself, under /_emulator/. Not signed.
 */
#ifndef EMULATOR_CONTROL_H
#define EMULATOR_CONTROL_H

#include <stdbool.h>

#include "emulator.h"
#include "reply.h"
#include "request.h"

bool control_is_for(const struct request *rq);

/* Errors are {"message": ...} with status 400 or 404, without a type. */
void control_answer(struct emulator *emu, const struct request *rq, struct reply *rp);

#endif
