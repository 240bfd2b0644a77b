#include "aws/sigv4.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/banned.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TEXT_MAX_BYTES (1u << 20) /* inputs are capped long before */

/* Headers to sign: names in lower case, sorted, values tidied. */
struct header_list {
	struct sigv4_header h[SIGV4_HEADERS_MAX + 2];
	size_t n;
};

struct param {
	struct str name, value; /* encoded */
};

static struct str
finished(const struct buf *b)
{
	INVARIANT(buf_ok(b));
	return buf_view(b);
}

static struct str
bytes(const unsigned char *p, size_t n)
{
	return (struct str){ (const char *)p, n };
}

static struct str
lower(struct arena *a, struct str s)
{
	char *p = arena_strndup(a, s.p, s.n);

	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] += 'a' - 'A';
	return (struct str){ p, s.n };
}

/* Trimmed, inner runs of spaces made one. */
static struct str
tidy(struct arena *a, struct str s)
{
	struct buf b;

	s = str_trim(s);
	buf_init(&b, a, TEXT_MAX_BYTES);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != ' ' || s.p[i - 1] != ' ')
			buf_char(&b, s.p[i]);
	return finished(&b);
}

/* Equal names keep the order of sending: their values are joined in that order. */
static void
header_insert(struct header_list *l, struct arena *a, struct str name, struct str value)
{
	struct sigv4_header new = { lower(a, name), tidy(a, value) };
	size_t i;

	INVARIANT(l->n < sizeof(l->h) / sizeof(*l->h));
	for (i = l->n++; i > 0 && str_cmp(l->h[i - 1].name, new.name) > 0; i--)
		l->h[i] = l->h[i - 1];
	l->h[i] = new;
}

static bool
header_present(const struct sigv4_request *rq, struct str name)
{
	for (size_t i = 0; i < rq->n_headers; i++)
		if (str_ieq(rq->headers[i].name, name))
			return true;
	return false;
}

static void
headers_collect(struct header_list *l, struct arena *a, const struct sigv4_request *rq,
    const struct sigv4_creds *creds, struct str amz_date)
{
	INVARIANT(rq->n_headers <= SIGV4_HEADERS_MAX);
	l->n = 0;
	for (size_t i = 0; i < rq->n_headers; i++)
		header_insert(l, a, rq->headers[i].name, rq->headers[i].value);
	if (!header_present(rq, STR("x-amz-date")))
		header_insert(l, a, STR("x-amz-date"), amz_date);
	if (creds->session_token.n != 0 && !rq->omit_session_token &&
	    !header_present(rq, STR("x-amz-security-token")))
		header_insert(l, a, STR("x-amz-security-token"), creds->session_token);
}

static bool
same_as_last(const struct header_list *l, size_t i)
{
	return i > 0 && str_eq(l->h[i - 1].name, l->h[i].name);
}

static void
headers_write(struct buf *b, const struct header_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (same_as_last(l, i)) {
			buf_char(b, ',');
		} else {
			buf_cstr(b, i > 0 ? "\n" : "");
			buf_str(b, l->h[i].name);
			buf_char(b, ':');
		}
		buf_str(b, l->h[i].value);
	}
	buf_char(b, '\n');
}

static struct str
signed_names(struct arena *a, const struct header_list *l)
{
	struct buf b;

	buf_init(&b, a, TEXT_MAX_BYTES);
	for (size_t i = 0; i < l->n; i++) {
		if (same_as_last(l, i))
			continue;
		buf_cstr(&b, i > 0 ? ";" : "");
		buf_str(&b, l->h[i].name);
	}
	return finished(&b);
}

/* Drop the last segment of "/a/b". */
static void
path_up(struct buf *b)
{
	while (b->n > 0 && b->p[--b->n] != '/')
		;
	b->p[b->n] = '\0';
}

static struct str
path_normalised(struct arena *a, struct str path)
{
	struct buf b;
	struct str rest = path;

	buf_init(&b, a, TEXT_MAX_BYTES);
	while (rest.n > 0) {
		struct str segment = str_cut(&rest, '/');

		if (segment.n == 0 || str_is(segment, "."))
			continue;
		if (str_is(segment, "..")) {
			path_up(&b);
			continue;
		}
		buf_char(&b, '/');
		buf_str(&b, segment);
	}
	if (b.n == 0 || path.p[path.n - 1] == '/')
		buf_char(&b, '/');
	return finished(&b);
}

static void
path_write(struct buf *b, struct arena *a, const struct sigv4_request *rq)
{
	struct str path = rq->path;

	if (!rq->keep_dot_segments || path.n == 0)
		path = path_normalised(a, path);
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '/')
			buf_char(b, '/');
		else
			encode_percent(b, (struct str){ path.p + i, 1 });
	}
}

/* Decode and encode again, so that %7e and ~ give the same text. */
static struct str
param_encode(struct arena *a, struct str s)
{
	struct str plain = s;
	struct buf b;

	if (!decode_percent(a, s, &plain))
		plain = s;
	buf_init(&b, a, TEXT_MAX_BYTES);
	encode_percent(&b, plain);
	return finished(&b);
}

static int
param_compare(const void *left, const void *right)
{
	const struct param *l = left, *r = right;
	int c = str_cmp(l->name, r->name);

	return c ? c : str_cmp(l->value, r->value);
}

static size_t
params_split(struct arena *a, struct str query, struct param **ret)
{
	size_t max = 1, n = 0;

	for (size_t i = 0; i < query.n; i++)
		max += query.p[i] == '&';
	*ret = arena_zalloc(a, max * sizeof(**ret));
	while (query.n > 0) {
		struct str value = str_cut(&query, '&');
		struct str name = str_cut(&value, '=');

		if (name.n == 0 && value.n == 0)
			continue;
		(*ret)[n++] =
		    (struct param){ param_encode(a, name), param_encode(a, value) };
	}
	return n;
}

static void
query_write(struct buf *b, struct arena *a, struct str query)
{
	struct param *params;
	size_t n = params_split(a, query, &params);

	if (n > 1)
		qsort(params, n, sizeof(*params), param_compare);
	for (size_t i = 0; i < n; i++) {
		buf_cstr(b, i > 0 ? "&" : "");
		buf_str(b, params[i].name);
		buf_char(b, '=');
		buf_str(b, params[i].value);
	}
}

static struct str
canonical_request(struct arena *a, const struct sigv4_request *rq,
    const struct header_list *headers, struct str names)
{
	struct buf b;

	buf_init(&b, a, TEXT_MAX_BYTES);
	buf_str(&b, rq->method);
	buf_char(&b, '\n');
	path_write(&b, a, rq);
	buf_char(&b, '\n');
	query_write(&b, a, rq->query);
	buf_char(&b, '\n');
	headers_write(&b, headers);
	buf_char(&b, '\n');
	buf_str(&b, names);
	buf_char(&b, '\n');
	crypto_sha256_hex(&b, rq->body);
	return finished(&b);
}

static struct str
string_to_sign(
    struct arena *a, struct str amz_date, struct str scope, struct str canonical)
{
	struct buf b;

	buf_init(&b, a, TEXT_MAX_BYTES);
	buf_printf(&b, ALGORITHM "\n%.*s\n%.*s\n", STR_ARG(amz_date), STR_ARG(scope));
	crypto_sha256_hex(&b, canonical);
	return finished(&b);
}

/* The chain of keys: secret, day, region, service, "aws4_request". */
static void
signing_key(struct arena *a, const struct sigv4_request *rq, struct str secret,
    struct str day, unsigned char key[SHA256_BYTES])
{
	const struct str links[] = { day, rq->region, rq->service, STR("aws4_request") };
	size_t n = secret.n + 4;
	char *first = arena_alloc(a, n);
	struct str with = { first, n };

	memcpy(first, "AWS4", 4);
	if (secret.n != 0)
		memcpy(first + 4, secret.p, secret.n);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		unsigned char next[SHA256_BYTES];

		crypto_hmac_sha256(with, links[i], next);
		memcpy(key, next, sizeof(next));
		crypto_wipe(next, sizeof(next));
		with = bytes(key, SHA256_BYTES);
	}
	crypto_wipe(first, n);
}

static struct str
signature(struct arena *a, const struct sigv4_request *rq, struct str secret,
    struct str day, struct str to_sign)
{
	unsigned char key[SHA256_BYTES], mac[SHA256_BYTES];
	struct buf b;

	signing_key(a, rq, secret, day, key);
	crypto_hmac_sha256(bytes(key, sizeof(key)), to_sign, mac);
	crypto_wipe(key, sizeof(key));
	buf_init(&b, a, 2 * SHA256_BYTES + 1);
	encode_hex(&b, mac, sizeof(mac));
	return finished(&b);
}

/* A date the caller chose is the one that counts. */
static struct str
amz_date_of(struct arena *a, const struct sigv4_request *rq)
{
	char now[17];

	for (size_t i = 0; i < rq->n_headers; i++)
		if (str_ieq(rq->headers[i].name, STR("x-amz-date")))
			return str_trim(rq->headers[i].value);
	clock_amz(rq->unix_s, now);
	return str_dup(a, str_of(now));
}

void
sigv4_sign(struct arena *a, const struct sigv4_request *rq,
    const struct sigv4_creds *creds, struct sigv4_result *ret)
{
	struct str date = amz_date_of(a, rq);
	struct str day = { date.p, date.n < 8 ? date.n : 8 };
	struct str scope = str_printf(a, "%.*s/%.*s/%.*s/aws4_request", STR_ARG(day),
	    STR_ARG(rq->region), STR_ARG(rq->service));
	struct header_list headers;
	struct str names;

	headers_collect(&headers, a, rq, creds, date);
	names = signed_names(a, &headers);
	ret->amz_date = date;
	ret->canonical_request = canonical_request(a, rq, &headers, names);
	ret->string_to_sign = string_to_sign(a, date, scope, ret->canonical_request);
	ret->signature =
	    signature(a, rq, creds->secret_access_key, day, ret->string_to_sign);
	ret->authorization =
	    str_printf(a, "%s Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%.*s",
		ALGORITHM, STR_ARG(creds->access_key_id), STR_ARG(scope), STR_ARG(names),
		STR_ARG(ret->signature));
}
