/*
 * conns.h - the connections of web servers.                       layer: web
 *
 * Nobody is waited for: a connection is read when there is something to read, and counts only
 * when its request is complete (web/fcgi.h). Who says nothing, says half, or sends his body drop
 * by drop costs a descriptor and the bytes he sent, and no time of others. So does who does not
 * take his answer.
 *
 *   read    complete within CONNS_MS of the accept, or it is closed; what came in time while this
 *           process was away counts
 *   write   taken within CONNS_MS, or it is closed
 *   parked  CONNS_PARKED_MAX in one process: its request is complete and cannot be answered yet
 *   number  CONNS_MAX in one process; for a further one the oldest that is half read goes, else
 *           the oldest that is half answered. The same when the system has no descriptor for
 *           one, if that has been so for a second; else accepting rests
 */
#ifndef WEB_CONNS_H
#define WEB_CONNS_H

#include <signal.h>

#include "base/err.h"
#include "web/fcgi.h"

#define CONNS_MS 10000
#define CONNS_MAX 256
#define CONNS_PARKED_MAX 128
/* So often the first of those parked is tried. */
#define CONNS_TRY_MS 150

struct conns;
struct conn;

/*
 * The socket becomes non-blocking; several processes may share it. Bodies over body_max bytes
 * are cut to body_max + 1.
 */
struct conns *conns_open(int listen_fd, size_t body_max, struct err *err);
/* Closes what is left. NULL is fine. */
void conns_close(struct conns *cs);

/*
 * Sleep until something happens, for at most timeout_ms (-1: for good), with the signals of
 * *asleep blocked. False: nothing did. May return without a complete request.
 */
bool conns_wait(struct conns *cs, int timeout_ms, const sigset_t *asleep);

/*
 * The next complete request, or NULL when no more is there. What is not asked for stays for the
 * next conns_wait, here or in another process. To be answered before that.
 */
struct conn *conns_next(struct conns *cs);

char **conn_params(const struct conn *c); /* until it is answered */
/* The next bytes of the body: a req_read (web/request.h) on a struct conn. */
size_t conn_read(void *conn, char *p, size_t n);

/*
 * A request that cannot be answered yet waits, until limit_ms after since_us (of clock_mono_us, the same
 * each time); conns_next gives it out again, to be read from the start. The one that waits longest
 * is tried each CONNS_TRY_MS, and after it was answered the next one at once; each when its time is
 * over; all after conns_stop. Each takes turns with a request that is not parked, if there is one. One whose peer hangs up is dropped. False: its time is over, or too many
 * wait: to be answered now.
 */
bool conns_park(struct conns *cs, struct conn *c, int64_t since_us, int64_t limit_ms);
/* The since_us of one that was parked; 0: it was not. */
int64_t conn_parked_us(const struct conn *c);

/* Copies the answer; closes when it has gone out. c is not to be used any more. */
void conns_answer(struct conns *cs, struct conn *c, struct str answer);

/* Stop accepting. empty: connections that wait at the socket now are still accepted. */
void conns_stop(struct conns *cs, bool empty);
/* Is a connection still to be accepted, a request half read, or an answer half written? */
bool conns_busy(const struct conns *cs);

#endif
