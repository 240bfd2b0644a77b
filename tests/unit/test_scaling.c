/* scaling: one show, one plan; the notation is in scaling_show.h. */
#include "domain/scaling.h"

#include <math.h>
#include <stdio.h>

#include "tap.h"
#include "scaling_show.h"
#include "base/banned.h"

struct row {
	const char *what, *stages, *want;
	double joins;
	int64_t refused, orders, exist;
	int64_t capacity, up, down, max_stages, max_replicas;
	bool offline, disabled;
};

/* A setting that a row does not name is the default. */
#define ROW(what_, stages_, want_, ...)                                                  \
	{                                                                                \
		.what = (what_), .stages = (stages_), .want = (want_), __VA_ARGS__       \
	}

static const struct row grow_rows[] = {
	ROW("a quiet show is left alone", "M10", ""),
	ROW("one seat below the threshold nothing happens", "M44", ""),
	ROW("at the threshold one stage is made", "M45", "create 1 THRESHOLD"),
	ROW("one stage below the threshold is enough", "M50 A44r", ""),
	ROW("every stage at the threshold: one more", "M50 A45r", "create 1 THRESHOLD"),
	ROW("lapsed seats count, they are taken", "M45/0", "create 1 THRESHOLD"),
	ROW("a full stage is at the threshold, however high that is", "M30>30",
	    "create 1 THRESHOLD", .up = 45),
	ROW("a stage that drains does not count as room", "M45 H10rd",
	    "create 1 THRESHOLD"),
	ROW("a dark stage that stays dark does not count as room", "M45 A0n",
	    "create 1 THRESHOLD"),
	ROW("an order under way is enough for the threshold", "M50", "", .orders = 1),
	ROW("free seats for all who come: nothing to do", "M20", "", .joins = 1),
	ROW("one seat too few for those who come", "M21", "create 1 RATE", .joins = 1),
	ROW("as many stages as the demand needs, in one run", "M20", "create 4 RATE",
	    .joins = 7),
	ROW("orders under way count with their capacity", "M20", "create 1 RATE",
	    .joins = 7, .orders = 3),
	ROW("enough is ordered: nothing more", "M20", "", .joins = 7, .orders = 4),
	ROW("a tenth of a viewer a second is three in thirty seconds", "M17>20", "",
	    .joins = 0.1, .up = 20),
	ROW("and no room for three makes a stage", "M18>20", "create 1 RATE",
	    .joins = 0.1, .up = 20),
	ROW("rounding invents no viewer", "M0>249", "", .joins = 8.3),
	ROW("who was refused gets a seat", "M50", "create 1 REFUSED", .refused = 50),
	ROW("many refused get many stages", "M50", "create 3 REFUSED", .refused = 101),
	ROW("refused and coming are added", "M50", "create 3 REFUSED", .refused = 41,
	    .joins = 2),
	ROW("a stage with its own publisher takes viewers", "M50 H0p", ""),
	ROW("capacity is what the settings give a new stage", "M0", "create 1 RATE",
	    .joins = 10, .capacity = 250),
};

static const struct row limit_rows[] = {
	ROW("the sixth further stage is not made", "M45 A45r A45r A45r A45r A45r",
	    "missing 1 REPLICA_QUOTA"),
	ROW("of many only as many as replicas are left", "M50 A50r A50r",
	    "create 3 REFUSED, missing 2 REPLICA_QUOTA", .refused = 250),
	ROW("the replica of a draining stage counts", "M50 A50rd H50r H50r H50r H50r",
	    "missing 1 REPLICA_QUOTA"),
	ROW("that of a closing one too", "M50 A0rc H50r H50r H50r H50r",
	    "delete s1 EMPTY, missing 1 REPLICA_QUOTA"),
	ROW("orders will need replicas", "M50", "missing 1 REPLICA_QUOTA", .orders = 5,
	    .refused = 251),
	ROW("a show of more stages through publishers of their own",
	    "M50 H50p H50p H50p H50p H50p H50p", "create 1 THRESHOLD"),
	ROW("MAX_STAGES holds", "M45 A45r", "missing 1 MAX_STAGES", .max_stages = 2),
	ROW("MAX_STAGES holds for several at once", "M50",
	    "create 2 REFUSED, missing 2 MAX_STAGES", .refused = 200, .max_stages = 3),
	ROW("stages that exist and are not in the list count", "M45",
	    "missing 1 MAX_STAGES", .exist = 20),
	ROW("the tighter of two limits is named", "M50",
	    "create 1 REFUSED, missing 4 REPLICA_QUOTA", .refused = 250,
	    .max_replicas = 1, .max_stages = 4),
	ROW("of two that bind alike the one that cannot be raised is named", "M45 A45r",
	    "missing 1 REPLICA_QUOTA", .max_replicas = 1, .max_stages = 2),
	ROW("offline nothing is made", "M50x", "missing 1 PUBLISHER_OFFLINE",
	    .offline = true),
	ROW("offline says so only when somebody wants in", "M44x", "", .offline = true,
	    .joins = 100),
	ROW("offline and refused", "M10x", "missing 3 PUBLISHER_OFFLINE", .offline = true,
	    .refused = 101),
	ROW("switched off it says what it would have done", "M45",
	    "missing 1 AUTO_SCALE_DISABLED", .disabled = true),
	ROW("switched off, and it could not grow anyhow", "M45 H45r H45r H45r H45r H45r",
	    "missing 1 REPLICA_QUOTA", .disabled = true),
	ROW("switched off there is nothing to say in a quiet show", "M10 A0r A0rd", "",
	    .disabled = true),
};

static const struct row light_rows[] = {
	ROW("a dark stage gets the picture", "M0 H0", "replicate s1 NO_PICTURE"),
	ROW("also when scaling is off", "M0 H0", "replicate s1 NO_PICTURE",
	    .disabled = true),
	ROW("not without a publisher", "M0x H0", "", .offline = true),
	ROW("not the master itself", "M0x", ""),
	ROW("not one where replication was stopped by hand", "M0 H3n", ""),
	ROW("a draining stage only while it is watched", "M0 H3d H0d",
	    "replicate s1 NO_PICTURE"),
	ROW("not one whose last viewers lapsed", "M0 H3/0d", ""),
	ROW("not a closing one", "M0 H0c", "delete s1 EMPTY"),
	ROW("most viewers first, then the oldest", "M0 H0 H0 H2 H9d",
	    "replicate s4 NO_PICTURE, replicate s3 NO_PICTURE, replicate s1 NO_PICTURE, "
	    "replicate s2 NO_PICTURE"),
	ROW("no more than there are replicas", "M0 H0r H0r H0r H0r H1 H0 H2",
	    "replicate s7 NO_PICTURE, missing 2 REPLICA_QUOTA"),
	ROW("a setting below what is in use takes nothing away", "M0 H0r H0r H0r H0",
	    "missing 1 REPLICA_QUOTA", .max_replicas = 2),
	ROW("a stage lit in this run is room: no further one", "M45 H0",
	    "replicate s1 NO_PICTURE", .joins = 1),
	ROW("and counts against the replicas", "M50 H0 H0r H50r H50r H50r",
	    "replicate s1 NO_PICTURE, missing 1 REPLICA_QUOTA", .refused = 101),
	ROW("a full stage lit in this run is no room", "M45 H45",
	    "replicate s1 NO_PICTURE, create 1 THRESHOLD"),
	ROW("the larger of what is dark and what is needed is missing",
	    "M50 H50r H50r H50r H50r H50r H50 H50", "missing 3 REPLICA_QUOTA",
	    .refused = 150),
};

static const struct row return_rows[] = {
	ROW("a draining stage comes back before one is made", "M45 A3rd",
	    "undrain s1 THRESHOLD"),
	ROW("an empty one too, rather than being deleted", "M45 A0rd",
	    "undrain s1 THRESHOLD"),
	ROW("the roomiest first, no more than needed", "M50 A9rd A2rd A5rd",
	    "undrain s2 REFUSED, undrain s3 REFUSED", .refused = 60),
	ROW("the empty one that is not needed goes", "M45 A0rd A0rd",
	    "undrain s1 THRESHOLD, delete s2 EMPTY"),
	ROW("what they lack is made", "M50 A20rd", "undrain s1 REFUSED, create 2 REFUSED",
	    .refused = 130),
	ROW("before dark stages are lit, since it costs no call to AWS", "M50 A40rd H50",
	    "undrain s1 REFUSED, replicate s2 NO_PICTURE", .refused = 5),
	ROW("one without a picture does not come back", "M45 A0d",
	    "create 1 THRESHOLD, delete s1 EMPTY"),
	ROW("one drained by hand does not", "M45 H0rd", "create 1 THRESHOLD"),
	ROW("one at the threshold does not help against the threshold", "M45 A45rd",
	    "create 1 THRESHOLD"),
	ROW("but its seats do against demand", "M50 A45rd",
	    "undrain s1 REFUSED, create 1 THRESHOLD", .refused = 5),
	ROW("a full one brings nothing", "M50 A50rd", "create 1 REFUSED", .refused = 5),
	ROW("all replicas in use, the draining ones come back",
	    "M45 A45r A45r A45r A0rd A0rd", "undrain s4 REFUSED, undrain s5 REFUSED",
	    .refused = 90),
};

static const struct row shrink_rows[] = {
	ROW("an empty stage is drained and deleted in one run", "M3 A0r",
	    "drain s1 QUIET, delete s1 EMPTY"),
	ROW("one with few viewers is drained", "M3 A5r", "drain s1 QUIET"),
	ROW("one with more is kept", "M3 A6r", ""),
	ROW("with viewers the master alone can hold all go", "M0 A1r A1r A1r A0r",
	    "drain s4 QUIET, drain s3 QUIET, drain s2 QUIET, drain s1 QUIET, "
	    "delete s4 EMPTY"),
	ROW("fewest viewers first, the fullest stays", "M33 A5r A2r A4r",
	    "drain s2 QUIET, drain s3 QUIET"),
	ROW("nobody new and nobody there: deleted", "M3 A0rd", "delete s1 EMPTY"),
	ROW("a draining stage with a viewer stays", "M3 A1rd", ""),
	ROW("lapsed seats are waited for", "M3 A2/0rd", ""),
	ROW("but it may be drained meanwhile", "M3 A2/0r", "drain s1 QUIET"),
	ROW("never the master", "M0 A40r", ""),
	ROW("never a stage made by hand", "M0 H0r", ""),
	ROW("nor one of them that drains", "M0 H0rd", ""),
	ROW("never one younger than the warm-up", "M0 A0ry A0rdy", ""),
	ROW("none while another is young: the show has just grown", "M0 A0r A0ry", ""),
	ROW("none while an order is under way", "M0 A0r", "", .orders = 1),
	ROW("never one where somebody publishes", "M0 A0p A0pd", ""),
	ROW("the others need room below the threshold", "M39 A3r", ""),
	ROW("with a margin of a tenth", "M38 A3r", "drain s1 QUIET"),
	ROW("and room for twice the demand", "M0 A0r", "", .joins = 0.85),
	ROW("that is enough", "M0 A0r", "drain s1 QUIET, delete s1 EMPTY", .joins = 0.8),
	ROW("not in a run that grows", "M45 A0n H45r", "create 1 THRESHOLD"),
	ROW("not in one that would like to", "M45 A0n", "missing 1 REPLICA_QUOTA",
	    .max_replicas = -1),
	ROW("an empty dark stage that gets no replica goes", "M0 H9r H9r H9r H9r H9r A0",
	    "drain s6 QUIET, delete s6 EMPTY"),
	ROW("offline the empty ones go", "M50x A0r A0 A1 H0 A0y",
	    "drain s2 QUIET, drain s1 QUIET, delete s1 EMPTY, delete s2 EMPTY, "
	    "missing 1 PUBLISHER_OFFLINE",
	    .offline = true, .refused = 1),
	ROW("offline one whose viewers lapsed is drained", "M0x A2/0", "drain s1 QUIET",
	    .offline = true),
	ROW("a deletion once begun is finished", "M0 A0c", "delete s1 EMPTY"),
	ROW("also when scaling is off, the stage young or made by hand", "M0 A0cy H0rc",
	    "delete s1 EMPTY, delete s2 EMPTY", .disabled = true),
	ROW("but not over the head of a viewer", "M0 A1c", ""),
	ROW("it is never at the threshold of growing that a stage is quiet",
	    "M0 H0p H0p A45r", "", .down = 1000),
	ROW("but just below it, if the settings say so", "M0 H0p H0p A44r",
	    "drain s3 QUIET", .down = 1000),
};

static void
settings_of(const struct row *row, struct scaling_input *in)
{
	*in = show_settings();
	in->joins_per_s = row->joins;
	in->refused = row->refused;
	in->orders = row->orders;
	in->publisher_live = !row->offline;
	in->enabled = !row->disabled;
	in->capacity = row->capacity ? row->capacity : in->capacity;
	in->scale_up_threshold = row->up ? row->up : in->scale_up_threshold;
	in->scale_down_threshold = row->down ? row->down : in->scale_down_threshold;
	in->max_stages = row->max_stages ? row->max_stages : in->max_stages;
	in->max_replicas = row->max_replicas ? row->max_replicas : in->max_replicas;
}

static void
test_rows(struct arena *a, const char *group, const struct row *rows, size_t n)
{
	struct scaling_input in;
	struct scaling_plan plan;
	const char *got;
	size_t i;

	for (i = 0; i < n; i++) {
		settings_of(&rows[i], &in);
		show_read(&in, a, rows[i].stages);
		in.stages_exist =
		    rows[i].exist ? rows[i].exist : in.stages_exist + in.orders;
		scaling_decide(&in, a, &plan);
		got = plan_text(a, &plan);
		if (!ok(strcmp(got, rows[i].want) == 0, "%s: %s", group, rows[i].what))
			diag("%s\n#  got  %s\n#  want %s", rows[i].stages, got,
			    rows[i].want);
	}
	arena_wipe(a);
}
#define TEST_ROWS(a, group, rows)                                                        \
	test_rows((a), (group), (rows), sizeof(rows) / sizeof(*(rows)))

static void
test_numbers(struct arena *a)
{
	struct scaling_input in = show_settings();
	struct scaling_plan plan;

	in.joins_per_s = 2;
	in.refused = 3;
	in.orders = 1;
	show_read(&in, a, "M40 A10/8r A60>50r H5 A0rc");
	scaling_decide(&in, a, &plan);
	is_int(plan.taking, 3, "numbers: three stages take viewers");
	is_int(plan.capacity, 150, "numbers: their capacity");
	is_int(plan.seats, 110, "numbers: seats taken, lapsed ones included");
	is_int(plan.free_seats, 50, "numbers: an overfull stage lacks nothing");
	is_int(plan.wanted_seats, 63, "numbers: those who come and those refused");
	is_text(plan_text(a, &plan), "replicate s3 NO_PICTURE, delete s4 EMPTY",
	    "numbers: the plan");
	is_int(
	    plan.replicas_used, 4, "numbers: replicas after the plan, orders included");
	in.n_stages = 0;
	in.stages = NULL;
	in.orders = 0;
	scaling_decide(&in, a, &plan);
	is_text(
	    plan_text(a, &plan), "create 2 REFUSED", "numbers: a show without stages");
	is_int(plan.replicas_used, 2, "numbers: what is made gets replicas");
	arena_wipe(a);
}

static void
test_absurd(struct arena *a)
{
	static const double joins[] = { 0, -1, 1e300, (double)INFINITY, (double)-INFINITY,
		(double)NAN, 1e-300 };
	static const int64_t numbers[] = { INT64_MIN, -1, 0, 1, 1000000000, INT64_MAX };
	const size_t n = sizeof(numbers) / sizeof(*numbers);
	struct scaling_plan plan;
	size_t i, k;
	bool sane = true;

	for (i = 0; i < sizeof(joins) / sizeof(*joins); i++)
		for (k = 0; k < n * n * n; k++) {
			int64_t x = numbers[k % n], y = numbers[k / n % n];
			int64_t z = numbers[k / n / n];
			struct scaling_input in = { true, x, y, z, z, x, y, true, x, z,
				joins[i], y, x, NULL, 0, false };

			show_read(&in, a, "M1 A0r A0 A3d H2c");
			in.stages[1].seats = x;
			in.stages[2].capacity = y;
			in.stages[3].viewers_now = z;
			in.stages[4].age_s = x;
			in.stages_exist = z;
			scaling_decide(&in, a, &plan);
			sane = sane && plan.missing >= 0 && plan.wanted_seats >= 0 &&
			       plan.free_seats >= 0 && plan.n_steps <= 11;
			arena_wipe(a);
		}
	ok(sane, "absurd: no number breaks the arithmetic");
}

static void
test_names(struct arena *a)
{
	struct scaling_input in = show_settings();
	struct str text;
	bool all = true;
	int i;

	for (i = 0; i < SCALING_REASON_COUNT; i++) {
		text = scaling_reason_text(a, &in, (enum scaling_reason)i);
		all = all && scaling_reason_name((enum scaling_reason)i) && text.n > 10 &&
		      text.p[text.n - 1] == '.';
	}
	ok(all, "names: each reason has a name and a sentence");
	is_text(scaling_reason_name((enum scaling_reason)99), "UNKNOWN",
	    "names: none for what is no reason");
	is_text(scaling_action_name((enum scaling_action)99), "unknown",
	    "names: none for what is no action");
	is_text(scaling_action_name(SCALING_UNDRAIN), "undrain", "names: an action");
	text = scaling_reason_text(a, &in, SCALING_LIMIT_REPLICAS);
	ok(strstr(text.p, "MAX_VIEWERS_PER_STAGE (now 50") && strstr(text.p, "10,000") &&
		strstr(text.p, "stageArn") && strstr(text.p, "to 5 stages") &&
		strstr(text.p, "cannot be raised"),
	    "names: the replica quota says what to set");
	in.max_replicas = 3;
	text = scaling_reason_text(a, &in, SCALING_LIMIT_REPLICAS);
	ok(strstr(text.p, "to 3 stages") && strstr(text.p, "IVS_MAX_REPLICAS"),
	    "names: a setting below the quota is named");
	arena_wipe(a);
}

static const struct {
	int64_t viewers, capacity, max_stages, max_replicas;
	int64_t stages, calls, reachable, suggested;
	enum scaling_bound first;
} forecasts[] = {
	{ 0, 50, 20, 5, 1, 0, 300, 0, SCALING_BOUND_NONE },
	{ 50, 50, 20, 5, 1, 0, 300, 0, SCALING_BOUND_NONE },
	{ 51, 50, 20, 5, 2, 3, 300, 0, SCALING_BOUND_NONE },
	{ 300, 50, 20, 5, 6, 15, 300, 0, SCALING_BOUND_NONE },
	{ 301, 50, 20, 5, 7, 18, 300, 60, SCALING_BOUND_REPLICAS },
	{ 1000, 50, 20, 5, 20, 57, 300, 200, SCALING_BOUND_REPLICAS },
	{ 1000, 200, 20, 5, 5, 12, 1200, 0, SCALING_BOUND_NONE },
	{ 1000, 50, 3, 5, 20, 57, 150, 350, SCALING_BOUND_MAX_STAGES },
	{ 20000, 50, 20, 5, 400, 1197, 300, 3400, SCALING_BOUND_REPLICAS },
	{ 20001, 4000, 20, 5, 6, 15, 20000, 0, SCALING_BOUND_CONNECTIONS },
	{ 50000, 50, 20, 5, 1000, 2997, 300, 0, SCALING_BOUND_REPLICAS },
	{ 12000, 15000, 20, 5, 1, 0, 10000, 2000, SCALING_BOUND_SUBSCRIBERS },
	{ 20000, 100, 1, 0, 200, 597, 100, 0, SCALING_BOUND_REPLICAS },
	{ 1500, 1, 5000, 5000, 1500, 4497, 1000, 10, SCALING_BOUND_STAGES },
	{ -5, 0, 0, -1, 1, 0, 1, 0, SCALING_BOUND_NONE },
	{ INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 1, 0, 10000, 0,
	    SCALING_BOUND_SUBSCRIBERS },
};

static void
test_forecast(void)
{
	struct scaling_forecast f;
	size_t i;

	for (i = 0; i < sizeof(forecasts) / sizeof(*forecasts); i++) {
		scaling_forecast(forecasts[i].viewers, forecasts[i].capacity,
		    forecasts[i].max_stages, forecasts[i].max_replicas, &f);
		if (!ok(f.stages == forecasts[i].stages &&
			    f.calls == forecasts[i].calls &&
			    f.first == forecasts[i].first &&
			    f.reachable == forecasts[i].reachable &&
			    f.suggested_capacity == forecasts[i].suggested &&
			    f.replications == f.stages - 1 && f.connections == f.viewers,
			"forecast: %lld viewers, %lld a stage",
			(long long)forecasts[i].viewers,
			(long long)forecasts[i].capacity))
			diag("stages %lld calls %lld first %d reachable %lld suggested "
			     "%lld",
			    (long long)f.stages, (long long)f.calls, (int)f.first,
			    (long long)f.reachable, (long long)f.suggested_capacity);
	}
	scaling_forecast(1000, 200, 20, 5, &f);
	ok(f.seconds > 0.79 && f.seconds < 0.81,
	    "forecast: four stages take four fifths of a second of calls");
}

int
main(void)
{
	struct arena a;

	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	TEST_ROWS(&a, "grow", grow_rows);
	TEST_ROWS(&a, "limit", limit_rows);
	TEST_ROWS(&a, "light", light_rows);
	TEST_ROWS(&a, "return", return_rows);
	TEST_ROWS(&a, "shrink", shrink_rows);
	test_numbers(&a);
	test_absurd(&a);
	test_names(&a);
	test_forecast();
	arena_clear(&a);
	return done_testing();
}
