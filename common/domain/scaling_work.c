#include "domain/scaling_private.h"

#include <stdlib.h>

#include "base/banned.h"

int64_t
clamp(int64_t n, int64_t low, int64_t high)
{
	return n < low ? low : n > high ? high : n;
}

static int64_t
count(int64_t n)
{
	return clamp(n, 0, SCALING_NUMBER_MAX);
}

int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
divide_up(int64_t n, int64_t by)
{
	return n / by + (n % by > 0);
}

/* Viewers who will come within the horizon; a hair less than a whole one is none. */
static int64_t
expected(double joins_per_s, int64_t horizon_s)
{
	double joins = joins_per_s > 0 ? joins_per_s : 0; /* NaN is not > 0 */
	double n;

	if (joins > SCALING_NUMBER_MAX)
		joins = SCALING_NUMBER_MAX;
	n = joins * (double)count(horizon_s);
	return (int64_t)n + (n - (double)(int64_t)n > 1e-6);
}

/* ---- what a stage is ---- */

int64_t
cell_free(const struct cell *c)
{
	return c->capacity > c->seats ? c->capacity - c->seats : 0;
}

bool
cell_active(const struct cell *c)
{
	return c->in->state == SCALING_ACTIVE && !c->drained;
}

bool
cell_takes_viewers(const struct cell *c)
{
	return cell_active(c) && c->in->picture != SCALING_DARK;
}

int64_t
cell_threshold(const struct work *w, const struct cell *c)
{
	return least(w->up, c->capacity);
}

bool
cell_crowded(const struct work *w, const struct cell *c)
{
	return c->seats >= cell_threshold(w, c);
}

bool
cell_ours(const struct cell *c)
{
	return c->in->auto_scaled && !c->in->master &&
	       (c->in->picture == SCALING_DARK || c->in->picture == SCALING_REPLICA);
}

bool
cell_young(const struct work *w, const struct cell *c)
{
	return c->age_s < w->warm_up_s;
}

struct sums
work_taking(const struct work *w)
{
	struct sums t = { 0 };
	size_t i;

	for (i = 0; i < w->n; i++) {
		const struct cell *c = &w->cells[i];

		if (!cell_takes_viewers(c))
			continue;
		t.n++;
		t.capacity += c->capacity;
		t.seats += c->seats;
		t.free += cell_free(c);
		t.threshold += cell_threshold(w, c);
	}
	return t;
}

/* ---- the order in which stages are considered ---- */

static int
by_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int
by_arn(const struct cell *a, const struct cell *b)
{
	return str_cmp(a->in->arn, b->in->arn);
}

int
most_watched(const void *a, const void *b)
{
	const struct cell *x = *(struct cell *const *)a, *y = *(struct cell *const *)b;
	int order = by_number(y->viewers, x->viewers);

	if (order == 0)
		order = by_number(y->age_s, x->age_s);
	return order ? order : by_arn(x, y);
}

int
least_watched(const void *a, const void *b)
{
	const struct cell *x = *(struct cell *const *)a, *y = *(struct cell *const *)b;
	int order = by_number(x->viewers, y->viewers);

	if (order == 0)
		order = by_number(x->age_s, y->age_s);
	return order ? order : by_arn(x, y);
}

int
most_room(const void *a, const void *b)
{
	const struct cell *x = *(struct cell *const *)a, *y = *(struct cell *const *)b;
	int order = by_number(cell_free(y), cell_free(x));

	return order ? order : by_arn(x, y);
}

size_t
work_pick(struct work *w, bool (*wanted)(const struct work *, const struct cell *),
    int (*order)(const void *, const void *))
{
	size_t i, n = 0;

	for (i = 0; i < w->n; i++)
		if (wanted(w, &w->cells[i]))
			w->sorted[n++] = &w->cells[i];
	qsort(w->sorted, n, sizeof(struct cell *), order);
	return n;
}

/* ---- reading the input ---- */

static void
read_stages(struct work *w, struct arena *a)
{
	size_t i;

	w->n = w->in->stages ? w->in->n_stages : 0;
	w->cells = arena_zalloc(a, (w->n + 1) * sizeof(*w->cells));
	w->sorted = arena_zalloc(a, (w->n + 1) * sizeof(struct cell *));
	/* A stage gets two steps at most: drain and delete. */
	w->plan->steps = arena_zalloc(a, (2 * w->n + 1) * sizeof(*w->plan->steps));
	for (i = 0; i < w->n; i++) {
		const struct scaling_stage *s = &w->in->stages[i];
		int64_t viewers = count(s->viewers_now), seats = count(s->seats);

		w->cells[i] = (struct cell){ .in = s,
			.capacity = count(s->capacity),
			.seats = seats > viewers ? seats : viewers,
			.viewers = viewers,
			.age_s = count(s->age_s) };
	}
}

static void
read_settings(struct work *w, const struct scaling_input *in)
{
	w->in = in;
	w->capacity = clamp(in->capacity, 1, SCALING_NUMBER_MAX);
	w->up = clamp(in->scale_up_threshold, 1, SCALING_NUMBER_MAX);
	w->down = clamp(in->scale_down_threshold, 0, w->up - 1);
	/* Not 0: what this run makes must not be drained by the next. */
	w->warm_up_s = clamp(in->warm_up_s, 1, SCALING_NUMBER_MAX);
	w->orders = count(in->orders);
	w->refused = count(in->refused);
	w->wanted = expected(in->joins_per_s, in->horizon_s) + w->refused;
}

/* Orders will each need a stage and a replica. */
static void
find_room(struct work *w)
{
	int64_t exist = count(w->in->stages_exist), known = (int64_t)w->n + w->orders;
	size_t i;

	w->plan->replicas_used = w->orders;
	for (i = 0; i < w->n; i++)
		w->plan->replicas_used += w->cells[i].in->picture == SCALING_REPLICA;
	exist = exist > known ? exist : known;
	w->replica_room = clamp(
	    count(w->in->max_replicas) - w->plan->replicas_used, 0, SCALING_NUMBER_MAX);
	w->stage_room = clamp(count(w->in->max_stages) - exist, 0, SCALING_NUMBER_MAX);
}

void
work_init(struct work *w, const struct scaling_input *in, struct arena *a,
    struct scaling_plan *plan)
{
	struct sums taking;

	memset(w, 0, sizeof(*w));
	memset(plan, 0, sizeof(*plan));
	w->plan = plan;
	read_settings(w, in);
	read_stages(w, a);
	find_room(w);
	taking = work_taking(w);
	plan->taking = taking.n;
	plan->capacity = taking.capacity;
	plan->seats = taking.seats;
	plan->free_seats = taking.free;
	plan->wanted_seats = w->wanted;
}
