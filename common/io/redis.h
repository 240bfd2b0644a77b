/*
 * redis.h - one connection to Redis, and scripts in a pipeline.   layer: io
 *
 * hiredis formats and parses; the bytes travel over an OpenSSL BIO (Unix socket,
 * TCP or TLS) so that one deadline rules all transports (docs/design.md, D3).
 * Everything we run is safe to repeat, so a connection that broke is
 * opened again once and the batch sent again. A deadline that passed is not tried again:
 * for REDIS_FUSE_MS after it every call fails at once, so that a frozen Redis
 * costs one process one deadline and not one per request.
 *
 * Replies are built in the arena of the call and live as long as it.
 */
#ifndef IO_REDIS_H
#define IO_REDIS_H

#include "base/config.h"
#include "gen/scripts.h"

#define REDIS_ARGS_MAX 40
#define REDIS_FUSE_MS 500

enum reply_type { REPLY_NIL, REPLY_STR, REPLY_INT, REPLY_ARRAY, REPLY_ERROR };

struct reply {
	enum reply_type type;
	struct str s; /* STR and ERROR: the text */
	int64_t i;    /* INT */
	size_t n;     /* ARRAY: elements */
	struct reply **v;
};

/*
 * One script call. redis.c sends the show's key prefix as KEYS[1] and the first seven
 * arguments (lua/lib/head.lua lists them); `args` are the script's own, from ARGV[8].
 * An empty rate_bucket means no rate limit. redis_run fills `reply`. Texts are
 * borrowed until then.
 */
struct redis_call {
	enum script script;
	struct str rate_bucket;
	int64_t rate_limit, rate_window_ms;
	struct str args[REDIS_ARGS_MAX];
	size_t n_args;
	struct arena *arena;
	struct reply *reply;
	bool repeated; /* sent twice, the first answer was lost: it may have run twice */
};

struct redis;

/* Does not connect yet. Keeps a pointer to the settings. Never fails. */
struct redis *redis_open(const struct config *cfg);
void redis_close(struct redis *r);

/* Tests only: from here on scripts take this for the time; 0: Redis' own again. */
void redis_pretend_time(struct redis *r, int64_t now_ms);

/* Connect, unless there is a connection: its server is then known (redis_is_doubted). ERR_UPSTREAM. */
bool redis_connect(struct redis *r, struct err *err);

/*
 * Stay on this connection: when it is lost, calls fail (as one that is lost in the middle) and none is
 * opened in its place, until false. For calls that belong together on one server.
 */
void redis_pin(struct redis *r, bool pinned);

/*
 * Run the calls in one round trip. True: each has its reply, which may be of type
 * REPLY_ERROR for that call alone (redis_reply_ok turns it into an err).
 * ERR_UPSTREAM: not connected, nothing ran. ERR_UNCERTAIN: some may have run.
 */
bool redis_run(struct redis *r, struct redis_call **calls, size_t n, struct err *err);

/* As redis_run with one call, plus redis_reply_ok. */
bool redis_call(struct redis *r, struct redis_call *c, struct err *err);

/*
 * An error reply of the server as an err (io/redis_refusal.h): ERR_BUG when a script of ours
 * failed; everything else is the server's refusal, ERR_UPSTREAM with the text for the client. So
 * is the answer {'COLD'} (lua/lib/epoch.lua): MSG_REDIS_COLD, or MSG_RESTORE_WAITS from PostgreSQL
 * when that is what the loading waits for.
 * When the error says that another server is the primary, redis_run has given up the connection:
 * the next call looks for the primary anew, its name included.
 */
bool redis_reply_ok(const struct reply *r, struct err *err);

/*
 * Whether it answers and takes a write within timeout_ms, whatever the fuse says. *ret_waits: why
 * records wait and are not written to PostgreSQL, a word; empty: they are written.
 */
bool redis_probe(struct redis *r, struct arena *a, int64_t timeout_ms,
    struct str *ret_waits, struct err *err);

/*
 * Run one call within timeout_ms, for who can do without: a failure leaves the fuse as it
 * was. At once false while the fuse is blown. Otherwise as redis_run.
 */
bool redis_try(
    struct redis *r, struct redis_call *c, int64_t timeout_ms, struct err *err);

/*
 * Whether a script has answered COLD and nobody has said since, by redis_warm(), that the state
 * is loaded. domain/restore loads it.
 */
bool redis_is_cold(const struct redis *r);
void redis_warm(struct redis *r);

/*
 * Whether PostgreSQL, which has the state, cannot be read at the moment: from here on a COLD answer
 * is an error of PostgreSQL (MSG_RESTORE_WAITS), which is what must come back.
 */
void redis_set_waits(struct redis *r, bool for_postgres);

/*
 * A Redis that was started may hold an old copy, and so may one that takes another's place. On a
 * connection opened anew nothing counts before that server was compared with PostgreSQL: until
 * then scripts that include lua/lib/epoch.lua are not sent, and answer as a cold one does. The
 * key `compared` holds the run id of the server that was compared, and when, so the programs that
 * come later need no PostgreSQL; a copy or a replica never holds its own. Where a server does not tell its run
 * id each connection is compared.
 *
 * doubted: connected, and not compared. believed: connected, and its state counts.
 */
bool redis_is_believed(const struct redis *r);
bool redis_is_doubted(const struct redis *r);
/* The run id of the server of this connection; empty: not known. */
struct str redis_server(const struct redis *r);
/* The newest time in a mark that was seen, on whatever connection; 0: none. */
int64_t redis_mark_ms(const struct redis *r);

/*
 * Whether this process has compared the server on this connection (domain/compare), which also
 * makes it believed. Gone when the connection is opened anew.
 */
bool redis_is_compared(const struct redis *r);
/* at_ms: the time in the mark, by the clock of PostgreSQL; 0: it is to be compared again. */
void redis_set_compared(struct redis *r, int64_t at_ms);

/*
 * What a comparison has found: the server lacks records which PostgreSQL has; or the other way about.
 * redis_finding() says so once, to the caller that logs it (compare_text of domain/compare).
 */
enum redis_finding { REDIS_FOUND_NOTHING, REDIS_FORGOT, REDIS_KNEW_MORE };
void redis_set_finding(struct redis *r, enum redis_finding finding);
enum redis_finding redis_finding(struct redis *r);

/*
 * Have the append-only file written anew, in the background: it keeps what was deleted until then.
 * REFUSED: the server does not tell whether it has one, or does not let us (a managed one).
 * False: it does not answer.
 */
enum redis_rewrite { REDIS_REWRITE_BEGUN, REDIS_NO_LOG, REDIS_REWRITE_REFUSED };
bool redis_rewrite(
    struct redis *r, struct arena *a, enum redis_rewrite *ret, struct err *err);

/* Building a call. Numbers are written into the call's arena. */
void redis_call_init(struct redis_call *c, struct arena *a, enum script script);
void redis_arg(struct redis_call *c, struct str s);
void redis_arg_int(struct redis_call *c, int64_t i);

/* Reading a reply: the i-th element of an array; absent or of another type is the
 * empty view or 0, so that a reader needs no check per line. */
struct str reply_str(const struct reply *r, size_t i);
/* The script ended because the state is not loaded (lua/lib/epoch.lua). */
bool reply_is_cold(const struct reply *r);
int64_t reply_int(const struct reply *r, size_t i);

#endif
