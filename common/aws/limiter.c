#include "aws/limiter.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/banned.h"

#define SPEND_PERCENT 90 /* of the quota: clocks and networks are not exact */

/* Calls a second for an account in a region; IVS Real-Time guide, "Service quotas". */
static const struct {
	const char *operation;
	int64_t per_s;
} quotas[] = {
	{ "CreateParticipantToken", 50 },
	{ "CreateStage", 5 },
	{ "GetStage", 5 },
	{ "UpdateStage", 5 },
	{ "DeleteStage", 5 },
	{ "ListStages", 5 },
	{ "StartParticipantReplication", 5 },
	{ "StopParticipantReplication", 5 },
	{ "ListParticipantReplicas", 5 },
	{ "ListParticipants", 5 },
	{ "GetParticipant", 5 },
	{ "ListParticipantEvents", 5 },
	{ "ListStageSessions", 5 },
	{ "DisconnectParticipant", 5 },
	{ "ImportPublicKey", 3 },
	{ "GetPublicKey", 3 },
	{ "ListPublicKeys", 3 },
	{ "DeletePublicKey", 3 },
	{ "TagResource", 10 },
	{ "UntagResource", 10 },
	{ "ListTagsForResource", 10 },
};
#define QUOTAS (sizeof(quotas) / sizeof(*quotas))

struct limiter {
	const struct config *cfg;
	struct redis *redis;
	char host[65];
	int64_t next_us[QUOTAS]; /* of this process alone, by clock_mono_ms */
};

struct limiter *
limiter_open(const struct config *cfg, struct redis *redis)
{
	struct limiter *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->cfg = cfg;
	l->redis = redis;
	if (gethostname(l->host, sizeof(l->host) - 1) != 0)
		l->host[0] = '\0';
	return l;
}

void
limiter_close(struct limiter *l)
{
	free(l);
}

/*
 * In any second at most (1 s / interval, rounded down) + burst slots begin, so the burst
 * is what nine tenths leave of the quota.
 */
struct limiter_pace
limiter_pace(int64_t quota_per_s, int64_t share_percent)
{
	int64_t per_10000_s = quota_per_s * share_percent * SPEND_PERCENT;
	int64_t left = (quota_per_s * share_percent * 100 - per_10000_s + 9999) / 10000;

	return (struct limiter_pace){
		.interval_us = (10000 * INT64_C(1000000) + per_10000_s - 1) / per_10000_s,
		.burst = left > 1 ? left : 1,
	};
}

bool
limiter_reserve(struct limiter_pace pace, int64_t *next_us, int64_t now_us,
    int64_t most_wait_ms, int64_t *ret_wait_ms)
{
	int64_t next = *next_us > now_us ? *next_us : now_us;
	int64_t wait_us = next - now_us - pace.interval_us * (pace.burst - 1);

	*ret_wait_ms = wait_us > 0 ? (wait_us + 999) / 1000 : 0;
	if (*ret_wait_ms > most_wait_ms)
		return false;
	*next_us = next + pace.interval_us;
	return true;
}

/* False: Redis did not answer; the slot is then taken from this process' own. */
static bool
take_shared(struct limiter *l, struct arena *a, const char *operation,
    struct limiter_pace pace, int64_t most_wait_ms, struct limiter_clock *clock,
    bool *ret_taken, int64_t *ret_wait_ms)
{
	struct err away = ERR_INIT;
	struct redis_call c;

	if (l->redis == NULL)
		return false;
	redis_call_init(&c, a, SCRIPT_AWS_SLOT);
	redis_arg(&c, str_of(operation));
	redis_arg_int(&c, pace.interval_us);
	redis_arg_int(&c, pace.burst);
	redis_arg_int(&c, most_wait_ms);
	if (clock->aws_ms != 0)
		redis_arg_int(&c, clock->aws_ms);
	else
		redis_arg(&c, STR(""));
	redis_arg_int(&c, clock->ahead_ms);
	redis_arg(&c, str_of(l->host));
	if (!redis_call(l->redis, &c, &away))
		return false;
	*ret_taken = str_is(reply_str(c.reply, 0), "OK");
	*ret_wait_ms = reply_int(c.reply, 1);
	clock->told = true;
	clock->known = reply_str(c.reply, 2);
	clock->said = reply_str(c.reply, 3);
	return true;
}

void
limiter_share(struct limiter *l, struct arena *a, struct limiter_clock *clock)
{
	const struct limiter_pace none = { .interval_us = 1, .burst = 1 };
	int64_t ignored_ms;
	bool taken;

	clock->told = false;
	(void)take_shared(l, a, "", none, 0, clock, &taken, &ignored_ms);
}

bool
limiter_take(struct limiter *l, struct arena *a, const char *operation,
    int64_t most_wait_ms, struct limiter_clock *clock, int64_t *ret_wait_ms,
    struct err *err)
{
	struct limiter_pace pace;
	int64_t wait_ms = 0;
	bool taken = false;
	size_t i;

	for (i = 0; i < QUOTAS && strcmp(quotas[i].operation, operation) != 0; i++)
		;
	*ret_wait_ms = 0;
	clock->told = false;
	clock->known = clock->said = STR("");
	if (i == QUOTAS)
		return true;
	pace = limiter_pace(quotas[i].per_s, l->cfg->aws_quota_share_percent);
	if (!take_shared(l, a, operation, pace, most_wait_ms, clock, &taken, &wait_ms))
		taken = limiter_reserve(
		    pace, &l->next_us[i], clock_mono_ms() * 1000, most_wait_ms, &wait_ms);
	if (!taken)
		return err_from(err, ERR_FROM_AWS, ERR_THROTTLED,
		    "our own limit of %s: the next free slot is in %lld ms, which is too "
		    "late; nothing was sent",
		    operation, (long long)wait_ms);
	*ret_wait_ms = wait_ms;
	return true;
}
