/*
 * history.h - how many watched over time.                         layer: domain
 *
 * From the snapshots that cron/snapshot writes every five minutes.
 */
#ifndef DOMAIN_HISTORY_H
#define DOMAIN_HISTORY_H

#include "io/pg.h"

#define HISTORY_HOURS_MAX 2160	   /* 90 days */
#define HISTORY_FINE_HOURS_MAX 168 /* up to here every slot is a point */

struct history_point {
	int64_t at_ms;	 /* its beginning */
	int64_t viewers; /* when the snapshot was taken; of an hour: the average */
	int64_t peak;	 /* all stages together: the sum of their peaks, an upper bound */
};

struct history_points {
	struct history_point *v; /* oldest first */
	size_t n;
};

/*
 * The last `hours` hours (1..HISTORY_HOURS_MAX): a point for every five minutes, above
 * HISTORY_FINE_HOURS_MAX for every hour. stage_arn empty: all stages together. Times without
 * a snapshot have no point. Errors as pg_run.
 */
bool history_read(struct pg *pg, struct arena *a, struct str stage_arn, int64_t hours,
    struct history_points *ret, struct err *err);

#endif
