#include "aws/aws_send.h"

#include "base/banned.h"

/* Source: the service models; for CloudWatch its AWS JSON 1.0 protocol. */
static const struct {
	const char *host; /* + ".<region>.amazonaws.com" */
	const char *signing_name;
	const char *content_type;
	const char *target; /* X-Amz-Target, + the operation; NULL: the path names it */
} services[AWS_SERVICE_COUNT] = {
	[AWS_IVS] = { "ivsrealtime", "ivs", "application/json", NULL },
	[AWS_CLOUDWATCH] = { "monitoring", "monitoring", "application/x-amz-json-1.0",
	    "GraniteServiceVersion20100801." },
};

bool
aws_endpoint_of(const struct config *cfg, struct arena *a, enum aws_service service,
    struct aws_endpoint *ret, struct err *err)
{
	struct str url = service == AWS_IVS ? cfg->aws_endpoint_url_ivs_realtime
					    : cfg->aws_endpoint_url_cloudwatch;

	if (url.n == 0)
		url = cfg->aws_endpoint_url;
	if (url.n == 0 || cfg->aws_ignore_configured_endpoint_urls)
		url = str_printf(a, "https://%s.%.*s.amazonaws.com",
		    services[service].host, STR_ARG(cfg->aws_region));
	return aws_endpoint_parse(url, ret, err);
}

struct headers {
	struct sigv4_header v[3];
	size_t n;
};

static void
headers_to_sign(struct arena *a, const struct aws_request *rq, struct headers *ret)
{
	const char *target = services[rq->service].target;

	ret->n = 0;
	if (!rq->no_body)
		ret->v[ret->n++] = (struct sigv4_header){ STR("content-type"),
			str_of(services[rq->service].content_type) };
	ret->v[ret->n++] = (struct sigv4_header){ STR("host"), rq->endpoint.host };
	if (target != NULL)
		ret->v[ret->n++] = (struct sigv4_header){ STR("x-amz-target"),
			str_printf(a, "%s%s", target, rq->operation) };
}

static void
add_header(struct http_request *rq, struct str name, struct str value)
{
	INVARIANT(rq->n_headers < HTTP_HEADERS_MAX);
	rq->headers[rq->n_headers++] = (struct http_header){ name, value };
}

/* Sign, and put the same headers on the wire. */
static void
sign(struct arena *a, const struct aws_request *rq, const struct sigv4_creds *creds,
    struct str path, int64_t unix_s, struct http_request *out)
{
	struct sigv4_request what = {
		.method = str_of(rq->method),
		.path = path,
		.query = rq->query,
		.body = rq->body,
		.region = rq->cfg->aws_region,
		.service = str_of(services[rq->service].signing_name),
		.unix_s = unix_s,
	};
	struct sigv4_result by;
	struct headers h;

	headers_to_sign(a, rq, &h);
	what.headers = h.v;
	what.n_headers = h.n;
	sigv4_sign(a, &what, creds, &by);
	for (size_t i = 0; i < h.n; i++)
		add_header(out, h.v[i].name, h.v[i].value);
	add_header(out, STR("x-amz-date"), by.amz_date);
	if (creds->session_token.n != 0)
		add_header(out, STR("x-amz-security-token"), creds->session_token);
	add_header(out, STR("authorization"), by.authorization);
}

static struct str
path_of(struct arena *a, const struct aws_request *rq)
{
	struct str path = rq->path;

	if (path.n == 0 && services[rq->service].target != NULL)
		path = STR("/");
	if (path.n == 0)
		path = str_printf(a, "/%s", rq->operation);
	return str_printf(a, "%.*s%.*s", STR_ARG(rq->endpoint.prefix), STR_ARG(path));
}

bool
aws_send(struct http *h, struct arena *a, const struct aws_request *rq,
    const struct sigv4_creds *creds, int64_t unix_s, int64_t total_ms,
    struct http_response *ret, struct err *err)
{
	struct str path = path_of(a, rq);
	struct http_request out = {
		.method = rq->method,
		.body = rq->body,
		.url = str_printf(a, "%.*s%.*s%s%.*s", STR_ARG(rq->endpoint.origin),
		    STR_ARG(path), rq->query.n > 0 ? "?" : "", STR_ARG(rq->query)),
		.total_ms = total_ms,
		.answer_max_bytes = rq->answer_max_bytes > 0 ? rq->answer_max_bytes
							     : AWS_ANSWER_MAX_BYTES,
		.once = rq->once,
	};

	sign(a, rq, creds, path, unix_s, &out);
	return http_do(h, a, &out, ret, err);
}
