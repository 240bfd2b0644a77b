/*
 * sigcheck.h - is this request signed as AWS demands?
 *
 * Signature Version 4 in the Authorization header, service "ivs", recomputed from the raw
 * request. Each way to fail has its own text, so that a caller's fault is found quickly.
 */
#ifndef EMULATOR_SIGCHECK_H
#define EMULATOR_SIGCHECK_H

#include <stdbool.h>
#include <time.h>

#include "reply.h"
#include "request.h"
#include "settings.h"

/* False: the reply says why (403). now is unix time; 5 minutes either way are allowed. */
bool sigcheck(
    const struct settings *s, const struct request *rq, time_t now, struct reply *rp);

#endif
