/* listen: sockets handed over by a service manager, and sockets of our own. */
#include "web/listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tap.h"
#include "base/banned.h"

static char dir[] = "/tmp/test_listen.XXXXXX";

static void
listen_env(int pid, const char *n, const char *names)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", n, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
	else
		unsetenv("LISTEN_FDNAMES");
}

/* Listening sockets, or not, as descriptors 3 and 4. */
static void
put_sockets(bool listening)
{
	int fd;

	for (fd = 3; fd <= 4; fd++) {
		int made = socket(AF_UNIX, SOCK_STREAM, 0);

		/* Without a name the kernel picks one. */
		struct sockaddr_un sa = { .sun_family = AF_UNIX };

		if (bind(made, (struct sockaddr *)&sa, sizeof(sa_family_t)) != 0 ||
		    (listening && listen(made, 1) != 0))
			diag("cannot make a socket");
		if (made != fd) {
			dup2(made, fd);
			close(made);
		}
	}
}

static void
test_given(void)
{
	struct listener l;
	struct err err = ERR_INIT;

	put_sockets(true);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	ok(listen_given("viewer", &l, &err) && l.fd == -1, "nothing handed over");
	listen_env(getpid() + 1, "1", "viewer");
	ok(listen_given("viewer", &l, &err) && l.fd == -1, "meant for another process");
	listen_env(getpid(), "x", "viewer");
	ok(listen_given("viewer", &l, &err) && l.fd == -1, "a number that is none");
	listen_env(getpid(), "1", "anything");
	ok(listen_given("viewer", &l, &err) && l.fd == 3 && l.path == NULL,
	    "the only one is taken whatever its name");
	ok(getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL,
	    "no child takes it for its own");
	listen_env(getpid(), "2", "token:viewer");
	ok(listen_given("viewer", &l, &err) && l.fd == 4, "of two the one of that name");
	listen_env(getpid(), "2", "token:stage");
	ok(!listen_given("viewer", &l, &err) && err.kind == ERR_CONFIG,
	    "of two neither has the name");
	ok(strstr(err.cause, "FileDescriptorName=viewer") != NULL, "it says what to set");
	err_clear(&err);
	listen_env(getpid(), "2", NULL);
	ok(!listen_given("viewer", &l, &err), "of two without names none is taken");
	err_clear(&err);
	put_sockets(false);
	listen_env(getpid(), "1", "viewer");
	ok(!listen_given("viewer", &l, &err) && err.kind == ERR_CONFIG,
	    "a socket that does not listen is refused");
}

static void
test_own(void)
{
	char path[64];
	struct listener first, second;
	struct err err = ERR_INIT;

	snprintf(path, sizeof(path), "%s/s", dir);
	ok(listen_open(path, 8, &first, &err) && listen_is_socket(first.fd),
	    "it listens");
	listen_hide(&first);
	ok(access(path, F_OK) != 0 && listen_is_socket(first.fd),
	    "hidden it is no more in the file system, and still listens");
	ok(listen_open(path, 8, &first, &err) && listen_open(path, 8, &second, &err),
	    "a later program replaces it");
	listen_hide(&first);
	ok(access(path, F_OK) == 0, "and the earlier one does not hide the later one's");
	listen_hide(&second);
	ok(access(path, F_OK) != 0, "which the later one does");
	close(first.fd);
	close(second.fd);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	test_given();
	test_own();
	rmdir(dir);
	return done_testing();
}
