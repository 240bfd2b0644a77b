#include "domain/keeper.h"

#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "domain/keeper_look.h"
#include "domain/publisher.h"
#include "domain/stages_sync.h"
#include "base/banned.h"

#define LOCK_NAME STR("autoscale")
#define LOCK_MS 20000
#define LOCK_TRUST_MS 1000 /* confirmed so lately, it is ours */

/* For how long joins do not ask for another run: as long as it would be in vain. */
#define REST_MS 200
#define REST_LIMITED_MS 10000
#define REST_FAILED_MS 5000

/* For so long a join takes the registry for what AWS lists. */
#define SYNCED_MS 10000

/* For so long a run waits for the replicas it has ordered. */
#define SETTLE_MS 4000
#define SETTLE_LOOK_MS 300

struct run {
	struct stage_work *w;
	const struct keeper_order *order;
	struct keeper_report *out;
	char token[UUID_BYTES];
	int64_t confirmed_ms; /* of clock_mono_ms: the lock was ours then */
	int64_t deadline_ms;
	int64_t pending; /* replicas that AWS does not list as active yet */
	bool stop;	 /* no further step: lock lost, AWS away or too slow */
	bool late;	 /* the budget is used up: the lock may be ours all the same */
	bool decided;	 /* the plan is there */
	bool synced;	 /* the registry was compared with AWS' list */
	bool no_more_replicas; /* AWS refuses a further one */
};

/* ---- what happened ---- */

static void
event(struct run *r, enum keeper_what what, struct str arn, const char *why)
{
	struct keeper_report *out = r->out;

	out->count[what]++;
	if (out->n_events < KEEPER_EVENTS_MAX)
		out->events[out->n_events++] =
		    (struct keeper_event){ what, arn, why, STR("") };
}

/* A step failed. What stands in the way of every other one ends the run. */
static void
failed(struct run *r, struct str arn, const struct err *err)
{
	struct keeper_report *out = r->out;
	size_t before = out->n_events;

	event(r, KEEPER_FAILED, arn, NULL);
	if (out->n_events > before)
		out->events[out->n_events - 1].cause =
		    str_printf(r->w->arena, "%s%s", err->cause, err->trail);
	out->lock_lost |= err->kind == ERR_LOCK_LOST && !r->late;
	r->stop |= err->kind != ERR_QUOTA && err->kind != ERR_CONFLICT &&
		   err->kind != ERR_NOT_FOUND && err->kind != ERR_INPUT &&
		   err->kind != ERR_STAGES;
}

/* ---- the lock ---- */

/* Confirmed is the lock as of before Redis was asked: who is frozen meanwhile knows it is old. */
static bool
lock_call(struct run *r, enum script script, struct str *ret_word, struct err *err)
{
	int64_t asked_ms = clock_mono_ms();
	struct redis_call c;

	redis_call_init(&c, r->w->arena, script);
	redis_arg(&c, LOCK_NAME);
	redis_arg(&c, str_of(r->token));
	redis_arg_int(&c, LOCK_MS);
	redis_arg(&c, r->order->news ? STR("1") : STR(""));
	if (!redis_call(r->w->redis, &c, err))
		return err_while(err, "holding the lock");
	*ret_word = reply_str(c.reply, 0);
	r->out->again = reply_int(c.reply, 2) == 1;
	if (str_is(*ret_word, "OK"))
		r->confirmed_ms = asked_ms;
	return true;
}

/* Right before a call goes out. */
static bool
guard(void *arg, struct err *err)
{
	struct run *r = arg;
	struct str word;

	for (;;) {
		r->late = clock_mono_ms() > r->deadline_ms;
		if (r->late)
			return err_set(
			    err, ERR_LOCK_LOST, "the time for this run is over");
		if (clock_mono_ms() - r->confirmed_ms <= LOCK_TRUST_MS)
			return true;
		if (!lock_call(r, SCRIPT_LOCK_KEEP, &word, err))
			return false;
		if (!str_is(word, "OK"))
			return err_set(
			    err, ERR_LOCK_LOST, "another run has taken the lock");
	}
}

static bool
lock_take(struct run *r, bool *ret_held, struct err *err)
{
	struct str word;

	crypto_uuid(r->token);
	if (!lock_call(r, SCRIPT_LOCK_TAKE, &word, err))
		return false;
	*ret_held = str_is(word, "HELD");
	if (*ret_held)
		return true;
	r->w->lock = str_of(r->token);
	ivs_set_guard(r->w->ivs, guard, r);
	return true;
}

/* Should this fail, the lock ends by itself. */
static void
lock_drop(struct run *r)
{
	struct err ignored = ERR_INIT;
	struct str word;

	ivs_set_guard(r->w->ivs, NULL, NULL);
	(void)lock_call(r, SCRIPT_LOCK_DROP, &word, &ignored);
	r->w->lock = STR("");
}

/* ---- look ---- */

static void
note_sync(struct run *r, const struct stages_sync *s)
{
	static const enum keeper_what what[] = { [STAGE_ADOPTED] = KEEPER_ADOPTED,
		[STAGE_GONE] = KEEPER_GONE,
		[STAGE_LEFT] = KEEPER_LEFT,
		[STAGE_CHANGED] = KEEPER_CHANGED };
	size_t i;

	for (i = 0; i < s->n_items; i++)
		event(r, what[s->items[i].kind], s->items[i].arn, NULL);
}

/* Without AWS' word what is known stays. */
static void
look_at_publisher(struct run *r, struct str stage_arn, struct str session_id)
{
	struct publisher_news news;
	struct err why = ERR_INIT;

	if (!publisher_observe(r->w->redis, r->w->ivs, r->w->arena, r->w->cfg, stage_arn,
		session_id, &news, &why))
		failed(r, stage_arn, &why);
	else if (news.turned && r->out->n_turns < KEEPER_TURNS_MAX)
		r->out->turns[r->out->n_turns++] = news;
}

/* Who has neither the master's picture nor a replica of it may have one of his own. */
static void
look_at_direct(struct run *r, const struct stages_sync *s, const struct keeper_view *v)
{
	size_t i;

	for (i = 0; i < v->n_stages && !r->stop; i++) {
		const struct stage *stage = &v->stages[i];
		struct str session = stages_session_of(s, stage->arn);

		if (!stage->master &&
		    (stage->direct_on || (session.n > 0 && !stage->replica_on)))
			look_at_publisher(r, stage->arn, session);
	}
}

static void
look_at_replicas(struct run *r, const struct keeper_view *v)
{
	struct err why = ERR_INIT;

	if (keeper_view_has_replicas(v) &&
	    !replicas_look(
		r->w, r->w->cfg->master_stage_arn, v->participant_id, &r->pending, &why))
		failed(r, STR(""), &why);
	if (!v->live)
		r->pending = 0;
}

/* As look(), but that the registry is taken for what AWS lists. */
static bool
look_hastily(struct run *r, struct keeper_view *ret, struct err *err)
{
	look_at_publisher(r, r->w->cfg->master_stage_arn, STR_NULL);
	if (!keeper_view_read(r->w, false, ret, err))
		return false;
	if (!r->stop)
		look_at_replicas(r, ret);
	return keeper_view_read(r->w, false, ret, err);
}

/* What AWS has goes into Redis; then *ret is read from there. */
static bool
look(struct run *r, struct keeper_view *ret, struct err *err)
{
	struct stages_sync seen;

	if (r->order->dry_run)
		return keeper_view_read(r->w, true, ret, err);
	if (r->order->hasty) {
		if (!keeper_view_read(r->w, true, ret, err))
			return false;
		if (ret->synced)
			return look_hastily(r, ret, err);
	}
	if (!stages_sync(r->w, &seen, err))
		return false;
	r->synced = true;
	note_sync(r, &seen);
	look_at_publisher(r, r->w->cfg->master_stage_arn,
	    stages_session_of(&seen, r->w->cfg->master_stage_arn));
	if (!keeper_view_read(r->w, false, ret, err))
		return false;
	if (!r->stop)
		look_at_replicas(r, ret);
	if (!r->stop)
		look_at_direct(r, &seen, ret);
	return keeper_view_read(r->w, false, ret, err);
}

/* ---- act ---- */

/* Not publishing at this moment is a state: the next run sees it. */
static bool
replicate(struct run *r, const struct keeper_view *v, struct str arn, const char *why)
{
	const struct replication which = { .source_arn = r->w->cfg->master_stage_arn,
		.destination_arn = arn,
		.participant_id = v->participant_id };
	struct err err = ERR_INIT;

	if (!replication_order(r->w, &which, false, &err)) {
		r->no_more_replicas |= err.kind == ERR_QUOTA;
		if (err.tell == MSG_NOT_PUBLISHING)
			event(r, KEEPER_WAITING, arn, NULL);
		else
			failed(r, arn, &err);
		return false;
	}
	r->pending++;
	event(r, KEEPER_REPLICATED, arn, why);
	return true;
}

/* Who came back meanwhile keeps his stage. */
static void
delete_stage(struct run *r, struct str arn, enum scaling_reason why)
{
	struct err err = ERR_INIT;
	int64_t viewers;

	if (stage_remove(r->w, arn, &viewers, &err))
		event(r, KEEPER_DELETED, arn, scaling_reason_name(why));
	else if (err.tell != MSG_STAGE_HAS_VIEWERS && err.tell != MSG_NO_STAGE)
		failed(r, arn, &err);
}

static struct str
new_name(struct run *r, const char *order_id)
{
	return str_printf(r->w->arena, "%.*s-auto-%.8s",
	    STR_ARG(r->w->cfg->stage_name_prefix), order_id);
}

static bool
create_one(struct run *r, const struct keeper_view *v, const char *why)
{
	char *id = arena_alloc(r->w->arena, UUID_BYTES);
	struct stage_order order = { .auto_scaled = true };
	struct err err = ERR_INIT;
	struct stage made;

	crypto_uuid(id);
	order.id = str_of(id);
	order.name = new_name(r, id);
	if (!stage_make(r->w, &order, &made, &err)) {
		failed(r, STR(""), &err);
		return false;
	}
	event(r, KEEPER_CREATED, made.arn, why);
	if (replicate(r, v, made.arn, why))
		return true;
	/* What can have no picture is of no use. */
	if (r->no_more_replicas)
		delete_stage(r, made.arn, SCALING_LIMIT_REPLICAS);
	return false;
}

static void
create(struct run *r, const struct keeper_view *v, const struct scaling_step *step)
{
	int64_t i;

	for (i = 0; i < step->count && !r->stop; i++)
		if (!create_one(r, v, scaling_reason_name(step->why)) ||
		    r->order->one_seat)
			break;
}

static void
change(struct run *r, const struct scaling_step *step)
{
	bool drain = step->action == SCALING_DRAIN;
	struct err err = ERR_INIT;

	if (stage_drain(r->w, step->arn, drain, &err))
		event(r, drain ? KEEPER_DRAINED : KEEPER_UNDRAINED, step->arn,
		    scaling_reason_name(step->why));
	else
		failed(r, step->arn, &err);
}

static bool
needs_publisher(const struct scaling_step *step)
{
	return step->action == SCALING_CREATE || step->action == SCALING_REPLICATE;
}

static void
act(struct run *r, const struct keeper_view *v)
{
	const struct scaling_plan *plan = &r->out->plan;
	size_t i;

	for (i = 0; i < plan->n_steps && !r->stop; i++) {
		const struct scaling_step *step = &plan->steps[i];

		if (clock_mono_ms() > r->deadline_ms)
			return;
		if (needs_publisher(step) && r->out->count[KEEPER_WAITING] > 0)
			continue;
		switch (step->action) {
		case SCALING_CREATE:
			create(r, v, step);
			break;
		case SCALING_REPLICATE:
			(void)replicate(r, v, step->arn, scaling_reason_name(step->why));
			break;
		case SCALING_UNDRAIN:
		case SCALING_DRAIN:
			change(r, step);
			break;
		case SCALING_DELETE:
			delete_stage(r, step->arn, step->why);
			break;
		}
		if (r->order->one_seat && (r->out->count[KEEPER_REPLICATED] > 0 ||
					      r->out->count[KEEPER_UNDRAINED] > 0))
			return;
	}
}

/* AWS may take a moment to replicate; no stage takes viewers before it says it has. */
static void
settle(struct run *r, const struct keeper_view *v)
{
	const struct timespec pause = { .tv_nsec = SETTLE_LOOK_MS * 1000000L };
	int64_t end_ms = clock_mono_ms() + SETTLE_MS;

	if (end_ms > r->deadline_ms)
		end_ms = r->deadline_ms;
	if (r->pending > 0 && !r->stop)
		look_at_replicas(r, v);
	while (r->pending > 0 && !r->stop && clock_mono_ms() + SETTLE_LOOK_MS < end_ms) {
		(void)nanosleep(&pause, NULL);
		look_at_replicas(r, v);
	}
}

/* ---- the run ---- */

static int64_t
rest_ms(const struct run *r)
{
	const struct keeper_report *out = r->out;

	/* Too late for the rest of the steps: they are due, and no failure. */
	if (!r->decided || out->count[KEEPER_WAITING] > 0 ||
	    (out->count[KEEPER_FAILED] > 0 && !r->late))
		return REST_FAILED_MS;
	/* There is room now; when it is taken another run may find more to do. */
	if (out->count[KEEPER_REPLICATED] > 0 || out->count[KEEPER_UNDRAINED] > 0)
		return REST_MS;
	return out->plan.limited ? REST_LIMITED_MS : REST_MS;
}

/* v == NULL: the run came to nothing. The next one would not fare better right now. */
static bool
finish(struct run *r, const struct keeper_view *v, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, r->w->arena, SCRIPT_KEEP_DONE);
	redis_arg(&c, r->w->lock);
	redis_arg(&c,
	    v != NULL ? keeper_report_json(r->out, r->w->arena, r->order->by, v->now_ms)
		      : STR(""));
	redis_arg_int(&c, rest_ms(r));
	redis_arg(&c, v != NULL ? v->participant_id : STR(""));
	if (r->no_more_replicas)
		redis_arg_int(&c, keeper_replicas_given(r->out));
	else
		redis_arg(&c, STR(""));
	if (r->synced)
		redis_arg_int(&c, SYNCED_MS);
	else
		redis_arg(&c, STR(""));
	if (!redis_call(r->w->redis, &c, err))
		return err_while(err, "keeping the report");
	r->out->lock_lost |= str_is(reply_str(c.reply, 0), "LOST");
	return true;
}

static bool
look_decide_act(struct run *r, struct err *err)
{
	struct keeper_view v;

	if (!look(r, &v, err))
		return false;
	r->out->publisher = v.publisher;
	r->out->viewers_known = v.viewers_known;
	keeper_view_input(r->w->cfg, &v, r->w->arena, &r->out->in);
	scaling_decide(&r->out->in, r->w->arena, &r->out->plan);
	r->decided = true;
	if (r->order->dry_run)
		return true;
	act(r, &v);
	settle(r, &v);
	return r->out->lock_lost || finish(r, &v, err);
}

/* A run that could not even look: no join need find out the same for a while. */
static bool
came_to_nothing(struct run *r, struct err *err)
{
	struct err ignored = ERR_INIT;

	(void)finish(r, NULL, &ignored);
	if (err->kind != ERR_LOCK_LOST)
		return false;
	if (r->late)
		failed(r, STR(""), err);
	else
		r->out->lock_lost = true;
	*err = ERR_INIT;
	return true;
}

bool
keeper_run(struct stage_work *w, const struct keeper_order *order,
    struct keeper_report *ret, struct err *err)
{
	struct run r = { .w = w, .order = order, .out = ret };
	bool ok;

	memset(ret, 0, sizeof(*ret));
	r.deadline_ms = clock_mono_ms() + order->budget_ms;
	if (order->dry_run)
		return look_decide_act(&r, err);
	if (!lock_take(&r, &ret->busy, err))
		return false;
	if (ret->busy)
		return true;
	keeper_compare(w);
	ivs_set_deadline(w->ivs, r.deadline_ms);
	ok = look_decide_act(&r, err) || came_to_nothing(&r, err);
	ivs_set_deadline(w->ivs, 0);
	lock_drop(&r);
	return ok;
}
