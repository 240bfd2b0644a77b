/*
 * worker - a FastCGI program of two workers, in one of which the n-th call fails, for n = 1, 2,
 * 3 ... It must go on serving: the request it happened in may be answered 500 or 503, or not
 * at all when its own connection failed; those that come after it are answered 200.
 * Each n has a program of its own. Environment as for each.c.
 *
 *   worker [-s STEP] NAME NOTE SOCKET COMMAND [ARG...]      (COMMAND without --socket)
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS 8 /* after so many nothing will fail any more */
#define AFTER 4
#define TRIES 400
#define N_MAX 1000

static const char *const names[] = { "REQUEST_METHOD", "REQUEST_URI", "CONTENT_LENGTH",
	"REMOTE_ADDR", "HTTP_X_API_KEY" };

static void
pause_ms(int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static int
connect_to(const char *path)
{
	const struct timeval patience = { .tv_sec = 5 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* One record of FastCGI 1.0 (specification, section 3.3) behind what there is. */
static size_t
record(unsigned char *to, int type, const void *p, size_t n)
{
	const unsigned char head[8] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(n >> 8), (unsigned char)n, 0, 0 };

	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head), p, n);
	return n + sizeof(head);
}

static size_t
request(unsigned char *to)
{
	static const unsigned char responder[8] = { 0, 1 };
	unsigned char params[2048];
	size_t n = 0, i, name, value;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *text = getenv(names[i]) != NULL ? getenv(names[i]) : "";

		name = strlen(names[i]);
		value = strlen(text);
		if (value > 127 || n + name + value + 2 > sizeof(params))
			exit(2);
		params[n++] = (unsigned char)name;
		params[n++] = (unsigned char)value;
		memcpy(params + n, names[i], name);
		memcpy(params + n + name, text, value);
		n += name + value;
	}
	i = record(to, 1, responder, sizeof(responder));
	i += record(to + i, 4, params, n);
	i += record(to + i, 4, "", 0);
	return i + record(to + i, 5, "", 0);
}

/* The status of the answer; 0: none came. */
static int
ask(const char *path)
{
	unsigned char out[4096];
	char in[8192];
	size_t n = request(out), got = 0;
	int fd = connect_to(path), status = 0;
	ssize_t r = 0;

	if (fd < 0)
		return 0;
	if (send(fd, out, n, MSG_NOSIGNAL) == (ssize_t)n)
		while (got < sizeof(in) - 1 &&
		       (r = read(fd, in + got, sizeof(in) - 1 - got)) > 0)
			got += (size_t)r;
	close(fd);
	in[got] = '\0';
	if (got > 8 && sscanf(in + 8, "Status: %d", &status) != 1)
		status = 0;
	return status;
}

static pid_t
start(const char *path, char **command, int n)
{
	pid_t pid = fork();
	char text[16];

	if (pid != 0)
		return pid;
	snprintf(text, sizeof(text), "%d", n);
	setenv("FAIL_NTH", text, 1);
	setenv("LD_PRELOAD", getenv("FAIL_LIB"), 1);
	unsetenv("REQUEST_METHOD");
	execl(command[0], command[0], "--socket", path, "--processes", "2", (char *)NULL);
	_exit(127);
}

/* Whether all went well with the n-th; answers are counted. */
static char seen[300]; /* the answers of the last program */

static bool
one(const char *path, char **command, int n, int *good, int *bad, int *none)
{
	pid_t pid = start(path, command, n);
	int i, status = 0, after = 0, last = 0, fd = -1;

	for (i = 0; i < TRIES && (fd = connect_to(path)) < 0; i++)
		pause_ms(10);
	close(fd);
	seen[0] = '\0';
	for (i = 0; after < AFTER; i++) {
		if (access(getenv("FAIL_NOTE"), F_OK) == 0)
			after++;
		else if (i >= REQUESTS)
			break;
		status = ask(path);
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), " %d", status);
		*good += status == 200;
		*bad += status == 500 || status == 503;
		*none += status == 0;
		last = status == 200 ? last + 1 : 0;
	}
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	return last >= AFTER && WIFEXITED(status);
}

int
main(int argc, char **argv)
{
	int n, step = 1, good = 0, bad = 0, none = 0, faults = 0, c;
	char failed[300];
	FILE *f;

	while ((c = getopt(argc, argv, "+s:")) != -1)
		step = c == 's' ? (int)strtol(optarg, NULL, 10) : 0;
	if (argc - optind < 4 || step < 1)
		return 2;
	argv += optind;
	setenv("FAIL_NOTE", argv[1], 1);
	for (n = 1; n < N_MAX; n += step) {
		bool well;

		unlink(argv[1]);
		well = one(argv[2], argv + 3, n, &good, &bad, &none);
		f = fopen(argv[1], "r");
		if (f == NULL || fgets(failed, sizeof(failed), f) == NULL)
			failed[0] = '\0';
		if (f != NULL)
			fclose(f);
		if (!well && ++faults > 0)
			printf(
			    "# %s, n=%d: answers%s after %s", argv[0], n, seen, failed);
		if (failed[0] == '\0')
			break;
	}
	printf("%s: n to %d: %d x 200 %d x 50x %d x none, %d faults\n", argv[0], n, good,
	    bad, none, faults);
	return faults > 0;
}
