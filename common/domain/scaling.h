/*
 * scaling.h - what stages the show should have: a pure decision.    layer: domain
 *
 * No clock, no store, no AWS: numbers in, steps with reasons out, so that a table of
 * cases can test it. domain/keeper.c carries the steps out, one by one; each is safe to repeat
 * and the next run decides anew. Why and how: docs/design.md, "Scaling".
 *
 * A stage takes viewers while it is active and has a picture. A picture comes from the
 * publisher himself (the master stage), from a replica of him (at most max_replicas at a
 * time, an AWS quota that cannot be raised), or from somebody who publishes there directly.
 *
 * Light: dark stages get the publisher's picture: active ones, and draining ones that are
 * still being watched. Most viewers first, then the oldest. Also while scaling is off.
 * Grow: when every stage that takes viewers has scale_up_threshold seats taken or more, or
 * when the free seats will be gone within the time it takes to make a stage (joins a second
 * times horizon_s, and those already refused). By as many stages as the demand needs, in one
 * run; none that could not get a picture; none over max_stages. Draining stages come back
 * (undrain) before new ones are made. Orders under way, and dark stages lit by this very plan,
 * count as if they took viewers.
 * Shrink: only stages this program made itself (auto_scaled), not younger than warm_up_s, and
 * where nobody publishes. One with at most scale_down_threshold viewers is drained (nobody
 * new) when the others have room for its viewers and for twice the demand, and then stay
 * a tenth below the threshold. A draining stage without a single seat taken is deleted; an
 * empty one is drained and deleted in one run. Never a stage with a live viewer. Nothing is
 * drained in a run that grows or would like to, while an order is under way, or while a stage
 * of ours is younger than warm_up_s: the show has just grown.
 * Offline: nothing is lit or made; empty stages of ours are still removed.
 * Whatever the settings say, a deletion once begun (SCALING_CLOSING) is finished.
 *
 * No step ever names the master. A stage made by hand is only lit, or its begun
 * deletion finished. Numbers out of range are clamped, NaN counts as 0.
 */
#ifndef DOMAIN_SCALING_H
#define DOMAIN_SCALING_H

#include "base/arena.h"
#include "base/str.h"

enum scaling_state { SCALING_ACTIVE, SCALING_DRAINING, SCALING_CLOSING };

/* Where its picture comes from. */
enum scaling_picture {
	SCALING_DARK,	/* none */
	SCALING_MASTER, /* the publisher publishes here */
	SCALING_REPLICA,
	SCALING_DIRECT /* somebody else publishes here */
};

struct scaling_stage {
	struct str arn;
	enum scaling_state state;
	enum scaling_picture picture;
	bool master;
	bool auto_scaled;    /* made by this program: only such are ever removed */
	bool no_replica;     /* replication was stopped by hand: leave it dark */
	int64_t capacity;    /* its own, or what the settings say */
	int64_t seats;	     /* taken, lapsed ones included */
	int64_t viewers_now; /* <= seats */
	int64_t age_s;
};

struct scaling_input {
	/* settings */
	bool enabled;	  /* AUTO_SCALE_ENABLED: false: replicate, nothing else */
	int64_t capacity; /* of a new stage */
	int64_t scale_up_threshold, scale_down_threshold; /* viewers of one stage */
	int64_t max_stages, max_replicas;
	int64_t warm_up_s; /* at least 1 */
	/* the show */
	bool publisher_live;  /* and his participant is known */
	int64_t stages_exist; /* ours in AWS, orders under way included; >= n_stages */
	int64_t orders;	      /* being made by somebody right now; not in `stages` */
	double joins_per_s;   /* of new viewers */
	int64_t refused;      /* viewers who found no seat since about the last run */
	int64_t horizon_s;    /* until a stage ordered at the next run takes viewers */
	struct scaling_stage *stages; /* the master first */
	size_t n_stages;
	bool replicas_refused; /* max_replicas is not the setting: AWS refused one more */
};

enum scaling_action {
	SCALING_CREATE,	   /* `count` new stages, each then replicated */
	SCALING_REPLICATE, /* give it the publisher's picture */
	SCALING_UNDRAIN,
	SCALING_DRAIN,
	SCALING_DELETE
};

/* Why a step is taken, and why none is: a word for machines. scaling_reason_text explains. */
enum scaling_reason {
	SCALING_WHY_THRESHOLD, /* every stage that takes viewers is at the threshold */
	SCALING_WHY_RATE,      /* the free seats will be gone before a stage is made */
	SCALING_WHY_REFUSED,   /* viewers were turned away */
	SCALING_WHY_DARK,      /* it should have a picture and has none */
	SCALING_WHY_QUIET,     /* few viewers, room elsewhere */
	SCALING_WHY_EMPTY,     /* nobody left on it */
	/* what keeps the show from growing as it should */
	SCALING_LIMIT_REPLICAS, /* IVS_MAX_REPLICAS are in use or taken */
	SCALING_LIMIT_STAGES,	/* MAX_STAGES exist */
	SCALING_LIMIT_OFFLINE,	/* nobody publishes: no stage could get a picture */
	SCALING_LIMIT_DISABLED, /* AUTO_SCALE_ENABLED=false */
	SCALING_REASON_COUNT
};

struct scaling_step {
	enum scaling_action action;
	enum scaling_reason why;
	struct str arn; /* empty for SCALING_CREATE */
	int64_t count;	/* of SCALING_CREATE; else 1 */
};

struct scaling_plan {
	struct scaling_step *steps; /* in the order to take them */
	size_t n_steps;
	/*
	 * The show should have `missing` stages with a picture more and may not: why.
	 * Offline before replicas or stages (which of the two leaves less) before disabled:
	 * disabled means that it would have grown otherwise.
	 */
	bool limited;
	enum scaling_reason limit;
	int64_t missing;
	/* what the decision rested on, for people */
	int64_t capacity, seats, free_seats; /* of stages that take viewers */
	int64_t taking;			     /* stages that take viewers */
	int64_t wanted_seats;		     /* demand within the horizon */
	int64_t replicas_used; /* after the plan, those of orders included */
};

/* Steps live in the arena; the input is borrowed. Never fails. */
void scaling_decide(
    const struct scaling_input *in, struct arena *a, struct scaling_plan *ret);

const char *scaling_action_name(enum scaling_action action); /* "create" */
const char *scaling_reason_name(enum scaling_reason why);    /* "REPLICA_QUOTA" */
/*
 * One sentence in English: what it means and, for a limit, what to set or do. For
 * logs, --explain and ivsctl (numbers of `in` are put in); in the arena.
 */
struct str scaling_reason_text(
    struct arena *a, const struct scaling_input *in, enum scaling_reason why);

/* ---- planning ahead: ivsctl plan N ---- */

enum scaling_bound {
	SCALING_BOUND_NONE,	   /* fits */
	SCALING_BOUND_REPLICAS,	   /* IVS_MAX_REPLICAS, quota 5, cannot be raised */
	SCALING_BOUND_MAX_STAGES,  /* our setting MAX_STAGES */
	SCALING_BOUND_STAGES,	   /* AWS: 1,000 stages, can be raised */
	SCALING_BOUND_SUBSCRIBERS, /* AWS: 10,000 subscribers of one stage */
	SCALING_BOUND_CONNECTIONS  /* AWS: 20,000 publisher-to-subscriber connections */
};

struct scaling_forecast {
	int64_t viewers, stages; /* the master included */
	int64_t replications;
	int64_t connections;	  /* publisher-to-subscriber, replicas counted */
	int64_t calls;		  /* AWS calls to get there: three for a further stage */
	double seconds;		  /* at least: each operation 5 times a second */
	enum scaling_bound first; /* that breaks; NONE */
	int64_t reachable;	  /* viewers that fit with today's settings */
	int64_t suggested_capacity; /* MAX_VIEWERS_PER_STAGE with which they would fit;
					0: they fit already, or no figure would do */
	int64_t one_publisher; /* viewers one publisher reaches with every quota raised */
	int64_t publishers;    /* needed even then, each with a show of its own */
};

/*
 * With today's settings, one publisher, nobody in the show yet. Quotas: AWS, "Service
 * Quotas" of IVS Real-Time. Absurd numbers are clamped; ret->viewers says to what.
 */
void scaling_forecast(int64_t viewers, int64_t capacity, int64_t max_stages,
    int64_t max_replicas, struct scaling_forecast *ret);

#endif
