/*
 * ivs_error.h - what an answer of AWS other than success means.   layer: aws
 *
 * One table maps the error types of the services (and of the front door before
 * them) to our kinds and says which deserve another try. Sources: service model
 * 2020-07-14, API reference "Common Errors", retry lists of the AWS SDKs; CloudWatch: API
 * reference of PutMetricData.
 */
#ifndef AWS_IVS_ERROR_H
#define AWS_IVS_ERROR_H

#include "aws/sigv4.h"
#include "base/err.h"
#include "io/http.h"

enum ivs_fault {
	IVS_FAULT_FINAL, /* another try would end the same way */
	IVS_FAULT_THROTTLED,
	IVS_FAULT_TRANSIENT,
	IVS_FAULT_CLOCK,  /* the signature's date was refused, perhaps */
	IVS_FAULT_EXPIRED /* the credentials were */
};

struct ivs_failure {
	enum ivs_fault fault;
	bool not_publishing;	/* the text ended in "is not publishing" */
	bool maybe_done;	/* the operation may have happened all the same */
	int64_t server_wait_ms; /* x-amz-retry-after; -1: absent */
	int64_t server_time_s;	/* as ivs_error_date_s */
};

/* Values of err.reason that no answer of AWS is the cause of; the others are in ivs_error.c. */
#define IVS_REASON_NO_CREDENTIALS "NO_CREDENTIALS" /* nobody gives us keys */
#define IVS_REASON_THROTTLED "THROTTLED"	   /* our own limiter, too */
#define IVS_REASON_NO_ANSWER "NO_ANSWER"   /* not reached, or silent, or too late */
#define IVS_REASON_BAD_ANSWER "BAD_ANSWER" /* 200 without what must be in it */
#define IVS_REASON_NOT_LISTED                                                            \
	"NOT_LISTED" /* what an unanswered call did is not to be seen yet */

/* x-amzn-RequestId, its letters, digits and '-'; "" when AWS sent none. */
void ivs_error_request_id(const struct http_response *answer, char *out, size_t size);

/* The Date of an answer, Unix seconds; -1: it has none, or has an Age and may be old. */
int64_t ivs_error_date_s(const struct http_response *answer);

/*
 * Fill *ret and err (from AWS, with its request id) from an answer that is not 200. Text of AWS goes
 * into the cause, cleaned, cut, and only when no part of creds is in it. err.reason is one word
 * of our own for it.
 */
bool ivs_error_read(struct arena *a, const struct http_response *answer,
    const struct sigv4_creds *creds, struct ivs_failure *ret, struct err *err);

#endif
