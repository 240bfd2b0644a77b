#include "domain/scaling_private.h"

#include "base/banned.h"

static void
step(struct work *w, enum scaling_action action, enum scaling_reason why, struct str arn,
    int64_t n)
{
	w->plan->steps[w->plan->n_steps++] =
	    (struct scaling_step){ .action = action, .why = why, .arn = arn, .count = n };
}

/* ---- light ---- */

static bool
should_be_lit(const struct work *w, const struct cell *c)
{
	if (!w->in->publisher_live || c->in->picture != SCALING_DARK || c->in->master ||
	    c->in->no_replica)
		return false;
	return c->in->state == SCALING_ACTIVE ||
	       (c->in->state == SCALING_DRAINING && c->viewers > 0);
}

static bool
will_be_lit(const struct work *w, const struct cell *c)
{
	(void)w;
	return c->lit;
}

/* Only marks them: the need looks at their seats. */
static void
choose_lit(struct work *w)
{
	int64_t i, dark = (int64_t)work_pick(w, should_be_lit, most_watched);
	int64_t n = least(dark, w->replica_room);

	for (i = 0; i < n; i++)
		w->sorted[i]->lit = true;
	w->replica_room -= n;
	w->plan->replicas_used += n;
	w->left_dark = dark - n;
}

static void
replicate(struct work *w)
{
	size_t i, n = work_pick(w, will_be_lit, most_watched);

	for (i = 0; i < n; i++)
		step(w, SCALING_REPLICATE, SCALING_WHY_DARK, w->sorted[i]->in->arn, 1);
}

/* ---- grow ---- */

struct need {
	int64_t seats; /* that the demand lacks */
	bool crowded;  /* nowhere a stage below the threshold */
};

/* Offline all active stages: they will take viewers again with the publisher. */
static bool
will_take(const struct work *w, const struct cell *c)
{
	return cell_active(c) &&
	       (!w->in->publisher_live || c->in->picture != SCALING_DARK || c->lit);
}

/* Free seats are worth nothing offline, so all who were refused count then. */
static struct need
find_need(const struct work *w)
{
	struct need need = { 0 };
	int64_t coming = w->orders * w->capacity;
	bool any = false, roomy = w->orders > 0;
	size_t i;

	for (i = 0; i < w->n; i++) {
		if (!will_take(w, &w->cells[i]))
			continue;
		any = true;
		roomy = roomy || !cell_crowded(w, &w->cells[i]);
		coming += cell_free(&w->cells[i]);
	}
	need.crowded = any && !roomy;
	if (!w->in->publisher_live)
		need.seats = w->refused;
	else if (w->wanted > coming)
		need.seats = w->wanted - coming;
	return need;
}

static enum scaling_reason
why_grow(const struct work *w, struct need need)
{
	if (need.seats == 0)
		return SCALING_WHY_THRESHOLD;
	return w->refused > 0 ? SCALING_WHY_REFUSED : SCALING_WHY_RATE;
}

static bool
could_return(const struct work *w, const struct cell *c)
{
	(void)w;
	return c->in->state == SCALING_DRAINING && cell_ours(c) &&
	       c->in->picture == SCALING_REPLICA && cell_free(c) > 0;
}

/* As many as the need takes, the roomiest first. What is left of the need stays in *need. */
static void
undrain(struct work *w, struct need *need)
{
	enum scaling_reason why = why_grow(w, *need);
	size_t i, n = work_pick(w, could_return, most_room);

	for (i = 0; i < n && (need->seats > 0 || need->crowded); i++) {
		struct cell *c = w->sorted[i];

		if (need->seats == 0 && cell_crowded(w, c))
			continue;
		c->undrained = true;
		step(w, SCALING_UNDRAIN, why, c->in->arn, 1);
		need->seats -= least(need->seats, cell_free(c));
		need->crowded = need->crowded && cell_crowded(w, c);
	}
}

static void
set_limit(struct work *w, enum scaling_reason why, int64_t missing)
{
	w->plan->limited = true;
	w->plan->limit = why;
	w->plan->missing = missing;
}

/* `stages` more are needed. Without permission or room for all: says which is missing. */
static void
create(struct work *w, int64_t stages, enum scaling_reason why)
{
	int64_t room = least(w->replica_room, w->stage_room);
	int64_t n = w->in->publisher_live && w->in->enabled ? least(stages, room) : 0;

	if (n > 0)
		step(w, SCALING_CREATE, why, STR_NULL, n);
	w->plan->replicas_used += n;
	if (n == stages)
		return;
	if (!w->in->publisher_live)
		set_limit(w, SCALING_LIMIT_OFFLINE, stages);
	else if (n < room)
		set_limit(w, SCALING_LIMIT_DISABLED, stages);
	else if (w->replica_room <= w->stage_room)
		set_limit(w, SCALING_LIMIT_REPLICAS, stages - n);
	else
		set_limit(w, SCALING_LIMIT_STAGES, stages - n);
}

static void
light_and_grow(struct work *w)
{
	struct need need;
	int64_t stages;

	choose_lit(w);
	need = find_need(w);
	if (w->in->publisher_live && w->in->enabled)
		undrain(w, &need);
	replicate(w);
	stages = need.seats > 0 ? divide_up(need.seats, w->capacity) : need.crowded;
	create(w, stages, why_grow(w, need));
}

/* ---- shrink ---- */

static bool
quiet(const struct work *w, const struct cell *c)
{
	if (!cell_active(c) || !cell_ours(c) || cell_young(w, c) || c->lit)
		return false;
	return c->viewers <= (w->in->publisher_live ? w->down : 0);
}

/*
 * Have the others room for `moved` viewers and the demand, well below the threshold? Without
 * others there is none; nor in a show that needs to grow, for that asks for less of either.
 */
static bool
room_for(const struct work *w, struct sums others, int64_t moved)
{
	int64_t margin = others.threshold / 10;

	if (!w->in->publisher_live)
		return true;
	return others.free - moved >= 2 * w->wanted &&
	       others.seats + moved <= others.threshold - (margin > 1 ? margin : 1);
}

/* A live show that has just grown, or is about to, keeps what it has. */
static bool
may_drain(const struct work *w)
{
	size_t i;

	if (!w->in->enabled)
		return false;
	if (!w->in->publisher_live)
		return true;
	for (i = 0; i < w->n; i++)
		if (cell_active(&w->cells[i]) && cell_ours(&w->cells[i]) &&
		    cell_young(w, &w->cells[i]))
			return false;
	return w->orders == 0;
}

/* Emptiest first, of these the youngest; each must find room beside those before it. */
static void
drain(struct work *w)
{
	struct sums others = work_taking(w), without;
	int64_t moved = 0;
	size_t i, n = work_pick(w, quiet, least_watched);

	for (i = 0; i < n; i++) {
		struct cell *c = w->sorted[i];

		without = others;
		if (cell_takes_viewers(c)) {
			without.seats -= c->seats;
			without.free -= cell_free(c);
			without.threshold -= cell_threshold(w, c);
		}
		if (!room_for(w, without, moved + c->seats))
			continue;
		others = without;
		moved += c->seats;
		c->drained = true;
		step(w, SCALING_DRAIN, SCALING_WHY_QUIET, c->in->arn, 1);
	}
}

static bool
over(const struct work *w, const struct cell *c)
{
	if (c->in->master || c->seats > 0)
		return false;
	if (c->in->state == SCALING_CLOSING)
		return true;
	if (c->in->state == SCALING_DRAINING && !c->undrained)
		return w->in->enabled && cell_ours(c) && !cell_young(w, c);
	return c->drained;
}

static void
remove_stages(struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		if (!over(w, &w->cells[i]))
			continue;
		step(w, SCALING_DELETE, SCALING_WHY_EMPTY, w->cells[i].in->arn, 1);
		w->plan->replicas_used -= w->cells[i].in->picture == SCALING_REPLICA;
	}
}

/* Those that this plan drains and that nobody watches need no picture any more. */
static void
report_dark(struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->cells[i].drained && w->cells[i].viewers == 0)
			w->left_dark -= should_be_lit(w, &w->cells[i]);
	if (w->left_dark > 0)
		set_limit(w, SCALING_LIMIT_REPLICAS,
		    w->left_dark > w->plan->missing ? w->left_dark : w->plan->missing);
}

void
scaling_decide(const struct scaling_input *in, struct arena *a, struct scaling_plan *ret)
{
	struct work w;

	work_init(&w, in, a, ret);
	light_and_grow(&w);
	if (may_drain(&w))
		drain(&w);
	remove_stages(&w);
	report_dark(&w);
}
