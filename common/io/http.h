/*
 * http.h - outgoing HTTP calls.                                   layer: io
 *
 * libcurl, one handle, its connection kept between calls. No redirects, no
 * proxies from the environment (a request header "Proxy" must not steer us),
 * connect and total deadlines, a cap on the answer. SIGPIPE must be ignored: OpenSSL
 * writes to sockets without asking the system not to raise it.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/err.h"
#include "base/str.h"

#define HTTP_HEADERS_MAX 16
#define HTTP_CONNECT_MS 2000
#define HTTP_TOTAL_MS 5000
#define HTTP_ANSWER_MAX_BYTES (1u << 20)

struct http_header {
	struct str name, value;
};

struct http_request {
	const char *method;
	struct str url;
	struct http_header headers[HTTP_HEADERS_MAX]; /* Host included as signed */
	size_t n_headers;
	struct str body;
	int64_t connect_ms, total_ms; /* 0: the defaults above */
	size_t answer_max_bytes;      /* 0: the default above */
	bool once;		      /* must never be sent twice: new connection */
};

/* What came back, copied into the arena. Header names in lower case. */
struct http_response {
	int status;
	struct http_header headers[HTTP_HEADERS_MAX * 2];
	size_t n_headers;
	struct str body;
};

struct http;

struct http *http_open(void);
void http_close(struct http *h);

/*
 * ERR_UPSTREAM (from AWS): could not connect, nothing was sent.
 * ERR_UNCERTAIN: sent, no whole answer came. Any HTTP status is success here.
 */
bool http_do(struct http *h, struct arena *a, const struct http_request *rq,
    struct http_response *ret, struct err *err);
struct str http_header_value(const struct http_response *r, const char *lower_name);

#endif
