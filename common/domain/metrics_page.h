/*
 * metrics_page.h - the text that Prometheus reads.                layer: domain
 *
 * Text format 0.0.4 (prometheus.io, "Exposition formats"), every family of
 * base/metrics.c in its order, those without a value too. However many stages and routes there
 * are, a family has at most METRICS_FAMILY_MAX lines: what is beyond is added up under
 * the label "other".
 */
#ifndef DOMAIN_METRICS_PAGE_H
#define DOMAIN_METRICS_PAGE_H

#include "io/redis.h"

#define METRICS_PAGE_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_FAMILY_MAX 300
#define METRICS_STAGES_MAX 200

/* One script call; `version` is that of the program. */
void metrics_page_ask(struct redis_call *c);
/* ERR_BUG: longer than any page can be. */
bool metrics_page_answer(const struct reply *reply, struct str version, struct arena *a,
    struct str *ret, struct err *err);

#endif
