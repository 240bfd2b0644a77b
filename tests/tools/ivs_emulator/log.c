/* log.c - see log.h */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "ids.h"
#include "ops.h"

#define COUNTERS_MAX 64
#define REQUEST_MAX_BYTES 16384
#define UNKNOWN "UnknownOperation"

struct counter {
	const char *op;
	json_int_t good, failed;
};

struct log {
	int fd;
	pthread_mutex_t lock; /* the counters; a line is one write */
	struct counter counters[COUNTERS_MAX];
	size_t n_counters; /* the last is for unknown operations */
};

/* No operation takes these today; a caller may send them all the same. */
static const char *const secret_words[] = { "token", "secret", "password",
	"authorization", "credential", "privatekey", NULL };

/* A paging cursor is no secret, and participantTokenConfigurations holds none. */
static const char *const harmless[] = { "nextToken", "participantTokenConfigurations",
	NULL };

struct log *
log_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	const struct operation *op;
	struct log *l;

	if (fd < 0) {
		fprintf(stderr, "ivs_emulator: cannot open log file '%s': %s\n", path,
		    strerror(errno));
		return NULL;
	}
	if ((l = calloc(1, sizeof(*l))) == NULL)
		abort();
	l->fd = fd;
	pthread_mutex_init(&l->lock, NULL);
	while ((op = ops_at(l->n_counters)) != NULL && l->n_counters < COUNTERS_MAX - 1)
		l->counters[l->n_counters++].op = op->name;
	l->counters[l->n_counters++].op = UNKNOWN;
	return l;
}

void
log_close(struct log *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->lock);
	close(l->fd);
	free(l);
}

static bool
is_secret(const char *name)
{
	for (size_t i = 0; harmless[i] != NULL; i++)
		if (strcmp(harmless[i], name) == 0)
			return false;
	for (size_t i = 0; secret_words[i] != NULL; i++)
		if (strcasestr(name, secret_words[i]) != NULL)
			return true;
	return false;
}

/* Works on a copy of its own; a body is at most a few levels deep once checked. */
static void
redact(json_t *value)
{
	const char *name;
	json_t *inner;
	size_t i;
	void *next;

	json_array_foreach (value, i, inner)
		redact(inner);
	json_object_foreach_safe(value, next, name, inner)
	{
		if (is_secret(name))
			json_object_set_new(value, name, json_string("***"));
		else
			redact(inner);
	}
}

static void
add_request(json_t *line, const struct log_call *call)
{
	json_t *copy;

	if (call->request == NULL)
		return;
	if (call->request_bytes > REQUEST_MAX_BYTES) {
		json_object_set_new(
		    line, "requestBytes", json_integer((json_int_t)call->request_bytes));
		return;
	}
	copy = json_deep_copy(call->request);
	redact(copy);
	json_object_set_new(line, "request", copy);
}

static void
count(struct log *l, const char *op, bool good)
{
	struct counter *c = l->counters;

	while (strcmp(c->op, op) != 0 && c < &l->counters[l->n_counters - 1])
		c++;
	pthread_mutex_lock(&l->lock);
	if (good)
		c->good++;
	else
		c->failed++;
	pthread_mutex_unlock(&l->lock);
}

static json_t *
make_line(const struct log_call *call, const struct reply *rp)
{
	char now[IDS_TIME_BYTES];
	json_t *line;

	ids_time(now, clock_now());
	line = json_pack("{s:s, s:s, s:i, s:f, s:s}", "ts", now, "op",
	    call->op != NULL ? call->op : UNKNOWN, "status",
	    rp->send == SEND_NOTHING ? 0 : rp->status, "ms", (double)call->us / 1000.0,
	    "requestId", rp->request_id);
	if (rp->type[0] != '\0')
		json_object_set_new(line, "error", json_string(rp->type));
	if (call->fault != NULL)
		json_object_set_new(line, "fault", json_string(call->fault));
	add_request(line, call);
	return line;
}

void
log_write(struct log *l, const struct log_call *call, const struct reply *rp)
{
	bool good = rp->send == SEND_WHOLE && rp->status == 200 && rp->type[0] == '\0' &&
		    rp->raw[0] == '\0';
	json_t *line = make_line(call, rp);
	char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6)), *whole;
	int n;

	count(l, call->op != NULL ? call->op : UNKNOWN, good);
	json_decref(line);
	n = text != NULL ? asprintf(&whole, "%s\n", text) : -1;
	if (n >= 0) {
		/* One write to a file opened for appending: lines never mix. */
		if (write(l->fd, whole, (size_t)n) != n)
			fprintf(
			    stderr, "ivs_emulator: log line lost: %s\n", strerror(errno));
		free(whole);
	}
	free(text);
}

json_t *
log_counts(struct log *l)
{
	json_t *good = json_object(), *failed = json_object();

	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->n_counters; i++) {
		const struct counter *c = &l->counters[i];

		if (strcmp(c->op, UNKNOWN) != 0)
			json_object_set_new(good, c->op, json_integer(c->good));
		json_object_set_new(failed, c->op, json_integer(c->failed));
	}
	pthread_mutex_unlock(&l->lock);
	json_object_set_new(good, "failed", failed);
	return good;
}

void
log_reset(struct log *l)
{
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->n_counters; i++)
		l->counters[i].good = l->counters[i].failed = 0;
	pthread_mutex_unlock(&l->lock);
}
