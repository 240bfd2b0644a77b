/*
 * err.h - the one error type.                                     layer: base
 *
 * Every function that can fail returns bool and takes `struct err *err` last.
 * The value is of fixed size and lives on the caller's stack, so reporting an
 * error can neither allocate nor fail. It is untouched on success.
 *
 *   kind    what sort of failure; web/response.c turns it into code and HTTP
 *           status, base/exit_code.c into an exit code, nobody else looks it up
 *   source  which engine failed, for ERR_UPSTREAM and ERR_UNCERTAIN
 *   cause   for the log: what failed first. Never overwritten
 *   trail   " (while ...)" added by callers, innermost first
 *   request_id  that AWS gave the failed call, for its support; "" when it gave none.
 *           Letters, digits and '-' only
 *   operation, reason  which call of AWS failed, and why in one word of ours, both of static
 *           storage. NULL when no call of AWS failed; reason is then that of the text for the
 *           client, unless err_retell kept one
 *   tell    for the client: a text of the catalogue (base/messages.h);
 *           MSG_NONE = the usual text of the kind
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/messages.h"

enum err_kind {
	ERR_NONE = 0,
	ERR_INPUT,     /* the request is wrong: 400 */
	ERR_AUTH,      /* no or wrong credential: 401 */
	ERR_FORBIDDEN, /* the credential may not do this: 403 */
	ERR_NOT_FOUND,
	ERR_METHOD, /* known path, wrong method: 405 */
	ERR_CONFLICT,
	ERR_TOO_BIG,
	ERR_RATE,   /* rate limit */
	ERR_FULL,   /* no seat */
	ERR_STAGES, /* MAX_STAGES exist */
	ERR_TOKEN,  /* a token could not be made, by a fault of ours */
	ERR_AWS_AWAY, /* AWS cannot make a token now: it does not answer, or lost the stage */
	ERR_UPGRADE,	/* the path is for another protocol: 426 */
	ERR_KEY_REUSED, /* an idempotency key came again with another request: 422 */
	ERR_THROTTLED,	/* AWS, or our own limiter, says: not so fast; nothing was done */
	ERR_QUOTA,	/* a quota of the AWS account is used up */
	ERR_DENIED, /* AWS refuses our keys or what they may do: the operator must act */
	ERR_UNVERIFIED, /* AWS is checking the account */
	ERR_LOCK_LOST,	/* somebody else holds the lock by now; nothing was done */
	ERR_UPSTREAM,	/* Redis, PostgreSQL or AWS is away; nothing was done */
	ERR_UNCERTAIN,	/* as above, but the write may have happened */
	ERR_SCHEMA, /* the database has not the schema of this program; nothing was done */
	ERR_CONFIG, /* the operator must change a setting */
	ERR_BUG,    /* our own fault */
	ERR_KIND_COUNT
};

enum err_source { ERR_FROM_NONE = 0, ERR_FROM_REDIS, ERR_FROM_POSTGRES, ERR_FROM_AWS };

struct err {
	enum err_kind kind;
	enum err_source source;
	enum msg tell;
	const char *operation, *reason;
	char request_id[64];
	char cause[240];
	char trail[160];
};

#define ERR_INIT ((struct err){ .kind = ERR_NONE })

/*
 * Set the error unless one is set already (the first cause wins). Both return
 * false, so that `return err_set(...)` reads as the failure it is.
 */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool err_from(struct err *err, enum err_source source, enum err_kind kind,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* As err_set, with the text the client shall read. */
bool err_tell(struct err *err, enum err_kind kind, enum msg tell, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* As err_tell, of an engine. */
bool err_tell_from(struct err *err, enum err_source source, enum err_kind kind,
    enum msg tell, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Add what we were doing. Returns false. */
bool err_while(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

/* What the client reads of the cause: tell, or what is said of its engine; MSG_NONE: the usual text
 * of the kind. */
enum msg err_message(const struct err *err);

/* Replace that text. The word for machines that stood beside the old one stays, as `reason`. */
void err_retell(struct err *err, enum msg tell);

/* "redis", "postgres", "aws" or "". */
const char *err_source_name(enum err_source source);

/* A broken invariant: say it on stderr and abort; the supervisor restarts us. */
_Noreturn void bug_at(const char *file, int line, const char *what);
#define BUG(what) bug_at(__FILE__, __LINE__, (what))
#define INVARIANT(cond) ((cond) ? (void)0 : BUG("invariant broken: " #cond))

#endif
