/* What a run of the keeper says: to the log, to people, to GET /api/stats. */
#include <stdio.h>

#include "base/arn.h"
#include "base/json.h"
#include "base/log.h"
#include "domain/keeper.h"
#include "base/banned.h"

#define EXPLAIN_MAX_BYTES (256u << 10)

static const struct {
	const char *log; /* the line's message */
	enum log_level level;
} whats[] = {
	[KEEPER_CREATED] = { "stage created", LOG_INFO },
	[KEEPER_DELETED] = { "stage deleted", LOG_INFO },
	[KEEPER_DRAINED] = { "stage takes nobody new", LOG_INFO },
	[KEEPER_UNDRAINED] = { "stage takes viewers again", LOG_INFO },
	[KEEPER_REPLICATED] = { "publisher replicated to stage", LOG_INFO },
	[KEEPER_WAITING] = { "no replica yet: AWS says the publisher is not publishing",
	    LOG_INFO },
	[KEEPER_ADOPTED] = { "stage of ours found in AWS", LOG_WARN },
	[KEEPER_GONE] = { "stage was deleted in AWS by somebody else", LOG_WARN },
	[KEEPER_LEFT] = { "stage no longer carries our tags: it is left alone",
	    LOG_WARN },
	[KEEPER_CHANGED] = { "stage was changed in AWS by somebody else", LOG_INFO },
	[KEEPER_FAILED] = { "scaling step failed", LOG_WARN },
};

static void
log_one(const struct keeper_event *e)
{
	struct log_field f[3];
	size_t n = 0;

	if (e->arn.n > 0)
		f[n++] = (struct log_field)LOG_STR("stage", e->arn);
	if (e->why != NULL)
		f[n++] = (struct log_field)LOG_STR("reason", str_of(e->why));
	if (e->cause.n > 0)
		f[n++] = (struct log_field)LOG_STR("cause", e->cause);
	log_event(whats[e->what].level, whats[e->what].log, f, n);
}

void
keeper_log(const struct keeper_report *r, struct arena *a, enum scaling_reason *said)
{
	const struct scaling_plan *p = &r->plan;
	enum scaling_reason limit = p->limited ? p->limit : SCALING_REASON_COUNT;
	size_t i;

	for (i = 0; i < r->n_turns; i++)
		publisher_log(&r->turns[i]);
	for (i = 0; i < r->n_events; i++)
		log_one(&r->events[i]);
	if (r->lock_lost)
		LOG(LOG_WARN, "another run has taken over",
		    LOG_INT("events", (int64_t)r->n_events));
	if (r->busy || limit == *said)
		return;
	*said = limit;
	if (p->limited)
		LOG(LOG_WARN, "the show cannot grow as it should",
		    LOG_STR("reason", str_of(scaling_reason_name(p->limit))),
		    LOG_INT("missing", p->missing),
		    LOG_STR("what_to_do", scaling_reason_text(a, &r->in, p->limit)));
}

/* ---- for people ---- */

static const char *const state_names[] = { [SCALING_ACTIVE] = "active",
	[SCALING_DRAINING] = "draining",
	[SCALING_CLOSING] = "closing" };
static const char *const picture_names[] = { [SCALING_DARK] = "none",
	[SCALING_MASTER] = "publisher",
	[SCALING_REPLICA] = "replica",
	[SCALING_DIRECT] = "direct" };

static struct str
short_id(struct str arn)
{
	struct arn parts = { .id = STR("-") };

	(void)arn_parse(arn, STR("stage"), &parts);
	return parts.id;
}

/* Decisions go by what was known last, and need to know whom to replicate. */
static void
explain_publisher(const struct keeper_report *r, struct arena *a, struct buf *b)
{
	const struct publisher_known *k = &r->publisher;

	buf_cstr(b, "publisher        ");
	buf_str(b, publisher_known_text(a, k));
	if (k->live && !r->in.publisher_live)
		buf_cstr(b, ", the participant is not known");
	buf_char(b, '\n');
}

static void
explain_numbers(
    const struct scaling_input *in, const struct scaling_plan *p, struct buf *b)
{
	buf_printf(b,
	    "stages           %lld of at most %lld, %lld being made\n"
	    "replicas         %lld of at most %lld\n"
	    "taking viewers   %lld stages, %lld seats taken, %lld free\n"
	    "demand           %.1f new viewers a second, %lld refused: %lld seats within %lld s\n"
	    "grows when every stage has %lld viewers, or the free seats do not suffice\n",
	    (long long)in->stages_exist, (long long)in->max_stages, (long long)in->orders,
	    (long long)p->replicas_used, (long long)in->max_replicas,
	    (long long)p->taking, (long long)p->seats, (long long)p->free_seats,
	    in->joins_per_s, (long long)in->refused, (long long)p->wanted_seats,
	    (long long)in->horizon_s, (long long)in->scale_up_threshold);
}

/* Of a stage that AWS made before us nobody knows it. */
static const char *
age_text(const struct scaling_stage *s, char out[32])
{
	if (s->age_s == KEEPER_AGE_UNKNOWN_S)
		return "-";
	snprintf(out, 32, "%llds", (long long)s->age_s);
	return out;
}

static void
explain_stages(const struct scaling_input *in, struct buf *b)
{
	size_t i;

	buf_printf(b, "\n%-16s %-9s %-10s %9s %9s %9s %9s\n", "stage", "state", "picture",
	    "viewers", "seats", "capacity", "age");
	for (i = 0; i < in->n_stages; i++) {
		const struct scaling_stage *s = &in->stages[i];
		struct str id = short_id(s->arn);
		char age[32];

		buf_printf(b, "%-16.*s %-9s %-10s %9lld %9lld %9lld %9s%s\n", STR_ARG(id),
		    state_names[s->state], picture_names[s->picture],
		    (long long)s->viewers_now, (long long)s->seats,
		    (long long)s->capacity, age_text(s, age),
		    s->master	     ? "  master"
		    : s->auto_scaled ? "  automatic"
				     : "");
	}
}

static void
explain_plan(const struct keeper_report *r, struct arena *a, struct buf *b)
{
	const struct scaling_plan *p = &r->plan;
	size_t i;

	buf_cstr(b, p->n_steps > 0 ? "\nsteps\n" : "\nnothing to do\n");
	for (i = 0; i < p->n_steps; i++) {
		const struct scaling_step *s = &p->steps[i];
		struct str text = scaling_reason_text(a, &r->in, s->why);

		buf_printf(b, "  %s ", scaling_action_name(s->action));
		if (s->arn.n > 0)
			buf_str(b, short_id(s->arn));
		else
			buf_int(b, s->count);
		buf_printf(b, ": %s, %.*s\n", scaling_reason_name(s->why), STR_ARG(text));
	}
	if (p->limited) {
		struct str text = scaling_reason_text(a, &r->in, p->limit);

		buf_printf(b, "\n%lld more would be due: %s, %.*s\n",
		    (long long)p->missing, scaling_reason_name(p->limit), STR_ARG(text));
	}
}

struct str
keeper_explain(const struct keeper_report *r, struct arena *a)
{
	struct buf b;

	buf_init(&b, a, EXPLAIN_MAX_BYTES);
	buf_printf(&b, "auto-scaling     %s\n", r->in.enabled ? "on" : "off");
	explain_publisher(r, a, &b);
	explain_numbers(&r->in, &r->plan, &b);
	if (!r->viewers_known)
		buf_cstr(&b, "viewers          " VIEWERS_OLD "\n");
	explain_stages(&r->in, &b);
	explain_plan(r, a, &b);
	return buf_ok(&b) ? buf_view(&b) : STR("too many stages to print\n");
}

struct str
keeper_report_json(
    const struct keeper_report *r, struct arena *a, const char *by, int64_t now_ms)
{
	const struct scaling_plan *p = &r->plan;
	json_t *limit = json_null(), *o;
	struct str text;

	if (p->limited)
		limit = json_pack("{s:s, s:I}", "reason", scaling_reason_name(p->limit),
		    "missing", (json_int_t)p->missing);
	o = json_pack("{s:I, s:s, s:I, s:I, s:I, s:o}", "at", (json_int_t)now_ms, "by",
	    by, "taking", (json_int_t)p->taking, "seats", (json_int_t)p->seats,
	    "freeSeats", (json_int_t)p->free_seats, "limit", limit);
	text = json_text(a, o);
	json_decref(o);
	return text;
}

int64_t
keeper_replicas_given(const struct keeper_report *r)
{
	int64_t n = r->count[KEEPER_REPLICATED];
	size_t i;

	for (i = 0; i < r->in.n_stages; i++)
		n += r->in.stages[i].picture == SCALING_REPLICA;
	return n;
}
