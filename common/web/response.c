#include "web/response.h"

#include "base/clock.h"
#include "base/parse.h"
#include "base/banned.h"

#define HEAD_MAX_BYTES 4096
#define PREFLIGHT_MAX_AGE_S 600

struct error_form {
	int status;
	const char *code;
	enum msg text;
	int64_t retry_after_s;
};

/* Error kinds as the contract names them (docs/openapi.yaml). */
static const struct error_form kinds[ERR_KIND_COUNT] = {
	[ERR_NONE] = { 500, "INTERNAL_ERROR", MSG_INTERNAL, 0 },
	[ERR_INPUT] = { 400, "VALIDATION_ERROR", MSG_BAD_REQUEST, 0 },
	[ERR_AUTH] = { 401, "UNAUTHORIZED", MSG_UNAUTHORIZED, 0 },
	[ERR_FORBIDDEN] = { 403, "FORBIDDEN", MSG_FORBIDDEN, 0 },
	[ERR_NOT_FOUND] = { 404, "NOT_FOUND", MSG_NOT_FOUND, 0 },
	[ERR_METHOD] = { 405, "METHOD_NOT_ALLOWED", MSG_METHOD_NOT_ALLOWED, 0 },
	[ERR_CONFLICT] = { 409, "CONFLICT", MSG_CONFLICT, 0 },
	[ERR_TOO_BIG] = { 413, "PAYLOAD_TOO_LARGE", MSG_TOO_LARGE, 0 },
	[ERR_RATE] = { 429, "RATE_LIMIT_EXCEEDED", MSG_RATE_LIMITED, 1 },
	[ERR_FULL] = { 503, "STAGE_FULL", MSG_STAGE_FULL, 5 },
	[ERR_STAGES] = { 503, "STAGE_LIMIT_REACHED", MSG_STAGE_LIMIT, 30 },
	[ERR_TOKEN] = { 500, "TOKEN_GENERATION_FAILED", MSG_TOKEN_FAILED, 0 },
	[ERR_AWS_AWAY] = { 503, "AWS_UNAVAILABLE", MSG_AWS_AWAY, 1 },
	[ERR_UPGRADE] = { 426, "UPGRADE_REQUIRED", MSG_UPGRADE, 0 },
	[ERR_KEY_REUSED] = { 422, "IDEMPOTENCY_KEY_REUSED", MSG_KEY_REUSED, 0 },
	[ERR_THROTTLED] = { 503, "AWS_THROTTLED", MSG_AWS_THROTTLED, 1 },
	[ERR_QUOTA] = { 503, "AWS_QUOTA_EXCEEDED", MSG_AWS_QUOTA, 60 },
	[ERR_DENIED] = { 503, "AWS_ACCESS_DENIED", MSG_AWS_DENIED, 60 },
	[ERR_UNVERIFIED] = { 503, "AWS_PENDING_VERIFICATION", MSG_AWS_UNVERIFIED, 60 },
	[ERR_LOCK_LOST] = { 503, "SERVICE_UNAVAILABLE", MSG_UNAVAILABLE, 1 },
	[ERR_UPSTREAM] = { 503, "SERVICE_UNAVAILABLE", MSG_UNAVAILABLE, 1 },
	[ERR_UNCERTAIN] = { 503, "SERVICE_UNAVAILABLE", MSG_UNAVAILABLE, 1 },
	[ERR_SCHEMA] = { 503, "SERVICE_UNAVAILABLE", MSG_UNAVAILABLE, 1 },
	[ERR_CONFIG] = { 500, "INTERNAL_ERROR", MSG_INTERNAL, 0 },
	[ERR_BUG] = { 500, "INTERNAL_ERROR", MSG_INTERNAL, 0 },
};

/* What a web server gives up by itself; deploy/errors has the same for a day without us. */
static const struct {
	int status; /* of the web server */
	struct error_form form;
} pages[] = {
	{ 400, { 400, "VALIDATION_ERROR", MSG_WEB_BAD_HTTP, 0 } },
	{ 403, { 403, "FORBIDDEN", MSG_WEB_REFUSED, 0 } },
	{ 404, { 404, "NOT_FOUND", MSG_NO_ROUTE, 0 } },
	{ 405, { 405, "METHOD_NOT_ALLOWED", MSG_WEB_METHOD, 0 } },
	{ 408, { 408, "VALIDATION_ERROR", MSG_WEB_SLOW_REQUEST, 0 } },
	{ 411, { 411, "VALIDATION_ERROR", MSG_WEB_LENGTH, 0 } },
	{ 413, { 413, "PAYLOAD_TOO_LARGE", MSG_TOO_LARGE, 0 } },
	{ 414, { 414, "VALIDATION_ERROR", MSG_WEB_LONG_LINE, 0 } },
	{ 417, { 417, "VALIDATION_ERROR", MSG_WEB_EXPECT, 0 } },
	{ 431, { 431, "VALIDATION_ERROR", MSG_WEB_LONG_HEADERS, 0 } },
	{ 501, { 501, "VALIDATION_ERROR", MSG_WEB_METHOD, 0 } },
	{ 504, { 504, "SERVICE_UNAVAILABLE", MSG_WEB_LATE_PROGRAM, 1 } },
	/* any other one from 400 on, from 500 on */
	{ 0, { 400, "VALIDATION_ERROR", MSG_WEB_BAD_HTTP, 0 } },
	{ 0, { 503, "SERVICE_UNAVAILABLE", MSG_WEB_NO_PROGRAM, 1 } },
};

/* Retry-After where it is not that of the kind. */
static const struct {
	enum msg text;
	int64_t retry_after_s;
} waits[] = {
	{ MSG_PUBLISHER_OFFLINE, 5 },
	{ MSG_IN_PROGRESS, 1 },
	{ MSG_AWS_NO_MASTER, 60 },
};

void
resp_ok(struct resp *rs, json_t *data)
{
	resp_message(rs, data, MSG_NONE);
}

void
resp_message(struct resp *rs, json_t *data, enum msg message)
{
	rs->status = 200;
	rs->data = data;
	rs->message = message;
}

void
resp_created(struct resp *rs, json_t *data)
{
	resp_ok(rs, data);
	rs->status = 201;
}

void
resp_text(struct resp *rs, struct str text, const char *content_type)
{
	rs->status = 200;
	rs->text = text;
	rs->text_type = content_type;
}

bool
resp_error_page(struct resp *rs, int64_t status, struct err *err)
{
	const size_t n = sizeof(pages) / sizeof(*pages);
	size_t i;

	rs->page = &pages[status < 500 ? n - 2 : n - 1].form;
	for (i = 0; i < n; i++)
		if (pages[i].status == status)
			rs->page = &pages[i].form;
	return err_tell(err, status == 413 ? ERR_TOO_BIG : ERR_UPSTREAM, rs->page->text,
	    "the web server gave the request up with status %d", (int)status);
}

static const struct error_form *
form_of(const struct resp *rs, const struct err *err)
{
	return rs->page != NULL ? rs->page : &kinds[err->kind];
}

/* "GET, HEAD, POST, OPTIONS" of a set of methods. */
static void
method_names(unsigned methods, struct buf *out)
{
	static const struct {
		unsigned bit;
		const char *names;
	} names[] = {
		{ METHOD_GET, "GET, HEAD, " },
		{ METHOD_POST, "POST, " },
		{ METHOD_PUT, "PUT, " },
		{ METHOD_DELETE, "DELETE, " },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (methods & names[i].bit)
			buf_cstr(out, names[i].names);
	buf_cstr(out, "OPTIONS");
}

/* The origin to allow, or the empty view. One that the list names goes before its `*`. */
static struct str
allowed_origin(const struct req *rq)
{
	struct str list = rq->cfg->cors_origins, one, found = STR_NULL;

	if (rq->origin.n == 0)
		return STR_NULL;
	while (list.n > 0) {
		one = str_trim(str_cut(&list, ','));
		if (str_is(one, "*"))
			found = STR("*");
		else if (one.n > 0 && str_ieq(one, rq->origin))
			return rq->origin;
	}
	return found;
}

static void
write_cors(const struct resp *rs, const struct req *rq, struct buf *out)
{
	struct str origin = allowed_origin(rq);

	if (rq->cfg->cors_origins.n > 0 && !str_is(rq->cfg->cors_origins, "*"))
		buf_cstr(out, "Vary: Origin\r\n");
	if (origin.n == 0)
		return;
	buf_printf(out, "Access-Control-Allow-Origin: %.*s\r\n", STR_ARG(origin));
	/* navigator.sendBeacon always calls with credentials. We take no cookie, so nothing is
	 * opened by it; a browser accepts it for a named origin only. */
	if (!str_is(origin, "*"))
		buf_cstr(out, "Access-Control-Allow-Credentials: true\r\n");
	if (!rs->preflight) {
		buf_cstr(out,
		    "Access-Control-Expose-Headers: X-Request-Id, Retry-After, "
		    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset\r\n");
		return;
	}
	buf_cstr(out, "Access-Control-Allow-Methods: ");
	method_names(rs->allow, out);
	buf_printf(out,
	    "\r\nAccess-Control-Allow-Headers: Content-Type, X-Api-Key, "
	    "X-Internal-Secret, Authorization, X-Request-Id, Idempotency-Key\r\n"
	    "Access-Control-Max-Age: %d\r\n",
	    PREFLIGHT_MAX_AGE_S);
}

enum msg
resp_error_text(const struct err *err)
{
	enum msg text = err_message(err);

	return text != MSG_NONE ? text : kinds[err->kind].text;
}

const char *
resp_error_reason(const struct err *err)
{
	return message_reason(resp_error_text(err));
}

static int64_t
retry_after(const struct resp *rs, const struct err *err)
{
	size_t i;

	if (rs->retry_after_s > 0)
		return rs->retry_after_s;
	for (i = 0; i < sizeof(waits) / sizeof(*waits); i++)
		if (waits[i].text == err->tell)
			return waits[i].retry_after_s;
	return form_of(rs, err)->retry_after_s;
}

static void
write_number(const char *name, int64_t value, struct buf *out)
{
	buf_cstr(out, name);
	buf_int(out, value);
	buf_cstr(out, "\r\n");
}

static void
write_headers(const struct resp *rs, const struct req *rq, const struct err *err,
    size_t body_bytes, struct buf *out)
{
	write_number("Status: ", rs->status, out);
	if (!rs->preflight) {
		buf_cstr(out, "Content-Type: ");
		buf_cstr(out, err == NULL && rs->text_type != NULL
				  ? rs->text_type
				  : "application/json; charset=utf-8");
		buf_cstr(out, "\r\n");
		write_number("Content-Length: ", (int64_t)body_bytes, out);
	}
	buf_cstr(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
		      "X-Request-Id: ");
	buf_str(out, rq->rid);
	buf_cstr(out, "\r\n");
	if (rs->allow != 0) {
		buf_cstr(out, "Allow: ");
		method_names(rs->allow, out);
		buf_cstr(out, "\r\n");
	}
	/* RFC 9110, 15.5.22: the answer must name the protocol. */
	if (rs->status == 426)
		buf_cstr(out, "Upgrade: websocket\r\n");
	if (rs->rate_limit > 0) {
		write_number("RateLimit-Limit: ", rs->rate_limit, out);
		write_number("RateLimit-Remaining: ", 0, out);
		write_number("RateLimit-Reset: ", (rs->rate_reset_ms + 999) / 1000, out);
	}
	if (err != NULL && retry_after(rs, err) > 0)
		write_number("Retry-After: ", retry_after(rs, err), out);
	write_cors(rs, rq, out);
	buf_cstr(out, "\r\n");
}

/* Whoever set it: only what a request id is made of goes out. */
static json_t *
request_id_json(struct arena *a, const char *id)
{
	struct buf b;

	buf_init(&b, a, sizeof(((struct err *)0)->request_id));
	for (; *id != '\0'; id++)
		if (parse_word((struct str){ id, 1 }, "-", 1))
			buf_char(&b, *id);
	return json_str(buf_ok(&b) ? buf_view(&b) : STR(""));
}

/* Which engine failed and, where the text has no word of its own for it, why; of AWS also which call. */
static void
add_dependency(json_t *d, const struct err *err)
{
	json_object_set_new(d, "dependency", json_string(err_source_name(err->source)));
	if (err->operation != NULL)
		json_object_set_new(d, "operation", json_string(err->operation));
	if (err->reason != NULL && json_object_get(d, "reason") == NULL)
		json_object_set_new(d, "reason", json_string(err->reason));
}

/* What the client may know beside code and message. */
static json_t *
error_details(const struct resp *rs, struct req *rq, const struct err *err)
{
	const char *reason = resp_error_reason(err);
	json_t *d = rs->details;

	if (d == NULL)
		d = err->kind == ERR_INPUT ? req_problems(rq) : json_object();
	if (err->kind == ERR_TOO_BIG)
		json_object_set_new(d, "maxBytes", json_integer(rq->cfg->max_body_bytes));
	if (reason != NULL)
		json_object_set_new(d, "reason", json_string(reason));
	if (err->source != ERR_FROM_NONE &&
	    (form_of(rs, err)->status >= 503 || rq->cfg->environment == ENV_DEVELOPMENT))
		add_dependency(d, err);
	if (err->source == ERR_FROM_AWS && err->request_id[0] != '\0')
		json_object_set_new(
		    d, "awsRequestId", request_id_json(rq->arena, err->request_id));
	if (rq->cfg->environment == ENV_DEVELOPMENT && form_of(rs, err)->status >= 500)
		json_object_set_new(d, "cause",
		    json_str(parse_clean_text(
			rq->arena, str_of(err->cause), sizeof(err->cause))));
	return json_object_size(d) > 0 ? d : NULL;
}

static json_t *
error_envelope(struct resp *rs, struct req *rq, const struct err *err)
{
	json_t *e, *details = error_details(rs, rq, err);

	e = json_pack("{s:s, s:s}", "code", form_of(rs, err)->code, "message",
	    message(resp_error_text(err), rq->lang));
	if (details != NULL)
		json_object_set_new(e, "details", details);
	return json_pack("{s:b, s:o}", "success", 0, "error", e);
}

static json_t *
success_envelope(struct resp *rs, struct req *rq)
{
	json_t *root = json_pack("{s:b, s:o}", "success", 1, "data",
	    rs->data != NULL ? rs->data : json_object());

	if (rs->message != MSG_NONE)
		json_object_set_new(
		    root, "message", json_string(message(rs->message, rq->lang)));
	return root;
}

static struct str
envelope(struct resp *rs, struct req *rq, const struct err *err)
{
	json_t *root =
	    err != NULL ? error_envelope(rs, rq, err) : success_envelope(rs, rq);

	json_object_set_new(root, "timestamp", json_time(clock_now_ms()));
	return json_text(rq->arena, root);
}

int
resp_write(struct resp *rs, struct req *rq, const struct err *err, struct buf *out,
    size_t *ret_body_bytes)
{
	struct str body = STR("");

	if (rs->preflight)
		rs->status = 204;
	else if (err != NULL)
		rs->status = form_of(rs, err)->status;
	if (!rs->preflight)
		body = err == NULL && rs->text_type != NULL ? rs->text
							    : envelope(rs, rq, err);
	buf_init(out, rq->arena, HEAD_MAX_BYTES + body.n);
	write_headers(rs, rq, err, body.n, out);
	if (!rq->head)
		buf_str(out, body);
	*ret_body_bytes = rq->head ? 0 : body.n;
	INVARIANT(buf_ok(out));
	return rs->status;
}
