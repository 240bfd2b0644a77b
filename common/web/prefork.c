#include "web/prefork.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/watch.h"
#include "base/banned.h"

#define RESTART_MS 1000
/* A wrong setting shows at once. Later it is no reason to end workers that serve. */
#define START_MS 3000
#define LOOK_MS 200
#define END_LOOK_MS 20
/* Longer between two checks: the supervisor was suspended, maybe with its workers. */
#define AWAY_MS 2000

struct worker {
	pid_t pid; /* 0: none */
	int64_t started_ms;
	struct watch_sign *sign;
	bool warned, told; /* told: to end */
};

struct supervisor {
	const struct prefork *p;
	struct worker w[PREFORK_MAX + 1]; /* the n-th is the spare worker */
	int n;
	int64_t looked_ms;
	int64_t floor_ms; /* silence counts from here: end of the last suspension */
	bool stopping;
	int fatal;
};

static sigset_t
signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	return set;
}

/* The next signal within ms; -1: none came. */
static int
wait_signal(int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
	sigset_t set = signals();

	return sigtimedwait(&set, NULL, &t);
}

static bool
is_end(int signo)
{
	return signo == SIGTERM || signo == SIGINT;
}

static void
start(const struct prefork *p, struct worker *w)
{
	pid_t parent = getpid(), pid;
	sigset_t set = signals();

	w->started_ms = clock_mono_ms();
	w->warned = w->told = false;
	atomic_store(&w->sign->round_ms, w->started_ms);
	atomic_store(&w->sign->until_ms, 0);
	atomic_store(&w->sign->aside_ms, 0);
	log_flush(); /* or the child would say it again */
	pid = fork();
	if (pid < 0) {
		LOG(LOG_ERROR, "cannot fork", LOG_STR("cause", str_of(strerror(errno))));
		return;
	}
	if (pid > 0) {
		w->pid = pid;
		return;
	}
	/* A worker must not outlive a supervisor that was killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EX_TEMPFAIL);
	log_forked();
	watch_use(w->sign);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	exit(p->run(p->arg));
}

static void
tell_to_end(struct worker *w)
{
	if (w->pid <= 0 || w->told)
		return;
	kill(w->pid, SIGTERM);
	w->told = true;
}

/* Reaps dead workers. Returns how many live. */
static int
reap(struct supervisor *s)
{
	int status, i, live = 0;
	bool wanted;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		wanted = s->stopping;
		for (i = 0; i <= s->n; i++) {
			if (s->w[i].pid != pid)
				continue;
			wanted |= s->w[i].told;
			s->w[i].pid = 0;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG)
			s->fatal = EX_CONFIG;
		if (!wanted)
			LOG(LOG_ERROR, "worker ended", LOG_INT("pid", pid),
			    LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
			    LOG_INT("exit", WIFEXITED(status) ? WEXITSTATUS(status) : 0));
	}
	for (i = 0; i <= s->n; i++)
		live += s->w[i].pid > 0;
	return live;
}

static bool
may_start(const struct worker *w)
{
	return w->pid == 0 && clock_mono_ms() - w->started_ms >= RESTART_MS;
}

static void
restart(struct supervisor *s)
{
	int i;

	for (i = 0; i < s->n; i++)
		if (may_start(&s->w[i]))
			start(s->p, &s->w[i]);
}

/* ---- watchdog ---- */

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Time since the last round of the worker's loop. */
static int64_t
away_ms(const struct supervisor *s, const struct worker *w, int64_t now)
{
	return now - later(atomic_load(&w->sign->round_ms), s->floor_ms);
}

/* The same, but counted from the end of a long step that it announced. */
static int64_t
silent_ms(const struct supervisor *s, const struct worker *w, int64_t now)
{
	int64_t announced_ms = atomic_load(&w->sign->until_ms);

	return announced_ms > now ? 0
				  : now - later(announced_ms, now - away_ms(s, w, now));
}

/* In a long step, or with work beside its loop. */
static bool
is_busy(const struct worker *w)
{
	int64_t until_ms =
	    later(atomic_load(&w->sign->until_ms), atomic_load(&w->sign->aside_ms));

	return until_ms > clock_mono_ms();
}

static void
check_worker(const struct supervisor *s, struct worker *w, int64_t now)
{
	int64_t silent = silent_ms(s, w, now);
	int64_t kill_ms = later(PREFORK_KILL_MS, PREFORK_WARN_MS + s->p->round_ms);

	if (silent < PREFORK_WARN_MS) {
		w->warned = false;
	} else if (silent >= kill_ms) {
		LOG(LOG_ERROR, "worker does not respond: killed", LOG_INT("pid", w->pid),
		    LOG_INT("silent_ms", silent));
		kill(w->pid, SIGKILL);
	} else if (!w->warned) {
		LOG(LOG_WARN, "worker does not respond", LOG_INT("pid", w->pid),
		    LOG_INT("silent_ms", silent));
		w->warned = true;
	}
}

/* How many of the n workers are alive, and whether one of them responds. */
static int
count_alive(const struct supervisor *s, int64_t now, bool *ret_serves)
{
	const struct worker *w;
	int alive = 0;

	*ret_serves = false;
	for (w = s->w; w < s->w + s->n; w++) {
		alive += w->pid > 0;
		*ret_serves |=
		    w->pid > 0 && !w->told && away_ms(s, w, now) < PREFORK_SPARE_MS;
	}
	return alive;
}

static void
run_spare(struct supervisor *s, int64_t now)
{
	struct worker *w = &s->w[s->n];
	bool serves;
	int alive = count_alive(s, now, &serves);

	if (serves) {
		tell_to_end(w);
	} else if (alive > 0 && may_start(w)) {
		LOG(LOG_WARN, "no worker responds: a spare worker is started",
		    LOG_INT("workers", alive));
		start(s->p, w);
	}
}

static void
check_workers(struct supervisor *s)
{
	int64_t now = clock_mono_ms();
	int i;

	if (now - s->looked_ms > AWAY_MS)
		s->floor_ms = now;
	s->looked_ms = now;
	for (i = 0; i <= s->n; i++)
		if (s->w[i].pid > 0)
			check_worker(s, &s->w[i], now);
	run_spare(s, now);
	log_flush();
}

/* ---- shutdown ---- */

/* Tells busy workers to end when they have finished. Counts living workers: told, and still serving. */
static void
tell_busy(struct supervisor *s, int *ret_told, int *ret_serving)
{
	struct worker *w;

	*ret_told = *ret_serving = 0;
	for (w = s->w; w <= s->w + s->n; w++) {
		if (is_busy(w))
			tell_to_end(w);
		*ret_told += w->pid > 0 && w->told;
		*ret_serving += w->pid > 0 && !w->told;
	}
}

/* The other workers serve meanwhile; without any, the spare worker does. */
static void
finish_long_steps(struct supervisor *s)
{
	int64_t end_ms = clock_mono_ms() + s->p->slow_ms;
	struct worker *extra = &s->w[s->n];
	int told, serving;

	for (; clock_mono_ms() < end_ms; reap(s)) {
		tell_busy(s, &told, &serving);
		if (told == 0)
			return;
		if (serving == 0 && may_start(extra))
			start(s->p, extra);
		if (is_end(wait_signal(END_LOOK_MS)))
			return;
	}
}

static void
stop_all(struct supervisor *s)
{
	int64_t deadline;
	int i;

	s->stopping = true;
	finish_long_steps(s);
	listen_hide(s->p->listener);
	for (i = 0; i <= s->n; i++)
		tell_to_end(&s->w[i]);
	deadline = clock_mono_ms() + PREFORK_GRACE_S * 1000;
	while (reap(s) > 0) {
		for (i = 0; i <= s->n && clock_mono_ms() > deadline; i++)
			if (s->w[i].pid > 0)
				kill(s->w[i].pid, SIGKILL);
		wait_signal(END_LOOK_MS);
	}
}

static void
start_all(struct supervisor *s, const struct prefork *p)
{
	struct watch_sign *signs;
	int i;

	s->p = p;
	s->n = p->n_workers < PREFORK_MAX ? p->n_workers : PREFORK_MAX;
	s->looked_ms = clock_mono_ms();
	signs = watch_share((size_t)s->n + 1);
	for (i = 0; i <= s->n; i++)
		s->w[i].sign = &signs[i];
	s->w[s->n].started_ms = s->looked_ms - RESTART_MS;
	for (i = 0; i < s->n; i++)
		start(p, &s->w[i]);
}

int
prefork_run(const struct prefork *p)
{
	struct supervisor s = { 0 };
	sigset_t set = signals();
	int64_t began_ms = clock_mono_ms();

	signal(SIGHUP, SIG_IGN); /* settings are read at the start only */
	sigprocmask(SIG_BLOCK, &set, NULL);
	start_all(&s, p);
	for (;;) {
		if (is_end(wait_signal(LOOK_MS))) {
			stop_all(&s);
			return 0;
		}
		reap(&s);
		if (s.fatal != 0 && clock_mono_ms() - began_ms < START_MS) {
			stop_all(&s);
			return s.fatal;
		}
		restart(&s);
		check_workers(&s);
	}
}
