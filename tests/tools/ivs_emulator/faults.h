/*
 * faults.h - failures queued by a test, taken one by one by the calls they are meant for.
 *
 *     { "operation": "CreateStage" or "*",   default "*"
 *       "count": n,                          calls to hit; default 1; 0: until cleared
 *       "action": see the table in faults.c, default "error"
 *       "status": n, "type": T, "message": M of an error; either of the first two will do
 *       "body": text, "contentType": T       sent as it is in place of the error's JSON
 *       "retryAfterMs": n,                   header x-amz-retry-after
 *       "delayMs": n }                       waited before anything else happens
 *
 * A fault hits only calls that are signed properly, so a retry is checked each time.
 */
#ifndef EMULATOR_FAULTS_H
#define EMULATOR_FAULTS_H

#include <jansson.h>
#include <stdbool.h>

#include "reply.h"
#include "schema.h"

struct fault_action {
	const char *name;
	bool runs;  /* the operation takes effect */
	bool fails; /* its answer is replaced by an error */
	enum reply_send send;
};

struct fault {
	const struct fault_action *action;
	int status;
	char type[REPLY_TYPE_MAX_BYTES + 1];
	char message[256 * 4 + 1]; /* 256 characters of UTF-8 */
	char raw[REPLY_RAW_MAX_BYTES + 1];
	char content_type[REPLY_TYPE_MAX_BYTES + 1];
	int retry_after_ms;
	int delay_ms;
};

struct faults;

struct faults *faults_open(void);
void faults_close(struct faults *f);

/* Queues one. False: *ret_why says what is wrong with it. */
bool faults_add(struct faults *f, json_t *in, struct complaint *ret_why);

void faults_reset(struct faults *f);

/* The queue as JSON, each with the calls still to hit; new reference. */
json_t *faults_list(struct faults *f);

/* The oldest fault meant for that operation; false when there is none. */
bool faults_take(struct faults *f, const char *operation, struct fault *ret_fault);

/* Blocks the calling thread; ends early when faults_wake() is called. */
void faults_wait(struct faults *f, int delay_ms);

/* Ends all waits, now and to come: the server is about to stop. */
void faults_wake(struct faults *f);

/* Turns the answer into the one the fault asks for. */
void faults_apply(const struct fault *fault, struct reply *rp);

#endif
