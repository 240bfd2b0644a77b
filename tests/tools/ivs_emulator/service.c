/* service.c - see service.h */
#include "service.h"

#include "cloudwatch.h"

static bool
is_for_ivs(const struct request *rq)
{
	(void)rq;
	return true;
}

static const struct operation *
find_ivs(const struct request *rq)
{
	return ops_find(rq->method, rq->path);
}

static json_t *
parse_ivs(const struct request *rq)
{
	json_error_t error;

	return json_loadb(
	    rq->body != NULL ? rq->body : "", rq->body_n, JSON_REJECT_DUPLICATES, &error);
}

/* The first that claims a request has it. */
static const struct service services[] = {
	{ "monitoring", cloudwatch_is_for, cloudwatch_find, cloudwatch_parse,
	    cloudwatch_run, cloudwatch_finish },
	{ "ivs", is_for_ivs, find_ivs, parse_ivs, NULL, NULL },
};

const struct service *
service_of(const struct request *rq)
{
	const struct service *sv = services;

	while (!sv->is_for(rq))
		sv++;
	return sv;
}
