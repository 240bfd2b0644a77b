/* quotas.c - see quotas.h */
#include "quotas.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "js.h"

#define OPERATIONS_MAX 64

struct bucket {
	double tokens;
	double filled_s; /* monotonic */
	json_int_t throttled;
};

struct quotas {
	pthread_mutex_t lock;
	bool rates;
	json_int_t max[QUOTA_COUNT];
	struct bucket buckets[OPERATIONS_MAX]; /* as in the table of operations */
};

static const char *const names[QUOTA_COUNT] = { [QUOTA_STAGES] = "stages",
	[QUOTA_REPLICATIONS] = "replications",
	[QUOTA_KEYS] = "keys" };

/* clang-format off */
static const struct rule members[] = {
	{ .name = "rates", .kind = RULE_BOOLEAN },
	{ .name = "stages", .kind = RULE_INTEGER, .max = 1000000 },
	{ .name = "replications", .kind = RULE_INTEGER, .max = 1000000 },
	{ .name = "keys", .kind = RULE_INTEGER, .max = 1000000 },
	{ .name = NULL }
};
/* clang-format on */

static double
mono_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
fill_all(struct quotas *q)
{
	const struct operation *op;

	for (size_t i = 0; i < OPERATIONS_MAX && (op = ops_at(i)) != NULL; i++) {
		q->buckets[i].tokens = op->per_second;
		q->buckets[i].filled_s = mono_s();
	}
}

struct quotas *
quotas_open(bool rates)
{
	struct quotas *q = calloc(1, sizeof(*q));

	if (q == NULL)
		abort();
	pthread_mutex_init(&q->lock, NULL);
	q->rates = rates;
	q->max[QUOTA_STAGES] = 1000;
	q->max[QUOTA_REPLICATIONS] = 5;
	q->max[QUOTA_KEYS] = 3;
	fill_all(q);
	return q;
}

void
quotas_close(struct quotas *q)
{
	if (q == NULL)
		return;
	pthread_mutex_destroy(&q->lock);
	free(q);
}

bool
quotas_set(struct quotas *q, json_t *in, struct complaint *ret_why)
{
	json_t *value;

	if (!schema_check(members, in, ret_why))
		return false;
	pthread_mutex_lock(&q->lock);
	if ((value = json_object_get(in, "rates")) != NULL) {
		q->rates = json_is_true(value);
		fill_all(q);
	}
	for (int i = 0; i < QUOTA_COUNT; i++)
		if ((value = json_object_get(in, names[i])) != NULL)
			q->max[i] = json_integer_value(value);
	pthread_mutex_unlock(&q->lock);
	return true;
}

json_t *
quotas_throttled(struct quotas *q)
{
	json_t *counts = json_object();
	const struct operation *op;

	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < OPERATIONS_MAX && (op = ops_at(i)) != NULL; i++)
		js_set_int(counts, op->name, q->buckets[i].throttled);
	pthread_mutex_unlock(&q->lock);
	return counts;
}

void
quotas_reset_throttled(struct quotas *q)
{
	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < OPERATIONS_MAX; i++)
		q->buckets[i].throttled = 0;
	pthread_mutex_unlock(&q->lock);
}

json_t *
quotas_show(struct quotas *q)
{
	json_t *shown = json_object();

	pthread_mutex_lock(&q->lock);
	js_set_bool(shown, "rates", q->rates);
	for (int i = 0; i < QUOTA_COUNT; i++)
		js_set_int(shown, names[i], q->max[i]);
	pthread_mutex_unlock(&q->lock);
	json_object_set_new(shown, "throttled", quotas_throttled(q));
	return shown;
}

json_int_t
quotas_max(struct quotas *q, enum quota which)
{
	json_int_t max;

	pthread_mutex_lock(&q->lock);
	max = q->max[which];
	pthread_mutex_unlock(&q->lock);
	return max;
}

static bool
take_token(struct bucket *b, double per_second)
{
	double now_s = mono_s();

	b->tokens += (now_s - b->filled_s) * per_second;
	b->filled_s = now_s;
	if (b->tokens > per_second)
		b->tokens = per_second;
	if (b->tokens < 1) {
		b->throttled++;
		return false;
	}
	b->tokens -= 1;
	return true;
}

bool
quotas_take(struct quotas *q, const struct operation *op)
{
	const struct operation *other;
	bool ok = true;

	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < OPERATIONS_MAX && (other = ops_at(i)) != NULL; i++)
		if (q->rates && other == op)
			ok = take_token(&q->buckets[i], op->per_second);
	pthread_mutex_unlock(&q->lock);
	return ok;
}
