/*
 * hold - many clients that keep their connections open, as viewers' pages do.
 *
 *   hold PORT CLIENTS PATH
 *
 * Connects CLIENTS times to 127.0.0.1:PORT, one after the other, and gets PATH on each connection.
 * While all of them are open, gets PATH on each once more. Prints "HELD AGAIN": how many
 * connections answered the first request, and how many of those the second one. The first
 * connection without an answer ends a round. Ends with 0 when both numbers are CLIENTS.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CLIENTS_MAX 60000
#define ANSWER_WAIT_S 5
#define SPARE_DESCRIPTORS 16u

static void
die(const char *what)
{
	fprintf(stderr, "hold: %s\n", what);
	exit(1);
}

/* -1: not connected. */
static int
connected(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval wait = { .tv_sec = ANSWER_WAIT_S };
	/* A reset at the end: no port is left waiting. */
	struct linger at_once = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The answer's status, or 0 when there is none; the whole answer is read (it has a length). */
static int
get(int fd, const char *path)
{
	char request[512], answer[4096], *head_end = NULL;
	const char *length;
	size_t n = 0;
	ssize_t got;
	int size = snprintf(
	    request, sizeof(request), "GET %s HTTP/1.1\r\nHost: hold\r\n\r\n", path);

	if (send(fd, request, (size_t)size, MSG_NOSIGNAL) != size)
		return 0;
	while (n < sizeof(answer) - 1) {
		got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0);
		if (got <= 0)
			return 0;
		n += (size_t)got;
		answer[n] = '\0';
		head_end = strstr(answer, "\r\n\r\n");
		length = strstr(answer, "Content-Length: ");
		if (head_end != NULL && length != NULL &&
		    n >= (size_t)(head_end + 4 - answer) + strtoul(length + 16, NULL, 10))
			return atoi(answer + 9);
	}
	return 0;
}

static void
raise_limit(long clients)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		die("no limit of descriptors");
	limit.rlim_cur = (rlim_t)clients + SPARE_DESCRIPTORS;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		die("the hard limit of descriptors is too low");
}

int
main(int argc, char **argv)
{
	static int fds[CLIENTS_MAX];
	long clients, held, again;
	uint16_t port;

	if (argc != 4)
		die("wants PORT CLIENTS PATH");
	port = (uint16_t)atoi(argv[1]);
	clients = atol(argv[2]);
	if (clients < 1 || clients > CLIENTS_MAX)
		die("CLIENTS must be 1 to 60000");
	raise_limit(clients);
	for (held = 0; held < clients; held++) {
		fds[held] = connected(port);
		if (fds[held] < 0 || get(fds[held], argv[3]) != 200)
			break;
	}
	for (again = 0; again < held; again++)
		if (get(fds[again], argv[3]) != 200)
			break;
	printf("%ld %ld\n", held, again);
	return held == clients && again == clients ? 0 : 1;
}
