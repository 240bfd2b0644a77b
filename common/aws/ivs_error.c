#include "aws/ivs_error.h"

#include "aws/times.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/banned.h"

#define TEXT_SHOWN_BYTES 100
#define TYPE_SHOWN_BYTES 48
#define SERVER_WAIT_MAX_MS 60000

struct error_type {
	const char *name;
	enum err_kind kind;
	enum ivs_fault fault;
};

static const struct error_type types[] = {
	/* modelled */
	{ "ValidationException", ERR_INPUT, IVS_FAULT_FINAL },
	{ "ResourceNotFoundException", ERR_NOT_FOUND, IVS_FAULT_FINAL },
	{ "ConflictException", ERR_CONFLICT, IVS_FAULT_FINAL },
	{ "ServiceQuotaExceededException", ERR_QUOTA, IVS_FAULT_FINAL },
	{ "AccessDeniedException", ERR_DENIED, IVS_FAULT_FINAL },
	{ "PendingVerification", ERR_UNVERIFIED, IVS_FAULT_FINAL },
	{ "InternalServerException", ERR_UPSTREAM, IVS_FAULT_TRANSIENT },
	/* CloudWatch */
	{ "InvalidParameterValue", ERR_INPUT, IVS_FAULT_FINAL },
	{ "InvalidParameterValueException", ERR_INPUT, IVS_FAULT_FINAL },
	{ "InvalidParameterCombination", ERR_INPUT, IVS_FAULT_FINAL },
	{ "InvalidParameterCombinationException", ERR_INPUT, IVS_FAULT_FINAL },
	{ "MissingParameter", ERR_INPUT, IVS_FAULT_FINAL },
	{ "MissingRequiredParameterException", ERR_INPUT, IVS_FAULT_FINAL },
	{ "InternalServiceError", ERR_UPSTREAM, IVS_FAULT_TRANSIENT },
	{ "InternalServiceFault", ERR_UPSTREAM, IVS_FAULT_TRANSIENT },
	/* the front door: who are you */
	{ "UnrecognizedClientException", ERR_DENIED, IVS_FAULT_FINAL },
	{ "InvalidClientTokenId", ERR_DENIED, IVS_FAULT_FINAL },
	{ "MissingAuthenticationToken", ERR_DENIED, IVS_FAULT_FINAL },
	{ "MissingAuthenticationTokenException", ERR_DENIED, IVS_FAULT_FINAL },
	{ "IncompleteSignature", ERR_DENIED, IVS_FAULT_FINAL },
	{ "IncompleteSignatureException", ERR_DENIED, IVS_FAULT_FINAL },
	{ "OptInRequired", ERR_DENIED, IVS_FAULT_FINAL },
	{ "NotAuthorized", ERR_DENIED, IVS_FAULT_FINAL },
	{ "UnknownOperationException", ERR_CONFIG, IVS_FAULT_FINAL },
	{ "ExpiredToken", ERR_DENIED, IVS_FAULT_EXPIRED },
	{ "ExpiredTokenException", ERR_DENIED, IVS_FAULT_EXPIRED },
	{ "InvalidSignatureException", ERR_DENIED, IVS_FAULT_CLOCK },
	{ "SignatureDoesNotMatch", ERR_DENIED, IVS_FAULT_CLOCK },
	{ "AuthFailure", ERR_DENIED, IVS_FAULT_CLOCK },
	{ "RequestExpired", ERR_DENIED, IVS_FAULT_CLOCK },
	{ "RequestTimeTooSkewed", ERR_DENIED, IVS_FAULT_CLOCK },
	{ "RequestInTheFuture", ERR_DENIED, IVS_FAULT_CLOCK },
	/* the front door: what is this */
	{ "ValidationError", ERR_INPUT, IVS_FAULT_FINAL },
	{ "MalformedHttpRequestException", ERR_UPSTREAM, IVS_FAULT_FINAL },
	{ "RequestEntityTooLargeException", ERR_INPUT, IVS_FAULT_FINAL },
	/* not now */
	{ "InternalFailure", ERR_UPSTREAM, IVS_FAULT_TRANSIENT },
	{ "ServiceUnavailable", ERR_UPSTREAM, IVS_FAULT_TRANSIENT },
	{ "RequestTimeout", ERR_UPSTREAM, IVS_FAULT_TRANSIENT },
	{ "RequestTimeoutException", ERR_UPSTREAM, IVS_FAULT_TRANSIENT },
	/* too fast */
	{ "ThrottlingException", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "Throttling", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "ThrottledException", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "TooManyRequestsException", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "RequestThrottled", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "RequestThrottledException", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "RequestLimitExceeded", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "LimitExceededException", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "SlowDown", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "BandwidthLimitExceeded", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "PriorRequestNotComplete", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "ProvisionedThroughputExceededException", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "TransactionInProgressException", ERR_THROTTLED, IVS_FAULT_THROTTLED },
	{ "EC2ThrottledException", ERR_THROTTLED, IVS_FAULT_THROTTLED },
};

/* For types nobody has told us of. */
static struct error_type
type_of_status(int status)
{
	if (status == 429)
		return (struct error_type){ "", ERR_THROTTLED, IVS_FAULT_THROTTLED };
	if (status == 500 || status == 502 || status == 503 || status == 504)
		return (struct error_type){ "", ERR_UPSTREAM, IVS_FAULT_TRANSIENT };
	if (status == 401 || status == 403)
		return (struct error_type){ "", ERR_DENIED, IVS_FAULT_FINAL };
	return (struct error_type){ "", ERR_UPSTREAM, IVS_FAULT_FINAL };
}

/* The words of `details.reason`: docs/openapi.yaml, AwsReason. */
static const char *
reason_of(const struct error_type *t)
{
	static const char *const of_kind[ERR_KIND_COUNT] = {
		[ERR_INPUT] = "REQUEST_REFUSED",
		[ERR_NOT_FOUND] = "RESOURCE_NOT_FOUND",
		[ERR_CONFLICT] = "CONFLICT",
		[ERR_QUOTA] = "QUOTA_EXCEEDED",
		[ERR_THROTTLED] = IVS_REASON_THROTTLED,
		[ERR_DENIED] = "ACCESS_DENIED",
		[ERR_UNVERIFIED] = "PENDING_VERIFICATION",
		[ERR_UPSTREAM] = "SERVER_ERROR",
		[ERR_CONFIG] = "UNKNOWN_OPERATION",
	};

	if (t->fault == IVS_FAULT_EXPIRED)
		return "CREDENTIALS_EXPIRED";
	if (t->fault == IVS_FAULT_CLOCK)
		return "SIGNATURE_REFUSED";
	return of_kind[t->kind];
}

static struct error_type
classify(struct str name, int status)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (str_is(name, types[i].name))
			return types[i];
	return type_of_status(status);
}

/* "ns#Name:http://..." and "Name,extra" are both Name. */
static struct str
bare_name(struct str s)
{
	struct str tail;

	tail = s;
	s = str_cut(&tail, ',');
	tail = s;
	s = str_cut(&tail, ':');
	tail = s;
	(void)str_cut(&tail, '#');
	return str_trim(tail.n != 0 ? tail : s);
}

static struct str
member(const json_t *body, const char *const *names)
{
	for (; *names != NULL; names++) {
		struct str s = json_view(json_object_get(body, *names));

		if (s.n != 0)
			return s;
	}
	return STR_NULL;
}

static bool
holds(struct str text, struct str secret)
{
	return secret.n != 0 && memmem(text.p, text.n, secret.p, secret.n) != NULL;
}

static bool
repeats(struct str text, const struct sigv4_creds *creds)
{
	return holds(text, creds->session_token) ||
	       holds(text, creds->secret_access_key) || holds(text, creds->access_key_id);
}

/* A refused signature is answered with the whole string to sign: not for our log. */
static struct str
text_for_log(struct arena *a, struct str text, const struct sigv4_creds *creds)
{
	if (text.n == 0)
		return STR("no text");
	if (repeats(text, creds))
		return STR("text withheld, it repeats our credentials");
	return parse_clean_text(a, text, TEXT_SHOWN_BYTES);
}

int64_t
ivs_error_date_s(const struct http_response *answer)
{
	int64_t s;

	/* A cache between us and AWS has kept an answer of before. */
	if (http_header_value(answer, "age").n > 0 ||
	    !aws_time_http_date(http_header_value(answer, "date"), &s))
		return -1;
	return s;
}

static void
read_hints(const struct http_response *answer, struct ivs_failure *ret)
{
	ret->server_wait_ms = ret->server_time_s = -1;
	(void)parse_i64(http_header_value(answer, "x-amz-retry-after"), 0, INT64_MAX,
	    &ret->server_wait_ms);
	if (ret->server_wait_ms > SERVER_WAIT_MAX_MS)
		ret->server_wait_ms = SERVER_WAIT_MAX_MS;
	ret->server_time_s = ivs_error_date_s(answer);
}

void
ivs_error_request_id(const struct http_response *answer, char *out, size_t size)
{
	struct str id = http_header_value(answer, "x-amzn-requestid");
	size_t n = 0;

	for (size_t i = 0; i < id.n && n + 1 < size; i++)
		if (parse_word((struct str){ id.p + i, 1 }, "-", 1))
			out[n++] = id.p[i];
	out[n] = '\0';
}

/* No type is documented for it: the text is all there is (as seen in practice). */
static bool
says_not_publishing(struct str text)
{
	text = str_trim(text);
	if (str_ends(text, STR(".")))
		text.n--;
	return str_ends(text, STR("is not publishing"));
}

bool
ivs_error_read(struct arena *a, const struct http_response *answer,
    const struct sigv4_creds *creds, struct ivs_failure *ret, struct err *err)
{
	static const char *const codes[] = { "code", "__type", NULL };
	static const char *const texts[] = { "exceptionMessage", "message", "Message",
		NULL };
	struct err unread = ERR_INIT;
	struct error_type type;
	char id[sizeof(err->request_id)];
	struct str name, text;
	json_t *body = NULL;

	(void)json_parse_object(answer->body, &body, &unread);
	name = bare_name(http_header_value(answer, "x-amzn-errortype"));
	if (name.n == 0)
		name = bare_name(member(body, codes));
	type = classify(name, answer->status);
	name = name.n > 0 && !repeats(name, creds)
		   ? parse_clean_text(a, name, TYPE_SHOWN_BYTES)
		   : STR("no type");
	ret->not_publishing = says_not_publishing(member(body, texts));
	text = text_for_log(a, member(body, texts), creds);
	json_decref(body);
	ivs_error_request_id(answer, id, sizeof(id));
	ret->fault = type.fault;
	ret->maybe_done = answer->status >= 500;
	read_hints(answer, ret);
	(void)err_from(err, ERR_FROM_AWS, type.kind,
	    "AWS answered %d %.*s: %.*s (request id %s)", answer->status, STR_ARG(name),
	    STR_ARG(text), id);
	err->reason = reason_of(&type);
	memcpy(err->request_id, id, sizeof(id));
	return false;
}
