/*
 * reply.h - the answer to one request, and the table of AWS errors.
 *
 * An answer is good (status 200, type empty) until reply_fail() is called. Errors the
 * service models carry their text in "exceptionMessage", errors of the front door
 * (signature, throttling, size) in "message"; the table in reply.c knows which.
 */
#ifndef EMULATOR_REPLY_H
#define EMULATOR_REPLY_H

#include <jansson.h>
#include <stdbool.h>

#define REPLY_TYPE_MAX_BYTES 128
#define REPLY_RAW_MAX_BYTES 1024

enum reply_send {
	SEND_WHOLE,
	SEND_HALF,    /* promise the full length, send half, close */
	SEND_NOTHING, /* close the connection without a byte */
};

struct reply {
	int status;
	char type[REPLY_TYPE_MAX_BYTES + 1]; /* x-amzn-ErrorType or "" */
	json_t *body;			     /* owned; NULL: the body is empty */
	char raw[REPLY_RAW_MAX_BYTES + 1];   /* unless empty: sent instead */
	char content_type[REPLY_TYPE_MAX_BYTES + 1];
	char request_id[37];
	int retry_after_ms;	  /* x-amz-retry-after; 0: none */
	bool type_in_body;	  /* and not in a header */
	const char *extra_header; /* literal; NULL: none */
	char extra_value[64];
	enum reply_send send;
};

void reply_init(struct reply *rp);
void reply_clear(struct reply *rp);

/* Replaces body; steals the reference. True, so a handler can end with it. */
bool reply_body(struct reply *rp, json_t *body);

/* Makes it an error of a type in the table. Always false, so callers can return it. */
bool reply_fail(struct reply *rp, const char *type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same for an injected fault: status 0 takes the status of the type, an empty type
 * that of the status; a status AWS has no name for goes out without a type.
 */
void reply_inject(struct reply *rp, int status, const char *type, const char *message);

#endif
