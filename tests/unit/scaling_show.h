/*
 * scaling_show.h - shows and plans as short text, for the tests of scaling.
 *
 * A show: stages s0, s1, ... separated by blanks, each KIND SEATS[/VIEWERS][>CAPACITY] FLAGS:
 *   M the master (the publisher publishes there), A made by the program, H made by hand;
 *   VIEWERS as SEATS, CAPACITY as the settings say, when not given;
 *   r replica, p somebody publishes there, x no picture (M), d draining, c closing,
 *   n replication stopped by hand, y younger than the warm-up (by one second).
 *   Each stage is a second older than the one to its right.
 * A plan: "drain s1 QUIET, delete s1 EMPTY"; and last, if any, "missing 2 REPLICA_QUOTA".
 */
#ifndef UNIT_SCALING_SHOW_H
#define UNIT_SCALING_SHOW_H

#include <stdio.h>
#include <stdlib.h>

#include "domain/scaling.h"

#define SHOW_STAGES 64
#define SHOW_WARM_UP_S 300

static inline struct scaling_input
show_settings(void)
{
	return (struct scaling_input){
		.enabled = true,
		.capacity = 50,
		.scale_up_threshold = 45,
		.scale_down_threshold = 5,
		.max_stages = 20,
		.max_replicas = 5,
		.warm_up_s = SHOW_WARM_UP_S,
		.publisher_live = true,
		.horizon_s = 30,
	};
}

static inline void
show_flag(struct scaling_stage *s, char flag)
{
	switch (flag) {
	case 'r':
		s->picture = SCALING_REPLICA;
		break;
	case 'p':
		s->picture = SCALING_DIRECT;
		break;
	case 'x':
		s->picture = SCALING_DARK;
		break;
	case 'd':
		s->state = SCALING_DRAINING;
		break;
	case 'c':
		s->state = SCALING_CLOSING;
		break;
	case 'n':
		s->no_replica = true;
		break;
	case 'y':
		s->age_s = SHOW_WARM_UP_S - 1;
		break;
	default:
		printf("Bail out! no such flag: %c\n", flag);
		exit(1);
	}
}

/* One stage from the text at p; returns what follows it. */
static inline const char *
show_stage(struct scaling_stage *s, struct arena *a, size_t i, const char *p)
{
	char *end;

	s->master = *p == 'M';
	s->auto_scaled = *p == 'A';
	s->picture = s->master ? SCALING_MASTER : SCALING_DARK;
	s->arn = str_printf(a, "s%zu", i);
	s->age_s = 100000 - (int64_t)i;
	s->capacity = 50;
	s->seats = s->viewers_now = strtol(p + 1, &end, 10);
	if (*end == '/')
		s->viewers_now = strtol(end + 1, &end, 10);
	if (*end == '>')
		s->capacity = strtol(end + 1, &end, 10);
	for (p = end; *p != '\0' && *p != ' '; p++)
		show_flag(s, *p);
	return p;
}

static inline void
show_read(struct scaling_input *in, struct arena *a, const char *text)
{
	in->stages = arena_zalloc(a, SHOW_STAGES * sizeof(*in->stages));
	for (in->n_stages = 0; *text != '\0'; in->n_stages++) {
		while (*text == ' ')
			text++;
		text = show_stage(&in->stages[in->n_stages], a, in->n_stages, text);
	}
	in->stages_exist = (int64_t)in->n_stages;
}

static inline const char *
plan_text(struct arena *a, const struct scaling_plan *plan)
{
	struct buf b;
	size_t i;

	buf_init(&b, a, 1 << 16);
	for (i = 0; i < plan->n_steps; i++) {
		const struct scaling_step *s = &plan->steps[i];

		buf_printf(
		    &b, "%s%s ", i > 0 ? ", " : "", scaling_action_name(s->action));
		if (s->action == SCALING_CREATE)
			buf_int(&b, s->count);
		else
			buf_str(&b, s->arn);
		buf_printf(&b, " %s", scaling_reason_name(s->why));
	}
	if (plan->limited)
		buf_printf(&b, "%smissing %lld %s", b.n > 0 ? ", " : "",
		    (long long)plan->missing, scaling_reason_name(plan->limit));
	return buf_ok(&b) && b.p ? buf_view(&b).p : "";
}

/* ---- a simple model of what the keeper and AWS make of a plan ---- */

static inline struct scaling_stage *
show_find(const struct scaling_input *in, struct str arn)
{
	size_t i;

	for (i = 0; i < in->n_stages; i++)
		if (str_eq(in->stages[i].arn, arn))
			return &in->stages[i];
	return NULL;
}

static inline void
show_create(struct scaling_input *in, struct arena *a, int64_t n)
{
	static unsigned made;

	for (; n > 0 && in->n_stages < SHOW_STAGES; n--, in->stages_exist++)
		in->stages[in->n_stages++] = (struct scaling_stage){
			.arn = str_printf(a, "made%u", ++made),
			.picture = SCALING_REPLICA,
			.auto_scaled = true,
			.capacity = in->capacity,
		};
}

/* `ordered`: what is created stays an order under way. False: a step that makes no sense. */
static inline bool
show_apply(struct scaling_input *in, struct arena *a, const struct scaling_plan *plan,
    bool ordered)
{
	size_t i;

	for (i = 0; i < plan->n_steps; i++) {
		const struct scaling_step *step = &plan->steps[i];
		struct scaling_stage *s = show_find(in, step->arn);

		if (step->action == SCALING_CREATE && ordered) {
			in->orders += step->count;
			in->stages_exist += step->count;
		} else if (step->action == SCALING_CREATE) {
			show_create(in, a, step->count);
		} else if (!s) {
			return false;
		} else if (step->action == SCALING_REPLICATE) {
			s->picture = SCALING_REPLICA;
		} else if (step->action == SCALING_DELETE) {
			*s = in->stages[--in->n_stages];
			in->stages_exist--;
		} else {
			s->state = step->action == SCALING_DRAIN ? SCALING_DRAINING
								 : SCALING_ACTIVE;
		}
	}
	return true;
}

#endif
