/*
 * redis_private.h - one connection, as redis.c and redis_greet.c see it.  layer: io
 */
#ifndef IO_REDIS_PRIVATE_H
#define IO_REDIS_PRIVATE_H

#include "io/redis_conn.h"
#include "io/redis_reply.h"

#define REDIS_RUN_ID_CHARS 40

struct redis {
	const struct config *cfg;
	struct redis_conn *conn;
	struct redis_tls *tls; /* one for all connections */
	redisReader *reader;
	int64_t fuse_until_ms; /* after a deadline that passed: fail at once until then */
	char fuse_cause[128];  /* what was not answered */
	char *out;
	size_t out_n, out_size;
	struct arena scratch; /* replies nobody reads, and formatted numbers */
	char timeout_ms[24], capacity[24]; /* the same in every call */
	bool cold, compared, pinned;	   /* redis.h */
	enum redis_finding finding;
	char now_ms[24]; /* "": Redis asks its own clock */
	/* redis_greet.c */
	char run_id[REDIS_RUN_ID_CHARS +
		    1];		 /* of this connection's server; "": not known */
	int64_t mark_ms;	 /* the newest mark there was on any of our connections */
	bool believed;		 /* its state counts: redis_is_believed() */
	bool waits_for_postgres; /* redis.h */
};

/* ---- redis.c ---- */

bool redis_ensure_connected(struct redis *r, int64_t deadline, struct err *err);
void redis_disconnect(struct redis *r);
void redis_out_reset(struct redis *r);
/* False: no memory for the command. */
bool redis_out_add(struct redis *r, const struct str *words, size_t n);
struct str redis_number(struct redis *r, int64_t i);
enum conn_result redis_read_reply(
    struct redis *r, struct arena *a, struct reply **ret, int64_t deadline);
/* Gives the connection up and says why; false. */
bool redis_late_or_broken(
    struct redis *r, enum conn_result res, enum err_kind kind, struct err *err);

/* ---- redis_greet.c ---- */

/* The value of "name:" in an answer of INFO; empty: the server does not say. */
struct str redis_info(const struct reply *info, struct str name);
/* What a new connection says first: password, database, and which server this is. */
bool redis_greet(struct redis *r, int64_t deadline, struct err *err);
/*
 * Before calls go out on a connection that is not believed: asks whether it was compared by now.
 * If not, each call that needs the state has its reply (COLD, or what the server said) and
 * redis_is_refused(): it is not to be sent.
 */
enum conn_result redis_refuse(
    struct redis *r, struct redis_call **calls, size_t n, int64_t deadline);
bool redis_is_refused(const struct redis *r, const struct redis_call *c);

#endif
