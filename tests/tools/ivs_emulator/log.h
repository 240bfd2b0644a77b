/*
 * log.h - the record of calls: one JSON line each in a file, and counts per operation.
 *
 *     {"ts","op","status","error","ms","requestId","fault","request"}
 *
 * error, fault and request only where there is one. request is the body, once the
 * signature has been accepted; members whose names speak of secrets are replaced.
 */
#ifndef EMULATOR_LOG_H
#define EMULATOR_LOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "reply.h"

struct log;

struct log_call {
	const char *op;	       /* NULL: no operation we know */
	const char *fault;     /* name of the action; NULL: none */
	const json_t *request; /* NULL: not known */
	size_t request_bytes;
	int64_t us; /* time it took */
};

/* Appends to the file. NULL: the reason was printed on stderr. */
struct log *log_open(const char *path);
void log_close(struct log *l);

void log_write(struct log *l, const struct log_call *call, const struct reply *rp);

/*
 * {"CreateStage": n, ..., "failed": {"CreateStage": n, ..., "UnknownOperation": n}}: what
 * went well, and what was answered by an error or not at all. New reference.
 */
json_t *log_counts(struct log *l);

void log_reset(struct log *l);

#endif
