/*
 * ops.h - the operations of IVS Real-Time the emulator knows.
 *
 * To add one: its members in shapes.c, a function and a line of the table in ops.c. It is
 * called with the state locked and the members checked; in is borrowed.
 */
#ifndef EMULATOR_OPS_H
#define EMULATOR_OPS_H

#include <jansson.h>
#include <stdbool.h>

#include "reply.h"
#include "schema.h"
#include "state.h"

struct operation {
	const char *name;
	const char *method;
	const char *path;
	const struct rule *members;
	bool (*run)(struct state *st, const json_t *in, struct reply *rp);
};

/* NULL when there is no such operation. */
const struct operation *ops_find(const char *method, const char *path);

/* For walking the table: NULL past its end. */
const struct operation *ops_at(size_t i);

#endif
