/* fcgi: records in one piece, in pieces and in disorder. */
#include "web/fcgi.h"

#include <stdlib.h>

#include "tap.h"
#include "base/banned.h"

#define COUNT(x) (sizeof(x) / sizeof(*(x)))
#define BODY_MAX 100

/* A record: type, id, content, padding. */
#define REC(type, id, len, pad) "\x01" type "\x00" id "\x00" len pad "\x00"
#define BEGIN REC("\x01", "\x01", "\x08", "\x00") "\x00\x01\x00\x00\x00\x00\x00\x00"
#define NO_PARAMS REC("\x04", "\x01", "\x00", "\x00")
#define PARAM                                                                            \
	REC("\x04", "\x01", "\x05", "\x00")                                              \
	"\x01\x02"                                                                       \
	"Axy"
#define END REC("\x05", "\x01", "\x00", "\x00")
#define BODY REC("\x05", "\x01", "\x03", "\x00") "abc"

struct given {
	const char *name, *bytes;
	size_t n;
	enum fcgi_state state;
	const char *params; /* joined by '|', when READY */
	const char *body;
};
#define G(name, bytes, ...)                                                              \
	{                                                                                \
		name, bytes, sizeof(bytes) - 1, __VA_ARGS__                              \
	}

static const struct given cases[] = {
	G("nothing", "", FCGI_MORE, NULL, NULL),
	G("least", BEGIN NO_PARAMS END, FCGI_READY, "", ""),
	G("one of each", BEGIN PARAM NO_PARAMS BODY END, FCGI_READY, "A=xy|", "abc"),
	G("several records", BEGIN PARAM PARAM NO_PARAMS BODY BODY END, FCGI_READY,
	    "A=xy|A=xy|", "abcabc"),
	G("a pair over two records",
	    BEGIN REC("\x04", "\x01", "\x02", "\x00") "\x01\x02" REC(
		"\x04", "\x01", "\x03", "\x00") "Axy" NO_PARAMS END,
	    FCGI_READY, "A=xy|", ""),
	G("a length of four bytes",
	    BEGIN REC("\x04", "\x01", "\x08", "\x00") "\x01\x80\x00\x00\x02"
						      "Axy" NO_PARAMS END,
	    FCGI_READY, "A=xy|", ""),
	G("empty name and value",
	    BEGIN REC("\x04", "\x01", "\x02", "\x00") "\x00\x00" NO_PARAMS END,
	    FCGI_READY, "=|", ""),
	G("what follows is not read", BEGIN NO_PARAMS END "garbage", FCGI_READY, "", ""),
	G("records of others are passed over",
	    BEGIN REC("\x05", "\x07", "\x03", "\x00") "abc" NO_PARAMS REC(
		"\x02", "\x07", "\x00", "\x00") END,
	    FCGI_READY, "", ""),
	G("unknown types are passed over",
	    BEGIN REC("\x7f", "\x01", "\x03", "\x00") "abc" NO_PARAMS END, FCGI_READY, "",
	    ""),
	G("records before a beginning belong to nobody", PARAM NO_PARAMS BODY END,
	    FCGI_MORE, NULL, NULL),
	G("not complete", BEGIN PARAM NO_PARAMS BODY, FCGI_MORE, NULL, NULL),
	G("version 0", "\x00\x01\x00\x01\x00\x00\x00\x00", FCGI_OVER, NULL, NULL),
	G("HTTP", "GET / HTTP/1.1\r\n\r\n", FCGI_OVER, NULL, NULL),
	G("a beginning without an id", REC("\x01", "\x00", "\x08", "\x00"), FCGI_OVER,
	    NULL, NULL),
	G("a short beginning", REC("\x01", "\x01", "\x07", "\x00"), FCGI_OVER, NULL,
	    NULL),
	G("begun twice", BEGIN BEGIN, FCGI_OVER, NULL, NULL),
	G("body before the parameters", BEGIN BODY, FCGI_OVER, NULL, NULL),
	G("body among the parameters", BEGIN PARAM END, FCGI_OVER, NULL, NULL),
	G("parameters after their end", BEGIN NO_PARAMS PARAM, FCGI_OVER, NULL, NULL),
	G("a pair cut short",
	    BEGIN REC("\x04", "\x01", "\x04", "\x00") "\x01\x02"
						      "Ax" NO_PARAMS,
	    FCGI_OVER, NULL, NULL),
	G("a length cut short",
	    BEGIN REC("\x04", "\x01", "\x03", "\x00") "\x01\x80\x00" NO_PARAMS, FCGI_OVER,
	    NULL, NULL),
	G("a name of 2 GB",
	    BEGIN REC("\x04", "\x01", "\x08",
		"\x00") "\xff\xff\xff\xff\xff\xff\xff\xff" NO_PARAMS,
	    FCGI_OVER, NULL, NULL),
	G("a value of 2 GB",
	    BEGIN REC("\x04", "\x01", "\x06", "\x00") "\x01\xff\xff\xff\xff"
						      "A" NO_PARAMS,
	    FCGI_OVER, NULL, NULL),
	G("a zero byte in a value",
	    BEGIN REC("\x04", "\x01", "\x05", "\x00") "\x01\x02"
						      "Ax\x00" NO_PARAMS,
	    FCGI_OVER, NULL, NULL),
	G("a zero byte in a name",
	    BEGIN REC("\x04", "\x01", "\x04", "\x00") "\x01\x01\x00x" NO_PARAMS,
	    FCGI_OVER, NULL, NULL),
	G("a sign of equality in a name",
	    BEGIN REC("\x04", "\x01", "\x05", "\x00") "\x02\x01"
						      "A=x" NO_PARAMS,
	    FCGI_OVER, NULL, NULL),
	G("given up before the parameters", BEGIN REC("\x02", "\x01", "\x00", "\x00"),
	    FCGI_OVER, NULL, NULL),
	G("given up in the parameters", BEGIN PARAM REC("\x02", "\x01", "\x00", "\x00"),
	    FCGI_OVER, NULL, NULL),
	G("given up in the body",
	    BEGIN NO_PARAMS BODY REC("\x02", "\x01", "\x00", "\x00"), FCGI_OVER, NULL,
	    NULL),
	G("another role",
	    REC("\x01", "\x01", "\x08", "\x00") "\x00\x02\x00\x00\x00\x00\x00\x00",
	    FCGI_OVER, NULL, NULL),
	G("a long question", "\x01\x09\x00\x00\x08\x00\x00\x00", FCGI_OVER, NULL, NULL),
	G("a broken question", REC("\x09", "\x00", "\x02", "\x00") "\x10\x00", FCGI_OVER,
	    NULL, NULL),
	G("a question of no name", REC("\x09", "\x00", "\x00", "\x00"), FCGI_MORE, NULL,
	    NULL),
};

/* Fed in pieces of `step` bytes. */
static enum fcgi_state
feed(struct fcgi_in *in, const char *p, size_t n, size_t step)
{
	enum fcgi_state state = FCGI_MORE;
	size_t take;

	fcgi_in_init(in, BODY_MAX);
	for (; n > 0 && state == FCGI_MORE; p += take, n -= take) {
		take = step < n ? step : n;
		state = fcgi_feed(in, p, take);
	}
	return state;
}

static void
join(char *const *params, char *out, size_t max)
{
	size_t n = 0;

	out[0] = '\0';
	for (; *params != NULL && n < max; params++)
		n += (size_t)snprintf(out + n, max - n, "%s|", *params);
}

static void
test_cases(void)
{
	struct fcgi_in in;
	char text[200];
	size_t i, step;
	bool good;

	for (i = 0; i < COUNT(cases); i++) {
		for (step = 1, good = true; step <= cases[i].n + 1; step++) {
			good &=
			    feed(&in, cases[i].bytes, cases[i].n, step) == cases[i].state;
			if (good && cases[i].state == FCGI_READY) {
				join(in.params, text, sizeof(text));
				good &= strcmp(text, cases[i].params) == 0;
				good &= in.body.n == strlen(cases[i].body);
				good &= in.body.n == 0 ||
					memcmp(in.body.p, cases[i].body, in.body.n) == 0;
			}
			fcgi_in_clear(&in);
		}
		ok(good, "%s, in pieces of each size", cases[i].name);
	}
}

static void
test_padding(void)
{
	static const char bytes[] =
	    BEGIN NO_PARAMS REC("\x05", "\x01", "\x03", "\x05") "abc....." END;
	struct fcgi_in in;

	ok(feed(&in, bytes, sizeof(bytes) - 1, 7) == FCGI_READY && in.body.n == 3,
	    "padding is no content");
	fcgi_in_clear(&in);
}

/* What the web server is told; the bytes of the answer. */
static void
test_replies(void)
{
	static const struct {
		const char *name, *bytes, *reply;
		size_t n, reply_n;
	} replies[] = {
#define R(name, bytes, reply) { name, bytes, reply, sizeof(bytes) - 1, sizeof(reply) - 1 }
		R("no multiplexing",
		    BEGIN REC("\x01", "\x02", "\x08",
			"\x00") "\x00\x01\x00\x00\x00\x00\x00\x00",
		    REC("\x03", "\x02", "\x08",
			"\x00") "\x00\x00\x00\x00\x01\x00\x00\x00"),
		R("unknown role",
		    REC("\x01", "\x01", "\x08",
			"\x00") "\x00\x03\x00\x00\x00\x00\x00\x00",
		    REC("\x03", "\x01", "\x08",
			"\x00") "\x00\x00\x00\x00\x03\x00\x00\x00"),
		R("given up", BEGIN REC("\x02", "\x01", "\x00", "\x00"),
		    REC("\x03", "\x01", "\x08",
			"\x00") "\x00\x00\x00\x00\x00\x00\x00\x00"),
		R("a value, asked twice",
		    REC("\x09", "\x00", "\x20", "\x00") "\x0e\x00"
							"FCGI_MAX_CONNS"
							"\x0e\x00"
							"FCGI_MAX_CONNS",
		    REC("\x0a", "\x00", "\x11", "\x00") "\x0e\x01"
							"FCGI_MAX_CONNS1"),
		R("an unknown question", REC("\x0c", "\x00", "\x00", "\x00"),
		    REC("\x0b", "\x00", "\x08",
			"\x00") "\x0c\x00\x00\x00\x00\x00\x00\x00"),
	};
	struct fcgi_in in;
	size_t i;

	for (i = 0; i < COUNT(replies); i++) {
		feed(&in, replies[i].bytes, replies[i].n, replies[i].n);
		ok(in.reply.n == replies[i].reply_n &&
			memcmp(in.reply.p, replies[i].reply, in.reply.n) == 0,
		    "told: %s", replies[i].name);
		fcgi_in_clear(&in);
	}
}

/* One record of type and n bytes; returns the state after it. */
static enum fcgi_state
feed_record(struct fcgi_in *in, unsigned type, const char *p, size_t n)
{
	const unsigned char header[] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(n >> 8), (unsigned char)n, 0, 0 };
	enum fcgi_state state;

	state = fcgi_feed(in, (const char *)header, sizeof(header));
	return state == FCGI_MORE && n > 0 ? fcgi_feed(in, p, n) : state;
}

static void
test_limits(void)
{
	static char zeroes[60000];
	enum fcgi_state state;
	struct fcgi_in in;
	int i;

	fcgi_in_init(&in, BODY_MAX);
	fcgi_feed(&in, BEGIN NO_PARAMS, sizeof(BEGIN NO_PARAMS) - 1);
	for (i = 0; i < 100; i++)
		state = feed_record(&in, 5, zeroes, sizeof(zeroes));
	ok(state == FCGI_MORE && in.body.n == BODY_MAX + 1 && in.body.cap <= 1024,
	    "of a body of 6 MB no more is kept than shows that it is too long");
	ok(feed_record(&in, 5, NULL, 0) == FCGI_READY, "and it is read to its end");
	fcgi_in_clear(&in);

	fcgi_in_init(&in, BODY_MAX);
	fcgi_feed(&in, BEGIN, sizeof(BEGIN) - 1);
	for (i = 0; i < 18 && feed_record(&in, 4, zeroes, sizeof(zeroes)) == FCGI_MORE;
	     i++)
		continue;
	ok(i == 17, "parameters of more than a megabyte: %d records were taken", i);
	fcgi_in_clear(&in);

	fcgi_in_init(&in, BODY_MAX);
	fcgi_feed(&in, BEGIN, sizeof(BEGIN) - 1);
	feed_record(&in, 4, zeroes, FCGI_PARAMS_MAX * 2);
	ok(feed_record(&in, 4, NULL, 0) == FCGI_MORE, "16384 parameters are taken");
	fcgi_in_clear(&in);
	fcgi_in_init(&in, BODY_MAX);
	fcgi_feed(&in, BEGIN, sizeof(BEGIN) - 1);
	feed_record(&in, 4, zeroes, FCGI_PARAMS_MAX * 2 + 2);
	ok(feed_record(&in, 4, NULL, 0) == FCGI_OVER, "one more is not");
	fcgi_in_clear(&in);
}

static void
test_frame(void)
{
	static char text[150000];
	struct fcgi_bytes out = { 0 };
	size_t at = 0, content = 0, records = 0, n;
	const unsigned char *p;

	ok(fcgi_frame(258, (struct str){ text, sizeof(text) }, &out), "a long answer");
	for (; at < out.n; at += FCGI_HEADER_BYTES + n, records++) {
		p = (const unsigned char *)out.p + at;
		n = (size_t)p[4] << 8 | p[5];
		if (p[1] == 6)
			content += n;
		if (p[0] != 1 || p[2] != 1 || p[3] != 2)
			break;
	}
	ok(at == out.n && records == 5 && content == sizeof(text),
	    "three records of it, its end, and that of the request");
	fcgi_bytes_clear(&out);
}

int
main(void)
{
	test_cases();
	test_padding();
	test_replies();
	test_limits();
	test_frame();
	return done();
}
