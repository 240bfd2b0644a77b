/* conns: connections that end while another process holds them, too, and whose turn it is. */
#include "web/conns.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tap.h"
#include "base/banned.h"

#define BODY_MAX 100
#define WAIT_MS 5000
#define PARK_MS 60000

/* BEGIN_REQUEST, no parameters, no body: a complete request; its first HALF bytes are not. */
static const char request[] =
    "\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    "\x01\x04\x00\x01\x00\x00\x00\x00"
    "\x01\x05\x00\x01\x00\x00\x00\x00";
#define REQUEST_BYTES (sizeof(request) - 1)
#define HALF 16
#define EACH 4

static struct sockaddr_un name;
static socklen_t name_bytes = sizeof(name);

static struct conns *
listening(int *ret_fd)
{
	struct err err = ERR_INIT;

	/* Without a name the kernel picks one. */
	name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	name_bytes = sizeof(name);
	*ret_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(*ret_fd, (struct sockaddr *)&name, sizeof(sa_family_t)) != 0 ||
	    listen(*ret_fd, 16) != 0 ||
	    getsockname(*ret_fd, (struct sockaddr *)&name, &name_bytes) != 0)
		diag("cannot make a socket");
	return conns_open(*ret_fd, BODY_MAX, &err);
}

/* A client that has sent the first n bytes of a request. */
static int
client(size_t n)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&name, name_bytes) != 0 ||
	    send(fd, request, n, 0) != (ssize_t)n)
		diag("cannot connect");
	return fd;
}

static bool
happens(struct conns *cs, int ms)
{
	sigset_t none;

	sigemptyset(&none);
	return conns_wait(cs, ms, &none);
}

static struct conn *
next_within(struct conns *cs, int64_t ms)
{
	int64_t end_ms = clock_mono_ms() + ms;
	struct conn *c = NULL;

	while (c == NULL && clock_mono_ms() < end_ms)
		if (happens(cs, (int)(end_ms - clock_mono_ms())))
			c = conns_next(cs);
	return c;
}

/* A process that holds all that this one has open, but for the peer, until it is killed. */
static pid_t
holder(int peer)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(peer);
		for (;;)
			pause();
	}
	return pid;
}

/* The peer of a connection hangs up while a child has not closed it yet. */
static void
test_held(size_t sent, const char *what)
{
	int listen_fd, peer;
	struct conns *cs = listening(&listen_fd);
	struct conn *c;
	pid_t pid;

	peer = client(sent);
	if (sent == REQUEST_BYTES) {
		c = next_within(cs, WAIT_MS);
		ok(c != NULL && conns_park(cs, c, clock_mono_us(), PARK_MS), "%s: parked",
		    what);
	} else {
		ok(happens(cs, WAIT_MS) && conns_next(cs) == NULL && conns_busy(cs),
		    "%s: half read", what);
	}
	pid = holder(peer);
	close(peer);
	while (conns_busy(cs) && happens(cs, WAIT_MS))
		while ((c = conns_next(cs)) !=
		       NULL) /* tried before it was seen to have ended */
			(void)conns_park(cs, c, conn_parked_us(c), PARK_MS);
	ok(!conns_busy(cs), "%s: dropped", what);
	ok(!happens(cs, 0) && conns_next(cs) == NULL && !conns_busy(cs),
	    "%s: not reported again", what);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	conns_close(cs);
	close(listen_fd);
}

/* Parked requests that are all due and new ones take turns. */
static void
test_turns(void)
{
	int listen_fd, peers[2 * EACH], parked = 0, turns = 0, i;
	struct conns *cs = listening(&listen_fd);
	char order[2 * EACH + 1] = "";
	struct conn *c;

	for (i = 0; i < EACH; i++) {
		peers[i] = client(REQUEST_BYTES);
		c = next_within(cs, WAIT_MS);
		parked += c != NULL && conns_park(cs, c, clock_mono_us(), PARK_MS);
	}
	ok(parked == EACH && happens(cs, WAIT_MS), "turns: the parked ones are due");
	for (; i < 2 * EACH; i++)
		peers[i] = client(REQUEST_BYTES);
	/* One request a round, as a worker does whose answers take long. */
	for (i = 0; i < 2 * EACH && (c = next_within(cs, WAIT_MS)) != NULL; i++) {
		order[i] = conn_parked_us(c) != 0 ? 'p' : 'n';
		conns_answer(cs, c, STR("Status: 200\r\n\r\n"));
		turns += i == 0 || order[i] != order[i - 1];
	}
	if (!ok(turns == 2 * EACH, "turns: new and parked requests alternate"))
		diag("%s", order);
	for (i = 0; i < 2 * EACH; i++)
		close(peers[i]);
	conns_close(cs);
	close(listen_fd);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_held(HALF, "half a request");
	test_held(REQUEST_BYTES, "a parked request");
	test_turns();
	return done_testing();
}
