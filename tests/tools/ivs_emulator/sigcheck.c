/* sigcheck.c - see sigcheck.h */
#include "sigcheck.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "canon.h"
#include "clock.h"
#include "ids.h"
#include "keys.h"
#include "settings.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TERMINATOR "aws4_request"
#define CLOCK_TOLERANCE_S (5 * 60)
#define MAC_BYTES 32

enum credential_part {
	CRED_ID,
	CRED_DAY,
	CRED_REGION,
	CRED_SERVICE,
	CRED_END,
	CRED_COUNT,
};

enum authz_field { AUTHZ_CREDENTIAL, AUTHZ_HEADERS, AUTHZ_SIGNATURE, AUTHZ_COUNT };

static const char *const authz_names[AUTHZ_COUNT] = {
	[AUTHZ_CREDENTIAL] = "Credential",
	[AUTHZ_HEADERS] = "SignedHeaders",
	[AUTHZ_SIGNATURE] = "Signature",
};

struct check {
	struct emulator *emu;
	const struct request *rq;
	const char *service;
	const char *secret;
	time_t now;
	struct reply *rp;
	char *copy; /* of the Authorization header, cut up */
	char *field[AUTHZ_COUNT];
	char *cred[CRED_COUNT];
	const char *amz_date;
	char body_hash[CANON_HASH_CHARS + 1];
};

static bool
refuse(struct check *c, const char *text)
{
	return reply_fail(c->rp, "InvalidSignatureException", "%s", text);
}

static bool
incomplete(struct check *c, const char *text)
{
	return reply_fail(c->rp, "IncompleteSignature", "%s", text);
}

/* " Name=value" into its slot; false when the name is foreign or comes twice. */
static bool
take_field(struct check *c, char *text)
{
	char *eq = strchr(text += strspn(text, " "), '=');

	if (eq == NULL)
		return false;
	*eq = '\0';
	for (int i = 0; i < AUTHZ_COUNT; i++) {
		if (strcmp(text, authz_names[i]) != 0)
			continue;
		if (c->field[i] != NULL)
			return false;
		c->field[i] = eq + 1;
		c->field[i][strcspn(c->field[i], " ")] = '\0';
		return true;
	}
	return false;
}

static bool
cut_credential(struct check *c)
{
	char *rest = c->field[AUTHZ_CREDENTIAL];

	for (int i = 0; i < CRED_COUNT; i++)
		if ((c->cred[i] = strsep(&rest, "/")) == NULL)
			return false;
	return rest == NULL;
}

static bool
check_authorization(struct check *c)
{
	const char *sent = request_header(c->rq, "authorization");
	size_t n = strlen(ALGORITHM " ");
	char *rest, *part;

	if (sent == NULL)
		return reply_fail(c->rp, "MissingAuthenticationTokenException",
		    "Missing Authentication Token");
	if (request_header_count(c->rq, "authorization") != 1)
		return incomplete(c, "Authorization header was sent more than once.");
	if (strncmp(sent, ALGORITHM " ", n) != 0)
		return incomplete(c, "Authorization does not begin with " ALGORITHM ".");
	if ((c->copy = strdup(sent + n)) == NULL)
		abort();
	for (rest = c->copy; (part = strsep(&rest, ",")) != NULL;)
		if (!take_field(c, part))
			return incomplete(c, "Authorization has a malformed part.");
	for (int i = 0; i < AUTHZ_COUNT; i++)
		if (c->field[i] == NULL || *c->field[i] == '\0')
			return reply_fail(c->rp, "IncompleteSignature",
			    "Authorization header requires '%s' parameter.",
			    authz_names[i]);
	if (!cut_credential(c))
		return incomplete(c,
		    "Credential must be <id>/<day>/<region>/<service>/" TERMINATOR ".");
	return true;
}

static bool
check_client(struct check *c)
{
	const char *token = request_header(c->rq, "x-amz-security-token");

	switch (keys_find(c->emu->keys, c->cred[CRED_ID], token, &c->secret)) {
	case KEY_GOOD:
		return true;
	case KEY_EXPIRED:
		return reply_fail(c->rp, "ExpiredTokenException",
		    "The security token included in the request is expired");
	default:
		return reply_fail(c->rp, "UnrecognizedClientException",
		    "The security token included in the request is invalid.");
	}
}

static bool
parse_amz_date(const char *text, time_t *ret_time)
{
	struct tm tm = { 0 };
	char again[sizeof("20260101T000000Z")];
	const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &tm);

	if (end == NULL || *end != '\0')
		return false;
	*ret_time = timegm(&tm);
	gmtime_r(ret_time, &tm);
	/* strptime accepts short numbers and February 30th; the round trip does not. */
	return strftime(again, sizeof(again), "%Y%m%dT%H%M%SZ", &tm) > 0 &&
	       strcmp(again, text) == 0;
}

static bool
check_date(struct check *c)
{
	char now[IDS_TIME_BYTES];
	time_t signed_at;

	c->amz_date = request_header(c->rq, "x-amz-date");
	if (c->amz_date == NULL)
		return incomplete(c, "Authorization requires an X-Amz-Date header.");
	if (request_header_count(c->rq, "x-amz-date") != 1 ||
	    !parse_amz_date(c->amz_date, &signed_at))
		return incomplete(c, "Date must be in ISO-8601 'basic format', once.");
	ids_time(now, c->now);
	if (signed_at < c->now - CLOCK_TOLERANCE_S)
		return reply_fail(c->rp, "InvalidSignatureException",
		    "Signature expired: %s is now earlier than %s minus 5 min.",
		    c->amz_date, now);
	if (signed_at > c->now + CLOCK_TOLERANCE_S)
		return reply_fail(c->rp, "InvalidSignatureException",
		    "Signature not yet current: %s is still later than %s plus 5 min.",
		    c->amz_date, now);
	return true;
}

static bool
check_scope(struct check *c)
{
	if (strlen(c->cred[CRED_DAY]) != 8 ||
	    strncmp(c->cred[CRED_DAY], c->amz_date, 8) != 0)
		return refuse(c, "Date in Credential scope does not match X-Amz-Date.");
	if (strcmp(c->cred[CRED_REGION], c->emu->settings->region) != 0)
		return refuse(c, "Credential should be scoped to a valid region.");
	if (strcmp(c->cred[CRED_SERVICE], c->service) != 0)
		return reply_fail(c->rp, "InvalidSignatureException",
		    "Credential should be scoped to correct service: '%s'.", c->service);
	if (strcmp(c->cred[CRED_END], TERMINATOR) != 0)
		return refuse(c,
		    "Credential should be scoped with a valid terminator: '" TERMINATOR
		    "'.");
	return true;
}

/* Lower-case names in strictly rising order, each of them present in the request. */
static bool
check_header_list(struct check *c)
{
	const char *at = c->field[AUTHZ_HEADERS];
	char name[64], before[64] = "";

	while (*at != '\0') {
		size_t n = strcspn(at, ";");

		if (n == 0 || n >= sizeof(name))
			return incomplete(c, "SignedHeaders is malformed.");
		memcpy(name, at, n);
		name[n] = '\0';
		if (strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
			return incomplete(c, "SignedHeaders must be lower-case.");
		if (strcmp(before, name) >= 0)
			return incomplete(c, "SignedHeaders must be sorted and unique.");
		if (request_header(c->rq, name) == NULL)
			return refuse(c, "SignedHeaders names a header not sent.");
		memcpy(before, name, n + 1);
		at += n;
		if (*at == ';' && *++at == '\0')
			return incomplete(c, "SignedHeaders is malformed.");
	}
	return true;
}

static bool
is_signed(const struct check *c, const char *name)
{
	const char *at = c->field[AUTHZ_HEADERS];
	size_t name_n = strlen(name);

	while (*at != '\0') {
		size_t n = strcspn(at, ";");

		if (n == name_n && strncasecmp(at, name, n) == 0)
			return true;
		at += n + (at[n] == ';');
	}
	return false;
}

static bool
must_be_signed(const char *name)
{
	return strcasecmp(name, "host") == 0 || strcasecmp(name, "content-type") == 0 ||
	       strncasecmp(name, "x-amz-", 6) == 0;
}

static bool
check_required_headers(struct check *c)
{
	if (request_header_count(c->rq, "host") != 1)
		return incomplete(c, "Exactly one Host header is required.");
	for (size_t i = 0; i < c->rq->n_headers; i++) {
		const char *name = c->rq->headers[i].name;

		if (must_be_signed(name) && !is_signed(c, name))
			return reply_fail(c->rp, "InvalidSignatureException",
			    "'%.64s' must be a 'SignedHeader' in the AWS Authorization.",
			    name);
	}
	return true;
}

static bool
check_body_hash(struct check *c)
{
	const char *sent = request_header(c->rq, "x-amz-content-sha256");

	canon_hash(c->rq->body != NULL ? c->rq->body : "", c->rq->body_n, c->body_hash);
	if (sent == NULL || strcmp(sent, c->body_hash) == 0)
		return true;
	return refuse(c, "x-amz-content-sha256 is not the SHA-256 of the body.");
}

static void
mac(const void *key, size_t key_n, const char *text, unsigned char out[MAC_BYTES])
{
	unsigned int n = MAC_BYTES;

	if (HMAC(EVP_sha256(), key, (int)key_n, (const unsigned char *)text, strlen(text),
		out, &n) == NULL)
		abort();
}

static void
signing_key(const struct check *c, unsigned char key[MAC_BYTES])
{
	unsigned char next[MAC_BYTES];
	size_t n = strlen(c->secret) + strlen("AWS4");
	char *start = malloc(n + 1);

	if (start == NULL)
		abort();
	snprintf(start, n + 1, "AWS4%s", c->secret);
	mac(start, n, c->cred[CRED_DAY], key);
	for (int i = CRED_REGION; i <= CRED_END; i++) {
		mac(key, MAC_BYTES, c->cred[i], next);
		memcpy(key, next, MAC_BYTES);
	}
	OPENSSL_cleanse(start, n);
	OPENSSL_cleanse(next, sizeof(next));
	free(start);
}

static void
expected_signature(const struct check *c, char out[CANON_HASH_CHARS + 1])
{
	char *request = canon_request(c->rq, c->field[AUTHZ_HEADERS], c->body_hash);
	unsigned char key[MAC_BYTES], result[MAC_BYTES];
	char hash[CANON_HASH_CHARS + 1], text[256];

	canon_hash(request, strlen(request), hash);
	free(request);
	snprintf(text, sizeof(text), ALGORITHM "\n%s\n%s/%s/%s/%s\n%s", c->amz_date,
	    c->cred[CRED_DAY], c->cred[CRED_REGION], c->cred[CRED_SERVICE],
	    c->cred[CRED_END], hash);
	signing_key(c, key);
	mac(key, sizeof(key), text, result);
	OPENSSL_cleanse(key, sizeof(key));
	for (size_t i = 0; i < sizeof(result); i++)
		snprintf(out + 2 * i, 3, "%02x", result[i]);
}

static bool
check_signature(struct check *c)
{
	char wanted[CANON_HASH_CHARS + 1];
	const char *sent = c->field[AUTHZ_SIGNATURE];

	expected_signature(c, wanted);
	if (strlen(sent) == CANON_HASH_CHARS &&
	    CRYPTO_memcmp(sent, wanted, CANON_HASH_CHARS) == 0)
		return true;
	return refuse(c,
	    "The request signature we calculated does not match the "
	    "signature you provided. Check your AWS Secret Access Key and signing "
	    "method. Consult the service documentation for details.");
}

bool
sigcheck(
    struct emulator *emu, const struct request *rq, const char *service, struct reply *rp)
{
	/* In this order: each check relies on those before it. */
	static bool (*const checks[])(struct check *) = {
		check_authorization,
		check_client,
		check_date,
		check_scope,
		check_header_list,
		check_required_headers,
		check_body_hash,
		check_signature,
	};
	struct check c = {
		.emu = emu,
		.rq = rq,
		.service = service,
		.now = clock_now(),
		.rp = rp,
	};
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(checks) / sizeof(checks[0]); i++)
		ok = checks[i](&c);
	if (ok)
		keys_used(emu->keys, c.cred[CRED_ID]);
	free(c.copy);
	return ok;
}
