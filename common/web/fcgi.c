#include "web/fcgi.h"

#include <fastcgi.h>
#include <stdlib.h>

#include "base/banned.h"

#define SMALL_MAX_BYTES 1024
#define FIRST_BYTES 1024
#define RECORD_MAX_BYTES 65528 /* the largest content that needs no padding */

#define BEGIN_BYTES 8

/* ---- bytes ---- */

static bool
grow(struct fcgi_bytes *b, size_t n)
{
	size_t cap = b->cap > 0 ? b->cap : FIRST_BYTES;
	char *p;

	while (cap - b->n < n)
		cap *= 2;
	if (cap == b->cap)
		return true;
	p = realloc(b->p, cap);
	if (p == NULL)
		return false;
	b->p = p;
	b->cap = cap;
	return true;
}

static bool
add(struct fcgi_bytes *b, const void *p, size_t n)
{
	if (n == 0)
		return true;
	if (!grow(b, n))
		return false;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return true;
}

void
fcgi_bytes_clear(struct fcgi_bytes *b)
{
	free(b->p);
	*b = (struct fcgi_bytes){ 0 };
}

/* ---- records that go out ---- */

static bool
add_record(
    struct fcgi_bytes *out, unsigned char type, unsigned id, const void *p, size_t n)
{
	const unsigned char header[FCGI_HEADER_BYTES] = { FCGI_VERSION_1, type,
		(unsigned char)(id >> 8), (unsigned char)id, (unsigned char)(n >> 8),
		(unsigned char)n };

	return add(out, header, sizeof(header)) && add(out, p, n);
}

static bool
add_end(struct fcgi_bytes *out, unsigned id, unsigned char status)
{
	const unsigned char body[8] = { [4] = status };

	return add_record(out, FCGI_END_REQUEST, id, body, sizeof(body));
}

bool
fcgi_frame(unsigned request_id, struct str answer, struct fcgi_bytes *out)
{
	size_t n;

	if (!grow(out, answer.n + 8 * FCGI_HEADER_BYTES))
		return false;
	for (; answer.n > 0; answer = str_skip(answer, n)) {
		n = answer.n < RECORD_MAX_BYTES ? answer.n : RECORD_MAX_BYTES;
		if (!add_record(out, FCGI_STDOUT, request_id, answer.p, n))
			return false;
	}
	return add_record(out, FCGI_STDOUT, request_id, NULL, 0) &&
	       add_end(out, request_id, FCGI_REQUEST_COMPLETE);
}

/* ---- names and values ---- */

/* A length of one byte, or of four with the highest bit set. */
static bool
take_length(struct str *rest, size_t *ret)
{
	const unsigned char *p = (const unsigned char *)rest->p;

	if (rest->n < 1 || (p[0] & 0x80 && rest->n < 4))
		return false;
	if (!(p[0] & 0x80)) {
		*ret = p[0];
		*rest = str_skip(*rest, 1);
		return true;
	}
	*ret =
	    (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	*rest = str_skip(*rest, 4);
	return true;
}

static bool
take_pair(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	size_t n, v;

	if (!take_length(rest, &n) || !take_length(rest, &v) || n > rest->n ||
	    v > rest->n - n)
		return false;
	*ret_name = (struct str){ rest->p, n };
	*ret_value = (struct str){ rest->p + n, v };
	*rest = str_skip(*rest, n + v);
	return true;
}

static bool
pair_is_sane(struct str name, struct str value)
{
	return memchr(name.p, '=', name.n) == NULL &&
	       memchr(name.p, '\0', name.n) == NULL &&
	       memchr(value.p, '\0', value.n) == NULL;
}

static bool
count_pairs(struct str raw, size_t *ret_n, size_t *ret_bytes)
{
	struct str name, value;

	for (*ret_n = 0, *ret_bytes = 0; raw.n > 0; (*ret_n)++) {
		if (*ret_n == FCGI_PARAMS_MAX || !take_pair(&raw, &name, &value) ||
		    !pair_is_sane(name, value))
			return false;
		*ret_bytes += name.n + value.n + 2;
	}
	return true;
}

/* The pointers and, behind them in the same block, the texts. */
static bool
make_params(struct fcgi_in *in)
{
	struct str raw = { in->raw.p, in->raw.n }, name, value;
	size_t n, bytes, i;
	char *to;

	if (!count_pairs(raw, &n, &bytes))
		return false;
	in->params = malloc((n + 1) * sizeof(*in->params) + bytes);
	if (in->params == NULL)
		return false;
	to = (char *)(in->params + n + 1);
	for (i = 0; i < n && take_pair(&raw, &name, &value); i++) {
		in->params[i] = to;
		memcpy(to, name.p, name.n);
		to[name.n] = '=';
		memcpy(to + name.n + 1, value.p, value.n);
		to += name.n + 1 + value.n;
		*to++ = '\0';
	}
	in->params[n] = NULL;
	fcgi_bytes_clear(&in->raw);
	return true;
}

/* ---- records that come in ---- */

static unsigned
record_type(const struct fcgi_in *in)
{
	return in->header[1];
}

static size_t
record_length(const struct fcgi_in *in)
{
	return (size_t)in->header[4] << 8 | in->header[5];
}

static bool
is_ours(const struct fcgi_in *in)
{
	return in->record_id == in->request_id;
}

/* False: such a record ends the connection. */
static bool
open_record(struct fcgi_in *in)
{
	unsigned type = record_type(in);

	in->record_id = (unsigned)in->header[2] << 8 | in->header[3];
	in->content_left = record_length(in);
	in->padding_left = in->header[6];
	in->small.n = 0;
	if (in->header[0] != FCGI_VERSION_1)
		return false;
	if (in->record_id == 0)
		return type != FCGI_BEGIN_REQUEST && in->content_left <= SMALL_MAX_BYTES;
	if (type == FCGI_BEGIN_REQUEST)
		return in->content_left == BEGIN_BYTES;
	if (!is_ours(in))
		return true;
	if (type == FCGI_PARAMS)
		return !in->params_done &&
		       in->content_left <= FCGI_PARAMS_MAX_BYTES - in->raw.n;
	return type != FCGI_STDIN || in->params_done;
}

/* A piece of the content of the record at hand. */
static bool
take_content(struct fcgi_in *in, const char *p, size_t n)
{
	unsigned type = record_type(in);
	size_t room;

	if (in->record_id == 0 || type == FCGI_BEGIN_REQUEST)
		return add(&in->small, p, n);
	if (!is_ours(in))
		return true;
	if (type == FCGI_PARAMS)
		return add(&in->raw, p, n);
	if (type != FCGI_STDIN)
		return true;
	room = in->body_max + 1 - in->body.n;
	return add(&in->body, p, n < room ? n : room);
}

static bool
begin_request(struct fcgi_in *in)
{
	const unsigned char *body = (const unsigned char *)in->small.p;

	if (in->request_id != 0)
		return !is_ours(in) &&
		       add_end(&in->reply, in->record_id, FCGI_CANT_MPX_CONN);
	if (((unsigned)body[0] << 8 | body[1]) != FCGI_RESPONDER) {
		(void)add_end(&in->reply, in->record_id, FCGI_UNKNOWN_ROLE);
		return false;
	}
	in->request_id = in->record_id;
	return true;
}

/* What the web server wants to know of us; each name is answered once, however often asked. */
static bool
answer_values(struct fcgi_in *in)
{
	static const struct {
		struct str name;
		const char *pair; /* as it is sent */
	} known[] = {
		{ STR("FCGI_MAX_CONNS"), "\016\001FCGI_MAX_CONNS1" },
		{ STR("FCGI_MAX_REQS"), "\015\001FCGI_MAX_REQS1" },
		{ STR("FCGI_MPXS_CONNS"), "\017\001FCGI_MPXS_CONNS0" },
	};
	struct str rest = { in->small.p, in->small.n }, name, value, out;
	bool asked[sizeof(known) / sizeof(*known)] = { false };
	char text[64];
	size_t i, n = 0;

	while (rest.n > 0) {
		if (!take_pair(&rest, &name, &value))
			return false;
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			asked[i] |= str_eq(name, known[i].name);
	}
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!asked[i])
			continue;
		out = str_of(known[i].pair);
		memcpy(text + n, out.p, out.n);
		n += out.n;
	}
	return add_record(&in->reply, FCGI_GET_VALUES_RESULT, 0, text, n);
}

static bool
manage(struct fcgi_in *in)
{
	const unsigned char unknown[8] = { (unsigned char)record_type(in) };

	if (record_type(in) == FCGI_GET_VALUES)
		return answer_values(in);
	return add_record(&in->reply, FCGI_UNKNOWN_TYPE, 0, unknown, sizeof(unknown));
}

static enum fcgi_state
go_on(bool good)
{
	return good ? FCGI_MORE : FCGI_OVER;
}

static enum fcgi_state
close_record(struct fcgi_in *in)
{
	bool last = record_length(in) == 0;

	in->header_n = 0;
	if (in->record_id == 0)
		return go_on(manage(in));
	if (record_type(in) == FCGI_BEGIN_REQUEST)
		return go_on(begin_request(in));
	if (!is_ours(in))
		return FCGI_MORE;
	switch (record_type(in)) {
	case FCGI_ABORT_REQUEST:
		(void)add_end(&in->reply, in->request_id, FCGI_REQUEST_COMPLETE);
		return FCGI_OVER;
	case FCGI_PARAMS:
		in->params_done = last;
		return go_on(!last || make_params(in));
	case FCGI_STDIN:
		return last ? FCGI_READY : FCGI_MORE;
	default:
		return FCGI_MORE;
	}
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

enum fcgi_state
fcgi_feed(struct fcgi_in *in, const char *p, size_t n)
{
	enum fcgi_state state = FCGI_MORE;
	size_t take;

	for (; n > 0 && state == FCGI_MORE; p += take, n -= take) {
		if (in->header_n < FCGI_HEADER_BYTES) {
			take = smaller(n, FCGI_HEADER_BYTES - in->header_n);
			memcpy(in->header + in->header_n, p, take);
			in->header_n += take;
			if (in->header_n < FCGI_HEADER_BYTES)
				continue;
			state = go_on(open_record(in));
		} else if (in->content_left > 0) {
			take = smaller(n, in->content_left);
			in->content_left -= take;
			state = go_on(take_content(in, p, take));
		} else {
			take = smaller(n, in->padding_left);
			in->padding_left -= take;
		}
		if (state == FCGI_MORE && in->content_left == 0 && in->padding_left == 0)
			state = close_record(in);
	}
	return state;
}

void
fcgi_in_init(struct fcgi_in *in, size_t body_max)
{
	*in = (struct fcgi_in){ .body_max = body_max };
}

void
fcgi_in_clear(struct fcgi_in *in)
{
	free(in->params);
	in->params = NULL;
	fcgi_bytes_clear(&in->body);
	fcgi_bytes_clear(&in->reply);
	fcgi_bytes_clear(&in->raw);
	fcgi_bytes_clear(&in->small);
}
