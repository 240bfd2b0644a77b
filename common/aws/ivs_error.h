/*
 * ivs_error.h - what an answer of IVS other than success means.   layer: aws
 *
 * One table maps the error types of the service (and of the front door before
 * it) to our kinds and says which deserve another try. Sources: service model
 * 2020-07-14, API reference "Common Errors", retry lists of the AWS SDKs.
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
	bool maybe_done;	/* the operation may have happened all the same */
	int64_t server_wait_ms; /* x-amz-retry-after; -1: absent */
	int64_t server_time_s;	/* the Date header; -1: absent */
};

/*
 * Fill *ret and err (from AWS) from an answer that is not 200. Text of AWS goes
 * into the cause, cleaned, cut, and only when no part of creds is in it.
 */
bool ivs_error_read(struct arena *a, const struct http_response *answer,
    const struct sigv4_creds *creds, struct ivs_failure *ret, struct err *err);

#endif
