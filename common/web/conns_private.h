/*
 * conns_private.h - what conns.c and conns_park.c share.          layer: web
 */
#ifndef WEB_CONNS_PRIVATE_H
#define WEB_CONNS_PRIVATE_H

#include <sys/epoll.h>
#include <sys/queue.h>

#include "web/conns.h"

#define EVENTS_MAX 64
#define READ_BYTES 65536

TAILQ_HEAD(conn_list, conn);

struct conn {
	TAILQ_ENTRY(conn) link;
	struct conn_list *list;
	int fd;
	bool watched; /* by epoll */
	int64_t deadline_ms;
	struct fcgi_in in;
	size_t body_at;
	int64_t parked_us; /* conn_parked_us */
	struct fcgi_bytes out;
	size_t out_at;
};

struct conns {
	int listen_fd, epoll_fd;
	size_t body_max, n;
	/* In order of their deadlines. */
	struct conn_list reading, ready, writing, parked;
	size_t n_parked;
	int64_t try_ms; /* of clock_mono_ms: when the first of those parked is tried */
	bool stopped;
	bool parked_turn; /* conns_next looks at parked requests first */
	struct epoll_event events[EVENTS_MAX];
	int n_events, next_event;
	bool knocking; /* somebody may be waiting to be accepted */
	bool
	    emptying; /* the listener is not watched any more, but somebody may be waiting */
	int64_t rest_ms; /* until then nobody is accepted; 0: the listener is watched */
	char buffer[READ_BYTES];
};

/* To the end of another list. */
void conn_move(struct conn *c, struct conn_list *to, int64_t deadline_ms);
void conn_drop(struct conns *cs, struct conn *c);
bool conn_watch(struct conns *cs, struct conn *c, uint32_t events);

/* How long until the first of those parked is to be tried, ms; -1: nobody is parked. */
int conns_try_left(const struct conns *cs);
/* It, when that time has come; else NULL. */
struct conn *conns_next_parked(struct conns *cs);
void conns_hung_up(struct conns *cs, struct conn *c);

#endif
