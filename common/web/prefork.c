#include "web/prefork.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/banned.h"

#define RESTART_MS 1000
/* A wrong setting shows at once. Later it is no reason to end those who do their work. */
#define START_MS 3000

struct worker {
	pid_t pid; /* 0: none */
	int64_t started_ms;
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

static void
start(struct worker *w, prefork_worker *run, void *arg)
{
	pid_t parent = getpid(), pid;
	sigset_t set = signals();

	w->started_ms = clock_mono_ms();
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
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	exit(run(arg));
}

static void
signal_all(const struct worker *w, int n, int signo)
{
	int i;

	for (i = 0; i < n; i++)
		if (w[i].pid > 0)
			kill(w[i].pid, signo);
}

/* Collect the dead. Returns how many live, and in *ret_fatal an EX_CONFIG of theirs. */
static int
reap(struct worker *w, int n, bool stopping, int *ret_fatal)
{
	int status, i, live = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < n; i++)
			if (w[i].pid == pid)
				w[i].pid = 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG)
			*ret_fatal = EX_CONFIG;
		if (!stopping)
			LOG(LOG_ERROR, "worker ended", LOG_INT("pid", pid),
			    LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
			    LOG_INT("exit", WIFEXITED(status) ? WEXITSTATUS(status) : 0));
	}
	for (i = 0; i < n; i++)
		live += w[i].pid > 0;
	return live;
}

static void
restart(struct worker *w, int n, prefork_worker *run, void *arg)
{
	int i;

	for (i = 0; i < n; i++)
		if (w[i].pid == 0 && clock_mono_ms() - w[i].started_ms >= RESTART_MS)
			start(&w[i], run, arg);
}

static int
stop_all(struct worker *w, int n)
{
	const struct timespec tick = { .tv_nsec = 100 * 1000 * 1000 };
	int64_t deadline = clock_mono_ms() + PREFORK_GRACE_S * 1000;
	sigset_t set = signals();
	int fatal = 0;

	signal_all(w, n, SIGTERM);
	while (reap(w, n, true, &fatal) > 0) {
		if (clock_mono_ms() > deadline)
			signal_all(w, n, SIGKILL);
		sigtimedwait(&set, NULL, &tick);
	}
	return fatal;
}

int
prefork_run(int n_workers, prefork_worker *run, void *arg)
{
	const struct timespec tick = { .tv_nsec = 200 * 1000 * 1000 };
	struct worker w[PREFORK_MAX] = { 0 };
	sigset_t set = signals();
	int n = n_workers < PREFORK_MAX ? n_workers : PREFORK_MAX, i, signo, fatal = 0;
	int64_t began_ms = clock_mono_ms();
	bool all = false;

	signal(SIGHUP, SIG_IGN); /* settings are read at the start only */
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < n; i++)
		start(&w[i], run, arg);
	for (;;) {
		/* Sleep for good while all are there; tick while one waits to be started. */
		signo = all ? sigwaitinfo(&set, NULL) : sigtimedwait(&set, NULL, &tick);
		if (signo == SIGTERM || signo == SIGINT)
			return stop_all(w, n);
		reap(w, n, false, &fatal);
		if (fatal != 0 && clock_mono_ms() - began_ms < START_MS) {
			stop_all(w, n);
			return fatal;
		}
		restart(w, n, run, arg);
		for (i = 0, all = true; i < n; i++)
			all = all && w[i].pid > 0;
	}
}

int
prefork_listen(const char *path, int backlog, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	struct stat st;
	int fd;

	if (n >= sizeof(sa.sun_path)) {
		err_set(err, ERR_CONFIG, "socket path is longer than %zu bytes: '%s'",
		    sizeof(sa.sun_path) - 1, path);
		return -1;
	}
	memcpy(sa.sun_path, path, n);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path); /* of one who was killed */
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    chmod(path, 0660) != 0 || listen(fd, backlog) != 0) {
		err_set(
		    err, ERR_CONFIG, "cannot listen on '%s': %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}
