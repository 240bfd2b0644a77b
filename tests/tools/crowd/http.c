#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/tools/crowd/http.h"
#include "base/banned.h"

#define OUT_BYTES 4096
#define IN_BYTES 16384
#define EVENTS 256

struct lane {
	int fd;		 /* -1: closed */
	bool busy, used; /* used: an answer has come over this connection already */
	char out[OUT_BYTES], in[IN_BYTES];
	size_t out_n, out_at, in_n;
	int64_t sent_us;
	struct request rq;
	struct lane *next_free;
};

static struct lane *lanes, *free_lanes;
static int lane_count, poller = -1;
static struct sockaddr_in address;
static char head[512];
static http_answered *answered;
static int64_t swept_us;

void
http_open(const char *base_url, int connections, const char *keys, http_answered *f)
{
	char ip[64];
	int port = 0, i;

	if (sscanf(base_url, "http://%63[0-9.]:%d", ip, &port) != 2 ||
	    inet_pton(AF_INET, ip, &address.sin_addr) != 1) {
		fprintf(stderr, "crowd: %s is not http://ADDRESS:PORT\n", base_url);
		exit(64);
	}
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)port);
	snprintf(head, sizeof(head),
	    "Host: %s:%d\r\nX-Api-Key: %.*s\r\nContent-Type: application/json\r\n", ip,
	    port, (int)strcspn(keys, ","), keys);
	answered = f;
	lane_count = connections;
	lanes = calloc((size_t)connections, sizeof(*lanes));
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (lanes == NULL || poller < 0) {
		perror("crowd");
		exit(1);
	}
	for (i = 0; i < connections; i++) {
		lanes[i].fd = -1;
		lanes[i].next_free = free_lanes;
		free_lanes = &lanes[i];
	}
}

bool
http_has_room(void)
{
	return free_lanes != NULL;
}

static void
disconnect(struct lane *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->used = false;
}

static void
finish(struct lane *l, int status, bool retry_after, const char *body)
{
	struct request rq = l->rq;

	l->busy = false;
	if (status == 0)
		disconnect(l);
	l->next_free = free_lanes;
	free_lanes = l;
	answered(&rq, status, retry_after, body);
}

static bool
connect_lane(struct lane *l)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = l };
	int on = 1;

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return false;
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(l->fd, (struct sockaddr *)&address, sizeof(address)) != 0 &&
	    errno != EINPROGRESS)
		return false;
	return epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &e) == 0;
}

/* The connection is no more. A kept one may have been closed before it saw the request. */
static void
lost(struct lane *l)
{
	bool again = l->busy && l->used && l->in_n == 0;

	disconnect(l);
	if (!l->busy)
		return;
	l->out_at = 0;
	if (!again || !connect_lane(l))
		finish(l, 0, false, NULL);
}

static void
write_lane(struct lane *l)
{
	while (l->busy && l->out_at < l->out_n) {
		ssize_t n =
		    send(l->fd, l->out + l->out_at, l->out_n - l->out_at, MSG_NOSIGNAL);

		if (n > 0) {
			l->out_at += (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != ENOTCONN && errno != EINTR)
			lost(l);
		return;
	}
}

void
http_send(const struct request *rq, const char *path, const char *body)
{
	struct lane *l = free_lanes;

	free_lanes = l->next_free;
	l->rq = *rq;
	l->rq.sent_ms = clock_now_ms();
	l->busy = true;
	l->in_n = l->out_at = 0;
	l->sent_us = clock_mono_us();
	l->out_n = (size_t)snprintf(l->out, sizeof(l->out),
	    "POST %s HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n%s", path, head,
	    strlen(body), body);
	if (l->fd < 0 && !connect_lane(l)) {
		finish(l, 0, false, NULL);
		return;
	}
	write_lane(l);
}

/* An answer that is whole: true, and what is in it. */
static bool
whole(struct lane *l, int *ret_status, bool *ret_retry, bool *ret_close, char **ret_body)
{
	char *end, *length;
	size_t n;

	l->in[l->in_n] = '\0';
	end = strstr(l->in, "\r\n\r\n");
	if (end == NULL)
		return false;
	length = strcasestr(l->in, "\r\nContent-Length:");
	n = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
	*ret_body = end + 4;
	if (l->in_n < (size_t)(*ret_body - l->in) + n)
		return false;
	end[2] = '\0';
	*ret_status = (int)strtol(l->in + 9, NULL, 10);
	*ret_retry = strcasestr(l->in, "\r\nRetry-After:") != NULL;
	*ret_close = strcasestr(l->in, "\r\nConnection: close") != NULL;
	return true;
}

static void
read_lane(struct lane *l)
{
	int status;
	bool retry_after, closes;
	char *body;

	while (l->fd >= 0) {
		ssize_t n = recv(l->fd, l->in + l->in_n, IN_BYTES - 1 - l->in_n, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			lost(l);
			return;
		}
		l->in_n += (size_t)n;
		if (!l->busy || l->in_n == IN_BYTES - 1) {
			l->used = false;
			lost(l); /* nobody asked, or more than any answer of ours */
			return;
		}
		if (!whole(l, &status, &retry_after, &closes, &body))
			continue;
		l->used = true;
		if (closes)
			disconnect(l);
		finish(l, status, retry_after, body);
		return;
	}
}

/* Who waits too long has no answer. */
static void
sweep(void)
{
	int64_t now = clock_mono_us();
	int i;

	if (now - swept_us < 100000)
		return;
	swept_us = now;
	for (i = 0; i < lane_count; i++)
		if (lanes[i].busy && now - lanes[i].sent_us > HTTP_TIMEOUT_US)
			finish(&lanes[i], 0, false, NULL);
}

void
http_turn(int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(poller, events, EVENTS, timeout_ms), i;

	for (i = 0; i < n; i++) {
		struct lane *l = events[i].data.ptr;

		if (l->fd >= 0 && (events[i].events & EPOLLOUT))
			write_lane(l);
		if (l->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
			read_lane(l);
	}
	sweep();
}

void
http_close(void)
{
	int i;

	for (i = 0; i < lane_count; i++)
		disconnect(&lanes[i]);
	free(lanes);
	close(poller);
}
