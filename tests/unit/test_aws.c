/*
 * The parts of the AWS layer that need no server: times, endpoints, error answers.
 */
#include "aws/ivs_error.h"

#include "aws/endpoint.h"
#include "aws/ivs_read.h"
#include "aws/times.h"
#include "tap.h"
#include "base/banned.h"

#define SECRET "s3cret/of+the=test"
#define SESSION "session+token//of=the=test"

static struct arena arena;

static void
test_iso8601(void)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-20T10:11:12Z", 1795169472000 },
		{ "2026-11-20T10:11:12.5Z", 1795169472500 },
		{ "2026-11-20T10:11:12.123456789Z", 1795169472123 },
		{ "2026-11-20T10:11:12+00:00", 1795169472000 },
		{ "2026-11-20T10:11:12+0000", 1795169472000 },
		{ "2026-11-20T18:11:12.007+08:00", 1795169472007 },
		{ "2026-11-20T04:41:12-05:30", 1795169472000 },
		{ "2024-02-29T23:59:60Z", 1709251200000 },
		{ "", -1 },
		{ "2026-11-20", -1 },
		{ "2026-11-20T10:11:12", -1 },
		{ "2026-11-20T10:11:12.Z", -1 },
		{ "2026-11-20T10:11:12ZZ", -1 },
		{ "2026-13-20T10:11:12Z", -1 },
		{ "2026-00-20T10:11:12Z", -1 },
		{ "2026-11-20T24:11:12Z", -1 },
		{ "2026-11-20T10:11:12+8:00", -1 },
		{ "-026-11-20T10:11:12Z", -1 },
		{ "2026-11-20T-1:11:12Z", -1 },
		{ "1795169472", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t ms = -1;
		bool read = aws_time_iso8601(str_of(rows[i].text), &ms);

		ok(read == (rows[i].ms >= 0) && ms == rows[i].ms, "ISO 8601 '%s'",
		    rows[i].text);
	}
}

static void
test_http_date(void)
{
	static const struct {
		const char *text;
		int64_t s;
	} rows[] = {
		{ "Fri, 20 Nov 2026 10:11:12 GMT", 1795169472 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Fri, 20 Nov 2026 10:11:12", -1 },
		{ "Fri, 20 Nox 2026 10:11:12 GMT", -1 },
		{ "Friday, 20-Nov-26 10:11:12 GMT", -1 },
		{ "20 Nov 2026 10:11:12 GMT", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t s = -1;
		bool read = aws_time_http_date(str_of(rows[i].text), &s);

		ok(read == (rows[i].s >= 0) && s == rows[i].s, "Date '%s'", rows[i].text);
	}
}

static void
test_endpoints(void)
{
	static const struct {
		const char *url, *origin, *host, *prefix; /* origin NULL: refused */
	} rows[] = {
		{ "https://ivs.example.org", "https://ivs.example.org", "ivs.example.org",
		    "" },
		{ "https://h:443/", "https://h:443", "h", "" },
		{ "http://h:80", "http://h:80", "h", "" },
		{ "http://h:443", "http://h:443", "h:443", "" },
		{ "http://127.0.0.1:4566/a/b//", "http://127.0.0.1:4566",
		    "127.0.0.1:4566", "/a/b" },
		{ "http://[::1]:8080", "http://[::1]:8080", "[::1]:8080", "" },
		{ "", NULL, NULL, NULL },
		{ "https://", NULL, NULL, NULL },
		{ "ftp://h", NULL, NULL, NULL },
		{ "h:80", NULL, NULL, NULL },
		{ "http://user:word@h", NULL, NULL, NULL },
		{ "http://h/?a", NULL, NULL, NULL },
		{ "http://h /", NULL, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct aws_endpoint e = { 0 };
		struct err err = ERR_INIT;
		bool read = aws_endpoint_parse(str_of(rows[i].url), &e, &err);

		ok(read == (rows[i].origin != NULL) && str_is(e.origin, rows[i].origin) &&
			str_is(e.host, rows[i].host) && str_is(e.prefix, rows[i].prefix),
		    "endpoint '%s'", rows[i].url);
	}
}

struct error_row {
	const char *name;
	int status;
	const char *type, *body;
	enum err_kind kind;
	enum ivs_fault fault;
	const char *needle; /* in the cause */
};

static const struct error_row error_rows[] = {
	{ "type from the header", 400, "ValidationException:http://x/",
	    "{\"exceptionMessage\":\"too long\"}", ERR_INPUT, IVS_FAULT_FINAL,
	    "400 ValidationException: too long (request id rid-1)" },
	{ "type from __type", 400, NULL, "{\"__type\":\"a.b#ThrottlingException\"}",
	    ERR_THROTTLED, IVS_FAULT_THROTTLED, "ThrottlingException: no text" },
	{ "type from code, text from Message", 404, NULL,
	    "{\"code\":\"ResourceNotFoundException,x\",\"Message\":\"gone\"}",
	    ERR_NOT_FOUND, IVS_FAULT_FINAL, "ResourceNotFoundException: gone" },
	{ "quota", 402, "ServiceQuotaExceededException", "{}", ERR_QUOTA, IVS_FAULT_FINAL,
	    "402" },
	{ "conflict", 409, "ConflictException", "{}", ERR_CONFLICT, IVS_FAULT_FINAL,
	    "409" },
	{ "no type, 429", 429, NULL, "", ERR_THROTTLED, IVS_FAULT_THROTTLED, "no type" },
	{ "no type, 503", 503, NULL, "<html>", ERR_UPSTREAM, IVS_FAULT_TRANSIENT, "503" },
	{ "no type, 403", 403, NULL, "<html>", ERR_DENIED, IVS_FAULT_FINAL, "403" },
	{ "no type, 418", 418, NULL, "", ERR_UPSTREAM, IVS_FAULT_FINAL, "418" },
	{ "unknown type, 500", 500, "NewException", "{}", ERR_UPSTREAM,
	    IVS_FAULT_TRANSIENT, "NewException" },
	{ "expired", 403, "ExpiredTokenException", "{}", ERR_DENIED, IVS_FAULT_EXPIRED,
	    "" },
	{ "signature", 403, "InvalidSignatureException", "{}", ERR_DENIED,
	    IVS_FAULT_CLOCK, "" },
	{ "text that repeats the session token", 403, "SignatureDoesNotMatch",
	    "{\"message\":\"x-amz-security-token:" SESSION "\"}", ERR_DENIED,
	    IVS_FAULT_CLOCK, "withheld" },
	{ "checking the account", 403, "PendingVerification", "{}", ERR_UNVERIFIED,
	    IVS_FAULT_FINAL, "403" },
	{ "not allowed", 403, "AccessDeniedException", "{}", ERR_DENIED, IVS_FAULT_FINAL,
	    "" },
	{ "too many requests", 429, "TooManyRequestsException", "{}", ERR_THROTTLED,
	    IVS_FAULT_THROTTLED, "" },
	{ "an unknown operation: the endpoint is wrong", 404, "UnknownOperationException",
	    "{}", ERR_CONFIG, IVS_FAULT_FINAL, "" },
	{ "CloudWatch: wrong value", 400, NULL,
	    "{\"__type\":\"com.amazonaws.cloudwatch#InvalidParameterValueException\"}",
	    ERR_INPUT, IVS_FAULT_FINAL, "" },
	{ "CloudWatch: its fault", 500, NULL, "{\"__type\":\"x#InternalServiceFault\"}",
	    ERR_UPSTREAM, IVS_FAULT_TRANSIENT, "" },
	{ "control characters in the text", 400, "ValidationException",
	    "{\"message\":\"a\\nb\"}", ERR_INPUT, IVS_FAULT_FINAL, "a?b" },
};

static void
test_error(const struct error_row *row)
{
	const struct sigv4_creds creds = { STR("AKIDOFTHETEST"), STR(SECRET),
		STR(SESSION) };
	struct http_response answer = {
		.status = row->status,
		.headers = {
		    { STR("x-amzn-requestid"), STR("rid-1") },
		    { STR("date"), STR("Fri, 20 Nov 2026 10:11:12 GMT") },
		    { STR("x-amz-retry-after"), STR("1500") },
		    { STR("x-amzn-errortype"), str_of(row->type) },
		},
		.n_headers = row->type != NULL ? 4 : 3,
		.body = str_of(row->body),
	};
	struct ivs_failure failure;
	struct err err = ERR_INIT;

	ok(!ivs_error_read(&arena, &answer, &creds, &failure, &err) &&
		err.kind == row->kind && err.source == ERR_FROM_AWS,
	    "error: %s: kind", row->name);
	is_text(err.request_id, "rid-1", "error: request id");
	ok(!failure.not_publishing, "error: %s: not about publishing", row->name);
	ok(failure.fault == row->fault, "error: %s: worth another try", row->name);
	ok(failure.server_wait_ms == 1500 && failure.server_time_s == 1795169472,
	    "error: %s: hints of the server", row->name);
	ok(strstr(err.cause, row->needle) != NULL && strstr(err.cause, SESSION) == NULL,
	    "error: %s: cause", row->name);
}

/* A Date is AWS' time unless a cache kept the answer. */
static void
test_date(void)
{
	const struct http_header date = { STR("date"),
		STR("Fri, 20 Nov 2026 10:11:12 GMT") };
	struct http_response answer = { .n_headers = 0 };

	is_int(ivs_error_date_s(&answer), -1, "date: absent");
	answer.headers[answer.n_headers++] = date;
	is_int(ivs_error_date_s(&answer), 1795169472, "date: as the answer has it");
	answer.headers[answer.n_headers++] = (struct http_header){ STR("age"), STR("0") };
	is_int(ivs_error_date_s(&answer), -1, "date: not of an answer with an Age");
	answer.headers[0].value = STR("tomorrow");
	answer.n_headers = 1;
	is_int(ivs_error_date_s(&answer), -1, "date: not what is none");
}

static void
test_retry_after(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "0", 0 },
		{ "60000", 60000 },
		{ "86400000", 60000 },
		{ "9223372036854775807", 60000 },
		{ "-5", -1 },
		{ "soon", -1 },
		{ "", -1 },
	};
	static const struct sigv4_creds creds;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct http_response answer = { .status = 503,
			.headers = { { STR("x-amz-retry-after"), str_of(rows[i].text) } },
			.n_headers = 1,
			.body = STR("") };
		struct ivs_failure failure;
		struct err err = ERR_INIT;

		(void)ivs_error_read(&arena, &answer, &creds, &failure, &err);
		ok(failure.server_wait_ms == rows[i].ms, "x-amz-retry-after '%s'",
		    rows[i].text);
	}
}

static void
test_not_publishing(void)
{
	static const struct {
		const char *body;
		bool says;
	} rows[] = {
		{ "{\"exceptionMessage\":\"aBc123 is not publishing\"}", true },
		{ "{\"message\":\"aBc123 is not publishing.\"}", true },
		{ "{\"message\":\"a b is not publishing \"}", true },
		{ "{\"message\":\"is not publishing to that stage\"}", false },
		{ "{\"message\":\"already replicated\"}", false },
		{ "is not publishing", false },
		{ "", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct http_response answer = { .status = 409,
			.body = str_of(rows[i].body) };
		const struct sigv4_creds creds = { 0 };
		struct ivs_failure failure;
		struct err err = ERR_INIT;

		ivs_error_read(&arena, &answer, &creds, &failure, &err);
		ok(failure.not_publishing == rows[i].says, "not publishing: %s",
		    rows[i].body);
	}
}

static void
test_request_id(void)
{
	static const struct {
		const char *sent, *kept;
	} rows[] = {
		{ "0b7c6f60-7d5e-4d0b-9b39-2b1f5a3d9f11",
		    "0b7c6f60-7d5e-4d0b-9b39-2b1f5a3d9f11" },
		{ "a<b>\"c\";d", "abcd" }, { "", "" },
		{ "0123456789", "0123456" }, /* into eight bytes */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct http_response answer = {
			.headers = { { STR("x-amzn-requestid"), str_of(rows[i].sent) } },
			.n_headers = 1,
		};
		char id[64];

		ivs_error_request_id(&answer, id, i == 3 ? 8 : sizeof(id));
		is_text(id, rows[i].kept, "request id");
	}
}

static void
test_forms(void)
{
	static const struct {
		bool (*check)(struct str s, struct err *err);
		const char *good[5], *bad[8];
	} rows[] = {
		{ ivs_check_stage_arn,
		    { "arn:aws:ivs:eu-west-1:123456789012:stage/aB-9" },
		    { "", "stage/aB", "arn:aws:ivs:eu-west-1:123456789012:stage/",
			"arn:aws:ivs:eu-west-1:123456789012:public-key/a",
			"arn:aws:ivs:eu-west-1:123456789012:stage/a b" } },
		{ ivs_check_key_arn,
		    { "arn:aws:ivs:eu-west-1:123456789012:public-key/a-b" },
		    { "", "arn:aws:ivs:eu-west-1:123456789012:stage/a" } },
		{ ivs_check_name, { "", "a", "A-b_9" }, { "a b", "a.b", "ä", "a\n" } },
		{ ivs_check_participant, { "p", "aBc-9_" }, { "", "p 1", "p/1" } },
		{ ivs_check_session, { "st-AbCdEfGhIjKlM" },
		    { "", "st-AbCdEfGhIjKl", "st-AbCdEfGhIjKlMn", "xx-AbCdEfGhIjKlM",
			"st-AbCdEfGhIj-lM" } },
		{ ivs_check_tag_key, { "a", "a b", "Awsome", "ü" },
		    { "", "aws:a", "AWS:a", "\xff" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (const char *const *s = rows[i].good; *s != NULL; s++) {
			struct err err = ERR_INIT;

			ok(rows[i].check(str_of(*s), &err), "form %zu takes '%s'", i, *s);
		}
		for (const char *const *s = rows[i].bad; *s != NULL; s++) {
			struct err err = ERR_INIT;

			ok(!rows[i].check(str_of(*s), &err) && err.kind == ERR_INPUT &&
				err.source == ERR_FROM_AWS,
			    "form %zu refuses value %d", i, (int)(s - rows[i].bad));
		}
	}
}

int
main(void)
{
	if (!arena_init(&arena, ARENA_DEFAULT_BYTES))
		return 1;
	test_iso8601();
	test_http_date();
	test_endpoints();
	for (size_t i = 0; i < sizeof(error_rows) / sizeof(*error_rows); i++)
		test_error(&error_rows[i]);
	test_date();
	test_retry_after();
	test_not_publishing();
	test_request_id();
	test_forms();
	arena_clear(&arena);
	return done();
}
