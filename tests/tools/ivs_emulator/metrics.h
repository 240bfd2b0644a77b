/*
 * metrics.h - what was received by PutMetricData, newest last.
 *
 *     {"namespace", "name", "unit", "dimensions": {name: value}, "timestamp": seconds,
 *      "value": n | "values": [n], "counts": [n] | "statistics": {SampleCount, ...},
 *      "storageResolution"}
 *
 * What was left out has its default: unit None, the time of arrival, a resolution of 60.
 * In memory only, and only the last METRICS_MAX. May be called by any thread.
 */
#ifndef EMULATOR_METRICS_H
#define EMULATOR_METRICS_H

#include <jansson.h>
#include <time.h>

#define METRICS_MAX 5000

struct metrics;

struct metrics *metrics_open(void);
void metrics_close(struct metrics *m);

/* in: a request that has passed datum_check_all(). */
void metrics_add(struct metrics *m, const json_t *in, time_t now);

/* {"received": n, "metrics": [...]}; received also counts those let go. New reference. */
json_t *metrics_list(struct metrics *m);

void metrics_reset(struct metrics *m);

#endif
