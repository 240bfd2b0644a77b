#include "base/clock.h"
#include "io/redis_private.h"
#include "base/banned.h"

/* One command by itself, with its reply in the arena. */
static bool
command(struct redis *r, struct arena *a, const struct str *words, size_t n,
    struct reply **ret, struct err *err)
{
	int64_t deadline = clock_mono_ms() + r->cfg->redis_timeout_ms;
	enum conn_result res = CONN_BROKEN;

	if (!redis_ensure_connected(r, deadline, err))
		return false;
	redis_out_reset(r);
	if (redis_out_add(r, words, n))
		res = redis_conn_send(r->conn, r->out, r->out_n, deadline);
	if (res == CONN_OK)
		res = redis_read_reply(r, a, ret, deadline);
	return res == CONN_OK || redis_late_or_broken(r, res, ERR_UPSTREAM, err);
}

bool
redis_rewrite(struct redis *r, struct arena *a, enum redis_rewrite *ret, struct err *err)
{
	const struct str info[] = { STR("INFO"), STR("persistence") };
	const struct str rewrite[] = { STR("BGREWRITEAOF") };
	struct reply *reply;
	struct str aof;

	if (!command(r, a, info, 2, &reply, err))
		return false;
	aof = redis_info(reply, STR("aof_enabled:"));
	*ret = str_is(aof, "0") ? REDIS_NO_LOG : REDIS_REWRITE_REFUSED;
	if (!str_is(aof, "1"))
		return true;
	if (!command(r, a, rewrite, 1, &reply, err))
		return false;
	/* Of one that is under way already it says so by an error. */
	if (reply->type != REPLY_ERROR ||
	    memmem(reply->s.p, reply->s.n, "in progress", 11) != NULL)
		*ret = REDIS_REWRITE_BEGUN;
	return true;
}
