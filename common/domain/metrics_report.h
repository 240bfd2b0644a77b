/*
 * metrics_report.h - what CloudWatch is told.                     layer: domain
 *
 * The metrics that base/metrics.c gives a name of CloudWatch: gauges as they are, counters and
 * times as what came since CloudWatch was told last. A sending that failed is made
 * up for by the next; one that may have arrived counts as sent. The very first report, and
 * one after a day without, begins to count at its own time.
 */
#ifndef DOMAIN_METRICS_REPORT_H
#define DOMAIN_METRICS_REPORT_H

#include "aws/ivs.h"

#define METRICS_REPORT_GAP_MAX_MS (24 * 3600 * 1000)

struct metrics_report {
	int64_t data;	 /* how many */
	struct str text; /* they, as JSON in the arena, for people */
};

/*
 * Send. Only one may run at a time (the job's lock). ERR_UNCERTAIN: perhaps sent, and
 * counted so. Other errors as cloudwatch_put and redis_call: nothing is lost.
 */
bool metrics_report_send(const struct config *cfg, struct redis *r, struct ivs *ivs,
    struct arena *a, struct metrics_report *ret, struct err *err);
/* The same without sending or changing anything. */
bool metrics_report_look(
    struct redis *r, struct arena *a, struct metrics_report *ret, struct err *err);

#endif
