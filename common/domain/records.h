/*
 * records.h - the watching history: from the stream to PostgreSQL.  layer: domain
 *
 * The presence scripts append every change to the Redis stream `records` in the step
 * that makes it (lua/lib/session.lua says what an entry holds). Here entries are taken
 * from it in batches, written by one idempotent statement, and deleted from the
 * stream only after PostgreSQL has committed. Whoever holds `lock:records` drains.
 *
 * A drain that fails keeps the lock for RECORDS_BACKOFF_MS, so that an absent PostgreSQL
 * costs one process a moment and not everyone.
 */
#ifndef DOMAIN_RECORDS_H
#define DOMAIN_RECORDS_H

#include "io/pg.h"
#include "io/redis.h"

#define RECORDS_BATCH 500
#define RECORDS_BACKOFF_MS 3000
/* viewer_sessions.record_pos counts so many positions a millisecond: nobody writes more records. */
#define RECORDS_POSITIONS 1000000

struct records_result {
	int64_t entries; /* written and deleted */
	int64_t dead;	 /* could not be stored; kept in the stream `records:dead` */
	int64_t left;	 /* still waiting when we stopped */
	bool busy;	 /* somebody else holds the lock */
};

/*
 * Drain until the stream is empty or budget_ms is over. Somebody else at it: true, with
 * ret->busy. ERR_UPSTREAM: Redis or PostgreSQL is away; nothing is lost.
 * The arena is used for one batch at a time and left wiped: give it one of its own.
 */
bool records_drain(struct redis *r, struct pg *pg, struct arena *a, int64_t budget_ms,
    struct records_result *ret, struct err *err);

/*
 * For readers of history: return when everything recorded before this call is in
 * PostgreSQL, draining or waiting for who drains. ERR_UPSTREAM when that takes longer than
 * budget_ms or a drain has just failed. Uses `a` like records_drain.
 */
bool records_settle(
    struct redis *r, struct pg *pg, struct arena *a, int64_t budget_ms, struct err *err);

/* What is not yet in PostgreSQL; looking changes nothing. */
struct records_queue {
	int64_t waiting;
	int64_t oldest_ms; /* age of the oldest */
	int64_t dead;	   /* in `records:dead`, ever (the newest 10000 are kept) */
};
bool records_look(
    struct redis *r, struct arena *a, struct records_queue *ret, struct err *err);
/*
 * Whether a record has waited for age_ms, or longer than the clock of Redis can tell. A Redis that
 * does not say so within timeout_ms is better not drained: what it takes up later would hold the
 * lock for nobody. Leaves `a` wiped.
 */
bool records_due(struct redis *r, struct arena *a, int64_t age_ms, int64_t timeout_ms);

struct history_row {
	int64_t id;
	struct str user_id, stage_arn, participant_id; /* p == NULL: none */
	int64_t joined_at_ms, left_at_ms;	       /* 0: still there */
	int64_t watch_seconds;			       /* -1: still there */
	struct str end_reason, user_agent, ip_address; /* p == NULL: none */
};

struct history_page {
	int64_t total;		  /* all records of the user */
	struct history_row *rows; /* newest first */
	size_t n;
};

/* before: only rows with a smaller id; 0 = from the newest. limit 1..100. */
bool records_history(struct pg *pg, struct arena *a, struct str user_id, int64_t limit,
    int64_t before, struct history_page *ret, struct err *err);

struct stage_stats {
	int64_t total_views, unique_viewers, max_watch_s, total_watch_s;
	int64_t avg_watch_s; /* rounded to the nearest second */
};

/* Sessions of the last `days` days. Open sessions count as views; their time is counted
 * up to now. */
bool records_stage_stats(struct pg *pg, struct arena *a, struct str stage_arn,
    int64_t days, struct stage_stats *ret, struct err *err);

#endif
