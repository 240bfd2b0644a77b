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
/* A wrong setting shows at once. Later it is no reason to end those who do their work. */
#define START_MS 3000
#define LOOK_MS 200
#define END_LOOK_MS 20
/* Longer between two looks: the supervisor did not run, and its workers maybe neither. */
#define AWAY_MS 2000

struct worker {
	pid_t pid; /* 0: none */
	int64_t started_ms;
	struct watch_sign *sign;
	bool warned, told; /* told: to end */
};

struct crew {
	const struct prefork *p;
	struct worker w[PREFORK_MAX + 1]; /* the n-th is the stand-in */
	int n;
	int64_t looked_ms;
	int64_t floor_ms; /* no silence began before this */
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

/* Collect the dead. Returns how many live. */
static int
reap(struct crew *c)
{
	int status, i, live = 0;
	bool wanted;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		wanted = c->stopping;
		for (i = 0; i <= c->n; i++) {
			if (c->w[i].pid != pid)
				continue;
			wanted |= c->w[i].told;
			c->w[i].pid = 0;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG)
			c->fatal = EX_CONFIG;
		if (!wanted)
			LOG(LOG_ERROR, "worker ended", LOG_INT("pid", pid),
			    LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
			    LOG_INT("exit", WIFEXITED(status) ? WEXITSTATUS(status) : 0));
	}
	for (i = 0; i <= c->n; i++)
		live += c->w[i].pid > 0;
	return live;
}

static bool
may_start(const struct worker *w)
{
	return w->pid == 0 && clock_mono_ms() - w->started_ms >= RESTART_MS;
}

static void
restart(struct crew *c)
{
	int i;

	for (i = 0; i < c->n; i++)
		if (may_start(&c->w[i]))
			start(c->p, &c->w[i]);
}

/* ---- signs of life ---- */

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Since when the worker has not come round, ms. */
static int64_t
away_ms(const struct crew *c, const struct worker *w, int64_t now)
{
	return now - later(atomic_load(&w->sign->round_ms), c->floor_ms);
}

/* The same, without what it announced. */
static int64_t
silent_ms(const struct crew *c, const struct worker *w, int64_t now)
{
	int64_t announced_ms = atomic_load(&w->sign->until_ms);

	return announced_ms > now ? 0
				  : now - later(announced_ms, now - away_ms(c, w, now));
}

static bool
is_busy(const struct worker *w)
{
	return atomic_load(&w->sign->until_ms) > clock_mono_ms();
}

static void
judge(const struct crew *c, struct worker *w, int64_t now)
{
	int64_t silent = silent_ms(c, w, now);

	if (silent < PREFORK_WARN_MS) {
		w->warned = false;
	} else if (silent >= PREFORK_KILL_MS) {
		LOG(LOG_ERROR, "a worker without a sign of life is killed",
		    LOG_INT("pid", w->pid), LOG_INT("silent_ms", silent));
		kill(w->pid, SIGKILL);
	} else if (!w->warned) {
		LOG(LOG_WARN, "a worker gives no sign of life", LOG_INT("pid", w->pid),
		    LOG_INT("silent_ms", silent));
		w->warned = true;
	}
}

/* How many of the n workers are alive, and whether one of them has come round lately. */
static int
count_alive(const struct crew *c, int64_t now, bool *ret_serves)
{
	const struct worker *w;
	int alive = 0;

	*ret_serves = false;
	for (w = c->w; w < c->w + c->n; w++) {
		alive += w->pid > 0;
		*ret_serves |=
		    w->pid > 0 && !w->told && away_ms(c, w, now) < PREFORK_STAND_IN_MS;
	}
	return alive;
}

static void
stand_in(struct crew *c, int64_t now)
{
	struct worker *w = &c->w[c->n];
	bool serves;
	int alive = count_alive(c, now, &serves);

	if (serves) {
		tell_to_end(w);
	} else if (alive > 0 && may_start(w)) {
		LOG(LOG_WARN, "no worker has come round: one more is started",
		    LOG_INT("workers", alive));
		start(c->p, w);
	}
}

static void
look_after(struct crew *c)
{
	int64_t now = clock_mono_ms();
	int i;

	if (now - c->looked_ms > AWAY_MS)
		c->floor_ms = now;
	c->looked_ms = now;
	for (i = 0; i <= c->n; i++)
		if (c->w[i].pid > 0)
			judge(c, &c->w[i], now);
	stand_in(c, now);
	log_flush();
}

/* ---- the end ---- */

/* Workers in a long step are told to end after it. How many of these, and of the others, live. */
static void
tell_busy(struct crew *c, int *ret_told, int *ret_serving)
{
	struct worker *w;

	*ret_told = *ret_serving = 0;
	for (w = c->w; w <= c->w + c->n; w++) {
		if (is_busy(w))
			tell_to_end(w);
		*ret_told += w->pid > 0 && w->told;
		*ret_serving += w->pid > 0 && !w->told;
	}
}

/* The others serve meanwhile; if there is none, one more does. */
static void
finish_long_steps(struct crew *c)
{
	int64_t end_ms = clock_mono_ms() + c->p->slow_ms;
	struct worker *extra = &c->w[c->n];
	int told, serving;

	for (; clock_mono_ms() < end_ms; reap(c)) {
		tell_busy(c, &told, &serving);
		if (told == 0)
			return;
		if (serving == 0 && may_start(extra))
			start(c->p, extra);
		if (is_end(wait_signal(END_LOOK_MS)))
			return;
	}
}

static void
stop_all(struct crew *c)
{
	int64_t deadline;
	int i;

	c->stopping = true;
	finish_long_steps(c);
	listen_hide(c->p->listener);
	for (i = 0; i <= c->n; i++)
		tell_to_end(&c->w[i]);
	deadline = clock_mono_ms() + PREFORK_GRACE_S * 1000;
	while (reap(c) > 0) {
		for (i = 0; i <= c->n && clock_mono_ms() > deadline; i++)
			if (c->w[i].pid > 0)
				kill(c->w[i].pid, SIGKILL);
		wait_signal(END_LOOK_MS);
	}
}

static void
hire(struct crew *c, const struct prefork *p)
{
	struct watch_sign *signs;
	int i;

	c->p = p;
	c->n = p->n_workers < PREFORK_MAX ? p->n_workers : PREFORK_MAX;
	c->looked_ms = clock_mono_ms();
	signs = watch_share((size_t)c->n + 1);
	for (i = 0; i <= c->n; i++)
		c->w[i].sign = &signs[i];
	c->w[c->n].started_ms = c->looked_ms - RESTART_MS;
	for (i = 0; i < c->n; i++)
		start(p, &c->w[i]);
}

int
prefork_run(const struct prefork *p)
{
	struct crew c = { 0 };
	sigset_t set = signals();
	int64_t began_ms = clock_mono_ms();

	signal(SIGHUP, SIG_IGN); /* settings are read at the start only */
	sigprocmask(SIG_BLOCK, &set, NULL);
	hire(&c, p);
	for (;;) {
		if (is_end(wait_signal(LOOK_MS))) {
			stop_all(&c);
			return 0;
		}
		reap(&c);
		if (c.fatal != 0 && clock_mono_ms() - began_ms < START_MS) {
			stop_all(&c);
			return c.fatal;
		}
		restart(&c);
		look_after(&c);
	}
}
