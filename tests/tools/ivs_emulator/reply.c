/* reply.c - see reply.h */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ids.h"

#define MODELLED "exceptionMessage"
#define FRONT_DOOR "message"

struct error_kind {
	const char *type;
	int status;
	const char *member;
};

/* The first type of a status stands for it when a fault names a status only. */
static const struct error_kind error_kinds[] = {
	{ "ValidationException", 400, MODELLED },
	{ "ServiceQuotaExceededException", 402, MODELLED },
	{ "AccessDeniedException", 403, MODELLED },
	{ "PendingVerification", 403, MODELLED },
	{ "ResourceNotFoundException", 404, MODELLED },
	{ "ConflictException", 409, MODELLED },
	{ "InternalServerException", 500, MODELLED },
	{ "NotAuthorized", 401, FRONT_DOOR },
	{ "MissingAuthenticationTokenException", 403, FRONT_DOOR },
	{ "IncompleteSignature", 403, FRONT_DOOR },
	{ "InvalidSignatureException", 403, FRONT_DOOR },
	{ "SignatureDoesNotMatch", 403, FRONT_DOOR },
	{ "UnrecognizedClientException", 403, FRONT_DOOR },
	{ "ExpiredTokenException", 403, FRONT_DOOR },
	{ "OptInRequired", 403, FRONT_DOOR },
	{ "UnknownOperationException", 404, FRONT_DOOR },
	{ "RequestTimeoutException", 408, FRONT_DOOR },
	{ "RequestEntityTooLargeException", 413, FRONT_DOOR },
	{ "TooManyRequestsException", 429, FRONT_DOOR },
	{ "ThrottlingException", 400, FRONT_DOOR },
	{ "MalformedHttpRequestException", 400, FRONT_DOOR },
	{ "RequestAbortedException", 400, FRONT_DOOR },
	{ "ValidationError", 400, FRONT_DOOR },
	{ "InternalFailure", 500, FRONT_DOOR },
	{ "ServiceUnavailable", 503, FRONT_DOOR },
	/* CloudWatch's; after those of IVS, so a status alone never means one of them. */
	{ "InvalidParameterValueException", 400, FRONT_DOOR },
	{ "InvalidParameterCombinationException", 400, FRONT_DOOR },
	{ "MissingRequiredParameterException", 400, FRONT_DOOR },
	{ "SerializationException", 400, FRONT_DOOR },
	{ "InternalServiceFault", 500, FRONT_DOOR },
};

static const size_t error_kinds_n = sizeof(error_kinds) / sizeof(error_kinds[0]);

static const struct error_kind *
kind_of_type(const char *type)
{
	for (size_t i = 0; i < error_kinds_n; i++)
		if (strcmp(error_kinds[i].type, type) == 0)
			return &error_kinds[i];
	return NULL;
}

static const struct error_kind *
kind_of_status(int status)
{
	for (size_t i = 0; i < error_kinds_n; i++)
		if (error_kinds[i].status == status)
			return &error_kinds[i];
	return NULL;
}

void
reply_init(struct reply *rp)
{
	*rp = (struct reply){ .status = 200, .content_type = "application/json" };
	ids_request(rp->request_id);
}

void
reply_clear(struct reply *rp)
{
	json_decref(rp->body);
	rp->body = NULL;
}

bool
reply_body(struct reply *rp, json_t *body)
{
	json_decref(rp->body);
	rp->body = body;
	return true;
}

static void
set_error(
    struct reply *rp, int status, const char *type, const char *member, const char *text)
{
	rp->status = status;
	snprintf(rp->type, sizeof(rp->type), "%s", type);
	reply_body(rp, json_pack("{s:s}", member, text));
}

bool
reply_fail(struct reply *rp, const char *type, const char *format, ...)
{
	const struct error_kind *kind = kind_of_type(type);
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (kind != NULL)
		set_error(rp, kind->status, kind->type, kind->member, text);
	else /* a handler invented a type: do not pass it on */
		set_error(rp, 500, "InternalFailure", FRONT_DOOR, text);
	return false;
}

void
reply_inject(struct reply *rp, int status, const char *type, const char *message)
{
	const struct error_kind *kind;

	kind = *type != '\0' || status == 0 ? kind_of_type(type) : kind_of_status(status);
	if (status == 0)
		status = kind != NULL ? kind->status : 503;
	if (*type == '\0' && kind != NULL)
		type = kind->type;
	set_error(rp, status, type, kind != NULL ? kind->member : FRONT_DOOR, message);
}
