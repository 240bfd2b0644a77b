#include "domain/tokens.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arn.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/metrics.h"
#include "base/parse.h"
#include "domain/jwt.h"
#include "domain/signing_file.h"
#include "base/banned.h"

#define LIFE_MAX_S (IVS_DURATION_MAX_MINUTES * 60)
#define CLAIMS_VERSION "1.0"
#define IAT_BACK_S                                                                       \
	5 /* a strict reader with a clock a little behind takes the token at once */
#define OPAQUE_HEX_DIGITS 32
#define PARTICIPANT_ID_MAX 64
#define LOOK_MS 1000

/* By which a file that was changed or replaced is known. */
struct key_look {
	ino_t inode;
	dev_t device;
	int64_t changed_s, changed_ns;
};

struct tokens {
	const struct config *cfg;
	struct ivs *ivs;
	/* local mode; file.key == NULL: tokens come from AWS */
	char path[PATH_MAX];
	struct signing_file file;
	struct key_look seen;
	int64_t looked_ms; /* of clock_mono_ms */
	bool unread;	   /* what is there now could not be used: tried at each look */
	tokens_warn *warn;
};

static const struct {
	const char *word; /* what IVS and other participants see */
	unsigned may;
} roles[] = {
	[TOKEN_PUBLISHER] = { "broadcaster", IVS_PUBLISH },
	[TOKEN_VIEWER] = { "viewer", IVS_SUBSCRIBE },
	[TOKEN_MEDIASERVER] = { "media-server", IVS_PUBLISH | IVS_SUBSCRIBE },
};

/* ---- the key ---- */

static bool
arn_check(const struct tokens *t, const char *in_file, struct err *err)
{
	struct str set = t->cfg->ivs_signing_key_arn;

	if (set.n == 0 && in_file[0] == '\0')
		return err_set(err, ERR_CONFIG,
		    "IVS_SIGNING_KEY_ARN is not set and '%s' does not say its ARN: "
		    "ivsctl signing-key import",
		    t->path);
	if (set.n > 0 && in_file[0] != '\0' && !str_is(set, in_file))
		return err_set(err, ERR_CONFIG,
		    "IVS_SIGNING_KEY_ARN is not the ARN that '%s' names: remove the "
		    "setting, the file's own is enough",
		    t->path);
	return true;
}

static bool
home_check(const struct tokens *t, const char *in_file, struct err *err)
{
	const struct config *cfg = t->cfg;
	struct arn arn;

	if (in_file[0] == '\0' || !arn_parse(str_of(in_file), STR("public-key"), &arn))
		return true;
	if ((cfg->aws_region.n == 0 || str_eq(arn.region, cfg->aws_region)) &&
	    (cfg->aws_account_id.n == 0 || str_eq(arn.account, cfg->aws_account_id)))
		return true;
	return err_set(err, ERR_CONFIG,
	    "the key in '%s' was imported in region '%.*s' by account '%.*s', not here: "
	    "each region needs its own, see ivsctl help signing-key create",
	    t->path, STR_ARG(arn.region), STR_ARG(arn.account));
}

/* On failure the key at hand stays. */
static bool
key_load(struct tokens *t, struct err *err)
{
	struct err why = ERR_INIT;
	struct signing_file f;

	if (!signing_file_read(t->path, &f, &why))
		return err_set(err, ERR_CONFIG, "IVS_SIGNING_KEY_FILE: %s", why.cause);
	if (!arn_check(t, f.arn, err) || !home_check(t, f.arn, err)) {
		signing_file_free(&f);
		return false;
	}
	signing_file_free(&t->file);
	t->file = f;
	return true;
}

static struct key_look
key_look(const struct tokens *t)
{
	struct key_look seen;
	struct stat st;

	memset(&seen, 0, sizeof(seen));
	if (stat(t->path, &st) != 0)
		return seen;
	seen.inode = st.st_ino;
	seen.device = st.st_dev;
	seen.changed_s = st.st_ctim.tv_sec;
	seen.changed_ns = st.st_ctim.tv_nsec;
	return seen;
}

/*
 * Looked at before it is read: a file that is replaced in between is another one at the
 * next look. One that cannot be used is tried again at each look, for the reason may be
 * none of the file's (no descriptor was left) or leave its time as it is (it was read while
 * it was copied); whoever is told is told once.
 */
static void
key_follow(struct tokens *t)
{
	int64_t now_ms = clock_mono_ms();
	struct err why = ERR_INIT;
	struct key_look seen;
	bool same;

	if (now_ms - t->looked_ms < LOOK_MS)
		return;
	t->looked_ms = now_ms;
	seen = key_look(t);
	same = seen.inode == t->seen.inode && seen.device == t->seen.device &&
	       seen.changed_s == t->seen.changed_s &&
	       seen.changed_ns == t->seen.changed_ns;
	if (same && !t->unread)
		return;
	t->seen = seen;
	t->unread = !key_load(t, &why);
	if (t->unread && !same && t->warn != NULL)
		t->warn(&why);
}

static bool
key_open(struct tokens *t, struct err *err)
{
	struct str file = t->cfg->ivs_signing_key_file;

	if (file.n == 0 || file.n >= sizeof(t->path))
		return err_set(err, ERR_CONFIG,
		    "TOKEN_MODE=local needs IVS_SIGNING_KEY_FILE: the PEM file of an "
		    "EC P-384 key, ivsctl signing-key create makes one");
	memcpy(t->path, file.p, file.n);
	t->path[file.n] = '\0';
	t->looked_ms = clock_mono_ms();
	t->seen = key_look(t);
	return key_load(t, err);
}

static struct str
key_arn(const struct tokens *t)
{
	return t->file.arn[0] != '\0' ? str_of(t->file.arn) : t->cfg->ivs_signing_key_arn;
}

/* ---- open ---- */

static bool
settings_check(const struct config *cfg, struct err *err)
{
	if (cfg->ivs_user_id_mode == IVS_USER_ID_OPAQUE && cfg->session_secrets.n == 0)
		return err_set(err, ERR_CONFIG,
		    "IVS_USER_ID_MODE=opaque needs SESSION_SECRET: the hash is keyed "
		    "with it");
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
	if (cfg->token_mode == TOKEN_MODE_LOCAL && !key_open(t, err)) {
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
	signing_file_free(&t->file);
	free(t);
}

bool
tokens_are_local(const struct tokens *t)
{
	return t->file.key != NULL;
}

void
tokens_on_warning(struct tokens *t, tokens_warn *warn)
{
	t->warn = warn;
}

void
tokens_new_participant_id(char out[PARTICIPANT_ID_CHARS + 1])
{
	crypto_random_word(out, PARTICIPANT_ID_CHARS);
}

/* Every participant of a stage can read it: no more than the operator wants seen. */
struct str
tokens_next_ivs_user_id(const struct config *cfg, struct arena *a, enum token_role role,
    struct str id, struct str *secrets)
{
	struct str secret = str_cut(secrets, ',');
	const char *word = roles[role].word;
	unsigned char mac[SHA256_BYTES];
	struct buf b;

	if (cfg->ivs_user_id_mode == IVS_USER_ID_PLAIN) {
		*secrets = STR_NULL;
		return str_printf(a, "%s-%.*s", word, STR_ARG(id));
	}
	crypto_hmac_sha256(secret, str_printf(a, "%s:%.*s", word, STR_ARG(id)), mac);
	buf_init(&b, a, 64);
	buf_printf(&b, "%s-", word);
	encode_hex(&b, mac, OPAQUE_HEX_DIGITS / 2);
	INVARIANT(buf_ok(&b));
	return buf_view(&b);
}

struct str
tokens_ivs_user_id(
    const struct config *cfg, struct arena *a, enum token_role role, struct str id)
{
	struct str secrets = cfg->session_secrets;

	return tokens_next_ivs_user_id(cfg, a, role, id, &secrets);
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

static struct str
user_id(const struct tokens *t, struct arena *a, const struct token_order *order)
{
	return tokens_ivs_user_id(t->cfg, a, order->role, order->id);
}

static bool
make_local(struct tokens *t, struct arena *a, const struct token_order *order,
    struct token *ret, struct err *err)
{
	int64_t now_s, iat_s, exp_s;
	struct str text;
	json_t *claims;
	bool ok;

	if (!order_check(order, err))
		return false;
	if (t->ivs != NULL)
		ivs_clock_known(t->ivs, order->aws_clock);
	now_s = (t->ivs != NULL ? ivs_now_ms(t->ivs) : clock_now_ms()) / 1000;
	iat_s = now_s - IAT_BACK_S;
	exp_s = now_s + life_s(order);
	if (exp_s > iat_s + LIFE_MAX_S)
		exp_s = iat_s + LIFE_MAX_S;
	claims = claims_json(order, user_id(t, a, order), iat_s, exp_s);
	ok = jwt_sign(a, t->file.key, key_arn(t), claims, &text, err);
	json_decref(claims);
	if (!ok)
		return false;
	ret->token = text;
	ret->participant_id = str_dup(a, order->participant_id);
	ret->expires_at_ms = exp_s * 1000;
	return true;
}

void
tokens_aws_failed(const struct config *cfg, struct str stage_arn, struct err *err)
{
	switch (err->kind) {
	case ERR_UPSTREAM:
	case ERR_UNCERTAIN: /* a token that nobody got is no harm */
		err->kind = ERR_AWS_AWAY;
		break;
	case ERR_NOT_FOUND: /* autoscale finds out, and forgets any stage but the master */
		err->kind = ERR_AWS_AWAY;
		err_retell(err, str_eq(stage_arn, cfg->master_stage_arn)
				    ? MSG_AWS_NO_MASTER
				    : MSG_AWS_NO_STAGE);
		break;
	case ERR_INPUT:
	case ERR_CONFLICT:
	case ERR_CONFIG:
		err->kind = ERR_TOKEN;
		break;
	default: /* refused, throttled, a quota: the kind says it */
		break;
	}
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
		ret->no_stage = err->kind == ERR_NOT_FOUND;
		tokens_aws_failed(t->cfg, order->stage_arn, err);
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

	ret->no_stage = false;
	if (local)
		key_follow(t);
	if (!(local ? make_local : make_by_api)(t, a, order, ret, err))
		return false;
	metrics_observe(
	    METRIC_TOKEN_DURATION, local ? "local" : "api", clock_mono_us() - began_us);
	return true;
}
