/* metrics.c - see metrics.h */
#include "metrics.h"

#include <pthread.h>
#include <stdlib.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: beyond it a double skips integers */

struct metrics {
	pthread_mutex_t lock;
	json_t *list;
	json_int_t received;
};

struct metrics *
metrics_open(void)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	m->list = json_array();
	pthread_mutex_init(&m->lock, NULL);
	return m;
}

void
metrics_close(struct metrics *m)
{
	if (m == NULL)
		return;
	json_decref(m->list);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* A copy in which 42.0 is 42, as it was sent. */
static json_t *
plain(const json_t *value)
{
	double x = json_real_value(value);
	const char *name;
	json_t *out, *inner;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_REAL:
		if (x < -EXACT_MAX || x > EXACT_MAX || x != (double)(json_int_t)x)
			return json_real(x);
		return json_integer((json_int_t)x);
	case JSON_ARRAY:
		out = json_array();
		json_array_foreach (value, i, inner)
			json_array_append_new(out, plain(inner));
		return out;
	case JSON_OBJECT:
		out = json_object();
		for (void *at = json_object_iter((json_t *)(size_t)value); at != NULL;
		     at = json_object_iter_next((json_t *)(size_t)value, at)) {
			name = json_object_iter_key(at);
			json_object_set_new(out, name, plain(json_object_iter_value(at)));
		}
		return out;
	default:
		return json_deep_copy(value);
	}
}

static json_t *
dimensions_of(const json_t *datum)
{
	json_t *out = json_object(), *dimension;
	size_t i;

	json_array_foreach (json_object_get(datum, "Dimensions"), i, dimension)
		json_object_set(out,
		    json_string_value(json_object_get(dimension, "Name")),
		    json_object_get(dimension, "Value"));
	return out;
}

static json_t *
describe(const json_t *namespace, const json_t *datum, time_t now)
{
	static const char *const shown[][2] = {
		{ "MetricName", "name" },
		{ "Unit", "unit" },
		{ "Timestamp", "timestamp" },
		{ "StorageResolution", "storageResolution" },
		{ "Value", "value" },
		{ "Values", "values" },
		{ "Counts", "counts" },
		{ "StatisticValues", "statistics" },
	};
	json_t *out = json_pack("{s:s, s:s, s:I, s:i, s:o}", "namespace",
	    json_string_value(namespace), "unit", "None", "timestamp", (json_int_t)now,
	    "storageResolution", 60, "dimensions", dimensions_of(datum));

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (json_object_get(datum, shown[i][0]) != NULL)
			json_object_set_new(
			    out, shown[i][1], plain(json_object_get(datum, shown[i][0])));
	return out;
}

void
metrics_add(struct metrics *m, const json_t *in, time_t now)
{
	const json_t *namespace = json_object_get(in, "Namespace");
	json_t *datum;
	size_t i;

	pthread_mutex_lock(&m->lock);
	json_array_foreach (json_object_get(in, "MetricData"), i, datum) {
		json_array_append_new(m->list, describe(namespace, datum, now));
		if (json_array_size(m->list) > METRICS_MAX)
			json_array_remove(m->list, 0);
		m->received++;
	}
	pthread_mutex_unlock(&m->lock);
}

json_t *
metrics_list(struct metrics *m)
{
	json_t *out;

	pthread_mutex_lock(&m->lock);
	out = json_pack(
	    "{s:I, s:o}", "received", m->received, "metrics", json_deep_copy(m->list));
	pthread_mutex_unlock(&m->lock);
	return out;
}

void
metrics_reset(struct metrics *m)
{
	pthread_mutex_lock(&m->lock);
	json_array_clear(m->list);
	m->received = 0;
	pthread_mutex_unlock(&m->lock);
}
