#include "web/ratelimit.h"

#include "base/banned.h"

bool
ratelimit_apply(struct req *rq, enum bucket bucket)
{
	const struct config *cfg = rq->cfg;
	char text[NET_TEXT_BYTES];
	struct buf name;
	int64_t limit;

	limit = bucket == BUCKET_HEARTBEAT ? cfg->rate_limit_heartbeats
					   : cfg->rate_limit_max_requests;
	if (bucket == BUCKET_NONE || limit == 0 ||
	    net_list_has(&cfg->rate_limit_exempt, &rq->client))
		return false;
	net_bucket_text(&rq->client, text);
	buf_init(&name, rq->arena, sizeof("beat:") + NET_TEXT_BYTES);
	buf_cstr(&name, bucket == BUCKET_HEARTBEAT ? "beat:" : "api:");
	buf_cstr(&name, text);
	rq->call.rate_bucket = buf_view(&name);
	rq->call.rate_limit = limit;
	rq->call.rate_window_ms = cfg->rate_limit_window_ms;
	return true;
}

bool
ratelimit_check(const struct reply *reply, struct resp *rs, struct err *err)
{
	if (!str_is(reply_str(reply, 0), "RATE"))
		return true;
	rs->rate_reset_ms = reply_int(reply, 1) > 0 ? reply_int(reply, 1) : 1;
	rs->rate_limit = reply_int(reply, 2);
	rs->retry_after_s = (rs->rate_reset_ms + 999) / 1000;
	return err_set(err, ERR_RATE, "over %lld calls", (long long)rs->rate_limit);
}
