#include "web/session_token.h"

#include "base/arn.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/banned.h"

#define VERSION "v1"
/* No user id, role or other thing we hash has a line feed in it. */
#define KEY_PURPOSE "ivs-live viewer session v1\n"
#define MAC_CHARS 43

/* The key that one secret gives for this show. */
static void
show_key(const struct config *cfg, struct str secret, unsigned char out[SHA256_BYTES])
{
	char purpose[sizeof(KEY_PURPOSE) + ARN_MAX_BYTES];
	struct str arn = cfg->master_stage_arn;
	size_t n = sizeof(KEY_PURPOSE) - 1;

	INVARIANT(arn.n <= ARN_MAX_BYTES);
	memcpy(purpose, KEY_PURPOSE, n);
	memcpy(purpose + n, arn.p, arn.n);
	crypto_hmac_sha256(secret, (struct str){ purpose, n + arn.n }, out);
}

static void
mac_of(const struct config *cfg, struct str secret, struct str text,
    unsigned char out[SHA256_BYTES])
{
	unsigned char key[SHA256_BYTES];

	show_key(cfg, secret, key);
	crypto_hmac_sha256((struct str){ (const char *)key, sizeof(key) }, text, out);
	crypto_wipe(key, sizeof(key));
}

struct str
session_token_make(
    const struct config *cfg, struct arena *a, const struct session_claim *claim)
{
	struct str rest = cfg->session_secrets, first = str_cut(&rest, ','), payload;
	unsigned char mac[SHA256_BYTES];
	json_t *o;
	struct buf b;

	if (first.n == 0)
		return STR_NULL;
	o = json_pack("{s:o, s:o, s:o, s:I}", "u", json_str(claim->user_id), "a",
	    json_str(claim->stage_arn), "s", json_str(claim->session_id), "e",
	    (json_int_t)claim->expires_at_ms);
	INVARIANT(o != NULL);
	if (claim->participant_id.n > 0)
		json_object_set_new(o, "p", json_str(claim->participant_id));
	payload = json_text(a, o);
	json_decref(o);
	buf_init(&b, a, SESSION_TOKEN_MAX_BYTES);
	buf_cstr(&b, VERSION ".");
	encode_base64url(&b, payload.p, payload.n);
	mac_of(cfg, first, buf_view(&b), mac);
	buf_char(&b, '.');
	encode_base64url(&b, mac, sizeof(mac));
	INVARIANT(buf_ok(&b));
	return buf_view(&b);
}

/* The three parts; signed is all before the mac. */
static bool
take_apart(struct str token, struct str *ret_signed, struct str *ret_payload,
    struct str *ret_mac)
{
	struct str rest = token, version = str_cut(&rest, '.');

	*ret_payload = str_cut(&rest, '.');
	*ret_mac = rest;
	*ret_signed = token;
	if (!str_is(version, VERSION) || ret_payload->n == 0 || rest.n != MAC_CHARS ||
	    token.n > SESSION_TOKEN_MAX_BYTES)
		return false;
	ret_signed->n = token.n - MAC_CHARS - 1;
	return true;
}

bool
session_token_has_form(struct str text)
{
	struct str head, payload, mac;

	return take_apart(text, &head, &payload, &mac);
}

/* Looks at every secret, so that time tells nothing about which one it was. */
static bool
is_ours(const struct config *cfg, struct str text, struct str mac)
{
	struct str rest = cfg->session_secrets;
	unsigned char wanted[SHA256_BYTES];
	bool found = false;

	if (mac.n != sizeof(wanted))
		return false;
	while (rest.n > 0) {
		mac_of(cfg, str_cut(&rest, ','), text, wanted);
		found |= crypto_equal(wanted, mac.p, sizeof(wanted));
	}
	crypto_wipe(wanted, sizeof(wanted));
	return found;
}

/* What we have signed ourselves is still looked at: a later version may sign other things. */
static bool
read_payload(struct str text, struct session_claim *ret)
{
	struct err ignored = ERR_INIT;
	json_t *o, *expires;

	if (!json_parse_object(text, &o, &ignored))
		return false;
	expires = json_object_get(o, "e");
	*ret = (struct session_claim){ .user_id = json_view(json_object_get(o, "u")),
		.stage_arn = json_view(json_object_get(o, "a")),
		.session_id = json_view(json_object_get(o, "s")),
		.participant_id = json_view(json_object_get(o, "p")),
		.expires_at_ms = json_integer_value(expires) };
	return ret->user_id.n > 0 && arn_is_stage(ret->stage_arn) &&
	       ret->session_id.n > 0 && json_is_integer(expires);
}

static bool
wrong(struct err *err)
{
	return err_tell(err, ERR_AUTH, MSG_SESSION_WRONG, "not a session token of ours");
}

bool
session_token_read(const struct config *cfg, struct arena *a, struct str token,
    int64_t now_ms, struct session_claim *ret, struct err *err)
{
	struct str text, payload, mac;
	struct session_claim claim;

	if (cfg->session_secrets.n == 0)
		return err_tell(
		    err, ERR_AUTH, MSG_SESSION_UNSET, "SESSION_SECRET is not set");
	if (!take_apart(token, &text, &payload, &mac) ||
	    !decode_base64url(a, mac, &mac) || !is_ours(cfg, text, mac) ||
	    !decode_base64url(a, payload, &payload) || !read_payload(payload, &claim))
		return wrong(err);
	if (claim.expires_at_ms <= now_ms)
		return err_tell(
		    err, ERR_AUTH, MSG_SESSION_EXPIRED, "the session token has expired");
	*ret = claim;
	return true;
}
