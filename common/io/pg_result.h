/*
 * pg_result.h - results of libpq into ours.                       layer: io
 *
 * Private to io/pg*.c.
 */
#ifndef IO_PG_RESULT_H
#define IO_PG_RESULT_H

#include <libpq-fe.h>

#include "io/pg.h"
#include "io/pg_refusal.h"

bool pg_result_is_good(const PGresult *res);

/* The rows, copied into the arena. */
void pg_result_rows(struct arena *a, PGresult *res, struct pg_rows *ret);

/* "" when libpq itself speaks: the connection is gone. */
const char *pg_result_state(const PGresult *res);

/* A refused statement as an err, by what its SQLSTATE means. Returns false. */
bool pg_result_error(
    enum query q, const struct pg_refusal *why, const PGresult *res, struct err *err);

#endif
