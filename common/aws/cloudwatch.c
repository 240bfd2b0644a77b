#include "aws/cloudwatch.h"

#include <math.h>

#include "aws/aws_call.h"
#include "base/parse.h"
#include "base/banned.h"

#define BODY_MAX_BYTES 1000000 /* AWS: 1 MB */
#define DIMENSIONS_MAX 30
#define NAME_MAX_CHARS 255
#define DIMENSION_VALUE_MAX_CHARS 1024
#define VALUE_EXPONENT_MAX 360 /* within +-2^360 */

static const char *const units[] = {
	[CLOUDWATCH_COUNT] = "Count",
	[CLOUDWATCH_MILLISECONDS] = "Milliseconds",
	[CLOUDWATCH_SECONDS] = "Seconds",
	[CLOUDWATCH_NONE] = "None",
};

/* What all calls of one cloudwatch_put have in common. */
struct batch {
	struct str name_space;
	const struct cloudwatch_dimension *dims;
	size_t n_dims;
	const struct cloudwatch_datum *data;
};

/* ---- form ---- */

static bool
good_name(struct str s, size_t max_chars)
{
	size_t chars;

	return s.n > 0 && parse_utf8(s, &chars) && chars <= max_chars &&
	       !parse_has_control(s);
}

static bool
good_value(double v)
{
	return isfinite(v) && fabs(v) <= ldexp(1, VALUE_EXPONENT_MAX);
}

static bool
batch_check(const struct batch *b, struct err *err)
{
	if (!good_name(b->name_space, NAME_MAX_CHARS) || b->name_space.p[0] == ':' ||
	    str_starts(b->name_space, STR("AWS/")))
		return err_from(err, ERR_FROM_AWS, ERR_INPUT,
		    "'%.100s' is no namespace for metrics",
		    b->name_space.n > 0 ? b->name_space.p : "");
	if (b->n_dims > DIMENSIONS_MAX)
		return err_from(err, ERR_FROM_AWS, ERR_INPUT,
		    "a metric has at most %d dimensions, got %zu", DIMENSIONS_MAX,
		    b->n_dims);
	for (size_t i = 0; i < b->n_dims; i++)
		if (!good_name(b->dims[i].name, NAME_MAX_CHARS) ||
		    !good_name(b->dims[i].value, DIMENSION_VALUE_MAX_CHARS))
			return err_from(err, ERR_FROM_AWS, ERR_INPUT,
			    "dimension %zu has no proper name or value", i);
	return true;
}

static bool
datum_check(const struct cloudwatch_datum *d, struct err *err)
{
	bool good = d->samples == 0
			? good_value(d->value)
			: d->samples > 0 && good_value(d->sum) && good_value(d->min) &&
			      good_value(d->max) && d->min <= d->max;

	if (!good_name(str_of(d->name), NAME_MAX_CHARS))
		return err_from(err, ERR_FROM_AWS, ERR_INPUT, "a metric has no name");
	if (good)
		return true;
	return err_from(err, ERR_FROM_AWS, ERR_INPUT,
	    "metric '%s' has a value that CloudWatch does not take", d->name);
}

/* ---- the call ---- */

static json_t *
dimensions_json(const struct batch *b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < b->n_dims; i++)
		json_array_append_new(
		    list, json_pack("{s:o, s:o}", "Name", json_str(b->dims[i].name),
			      "Value", json_str(b->dims[i].value)));
	return list;
}

static json_t *
datum_json(const struct batch *b, const struct cloudwatch_datum *d)
{
	json_t *o =
	    json_pack("{s:s, s:s}", "MetricName", d->name, "Unit", units[d->unit]);

	if (d->samples == 0)
		json_object_set_new(o, "Value", json_real(d->value));
	else
		json_object_set_new(o, "StatisticValues",
		    json_pack("{s:f, s:f, s:f, s:f}", "SampleCount", (double)d->samples,
			"Sum", d->sum, "Minimum", d->min, "Maximum", d->max));
	if (d->at_ms > 0)
		json_object_set_new(o, "Timestamp", json_integer(d->at_ms / 1000));
	if (b->n_dims > 0)
		json_object_set_new(o, "Dimensions", dimensions_json(b));
	return o;
}

static json_t *
body_json(const struct batch *b, size_t from, size_t n)
{
	json_t *list = json_array();

	for (size_t i = from; i < from + n; i++)
		json_array_append_new(list, datum_json(b, &b->data[i]));
	return json_pack(
	    "{s:o, s:o}", "Namespace", json_str(b->name_space), "MetricData", list);
}

/* As many as fit into one call; *n becomes their number. */
static json_t *
body_that_fits(const struct batch *b, size_t from, size_t *n)
{
	json_t *body = body_json(b, from, *n);

	while (*n > 1 && json_dumpb(body, NULL, 0, JSON_COMPACT) > BODY_MAX_BYTES) {
		*n /= 2;
		json_decref(body);
		body = body_json(b, from, *n);
	}
	return body;
}

/* In memory of its own: a thousand data are much for the caller's. */
static bool
put_some(struct ivs *v, const struct batch *b, size_t from, size_t *n, struct err *err)
{
	/* A datum that arrives twice counts twice, where AWS' own SDKs take that chance. */
	static const struct aws_op op = {
		.name = "PutMetricData", .repeat = AWS_ONCE, .service = AWS_CLOUDWATCH
	};
	struct arena *before, own;
	bool ok;

	if (!arena_init(&own, 4 * ARENA_DEFAULT_BYTES))
		return err_set(err, ERR_BUG, "no memory for metrics");
	before = json_use(&own);
	ok = aws_call_done(v, &own, &op, body_that_fits(b, from, n), err);
	(void)json_use(before);
	arena_clear(&own);
	return ok;
}

bool
cloudwatch_put(struct ivs *v, struct arena *a, struct str name_space,
    const struct cloudwatch_dimension *dims, size_t n_dims,
    const struct cloudwatch_datum *data, size_t n, size_t *ret_sent, struct err *err)
{
	const struct batch b = { name_space, dims, n_dims, data };
	size_t some;

	(void)a;
	*ret_sent = 0;
	if (n > 0 && !batch_check(&b, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!datum_check(&data[i], err))
			return false;
	while (*ret_sent < n) {
		some = n - *ret_sent;
		if (some > CLOUDWATCH_DATA_MAX)
			some = CLOUDWATCH_DATA_MAX;
		if (!put_some(v, &b, *ret_sent, &some, err))
			return false;
		*ret_sent += some;
	}
	return true;
}
