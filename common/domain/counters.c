#include "domain/counters.h"

#include <stdlib.h>

#include "base/parse.h"
#include "base/banned.h"

struct field {
	struct counter key; /* without cells */
	size_t cell;
	int64_t n;
};

static int
key_order(const struct counter *a, const struct counter *b)
{
	int order = (a->metric > b->metric) - (a->metric < b->metric);
	size_t i;

	for (i = 0; order == 0 && i < METRIC_LABELS; i++)
		order = str_cmp(a->labels[i], b->labels[i]);
	return order;
}

static int
field_order(const void *a, const void *b)
{
	const struct field *x = a, *y = b;

	return key_order(&x->key, &y->key);
}

static size_t
fields_read(const struct reply *flat, struct field *ret)
{
	size_t i, n = 0;

	for (i = 0; i + 1 < flat->n; i += 2) {
		struct field *f = &ret[n];

		if (metrics_field(
			reply_str(flat, i), &f->key.metric, f->key.labels, &f->cell) &&
		    parse_i64(reply_str(flat, i + 1), 0, INT64_MAX, &f->n))
			n++;
	}
	return n;
}

void
counters_read(const struct reply *flat, struct arena *a, struct counters *ret)
{
	struct field *fields = arena_zalloc(a, (flat->n / 2 + 1) * sizeof(*fields));
	size_t i, n = fields_read(flat, fields);
	struct counter *c = NULL;

	qsort(fields, n, sizeof(*fields), field_order);
	ret->v = arena_zalloc(a, (n + 1) * sizeof(*ret->v));
	ret->n = 0;
	for (i = 0; i < n; i++) {
		if (c == NULL || key_order(c, &fields[i].key) != 0) {
			c = &ret->v[ret->n++];
			*c = fields[i].key;
		}
		c->cells[fields[i].cell] += fields[i].n;
	}
}

int64_t
counter_times(const struct counter *c)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < METRIC_SUM; i++)
		n += c->cells[i];
	return n;
}

static int
counter_order(const void *a, const void *b)
{
	return key_order(a, b);
}

const struct counter *
counters_find(const struct counters *all, const struct counter *like)
{
	return bsearch(like, all->v, all->n, sizeof(*all->v), counter_order);
}

void
counter_add(struct counter *to, const struct counter *from)
{
	size_t i;

	for (i = 0; i < METRIC_CELLS; i++)
		to->cells[i] += from->cells[i];
}

static int
most_first(const void *a, const void *b)
{
	int64_t x = counter_times(a), y = counter_times(b);

	return x != y ? (x < y) - (x > y) : key_order(a, b);
}

size_t
counters_most(const struct counters *all, enum metric m, size_t max, struct arena *a,
    struct counter **ret)
{
	struct counter *v = arena_zalloc(a, (all->n + 1) * sizeof(*v));
	size_t i, n = 0;

	for (i = 0; i < all->n; i++)
		if (all->v[i].metric == m)
			v[n++] = all->v[i];
	*ret = v;
	if (n <= max)
		return n;
	qsort(v, n, sizeof(*v), most_first);
	for (i = max; i < n; i++)
		counter_add(&v[max - 1], &v[i]);
	for (i = 0; i < METRIC_LABELS; i++)
		v[max - 1].labels[i] = STR("other");
	return max;
}
