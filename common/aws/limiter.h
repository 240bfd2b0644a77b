/*
 * limiter.h - the call quotas of the account, shared by all processes.
 *                                                                 layer: aws
 * Before each try a slot of the operation's own rate is reserved, by one script in Redis
 * (lua/aws_slot.lua) for all processes and machines of the show; who comes first goes
 * first. Redis away, or none: this process keeps the same pace by itself. AWS counts over
 * the whole account, so shows that share one divide it by AWS_QUOTA_SHARE.
 *
 * The pace: one call each `interval`, `burst` of them at once after a rest. Nine tenths
 * of the quota are spent so, and in no second more calls than the quota are let go.
 */
#ifndef AWS_LIMITER_H
#define AWS_LIMITER_H

#include "base/config.h"
#include "io/redis.h"

struct limiter;

/* Keeps both pointers; redis may be NULL. NULL: no memory. */
struct limiter *limiter_open(const struct config *cfg, struct redis *redis);
void limiter_close(struct limiter *l);

/* What travels with a slot: AWS' clock, for all processes (lua/lib/aws_clock.lua). */
struct limiter_clock {
	/* in: AWS' Unix time now by an answer read since the last call, 0: none; and how far
	 * AWS' clock is ahead of this machine's */
	int64_t aws_ms, ahead_ms;
	/* out: taken, by Redis; "NOW OFFSET" of Redis' clock, "" for none; WRONG, RIGHT or "" */
	bool told;
	struct str known, said;
};

/*
 * Reserve a slot at most most_wait_ms ahead; the caller waits *ret_wait_ms, then sends.
 * Operations without a quota of their own never wait. ERR_THROTTLED (from AWS): the
 * next free slot is later than that; nothing is reserved.
 */
bool limiter_take(struct limiter *l, struct arena *a, const char *operation,
    int64_t most_wait_ms, struct limiter_clock *clock, int64_t *ret_wait_ms,
    struct err *err);

/* No slot, the clock alone: of a process that ends. Without Redis nothing happens. */
void limiter_share(struct limiter *l, struct arena *a, struct limiter_clock *clock);

/* ---- the arithmetic, apart for tests ---- */

struct limiter_pace {
	int64_t interval_us, burst;
};

/* Of a quota in calls a second, of which share_percent are ours. */
struct limiter_pace limiter_pace(int64_t quota_per_s, int64_t share_percent);

/*
 * *next_us is when the slot after the last reserved one begins; 0 before the first. False:
 * the wait, *ret_wait_ms in either case, would be longer than most_wait_ms.
 */
bool limiter_reserve(struct limiter_pace pace, int64_t *next_us, int64_t now_us,
    int64_t most_wait_ms, int64_t *ret_wait_ms);

#endif
