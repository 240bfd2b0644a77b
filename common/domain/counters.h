/*
 * counters.h - the hash `metrics` as read from Redis.             layer: domain
 *
 * One entry for each metric and its labels, whatever process counted it, sorted
 * by metric and labels. Texts are borrowed from the reply.
 */
#ifndef DOMAIN_COUNTERS_H
#define DOMAIN_COUNTERS_H

#include "base/metrics.h"
#include "io/redis.h"

struct counter {
	enum metric metric;
	struct str labels[METRIC_LABELS];
	int64_t cells[METRIC_CELLS];
};

struct counters {
	struct counter *v;
	size_t n;
};

/* flat: an array {field, number, ...}. Fields that are none of ours are left out. */
void counters_read(const struct reply *flat, struct arena *a, struct counters *ret);

/* Of a histogram: how many values; of a counter: how often. */
int64_t counter_times(const struct counter *c);

/* The entry with the same metric and labels, or NULL. */
const struct counter *counters_find(
    const struct counters *all, const struct counter *like);

/* Add up cell by cell. */
void counter_add(struct counter *to, const struct counter *from);

/*
 * At most `max` entries of the metric: those with the most stay (unsorted), the others
 * become one whose labels are all "other". Returns how many; *ret is theirs.
 */
size_t counters_most(const struct counters *all, enum metric m, size_t max,
    struct arena *a, struct counter **ret);

#endif
