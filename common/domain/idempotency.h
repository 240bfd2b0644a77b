/*
 * idempotency.h - one order, however often it is sent.            layer: domain
 *
 * A client that got no answer sends its request again with the same Idempotency-Key.
 * What is kept of the first one, in Redis for IDEM_KEEP_MS:
 *
 *   idem:<sha256 hex of route and key>   JSON {body, state, run, order, unsure, result, at}
 *
 *   body    sha256 hex of the canonical body: another one with this key is refused
 *   state   running | open | done
 *   run     the attempt that is running or ran last
 *   order   the id of what is ordered, the same for every attempt; that is how the
 *           work (stage_make) finds what an attempt that died has made. It is derived from
 *           show, key and body, so that it is the same also when Redis has lost all of this
 *   unsure  an attempt ended without anybody knowing what it did
 *   result  JSON text of the answer's data, when done
 *   at      when the last attempt began, ms
 *
 * A running attempt that says nothing for IDEM_LEASE_MS is dead, and the next one may run.
 */
#ifndef DOMAIN_IDEMPOTENCY_H
#define DOMAIN_IDEMPOTENCY_H

#include "base/crypto.h"
#include "io/redis.h"

#define IDEM_LEASE_MS 30000   /* longer than any attempt of ours may take */
#define IDEM_KEEP_MS 86400000 /* a day */

struct idem {
	struct str id;	    /* empty: the client sent no key, nothing is kept */
	struct str body;    /* digest */
	struct str attempt; /* UUID of this call */
	struct str order;   /* what to order under: the same for each attempt */
};

/* show: a word that no other show has. key.n == 0: none, and the order is a fresh one. Copies into
 * the arena. */
void idem_init(struct idem *i, struct arena *a, struct str show, struct str route,
    struct str key, struct str canonical_body);

/* The call that begins an attempt. Only with a key. */
void idem_begin_ask(struct redis_call *c, const struct idem *i);
/*
 * *ret_result: p == NULL: do it, under i->order, then idem_done or idem_fail. Else it was
 * done and this is what was answered. ERR_CONFLICT with MSG_IN_PROGRESS: an attempt is
 * running. ERR_KEY_REUSED: the key belongs to another body.
 */
bool idem_begin_answer(
    const struct reply *reply, struct idem *i, struct str *ret_result, struct err *err);

/* It is done; keep what is answered. Without a key nothing happens. */
bool idem_done(struct redis *r, struct arena *a, const struct idem *i, struct str result,
    struct err *err);
/*
 * It failed. Surely nothing was done, now and before: the key is free again. Else the order
 * stays, and the next attempt may run at once. why: the error of the attempt.
 */
bool idem_fail(struct redis *r, struct arena *a, const struct idem *i,
    const struct err *why, struct err *err);

#endif
