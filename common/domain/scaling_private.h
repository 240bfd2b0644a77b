/*
 * scaling_private.h - the stages as scaling.c and scaling_work.c see them.  layer: domain
 *
 * For these two only: one puts the numbers in range and answers questions about a stage, the
 * other decides.
 */
#ifndef DOMAIN_SCALING_PRIVATE_H
#define DOMAIN_SCALING_PRIVATE_H

#include "domain/scaling.h"

/*
 * No number of a show comes near it, the product of two still fits in 63 bits, and so
 * nothing that is made of them can overflow.
 */
#define SCALING_NUMBER_MAX 1000000000

/* A stage with its numbers put in range, and what this plan does to it. */
struct cell {
	const struct scaling_stage *in;
	int64_t capacity, seats, viewers, age_s;
	bool lit, undrained, drained;
};

/* What the stages that take viewers hold. `threshold`: seats with which all are crowded. */
struct sums {
	int64_t n, capacity, seats, free, threshold;
};

struct work {
	const struct scaling_input *in;
	struct scaling_plan *plan;
	int64_t capacity, up, down, warm_up_s;
	int64_t orders, refused;
	int64_t wanted;			  /* seats, within the horizon */
	int64_t replica_room, stage_room; /* how many more there may be */
	struct cell *cells, **sorted;	  /* sorted: see work_pick */
	size_t n;
	int64_t left_dark; /* get no picture, for want of a replica */
};

/*
 * Fills all but the last, and the numbers of the plan. The steps get room for two a
 * stage and one more.
 */
void work_init(struct work *w, const struct scaling_input *in, struct arena *a,
    struct scaling_plan *plan);

/* Arithmetic that both the decision and the forecast need. */
int64_t clamp(int64_t n, int64_t low, int64_t high);
int64_t least(int64_t a, int64_t b);
int64_t divide_up(int64_t n, int64_t by);

int64_t cell_free(const struct cell *c); /* seats */
bool cell_active(const struct cell *c);
bool cell_takes_viewers(const struct cell *c);
/* Made by this program and nobody publishes there: may be drained, and come back. */
bool cell_ours(const struct cell *c);
bool cell_young(const struct work *w, const struct cell *c);
/* A full stage is at the threshold, however high that is. */
int64_t cell_threshold(const struct work *w, const struct cell *c);
bool cell_crowded(const struct work *w, const struct cell *c);

struct sums work_taking(const struct work *w);

/* Orders for work_pick. Ties go by ARN: the same show gives the same plan. */
int most_watched(const void *a, const void *b);	 /* then the oldest */
int least_watched(const void *a, const void *b); /* then the youngest */
int most_room(const void *a, const void *b);
/* w->sorted becomes the stages for which `wanted` holds, in `order`. Returns how many. */
size_t work_pick(struct work *w, bool (*wanted)(const struct work *, const struct cell *),
    int (*order)(const void *, const void *));

#endif
