#include "io/http.h"

#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "base/crypto.h"
#include "base/banned.h"

#define HEADER_LINE_MAX_BYTES 16384
#define HEADERS_MAX_BYTES 65536

struct http {
	CURL *curl; /* NULL until the first call */
	char why[CURL_ERROR_SIZE];
};

/* One call under way. */
struct transfer {
	struct http *h;
	struct arena *arena;
	const struct http_request *rq;
	struct http_response *answer;
	struct buf body;
	size_t header_bytes;
	bool too_big;
	struct curl_slist *headers;
};

struct http *
http_open(void)
{
	return calloc(1, sizeof(struct http));
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	if (h->curl != NULL) {
		curl_easy_cleanup(h->curl);
		curl_global_cleanup();
	}
	free(h);
}

/* libcurl counts its own initialisations, so each handle may bring one. */
static bool
handle_ready(struct http *h, struct err *err)
{
	if (h->curl != NULL)
		return true;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_from(err, ERR_FROM_AWS, ERR_UPSTREAM,
		    "nothing was sent: libcurl cannot be initialised");
	h->curl = curl_easy_init();
	if (h->curl == NULL) {
		curl_global_cleanup();
		return err_from(err, ERR_FROM_AWS, ERR_UPSTREAM,
		    "nothing was sent: no memory for libcurl");
	}
	return true;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	buf_add(&t->body, p, size * n);
	t->too_big = t->body.overflow;
	return t->too_big ? 0 : size * n;
}

static void
header_keep(struct transfer *t, struct str line)
{
	struct http_response *r = t->answer;
	struct str value = line, name = str_cut(&value, ':');
	char *low;

	if (name.n == line.n || r->n_headers == sizeof(r->headers) / sizeof(*r->headers))
		return;
	low = arena_strndup(t->arena, name.p, name.n);
	for (size_t i = 0; i < name.n; i++)
		if (low[i] >= 'A' && low[i] <= 'Z')
			low[i] += 'a' - 'A';
	r->headers[r->n_headers].name = (struct str){ low, name.n };
	r->headers[r->n_headers++].value = str_dup(t->arena, str_trim(value));
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str line = { p, size * n };

	t->header_bytes += line.n;
	if (t->header_bytes > HEADERS_MAX_BYTES) {
		t->too_big = true;
		return 0;
	}
	if (str_starts(line, STR("HTTP/")))
		t->answer->n_headers = 0; /* what came before was a 1xx */
	while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	header_keep(t, line);
	return size * n;
}

static bool
header_add(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer == NULL)
		return false;
	t->headers = longer;
	return true;
}

/* libcurl sends a header without a value only when it is written "Name;". */
static bool
header_send(struct transfer *t, const struct http_header *h)
{
	char line[HEADER_LINE_MAX_BYTES];
	bool fits, ok;
	int n;

	if (h->value.n == 0)
		n = snprintf(line, sizeof(line), "%.*s;", STR_ARG(h->name));
	else
		n = snprintf(line, sizeof(line), "%.*s: %.*s", STR_ARG(h->name),
		    STR_ARG(h->value));
	fits = n > 0 && (size_t)n < sizeof(line) && strpbrk(line, "\r\n") == NULL;
	ok = fits && header_add(t, line);
	crypto_wipe(line, sizeof(line));
	return ok;
}

/* What libcurl would add of its own accord goes unsigned: keep it away. */
static bool
headers_send(struct transfer *t)
{
	static const char *const unwanted[] = { "Expect:", "Accept:", "Content-Type:" };
	bool typed = false;

	for (size_t i = 0; i < t->rq->n_headers; i++) {
		if (!header_send(t, &t->rq->headers[i]))
			return false;
		if (str_ieq(t->rq->headers[i].name, STR("content-type")))
			typed = true;
	}
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(*unwanted) - typed; i++)
		if (!header_add(t, unwanted[i]))
			return false;
	return true;
}

static void
headers_free(struct transfer *t)
{
	for (struct curl_slist *s = t->headers; s != NULL; s = s->next)
		crypto_wipe(s->data, strlen(s->data)); /* Authorization among them */
	curl_slist_free_all(t->headers);
	t->headers = NULL;
}

static bool
set_rules(CURL *c, const struct http_request *rq)
{
	/* in HTTP/2 there is no Host header: what we signed would be rewritten */
	const long version = CURL_HTTP_VERSION_1_1;
	long total = rq->total_ms > 0 ? (long)rq->total_ms : HTTP_TOTAL_MS;
	long connect = rq->connect_ms > 0 ? (long)rq->connect_ms : HTTP_CONNECT_MS;

	return curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HTTP_VERSION, version) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
	       /* on a kept connection that dies unanswered libcurl sends once more */
	       curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, (long)rq->once) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, connect) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, total) == CURLE_OK;
}

static bool
set_content(CURL *c, struct transfer *t, const char *url)
{
	const struct http_request *rq = t->rq;

	if (rq->body.n > 0 || strcmp(rq->method, "POST") == 0) {
		curl_off_t n = (curl_off_t)rq->body.n;
		const char *body = rq->body.n > 0 ? rq->body.p : "";

		if (curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, n) != CURLE_OK ||
		    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body) != CURLE_OK)
			return false;
	}
	return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, rq->method) == CURLE_OK &&
	       headers_send(t) &&
	       curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
}

static bool
set_sinks(CURL *c, struct transfer *t)
{
	return curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->h->why) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERDATA, t) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK;
}

/* Not one byte of the request left: only then is it sure that nothing was done. */
static bool
nothing_sent(CURL *c)
{
	long sent = 0;

	return curl_easy_getinfo(c, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK &&
	       sent == 0;
}

static bool
report(const struct transfer *t, CURLcode rc, struct err *err)
{
	const char *why = t->h->why[0] != '\0' ? t->h->why : curl_easy_strerror(rc);

	if (t->too_big)
		return err_from(err, ERR_FROM_AWS, ERR_UNCERTAIN,
		    "the answer is larger than %zu bytes (headers: %d)", t->body.max,
		    HEADERS_MAX_BYTES);
	if (nothing_sent(t->h->curl))
		return err_from(
		    err, ERR_FROM_AWS, ERR_UPSTREAM, "nothing was sent: %s", why);
	return err_from(err, ERR_FROM_AWS, ERR_UNCERTAIN,
	    "the request was sent, no whole answer came: %s", why);
}

static bool
perform(struct transfer *t, struct err *err)
{
	CURL *c = t->h->curl;
	long status = 0;
	CURLcode rc = curl_easy_perform(c);

	if (rc != CURLE_OK)
		return report(t, rc, err);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	t->answer->status = (int)status;
	t->answer->body = buf_view(&t->body);
	return true;
}

/* curl_easy_reset keeps the connection and forgets our pointers. */
bool
http_do(struct http *h, struct arena *a, const struct http_request *rq,
    struct http_response *ret, struct err *err)
{
	size_t max = rq->answer_max_bytes ? rq->answer_max_bytes : HTTP_ANSWER_MAX_BYTES;
	struct http_response answer = { 0 };
	struct transfer t = { .h = h, .arena = a, .rq = rq, .answer = &answer };
	struct str url = str_dup(a, rq->url);
	bool ok;

	INVARIANT(rq->n_headers <= HTTP_HEADERS_MAX);
	if (!handle_ready(h, err))
		return false;
	h->why[0] = '\0';
	buf_init(&t.body, a, max);
	if (!set_rules(h->curl, rq) || !set_content(h->curl, &t, url.p) ||
	    !set_sinks(h->curl, &t))
		ok = err_from(err, ERR_FROM_AWS, ERR_UPSTREAM,
		    "nothing was sent: libcurl has no memory for the request to '%.*s', or "
		    "does not take it",
		    STR_ARG(url));
	else
		ok = perform(&t, err);
	curl_easy_reset(h->curl);
	headers_free(&t);
	if (ok)
		*ret = answer;
	return ok;
}

struct str
http_header_value(const struct http_response *r, const char *lower_name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (str_is(r->headers[i].name, lower_name))
			return r->headers[i].value;
	return STR_NULL;
}
