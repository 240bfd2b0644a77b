/*
 * sigv4.h - AWS Signature Version 4, header form.                 layer: aws
 *
 * A pure function: no clock, no socket. Source: AWS "Create a signed request",
 * proved on the published vectors. For every service but S3 the path as sent is
 * percent-encoded once more; dot segments and empty segments go.
 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include "base/str.h"

#define SIGV4_HEADERS_MAX 16

struct sigv4_header {
	struct str name, value; /* as sent; name in any case */
};

struct sigv4_creds {
	struct str access_key_id, secret_access_key;
	struct str session_token; /* empty: none */
};

struct sigv4_request {
	struct str method, path, query;	    /* path as on the wire; query without '?' */
	const struct sigv4_header *headers; /* all of them are signed; with host */
	size_t n_headers;
	struct str body;
	struct str region, service;
	int64_t unix_s;
	bool omit_session_token; /* sent after signing (a vector needs it) */
	bool keep_dot_segments;	 /* path left as it is (vectors need it) */
};

/* Everything in the arena. The first three are for tests and for the curious. */
struct sigv4_result {
	struct str canonical_request, string_to_sign, signature;
	struct str authorization; /* value of the Authorization header */
	struct str amz_date;	  /* value of X-Amz-Date */
};

/*
 * X-Amz-Date and X-Amz-Security-Token are added to the signed headers here unless the
 * caller has them; the caller sends them. Never log any part of the result.
 */
void sigv4_sign(struct arena *a, const struct sigv4_request *rq,
    const struct sigv4_creds *creds, struct sigv4_result *ret);

#endif
