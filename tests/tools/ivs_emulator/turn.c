/* turn.c - see turn.h */
#include "turn.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ids.h"
#include "js.h"
#include "replicas.h"

#define LINGER_DEFAULT_MS 5000

struct ticker {
	pthread_t thread;
	pthread_mutex_t lock; /* taken after that of the state, or alone */
	pthread_cond_t woken;
	bool changed, closing;
};

/* The next thing to happen. */
struct due {
	int64_t at_ms; /* 0: nothing */
	void (*act)(struct live *lv, json_t *thing, const char *stage_arn);
	json_t *thing;
	const char *stage_arn;
};

static void
offer(struct due *d, struct due other)
{
	if (other.at_ms > 0 && (d->at_ms == 0 || other.at_ms < d->at_ms))
		*d = other;
}

static void
act_session(struct live *lv, json_t *session, const char *stage_arn)
{
	live_end_session(lv, stage_arn, session);
}

static void
act_replica(struct live *lv, json_t *replica, const char *stage_arn)
{
	(void)stage_arn;
	replicas_act(lv, replica);
}

static void
act_pending(struct live *lv, json_t *pending, const char *stage_arn)
{
	struct seat seat;

	json_incref(pending);
	live_drop(lv->pending, pending);
	state_touch(lv->st);
	if (state_stage(lv->st, stage_arn) != NULL &&
	    !live_is_dead(lv, stage_arn, js_text(pending, "participantId"))) {
		live_enter(lv, stage_arn, pending, &seat);
		live_start_publishing(lv, &seat);
	}
	json_decref(pending);
}

static struct due
find_due(const struct live *lv)
{
	struct due d = { .at_ms = 0 };
	json_t *thing, *list;
	const char *arn;
	int64_t idle;
	size_t i;

	json_array_foreach (lv->pending, i, thing)
		offer(&d, (struct due){ js_int(thing, "dueMs"), act_pending, thing,
			      js_text(thing, "stageArn") });
	json_array_foreach (lv->replicas, i, thing)
		offer(&d, (struct due){ replicas_due(thing), act_replica, thing, NULL });
	json_object_foreach (lv->sessions, arn, list) {
		thing = live_session(lv, arn);
		idle = js_int(thing, "idleMs");
		if (idle > 0)
			offer(&d, (struct due){
				      idle + lv->linger_ms, act_session, thing, arn });
	}
	return d;
}

/* Returns when the next thing is to happen; 0: nothing is. */
static int64_t
settle(struct live *lv)
{
	int64_t now_ms = ids_now_ms();
	struct due d = find_due(lv);

	while (d.at_ms > 0 && d.at_ms <= now_ms) {
		/* A wait that was made shorter does not reach into the past. */
		if (d.at_ms > lv->now_ms)
			lv->now_ms = d.at_ms;
		d.act(lv, d.thing, d.stage_arn);
		d = find_due(lv);
	}
	lv->now_ms = now_ms;
	return d.at_ms;
}

void
turn_begin(struct live *lv)
{
	state_begin(lv->st);
	settle(lv);
}

static bool
end_turn(struct live *lv, bool *ret_changed)
{
	uint64_t version = state_end(lv->st);

	*ret_changed = version != 0;
	return version == 0 || state_commit(lv->st, version);
}

bool
turn_end(struct live *lv)
{
	struct ticker *t = lv->ticker;
	bool changed, ok = end_turn(lv, &changed);

	if (changed) {
		pthread_mutex_lock(&t->lock);
		t->changed = true;
		pthread_cond_signal(&t->woken);
		pthread_mutex_unlock(&t->lock);
	}
	return ok;
}

static void
wait_until(struct ticker *t, int64_t due_ms)
{
	struct timespec until = { .tv_sec = due_ms / 1000 - clock_offset(),
		.tv_nsec = due_ms % 1000 * 1000000 };

	pthread_mutex_lock(&t->lock);
	while (!t->changed && !t->closing) {
		if (due_ms == 0)
			pthread_cond_wait(&t->woken, &t->lock);
		else if (pthread_cond_timedwait(&t->woken, &t->lock, &until) != 0)
			break;
	}
	t->changed = false;
	pthread_mutex_unlock(&t->lock);
}

static bool
is_closing(struct ticker *t)
{
	bool closing;

	pthread_mutex_lock(&t->lock);
	closing = t->closing;
	pthread_mutex_unlock(&t->lock);
	return closing;
}

static void *
tick(void *arg)
{
	struct live *lv = arg;
	int64_t due_ms;
	bool changed;

	while (!is_closing(lv->ticker)) {
		state_begin(lv->st);
		due_ms = settle(lv);
		end_turn(lv, &changed);
		wait_until(lv->ticker, due_ms);
	}
	return NULL;
}

static bool
start_ticker(struct live *lv)
{
	struct ticker *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->woken, NULL);
	lv->ticker = t;
	if (pthread_create(&t->thread, NULL, tick, lv) == 0)
		return true;
	fputs("ivs_emulator: cannot start a thread\n", stderr);
	free(t);
	return false;
}

struct live *
live_open(struct state *st, struct bridge *br, int64_t auto_publish_ms)
{
	struct live *lv = calloc(1, sizeof(*lv));

	if (lv == NULL)
		abort();
	*lv = (struct live){ .st = st,
		.bridge = br,
		.sessions = state_part(st, "sessions"),
		.replicas = state_part(st, "replicas"),
		.pending = state_part(st, "pending"),
		.dead = state_part(st, "dead"),
		.linger_ms = LINGER_DEFAULT_MS,
		.auto_publish_ms = auto_publish_ms,
		.not_publishing = "ConflictException" };
	if (auto_publish_ms < 0)
		json_array_clear(lv->pending);
	if (start_ticker(lv))
		return lv;
	free(lv);
	return NULL;
}

void
live_close(struct live *lv)
{
	struct ticker *t;

	if (lv == NULL)
		return;
	t = lv->ticker;
	pthread_mutex_lock(&t->lock);
	t->closing = true;
	pthread_cond_signal(&t->woken);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->woken);
	pthread_mutex_destroy(&t->lock);
	free(t);
	free(lv);
}

static bool
may_publish(const json_t *token)
{
	const json_t *list = json_object_get(token, "capabilities"), *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		if (strcmp(json_string_value(entry), "PUBLISH") == 0)
			return true;
	return false;
}

void
turn_token_issued(struct live *lv, const char *stage_arn, const json_t *token)
{
	static const char *const kept[] = { "participantId", "userId", "attributes",
		NULL };
	json_t *entry;

	if (lv->auto_publish_ms < 0 || !may_publish(token))
		return;
	entry = json_pack("{s:s, s:I}", "stageArn", stage_arn, "dueMs",
	    (json_int_t)(lv->now_ms + lv->auto_publish_ms));
	js_copy(entry, token, kept);
	json_array_append_new(lv->pending, entry);
	state_touch(lv->st);
}

void
turn_cancel(struct live *lv, const char *stage_arn, const char *participant_id)
{
	for (size_t i = json_array_size(lv->pending); i-- > 0;) {
		const json_t *entry = json_array_get(lv->pending, i);

		if (js_is(entry, "stageArn", stage_arn) &&
		    js_is(entry, "participantId", participant_id))
			json_array_remove(lv->pending, i);
	}
	state_touch(lv->st);
}
