/* cloudwatch.c - see cloudwatch.h */
#include "cloudwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "datum.h"
#include "gunzip.h"
#include "metrics.h"

#define CONTENT_TYPE "application/x-amz-json-1.0"
#define TARGET "GraniteServiceVersion20100801."

/* A type of its model, or one every service has; and its code in the Query protocol. */
struct error_name {
	const char *type;
	const char *space;
	const char *code;
};

#define MODEL "com.amazonaws.cloudwatch"
#define COMMON "com.amazon.coral.service"

static const struct error_name error_names[] = {
	{ "InvalidParameterValueException", MODEL, "InvalidParameterValue;Sender" },
	{ "InvalidParameterCombinationException", MODEL,
	    "InvalidParameterCombination;Sender" },
	{ "MissingRequiredParameterException", MODEL, "MissingParameter;Sender" },
	{ "InternalServiceFault", MODEL, "InternalServiceError;Receiver" },
	{ "InvalidSignatureException", COMMON, "SignatureDoesNotMatch;Sender" },
	{ "UnrecognizedClientException", COMMON, "InvalidClientTokenId;Sender" },
	{ "ExpiredTokenException", COMMON, "ExpiredToken;Sender" },
	{ "MissingAuthenticationTokenException", COMMON,
	    "MissingAuthenticationToken;Sender" },
	{ "IncompleteSignature", COMMON, "IncompleteSignature;Sender" },
	{ "ThrottlingException", COMMON, "Throttling;Sender" },
};

/* No request has this path: it is found by its target. */
static const struct operation operations[] = {
	{ .name = "PutMetricData", .per_second = 500, .method = "POST", .path = "*" },
};

const struct operation *
cloudwatch_at(size_t i)
{
	return i < sizeof(operations) / sizeof(operations[0]) ? &operations[i] : NULL;
}

/* The path of all its calls; no operation of IVS has it. */
bool
cloudwatch_is_for(const struct request *rq)
{
	return strcmp(rq->path, "/") == 0;
}

const struct operation *
cloudwatch_find(const struct request *rq)
{
	const char *target = request_header(rq, "x-amz-target");
	const struct operation *op;

	if (target == NULL || strncmp(target, TARGET, strlen(TARGET)) != 0)
		return NULL;
	for (size_t i = 0; (op = cloudwatch_at(i)) != NULL; i++)
		if (strcmp(op->method, rq->method) == 0 &&
		    strcmp(op->name, target + strlen(TARGET)) == 0)
			return op;
	return NULL;
}

static json_t *
parse(const char *text, size_t n)
{
	json_error_t error;

	/* A metric may have any number, also one too long for an integer. */
	return json_loadb(
	    text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
}

json_t *
cloudwatch_parse(const struct operation *op, const struct request *rq)
{
	const char *coding = request_header(rq, "content-encoding");
	const char *body = rq->body != NULL ? rq->body : "";
	json_t *in;
	char *text;
	size_t n;

	(void)op;
	if (coding == NULL)
		return parse(body, rq->body_n);
	if (strcasecmp(coding, "gzip") != 0 ||
	    (text = gunzip(body, rq->body_n, REQUEST_BODY_MAX_BYTES, &n)) == NULL)
		return NULL;
	in = parse(text, n);
	free(text);
	return in;
}

bool
cloudwatch_run(
    struct emulator *emu, const struct request *rq, const json_t *in, struct reply *rp)
{
	const char *type = request_header(rq, "content-type");
	time_t now = clock_now();

	if (type == NULL || strcasecmp(type, CONTENT_TYPE) != 0)
		return reply_fail(
		    rp, "SerializationException", "Content-Type must be " CONTENT_TYPE);
	if (!json_is_object(in))
		return reply_fail(rp, "SerializationException",
		    "the body is not a sound JSON object, or larger than 1 MB");
	if (!datum_check_all(in, now, rp))
		return false;
	metrics_add(emu->metrics, in, now);
	return true;
}

static const struct error_name *
name_of(const char *type)
{
	for (size_t i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++)
		if (strcmp(error_names[i].type, type) == 0)
			return &error_names[i];
	return NULL;
}

static const char *
text_of(const json_t *body)
{
	const char *text = json_string_value(json_object_get(body, "message"));

	if (text == NULL)
		text = json_string_value(json_object_get(body, "exceptionMessage"));
	return text != NULL ? text : "";
}

static void
finish_error(const struct request *rq, struct reply *rp)
{
	const char *mode = request_header(rq, "x-amzn-query-mode");
	const struct error_name *name = name_of(rp->type);
	json_t *body;

	body = json_pack("{s:o, s:s}", "__type",
	    json_sprintf("%s#%s", name != NULL ? name->space : COMMON, rp->type),
	    "message", text_of(rp->body));
	reply_body(rp, body);
	rp->type_in_body = true;
	if (name == NULL || mode == NULL || strcmp(mode, "true") != 0)
		return;
	rp->extra_header = "x-amzn-query-error";
	snprintf(rp->extra_value, sizeof(rp->extra_value), "%s", name->code);
}

void
cloudwatch_finish(const struct request *rq, struct reply *rp)
{
	if (strcmp(rp->content_type, "application/json") == 0)
		snprintf(rp->content_type, sizeof(rp->content_type), CONTENT_TYPE);
	/* A fault that names a status only was given the name IVS has for it. */
	if (strcmp(rp->type, "InternalServerException") == 0)
		snprintf(rp->type, sizeof(rp->type), "InternalServiceFault");
	if (rp->type[0] != '\0')
		finish_error(rq, rp);
}
