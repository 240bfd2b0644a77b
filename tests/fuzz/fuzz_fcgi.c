/*
 * FastCGI records as a connection brings them. The input: the bytes. Read in one piece and byte by
 * byte they must come to the same.
 */
#include "fuzz.h"

#include "web/fcgi.h"
#include "base/banned.h"

#define BODY_MAX 300

static enum fcgi_state
feed(struct fcgi_in *in, struct str bytes, size_t piece)
{
	enum fcgi_state state = FCGI_MORE;
	size_t n;

	while (state == FCGI_MORE && bytes.n > 0) {
		n = bytes.n < piece ? bytes.n : piece;
		state = fcgi_feed(in, bytes.p, n);
		bytes = str_skip(bytes, n);
	}
	return state;
}

static void
request_is_sound(const struct fcgi_in *in)
{
	size_t n;

	PROPERTY(in->params != NULL && in->request_id > 0);
	for (n = 0; in->params[n] != NULL; n++)
		PROPERTY(strchr(in->params[n], '=') != NULL);
	PROPERTY(n <= FCGI_PARAMS_MAX);
	PROPERTY(in->body.n <= BODY_MAX + 1);
}

static void
same_requests(const struct fcgi_in *a, const struct fcgi_in *b)
{
	size_t n;

	for (n = 0; a->params[n] != NULL && b->params[n] != NULL; n++)
		PROPERTY(strcmp(a->params[n], b->params[n]) == 0);
	PROPERTY(a->params[n] == b->params[n]);
	PROPERTY(str_eq(
	    (struct str){ a->body.p, a->body.n }, (struct str){ b->body.p, b->body.n }));
}

void
fuzz_one(struct arena *a, struct str in)
{
	struct fcgi_in whole, bytes;
	enum fcgi_state state;

	(void)a;
	fcgi_in_init(&whole, BODY_MAX);
	fcgi_in_init(&bytes, BODY_MAX);
	state = feed(&whole, in, in.n > 0 ? in.n : 1);
	PROPERTY(feed(&bytes, in, 1) == state);
	if (state == FCGI_READY) {
		request_is_sound(&whole);
		same_requests(&whole, &bytes);
	}
	fcgi_in_clear(&whole);
	fcgi_in_clear(&bytes);
}
