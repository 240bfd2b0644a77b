/*
 * request.h - one HTTP request exactly as it arrived.
 *
 * Nothing is decoded: the signature covers the bytes that were sent. Filled by server.c,
 * read by everyone else. Header strings are borrowed from the HTTP library and live until
 * the answer is sent.
 */
#ifndef EMULATOR_REQUEST_H
#define EMULATOR_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_HEADERS_MAX 64
#define REQUEST_BODY_MAX_BYTES (1024 * 1024)

struct header {
	const char *name;
	const char *value;
};

struct request {
	const char *method;
	char *path;  /* raw, up to the question mark; owned */
	char *query; /* raw, behind it; inside path; NULL: there was none */
	struct header headers[REQUEST_HEADERS_MAX];
	size_t n_headers;
	bool too_many_headers;
	char *body; /* owned; NUL behind it; NULL when empty */
	size_t body_n;
	bool body_too_large; /* the rest was read and thrown away */
};

/* The first header of that name, in any case; NULL when absent. */
const char *request_header(const struct request *rq, const char *name);

size_t request_header_count(const struct request *rq, const char *name);

#endif
