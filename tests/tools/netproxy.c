/*
 * netproxy - a bad network between programs and a store, on Unix sockets.
 *
 *   netproxy LISTEN TARGET < commands
 *
 * Commands, one a line, each answered by "ok":
 *
 *   delay MS JITTER LOSS   each piece of data comes MS +- JITTER later, in order; LOSS percent of the
 *                          pieces come RESEND_MS later still, and what is behind them waits: what a
 *                          program sees of a network that loses packets
 *   target PATH            new connections go there; the present ones are cut
 *   cut                    all connections are
 *
 * Ends at the end of its input.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/banned.h"

#define PIECE_BYTES 16384
#define PAIRS_MAX 512
/* What TCP waits at least before it sends again (Linux, TCP_RTO_MIN). */
#define RESEND_MS 200

struct piece {
	struct piece *next;
	int64_t due_us;
	size_t n, at;
	char data[];
};
/* One direction: what was read at one end, for the other. */
struct pipe_way {
	struct piece *first, *last;
	bool
	    ended; /* the reader's end is closed: close the other one when all is through */
};
struct pair {
	bool used;
	int fd[2];		/* who came, and the target */
	struct pipe_way way[2]; /* from fd[0] to fd[1], and back */
};

static struct pair pairs[PAIRS_MAX];
static char target[108];
static double delay_ms, jitter_ms, loss_percent;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_un
address_of(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

static int
listen_at(const char *path)
{
	struct sockaddr_un a = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(fd, 512) != 0)
		die(path);
	return fd;
}

static int
connect_target(void)
{
	struct sockaddr_un a = address_of(target);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
end_pair(struct pair *p)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct piece *piece, *next;

		close(p->fd[i]);
		for (piece = p->way[i].first; piece != NULL; piece = next) {
			next = piece->next;
			free(piece);
		}
	}
	*p = (struct pair){ 0 };
}

static void
end_all(void)
{
	int i;

	for (i = 0; i < PAIRS_MAX; i++)
		if (pairs[i].used)
			end_pair(&pairs[i]);
}

static void
take_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), i, other;

	if (fd < 0)
		return;
	other = connect_target();
	for (i = 0; i < PAIRS_MAX && pairs[i].used; i++)
		;
	if (other < 0 || i == PAIRS_MAX) {
		close(fd);
		if (other >= 0)
			close(other);
		return;
	}
	pairs[i] = (struct pair){ .used = true, .fd = { fd, other } };
}

static int64_t
due_of_next(const struct pipe_way *w)
{
	double ms = delay_ms + jitter_ms * (2 * drand48() - 1);
	int64_t due_us;

	if (drand48() * 100 < loss_percent)
		ms += RESEND_MS;
	due_us = clock_mono_us() + (int64_t)(ms * 1000);
	return w->last != NULL && w->last->due_us > due_us ? w->last->due_us : due_us;
}

/* False: nothing more comes from there now. */
static bool
read_piece(struct pipe_way *w, int fd)
{
	static char data[PIECE_BYTES];
	struct piece *piece;
	ssize_t n = recv(fd, data, sizeof(data), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		w->ended = true;
		return false;
	}
	piece = malloc(sizeof(*piece) + (size_t)n);
	if (piece == NULL)
		die("netproxy");
	*piece = (struct piece){ .due_us = due_of_next(w), .n = (size_t)n };
	memcpy(piece->data, data, (size_t)n);
	if (w->last != NULL)
		w->last->next = piece;
	else
		w->first = piece;
	w->last = piece;
	return true;
}

/* What is due goes on. False: the other end takes nothing any more. */
static bool
write_pieces(struct pipe_way *w, int fd, int64_t now_us)
{
	while (w->first != NULL && w->first->due_us <= now_us) {
		struct piece *piece = w->first;
		ssize_t n =
		    send(fd, piece->data + piece->at, piece->n - piece->at, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		piece->at += (size_t)n;
		if (piece->at < piece->n)
			continue;
		w->first = piece->next;
		if (w->first == NULL)
			w->last = NULL;
		free(piece);
	}
	return w->first != NULL || !w->ended;
}

static void
turn_pair(struct pair *p, int64_t now_us)
{
	int i;

	for (i = 0; i < 2; i++)
		while (!p->way[i].ended && read_piece(&p->way[i], p->fd[i]))
			;
	for (i = 0; i < 2; i++)
		if (!write_pieces(&p->way[i], p->fd[1 - i], now_us)) {
			end_pair(p);
			return;
		}
}

static void
command(const char *line)
{
	char path[108];

	if (sscanf(line, "delay %lf %lf %lf", &delay_ms, &jitter_ms, &loss_percent) ==
	    3) {
		/* from now on */
	} else if (sscanf(line, "target %107s", path) == 1) {
		snprintf(target, sizeof(target), "%s", path);
		end_all();
	} else if (strcmp(line, "cut") == 0) {
		end_all();
	} else {
		fprintf(stderr, "netproxy: %s?\n", line);
		exit(64);
	}
	puts("ok");
	fflush(stdout);
}

/* False: the input is at its end. */
static bool
read_commands(void)
{
	static char text[1024];
	static size_t n;
	ssize_t more = read(STDIN_FILENO, text + n, sizeof(text) - 1 - n);
	char *end;

	if (more <= 0)
		return more < 0 && errno == EAGAIN;
	n += (size_t)more;
	while ((end = memchr(text, '\n', n)) != NULL) {
		*end = '\0';
		command(text);
		n -= (size_t)(end + 1 - text);
		memmove(text, end + 1, n);
	}
	return true;
}

/* Waits for data or for a millisecond: pieces fall due. */
static void
rest(int listener)
{
	static struct pollfd fds[2 + 2 * PAIRS_MAX];
	bool pieces = false;
	nfds_t n = 0;
	int i, j;

	fds[n++] = (struct pollfd){ .fd = listener, .events = POLLIN };
	fds[n++] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	for (i = 0; i < PAIRS_MAX; i++)
		for (j = 0; pairs[i].used && j < 2; j++) {
			pieces = pieces || pairs[i].way[j].first != NULL;
			if (!pairs[i].way[j].ended)
				fds[n++] = (struct pollfd){ .fd = pairs[i].fd[j],
					.events = POLLIN };
		}
	poll(fds, n, pieces ? 1 : 50);
}

int
main(int argc, char **argv)
{
	int listener, i;

	if (argc != 3) {
		fputs("usage: netproxy LISTEN TARGET < commands\n", stderr);
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	srand48(7);
	snprintf(target, sizeof(target), "%s", argv[2]);
	listener = listen_at(argv[1]);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	while (read_commands()) {
		int64_t now_us = clock_mono_us();

		take_one(listener);
		for (i = 0; i < PAIRS_MAX; i++)
			if (pairs[i].used)
				turn_pair(&pairs[i], now_us);
		rest(listener);
	}
	end_all();
	unlink(argv[1]);
	return 0;
}
