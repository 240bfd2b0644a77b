/*
 * endpoint.h - where a service of AWS is reached.                 layer: aws
 *
 * A URL of the form http(s)://host[:port][/prefix]. The region and the service
 * that are signed do not depend on it.
 */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include "base/err.h"
#include "base/str.h"

struct aws_endpoint {
	struct str origin; /* "https://host:8443" */
	struct str host;   /* "host:8443", as the Host header has it */
	struct str prefix; /* "" or "/prefix", without a slash at the end */
};

/* Views into url. ERR_CONFIG: no such URL, or user, query or fragment in it. */
bool aws_endpoint_parse(struct str url, struct aws_endpoint *ret, struct err *err);

#endif
