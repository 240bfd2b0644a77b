/*
 * fake_redis - a Redis that answers every command with the same error.
 *
 *   fake_redis SOCKET ERROR
 *
 * ERROR is the line without the leading '-', for example "MOVED 8000 10.0.0.7:6379". Connections
 * stay open until the client closes them. Prints a line "connected" for each. Ends with SIGTERM.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

#define CLIENTS_MAX 64

/* A command is "*<words>\r\n" and for each word "$<bytes>\r\n<bytes>\r\n". */
struct client {
	int fd;	       /* -1: free */
	char line[32]; /* the present line, as far as it came */
	size_t n_line;
	long words, skip; /* words to come; bytes of the present one with its end */
};

static struct client clients[CLIENTS_MAX];
static const char *answer;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(sa.sun_path))
		die(path);
	memcpy(sa.sun_path, path, strlen(path));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(fd, 16) < 0)
		die(path);
	return fd;
}

static void
take_client(int listen_fd)
{
	int fd = accept(listen_fd, NULL, NULL);
	size_t i;

	for (i = 0; fd >= 0 && i < CLIENTS_MAX; i++)
		if (clients[i].fd < 0) {
			clients[i] = (struct client){ .fd = fd };
			printf("connected\n");
			fflush(stdout);
			return;
		}
	die("accept");
}

/* A line has come whole: "*3" or "$5". */
static void
read_line(struct client *c)
{
	long number;

	c->line[c->n_line] = '\0';
	number = strtol(c->line + 1, NULL, 10);
	if (c->line[0] == '*')
		c->words = number;
	else
		c->skip = number + 2;
	c->n_line = 0;
}

/* One byte; true when it is the last one of a command. */
static bool
read_byte(struct client *c, char byte)
{
	if (c->skip > 0)
		return --c->skip == 0 && --c->words == 0;
	if (byte == '\n')
		read_line(c);
	else if (byte != '\r' && c->n_line + 1 < sizeof(c->line))
		c->line[c->n_line++] = byte;
	return false;
}

static void
serve(struct client *c)
{
	char in[16384];
	ssize_t n = read(c->fd, in, sizeof(in)), i;

	for (i = 0; i < n; i++)
		if (read_byte(c, in[i]) && dprintf(c->fd, "-%s\r\n", answer) < 0)
			n = 0;
	if (n > 0)
		return;
	close(c->fd);
	c->fd = -1;
}

int
main(int argc, char **argv)
{
	struct pollfd p[CLIENTS_MAX + 1];
	size_t i;

	if (argc != 3)
		return 64;
	answer = argv[2];
	for (i = 0; i < CLIENTS_MAX; i++)
		clients[i].fd = -1;
	p[CLIENTS_MAX] = (struct pollfd){ .fd = listen_at(argv[1]), .events = POLLIN };
	for (;;) {
		for (i = 0; i < CLIENTS_MAX; i++)
			p[i] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
		if (poll(p, CLIENTS_MAX + 1, -1) < 0)
			die("poll");
		if (p[CLIENTS_MAX].revents != 0)
			take_client(p[CLIENTS_MAX].fd);
		for (i = 0; i < CLIENTS_MAX; i++)
			if (p[i].fd >= 0 && p[i].revents != 0)
				serve(&clients[i]);
	}
}
