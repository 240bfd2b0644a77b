/*
 * Runs of the keeper in a program. A run takes AWS seconds, and a worker in it would hold up the
 * requests it has accepted, so each run has a process of its own: forked from the worker, with
 * connections of its own, gone when the run is over. Two runs do no harm (lock:job:autoscale).
 */
#include "app/app.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "io/metrics_flush.h"
#include "web/watch.h"
#include "base/banned.h"

#define AFTER_BUDGET_MS 10000
#define ROOM_BUDGET_MS 2000
#define RUNS_MAX 3 /* in a row, each with news for the next */
#define RUNS_MS (ROOM_BUDGET_MS + RUNS_MAX * AFTER_BUDGET_MS)
/* After a run that found another one at work, for joins: it will not be over sooner. */
#define BUSY_MS 300

/* What a run leaves to the worker, in memory that both see. */
struct app_keeper {
	_Atomic bool ending;		/* the worker ends */
	enum scaling_reason limit_said; /* by keeper_log */
	bool again, busy;
	/* the worker's own */
	pid_t pid;	       /* of the run; 0: none */
	int64_t not_before_ms; /* of clock_mono_ms: for joins */
};

static bool
open_keeper(struct app *app, struct err *err)
{
	struct app_keeper *k = mmap(
	    NULL, sizeof(*k), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (k == MAP_FAILED)
		return err_set(err, ERR_BUG, "no memory for runs of the keeper");
	k->limit_said = SCALING_REASON_COUNT;
	app->keeper = k;
	return true;
}

/* ---- a run ---- */

enum app_kept
app_keep(struct app *app, struct arena *rq, const struct keeper_order *order)
{
	struct stage_work w = { .cfg = app->cfg,
		.redis = app->redis,
		.pg = app->pg,
		.ivs = app->ivs,
		.arena = &app->work };
	struct keeper_report report;
	struct err err = ERR_INIT;
	bool ok;

	json_use(&app->work);
	ok = keeper_run(&w, order, &report, &err);
	keeper_log(&report, &app->work, &app->keeper->limit_said);
	if (!ok)
		log_err(LOG_WARN, "the stages could not be looked after", &err);
	app->show_changed |= report.again;
	app->keeper->busy = ok && report.busy;
	json_use(rq);
	arena_wipe(&app->work);
	if (!ok)
		return APP_KEEP_FAILED;
	return report.busy ? APP_KEPT_BY_OTHERS : APP_KEPT;
}

/* Somebody waits for a seat: as soon as there is one, then the rest. */
static void
keep_for_room(struct app *app)
{
	const struct keeper_order order = {
		.by = "join", .one_seat = true, .hasty = true, .budget_ms = ROOM_BUDGET_MS
	};

	app->grow_due |= app_keep(app, NULL, &order) == APP_KEPT;
}

/* After that many in a row? A worker that ends waits for the present run alone. */
static bool
may_run(const struct app *app, int runs)
{
	return (app->grow_due || app->show_changed) && runs < RUNS_MAX &&
	       (runs == 0 || !atomic_load(&app->keeper->ending));
}

/* Off, the job autoscale alone looks after the stages. */
static void
keep_all(struct app *app)
{
	struct keeper_order order = { .budget_ms = AFTER_BUDGET_MS };
	int runs = 0;

	if (app->room_due && app->cfg->auto_scale_enabled)
		keep_for_room(app);
	for (; may_run(app, runs); runs++) {
		order.news = app->show_changed;
		order.hasty = !order.news;
		order.by = order.news ? "event" : "join";
		app->grow_due = app->show_changed = false;
		if (app->cfg->auto_scale_enabled)
			(void)app_keep(app, NULL, &order);
	}
	app_say_finding(app);
	log_flush();
}

/* ---- in a process of its own ---- */

/* What the worker has open is not ours to use, nor to close with a good-bye. */
static _Noreturn void
run_child(struct app *app, pid_t worker)
{
	struct metrics_flush flush;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != worker)
		_exit(1);
	log_forked();
	close_range(STDERR_FILENO + 1, ~0U, 0);
	metrics_forget();
	app->redis = redis_open(app->cfg);
	if (app->pg != NULL)
		app->pg = pg_open(app->cfg);
	if (!ivs_start_anew(app->ivs, app->redis))
		_exit(1);
	metrics_flush_init(&flush);
	keep_all(app);
	app->keeper->again = app->show_changed;
	metrics_flush_now(&flush, app->redis);
	log_flush();
	_exit(0);
}

/* False: there is no process for it. */
static bool
start_child(struct app *app)
{
	struct app_keeper *k = app->keeper;
	pid_t worker = getpid(), pid;

	k->again = k->busy = false;
	log_flush(); /* or the child would say it again */
	pid = fork();
	if (pid == 0)
		run_child(app, worker);
	if (pid < 0) {
		LOG(LOG_WARN, "no process for a run of the keeper",
		    LOG_STR("cause", str_of(strerror(errno))));
		return false;
	}
	k->pid = pid;
	watch_aside(RUNS_MS);
	return true;
}

/* Whether a run of this worker is under way. What a run that is over left goes to the worker. */
static bool
under_way(struct app *app, int wait_flags)
{
	struct app_keeper *k = app->keeper;
	pid_t done;

	if (k->pid == 0)
		return false;
	do
		done = waitpid(k->pid, NULL, wait_flags);
	while (done < 0 && errno == EINTR);
	if (done == 0)
		return true;
	k->pid = 0;
	watch_aside(0);
	app->show_changed |= k->again;
	k->not_before_ms = k->busy ? clock_mono_ms() + BUSY_MS : 0;
	return false;
}

bool
app_want_room(struct app *app)
{
	app->room_due =
	    !under_way(app, WNOHANG) && clock_mono_ms() >= app->keeper->not_before_ms;
	return app->room_due;
}

/* Nobody waits for it. News that comes during a run makes another one; what a join wants, that run does. */
static void
keep(struct app *app)
{
	bool running = under_way(app, WNOHANG);

	if (running || clock_mono_ms() < app->keeper->not_before_ms)
		app->room_due = app->grow_due = false;
	if (running || (!app->room_due && !app->grow_due && !app->show_changed))
		return;
	if (app->cgi)
		keep_all(app);
	else if (!start_child(app))
		return;
	app->room_due = app->grow_due = app->show_changed = false;
}

/* Redis was loaded from PostgreSQL: AWS may have gone on meanwhile. And what came during a run is due. */
static void
keep_due(struct app *app)
{
	app->show_changed |= app->keeper_due;
	app->keeper_due = false;
	keep(app);
}

/* A run is not left behind: who ended this program may want to know that it is over. */
static void
close_keeper(struct app *app)
{
	if (app->keeper == NULL)
		return;
	atomic_store(&app->keeper->ending, true);
	(void)under_way(app, 0);
	munmap(app->keeper, sizeof(*app->keeper));
}

const struct app_part part_keeper = {
	.open = open_keeper, .close = close_keeper, .after = keep, .tick = keep_due
};
