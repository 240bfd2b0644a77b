/* err: the first cause wins, the trail grows outwards, a broken invariant aborts. */
#include "base/err.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "base/banned.h"

static void
test_first_cause_wins(void)
{
	struct err e = ERR_INIT;

	ok(!err_from(&e, ERR_FROM_REDIS, ERR_UPSTREAM, "no answer in %d ms", 1000),
	    "err_from returns false");
	ok(!err_set(&e, ERR_BUG, "later"), "err_set returns false");
	ok(!err_tell(&e, ERR_INPUT, MSG_NO_STAGE, "later still"),
	    "err_tell returns false");
	is_int(e.kind, ERR_UPSTREAM, "the first kind stays");
	is_int(e.source, ERR_FROM_REDIS, "the first source stays");
	is_int(e.tell, MSG_NONE, "the first text stays");
	is_text(e.cause, "no answer in 1000 ms", "the first cause stays");
	memcpy(e.request_id, "rid", 4);
	err_clear(&e);
	is_int(e.kind, ERR_NONE, "a cleared error is none");
	is_text(e.request_id, "", "and of no request");
	err_tell(&e, ERR_NOT_FOUND, MSG_NO_STAGE, "stage 'x'");
	is_int(e.tell, MSG_NO_STAGE, "err_tell names the text");
	is_text(e.cause, "stage 'x'", "a cleared error can be set again");
}

static void
test_trail(void)
{
	struct err e = ERR_INIT;
	char inner[sizeof(e.trail)];
	int i;

	err_set(&e, ERR_UPSTREAM, "timed out");
	ok(!err_while(&e, "asking %s", "redis"), "err_while returns false");
	err_while(&e, "seating '%s'", "u1");
	is_text(e.trail, " (while asking redis) (while seating 'u1')", "innermost first");
	memcpy(inner, e.trail, sizeof(inner));
	for (i = 0; i < 20; i++)
		err_while(&e, "doing one more thing, number %d", i);
	ok(strncmp(e.trail, inner, strlen(inner)) == 0, "only the far end is cut");
	is_int(
	    (long long)strlen(e.trail), (long long)sizeof(e.trail) - 1, "cut at the end");
	is_text(e.cause, "timed out", "the cause is untouched");
}

static void
test_long_cause(void)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_INPUT, "%0500d", 7);
	is_int((long long)strlen(e.cause), (long long)sizeof(e.cause) - 1,
	    "a long cause is cut");
}

static void
test_without_reason(void)
{
	struct err e = ERR_INIT;

	err_while(&e, "doing something");
	is_int(e.kind, ERR_BUG, "a failure without a reason is a bug");
	is_text(e.trail, " (while doing something)", "and says where");
}

static void
test_sources(void)
{
	is_text(err_source_name(ERR_FROM_REDIS), "redis", "redis");
	is_text(err_source_name(ERR_FROM_POSTGRES), "postgres", "postgres");
	is_text(err_source_name(ERR_FROM_AWS), "aws", "aws");
	is_text(err_source_name(ERR_FROM_NONE), "", "none");
}

static void
break_invariant(int fd)
{
	struct rlimit none = { 0, 0 };
	int two = 2;

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGABRT, SIG_DFL);
	dup2(fd, STDERR_FILENO);
	INVARIANT(two == 3 && "quoted"[0] == 'q');
	_exit(0);
}

static void
test_retell(void)
{
	struct err e = ERR_INIT;

	err_tell_from(&e, ERR_FROM_POSTGRES, ERR_UPSTREAM, MSG_POSTGRES_READ_ONLY, "x");
	err_retell(&e, MSG_KICK_REPEAT);
	ok(e.tell == MSG_KICK_REPEAT && strcmp(e.reason, "READ_ONLY") == 0,
	    "another text keeps the reason of the first");
	e = ERR_INIT;
	err_from(&e, ERR_FROM_REDIS, ERR_UNCERTAIN, "x");
	err_retell(&e, MSG_KICK_REPEAT);
	ok(strcmp(e.reason, "UNREACHABLE") == 0, "also that of an engine without a text");
	e = ERR_INIT;
	err_from(&e, ERR_FROM_AWS, ERR_THROTTLED, "x");
	e.reason = "THROTTLED";
	err_retell(&e, MSG_KICK_REPEAT);
	ok(strcmp(e.reason, "THROTTLED") == 0, "and one that was given");
}

static void
test_bug(void)
{
	char text[1024];
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(fd) != 0)
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		break_invariant(fd[1]);
	close(fd[1]);
	n = read(fd[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	waitpid(pid, &status, 0);
	close(fd[0]);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "a bug aborts");
	ok(strstr(text, "two == 3") != NULL, "and says what was broken");
	ok(strstr(text, "\"quoted\"") == NULL, "quotes do not break the JSON line");
	ok(n > 2 && text[0] == '{' && strcmp(text + n - 2, "}\n") == 0, "it is one line");
}

int
main(void)
{
	test_first_cause_wins();
	test_trail();
	test_long_cause();
	test_without_reason();
	test_sources();
	test_retell();
	test_bug();
	return done_testing();
}
