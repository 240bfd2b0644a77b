/* limiter: the pace of each quota, and that no second lets more calls go than it allows. */
#include "aws/limiter.h"

#include "tap.h"
#include "base/banned.h"

#define SECOND_US INT64_C(1000000)
#define CALLS 400

static void
test_paces(void)
{
	static const struct {
		int64_t quota, share, interval_us, burst;
	} rows[] = {
		{ 50, 100, 22223, 5 },
		{ 10, 100, 111112, 1 },
		{ 5, 100, 222223, 1 },
		{ 3, 100, 370371, 1 },
		{ 50, 50, 44445, 3 },
		{ 5, 50, 444445, 1 },
		{ 3, 1, 37037038, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct limiter_pace p = limiter_pace(rows[i].quota, rows[i].share);

		ok(p.interval_us == rows[i].interval_us && p.burst == rows[i].burst,
		    "%lld/s, %lld %%: each %lld us, %lld at once",
		    (long long)rows[i].quota, (long long)rows[i].share,
		    (long long)p.interval_us, (long long)p.burst);
	}
}

/* Most calls in any second, when as many as possible are asked for from `rest` on. */
static int64_t
most_in_a_second(int64_t quota, int64_t rest_us)
{
	struct limiter_pace p = limiter_pace(quota, 100);
	int64_t at[CALLS], next = 0, wait_ms, most = 0;
	int i, first = 0;

	for (i = 0; i < CALLS; i++) {
		/* half of them after a rest, so that a burst meets what went before */
		int64_t now = i < CALLS / 2 ? SECOND_US : SECOND_US + at[0] + rest_us;

		if (!limiter_reserve(p, &next, now, INT64_MAX / 2, &wait_ms))
			return -1;
		at[i] = now + wait_ms * 1000;
	}
	for (i = 0; i < CALLS; i++) {
		while (at[i] - at[first] >= SECOND_US)
			first++;
		if (i - first + 1 > most)
			most = i - first + 1;
	}
	return most;
}

static void
test_no_second_has_more(void)
{
	static const int64_t quotas[] = { 50, 10, 5, 3 };

	for (size_t i = 0; i < sizeof(quotas) / sizeof(*quotas); i++)
		for (int64_t rest = 0; rest < 90 * SECOND_US; rest += 7 * SECOND_US / 3) {
			int64_t most = most_in_a_second(quotas[i], rest);

			if (most < 1 || most > quotas[i]) {
				ok(false, "%lld/s, rest %lld us: %lld calls in a second",
				    (long long)quotas[i], (long long)rest,
				    (long long)most);
				return;
			}
		}
	ok(true, "no second has more calls than the quota");
}

static void
test_reserve(void)
{
	struct limiter_pace p = { 200000, 2 };
	int64_t next = 0, wait = -1, before;

	ok(limiter_reserve(p, &next, 1000000, 0, &wait) && wait == 0,
	    "the first at once");
	ok(limiter_reserve(p, &next, 1000000, 0, &wait) && wait == 0, "the burst too");
	before = next;
	ok(!limiter_reserve(p, &next, 1000000, 199, &wait) && wait == 200 &&
		next == before,
	    "too late: refused, with the wait, and nothing is reserved");
	ok(limiter_reserve(p, &next, 1000000, 200, &wait) && wait == 200, "in time");
	ok(limiter_reserve(p, &next, 1000000, 5000, &wait) && wait == 400,
	    "the next one behind it");
	ok(limiter_reserve(p, &next, 9000000, 0, &wait) && wait == 0,
	    "after a rest at once again");
	ok(limiter_reserve(p, &next, 9000001, 0, &wait) && wait == 0, "with its burst");
	ok(limiter_reserve(p, &next, 9000002, 5000, &wait) && wait == 200,
	    "part of a millisecond is waited for whole");
}

static void
test_without_redis(void)
{
	struct config cfg = { .aws_quota_share_percent = 100 };
	struct limiter *l = limiter_open(&cfg, NULL);
	struct err err = ERR_INIT;
	struct arena a;
	struct limiter_clock clock = { 0 };
	int64_t wait = -1;

	if (l == NULL || !arena_init(&a, ARENA_DEFAULT_BYTES))
		return;
	ok(limiter_take(l, &a, "GetStage", 0, &clock, &wait, &err) && wait == 0,
	    "one call");
	ok(!limiter_take(l, &a, "GetStage", 10, &clock, &wait, &err) &&
		err.kind == ERR_THROTTLED && err.source == ERR_FROM_AWS,
	    "a second one is too early");
	ok(strstr(err.cause, "our own limit of GetStage") != NULL,
	    "the cause says whose limit it was");
	ok(limiter_take(l, &a, "DeleteStage", 0, &clock, &wait, &err) && wait == 0,
	    "another operation has a rate of its own");
	ok(limiter_take(l, &a, "PutMetricData", 0, &clock, &wait, &err) &&
		limiter_take(l, &a, "PutMetricData", 0, &clock, &wait, &err) && wait == 0,
	    "metrics are not limited");
	arena_clear(&a);
	limiter_close(l);
}

int
main(void)
{
	test_paces();
	test_no_second_has_more();
	test_reserve();
	test_without_redis();
	return done_testing();
}
