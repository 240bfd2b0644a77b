#include "base/config_private.h"

#include <stdarg.h>

#include "base/arn.h"
#include "base/parse.h"
#include "base/banned.h"

#define KEY_MIN_CHARS 8
#define KEY_GOOD_CHARS 16
/* Who has a session token can try secrets at home, as fast as he likes. */
#define SESSION_GOOD_CHARS 32

static bool
is_bad(struct config_loader *l, const char *name)
{
	return config_given(l, name)->bad;
}

static bool
is_set(struct config_loader *l, const char *name)
{
	return config_given(l, name)->value.n > 0;
}

static bool
is_asked(struct config_loader *l, const char *name)
{
	return !l->partial || l->asked[config_given(l, name) - l->given];
}

/* A script that did not ask for `name` goes on, with the value that is left. */
static void __attribute__((format(printf, 3, 4)))
refuse(struct config_loader *l, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	config_say(l, is_asked(l, name), fmt, ap);
	va_end(ap);
}

/* Advice on what a script did not ask for is not its concern. */
static void __attribute__((format(printf, 3, 4)))
advise(struct config_loader *l, const char *name, const char *fmt, ...)
{
	va_list ap;

	if (!is_asked(l, name))
		return;
	va_start(ap, fmt);
	config_say(l, false, fmt, ap);
	va_end(ap);
}

/* Both must be those of this deployment. */
static void
check_arn_home(struct config_loader *l, const char *name, const struct arn *arn)
{
	struct config *c = l->c;

	if (!is_bad(l, "AWS_REGION") && c->aws_region.n > 0 &&
	    !str_eq(arn->region, c->aws_region))
		refuse(l, name,
		    "%s is in region '%.*s', but AWS_REGION is '%.*s': make them "
		    "equal",
		    name, STR_ARG(arn->region), STR_ARG(c->aws_region));
	if (c->aws_account_id.n > 0 && !str_eq(arn->account, c->aws_account_id))
		refuse(l, name,
		    "%s is of account '%.*s', but AWS_ACCOUNT_ID is '%.*s': make "
		    "them equal",
		    name, STR_ARG(arn->account), STR_ARG(c->aws_account_id));
}

static void
check_stage(struct config_loader *l)
{
	struct config *c = l->c;
	struct arn arn;

	if (!is_set(l, "MASTER_STAGE_ARN") || is_bad(l, "MASTER_STAGE_ARN"))
		return;
	if (!arn_parse(c->master_stage_arn, STR("stage"), &arn)) {
		refuse(l, "MASTER_STAGE_ARN",
		    "MASTER_STAGE_ARN is '%.*s' (%s): it must be a stage ARN such "
		    "as arn:aws:ivs:ap-northeast-1:123456789012:stage/aBcDeFgHiJkL",
		    STR_ARG(c->master_stage_arn),
		    config_given(l, "MASTER_STAGE_ARN")->where);
		return;
	}
	check_arn_home(l, "MASTER_STAGE_ARN", &arn);
	if (c->aws_account_id.n == 0)
		c->aws_account_id = str_dup(l->mem, arn.account);
}

/* The parts of the credential in the settings, in the order of their names below. */
enum { PART_ID, PART_SECRET, PART_TOKEN, PART_COUNT };
static const char *const part_names[PART_COUNT] = { "AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN" };

/*
 * Parts of different sources are of different keys: a request signed with such a mixture is
 * refused, or worse, another identity signs. So is what is left of a key whose token an empty
 * value hides.
 */
static bool
parts_of_one_source(struct config_loader *l, const struct config_given *const part[])
{
	size_t i, first = PART_COUNT;

	for (i = 0; i < PART_COUNT; i++) {
		if (part[i]->value.n == 0 && part[i]->hidden == NULL)
			continue;
		if (first == PART_COUNT)
			first = i;
		if (part[i]->from == part[first]->from)
			continue;
		config_fatal(l,
		    "%s%s comes from %s, but %s%s from %s: they are parts of one key, so "
		    "give all of them in one place (an empty AWS_SESSION_TOKEN there says "
		    "that the key has none)",
		    part[first]->value.n == 0 ? "the empty " : "", part_names[first],
		    part[first]->named, part[i]->value.n == 0 ? "the empty " : "",
		    part_names[i], part[i]->named);
		return false;
	}
	return true;
}

static void
check_aws_keys(struct config_loader *l)
{
	const struct config_given *part[PART_COUNT];
	bool id, secret;
	size_t i;

	for (i = 0; i < PART_COUNT; i++) {
		part[i] = config_given(l, part_names[i]);
		if (part[i]->bad)
			return;
	}
	id = part[PART_ID]->value.n > 0;
	secret = part[PART_SECRET]->value.n > 0;
	if ((id || secret) && !parts_of_one_source(l, part))
		return;
	if (id != secret)
		config_fatal(l, "%s is set but %s is not: set both",
		    part_names[id ? PART_ID : PART_SECRET],
		    part_names[id ? PART_SECRET : PART_ID]);
	else if (!id && part[PART_TOKEN]->value.n > 0)
		config_warn(l,
		    "AWS_SESSION_TOKEN has no effect without AWS_ACCESS_KEY_ID and "
		    "AWS_SECRET_ACCESS_KEY: set them too, or remove it");
	/* EKS puts it there; what would sign in silence is the role of the node. */
	if (!id && config_env(l->envp, "AWS_WEB_IDENTITY_TOKEN_FILE") != NULL)
		config_warn(l,
		    "AWS_WEB_IDENTITY_TOKEN_FILE in the environment has no effect: no "
		    "role is assumed here, other keys sign (EKS Pod Identity works)");
}

static void
check_endpoints(struct config *c)
{
	if (c->aws_endpoint_url_ivs_realtime.n == 0)
		c->aws_endpoint_url_ivs_realtime = c->aws_endpoint_url;
	if (c->aws_endpoint_url_cloudwatch.n == 0)
		c->aws_endpoint_url_cloudwatch = c->aws_endpoint_url;
}

static void
check_signing_arn(struct config_loader *l)
{
	struct str s = l->c->ivs_signing_key_arn;
	struct arn arn;

	if (s.n == 0)
		return;
	if (arn_parse(s, STR("public-key"), &arn) && parse_uuid(arn.id))
		check_arn_home(l, "IVS_SIGNING_KEY_ARN", &arn);
	else
		refuse(l, "IVS_SIGNING_KEY_ARN",
		    "IVS_SIGNING_KEY_ARN is '%.*s' (%s): it must be a public key "
		    "ARN such as arn:aws:ivs:ap-northeast-1:123456789012:public-key/"
		    "f99cde61-c2b0-4df3-8941-ca7d38acca1a",
		    STR_ARG(s), config_given(l, "IVS_SIGNING_KEY_ARN")->where);
}

static void
check_token_mode(struct config_loader *l)
{
	struct config *c = l->c;
	bool file = is_set(l, "IVS_SIGNING_KEY_FILE"),
	     arn = is_set(l, "IVS_SIGNING_KEY_ARN");

	check_signing_arn(l);
	if (is_bad(l, "TOKEN_MODE"))
		return;
	if (c->token_mode == TOKEN_MODE_AUTO)
		c->token_mode = file ? TOKEN_MODE_LOCAL : TOKEN_MODE_API;
	if (c->token_mode == TOKEN_MODE_API) {
		if (arn && !file)
			advise(l, "IVS_SIGNING_KEY_ARN",
			    "IVS_SIGNING_KEY_ARN has no effect without "
			    "IVS_SIGNING_KEY_FILE: tokens are made by AWS");
		return;
	}
	if (!file && !l->partial)
		config_fatal(l,
		    "IVS_SIGNING_KEY_FILE is missing: TOKEN_MODE=local signs with "
		    "it, for example IVS_SIGNING_KEY_FILE=/etc/ivs-live/signing-key.pem");
}

static void
check_opaque(struct config_loader *l)
{
	if (l->c->ivs_user_id_mode == IVS_USER_ID_OPAQUE &&
	    !is_set(l, "SESSION_SECRET") && !is_bad(l, "SESSION_SECRET"))
		config_fatal(l,
		    "SESSION_SECRET is missing: IVS_USER_ID_MODE=opaque hashes "
		    "user ids with it, for example SESSION_SECRET=<output of: openssl "
		    "rand "
		    "-hex 32>");
}

/* Keys travel in headers, where a comma joins two of them. */
static bool
key_ok(struct str key)
{
	size_t i;

	for (i = 0; i < key.n; i++) {
		if (key.p[i] <= ' ' || key.p[i] > '~' || key.p[i] == ',')
			return false;
	}
	return key.n >= KEY_MIN_CHARS;
}

static void
check_key(struct config_loader *l, const char *name, struct str key)
{
	if (!key_ok(key))
		refuse(l, name,
		    "%s is '***' (%s): a key must be at least %d printable ASCII "
		    "characters without spaces and commas",
		    name, config_given(l, name)->where, KEY_MIN_CHARS);
	else if (key.n < KEY_GOOD_CHARS)
		advise(l, name,
		    "%s has a key of only %zu characters: use at least %d, for "
		    "example from openssl rand -hex 24",
		    name, key.n, KEY_GOOD_CHARS);
}

static void
check_session_secret(struct config_loader *l, const char *name, struct str secret)
{
	if (secret.n < KEY_MIN_CHARS)
		refuse(l, name,
		    "%s is '***' (%s): a secret must have at least %d characters", name,
		    config_given(l, name)->where, KEY_MIN_CHARS);
	else if (secret.n < SESSION_GOOD_CHARS)
		advise(l, name,
		    "%s has only %zu characters: use at least %d, for example from openssl "
		    "rand -hex 32",
		    name, secret.n, SESSION_GOOD_CHARS);
}

/* A comma list; what is kept has no blanks and no empty items. */
static void
check_list(struct config_loader *l, const char *name, struct str *list,
    void (*check)(struct config_loader *l, const char *name, struct str item))
{
	struct str rest = *list;
	struct buf clean;

	if (is_bad(l, name) || list->n == 0)
		return;
	buf_init(&clean, l->mem, list->n);
	while (rest.n > 0) {
		struct str item = str_trim(str_cut(&rest, ','));

		if (item.n == 0)
			continue;
		check(l, name, item);
		if (clean.n > 0)
			buf_char(&clean, ',');
		buf_str(&clean, item);
	}
	INVARIANT(buf_ok(&clean));
	*list = buf_view(&clean);
	if (list->n == 0)
		refuse(l, name, "%s is '***' (%s): it holds no key", name,
		    config_given(l, name)->where);
}

static void
check_keys(struct config_loader *l)
{
	struct config *c = l->c;

	check_list(l, "API_SECRET_KEY", &c->api_secret_key, check_key);
	check_list(l, "API_READ_KEYS", &c->api_read_keys, check_key);
	if (c->internal_secret.n > 0 && !is_bad(l, "INTERNAL_SECRET"))
		check_key(l, "INTERNAL_SECRET", c->internal_secret);
}

/* scheme://host[:port], as browsers send it. */
static bool
origin_ok(struct str origin)
{
	struct str rest = origin, scheme = str_cut(&rest, ':');

	if (str_is(origin, "*"))
		return true;
	return parse_word(scheme, "+-.", 32) && str_starts(rest, STR("//")) &&
	       parse_word(str_skip(rest, 2), "-._:[]", 255);
}

static void
check_cors(struct config_loader *l)
{
	struct str rest = l->c->cors_origins;

	while (rest.n > 0) {
		struct str origin = str_trim(str_cut(&rest, ','));

		if (origin.n > 0 && !origin_ok(origin))
			refuse(l, "CORS_ORIGINS",
			    "CORS_ORIGINS has '%.*s' (%s): an origin is * or like "
			    "https://live.example.com, without a path",
			    origin.n > 128 ? 128 : (int)origin.n, origin.p,
			    config_given(l, "CORS_ORIGINS")->where);
	}
}

static void
check_skip_auth(struct config_loader *l)
{
	struct config *c = l->c;

	if (!c->skip_auth)
		return;
	if (c->environment == ENV_DEVELOPMENT && !is_bad(l, "NODE_ENV")) {
		advise(
		    l, "SKIP_AUTH", "SKIP_AUTH is true: no request is asked for a key");
		return;
	}
	c->skip_auth = false;
	advise(l, "SKIP_AUTH",
	    "SKIP_AUTH is true but has no effect, since NODE_ENV is not "
	    "development: remove it");
}

/* What was not said follows from the seats: 45 and 5 of 50. */
static void
derive_thresholds(struct config_loader *l)
{
	struct config *c = l->c;

	if (config_given(l, "SCALE_UP_THRESHOLD")->value.n == 0)
		c->scale_up_threshold = (c->max_viewers_per_stage * 9 + 9) / 10;
	if (config_given(l, "SCALE_DOWN_THRESHOLD")->value.n == 0 &&
	    c->scale_down_threshold >= c->scale_up_threshold)
		c->scale_down_threshold = c->scale_up_threshold - 1;
}

static void
check_scaling(struct config_loader *l)
{
	struct config *c = l->c;

	derive_thresholds(l);
	if (is_bad(l, "SCALE_UP_THRESHOLD"))
		return;
	if (!is_bad(l, "MAX_VIEWERS_PER_STAGE") &&
	    c->scale_up_threshold > c->max_viewers_per_stage)
		refuse(l, "SCALE_UP_THRESHOLD",
		    "SCALE_UP_THRESHOLD is %lld but MAX_VIEWERS_PER_STAGE is %lld: "
		    "a stage would be full before another is created, so lower the first",
		    (long long)c->scale_up_threshold,
		    (long long)c->max_viewers_per_stage);
	if (!is_bad(l, "SCALE_DOWN_THRESHOLD") &&
	    c->scale_down_threshold >= c->scale_up_threshold)
		refuse(l, "SCALE_DOWN_THRESHOLD",
		    "SCALE_DOWN_THRESHOLD is %lld but SCALE_UP_THRESHOLD is %lld: "
		    "the first must be the lower one, or stages would come and go",
		    (long long)c->scale_down_threshold, (long long)c->scale_up_threshold);
}

static void
check_aws(struct config_loader *l)
{
	check_stage(l);
	check_endpoints(l->c);
}

static void
check_tokens(struct config_loader *l)
{
	check_token_mode(l);
	check_list(l, "SESSION_SECRET", &l->c->session_secrets, check_session_secret);
	if (!l->partial)
		check_opaque(l);
}

static void
check_http(struct config_loader *l)
{
	check_keys(l);
	check_cors(l);
	check_skip_auth(l);
}

static void
name_environment(struct config_loader *l)
{
	static const char *const names[] = {
		[ENV_PRODUCTION] = "production",
		[ENV_DEVELOPMENT] = "development",
		[ENV_TEST] = "test",
	};

	l->c->environment_name = str_of(names[l->c->environment]);
}

/* In this order: later ones use what earlier ones derive. */
static const struct {
	enum section section;
	void (*check)(struct config_loader *l);
} checks[] = {
	{ SECTION_CREDS, check_aws_keys },
	{ SECTION_OPERATION, name_environment },
	{ SECTION_AWS, check_aws },
	{ SECTION_TOKENS, check_tokens },
	{ SECTION_HTTP, check_http },
	{ SECTION_SHOWS, check_scaling },
	{ SECTION_POSTGRES, config_check_postgres },
	{ SECTION_REDIS, config_check_redis },
};

void
config_check(struct config_loader *l)
{
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (config_loads(l, checks[i].section))
			checks[i].check(l);
}
