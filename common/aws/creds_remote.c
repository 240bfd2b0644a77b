/*
 * What asking a container's and an instance's service have in common.
 */
#include "aws/creds_source.h"

#include "aws/times.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/banned.h"

#define ANSWER_MAX_BYTES (32u << 10)
#define CODE_SHOWN_BYTES 60

static bool
worth_repeating(int status)
{
	return status == 429 || status >= 500;
}

/* Somebody waits for a call of AWS that waits for this one. */
static bool
time_left(const struct creds *c, struct http_request *rq)
{
	int64_t left_ms = c->until_ms - clock_mono_ms();

	if (c->until_ms == 0)
		return true;
	if (rq->total_ms > left_ms)
		rq->total_ms = left_ms;
	if (rq->connect_ms > left_ms)
		rq->connect_ms = left_ms;
	return left_ms > 0;
}

/* Our call changes nothing, so whether it was received does not matter. */
bool
creds_fetch(struct creds *c, const struct http_request *rq, int64_t attempts,
    struct http_response *ret, struct err *why)
{
	struct http_request call = *rq;
	struct err last = ERR_INIT;
	bool answered = false;

	if (c->http == NULL)
		c->http = http_open();
	if (c->http == NULL)
		return err_from(why, ERR_FROM_AWS, ERR_UPSTREAM, "no memory");
	call.answer_max_bytes = ANSWER_MAX_BYTES;
	(void)err_set(&last, ERR_UPSTREAM, "no time was left for it");
	for (int64_t i = 0; i < attempts && time_left(c, &call); i++) {
		last = ERR_INIT;
		answered = http_do(c->http, &c->scratch, &call, ret, &last);
		if (answered && !worth_repeating(ret->status))
			return true;
	}
	if (answered)
		return true;
	return err_from(why, ERR_FROM_AWS, ERR_UPSTREAM, "%.150s", last.cause);
}

static bool
take(struct creds *c, const json_t *body, const char *name, size_t max, struct str *ret)
{
	struct str s = json_view(json_object_get(body, name));

	if (!creds_text_ok(s, max))
		return false;
	*ret = str_dup(&c->scratch, s);
	return true;
}

static bool
take_all(struct creds *c, const json_t *body, const char *who, struct creds_keys *ret,
    struct err *why)
{
	struct str code = json_view(json_object_get(body, "Code"));
	const char *bad = NULL;

	if (code.p != NULL && !str_is(code, "Success")) {
		code = parse_clean_text(&c->scratch, code, CODE_SHOWN_BYTES);
		return err_from(why, ERR_FROM_AWS, ERR_UPSTREAM,
		    "%s has no AWS credentials: Code is '%.*s'", who, STR_ARG(code));
	}
	if (!take(c, body, "AccessKeyId", CREDS_ID_MAX_BYTES, &ret->sign.access_key_id))
		bad = "AccessKeyId";
	else if (!take(c, body, "SecretAccessKey", CREDS_SECRET_MAX_BYTES,
		     &ret->sign.secret_access_key))
		bad = "SecretAccessKey";
	else if (!take(c, body, "Token", CREDS_TOKEN_MAX_BYTES, &ret->sign.session_token))
		bad = "Token";
	else if (!aws_time_iso8601(
		     json_view(json_object_get(body, "Expiration")), &ret->expires_ms))
		bad = "Expiration";
	if (bad == NULL)
		return true;
	return err_from(why, ERR_FROM_AWS, ERR_UPSTREAM,
	    "%s answered AWS credentials whose %s is missing or wrong", who, bad);
}

bool
creds_read_json(struct creds *c, struct str body, const char *who, struct creds_keys *ret,
    struct err *why)
{
	struct err unread = ERR_INIT; /* jansson's words quote the text: not for us */
	json_t *object;
	bool ok;

	if (!json_parse_object(body, &object, &unread))
		return err_from(why, ERR_FROM_AWS, ERR_UPSTREAM,
		    "%s answered no JSON object in place of AWS credentials: %zu bytes",
		    who, body.n);
	ok = take_all(c, object, who, ret, why);
	json_decref(object);
	return ok;
}
