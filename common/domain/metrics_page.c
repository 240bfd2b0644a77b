#include "domain/metrics_page.h"

#include "base/parse.h"
#include "domain/counters.h"
#include "base/banned.h"

#define PAGE_MAX_BYTES (2u << 20)
#define LABEL_MAX_BYTES 128
#define HISTOGRAM_LINES (METRIC_BOUNDS + 3) /* buckets, +Inf, sum, count */

/* Places of metrics_read.lua's answer. */
enum {
	AT_PUBLISHER = 1,
	AT_WAITING,
	AT_OLDEST_MS,
	AT_DEAD,
	AT_STAGES,
	AT_REST_VIEWERS,
	AT_REST_SEATS,
	AT_TOLD,
	AT_COUNTERS,
	AT_PUBLISHER_STATE,
	AT_PUBLISHER_AGE_MS,
	AT_VIEWERS_KNOWN,
	PLACES
};

struct page {
	const struct reply *reply, *told;
	struct counters counters;
	struct str version;
	struct arena *arena;
	struct buf out;
};

void
metrics_page_ask(struct redis_call *c)
{
	redis_call_init(c, c->arena, SCRIPT_METRICS_READ);
	redis_arg_int(c, METRICS_STAGES_MAX);
}

/* Backslash, quote and line feed; other controls are '?' already. */
static void
put_escaped(struct page *p, struct str text)
{
	size_t i;

	text = parse_clean_text(p->arena, text, LABEL_MAX_BYTES);
	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' || text.p[i] == '"')
			buf_char(&p->out, '\\');
		buf_char(&p->out, text.p[i]);
	}
}

static void
put_label(struct page *p, char *before, const char *name, struct str value)
{
	buf_char(&p->out, *before);
	*before = ',';
	buf_cstr(&p->out, name);
	buf_cstr(&p->out, "=\"");
	put_escaped(p, value);
	buf_char(&p->out, '"');
}

/* "name{labels,le=...} "; le.p == NULL: without. */
static void
put_name(struct page *p, enum metric m, const char *suffix, const struct str *labels,
    struct str le)
{
	const struct metric_def *def = &metric_defs[m];
	char before = '{';
	size_t i;

	buf_cstr(&p->out, METRICS_PREFIX);
	buf_cstr(&p->out, def->name);
	buf_cstr(&p->out, suffix);
	for (i = 0; i < METRIC_LABELS && def->labels[i] != NULL; i++)
		put_label(p, &before, def->labels[i], labels[i]);
	if (le.p != NULL)
		put_label(p, &before, "le", le);
	if (before == ',')
		buf_char(&p->out, '}');
	buf_char(&p->out, ' ');
}

static void
put_int(struct page *p, enum metric m, const char *suffix, const struct str *labels,
    int64_t value)
{
	put_name(p, m, suffix, labels, STR_NULL);
	buf_int(&p->out, value);
	buf_char(&p->out, '\n');
}

/* 2500000 us as "2.5" */
static struct str
seconds(struct page *p, int64_t us)
{
	struct str s = str_printf(p->arena, "%lld.%06lld", (long long)(us / 1000000),
	    (long long)(us % 1000000));

	while (s.p[s.n - 1] == '0')
		s.n--;
	if (s.p[s.n - 1] == '.')
		s.n--;
	return s;
}

static void
put_bucket(struct page *p, const struct counter *c, struct str le, int64_t n)
{
	put_name(p, c->metric, "_bucket", c->labels, le);
	buf_int(&p->out, n);
	buf_char(&p->out, '\n');
}

static void
put_histogram(struct page *p, const struct counter *c)
{
	const int64_t *bounds = metric_defs[c->metric].bounds_us;
	int64_t n = 0;
	size_t i;

	for (i = 0; i < METRIC_BOUNDS; i++) {
		n += c->cells[i];
		put_bucket(p, c, seconds(p, bounds[i]), n);
	}
	n += c->cells[METRIC_BOUNDS];
	put_bucket(p, c, STR("+Inf"), n);
	put_name(p, c->metric, "_sum", c->labels, STR_NULL);
	buf_str(&p->out, seconds(p, c->cells[METRIC_SUM]));
	buf_char(&p->out, '\n');
	put_int(p, c->metric, "_count", c->labels, n);
}

/* What the programs counted. Without labels it is there from the beginning, as 0. */
static void
put_counters(struct page *p, enum metric m)
{
	bool histogram = metric_defs[m].type == METRIC_HISTOGRAM;
	size_t max = METRICS_FAMILY_MAX / (histogram ? HISTOGRAM_LINES : 1), i, n;
	struct counter none = { .metric = m }, *v;

	n = counters_most(&p->counters, m, max, p->arena, &v);
	if (n == 0 && metric_defs[m].labels[0] == NULL) {
		v = &none;
		n = 1;
	}
	for (i = 0; i < n; i++) {
		if (histogram)
			put_histogram(p, &v[i]);
		else
			put_int(p, m, "", v[i].labels, v[i].cells[0]);
	}
}

/* The part after "stage/"; a registry key that is no ARN is told as it is. */
static struct str
short_id(struct str arn)
{
	struct str id = arn;

	(void)str_cut(&id, '/');
	return id.n > 0 ? id : arn;
}

static void
put_stages(struct page *p, enum metric m)
{
	size_t column = m == METRIC_VIEWERS ? 1 : 2, i;
	size_t rest = m == METRIC_VIEWERS ? AT_REST_VIEWERS : AT_REST_SEATS;
	int64_t n = reply_int(p->reply, AT_STAGES);
	struct str label;

	for (i = 0; i + 3 <= p->told->n; i += 3) {
		label = short_id(reply_str(p->told, i));
		put_int(p, m, "", &label, reply_int(p->told, i + column));
	}
	label = STR("other");
	if (n > METRICS_STAGES_MAX)
		put_int(p, m, "", &label, reply_int(p->reply, rest));
}

static void
put_seconds(struct page *p, enum metric m, int64_t ms)
{
	put_name(p, m, "", NULL, STR_NULL);
	buf_str(&p->out, seconds(p, ms * 1000));
	buf_char(&p->out, '\n');
}

static void
put_values(struct page *p, enum metric m)
{
	const struct reply *r = p->reply;
	struct str state = reply_str(r, AT_PUBLISHER_STATE);
	int64_t age_ms = reply_int(r, AT_PUBLISHER_AGE_MS);

	switch (m) {
	case METRIC_VIEWERS:
	case METRIC_SEATS:
		if (reply_int(r, AT_VIEWERS_KNOWN) == 1)
			put_stages(p, m);
		break;
	case METRIC_STAGES:
		put_int(p, m, "", NULL, reply_int(r, AT_STAGES));
		break;
	case METRIC_PUBLISHER_LIVE:
		if (!str_is(state, "unknown"))
			put_int(p, m, "", NULL, str_is(state, "live"));
		break;
	case METRIC_PUBLISHER_AGE:
		if (age_ms >= 0)
			put_seconds(p, m, age_ms);
		break;
	case METRIC_RECORDS_WAITING:
		put_int(p, m, "", NULL, reply_int(r, AT_WAITING));
		break;
	case METRIC_RECORDS_OLDEST:
		put_seconds(p, m, reply_int(r, AT_OLDEST_MS));
		break;
	case METRIC_RECORDS_DEAD:
		put_int(p, m, "", NULL, reply_int(r, AT_DEAD));
		break;
	case METRIC_BUILD_INFO:
		put_int(p, m, "", &p->version, 1);
		break;
	default:
		put_counters(p, m);
	}
}

static void
put_family(struct page *p, enum metric m)
{
	static const char *const types[] = { [METRIC_GAUGE] = "gauge",
		[METRIC_COUNTER] = "counter",
		[METRIC_HISTOGRAM] = "histogram" };
	const struct metric_def *def = &metric_defs[m];

	buf_printf(&p->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", METRICS_PREFIX, def->name,
	    def->help, METRICS_PREFIX, def->name, types[def->type]);
	put_values(p, m);
}

bool
metrics_page_answer(const struct reply *reply, struct str version, struct arena *a,
    struct str *ret, struct err *err)
{
	struct page p = { .reply = reply, .version = version, .arena = a };
	size_t m;

	if (reply->type != REPLY_ARRAY || reply->n != PLACES)
		return err_set(err, ERR_BUG, "metrics_read answered something else");
	p.told = reply->v[AT_TOLD];
	counters_read(reply->v[AT_COUNTERS], a, &p.counters);
	buf_init(&p.out, a, PAGE_MAX_BYTES);
	for (m = 0; m < METRIC_COUNT; m++)
		put_family(&p, (enum metric)m);
	if (!buf_ok(&p.out))
		return err_set(err, ERR_BUG, "a page of over %u bytes", PAGE_MAX_BYTES);
	*ret = buf_view(&p.out);
	return true;
}
