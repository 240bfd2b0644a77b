/*
 * keeper.h - keeps the stages of the show as they should be.       layer: domain
 *
 * One run: look at what AWS has (stages, publisher, replicas) and note it, decide
 * (scaling.h), act step by step. Each step may be repeated, so what a crash leaves half done the
 * next run finishes. Runs come from cron (autoscale), from a viewer who finds no seat, from an
 * event that changed who publishes, from ivsctl. One at a time: lock:job:autoscale with a token.
 * A run that lost the lock (frozen, perhaps) makes no further AWS call: the lock is
 * confirmed right before each is sent; and the scripts that change the registry for a run check it
 * themselves.
 *
 * Libraries do not log: a report says what was done and what failed, keeper_log writes it.
 */
#ifndef DOMAIN_KEEPER_H
#define DOMAIN_KEEPER_H

#include "domain/publisher.h"
#include "domain/scaling.h"
#include "domain/stage_work.h"

#define KEEPER_EVENTS_MAX 64
#define KEEPER_TURNS_MAX 4	       /* of the publisher in one run */
#define KEEPER_AGE_UNKNOWN_S INT32_MAX /* older than any warm-up */

struct keeper_order {
	const char *by; /* who asks, for the log: "cron", "join", "event", "operator" */
	/* No step is begun later than this after the start, no AWS call lasts longer. */
	int64_t budget_ms;
	/*
	 * Looks at the registry only, calls AWS for nothing, changes nothing, takes no lock:
	 * what would be decided now.
	 */
	bool dry_run;
	/* Stop as soon as somebody can be seated: the rest is for the next run. */
	bool one_seat;
	/*
	 * The registry need not be compared with AWS' list again if that was done within ten
	 * seconds: joins come often, and the list of a large account takes seconds.
	 */
	bool hasty;
	/* There is news: who may be at it already is to look once more. */
	bool news;
};

enum keeper_what {
	KEEPER_CREATED,
	KEEPER_DELETED,
	KEEPER_DRAINED,
	KEEPER_UNDRAINED,
	KEEPER_REPLICATED,
	KEEPER_WAITING, /* for the publisher: AWS says that he is not publishing just now */
	KEEPER_ADOPTED,
	KEEPER_GONE,
	KEEPER_LEFT, /* it no longer carries our tags */
	KEEPER_CHANGED,
	KEEPER_FAILED, /* a step or a look: `cause` says of what */
	KEEPER_WHAT_COUNT
};

struct keeper_event {
	enum keeper_what what;
	struct str arn;	  /* empty: none */
	const char *why;  /* scaling_reason_name; NULL: none */
	struct str cause; /* of KEEPER_FAILED */
};

struct keeper_report {
	bool busy;	/* somebody else is at it: nothing was done */
	bool again;	/* there was news meanwhile: make another run */
	bool lock_lost; /* in the middle: somebody else goes on */
	struct publisher_known publisher;
	bool viewers_known; /* as struct show has it */
	struct scaling_input in;
	struct scaling_plan plan;
	struct keeper_event events[KEEPER_EVENTS_MAX];
	size_t n_events;
	int64_t count[KEEPER_WHAT_COUNT];
	struct publisher_news turns[KEEPER_TURNS_MAX];
	size_t n_turns;
};

/*
 * The report's texts live in w->arena. w->lock is set while it runs. False: Redis is away, or AWS
 * would not list the stages; the report says what was done before. A step that failed is in the
 * report and no error of the run.
 */
bool keeper_run(struct stage_work *w, const struct keeper_order *order,
    struct keeper_report *ret, struct err *err);

/*
 * One line for each event, and one when the show may not grow as it should and that was not
 * the last thing said; *said keeps what was (SCALING_REASON_COUNT: nothing).
 */
void keeper_log(
    const struct keeper_report *r, struct arena *a, enum scaling_reason *said);

/* For people: the numbers, each stage, the steps and why. */
struct str keeper_explain(const struct keeper_report *r, struct arena *a);

/*
 * What the last run said is kept in Redis for ten minutes, for `GET /api/stats` (show.keeper_json):
 *   {at (ms), by, taking, seats, freeSeats, limit: {reason, missing} or null}
 */
struct str keeper_report_json(
    const struct keeper_report *r, struct arena *a, const char *by, int64_t now_ms);

/* Replicas that AWS has given the publisher when the run ends. */
int64_t keeper_replicas_given(const struct keeper_report *r);

#endif
