/*
 * ops.h - the operations of IVS Real-Time the emulator knows.
 *
 * To add one: its members in shapes.c, a function in the file of its family, a line in
 * ops_parts.h and one in the table in ops.c. It is called within a turn (turn.h) with the
 * members checked; in is borrowed.
 */
#ifndef EMULATOR_OPS_H
#define EMULATOR_OPS_H

#include <jansson.h>
#include <stdbool.h>

#include "emulator.h"
#include "reply.h"
#include "schema.h"

struct operation {
	const char *name;
	int per_second; /* service quota */
	const char *method;
	const char *path;	 /* all of it, or what stands before path_member */
	const char *path_member; /* the rest of the path, one segment; or NULL */
	const struct rule *members;
	bool (*run)(struct emulator *emu, const json_t *in, struct reply *rp);
};

/* NULL when there is no such operation. */
const struct operation *ops_find(const char *method, const char *path);

/* For walking the table: NULL past its end. */
const struct operation *ops_at(size_t i);

#endif
