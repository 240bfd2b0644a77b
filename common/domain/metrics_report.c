#include "domain/metrics_report.h"

#include "aws/cloudwatch.h"
#include "base/crypto.h"
#include "base/parse.h"
#include "domain/counters.h"
#include "base/banned.h"

#define DATA_MAX (METRIC_COUNT * 2)
/* As the server named itself that this one replaces: dashboards and alarms go on. */
#define SERVICE "api-server"

/* Places of metrics_take.lua's answer. */
enum {
	AT_AGE_MS = 1,
	AT_VIEWERS,
	AT_STAGES,
	AT_COUNTERS,
	AT_TOLD,
	AT_EXTREMES,
	AT_VIEWERS_KNOWN,
	PLACES
};

struct report {
	const struct reply *reply;
	struct counters now, told;
	bool from_here; /* nothing was told before, or too long ago */
	struct cloudwatch_datum data[DATA_MAX];
	size_t n;
};

/* What came since: of a counter that began anew all of it. */
static struct counter
since(const struct report *rep, const struct counter *now)
{
	const struct counter *told = counters_find(&rep->told, now);
	struct counter diff = *now;
	size_t i;

	for (i = 0; told != NULL && i < METRIC_CELLS; i++)
		if (diff.cells[i] >= told->cells[i])
			diff.cells[i] -= told->cells[i];
	return diff;
}

static struct counter
since_all(const struct report *rep, enum metric m)
{
	struct counter sum = { .metric = m }, one;
	size_t i;

	for (i = 0; !rep->from_here && i < rep->now.n; i++) {
		if (rep->now.v[i].metric != m)
			continue;
		one = since(rep, &rep->now.v[i]);
		counter_add(&sum, &one);
	}
	return sum;
}

static double
extreme_ms(const struct report *rep, const char *name, const char *which, double mean)
{
	const struct reply *flat = rep->reply->v[AT_EXTREMES];
	struct str field;
	int64_t us;
	size_t i;

	for (i = 0; i + 1 < flat->n; i += 2) {
		field = reply_str(flat, i);
		if (str_is(str_cut(&field, ' '), name) && str_is(field, which) &&
		    parse_i64(reply_str(flat, i + 1), 0, INT64_MAX, &us))
			return (double)us / 1000;
	}
	return mean;
}

/* The extremes travel with the counts; should they ever not fit, the mean bounds them. */
static struct cloudwatch_datum
times_of(const struct report *rep, enum metric m)
{
	struct counter c = since_all(rep, m);
	struct cloudwatch_datum d = { .unit = CLOUDWATCH_MILLISECONDS };
	double mean;

	d.samples = counter_times(&c);
	if (d.samples == 0)
		return d;
	d.sum = (double)c.cells[METRIC_SUM] / 1000;
	mean = d.sum / (double)d.samples;
	d.min = extreme_ms(rep, metric_defs[m].name, "min", mean);
	d.max = extreme_ms(rep, metric_defs[m].name, "max", mean);
	d.min = d.min < mean ? d.min : mean;
	d.max = d.max > mean ? d.max : mean;
	return d;
}

static bool
is_known(const struct report *rep, enum metric m)
{
	return m != METRIC_VIEWERS || reply_int(rep->reply, AT_VIEWERS_KNOWN) == 1;
}

static double
gauge(const struct report *rep, enum metric m)
{
	return (double)reply_int(
	    rep->reply, m == METRIC_VIEWERS ? AT_VIEWERS : AT_STAGES);
}

/*
 * Without a time of their own, so that they count at their arrival: what our clock says
 * may be wrong by hours, which is found out only when the call is refused for it, and AWS
 * takes no datum that is more than two hours ahead.
 */
static void
add(struct report *rep, enum metric m)
{
	const struct metric_def *def = &metric_defs[m];
	struct cloudwatch_datum d = { .unit = CLOUDWATCH_COUNT };
	struct counter c;
	size_t i;

	if (def->type == METRIC_HISTOGRAM) {
		d = times_of(rep, m);
		if (d.samples == 0)
			return;
	} else if (def->type == METRIC_COUNTER) {
		c = since_all(rep, m);
		d.value = (double)counter_times(&c);
	} else {
		d.value = gauge(rep, m);
	}
	for (i = 0; i < 2 && def->cloudwatch[i] != NULL; i++) {
		d.name = def->cloudwatch[i];
		rep->data[rep->n++] = d;
	}
}

static json_t *
datum_json(const struct cloudwatch_datum *d)
{
	if (d->samples == 0)
		return json_pack("{s:s, s:f}", "name", d->name, "count", d->value);
	return json_pack("{s:s, s:I, s:f, s:f, s:f}", "name", d->name, "samples",
	    (json_int_t)d->samples, "sum_ms", d->sum, "min_ms", d->min, "max_ms", d->max);
}

static struct str
text_of(struct arena *a, const struct report *rep)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < rep->n; i++)
		json_array_append_new(list, datum_json(&rep->data[i]));
	return json_text(a, list);
}

static bool
read_report(
    struct redis *r, struct arena *a, struct str how, struct report *rep, struct err *err)
{
	char run[UUID_BYTES];
	struct redis_call c;
	int64_t age_ms;
	size_t m;

	crypto_uuid(run);
	redis_call_init(&c, a, SCRIPT_METRICS_TAKE);
	redis_arg(&c, how);
	redis_arg(&c, str_of(run));
	if (!redis_call(r, &c, err))
		return err_while(err, "reading the counters");
	if (c.reply->type != REPLY_ARRAY || c.reply->n != PLACES)
		return err_set(err, ERR_BUG, "metrics_take answered something else");
	rep->reply = c.reply;
	counters_read(c.reply->v[AT_COUNTERS], a, &rep->now);
	counters_read(c.reply->v[AT_TOLD], a, &rep->told);
	age_ms = reply_int(c.reply, AT_AGE_MS);
	rep->from_here = age_ms < 0 || age_ms > METRICS_REPORT_GAP_MAX_MS;
	for (m = 0; m < METRIC_COUNT; m++)
		if (metric_defs[m].cloudwatch[0] != NULL && is_known(rep, (enum metric)m))
			add(rep, (enum metric)m);
	return true;
}

static bool
mark(struct redis *r, struct arena *a, struct str how, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, a, SCRIPT_METRICS_SENT);
	redis_arg(&c, how);
	return redis_call(r, &c, err) || err_while(err, "noting what was sent");
}

static bool
put(const struct config *cfg, struct ivs *ivs, struct arena *a, const struct report *rep,
    struct err *err)
{
	const struct cloudwatch_dimension dims[] = {
		{ STR("Environment"), cfg->environment_name },
		{ STR("Service"), STR(SERVICE) },
	};
	size_t sent;

	return cloudwatch_put(ivs, a, cfg->cloudwatch_namespace, dims, 2, rep->data,
		   rep->n, &sent, err) ||
	       err_while(err, "sending %zu metrics", rep->n);
}

static void
fill(struct metrics_report *ret, const struct report *rep, struct arena *a)
{
	ret->data = (int64_t)rep->n;
	ret->text = text_of(a, rep);
}

bool
metrics_report_look(
    struct redis *r, struct arena *a, struct metrics_report *ret, struct err *err)
{
	struct report rep = { .n = 0 };

	if (!read_report(r, a, STR("look"), &rep, err))
		return false;
	fill(ret, &rep, a);
	return true;
}

bool
metrics_report_send(const struct config *cfg, struct redis *r, struct ivs *ivs,
    struct arena *a, struct metrics_report *ret, struct err *err)
{
	struct report rep = { .n = 0 };
	struct err second = ERR_INIT;
	bool ok, arrived;

	if (!read_report(r, a, STR("take"), &rep, err))
		return false;
	fill(ret, &rep, a);
	ok = put(cfg, ivs, a, &rep, err);
	arrived = ok || err->kind == ERR_UNCERTAIN;
	if (mark(r, a, arrived ? STR("sent") : STR("kept"), &second))
		return ok;
	/* Unmarked counts as sent: the next run sees to it. */
	if (ok)
		*err = second;
	return false;
}
