/*
 * aws_send.h - one request to an AWS service: address, headers, signature.
 *                                                                 layer: aws
 * No retries, no waiting: those are aws_call's. Facts per service (host, signing name,
 * content type) are the table in aws_send.c.
 */
#ifndef AWS_AWS_SEND_H
#define AWS_AWS_SEND_H

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "base/config.h"
#include "io/http.h"

#define AWS_ANSWER_MAX_BYTES (256u << 10)

enum aws_service { AWS_IVS, AWS_CLOUDWATCH, AWS_SERVICE_COUNT };

/* What every try of a call has in common. All borrowed. */
struct aws_request {
	const struct config *cfg;
	enum aws_service service;
	const char *operation, *method;
	struct aws_endpoint endpoint;
	struct str path, query; /* as on the wire; path empty: that of the service */
	struct str body;
	bool no_body;
	size_t answer_max_bytes;
	bool once; /* must never be sent twice: new connection */
};

/*
 * Where the service is reached: its own setting, the common one, or AWS. With
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS the last in any case. Views into the settings
 * and the arena. ERR_CONFIG: the setting is no such URL.
 */
bool aws_endpoint_of(const struct config *cfg, struct arena *a, enum aws_service service,
    struct aws_endpoint *ret, struct err *err);

/* Sign as of unix_s and send. Errors of http_do. */
bool aws_send(struct http *h, struct arena *a, const struct aws_request *rq,
    const struct sigv4_creds *creds, int64_t unix_s, int64_t total_ms,
    struct http_response *ret, struct err *err);

#endif
