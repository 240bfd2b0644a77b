/*
 * access_log.h - one line and two counts for each request.        layer: web
 */
#ifndef WEB_ACCESS_LOG_H
#define WEB_ACCESS_LOG_H

#include "web/router.h"

/* The request was answered with this status. route: NULL when there is none of ours; err: why, from 500
 * on. It took from rq->start_us until now. */
void access_log(const struct req *rq, const struct route *route, int status,
    const struct err *err, size_t bytes);

#endif
