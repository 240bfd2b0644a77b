#include "web/access_log.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/banned.h"

static const char *
method_name(const struct req *rq)
{
	static const char *const names[] = { [METHOD_OTHER] = "?",
		[METHOD_GET] = "GET",
		[METHOD_POST] = "POST",
		[METHOD_PUT] = "PUT",
		[METHOD_DELETE] = "DELETE",
		[METHOD_OPTIONS] = "OPTIONS" };

	return rq->head ? "HEAD" : names[rq->method];
}

/* Paths that are no route of ours would be labels without end. */
static void
count(const struct req *rq, const struct route *found, int status, const struct err *err,
    int64_t us)
{
	static const char *const away[] = { [ERR_FROM_NONE] = "none",
		[ERR_FROM_REDIS] = "redis",
		[ERR_FROM_POSTGRES] = "postgres",
		[ERR_FROM_AWS] = "aws" };
	const char *route = found != NULL ? found->path : "none";

	metrics_count(METRIC_REQUESTS, route, method_name(rq), status);
	metrics_observe(METRIC_REQUEST_DURATION, route, us);
	if (status >= 500)
		metrics_count(METRIC_ERRORS, away[err->source], NULL, 0);
}

void
access_log(const struct req *rq, const struct route *route, int status,
    const struct err *err, size_t bytes)
{
	int64_t us = clock_mono_us() - rq->start_us;

	count(rq, route, status, err, us);
	log_set_rid(rq->rid);
	if (status >= 500)
		log_err(LOG_WARN, "request failed", err);
	LOG(LOG_INFO, "request", LOG_STR("method", str_of(method_name(rq))),
	    LOG_STR("route", route != NULL ? str_of(route->path) : rq->path),
	    LOG_INT("status", status), LOG_INT("us", us),
	    LOG_INT("bytes", (int64_t)bytes), LOG_STR("ip", str_of(rq->client_text)));
	log_set_rid(STR(""));
}
