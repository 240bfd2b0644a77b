#include "web/ratelimit.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "base/banned.h"

/* Enough that two addresses never share a window. */
#define HASH_BYTES 12

/* Redis and its files hold no address. All machines of a show have these secrets, so they agree. */
static void
put_client(struct buf *name, const struct req *rq)
{
	struct str secrets = rq->cfg->session_secrets.n > 0 ? rq->cfg->session_secrets
							    : rq->cfg->api_secret_key;
	unsigned char mac[SHA256_BYTES];
	char text[NET_TEXT_BYTES];

	net_bucket_text(&rq->client, text);
	crypto_hmac_sha256(str_trim(str_cut(&secrets, ',')),
	    str_printf(rq->arena, "rate limit:%s", text), mac);
	encode_base64url(name, mac, HASH_BYTES);
}

bool
ratelimit_apply(struct req *rq, enum bucket bucket)
{
	const struct config *cfg = rq->cfg;
	struct buf name;
	int64_t limit;

	limit = bucket == BUCKET_WIDE ? cfg->rate_limit_heartbeats
				      : cfg->rate_limit_max_requests;
	if (bucket == BUCKET_NONE || limit == 0 ||
	    net_list_has(&cfg->rate_limit_exempt, &rq->client))
		return false;
	buf_init(&name, rq->arena, sizeof("beat:") + NET_TEXT_BYTES);
	buf_cstr(&name, bucket == BUCKET_WIDE ? "beat:" : "api:");
	put_client(&name, rq);
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
