/*
 * metrics.h - what is counted, in one table, and the counting.    layer: base
 *
 * metric_defs names every metric: GET /metrics, the CloudWatch job and the manual are made
 * from it. What comes from Redis' own data (viewers, records) is only described here. What the
 * programs do is counted in the memory of each process, in a fixed table: counting
 * neither allocates nor formats. io/metrics_flush.h carries the counts to Redis, where they
 * stand in the hash `metrics`:
 *     counter    "<name> <label> <label> ..."  -> how often
 *     histogram  "<name> <label> le<us>"       -> values in this bucket alone
 *                "<name> <label> inf", "... sum" -> above the last bound; sum in us
 * A label that is not used is left out; label values hold no space.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/str.h"

#define METRICS_PREFIX "ivs_live_"
#define METRIC_LABELS 3
#define METRIC_BOUNDS 6
/* Of a histogram: its buckets, the one without bound, the sum. A counter has the first. */
#define METRIC_CELLS (METRIC_BOUNDS + 2)
#define METRIC_SUM (METRIC_CELLS - 1)

enum metric {
	METRIC_VIEWERS,
	METRIC_SEATS,
	METRIC_STAGES,
	METRIC_PUBLISHER_LIVE,
	METRIC_PUBLISHER_AGE,
	METRIC_RECORDS_WAITING,
	METRIC_RECORDS_OLDEST,
	METRIC_RECORDS_DEAD,
	METRIC_REQUESTS,
	METRIC_REQUEST_DURATION,
	METRIC_ERRORS,
	METRIC_TOKEN_DURATION,
	METRIC_STAGE_CREATION_DURATION,
	METRIC_AWS_CALLS,
	METRIC_JOB_RUNS,
	METRIC_JOB_DURATION,
	METRIC_LOG_LOST,
	METRIC_NOT_COUNTED,
	METRIC_BUILD_INFO,
	METRIC_COUNT
};

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };

struct metric_def {
	const char *name; /* without METRICS_PREFIX */
	enum metric_type type;
	const char *help;
	const char *labels[METRIC_LABELS];
	const int64_t *bounds_us;  /* histogram: METRIC_BOUNDS of them, rising */
	const char *cloudwatch[2]; /* its names there; NULL: not sent */
};

extern const struct metric_def metric_defs[METRIC_COUNT];

/*
 * Count one. The texts are kept by pointer (of the table, or of something else that lives as
 * long as the process) and told apart by it; NULL: no such label. number: the last label
 * when it is one (a status), else 0. When the table is full METRIC_NOT_COUNTED
 * counts instead.
 */
void metrics_count(enum metric m, const char *a, const char *b, int number);
/* Note how long something took. A time below zero counts as none. */
void metrics_observe(enum metric m, const char *a, int64_t us);

/* In a process that was just forked: what was counted until now is the parent's. */
void metrics_forget(void);

/* Whether something was counted that has not been carried away. */
bool metrics_pending(void);

/*
 * What is to be carried away, as lines "<field> <n>\n", and for each histogram the least
 * and most of it, "<name> <min us> <max us>\n". The same again until metrics_carried() was
 * told, so that a call that may have arrived can be repeated; what is counted
 * meanwhile comes next time. False: nothing to carry.
 */
bool metrics_carry(struct arena *a, struct str *ret_counts, struct str *ret_extremes);
void metrics_carried(void);

/*
 * Read a field of the hash: which metric, its labels, which of its cells. False: it is
 * none of ours (of another version, say).
 */
bool metrics_field(struct str field, enum metric *ret_metric,
    struct str ret_labels[METRIC_LABELS], size_t *ret_cell);

#endif
