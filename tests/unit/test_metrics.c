/* metrics: the table, counting, and carrying the counts away. */
#include "base/metrics.h"

#include "base/parse.h"

#include "tap.h"
#include "base/banned.h"

static struct arena a;

static bool
carry(struct str *ret_counts, struct str *ret_extremes)
{
	arena_wipe(&a);
	return metrics_carry(&a, ret_counts, ret_extremes);
}

static const char *
text(struct str s)
{
	return str_dup(&a, s).p;
}

static bool
has_line(struct str all, const char *line)
{
	struct str one;

	while (all.n > 0) {
		one = str_cut(&all, '\n');
		if (str_is(one, line))
			return true;
	}
	return false;
}

static bool
well_formed(const struct metric_def *d)
{
	bool histogram = d->type == METRIC_HISTOGRAM;
	size_t i;

	for (i = 1; histogram && i < METRIC_BOUNDS; i++)
		if (d->bounds_us[i] <= d->bounds_us[i - 1])
			return false;
	return parse_word(str_of(d->name), "_", 64) &&
	       histogram == (d->bounds_us != NULL) &&
	       (d->type == METRIC_COUNTER) == str_ends(str_of(d->name), STR("_total")) &&
	       (!histogram || str_ends(str_of(d->name), STR("_seconds"))) &&
	       d->help != NULL && strpbrk(d->help, "\\\n") == NULL;
}

static void
test_table(void)
{
	size_t i, j;
	bool twice = false;

	for (i = 0; i < METRIC_COUNT; i++) {
		ok(well_formed(&metric_defs[i]), "%s is well formed",
		    metric_defs[i].name);
		for (j = 0; j < i; j++)
			twice |= strcmp(metric_defs[i].name, metric_defs[j].name) == 0;
	}
	ok(!twice, "no name twice");
}

static void
test_nothing(void)
{
	struct str counts, extremes;

	ok(!metrics_pending(), "nothing is pending at the start");
	ok(!carry(&counts, &extremes), "and there is nothing to carry");
}

static void
test_count(void)
{
	static const char route[] = "/api/x";
	struct str counts, extremes;

	metrics_count(METRIC_REQUESTS, route, "GET", 200);
	metrics_count(METRIC_REQUESTS, route, "GET", 200);
	metrics_count(METRIC_REQUESTS, route, "GET", 404);
	metrics_count(METRIC_ERRORS, "redis", NULL, 0);
	ok(metrics_pending(), "what was counted is pending");
	ok(carry(&counts, &extremes), "and can be carried");
	is_text(text(counts),
	    "requests_total /api/x GET 200 2\nrequests_total /api/x GET 404 1\n"
	    "errors_total redis 1\n",
	    "each series with its labels");
	is_text(text(extremes), "", "counters have no extremes");
}

static void
test_carry_again(void)
{
	struct str counts, extremes;

	metrics_count(METRIC_ERRORS, "redis", NULL, 0);
	ok(carry(&counts, &extremes) && has_line(counts, "errors_total redis 1") &&
		has_line(counts, "requests_total /api/x GET 200 2"),
	    "the same again until it was carried");
	metrics_carried();
	ok(metrics_pending(), "what came meanwhile is pending");
	ok(carry(&counts, &extremes), "and can be carried");
	is_text(text(counts), "errors_total redis 1\n", "alone");
	metrics_carried();
	ok(!metrics_pending(), "then nothing is");
}

static void
test_observe(void)
{
	struct str counts, extremes;

	metrics_observe(METRIC_REQUEST_DURATION, "/r", 1000);
	metrics_observe(METRIC_REQUEST_DURATION, "/r", 1001);
	metrics_observe(METRIC_REQUEST_DURATION, "/r", 2500000);
	metrics_observe(METRIC_REQUEST_DURATION, "/r", 2500001);
	metrics_observe(METRIC_REQUEST_DURATION, "/r", -7);
	metrics_observe(METRIC_STAGE_CREATION_DURATION, NULL, 300000);
	ok(carry(&counts, &extremes), "times can be carried");
	is_text(text(counts),
	    "request_duration_seconds /r le1000 2\n"
	    "request_duration_seconds /r le5000 1\n"
	    "request_duration_seconds /r le2500000 1\n"
	    "request_duration_seconds /r inf 1\n"
	    "request_duration_seconds /r sum 5002002\n"
	    "stage_creation_duration_seconds le500000 1\n"
	    "stage_creation_duration_seconds sum 300000\n",
	    "a bound belongs to its bucket, a time below zero is none");
	is_text(text(extremes),
	    "request_duration_seconds 0 2500001\n"
	    "stage_creation_duration_seconds 300000 300000\n",
	    "the least and the most");
	metrics_carried();
	metrics_observe(METRIC_REQUEST_DURATION, "/r", 4);
	ok(carry(&counts, &extremes) &&
		has_line(extremes, "request_duration_seconds 4 4"),
	    "extremes begin anew");
	metrics_carried();
}

static void
test_field(void)
{
	struct str labels[METRIC_LABELS];
	enum metric m;
	size_t cell;

	ok(metrics_field(STR("requests_total /api/x GET 200"), &m, labels, &cell) &&
		m == METRIC_REQUESTS && cell == 0 && str_is(labels[0], "/api/x") &&
		str_is(labels[1], "GET") && str_is(labels[2], "200"),
	    "a counter");
	ok(metrics_field(STR("request_duration_seconds /r le5000"), &m, labels, &cell) &&
		m == METRIC_REQUEST_DURATION && cell == 1 && str_is(labels[0], "/r"),
	    "a bucket");
	ok(metrics_field(STR("request_duration_seconds /r inf"), &m, labels, &cell) &&
		cell == METRIC_BOUNDS,
	    "the last bucket");
	ok(metrics_field(STR("stage_creation_duration_seconds sum"), &m, labels, &cell) &&
		m == METRIC_STAGE_CREATION_DURATION && cell == METRIC_SUM,
	    "a sum without labels");
}

static void
test_field_bad(void)
{
	static const char *const bad[] = { "", "run", "unknown_total x",
		"requests_total /api/x GET", "requests_total /api/x GET 200 more",
		"request_duration_seconds /r", "request_duration_seconds /r le7",
		"request_duration_seconds /r lex", "request_duration_seconds  inf",
		"errors_total " };
	struct str labels[METRIC_LABELS];
	enum metric m;
	size_t cell, i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!metrics_field(str_of(bad[i]), &m, labels, &cell), "'%s' is none",
		    bad[i]);
}

static void
test_full(void)
{
	struct str counts, extremes;
	int i;

	for (i = 1; i <= 1000; i++)
		metrics_count(METRIC_REQUESTS, "/full", "GET", i);
	for (i = 1; i <= 1000; i++)
		metrics_count(METRIC_REQUESTS, "/full", "GET", i);
	metrics_observe(METRIC_TOKEN_DURATION, "late", 5);
	metrics_count(METRIC_ERRORS, "redis", NULL, 0);
	ok(carry(&counts, &extremes), "a full table can be carried");
	ok(has_line(counts, "requests_total /full GET 1 2"), "who came early has room");
	ok(has_line(counts, "errors_total redis 1"), "who was there still counts");
	/* 256 in all; 1 for what has no room, 3 + 2 of the tests above */
	ok(has_line(counts, "not_counted_total 1501"), "the others are told");
	ok(memmem(counts.p, counts.n, "late", 4) == NULL, "and nowhere else");
	metrics_carried();
}

int
main(void)
{
	ok(arena_init(&a, 4u << 20), "an arena");
	test_table();
	test_nothing();
	test_count();
	test_carry_again();
	test_observe();
	test_field();
	test_field_bad();
	test_full();
	arena_clear(&a);
	return done();
}
