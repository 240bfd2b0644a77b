/*
 * autoscale - the show has the stages it needs, and each has a picture.
 *
 * One pass of domain/keeper: look at AWS, decide, act. With --every and --for it makes several,
 * since cron knows no seconds. Each pass takes the lock for itself, so that a viewer
 * who finds no seat need not wait for a run that only waits.
 */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/parse.h"
#include "domain/keeper.h"
#include "job/job.h"
#include "base/banned.h"

#define BUDGET_MS 20000
#define BUDGET_MIN_MS 5000
#define DEADLINE_S 55
#define NAP_MS 200
#define AT_ONCE_MAX 5 /* passes without waiting, because of news */

static const char *every_text, *for_text, *explain;

struct totals {
	int64_t passes, busy;
	bool again;		   /* there was news during the last */
	enum scaling_reason limit; /* the last that was logged */
	int64_t count[KEEPER_WHAT_COUNT];
};

static bool
read_seconds(const char *name, const char *text, int64_t *ret_s, struct err *err)
{
	if (text == NULL || parse_i64(str_of(text), 1, DEADLINE_S, ret_s))
		return true;
	return err_set(err, ERR_CONFIG, "--%s must be 1 to %d seconds, got '%.20s'", name,
	    DEADLINE_S, text);
}

static bool
explain_now(struct job *j, struct stage_work *w, struct err *err)
{
	static const struct keeper_order order = {
		.by = "operator", .budget_ms = BUDGET_MS, .dry_run = true
	};
	struct keeper_report report;
	struct str text;

	if (!keeper_run(w, &order, &report, err))
		return false;
	text = keeper_explain(&report, &j->arena);
	if (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout) != 0)
		return err_set(err, ERR_BUG, "cannot write to stdout");
	return true;
}

/* The last pass of a run must not go far into the next run. */
static int64_t
budget_ms(const struct job *j)
{
	int64_t left_ms = j->deadline_mono_ms - clock_mono_ms();

	if (left_ms > BUDGET_MS)
		return BUDGET_MS;
	return left_ms > BUDGET_MIN_MS ? left_ms : BUDGET_MIN_MS;
}

static bool
pass(struct job *j, struct stage_work *w, struct totals *t, struct err *err)
{
	struct keeper_order order = { .by = "cron", .budget_ms = budget_ms(j) };
	struct keeper_report report;
	bool ok = keeper_run(w, &order, &report, err);
	size_t i;

	keeper_log(&report, &j->arena, &t->limit);
	log_flush();
	t->passes++;
	t->busy += report.busy;
	t->again = report.again;
	for (i = 0; i < KEEPER_WHAT_COUNT; i++)
		t->count[i] += report.count[i];
	return ok;
}

/* Until the next pass is due; false: there is no time for one. */
static bool
wait_next(const struct job *j, int64_t next_ms, int64_t end_ms)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000000L };

	if (next_ms > end_ms)
		return false;
	while (clock_mono_ms() < next_ms && job_has_time(j))
		(void)nanosleep(&nap, NULL);
	return job_has_time(j);
}

static void
sum_up(struct job *j, const struct totals *t)
{
	job_summary(j, "passes", t->passes);
	job_summary(j, "busy", t->busy);
	job_summary(j, "created", t->count[KEEPER_CREATED]);
	job_summary(j, "replicated", t->count[KEEPER_REPLICATED]);
	job_summary(j, "drained", t->count[KEEPER_DRAINED]);
	job_summary(j, "undrained", t->count[KEEPER_UNDRAINED]);
	job_summary(j, "deleted", t->count[KEEPER_DELETED]);
	job_summary(j, "adopted", t->count[KEEPER_ADOPTED]);
	job_summary(j, "gone", t->count[KEEPER_GONE]);
	job_summary(j, "failed", t->count[KEEPER_FAILED]);
}

/* A pass that fails does not end the run: AWS may be back for the next. */
static bool
passes(
    struct job *j, struct stage_work *w, int64_t every_s, int64_t for_s, struct err *err)
{
	int64_t next_ms = clock_mono_ms(), end_ms = next_ms + for_s * 1000;
	struct totals t = { .limit = SCALING_REASON_COUNT };
	int at_once = AT_ONCE_MAX;
	bool ok, again;

	do {
		*err = ERR_INIT;
		json_use(&j->arena);
		ok = pass(j, w, &t, err);
		json_use(NULL);
		arena_wipe(&j->arena);
		again = t.again && at_once-- > 0 && job_has_time(j);
		next_ms += again ? 0 : every_s * 1000;
	} while (again || wait_next(j, next_ms, end_ms));
	sum_up(j, &t);
	return ok;
}

static bool
autoscale(struct job *j, struct err *err)
{
	int64_t every_s = DEADLINE_S, for_s = 0;
	struct stage_work w = {
		.cfg = j->cfg, .redis = j->redis, .pg = j->pg, .arena = &j->arena
	};
	bool ok;

	if (!read_seconds("every", every_text, &every_s, err) ||
	    !read_seconds("for", for_text, &for_s, err))
		return false;
	w.ivs = ivs_open(j->cfg, j->redis);
	if (w.ivs == NULL)
		return err_set(err, ERR_BUG, "no memory for the AWS client");
	json_use(&j->arena);
	ok = j->dry_run || explain != NULL ? explain_now(j, &w, err)
					   : passes(j, &w, every_s, for_s, err);
	ivs_close(w.ivs);
	return ok;
}

int
main(int argc, char **argv)
{
	static const struct job_option options[] = {
		{ "explain", NULL,
		    "the numbers, what would be done and why; changes nothing",
		    &explain },
		{ "every", "SECONDS", "look again and again, this far apart",
		    &every_text },
		{ "for", "SECONDS", "and for so long; without it once", &for_text },
		{ NULL, NULL, NULL, NULL },
	};
	static const struct job_spec spec = {
		.name = "autoscale",
		.help =
		    "Keeps the stages of the show as they should be: adopts and forgets what was made\n"
		    "or deleted in AWS, follows the publisher, replicates him, creates stages before\n"
		    "they are needed, drains and deletes those it made when they are empty. Run it\n"
		    "every 30 s.",
		.options = options,
		.deadline_s = DEADLINE_S,
		.step = autoscale,
	};

	return job_main(&spec, argc, argv);
}
