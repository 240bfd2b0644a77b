/*
 * pg_refusal.h - what an SQLSTATE means.                          layer: io
 *
 * Source: PostgreSQL manual, appendix A. Private to io/pg*.c.
 */
#ifndef IO_PG_REFUSAL_H
#define IO_PG_REFUSAL_H

#include "base/err.h"
#include "base/str.h"

struct pg_refusal {
	const char *state; /* the beginning of an SQLSTATE */
	enum err_kind kind;
	enum msg tell; /* for the client; MSG_NONE: the usual text */
	bool again;    /* rolled back for a reason that may be gone */
	bool leave;    /* the connection is of no more use */
};

const struct pg_refusal *pg_refusal_of(struct str state);

/* The SQLSTATE in a verbose message of libpq ("FATAL:  28P01: ..."); empty: there is none. */
struct str pg_state_in(struct str text);

#endif
