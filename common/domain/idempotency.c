#include "domain/idempotency.h"

#include "base/crypto.h"
#include "base/banned.h"

static struct str
digest(struct arena *a, struct str text)
{
	struct buf b;

	buf_init(&b, a, SHA256_HEX_CHARS);
	crypto_sha256_hex(&b, text);
	return buf_view(&b);
}

void
idem_init(struct idem *i, struct arena *a, struct str show, struct str route,
    struct str key, struct str canonical_body)
{
	char *uuid = arena_alloc(a, UUID_BYTES);

	crypto_uuid(uuid);
	i->attempt = i->order = str_of(uuid);
	i->id = i->body = STR_NULL;
	if (key.n == 0)
		return;
	i->id = digest(a, str_printf(a, "%.*s\n%.*s", STR_ARG(route), STR_ARG(key)));
	i->body = digest(a, canonical_body);
	i->order = digest(a, str_printf(a, "%.*s\n%.*s\n%.*s", STR_ARG(show),
				 STR_ARG(i->id), STR_ARG(i->body)));
}

void
idem_begin_ask(struct redis_call *c, const struct idem *i)
{
	redis_call_init(c, c->arena, SCRIPT_IDEM_BEGIN);
	redis_arg(c, i->id);
	redis_arg(c, i->body);
	redis_arg(c, i->attempt);
	redis_arg_int(c, IDEM_LEASE_MS);
	redis_arg_int(c, IDEM_KEEP_MS);
	redis_arg(c, i->order);
}

bool
idem_begin_answer(
    const struct reply *reply, struct idem *i, struct str *ret_result, struct err *err)
{
	struct str word = reply_str(reply, 0);

	if (str_is(word, "RUNNING"))
		return err_tell(
		    err, ERR_CONFLICT, MSG_IN_PROGRESS, "the first attempt still runs");
	if (str_is(word, "OTHER"))
		return err_set(err, ERR_KEY_REUSED, "another body came with this key");
	*ret_result = STR_NULL;
	if (str_is(word, "DONE")) {
		*ret_result = reply_str(reply, 1);
		return true;
	}
	INVARIANT(str_is(word, "NEW"));
	i->order = reply_str(reply, 1);
	return true;
}

static bool
end(struct redis *r, struct arena *a, const struct idem *i, const char *how,
    struct str result, struct err *err)
{
	struct redis_call c;

	if (i->id.n == 0)
		return true;
	redis_call_init(&c, a, SCRIPT_IDEM_DONE);
	redis_arg(&c, i->id);
	redis_arg(&c, i->attempt);
	redis_arg(&c, str_of(how));
	redis_arg(&c, result);
	redis_arg_int(&c, IDEM_KEEP_MS);
	return redis_call(r, &c, err) || err_while(err, "closing an idempotency key");
}

bool
idem_done(struct redis *r, struct arena *a, const struct idem *i, struct str result,
    struct err *err)
{
	return end(r, a, i, "done", result, err);
}

/*
 * Refusals, and AWS out of reach before it heard of us. When Redis fails the work may have
 * been done already and only the note of it is missing.
 */
static bool
surely_nothing(const struct err *why)
{
	switch (why->kind) {
	case ERR_INPUT:
	case ERR_CONFLICT:
	case ERR_STAGES:
	case ERR_QUOTA:
	case ERR_THROTTLED:
	case ERR_DENIED:
	case ERR_UNVERIFIED:
		return true;
	case ERR_UPSTREAM:
		return why->source == ERR_FROM_AWS;
	default:
		return false;
	}
}

bool
idem_fail(struct redis *r, struct arena *a, const struct idem *i, const struct err *why,
    struct err *err)
{
	return end(r, a, i, surely_nothing(why) ? "free" : "open", STR(""), err);
}
