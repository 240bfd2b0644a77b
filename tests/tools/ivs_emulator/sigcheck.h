/*
 * sigcheck.h - is this request signed as AWS demands?
 *
 * Signature Version 4 in the Authorization header, recomputed from the raw request with the
 * secret that keys.h has for its credential. Each way to fail has its own text, so that a
 * caller's fault is found quickly.
 */
#ifndef EMULATOR_SIGCHECK_H
#define EMULATOR_SIGCHECK_H

#include <stdbool.h>

#include "emulator.h"
#include "reply.h"
#include "request.h"

/*
 * service: the one it must be signed for. False: the reply says why (403). The time is
 * that of clock.h; 5 minutes either way are allowed.
 */
bool sigcheck(struct emulator *emu, const struct request *rq, const char *service,
    struct reply *rp);

#endif
