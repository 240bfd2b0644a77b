/*
 * hold_sockets - keeps the sockets of the programs open while the programs come and go, as
 * systemd does with deploy/ivs-live@.socket. For the private stack (deploy/lib/web.bash).
 *
 *   hold_sockets DIR NAME...
 *       listens on DIR/NAME.sock for each NAME, and hands them out at DIR/held, until SIGTERM
 *   hold_sockets DIR -- NAME COMMAND [ARG...]
 *       becomes COMMAND, with that socket as descriptor 3 and as sd_listen_fds(3) says
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define BACKLOG 1024
#define NAMES_MAX 16
#define NAME_BYTES 64
#define GIVEN 3 /* SD_LISTEN_FDS_START */

static const char *dir;

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "hold_sockets: %s: %s\n", what, strerror(errno));
	exit(EX_UNAVAILABLE);
}

static struct sockaddr_un
address(const char *name, const char *suffix)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s%s", dir, name, suffix) >=
	    (int)sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		fail(name);
	}
	return sa;
}

static int
listen_at(const struct sockaddr_un *sa, int type, mode_t mode)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(sa->sun_path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 ||
	    chmod(sa->sun_path, mode) != 0 || listen(fd, BACKLOG) != 0)
		fail(sa->sun_path);
	return fd;
}

/* ---- one message of the two halves: a name, and a descriptor back ---- */

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void
give(int to, int fd)
{
	union control c = { 0 };
	char byte = 1;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &c,
		.msg_controllen = sizeof(c) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&m);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	(void)sendmsg(to, &m, MSG_NOSIGNAL);
}

static int
take(int from)
{
	union control c = { 0 };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &c,
		.msg_controllen = sizeof(c) };
	struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(from, &m, 0) == 1 && (head = CMSG_FIRSTHDR(&m)) != NULL &&
	    head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

/* ---- the holder ---- */

static void
answer(int client, char **names, const int *fds, int n)
{
	const struct timeval patience = { .tv_sec = 1 };
	char name[NAME_BYTES + 1];
	ssize_t got;
	int i;

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	got = recv(client, name, NAME_BYTES, 0);
	name[got > 0 ? got : 0] = '\0';
	for (i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			give(client, fds[i]);
	close(client);
}

static _Noreturn void
hold(char **names, int n)
{
	struct sockaddr_un unready = address("held", ".new"), ready = address("held", "");
	int fds[NAMES_MAX], door, client, i;

	for (i = 0; i < n; i++) {
		const struct sockaddr_un sa = address(names[i], ".sock");

		fds[i] = listen_at(&sa, SOCK_STREAM, 0660);
	}
	door = listen_at(&unready, SOCK_SEQPACKET, 0600);
	if (rename(unready.sun_path, ready.sun_path) != 0)
		fail(ready.sun_path);
	for (;;) {
		client = accept4(door, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0)
			answer(client, names, fds, n);
		else if (errno != EINTR && errno != ECONNABORTED)
			fail("accept");
	}
}

/* ---- the way to a program ---- */

static int
ask(const char *name)
{
	const struct sockaddr_un sa = address("held", "");
	int door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), fd = -1;

	if (door >= 0 && connect(door, (const struct sockaddr *)&sa, sizeof(sa)) == 0 &&
	    send(door, name, strlen(name), MSG_NOSIGNAL) > 0)
		fd = take(door);
	if (fd < 0)
		fail(name);
	return fd;
}

static _Noreturn void
become(const char *name, char **command)
{
	char pid[24];
	int fd = ask(name);

	if (fd != GIVEN && (dup2(fd, GIVEN) != GIVEN || close(fd) != 0))
		fail(name);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", name, 1);
	execvp(command[0], command);
	fail(command[0]);
}

int
main(int argc, char **argv)
{
	bool runs = argc > 4 && strcmp(argv[2], "--") == 0;

	if (argc < 3 || (!runs && (argv[2][0] == '-' || argc - 2 > NAMES_MAX))) {
		fprintf(stderr, "usage: hold_sockets DIR NAME...\n"
				"       hold_sockets DIR -- NAME COMMAND [ARG...]\n");
		return EX_USAGE;
	}
	dir = argv[1];
	if (runs)
		become(argv[3], argv + 4);
	hold(argv + 2, argc - 2);
}
