/*
 * The instance metadata service of EC2, version 2. Source: EC2 user guide, "Use the
 * Instance Metadata Service" and "Retrieve security credentials".
 */
#include "aws/creds_source.h"

#include "base/crypto.h"
#include "base/parse.h"
#include "base/banned.h"

#define TOKEN_PATH "/latest/api/token"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"
#define TTL_HEADER "x-aws-ec2-metadata-token-ttl-seconds"
#define TTL_MAX_S 21600
#define ROLE_MAX_BYTES 128
#define WHO "the instance metadata service"

enum step {
	STEP_OK,
	STEP_ABSENT, /* 404 */
	STEP_LAPSED, /* 401: the session token is not good any more */
	STEP_NONE,   /* no such service: *why is set */
	STEP_FAILED  /* the same */
};

static void
add_header(struct http_request *rq, struct str name, struct str value)
{
	rq->headers[rq->n_headers++] = (struct http_header){ name, value };
}

static bool
call(struct creds *c, const char *method, struct str path, struct http_header header,
    struct http_response *ret, struct err *why)
{
	struct str base = c->cfg->aws_ec2_metadata_service_endpoint;
	int64_t timeout_ms = c->cfg->aws_metadata_service_timeout_s * 1000;
	struct http_request rq = {
		.method = method, .connect_ms = timeout_ms, .total_ms = timeout_ms
	};

	while (base.n > 0 && base.p[base.n - 1] == '/')
		base.n--;
	rq.url = str_printf(&c->scratch, "%.*s%.*s", STR_ARG(base), STR_ARG(path));
	add_header(&rq, header.name, header.value);
	return creds_fetch(c, &rq, c->cfg->aws_metadata_service_num_attempts, ret, why);
}

static void
forget_token(struct creds *c)
{
	crypto_wipe(c->imds_token, sizeof(c->imds_token));
	c->imds_token_n = 0;
}

/* Its last tenth is not used. */
static void
keep_token(struct creds *c, const struct http_response *answer)
{
	int64_t ttl_s = TTL_MAX_S;

	(void)parse_i64(http_header_value(answer, TTL_HEADER), 1, TTL_MAX_S, &ttl_s);
	memcpy(c->imds_token, answer->body.p, answer->body.n);
	c->imds_token_n = answer->body.n;
	c->imds_token_until_ms = c->now.mono_ms + ttl_s * 900;
}

/* Who does not know version 2 is not asked in version 1. */
static enum step
token_ready(struct creds *c, struct err *why)
{
	struct str base = c->cfg->aws_ec2_metadata_service_endpoint;
	struct http_header ttl = { STR(TTL_HEADER), STR("21600") };
	struct http_response answer;
	struct err lost = ERR_INIT;

	if (c->imds_token_n > 0 && c->now.mono_ms < c->imds_token_until_ms)
		return STEP_OK;
	forget_token(c);
	if (!call(c, "PUT", STR(TOKEN_PATH), ttl, &answer, &lost)) {
		(void)err_from(why, ERR_FROM_AWS, ERR_UPSTREAM,
		    "no instance metadata at %.*s (%.100s)", STR_ARG(base), lost.cause);
		return STEP_NONE;
	}
	if (answer.status == 200 && creds_text_ok(answer.body, sizeof(c->imds_token))) {
		keep_token(c, &answer);
		return STEP_OK;
	}
	(void)err_from(why, ERR_FROM_AWS, ERR_UPSTREAM, WHO " gives no token (status %d)",
	    answer.status);
	return answer.status >= 400 && answer.status < 500 ? STEP_NONE : STEP_FAILED;
}

static enum step
get(struct creds *c, struct str path, struct str *ret_body, struct err *why)
{
	struct http_header token = { STR("x-aws-ec2-metadata-token"),
		{ c->imds_token, c->imds_token_n } };
	struct http_response answer;

	if (!call(c, "GET", path, token, &answer, why)) {
		(void)err_while(why, "asking " WHO);
		return STEP_FAILED;
	}
	switch (answer.status) {
	case 200:
		*ret_body = answer.body;
		return STEP_OK;
	case 401:
		return STEP_LAPSED;
	case 404:
		return STEP_ABSENT;
	}
	(void)err_from(why, ERR_FROM_AWS, ERR_UPSTREAM,
	    WHO " answered %d in place of the role's credentials", answer.status);
	return STEP_FAILED;
}

static enum step
find_role(struct creds *c, struct str *ret_path, struct err *why)
{
	struct str body, role;
	enum step step = get(c, STR(ROLE_PATH), &body, why);

	if (step != STEP_OK)
		return step;
	role = str_trim(str_cut(&body, '\n'));
	if (!parse_word(role, "+=,.@-_", ROLE_MAX_BYTES)) {
		(void)err_from(why, ERR_FROM_AWS, ERR_UPSTREAM,
		    WHO " answered something that is no role's name");
		return STEP_FAILED;
	}
	*ret_path = str_printf(&c->scratch, ROLE_PATH "%.*s", STR_ARG(role));
	return STEP_OK;
}

static enum step
ask_once(struct creds *c, struct creds_keys *ret, struct err *why)
{
	struct str path, body;
	enum step step = token_ready(c, why);

	if (step == STEP_OK)
		step = find_role(c, &path, why);
	if (step == STEP_OK)
		step = get(c, path, &body, why);
	if (step == STEP_OK && !creds_read_json(c, body, WHO, ret, why))
		step = STEP_FAILED;
	return step;
}

static enum creds_found
none(struct err *why, const char *what)
{
	(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG, "%s", what);
	return CREDS_NONE;
}

enum creds_found
creds_from_imds(struct creds *c, struct creds_keys *ret, struct err *why)
{
	enum step step;

	if (c->cfg->aws_ec2_metadata_disabled)
		return none(why, "the instance is not asked (AWS_EC2_METADATA_DISABLED)");
	step = ask_once(c, ret, why);
	if (step == STEP_LAPSED) {
		forget_token(c);
		step = ask_once(c, ret, why);
	}
	switch (step) {
	case STEP_OK:
		return CREDS_FOUND;
	case STEP_NONE:
		return CREDS_NONE;
	case STEP_ABSENT:
		return none(why, "the instance has no role");
	case STEP_LAPSED:
		forget_token(c);
		(void)err_from(why, ERR_FROM_AWS, ERR_UPSTREAM,
		    WHO " refuses the token it just gave (401)");
		return CREDS_FAILED;
	case STEP_FAILED:
		break;
	}
	return CREDS_FAILED;
}
