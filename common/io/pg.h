/*
 * pg.h - one connection to PostgreSQL, statements by name.        layer: io
 *
 * A statement is a file sql/queries/NAME.sql; code can only name Q_NAME, so no SQL text
 * is ever built. Parameters are text, NULL explicit. No statement is named and nothing is told
 * to the session, so PgBouncer in transaction mode is fine.
 *
 * The connection is opened on first need. Every step has a deadline of our own; when it
 * passes the connection is dropped; a statement still running in the server is ended there
 * by statement_timeout (30 s: ask for no timeout_ms above that, but for a VACUUM, which has no such
 * limit and goes on in the server). A connection found
 * dead before anything was sent is opened again once. After a failed connect,
 * or an answer that did not come in time, every call fails at once for PG_FUSE_MS.
 *
 * Before anything else, each new connection is asked whether the database is that of this program
 * (io/pg_schema.h): nothing is ever written to another one.
 */
#ifndef IO_PG_H
#define IO_PG_H

#include "base/config.h"
#include "gen/queries.h"

#define PG_PARAMS_MAX 16
#define PG_FUSE_MS 1000
#define PG_CONNECT_MS 2000

struct pg;

/* Does not connect yet. Never fails. */
struct pg *pg_open(const struct config *cfg);
void pg_close(struct pg *p);

/* A result: rows x columns of text, copied into the arena. NULL has p == NULL. */
struct pg_rows {
	size_t rows, cols;
	struct str *cell; /* [row * cols + col] */
	int64_t affected; /* rows inserted, updated or deleted */
};
struct str pg_cell(const struct pg_rows *r, size_t row, size_t col);
/* if_none: it is NULL, no integer, or not there. */
int64_t pg_int(const struct pg_rows *r, size_t row, size_t col, int64_t if_none);

/*
 * Run one statement in its own transaction. params: p == NULL is SQL NULL.
 * ERR_UPSTREAM: away, nothing happened. ERR_UNCERTAIN: sent, answer not seen.
 * ERR_CONFLICT: SQLSTATE 23505. ERR_INPUT: the data cannot be stored (class 22,
 * other 23). ERR_SCHEMA: the database is older, newer, or another program's; nothing happened.
 * What the server refuses otherwise: io/pg_refusal.c. 40001 and 40P01 are
 * tried once more.
 */
bool pg_run(struct pg *p, struct arena *a, enum query q, const struct str *params,
    size_t n_params, int64_t timeout_ms, struct pg_rows *ret, struct err *err);

/*
 * Connect, if that is to be done yet. For those who change something elsewhere first: ERR_SCHEMA
 * means that this is not the database of this program, any other error that nobody knows. A
 * failure leaves the fuse as it was.
 */
bool pg_connect(struct pg *p, int64_t timeout_ms, struct err *err);

/*
 * Can the programs do what they have to, which is to write? Within timeout_ms, whatever the fuse
 * says, and nothing is written. ERR_UPSTREAM: away, read-only, a standby, or without a right on a
 * table, by err->tell. A disk that is full does not show here: draining finds that out.
 */
bool pg_probe(struct pg *p, int64_t timeout_ms, struct err *err);

#endif
