#include "web/conns_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/banned.h"

/* Of one connection at a time; then the others have their turn. */
#define READS_MAX 4
/* Whom the system has no descriptor or memory for waits so long for the next try. */
#define REST_MS 50
#define STALE_MS 1000 /* without a descriptor: who may be put out */

/* EXCLUSIVE: a new connection wakes one of the processes that share the socket. */
static bool
watch_listener(struct conns *cs)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };

	return epoll_ctl(cs->epoll_fd, EPOLL_CTL_ADD, cs->listen_fd, &ev) == 0;
}

static void
forget_listener(struct conns *cs)
{
	(void)epoll_ctl(cs->epoll_fd, EPOLL_CTL_DEL, cs->listen_fd, NULL);
	cs->knocking = false;
}

struct conns *
conns_open(int listen_fd, size_t body_max, struct err *err)
{
	struct conns *cs = memory_zalloc(1, sizeof(*cs));

	cs->listen_fd = listen_fd;
	cs->body_max = body_max;
	TAILQ_INIT(&cs->reading);
	TAILQ_INIT(&cs->ready);
	TAILQ_INIT(&cs->writing);
	TAILQ_INIT(&cs->parked);
	cs->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (cs->epoll_fd < 0 || !watch_listener(cs) ||
	    fcntl(listen_fd, F_SETFL, fcntl(listen_fd, F_GETFL) | O_NONBLOCK) != 0) {
		err_set(err, ERR_BUG, "cannot listen: %s", strerror(errno));
		conns_close(cs);
		return NULL;
	}
	return cs;
}

/* ---- one connection ---- */

void
conn_move(struct conn *c, struct conn_list *to, int64_t deadline_ms)
{
	if (c->list != NULL)
		TAILQ_REMOVE(c->list, c, link);
	TAILQ_INSERT_TAIL(to, c, link);
	c->list = to;
	c->deadline_ms = deadline_ms;
}

/* close() alone is not enough: while a child that was forked just now holds the descriptor, too, epoll
 * goes on reporting it, with the pointer to a connection that is no more. */
static void
forget_fd(struct conns *cs, struct conn *c)
{
	if (c->watched)
		(void)epoll_ctl(cs->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
}

void
conn_drop(struct conns *cs, struct conn *c)
{
	TAILQ_REMOVE(c->list, c, link);
	forget_fd(cs, c);
	close(c->fd);
	fcgi_in_clear(&c->in);
	fcgi_bytes_clear(&c->out);
	free(c);
	cs->n--;
}

/* Of those half read, else of those half answered; NULL: there is none. */
static struct conn *
oldest(struct conns *cs)
{
	struct conn *c = TAILQ_FIRST(&cs->reading);

	return c != NULL ? c : TAILQ_FIRST(&cs->writing);
}

static bool
drop_oldest(struct conns *cs)
{
	struct conn *c = oldest(cs);

	if (c != NULL)
		conn_drop(cs, c);
	return c != NULL;
}

/* The oldest, if he has kept us waiting for a while: who has just come is about to go on. */
static bool
drop_stale(struct conns *cs)
{
	const struct conn *c = oldest(cs);

	return c != NULL && c->deadline_ms - CONNS_MS + STALE_MS <= clock_mono_ms() &&
	       drop_oldest(cs);
}

bool
conn_watch(struct conns *cs, struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };
	int op = c->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	bool ok = epoll_ctl(cs->epoll_fd, op, c->fd, &ev) == 0;

	c->watched |= ok;
	return ok;
}

static bool
try_again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* False: he is gone. *at moves on as far as he takes it. */
static bool
send_some(int fd, const struct fcgi_bytes *b, size_t *at)
{
	ssize_t n;

	while (*at < b->n) {
		n = send(fd, b->p + *at, b->n - *at, MSG_NOSIGNAL);
		if (n < 0)
			return try_again();
		*at += (size_t)n;
	}
	return true;
}

/* What the protocol itself answers is a few bytes: who does not take them is gone. */
static bool
send_reply(struct conn *c)
{
	size_t at = 0;
	bool ok = send_some(c->fd, &c->in.reply, &at) && at == c->in.reply.n;

	c->in.reply.n = 0;
	return ok;
}

/* Reads what is there. READY: the request is complete. OVER: c is to be dropped. */
static enum fcgi_state
read_some(struct conns *cs, struct conn *c)
{
	enum fcgi_state state = FCGI_MORE;
	ssize_t n;
	int i;

	for (i = 0; i < READS_MAX && state == FCGI_MORE; i++) {
		n = recv(c->fd, cs->buffer, sizeof(cs->buffer), 0);
		if (n < 0 && try_again())
			return FCGI_MORE;
		if (n <= 0)
			return FCGI_OVER;
		state = fcgi_feed(&c->in, cs->buffer, (size_t)n);
		if (!send_reply(c))
			return FCGI_OVER;
		if (n < (ssize_t)sizeof(cs->buffer))
			break;
	}
	return state;
}

/* True: complete. Otherwise it waits, or is no more. */
static bool
look_in(struct conns *cs, struct conn *c)
{
	switch (read_some(cs, c)) {
	case FCGI_READY:
		conn_move(c, &cs->ready, 0);
		return true;
	case FCGI_MORE:
		if (c->watched || conn_watch(cs, c, EPOLLIN))
			return false;
		break;
	case FCGI_OVER:
		break;
	}
	conn_drop(cs, c);
	return false;
}

static void
write_on(struct conns *cs, struct conn *c)
{
	if (!send_some(c->fd, &c->out, &c->out_at) || c->out_at == c->out.n)
		conn_drop(cs, c);
}

/* ---- all of them ---- */

static int
accept_one(struct conns *cs)
{
	return accept4(cs->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Who was not accepted still knocks, and epoll would say so without end. */
static void
rest(struct conns *cs)
{
	forget_listener(cs);
	cs->rest_ms = clock_mono_ms() + REST_MS;
}

/* How long the rest goes on, ms; -1: there is none. */
static int
rest_left(struct conns *cs)
{
	int64_t left = cs->rest_ms - clock_mono_ms();

	if (cs->rest_ms == 0)
		return -1;
	if (left > 0)
		return (int)left;
	if (!watch_listener(cs))
		return REST_MS;
	cs->rest_ms = 0;
	return -1;
}

/* Returns the next one that waits at the door, NULL for none. */
static struct conn *
let_in(struct conns *cs)
{
	struct conn *c;
	int fd = accept_one(cs);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE) && drop_stale(cs))
		fd = accept_one(cs);
	if (fd < 0 && !try_again() && errno != ECONNABORTED)
		rest(cs);
	if (fd < 0)
		return NULL;
	if (cs->n >= CONNS_MAX)
		drop_oldest(cs);
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		close(fd);
		return NULL;
	}
	c->fd = fd;
	fcgi_in_init(&c->in, cs->body_max);
	cs->n++;
	conn_move(c, &cs->reading, clock_mono_ms() + CONNS_MS);
	return c;
}

/* How long until the next one is late, ms; -1: nobody. */
static int
left_of(const struct conn_list *list)
{
	const struct conn *c = TAILQ_FIRST(list);
	int64_t left;

	if (c == NULL)
		return -1;
	left = c->deadline_ms - clock_mono_ms();
	return left > 0 ? (int)left : 0;
}

/* After what they sent in time was read, and not before. */
static void
close_late(struct conns *cs)
{
	while (left_of(&cs->reading) == 0)
		conn_drop(cs, TAILQ_FIRST(&cs->reading));
	while (left_of(&cs->writing) == 0)
		conn_drop(cs, TAILQ_FIRST(&cs->writing));
}

/* Of those that are not parked. */
static struct conn *
next_unparked(struct conns *cs)
{
	struct conn *c;

	while (cs->next_event < cs->n_events) {
		c = cs->events[cs->next_event++].data.ptr;
		if (c == NULL)
			cs->knocking = true;
		else if (c->list == &cs->writing)
			write_on(cs, c);
		else if (c->list == &cs->parked)
			conns_hung_up(cs, c);
		else if (c->list == &cs->reading && look_in(cs, c))
			return c;
	}
	/* Only now: letting one in may put another one out, for whom there was an event. */
	while (cs->knocking) {
		c = let_in(cs);
		if (c == NULL)
			cs->knocking = cs->emptying = false;
		else if (look_in(cs, c))
			return c;
	}
	/* There may be more to read than events were told: it may be we who were away. */
	if (cs->n_events < EVENTS_MAX)
		close_late(cs);
	return NULL;
}

/* Parked requests take turns with the others: neither wait until none of the other kind is left. */
struct conn *
conns_next(struct conns *cs)
{
	struct conn *c = NULL;
	int kinds;

	for (kinds = 0; kinds < 2 && c == NULL; kinds++) {
		c = cs->parked_turn ? conns_next_parked(cs) : next_unparked(cs);
		cs->parked_turn = !cs->parked_turn;
	}
	return c;
}

/* -1 is for ever. */
static int
sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

bool
conns_wait(struct conns *cs, int timeout_ms, const sigset_t *asleep)
{
	timeout_ms = sooner(timeout_ms, left_of(&cs->reading));
	timeout_ms = sooner(timeout_ms, left_of(&cs->writing));
	timeout_ms = sooner(timeout_ms, rest_left(cs));
	timeout_ms = sooner(timeout_ms, conns_try_left(cs));
	if (cs->emptying)
		timeout_ms = 0;
	cs->next_event = 0;
	cs->knocking = cs->emptying;
	cs->n_events =
	    epoll_pwait(cs->epoll_fd, cs->events, EVENTS_MAX, timeout_ms, asleep);
	if (cs->n_events > 0 || cs->emptying || conns_try_left(cs) == 0)
		return true;
	if (cs->n_events == 0)
		close_late(cs);
	return false;
}

char **
conn_params(const struct conn *c)
{
	return c->in.params;
}

size_t
conn_read(void *conn, char *p, size_t n)
{
	struct conn *c = conn;
	size_t left = c->in.body.n - c->body_at;

	if (n > left)
		n = left;
	if (n > 0)
		memcpy(p, c->in.body.p + c->body_at, n);
	c->body_at += n;
	return n;
}

void
conns_answer(struct conns *cs, struct conn *c, struct str answer)
{
	bool ok = fcgi_frame(c->in.request_id, answer, &c->out);

	fcgi_in_clear(&c->in);
	if (!ok || !send_some(c->fd, &c->out, &c->out_at) || c->out_at == c->out.n ||
	    !conn_watch(cs, c, EPOLLOUT)) {
		conn_drop(cs, c);
		return;
	}
	conn_move(c, &cs->writing, clock_mono_ms() + CONNS_MS);
}

void
conns_stop(struct conns *cs, bool empty)
{
	forget_listener(cs);
	cs->rest_ms = 0;
	cs->emptying = empty;
	cs->stopped = true;
}

bool
conns_busy(const struct conns *cs)
{
	return cs->n > 0 || cs->emptying;
}

static void
drop_all(struct conns *cs, struct conn_list *list)
{
	while (!TAILQ_EMPTY(list))
		conn_drop(cs, TAILQ_FIRST(list));
}

void
conns_close(struct conns *cs)
{
	if (cs == NULL)
		return;
	drop_all(cs, &cs->reading);
	drop_all(cs, &cs->ready);
	drop_all(cs, &cs->writing);
	drop_all(cs, &cs->parked);
	if (cs->epoll_fd >= 0)
		close(cs->epoll_fd);
	free(cs);
}
