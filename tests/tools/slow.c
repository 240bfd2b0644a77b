/*
 * slow - clients of one address that send a request's head without end, a byte every 10 s each.
 *
 *   slow SOURCE PORT CLIENTS SECONDS
 *
 * From SOURCE (an address of this machine) to 127.0.0.1:PORT. A connection that the server closes
 * is opened anew. Prints "OPEN OPENED" once a second: how many are open, how many there were.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 60000
#define SPARE_DESCRIPTORS 16
#define BYTE_EVERY_MS 10000
#define TURN_MS 20
#define OPENED_A_TURN 200 /* 10,000 a second */

struct client {
	int fd; /* -1: not open */
	bool begun;
	int64_t due_ms;
};

static struct client clients[CLIENTS_MAX];
static struct sockaddr_in from, to;
static long opened;

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
drop(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

static void
open_client(struct client *c)
{
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return;
	/* The port is chosen when the other end is known, too. */
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
		errno != EINPROGRESS)) {
		drop(c);
		return;
	}
	c->begun = false;
	c->due_ms = now_ms();
	opened++;
}

/* Whether the server has closed it. */
static bool
is_closed(const struct client *c)
{
	char answer[512];
	ssize_t n = recv(c->fd, answer, sizeof(answer), 0);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != ENOTCONN);
}

static void
send_byte(struct client *c)
{
	static const char head[] = "GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ";
	ssize_t n = c->begun ? send(c->fd, "a", 1, MSG_NOSIGNAL)
			     : send(c->fd, head, sizeof(head) - 1, MSG_NOSIGNAL);

	if (n > 0) {
		c->begun = true;
		c->due_ms = now_ms() + BYTE_EVERY_MS;
	} else if (errno != EAGAIN && errno != ENOTCONN) {
		drop(c);
	}
}

/* One turn over all of them; how many are open. */
static int
turn(int n)
{
	int i, open = 0, left = OPENED_A_TURN;
	int64_t now = now_ms();

	for (i = 0; i < n; i++) {
		if (clients[i].fd < 0 && left-- > 0)
			open_client(&clients[i]);
		if (clients[i].fd >= 0 && now >= clients[i].due_ms)
			send_byte(&clients[i]);
		if (clients[i].fd >= 0 && is_closed(&clients[i]))
			drop(&clients[i]);
		open += clients[i].fd >= 0 && clients[i].begun;
	}
	return open;
}

static void
raise_limit(rlim_t n)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = n < r.rlim_max ? n : r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int
main(int argc, char **argv)
{
	struct timespec pause = { .tv_nsec = TURN_MS * 1000000 };
	int64_t end, said = 0;
	int i, n, open;

	n = argc == 5 ? (int)strtol(argv[3], NULL, 10) : 0;
	from.sin_family = to.sin_family = AF_INET;
	if (n < 1 || n > CLIENTS_MAX ||
	    inet_pton(AF_INET, argv[1], &from.sin_addr) != 1) {
		fprintf(stderr, "usage: slow SOURCE PORT CLIENTS SECONDS\n");
		return 64;
	}
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
	raise_limit((rlim_t)n + SPARE_DESCRIPTORS);
	for (i = 0; i < n; i++)
		clients[i].fd = -1;
	for (end = now_ms() + strtol(argv[4], NULL, 10) * 1000; now_ms() < end;) {
		open = turn(n);
		if (now_ms() - said >= 1000) {
			said = now_ms();
			printf("%d %ld\n", open, opened);
			fflush(stdout);
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}
