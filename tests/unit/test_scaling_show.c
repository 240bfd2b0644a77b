/*
 * scaling over time: whole shows told run by run, and many thousand shows made at random
 * of which no plan may break a rule, contradict the one before, or go on for ever.
 */
#include "domain/scaling.h"

#include <stdio.h>

#include "tap.h"
#include "scaling_show.h"
#include "base/banned.h"

#define SHOWS 100000

/* ---- told run by run ---- */

static int64_t
seats_of(const struct scaling_input *in)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < in->n_stages; i++)
		n += in->stages[i].seats;
	return n;
}

/* As the join script does: onto the stage with the fewest. False: no seat. */
static bool
join(struct scaling_input *in)
{
	struct scaling_stage *best = NULL;
	size_t i;

	for (i = 0; i < in->n_stages; i++) {
		struct scaling_stage *s = &in->stages[i];

		if (s->state == SCALING_ACTIVE && s->picture != SCALING_DARK &&
		    s->seats < s->capacity && (!best || s->seats < best->seats))
			best = s;
	}
	if (best)
		best->viewers_now = ++best->seats;
	return best != NULL;
}

static void
pass(struct scaling_input *in, int64_t seconds)
{
	size_t i;

	for (i = 0; i < in->n_stages; i++)
		in->stages[i].age_s += seconds;
}

/* A thousand come within a minute; a run every ten seconds, a stage takes ten to make. */
static void
test_rush(struct arena *a)
{
	struct scaling_input in = show_settings();
	struct scaling_plan plan;
	int64_t waiting = 0, s, coming;

	in.capacity = 200;
	in.scale_up_threshold = 180;
	in.joins_per_s = 1000.0 / 60;
	show_read(&in, a, "M0>200");
	for (s = 1; s <= 120; s++) {
		coming = waiting + (s <= 60 ? s * 1000 / 60 - (s - 1) * 1000 / 60 : 0);
		for (waiting = 0; coming > 0; coming--)
			waiting += !join(&in);
		in.joins_per_s = s < 60 ? 1000.0 / 60 : 0;
		in.refused = waiting;
		if (s % 10 == 0) {
			show_create(&in, a, in.orders);
			in.stages_exist -= in.orders;
			in.orders = 0;
			scaling_decide(&in, a, &plan);
			show_apply(&in, a, &plan, true);
		}
		pass(&in, 1);
	}
	is_int((long long)in.n_stages, 6, "rush: six stages");
	is_int(seats_of(&in), 1000, "rush: everybody has a seat");
	is_int(waiting, 0, "rush: nobody waits");
	in.refused = 300;
	scaling_decide(&in, a, &plan);
	is_text(plan_text(a, &plan), "missing 1 REPLICA_QUOTA",
	    "rush: and no more are possible, which is said");
	arena_wipe(a);
}

static void
run(struct scaling_input *in, struct arena *a, int64_t seconds)
{
	struct scaling_plan plan;

	pass(in, seconds);
	scaling_decide(in, a, &plan);
	show_apply(in, a, &plan, false);
}

/* Five stages, their audience leaves but for three, and these later. */
static void
test_ebb(struct arena *a)
{
	struct scaling_input in = show_settings();
	int64_t viewers = 0;
	size_t i;

	show_read(&in, a, "M0 A1ry A1ry A1ry A0ry");
	for (i = 1; i < in.n_stages; i++)
		in.stages[i].age_s = 0;
	for (i = 0; i < 20; i++)
		run(&in, a, 30);
	for (i = 0; i < in.n_stages; i++)
		viewers += in.stages[i].viewers_now;
	is_int(viewers, 3, "ebb: no stage with a viewer was deleted");
	is_int((long long)in.n_stages, 4, "ebb: the empty one was");
	for (i = 0; i < in.n_stages; i++)
		in.stages[i].seats = in.stages[i].viewers_now = 0;
	run(&in, a, 30);
	is_int((long long)in.n_stages, 1, "ebb: when they leave all go at once");

	show_read(&in, a, "M3 A0ry A0ry A0ry A0ry");
	for (i = 1; i < in.n_stages; i++)
		in.stages[i].age_s = 0;
	run(&in, a, SHOW_WARM_UP_S - 1);
	is_int((long long)in.n_stages, 5, "ebb: young stages are kept");
	run(&in, a, 1);
	is_int((long long)in.n_stages, 1, "ebb: after the warm-up all are gone");
	arena_wipe(a);
}

/* The publisher comes back with a new participant id: every replica is gone. */
static void
test_return(struct arena *a)
{
	struct scaling_input in = show_settings();
	struct scaling_plan plan;

	show_read(&in, a, "M40 A30 A20 A35 A0");
	scaling_decide(&in, a, &plan);
	is_text(plan_text(a, &plan),
	    "replicate s3 NO_PICTURE, replicate s1 NO_PICTURE, replicate s2 NO_PICTURE, "
	    "replicate s4 NO_PICTURE",
	    "return: all stages are lit again, the fullest first");
	show_apply(&in, a, &plan, false);
	scaling_decide(&in, a, &plan);
	ok(plan.n_steps == 2 && plan.steps[0].action == SCALING_DRAIN,
	    "return: then the empty one is looked at");
	arena_wipe(a);
}

/* What was made makes an old small stage superfluous, but not at once. */
static void
test_no_flapping(struct arena *a)
{
	struct scaling_input in = show_settings();
	struct scaling_plan plan;

	in.warm_up_s = 0;
	in.refused = 4;
	show_read(&in, a, "M48 A4>5r");
	scaling_decide(&in, a, &plan);
	is_text(plan_text(a, &plan), "create 1 REFUSED", "flapping: a stage is made");
	show_apply(&in, a, &plan, false);
	scaling_decide(&in, a, &plan);
	is_text(plan_text(a, &plan), "", "flapping: the next run drains none");
	run(&in, a, 1);
	ok(in.stages[1].state == SCALING_DRAINING, "flapping: a later one may");
	arena_wipe(a);
}

/* ---- at random ---- */

static uint64_t dice = 88172645463325252u;

static int64_t
roll(int64_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (int64_t)(dice % (uint64_t)n);
}

static void
random_stage(struct scaling_input *in, struct arena *a, size_t i)
{
	static const enum scaling_picture pictures[] = { SCALING_DARK, SCALING_REPLICA,
		SCALING_REPLICA, SCALING_REPLICA, SCALING_DIRECT };
	static const enum scaling_state states[] = { SCALING_ACTIVE, SCALING_ACTIVE,
		SCALING_ACTIVE, SCALING_DRAINING, SCALING_CLOSING };
	struct scaling_stage *s = &in->stages[i];

	*s = (struct scaling_stage){ .arn = str_printf(a, "s%zu", i) };
	s->master = i == 0;
	s->state = i == 0 ? SCALING_ACTIVE : states[roll(5)];
	s->picture = i > 0		  ? pictures[roll(5)]
		     : in->publisher_live ? SCALING_MASTER
					  : SCALING_DARK;
	s->auto_scaled = i > 0 && roll(4) > 0;
	s->no_replica = roll(10) == 0;
	s->capacity = roll(4) == 0 ? roll(120) : in->capacity;
	s->seats = roll(3) == 0 ? 0 : roll(2) ? roll(8) : roll(s->capacity + 5);
	s->viewers_now = roll(4) == 0 ? roll(s->seats + 1) : s->seats;
	s->age_s = roll(3) == 0 ? roll(400) : 1000 + roll(3);
}

static void
random_show(struct scaling_input *in, struct arena *a)
{
	size_t i;

	*in = (struct scaling_input){
		.enabled = roll(12) > 0,
		.publisher_live = roll(8) > 0,
		.capacity = 1 + roll(80),
		.max_stages = 1 + roll(14),
		.max_replicas = roll(7),
		.warm_up_s = roll(4) ? 300 : roll(3),
		.orders = roll(4) ? 0 : roll(4),
		.joins_per_s = roll(3) ? 0 : (double)roll(400) / 100,
		.horizon_s = roll(60),
		.refused = roll(5) ? 0 : roll(150),
	};
	in->scale_up_threshold = roll(4) ? 1 + in->capacity * 9 / 10 : 1 + roll(100);
	in->scale_down_threshold = roll(4) ? in->capacity / 10 : roll(60);
	in->n_stages = 1 + (size_t)roll(9);
	in->stages = arena_zalloc(a, SHOW_STAGES * sizeof(*in->stages));
	for (i = 0; i < in->n_stages; i++)
		random_stage(in, a, i);
	in->stages_exist = (int64_t)in->n_stages + in->orders + (roll(5) ? 0 : roll(3));
}

static int64_t
steps_of(const struct scaling_plan *plan, enum scaling_action action)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].action == action)
			n += plan->steps[i].count;
	return n;
}

static bool
drained_by(const struct scaling_plan *plan, struct str arn)
{
	size_t i;

	for (i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].action == SCALING_DRAIN &&
		    str_eq(plan->steps[i].arn, arn))
			return true;
	return false;
}

/* May this step be taken of this stage? NULL: yes; else which rule forbids it. */
static const char *
step_breaks(const struct scaling_input *in, const struct scaling_plan *plan,
    const struct scaling_step *step, const struct scaling_stage *s)
{
	bool settled = s->auto_scaled && s->age_s >= in->warm_up_s;
	bool closing = s->state == SCALING_CLOSING;

	if (s->master || step->count != 1)
		return "a step of the master";
	if (!in->enabled && step->action != SCALING_REPLICATE && !closing)
		return "more than light while scaling is off";
	if (step->action == SCALING_REPLICATE)
		return s->picture != SCALING_DARK || s->no_replica || closing ||
			       !in->publisher_live
			   ? "lights what has a picture, or should have none"
			   : NULL;
	if (step->action == SCALING_UNDRAIN)
		return s->state != SCALING_DRAINING || !s->auto_scaled ||
			       s->picture != SCALING_REPLICA
			   ? "undrains what does not drain, or is not ours, or dark"
			   : NULL;
	if (!settled && !closing)
		return "drains or deletes a young stage, or one made by hand";
	if (s->picture == SCALING_DIRECT && !closing)
		return "drains or deletes where somebody publishes";
	if (step->action == SCALING_DRAIN)
		return s->state != SCALING_ACTIVE ? "drains what is not active" : NULL;
	if (s->seats > 0 || s->viewers_now > 0)
		return "deletes a stage with a viewer, or a seat taken";
	return s->state == SCALING_ACTIVE && !drained_by(plan, s->arn)
		   ? "deletes a stage that takes viewers"
		   : NULL;
}

static int64_t
replicas_of(const struct scaling_input *in)
{
	int64_t n = in->orders;
	size_t i;

	for (i = 0; i < in->n_stages; i++)
		n += in->stages[i].picture == SCALING_REPLICA;
	return n;
}

static int64_t
taking_of(const struct scaling_input *in)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < in->n_stages; i++)
		n += in->stages[i].state == SCALING_ACTIVE &&
		     in->stages[i].picture != SCALING_DARK;
	return n;
}

static const char *
plan_breaks(const struct scaling_input *in, const struct scaling_plan *plan)
{
	int64_t made = steps_of(plan, SCALING_CREATE);
	int64_t used = made + steps_of(plan, SCALING_REPLICATE) + replicas_of(in);
	const char *broken;
	size_t i;

	for (i = 0; i < plan->n_steps; i++) {
		const struct scaling_step *step = &plan->steps[i];
		const struct scaling_stage *s;

		if (step->action == SCALING_CREATE)
			continue;
		s = show_find(in, step->arn);
		broken = s ? step_breaks(in, plan, step, s) : "a stage nobody knows";
		if (broken)
			return broken;
	}
	if (made > 0 && (made + in->stages_exist > in->max_stages))
		return "more stages than MAX_STAGES";
	if (used > replicas_of(in) && used > in->max_replicas)
		return "more replicas than there are";
	if (made > 0 && (steps_of(plan, SCALING_DRAIN) > 0 || !in->publisher_live))
		return "makes a stage and drains, or makes one offline";
	if (plan->limited != (plan->missing > 0) ||
	    (plan->limited && plan->limit < SCALING_LIMIT_REPLICAS))
		return "limited by nothing";
	return NULL;
}

/*
 * What the run after `was` may not do, the demand being the same. `warm`: the warm-up went
 * by in between, and what was made may turn out to have made a small stage superfluous.
 */
static const char *
plan_contradicts(
    const struct scaling_plan *was, const struct scaling_plan *now, bool warm)
{
	bool grew = steps_of(was, SCALING_CREATE) > 0;
	bool shrank = steps_of(was, SCALING_DRAIN) > 0;

	if (grew && !warm && steps_of(now, SCALING_DRAIN) > 0)
		return "drains after making";
	if (shrank && steps_of(now, SCALING_CREATE) + steps_of(now, SCALING_UNDRAIN) > 0)
		return "makes or undrains after draining";
	if (grew && !was->limited && steps_of(now, SCALING_CREATE) > 0)
		return "makes again what was made";
	return NULL;
}

/* Run after run of one show; NULL when all is well and it comes to rest. */
static const char *
play(struct scaling_input *in, struct arena *a, int64_t seconds)
{
	struct scaling_plan was = { 0 }, now;
	const char *broken;
	int64_t taking;
	int i;

	for (i = 0; i < 12; i++) {
		scaling_decide(in, a, &now);
		broken = plan_breaks(in, &now);
		if (!broken)
			broken = plan_contradicts(
			    &was, &now, seconds > 0 && seconds >= in->warm_up_s);
		if (broken)
			return broken;
		if (now.n_steps == 0 && i * seconds > 400)
			return NULL;
		taking = taking_of(in);
		if (!show_apply(in, a, &now, roll(2) == 0))
			return "a step of a stage that is gone";
		if (in->publisher_live && taking > 0 && taking_of(in) == 0)
			return "nothing takes viewers any more";
		if (replicas_of(in) != now.replicas_used)
			return "replicas_used is not what is used";
		was = now;
		pass(in, seconds);
	}
	return now.n_steps > 0 ? "never comes to rest" : NULL;
}

static void
test_random(struct arena *a)
{
	struct scaling_input in;
	const char *broken = NULL;
	uint64_t seed = 0;
	int i;

	for (i = 0; i < SHOWS && !broken; i++) {
		seed = dice;
		random_show(&in, a);
		broken = play(&in, a, i % 2 ? 0 : 60);
		arena_wipe(a);
	}
	if (!ok(!broken, "random: %d shows, no rule broken", SHOWS))
		diag("show %d (dice %llu): %s", i, (unsigned long long)seed, broken);
}

int
main(void)
{
	struct arena a;

	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	test_rush(&a);
	test_ebb(&a);
	test_return(&a);
	test_no_flapping(&a);
	test_random(&a);
	arena_clear(&a);
	return done_testing();
}
