/*
 * each - runs a command again and again, with the 1st, 2nd, 3rd ... call in it failing, until
 * nothing failed any more. For tests/torture/run.
 *
 *   each [-s STEP] [-m MOST] [-i BODY] [-b BEFORE] [-a AFTER] [-j] NAME NOTE COMMAND [ARG...]
 *
 *   -s  only every STEP-th n; -m none above MOST
 *   -i  what the command reads on its standard input
 *   -b  what state.lua does in Redis before each run, -a what it checks after it; it
 *       answers "well". It is told the status of the answer, or 0
 *   -j  the command answers no request: any exit code of a program that ended by itself
 *
 * What a run may end in: an answer in our envelope, 200 or 201, or 500, 502 or 503; or no
 * answer, an exit code other than 0 and a word on stderr. The last line of the output tells
 * how many there were of each; a run that ended otherwise is told in full, and makes the
 * exit code 1. Of the environment: FAIL_LIB, FAIL_KIND, FAIL_FROM (fail_nth.c), STACK_REDIS, REDISCLI_AUTH,
 * STATE_LUA, STATE_ARGS (three words: prefix, user, stage).
 */
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT_MAX_BYTES (1u << 20)
#define N_MAX 100000
#define NOISE 600 /* of a status: the first that is none */

static struct {
	const char *name, *note, *body, *before, *after;
	char **command;
	int step, most;
	bool job;
} spec = { .step = 1, .most = N_MAX };

/* One run. */
static struct {
	int status; /* of waitpid */
	char out[OUT_MAX_BYTES], say[OUT_MAX_BYTES], failed[300];
} run;

static int answers[NOISE], exits[256], faults;

static struct {
	int in, out, err; /* of the command */
	int order[2], done[2];
} pipes;
static redisContext *redis;

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(2);
}

static void
file_read(int fd, char *to)
{
	ssize_t n = pread(fd, to, OUT_MAX_BYTES - 1, 0);

	to[n > 0 ? n : 0] = '\0';
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		die("output");
}

static _Noreturn void
command(void)
{
	char text[32];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(text, sizeof(text), "%d %d", pipes.order[0], pipes.done[1]);
	close(pipes.order[1]);
	close(pipes.done[0]);
	setenv("FAIL_SERVER", text, 1);
	setenv("LD_PRELOAD", getenv("FAIL_LIB"), 1);
	dup2(pipes.in, 0);
	dup2(pipes.out, 1);
	dup2(pipes.err, 2);
	execv(spec.command[0], spec.command);
	_exit(127);
}

/* Starts the program; it then waits for the orders of run_once(). */
static void
command_start(void)
{
	pipes.in = memfd_create("in", MFD_CLOEXEC);
	pipes.out = memfd_create("out", MFD_CLOEXEC);
	pipes.err = memfd_create("err", MFD_CLOEXEC);
	if (pipes.in < 0 || pipes.out < 0 || pipes.err < 0 || pipe(pipes.order) != 0 ||
	    pipe(pipes.done) != 0)
		die("files");
	if (spec.body != NULL && write(pipes.in, spec.body, strlen(spec.body)) < 0)
		die("body");
	lseek(pipes.in, 0, SEEK_SET);
	signal(SIGPIPE, SIG_IGN);
	if (fork() == 0)
		command();
	close(pipes.order[0]);
	close(pipes.done[1]);
}

static void
run_once(int n)
{
	ssize_t got;
	int fd;

	unlink(spec.note);
	if (write(pipes.order[1], &n, sizeof(n)) != sizeof(n) ||
	    read(pipes.done[0], &run.status, sizeof(run.status)) != sizeof(run.status)) {
		file_read(pipes.err, run.say);
		fprintf(stderr, "%s: the program did not wait: %s\n", spec.name, run.say);
		exit(2);
	}
	file_read(pipes.out, run.out);
	file_read(pipes.err, run.say);
	fd = open(spec.note, O_RDONLY);
	got = fd >= 0 ? read(fd, run.failed, sizeof(run.failed) - 1) : 0;
	run.failed[got > 0 ? got - 1 : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* What state.lua says; "well" is well. */
static const char *
state(const char *what, int status)
{
	static char said[300];
	char prefix[100], user[100], arn[200];
	redisReply *r;

	if (what == NULL)
		return "well";
	if (sscanf(getenv("STATE_ARGS"), "%99s %99s %199s", prefix, user, arn) != 3)
		return "STATE_ARGS is not set";
	r = redisCommand(redis, "EVAL %s 0 %s %s %s %s %d", getenv("STATE_LUA"), prefix,
	    user, arn, what, status);
	snprintf(said, sizeof(said), "%s", r != NULL && r->str != NULL ? r->str : "none");
	freeReplyObject(r);
	return said;
}

static void
fault(int n, const char *what)
{
	faults++;
	printf("# %s, n=%d, %s failed: %s\n", spec.name, n, run.failed, what);
	if (WIFSIGNALED(run.status))
		printf("#   signal %d\n", WTERMSIG(run.status));
	printf("#   said: %.600s\n#   answered: %.300s\n", run.say, run.out);
}

static bool
is_envelope(const char *body, int status)
{
	json_t *v = json_loads(body, 0, NULL);
	const json_t *success = json_object_get(v, "success");
	const char *code =
	    json_string_value(json_object_get(json_object_get(v, "error"), "code"));
	bool good = status < 300 ? json_is_true(success) && json_object_get(v, "data")
				 : json_is_false(success) && code != NULL;

	json_decref(v);
	return good;
}

/* The status of a good answer; 0: there is none; -1: there is something else. */
static int
answer_status(void)
{
	const char *body = strstr(run.out, "\r\n\r\n");
	int status;

	if (run.out[0] == '\0')
		return 0;
	if (body == NULL || sscanf(run.out, "Status: %d", &status) != 1)
		return -1;
	if (status != 200 && status != 201 && status != 500 && status != 502 &&
	    status != 503)
		return -1;
	return is_envelope(body + 4, status) ? status : -1;
}

static void
judge(int n)
{
	int status = spec.job ? 0 : answer_status();
	int code = WIFEXITED(run.status) ? WEXITSTATUS(run.status) : -1;
	const char *said;

	if (code < 0) {
		fault(n, "it crashed");
	} else if (status < 0) {
		fault(n, "that is no answer of ours");
	} else if (!spec.job && status == 0 && (code == 0 || run.say[0] == '\0')) {
		fault(n, "no answer, and no word why");
	} else if (status > 0) {
		answers[status]++;
	} else {
		exits[code]++;
	}
	said = state(spec.after, status > 0 ? status : 0);
	if (strcmp(said, "well") != 0)
		fault(n, said);
}

static void
summary(int n)
{
	int i;

	printf("%s: n to %d:", spec.name, n);
	for (i = 0; i < NOISE; i++)
		if (answers[i] > 0)
			printf(" %d x %d", answers[i], i);
	for (i = 0; i < 256; i++)
		if (exits[i] > 0)
			printf(" %d x exit %d", exits[i], i);
	printf(", %d faults\n", faults);
}

static void
options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+s:m:i:b:a:j")) != -1) {
		switch (c) {
		case 's':
			spec.step = (int)strtol(optarg, NULL, 10);
			break;
		case 'm':
			spec.most = (int)strtol(optarg, NULL, 10);
			break;
		case 'i':
			spec.body = optarg;
			break;
		case 'b':
			spec.before = optarg;
			break;
		case 'a':
			spec.after = optarg;
			break;
		case 'j':
			spec.job = true;
			break;
		default:
			exit(2);
		}
	}
	if (argc - optind < 3 || spec.step < 1 || getenv("FAIL_LIB") == NULL)
		exit(2);
	spec.name = argv[optind];
	spec.note = argv[optind + 1];
	spec.command = argv + optind + 2;
	setenv("FAIL_NOTE", spec.note, 1);
}

int
main(int argc, char **argv)
{
	const char *said;
	int n;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	options(argc, argv);
	redis = redisConnectUnix(getenv("STACK_REDIS"));
	if (redis == NULL || redis->err != 0)
		die("redis");
	if (getenv("REDISCLI_AUTH") != NULL)
		freeReplyObject(redisCommand(redis, "AUTH %s", getenv("REDISCLI_AUTH")));
	command_start();
	for (n = 1; n <= spec.most; n += spec.step) {
		said = state(spec.before, 0);
		if (strcmp(said, "well") != 0) {
			printf("# %s: before: %s\n", spec.name, said);
			return 1;
		}
		run_once(n);
		judge(n);
		if (run.failed[0] == '\0')
			break;
	}
	summary(n);
	return faults > 0;
}
