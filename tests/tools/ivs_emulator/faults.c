/* faults.c - see faults.h */
#include "faults.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE_MAX 10000

struct faults {
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool closing;
	json_t *queue;
};

static const struct fault_action actions[] = {
	{ "error", false, true, SEND_WHOLE },
	{ "drop", false, false, SEND_NOTHING },
	{ "effect-then-error", true, true, SEND_WHOLE },
	{ "effect-then-drop", true, false, SEND_NOTHING },
	{ "truncate", true, false, SEND_HALF },
	{ "delay", true, false, SEND_WHOLE },
};

static const char *const action_names[] = { "error", "drop", "effect-then-error",
	"effect-then-drop", "truncate", "delay", NULL };

/* clang-format off */
static const struct rule fault_members[] = {
	{ .name = "operation", .kind = RULE_STRING, .min = 1, .max = 64,
	    .pattern = PATTERN_WORD },
	{ .name = "count", .kind = RULE_INTEGER, .max = 1000000 },
	{ .name = "action", .kind = RULE_STRING, .max = 32, .values = action_names },
	{ .name = "status", .kind = RULE_INTEGER, .min = 200, .max = 599 },
	{ .name = "type", .kind = RULE_STRING, .max = REPLY_TYPE_MAX_BYTES,
	    .pattern = PATTERN_ERROR_TYPE },
	{ .name = "message", .kind = RULE_STRING, .max = 256 },
	{ .name = "body", .kind = RULE_STRING, .max = REPLY_RAW_MAX_BYTES / 4 },
	{ .name = "contentType", .kind = RULE_STRING, .min = 1,
	    .max = REPLY_TYPE_MAX_BYTES / 4 },
	{ .name = "retryAfterMs", .kind = RULE_INTEGER, .max = 600000 },
	{ .name = "delayMs", .kind = RULE_INTEGER, .max = 600000 },
	{ .name = NULL }
};
/* clang-format on */

struct faults *
faults_open(void)
{
	struct faults *f = calloc(1, sizeof(*f));
	pthread_condattr_t attr;

	if (f == NULL)
		abort();
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->woken, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&f->lock, NULL);
	f->queue = json_array();
	return f;
}

void
faults_close(struct faults *f)
{
	if (f == NULL)
		return;
	json_decref(f->queue);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->woken);
	free(f);
}

bool
faults_add(struct faults *f, json_t *in, struct complaint *ret_why)
{
	json_t *entry;
	bool room;

	if (!schema_check(fault_members, in, ret_why))
		return false;
	entry = json_deep_copy(in);
	if (json_object_get(entry, "count") == NULL)
		json_object_set_new(entry, "count", json_integer(1));
	pthread_mutex_lock(&f->lock);
	room = json_array_size(f->queue) < QUEUE_MAX;
	if (room)
		json_array_append(f->queue, entry);
	pthread_mutex_unlock(&f->lock);
	json_decref(entry);
	if (!room)
		snprintf(ret_why->text, sizeof(ret_why->text), "the queue is full");
	return room;
}

void
faults_reset(struct faults *f)
{
	pthread_mutex_lock(&f->lock);
	json_array_clear(f->queue);
	pthread_mutex_unlock(&f->lock);
}

json_t *
faults_list(struct faults *f)
{
	json_t *list;

	pthread_mutex_lock(&f->lock);
	list = json_deep_copy(f->queue);
	pthread_mutex_unlock(&f->lock);
	return list;
}

static const char *
text_or(const json_t *entry, const char *name, const char *fallback)
{
	const char *text = json_string_value(json_object_get(entry, name));

	return text != NULL ? text : fallback;
}

static int
number_of(const json_t *entry, const char *name)
{
	return (int)json_integer_value(json_object_get(entry, name));
}

static const struct fault_action *
find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return &actions[0];
}

static void
read_entry(const json_t *e, struct fault *f)
{
	f->action = find_action(text_or(e, "action", "error"));
	f->status = number_of(e, "status");
	f->retry_after_ms = number_of(e, "retryAfterMs");
	f->delay_ms = number_of(e, "delayMs");
	snprintf(f->type, sizeof(f->type), "%s", text_or(e, "type", ""));
	snprintf(f->message, sizeof(f->message), "%s",
	    text_or(e, "message", "injected fault"));
	snprintf(f->raw, sizeof(f->raw), "%s", text_or(e, "body", ""));
	snprintf(f->content_type, sizeof(f->content_type), "%s",
	    text_or(e, "contentType", "application/json"));
}

/* One hit less; the entry goes with its last. A count of 0 stays for ever. */
static void
use_up(struct faults *f, size_t at, json_t *entry)
{
	int left = number_of(entry, "count");

	if (left == 1)
		json_array_remove(f->queue, at);
	else if (left > 1)
		json_integer_set(json_object_get(entry, "count"), left - 1);
}

bool
faults_take(struct faults *f, const char *operation, struct fault *ret_fault)
{
	json_t *entry;
	bool found = false;
	size_t i;

	pthread_mutex_lock(&f->lock);
	json_array_foreach (f->queue, i, entry) {
		const char *wanted = text_or(entry, "operation", "*");

		if (strcmp(wanted, "*") != 0 && strcmp(wanted, operation) != 0)
			continue;
		read_entry(entry, ret_fault);
		use_up(f, i, entry);
		found = true;
		break;
	}
	pthread_mutex_unlock(&f->lock);
	return found;
}

void
faults_wait(struct faults *f, int delay_ms)
{
	struct timespec until;

	if (delay_ms <= 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += delay_ms / 1000;
	until.tv_nsec += (long)(delay_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&f->lock);
	while (!f->closing && pthread_cond_timedwait(&f->woken, &f->lock, &until) == 0)
		;
	pthread_mutex_unlock(&f->lock);
}

void
faults_wake(struct faults *f)
{
	pthread_mutex_lock(&f->lock);
	f->closing = true;
	pthread_cond_broadcast(&f->woken);
	pthread_mutex_unlock(&f->lock);
}

void
faults_apply(const struct fault *fault, struct reply *rp)
{
	rp->send = fault->action->send;
	rp->retry_after_ms = fault->retry_after_ms;
	if (!fault->action->fails)
		return;
	reply_inject(rp, fault->status, fault->type, fault->message);
	snprintf(rp->raw, sizeof(rp->raw), "%s", fault->raw);
	snprintf(rp->content_type, sizeof(rp->content_type), "%s", fault->content_type);
}
