/*
 * control.h - what tests ask of the emulator itself, under /_emulator/. Not signed.
 */
#ifndef EMULATOR_CONTROL_H
#define EMULATOR_CONTROL_H

#include <jansson.h>
#include <stdbool.h>

#include "emulator.h"
#include "reply.h"
#include "request.h"
#include "schema.h"

#define CONTROL_PREFIX "/_emulator/"

/* A path that ends in a slash stands for all below it. A method of NULL ends a table. */
struct route {
	const char *method;
	const char *path;
	void (*run)(struct emulator *emu, const struct request *rq, struct reply *rp);
};

/* The pages about stages and people, in control_live.c. */
extern const struct route control_live_routes[];

bool control_is_for(const struct request *rq);

/* Errors are {"message": ...} with status 400, 404, 409 or 413, without a type. */
void control_answer(struct emulator *emu, const struct request *rq, struct reply *rp);

/* For the pages: an error, about a member unless path is empty. */
void control_refuse(struct reply *rp, int status, const char *path, const char *text);

/* The body, checked unless members is NULL; new reference. NULL: it was refused. */
json_t *control_body(
    const struct request *rq, const struct rule *members, struct reply *rp);

#endif
