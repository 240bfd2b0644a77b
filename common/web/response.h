/*
 * response.h - the one envelope, and errors as clients see them.  layer: web
 *
 * Success: {"success":true,"data":{...},"message"?,"timestamp"}.
 * Failure: {"success":false,"error":{"code","message","details"?},"timestamp"}.
 * Only this module writes them (and the one answer that is plain text, resp_text); the table from error kind to code and status is here
 * and nowhere else. Each response carries X-Request-Id, Cache-Control: no-store,
 * X-Content-Type-Options: nosniff, and the CORS headers its origin may have.
 */
#ifndef WEB_RESPONSE_H
#define WEB_RESPONSE_H

#include "web/request.h"

struct resp {
	int status;
	json_t *data;			   /* success */
	enum msg message;		   /* success: MSG_NONE = no message */
	struct str text;		   /* success: sent instead of the envelope */
	const char *text_type;		   /* its content type; NULL: the envelope */
	json_t *details;		   /* failure; also sent without development */
	int64_t retry_after_s;		   /* 0: that of the error, if it has one */
	int64_t rate_limit, rate_reset_ms; /* of a 429 */
	unsigned allow;			   /* methods, for Allow */
	bool preflight;			   /* answer of OPTIONS: 204, no body */
	const struct error_form *page; /* failure: instead of that of the error's kind */
};

/* The answer of a handler; data becomes the response's. */
void resp_ok(struct resp *rs, json_t *data);
void resp_created(struct resp *rs, json_t *data); /* 201 */
void resp_message(struct resp *rs, json_t *data, enum msg message);
/*
 * The error page of a web server that gave up a request with this status (400-599): that a program
 * gave no answer is told as 503 with Retry-After. Sets the error; returns false.
 */
bool resp_error_page(struct resp *rs, int64_t status, struct err *err);
/* Text as it is, without envelope. Borrows both until the answer is written. */
void resp_text(struct resp *rs, struct str text, const char *content_type);

/* What a client is told of an error: the text, and details.reason (NULL: it has none). */
enum msg resp_error_text(const struct err *err);
const char *resp_error_reason(const struct err *err);

/*
 * The whole CGI response (status line, headers, body; no body for HEAD) appended to
 * out. err: NULL for success. Returns the HTTP status and the body's length.
 */
int resp_write(struct resp *rs, struct req *rq, const struct err *err, struct buf *out,
    size_t *ret_body_bytes);

#endif
