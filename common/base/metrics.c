#include "base/metrics.h"

#include "base/err.h"
#include "base/parse.h"
#include "base/banned.h"

#define SERIES_MAX 256
#define SLOTS 512 /* a power of two, at least twice SERIES_MAX */
#define FIELD_MAX_BYTES 256
#define SECOND 1000000

/* Requests: a heartbeat takes a fraction of the first, an AWS call the fourth or fifth. */
static const int64_t quick_us[METRIC_BOUNDS] = { 1000, 5000, 25000, 100000, 500000,
	2500000 };
static const int64_t long_us[METRIC_BOUNDS] = { SECOND / 10, SECOND / 2, SECOND * 5 / 2,
	SECOND * 10, SECOND * 30, SECOND * 60 };

const struct metric_def metric_defs[METRIC_COUNT] = {
	[METRIC_VIEWERS] = { "viewers", METRIC_GAUGE,
	    "Viewers now, by stage; those of small stages beyond the first 200 as other; left out "
	    "while nothing refreshes them",
	    { "stage" }, .cloudwatch = { "TotalViewers", "ConcurrentViewers" } },
	[METRIC_SEATS] = { "seats", METRIC_GAUGE,
	    "Seats taken, those of lapsed viewers included, by stage; left out as viewers are",
	    { "stage" } },
	[METRIC_STAGES] = { "stages", METRIC_GAUGE, "Stages of this show",
	    .cloudwatch = { "ActiveStages" } },
	[METRIC_PUBLISHER_LIVE] = { "publisher_live", METRIC_GAUGE,
	    "1 while the publisher is live; left out while nobody knows" },
	[METRIC_PUBLISHER_AGE] = { "publisher_age_seconds", METRIC_GAUGE,
	    "Time since it was last learnt whether the publisher is live; over 120 nobody knows" },
	[METRIC_RECORDS_WAITING] = { "records_waiting", METRIC_GAUGE,
	    "Records of joins and leaves that PostgreSQL does not have yet" },
	[METRIC_RECORDS_OLDEST] = { "records_oldest_seconds", METRIC_GAUGE,
	    "Age of the oldest record that waits" },
	[METRIC_RECORDS_DEAD] = { "records_dead_total", METRIC_COUNTER,
	    "Records that PostgreSQL will never accept (kept in records:dead)" },
	[METRIC_REQUESTS] = { "requests_total", METRIC_COUNTER,
	    "Requests answered; unknown paths, wrong methods and preflights are the route none",
	    { "route", "method", "status" } },
	[METRIC_REQUEST_DURATION] = { "request_duration_seconds", METRIC_HISTOGRAM,
	    "Time from reading a request to its answer, by route", { "route" }, quick_us,
	    { "APILatency" } },
	[METRIC_ERRORS] = { "errors_total", METRIC_COUNTER,
	    "Answers with status 500 and above, by what was away", { "dependency" },
	    .cloudwatch = { "ErrorCount" } },
	[METRIC_TOKEN_DURATION] = { "token_duration_seconds", METRIC_HISTOGRAM,
	    "Time to make a token, by TOKEN_MODE", { "mode" }, quick_us,
	    { "TokenGenerationTime" } },
	[METRIC_STAGE_CREATION_DURATION] = { "stage_creation_duration_seconds",
	    METRIC_HISTOGRAM, "Time AWS took to create a stage", { NULL }, quick_us,
	    { "StageCreationTime" } },
	[METRIC_AWS_CALLS] = { "aws_calls_total", METRIC_COUNTER,
	    "Calls of AWS, retries included in one", { "operation", "outcome" } },
	[METRIC_JOB_RUNS] = { "job_runs_total", METRIC_COUNTER,
	    "Runs of the cron programs", { "job", "result" } },
	[METRIC_JOB_DURATION] = { "job_duration_seconds", METRIC_HISTOGRAM,
	    "Time a run took, by cron program", { "job" }, long_us },
	[METRIC_LOG_LOST] = { "log_lines_lost_total", METRIC_COUNTER,
	    "Log lines that stderr did not take within 100 ms" },
	[METRIC_NOT_COUNTED] = { "not_counted_total", METRIC_COUNTER,
	    "What a process had no room to count; anything but 0 is a fault" },
	[METRIC_BUILD_INFO] = { "build_info", METRIC_GAUGE, "1, with the version",
	    { "version" } },
};

struct series {
	enum metric metric;
	const char *a, *b;
	int number;
	int64_t now[METRIC_CELLS];     /* counted since the last metrics_carry */
	int64_t carried[METRIC_CELLS]; /* on their way */
};

struct extremes {
	int64_t min_us, max_us;
	bool any;
};

/* Of this process. Series 0 is METRIC_NOT_COUNTED; slots hold the number of a series. */
static struct {
	struct series series[SERIES_MAX];
	size_t n;
	uint16_t slots[SLOTS]; /* 0: empty */
	struct extremes now[METRIC_COUNT], carried[METRIC_COUNT];
	bool pending, under_way;
} state;

static size_t
slot_of(enum metric m, const char *a, const char *b, int number)
{
	uint64_t h = (uint64_t)(uintptr_t)a * 0x9e3779b97f4a7c15u;

	h ^= (uint64_t)(uintptr_t)b * 0xc2b2ae3d27d4eb4fu;
	h ^= ((uint64_t)number << 8 | m) * 0xff51afd7ed558ccdu;
	return (size_t)(h >> 40) & (SLOTS - 1);
}

static struct series *
series_new(enum metric m, const char *a, const char *b, int number, size_t slot)
{
	struct series *s;

	if (state.n == 0)
		state.series[state.n++].metric = METRIC_NOT_COUNTED;
	if (state.n == SERIES_MAX)
		return &state.series[0];
	state.slots[slot] = (uint16_t)state.n;
	s = &state.series[state.n++];
	s->metric = m;
	s->a = a;
	s->b = b;
	s->number = number;
	return s;
}

static struct series *
series_of(enum metric m, const char *a, const char *b, int number)
{
	size_t slot = slot_of(m, a, b, number);
	struct series *s;

	for (; state.slots[slot] != 0; slot = (slot + 1) & (SLOTS - 1)) {
		s = &state.series[state.slots[slot]];
		if (s->metric == m && s->a == a && s->b == b && s->number == number)
			return s;
	}
	return series_new(m, a, b, number, slot);
}

void
metrics_count(enum metric m, const char *a, const char *b, int number)
{
	series_of(m, a, b, number)->now[0]++;
	state.pending = true;
}

static void
stretch(struct extremes *e, int64_t min_us, int64_t max_us)
{
	if (!e->any || min_us < e->min_us)
		e->min_us = min_us;
	if (!e->any || max_us > e->max_us)
		e->max_us = max_us;
	e->any = true;
}

void
metrics_observe(enum metric m, const char *a, int64_t us)
{
	struct series *s = series_of(m, a, NULL, 0);
	const int64_t *bounds = metric_defs[m].bounds_us;
	size_t i = 0;

	state.pending = true;
	if (s->metric != m) { /* no room */
		s->now[0]++;
		return;
	}
	us = us > 0 ? us : 0;
	while (i < METRIC_BOUNDS && us > bounds[i])
		i++;
	s->now[i]++;
	s->now[METRIC_SUM] += us;
	stretch(&state.now[m], us, us);
}

void
metrics_forget(void)
{
	memset(&state, 0, sizeof(state));
}

bool
metrics_pending(void)
{
	return state.pending || state.under_way;
}

static void
put_label(struct buf *out, const char *label)
{
	if (label == NULL)
		return;
	buf_char(out, ' ');
	buf_cstr(out, label);
}

static void
put_cell_name(struct buf *out, const struct metric_def *def, size_t cell)
{
	if (def->type != METRIC_HISTOGRAM)
		return;
	if (cell == METRIC_SUM) {
		buf_cstr(out, " sum");
	} else if (cell == METRIC_BOUNDS) {
		buf_cstr(out, " inf");
	} else {
		buf_cstr(out, " le");
		buf_int(out, def->bounds_us[cell]);
	}
}

static void
put_series(struct buf *out, const struct series *s)
{
	const struct metric_def *def = &metric_defs[s->metric];
	size_t i;

	for (i = 0; i < METRIC_CELLS; i++) {
		if (s->carried[i] == 0)
			continue;
		buf_cstr(out, def->name);
		put_label(out, s->a);
		put_label(out, s->b);
		if (s->number != 0) {
			buf_char(out, ' ');
			buf_int(out, s->number);
		}
		put_cell_name(out, def, i);
		buf_char(out, ' ');
		buf_int(out, s->carried[i]);
		buf_char(out, '\n');
	}
}

static void
set_out(void)
{
	size_t i;

	for (i = 0; i < state.n; i++) {
		memcpy(state.series[i].carried, state.series[i].now,
		    sizeof(state.series[i].now));
		memset(state.series[i].now, 0, sizeof(state.series[i].now));
	}
	memcpy(state.carried, state.now, sizeof(state.now));
	memset(state.now, 0, sizeof(state.now));
	state.pending = false;
	state.under_way = true;
}

bool
metrics_carry(struct arena *a, struct str *ret_counts, struct str *ret_extremes)
{
	struct buf counts, extremes;
	size_t i;

	if (!metrics_pending())
		return false;
	if (!state.under_way)
		set_out();
	buf_init(&counts, a, SERIES_MAX * METRIC_CELLS * FIELD_MAX_BYTES);
	for (i = 0; i < state.n; i++)
		put_series(&counts, &state.series[i]);
	buf_init(&extremes, a, METRIC_COUNT * FIELD_MAX_BYTES);
	for (i = 0; i < METRIC_COUNT; i++)
		if (state.carried[i].any)
			buf_printf(&extremes, "%s %lld %lld\n", metric_defs[i].name,
			    (long long)state.carried[i].min_us,
			    (long long)state.carried[i].max_us);
	INVARIANT(buf_ok(&counts) && buf_ok(&extremes));
	*ret_counts = buf_view(&counts);
	*ret_extremes = buf_view(&extremes);
	return true;
}

void
metrics_carried(void)
{
	state.under_way = false;
}

/* ---- reading what stands in Redis ---- */

static size_t
labels_of(const struct metric_def *def)
{
	size_t n = 0;

	while (n < METRIC_LABELS && def->labels[n] != NULL)
		n++;
	return n;
}

static bool
cell_of(const struct metric_def *def, struct str word, size_t *ret)
{
	int64_t us;

	if (str_is(word, "sum")) {
		*ret = METRIC_SUM;
		return true;
	}
	if (str_is(word, "inf")) {
		*ret = METRIC_BOUNDS;
		return true;
	}
	if (!str_starts(word, STR("le")) ||
	    !parse_i64(str_skip(word, 2), 0, INT64_MAX, &us))
		return false;
	for (*ret = 0; *ret < METRIC_BOUNDS; ++*ret)
		if (def->bounds_us[*ret] == us)
			return true;
	return false;
}

bool
metrics_field(struct str field, enum metric *ret_metric,
    struct str ret_labels[METRIC_LABELS], size_t *ret_cell)
{
	struct str name = str_cut(&field, ' ');
	const struct metric_def *def;
	size_t m = 0, i;

	while (m < METRIC_COUNT && !str_is(name, metric_defs[m].name))
		m++;
	if (m == METRIC_COUNT)
		return false;
	def = &metric_defs[m];
	for (i = 0; i < METRIC_LABELS; i++) {
		ret_labels[i] = i < labels_of(def) ? str_cut(&field, ' ') : STR("");
		if (i < labels_of(def) && ret_labels[i].n == 0)
			return false;
	}
	*ret_cell = 0;
	if (def->type == METRIC_HISTOGRAM &&
	    !cell_of(def, str_cut(&field, ' '), ret_cell))
		return false;
	*ret_metric = (enum metric)m;
	return field.p == NULL;
}
