/*
 * bind.h - the input of an operation: its body, and what the tag operations carry in the
 * path and in the query.
 */
#ifndef EMULATOR_BIND_H
#define EMULATOR_BIND_H

#include "ops.h"
#include "request.h"

/* New reference; NULL when the body is not JSON, or where none may be, there is one. */
json_t *bind_input(const struct operation *op, const struct request *rq);

#endif
