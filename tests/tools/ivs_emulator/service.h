/*
 * service.h - the services of AWS that answer here, and which of them a request is for.
 */
#ifndef EMULATOR_SERVICE_H
#define EMULATOR_SERVICE_H

#include <jansson.h>
#include <stdbool.h>

#include "emulator.h"
#include "ops.h"
#include "reply.h"
#include "request.h"

struct service {
	const char *signing_name; /* in the credential scope */

	bool (*is_for)(const struct request *rq);

	/* NULL when it has no such operation. */
	const struct operation *(*find)(const struct request *rq);

	/* NULL when the body is not sound. */
	json_t *(*parse)(const struct request *rq);

	/* Checks and takes effect; in may be NULL. Without it: the operation's own run. */
	bool (*run)(struct emulator *emu, const struct request *rq, const json_t *in,
	    struct reply *rp);

	/* Puts the answer into the form of its protocol. NULL: it is right already. */
	void (*finish)(const struct request *rq, struct reply *rp);
};

/* Never NULL: what no other service claims is for IVS. */
const struct service *service_of(const struct request *rq);

#endif
