/*
 * quotas.h - how much the account may have, and how often it may call.
 *
 *     { "rates": true|false, "stages": n, "replications": n, "keys": n }
 *
 * The rates are those of the table in ops.c; a burst of one second's worth is let through.
 */
#ifndef EMULATOR_QUOTAS_H
#define EMULATOR_QUOTAS_H

#include <jansson.h>
#include <stdbool.h>

#include "ops.h"
#include "schema.h"

enum quota {
	QUOTA_STAGES,
	QUOTA_REPLICATIONS, /* of one participant at a time */
	QUOTA_KEYS,
	QUOTA_COUNT,
};

struct quotas;

struct quotas *quotas_open(bool rates);
void quotas_close(struct quotas *q);

/* Each member may be left out and then stays as it is. False: *ret_why says why. */
bool quotas_set(struct quotas *q, json_t *in, struct complaint *ret_why);

/* As set, and "throttled": {"CreateStage": n, ...}. New reference. */
json_t *quotas_show(struct quotas *q);

/* {"CreateStage": n, ...}: calls that came too fast. New reference. */
json_t *quotas_throttled(struct quotas *q);
void quotas_reset_throttled(struct quotas *q);

json_int_t quotas_max(struct quotas *q, enum quota which);

/* Counts one call. False: it comes too fast. */
bool quotas_take(struct quotas *q, const struct operation *op);

#endif
