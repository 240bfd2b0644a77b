/*
 * cloudwatch.h - PutMetricData of Amazon CloudWatch.              layer: aws
 *
 * AWS JSON 1.0, signing name "monitoring", target GraniteServiceVersion20100801. Limits
 * (service quotas): 1,000 data and 1 MB a call, 30 dimensions, values finite and within 2^360.
 */
#ifndef AWS_CLOUDWATCH_H
#define AWS_CLOUDWATCH_H

#include "aws/ivs.h"

#define CLOUDWATCH_DATA_MAX 1000

enum cloudwatch_unit {
	CLOUDWATCH_COUNT,
	CLOUDWATCH_MILLISECONDS,
	CLOUDWATCH_SECONDS,
	CLOUDWATCH_NONE
};

struct cloudwatch_dimension {
	struct str name, value;
};

/* A single value (samples 0), or a set of `samples` of them. */
struct cloudwatch_datum {
	const char *name;
	enum cloudwatch_unit unit;
	double value;
	int64_t samples;
	double sum, min, max;
	int64_t at_ms; /* 0: when it arrives */
};

/*
 * All data have the same dimensions. More than CLOUDWATCH_DATA_MAX go out in several
 * calls; *ret_sent says how many have arrived for sure. Through the same keys, clock and
 * retries as `ivs`. Errors as in ivs.h; no datum: true without a call.
 */
bool cloudwatch_put(struct ivs *v, struct arena *a, struct str name_space,
    const struct cloudwatch_dimension *dims, size_t n_dims,
    const struct cloudwatch_datum *data, size_t n, size_t *ret_sent, struct err *err);

#endif
