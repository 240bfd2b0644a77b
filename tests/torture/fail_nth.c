/*
 * fail_nth.so - the n-th call fails. For LD_PRELOAD, by tests/torture/each and run.
 *
 *   FAIL_KIND   memory: malloc, calloc, realloc, mmap; calls: the system calls below
 *   FAIL_NTH    which one, from 1
 *   FAIL_TIMES  so many one after the other, from that one on; 1 when it is not set
 *   FAIL_FROM   main: counted from the beginning of main(); request: from where a CGI
 *               program begins to read its request, else from the first socket: settings
 *               and parts are open then; worker: in the children of the process, from
 *               their beginning
 *   FAIL_SERVER "IN OUT", two descriptors: instead of going on from there, read an n (int)
 *               from IN, let a copy of the process go on with it, write its wait status
 *               (int) to OUT, and so on; which saves starting the program for each n
 *   FAIL_NOTE   a file: made by the first call that fails, with its name in it. While it
 *               is there no other process begins to fail, so one of many workers does
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);

static const char *kind, *from, *note;
static long nth, times = 1, count;
static bool armed, failing;
static long long slept_ns; /* while a copy waited for its turn */

/* False: another process was first. */
static bool
note_it(const char *name, void *caller)
{
	Dl_info who = { 0 };
	long fd = syscall(SYS_openat, AT_FDCWD, note, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return false;
	syscall(SYS_write, fd, name, strlen(name));
	if (dladdr(caller, &who) != 0 && who.dli_fname != NULL) {
		syscall(SYS_write, fd, " from ", 6UL);
		syscall(SYS_write, fd, who.dli_fname, strlen(who.dli_fname));
	}
	syscall(SYS_write, fd, "\n", 1UL);
	syscall(SYS_close, fd);
	return true;
}

/* Is it this one's turn? */
static bool
fails(const char *which, const char *name, void *caller)
{
	if (!armed || strcmp(kind, which) != 0)
		return false;
	if (++count == nth)
		failing = note_it(name, caller);
	return failing && count < nth + times;
}

#define HERE __builtin_return_address(0)
#define NO_MEMORY(name) (fails("memory", name, HERE) ? (errno = ENOMEM, true) : false)
#define NO_CALL(name, number)                                                            \
	(fails("calls", name, HERE) ? (errno = (number), true) : false)
/* The function that stands behind ours. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* ---- when it begins ---- */

/*
 * Shorter than the deadline of a statement of a job (10 s): a run must not sit that out for an answer
 * that came while memory was missing.
 */
#define RUN_MAX_S 9

static long long
mono_ns(void)
{
	struct timespec t;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Copies return from here; a copy that hangs is ended by the alarm, as if it had crashed. */
static void
serve_copies(int in, int out)
{
	long long since = mono_ns();
	int n, status;
	pid_t pid;

	while (read(in, &n, sizeof(n)) == sizeof(n)) {
		pid = fork();
		if (pid == 0) {
			nth = n;
			slept_ns = mono_ns() - since;
			lseek(0, 0, SEEK_SET);
			close(in);
			close(out);
			alarm(RUN_MAX_S);
			return;
		}
		waitpid(pid, &status, 0);
		if (write(out, &status, sizeof(status)) != sizeof(status))
			break;
	}
	_exit(0);
}

static void
arm(const char *when)
{
	const char *server = getenv("FAIL_SERVER");
	int in, out;

	if (armed || !kind || !note || !from || strcmp(from, when) != 0)
		return;
	if (server != NULL && sscanf(server, "%d %d", &in, &out) == 2)
		serve_copies(in, out);
	armed = nth > 0;
}

/* To a copy no time has passed while it waited: its deadlines are not over. */
int
clock_gettime(clockid_t which, struct timespec *t)
{
	int res = (int)syscall(SYS_clock_gettime, which, t);
	long long ns;

	if (res == 0 && which == CLOCK_MONOTONIC && slept_ns > 0) {
		ns = t->tv_sec * 1000000000LL + t->tv_nsec - slept_ns;
		t->tv_sec = ns / 1000000000;
		t->tv_nsec = ns % 1000000000;
	}
	return res;
}

char *
getenv(const char *name)
{
	static char *(*real)(const char *);

	if (real == NULL)
		real = (char *(*)(const char *))dlsym(RTLD_NEXT, "getenv");
	if (kind != NULL && strcmp(name, "CONTENT_LENGTH") == 0)
		arm("request");
	return real(name);
}

static int (*real_main)(int, char **, char **);

static int
our_main(int argc, char **argv, char **env)
{
	const char *n = getenv("FAIL_NTH"), *t = getenv("FAIL_TIMES");

	kind = getenv("FAIL_KIND");
	from = getenv("FAIL_FROM");
	note = getenv("FAIL_NOTE");
	nth = n != NULL ? atol(n) : 0;
	times = t != NULL ? atol(t) : 1;
	arm("main");
	return real_main(argc, argv, env);
}

typedef int start_main(int (*m)(int, char **, char **), int argc, char **argv,
    int (*init)(int, char **, char **), void (*fini)(void), void (*rtld)(void),
    void *end);

start_main __libc_start_main;

int
__libc_start_main(int (*m)(int, char **, char **), int argc, char **argv,
    int (*init)(int, char **, char **), void (*fini)(void), void (*rtld)(void), void *end)
{
	start_main *real = (start_main *)dlsym(RTLD_NEXT, "__libc_start_main");

	real_main = m;
	return real(our_main, argc, argv, init, fini, rtld, end);
}

pid_t
fork(void)
{
	pid_t pid = REAL(fork)();

	if (pid == 0)
		arm("worker");
	return pid;
}

/* ---- memory ---- */

void *
malloc(size_t n)
{
	return NO_MEMORY("malloc") ? NULL : __libc_malloc(n);
}

void *
calloc(size_t items, size_t n)
{
	return NO_MEMORY("calloc") ? NULL : __libc_calloc(items, n);
}

void *
realloc(void *p, size_t n)
{
	return NO_MEMORY("realloc") ? NULL : __libc_realloc(p, n);
}

void *
mmap(void *p, size_t n, int prot, int flags, int fd, off_t at)
{
	if (NO_MEMORY("mmap"))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, p, n, prot, flags, fd, at);
}

/* ---- system calls ---- */

/* One that returns -1: its type, name, errno, parameters, arguments. */
#define CALL(type, name, number, params, args)                                           \
	type name params                                                                 \
	{                                                                                \
		static type(*real) params;                                               \
                                                                                         \
		if (real == NULL)                                                        \
			real = (type(*) params)dlsym(RTLD_NEXT, #name);                  \
		return NO_CALL(#name, number) ? -1 : real args;                          \
	}

/* One after which the connection is really gone: who goes on to read must learn of it. */
#define LOST(name, params, args)                                                         \
	ssize_t name params                                                              \
	{                                                                                \
		static ssize_t(*real) params;                                            \
                                                                                         \
		if (real == NULL)                                                        \
			real = (ssize_t(*) params)dlsym(RTLD_NEXT, #name);               \
		if (!NO_CALL(#name, ECONNRESET))                                         \
			return real args;                                                \
		shutdown(fd, SHUT_RDWR);                                                 \
		errno = ECONNRESET;                                                      \
		return -1;                                                               \
	}

int
socket(int domain, int type, int protocol)
{
	arm("request");
	return NO_CALL("socket", EMFILE) ? -1 : REAL(socket)(domain, type, protocol);
}

CALL(int, connect, ECONNREFUSED, (int fd, const struct sockaddr *sa, socklen_t n),
    (fd, sa, n))
CALL(int, accept, ECONNABORTED, (int fd, struct sockaddr *sa, socklen_t *n), (fd, sa, n))
CALL(int, accept4, ECONNABORTED, (int fd, struct sockaddr *sa, socklen_t *n, int flags),
    (fd, sa, n, flags))
CALL(int, bind, EADDRINUSE, (int fd, const struct sockaddr *sa, socklen_t n), (fd, sa, n))
CALL(int, listen, EADDRINUSE, (int fd, int n), (fd, n))
CALL(int, getsockopt, ENOBUFS, (int fd, int level, int name, void *p, socklen_t *n),
    (fd, level, name, p, n))
CALL(int, setsockopt, ENOBUFS, (int fd, int level, int name, const void *p, socklen_t n),
    (fd, level, name, p, n))
CALL(ssize_t, read, EIO, (int fd, void *p, size_t n), (fd, p, n))
CALL(ssize_t, write, EIO, (int fd, const void *p, size_t n), (fd, p, n))
LOST(recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
LOST(recvfrom,
    (int fd, void *p, size_t n, int flags, struct sockaddr *sa, socklen_t *size),
    (fd, p, n, flags, sa, size))
LOST(recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags))
LOST(send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
LOST(sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
CALL(int, poll, ENOMEM, (struct pollfd * p, nfds_t n, int ms), (p, n, ms))
CALL(int, epoll_create1, EMFILE, (int flags), (flags))
CALL(int, epoll_ctl, ENOMEM, (int ep, int op, int fd, struct epoll_event *e),
    (ep, op, fd, e))
CALL(int, epoll_pwait, EINTR,
    (int ep, struct epoll_event *e, int n, int ms, const sigset_t *s), (ep, e, n, ms, s))
CALL(ssize_t, getrandom, EAGAIN, (void *p, size_t n, unsigned flags), (p, n, flags))
CALL(int, getentropy, EIO, (void *p, size_t n), (p, n))
CALL(int, fstat, EIO, (int fd, struct stat *st), (fd, st))
CALL(int, fsync, EIO, (int fd), (fd))
CALL(int, rename, EIO, (const char *a, const char *b), (a, b))
CALL(ssize_t, pread, EIO, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
CALL(int, pipe2, EMFILE, (int fd[2], int flags), (fd, flags))
CALL(int, socketpair, EMFILE, (int d, int t, int p, int fd[2]), (d, t, p, fd))

/* What -D_FORTIFY_SOURCE makes of some of them. */
ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
CALL(ssize_t, __read_chk, EIO, (int fd, void *p, size_t n, size_t room), (fd, p, n, room))
ssize_t __recv_chk(int fd, void *p, size_t n, size_t room, int flags);
LOST(__recv_chk, (int fd, void *p, size_t n, size_t room, int flags),
    (fd, p, n, room, flags))
ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room);
CALL(ssize_t, __pread_chk, EIO, (int fd, void *p, size_t n, off_t at, size_t room),
    (fd, p, n, at, room))
int __poll_chk(struct pollfd *p, nfds_t n, int ms, size_t room);
CALL(int, __poll_chk, ENOMEM, (struct pollfd * p, nfds_t n, int ms, size_t room),
    (p, n, ms, room))
int __open_2(const char *path, int flags);
CALL(int, __open_2, EMFILE, (const char *path, int flags), (path, flags))

int
open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return NO_CALL("open", EMFILE) ? -1 : REAL(open)(path, flags, mode);
}

int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return NO_CALL("fcntl", ENOMEM) ? -1 : REAL(fcntl)(fd, cmd, arg);
}
