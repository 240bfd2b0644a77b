#include "domain/tokens.h"

#include <limits.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/metrics.h"
#include "base/parse.h"
#include "domain/jwt.h"
#include "base/banned.h"

#define LIFE_MAX_S (IVS_DURATION_MAX_MINUTES * 60)
#define CLAIMS_VERSION "1.0"
#define OPAQUE_HEX_DIGITS 32
#define PARTICIPANT_ID_MAX 64

struct tokens {
	const struct config *cfg;
	struct ivs *ivs;
	struct es384_key *key; /* NULL: tokens come from AWS */
};

static const struct {
	const char *word; /* what IVS and other participants see */
	unsigned may;
} roles[] = {
	[TOKEN_PUBLISHER] = { "broadcaster", IVS_PUBLISH },
	[TOKEN_VIEWER] = { "viewer", IVS_SUBSCRIBE },
	[TOKEN_MEDIASERVER] = { "media-server", IVS_PUBLISH | IVS_SUBSCRIBE },
};

static bool
key_load(struct tokens *t, struct err *err)
{
	struct str file = t->cfg->ivs_signing_key_file;
	char path[PATH_MAX], why[200];

	if (file.n == 0 || file.n >= sizeof(path))
		return err_set(err, ERR_CONFIG,
		    "TOKEN_MODE=local needs IVS_SIGNING_KEY_FILE: the PEM file of an "
		    "EC P-384 key");
	memcpy(path, file.p, file.n);
	path[file.n] = '\0';
	t->key = es384_load(path, why, sizeof(why));
	if (t->key == NULL)
		return err_set(err, ERR_CONFIG, "IVS_SIGNING_KEY_FILE: %s", why);
	return true;
}

static bool
settings_check(const struct config *cfg, struct err *err)
{
	if (cfg->ivs_user_id_mode == IVS_USER_ID_OPAQUE && cfg->session_secret.n == 0)
		return err_set(err, ERR_CONFIG,
		    "IVS_USER_ID_MODE=opaque needs SESSION_SECRET: the hash is keyed "
		    "with it");
	if (cfg->token_mode == TOKEN_MODE_LOCAL && cfg->ivs_signing_key_arn.n == 0)
		return err_set(err, ERR_CONFIG,
		    "TOKEN_MODE=local needs IVS_SIGNING_KEY_ARN: the ARN that "
		    "ImportPublicKey gave");
	return true;
}

bool
tokens_open(
    const struct config *cfg, struct ivs *ivs, struct tokens **ret, struct err *err)
{
	struct tokens *t;

	if (!settings_check(cfg, err))
		return false;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return err_set(err, ERR_BUG, "no memory for the token maker");
	t->cfg = cfg;
	t->ivs = ivs;
	if (cfg->token_mode == TOKEN_MODE_LOCAL && !key_load(t, err)) {
		tokens_close(t);
		return false;
	}
	*ret = t;
	return true;
}

void
tokens_close(struct tokens *t)
{
	if (t == NULL)
		return;
	if (t->key != NULL)
		es384_free(t->key);
	free(t);
}

bool
tokens_are_local(const struct tokens *t)
{
	return t->key != NULL;
}

void
tokens_new_participant_id(char out[PARTICIPANT_ID_CHARS + 1])
{
	crypto_random_word(out, PARTICIPANT_ID_CHARS);
}

/* Every participant of a stage can read it: no more than the operator wants seen. */
static struct str
user_id(const struct tokens *t, struct arena *a, const struct token_order *order)
{
	const char *word = roles[order->role].word;
	unsigned char mac[SHA256_BYTES];
	struct buf b;

	if (t->cfg->ivs_user_id_mode == IVS_USER_ID_PLAIN)
		return str_printf(a, "%s-%.*s", word, STR_ARG(order->id));
	crypto_hmac_sha256(t->cfg->session_secret,
	    str_printf(a, "%s:%.*s", word, STR_ARG(order->id)), mac);
	buf_init(&b, a, 64);
	buf_printf(&b, "%s-", word);
	encode_hex(&b, mac, OPAQUE_HEX_DIGITS / 2);
	INVARIANT(buf_ok(&b));
	return buf_view(&b);
}

static int64_t
life_s(const struct token_order *order)
{
	if (order->duration_s < 1)
		return 1;
	return order->duration_s < LIFE_MAX_S ? order->duration_s : LIFE_MAX_S;
}

/* The stage's own id: what follows "stage/" in its ARN. */
static struct str
topic_of(struct str stage_arn)
{
	(void)str_cut(&stage_arn, '/');
	return stage_arn;
}

static bool
order_check(const struct token_order *o, struct err *err)
{
	size_t chars;

	if (topic_of(o->stage_arn).n == 0)
		return err_set(
		    err, ERR_BUG, "'%.*s' is no stage ARN", STR_ARG(o->stage_arn));
	if (o->events_endpoint.n == 0 || o->whip_endpoint.n == 0)
		return err_set(err, ERR_BUG,
		    "the endpoints of stage '%.*s' are not known: GetStage has them",
		    STR_ARG(o->stage_arn));
	if (!parse_word(o->participant_id, "-_", PARTICIPANT_ID_MAX))
		return err_set(err, ERR_BUG, "'%.*s' is no participant id",
		    STR_ARG(o->participant_id));
	if (!parse_utf8(o->id, &chars) || chars == 0)
		return err_set(err, ERR_BUG, "the user id is no UTF-8 text");
	return true;
}

/* Names and kinds: AWS IVS Real-Time guide, "Distribute participant tokens". */
static json_t *
claims_json(const struct token_order *o, struct str user, int64_t iat_s, int64_t exp_s)
{
	unsigned may = roles[o->role].may;

	/* clang-format off */
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:{s:b, s:b}}",
	    "exp", (json_int_t)exp_s,
	    "iat", (json_int_t)iat_s,
	    "jti", json_str(o->participant_id),
	    "resource", json_str(o->stage_arn),
	    "topic", json_str(topic_of(o->stage_arn)),
	    "events_url", json_str(o->events_endpoint),
	    "whip_url", json_str(o->whip_endpoint),
	    "user_id", json_str(user),
	    "version", CLAIMS_VERSION,
	    "capabilities",
	        "allow_publish", (may & IVS_PUBLISH) != 0,
	        "allow_subscribe", (may & IVS_SUBSCRIBE) != 0);
	/* clang-format on */
}

static bool
make_local(struct tokens *t, struct arena *a, const struct token_order *order,
    struct token *ret, struct err *err)
{
	int64_t iat_s = clock_now_ms() / 1000;
	int64_t exp_s = iat_s + life_s(order);
	struct str text;
	json_t *claims;
	bool ok;

	if (!order_check(order, err))
		return false;
	claims = claims_json(order, user_id(t, a, order), iat_s, exp_s);
	ok = jwt_sign(a, t->key, t->cfg->ivs_signing_key_arn, claims, &text, err);
	json_decref(claims);
	if (!ok)
		return false;
	ret->token = text;
	ret->participant_id = str_dup(a, order->participant_id);
	ret->expires_at_ms = exp_s * 1000;
	return true;
}

static bool
make_by_api(struct tokens *t, struct arena *a, const struct token_order *order,
    struct token *ret, struct err *err)
{
	const struct ivs_token_order ask = {
		.stage_arn = order->stage_arn,
		.user_id = user_id(t, a, order),
		.duration_minutes = (life_s(order) + 59) / 60,
		.capabilities = roles[order->role].may,
	};
	struct ivs_token got;

	if (!ivs_create_participant_token(t->ivs, a, &ask, &got, err)) {
		if (err->kind != ERR_THROTTLED) /* that one says when to come again */
			err->kind = ERR_TOKEN;	/* cause and source stay */
		return err_while(err, "asking AWS for a token");
	}
	ret->token = got.token;
	ret->participant_id = got.participant_id;
	ret->expires_at_ms = got.expires_at_ms;
	return true;
}

bool
tokens_make(struct tokens *t, struct arena *a, const struct token_order *order,
    struct token *ret, struct err *err)
{
	const bool local = tokens_are_local(t);
	const int64_t began_us = clock_mono_us();

	if (!(local ? make_local : make_by_api)(t, a, order, ret, err))
		return false;
	metrics_observe(
	    METRIC_TOKEN_DURATION, local ? "local" : "api", clock_mono_us() - began_us);
	return true;
}
