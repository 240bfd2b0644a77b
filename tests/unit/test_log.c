/* log: whole JSON lines, escaped, in order, and written when they must be. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/parse.h"
#include "tap.h"
#include "base/banned.h"

static struct arena a;
static char path[] = "/tmp/test_log.XXXXXX";
static int log_fd;

/* What was written since the last look. */
static struct str
written(void)
{
	static off_t seen;
	struct stat st;
	size_t n;
	char *p;
	ssize_t got;

	if (fstat(log_fd, &st) != 0)
		return STR_NULL;
	n = (size_t)(st.st_size - seen);
	p = arena_alloc(&a, n + 1);
	got = pread(log_fd, p, n, seen);
	seen = st.st_size;
	p[got > 0 ? got : 0] = '\0';
	return (struct str){ p, got > 0 ? (size_t)got : 0 };
}

static bool
contains(struct str s, const char *part)
{
	return s.n > 0 && memmem(s.p, s.n, part, strlen(part)) != NULL;
}

/* Is each line one JSON object? */
static bool
all_json(struct str s, size_t *ret_lines)
{
	struct err err = ERR_INIT;

	*ret_lines = 0;
	if (s.n == 0 || s.p[s.n - 1] != '\n')
		return false;
	while (s.n > 0) {
		struct str line = str_cut(&s, '\n');
		json_t *v;

		if (!json_parse_object(line, &v, &err)) {
			diag("%s: %.*s", err.cause, STR_ARG(line));
			return false;
		}
		json_decref(v);
		++*ret_lines;
	}
	return true;
}

static void
test_form(void)
{
	struct str s;
	const char *tail =
	    "\"lvl\":\"warn\",\"app\":\"viewer\",\"rid\":\"r-1\","
	    "\"msg\":\"ivs call failed\",\"op\":\"CreateStage\",\"ms\":-812}\n";

	log_set_rid(STR("r-1"));
	LOG(LOG_WARN, "ivs call failed", LOG_STR("op", STR("CreateStage")),
	    LOG_INT("ms", -812));
	s = written();
	ok(str_starts(s, STR("{\"ts\":\"20")), "starts with the time");
	ok(s.n > 33 && s.p[30] == 'Z' && s.p[31] == '"', "of 24 characters");
	if (!ok(str_is(str_skip(s, 33), tail), "fields in order"))
		diag("%.*s", STR_ARG(s));
	log_set_rid(STR(""));
	LOG(LOG_ERROR, "plain");
	s = written();
	ok(contains(s, "\"app\":\"viewer\",\"msg\":\"plain\"}\n"),
	    "no request, no fields");
}

static void
test_levels(void)
{
	LOG(LOG_DEBUG, "hidden");
	LOG(LOG_INFO, "shown");
	ok(written().n == 0, "info waits");
	log_flush();
	ok(contains(written(), "shown"), "until it is flushed");
	log_flush();
	ok(written().n == 0, "nothing twice");
	LOG(LOG_INFO, "first");
	LOG(LOG_WARN, "second");
	ok(contains(written(), "first"), "a warning takes along what waits");
	ok(log_enabled(LOG_INFO) && !log_enabled(LOG_DEBUG), "levels");
	log_init("viewer", LOG_ERROR);
	LOG(LOG_WARN, "too quiet");
	ok(written().n == 0, "what is not enabled is not written");
	log_init("viewer", LOG_INFO);
}

static void
test_escapes(void)
{
	static const struct {
		struct str in;
		const char *out;
	} cases[] = {
		{ { "a\"b\\c/d", 7 }, "a\\\"b\\\\c/d" },
		{ { "a\nb\rc\td", 7 }, "a\\nb\\u000dc\\u0009d" },
		{ { "a\0b", 3 }, "a\\u0000b" },
		{ { "\x1b[31m\x7f", 6 }, "\\u001b[31m\\u007f" },
		{ { "\xc2\x85", 2 }, "\\u0085" },
		{ { "觀眾", 6 }, "觀眾" },
		{ { "\xf0\x9f\x98\x80", 4 }, "\xf0\x9f\x98\x80" },
		{ { "\xff\xfe", 2 }, "\\ufffd\\ufffd" },
		{ { "\xc0\xaf", 2 }, "\\ufffd\\ufffd" },
		{ { "\xe8\xa7", 2 }, "\\ufffd\\ufffd" },
		{ { "\xed\xa0\x80", 3 }, "\\ufffd\\ufffd\\ufffd" },
		{ { "\xe2\x80\xa8", 3 }, "\\u2028" },
		{ { NULL, 0 }, "" },
	};
	size_t i, lines;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str s, want;

		LOG(LOG_WARN, "m", LOG_STR("f", cases[i].in));
		s = written();
		want = str_printf(&a, ",\"f\":\"%s\"}\n", cases[i].out);
		ok(str_ends(s, want), "escaped as %s", cases[i].out);
		ok(memchr(s.p, '\n', s.n) == s.p + s.n - 1, "in one line");
		ok(cases[i].in.n == 3 && cases[i].in.p[1] == '\0' ? true
								  : all_json(s, &lines),
		    "of JSON");
	}
}

static void
test_numbers(void)
{
	struct str s;

	LOG(LOG_WARN, "m", LOG_INT("a", INT64_MIN), LOG_INT("b", INT64_MAX),
	    LOG_INT("c", 0));
	s = written();
	ok(contains(s, "\"a\":-9223372036854775808,\"b\":9223372036854775807,\"c\":0}"),
	    "the edges of 64 bits");
}

static void
test_long(void)
{
	struct log_field f[40];
	struct str big, s;
	struct buf b;
	size_t i, lines;

	buf_init(&b, &a, 100000);
	for (i = 0; i < 5000; i++)
		buf_cstr(&b, "觀");
	big = buf_view(&b);
	LOG(LOG_WARN, "long", LOG_STR("f", big), LOG_INT("after", 1));
	s = written();
	ok(all_json(s, &lines) && lines == 1 && s.n < 2000, "a long text is cut");
	ok(contains(s, "觀...\"") && !contains(s, "ufffd"), "at a character");
	ok(contains(s, "\"after\":1}"), "the next field is whole");
	for (i = 0; i < 40; i++)
		f[i] = (struct log_field)LOG_STR("field", big);
	log_event(LOG_WARN, "many", f, 40);
	s = written();
	ok(s.n <= 16384 && s.p[s.n - 1] == '\n', "a line has a limit");
	ok(str_ends(s, STR("\"cut\":true}\n")), "and says that it was cut");
	memset(arena_alloc(&a, 1), 1, 1);
	big = str_printf(&a, "%01000d", 0);
	for (i = 0; i < big.n; i++)
		((char *)(uintptr_t)big.p)[i] = '\x01';
	log_event(LOG_WARN, big.p, f, 40);
	s = written();
	ok(s.n <= 16384 && str_ends(s, STR("}\n")), "even of the worst text");
}

/* More than the buffer holds: complete lines, none lost. */
static void
test_many(void)
{
	struct str s;
	size_t i, lines;

	for (i = 0; i < 3000; i++)
		LOG(LOG_INFO, "many", LOG_INT("i", (int64_t)i),
		    LOG_STR("s", STR("觀眾")));
	log_flush();
	s = written();
	ok(all_json(s, &lines) && lines == 3000, "3000 lines, each whole");
	ok(contains(s, "\"i\":0,") && contains(s, "\"i\":2999,"), "from first to last");
}

static void
test_err(void)
{
	struct err err = ERR_INIT;
	struct str s;

	err_from(&err, ERR_FROM_REDIS, ERR_UPSTREAM, "refused \"x\"");
	err_while(&err, "seating");
	log_err(LOG_ERROR, "request failed", &err);
	s = written();
	ok(contains(s, "\"cause\":\"refused \\\"x\\\"\",\"trail\":\" (while seating)\","
		       "\"source\":\"redis\"}\n"),
	    "cause, trail and source");
	err_clear(&err);
	err_set(&err, ERR_INPUT, "bad");
	log_err(LOG_WARN, "m", &err);
	ok(contains(written(), "\"msg\":\"m\",\"cause\":\"bad\"}\n"),
	    "only what there is");
}

static void
test_rid(void)
{
	struct str s;
	char rid[200];

	memset(rid, 'r', sizeof(rid));
	log_set_rid((struct str){ rid, sizeof(rid) });
	LOG(LOG_WARN, "m");
	s = written();
	ok(contains(s, "\"rid\":\"rrrr") && s.n < 200, "a long request id is cut");
	log_set_rid(STR("a\"b"));
	LOG(LOG_WARN, "m");
	ok(contains(written(), "\"rid\":\"a\\\"b\""), "and escaped");
	log_set_rid(STR_NULL);
	LOG(LOG_WARN, "m");
	ok(!contains(written(), "rid"), "and taken away again");
}

/* A closed stderr must not stop anything. */
static void
test_gone(void)
{
	int saved = dup(STDERR_FILENO), i;

	close(STDERR_FILENO);
	for (i = 0; i < 2000; i++)
		LOG(LOG_INFO, "lost", LOG_INT("i", i));
	LOG(LOG_ERROR, "lost too");
	dup2(saved, STDERR_FILENO);
	close(saved);
	ok(written().n == 0, "nothing was written");
	LOG(LOG_ERROR, "back");
	ok(str_starts(written(), STR("{\"ts\"")), "and then it goes on");
}

/* ---- nobody reads ---- */

static const char told[] = "\"msg\":\"log lines were lost\",\"lines\":";

/* Lines in text; *ret_told: how many the lines about lost ones speak of. */
static size_t
count(struct str text, int64_t *ret_told)
{
	struct str line;
	size_t n = 0;
	const char *p;
	int64_t v;

	*ret_told = 0;
	while (text.n > 0) {
		line = str_cut(&text, '\n');
		p = line.n > 0 ? memmem(line.p, line.n, told, sizeof(told) - 1) : NULL;
		if (p == NULL) {
			n += line.n > 0;
			continue;
		}
		line = str_skip(line, (size_t)(p - line.p) + sizeof(told) - 1);
		if (parse_i64(str_cut(&line, '}'), 1, INT64_MAX, &v))
			*ret_told += v;
	}
	return n;
}

/* All that is there to read, behind what there is. */
static size_t
read_all(int fd, char *p, size_t n, size_t size)
{
	ssize_t got;

	while ((got = recv(fd, p + n, size - n, MSG_DONTWAIT)) > 0 ||
	       (got < 0 && errno == ENOTSOCK && (got = read(fd, p + n, size - n)) > 0))
		n += (size_t)got;
	return n;
}

/* writing is one end of a channel, reading the other. */
static void
test_unread(const char *what, int reading, int writing)
{
	static char text[1 << 20];
	int saved = dup(STDERR_FILENO), flags = fcntl(writing, F_GETFL), i;
	size_t lost_before = log_lost(), n, lines, lost;
	int64_t began, us, longest = 0, began_all, spoken_of;

	fcntl(reading, F_SETFL, fcntl(reading, F_GETFL) | O_NONBLOCK);
	dup2(writing, STDERR_FILENO);
	began_all = clock_mono_us();
	for (i = 0; i < 5000; i++) {
		began = clock_mono_us();
		LOG(LOG_WARN, "a line", LOG_INT("i", i),
		    LOG_STR("text", STR("some more bytes")));
		us = clock_mono_us() - began;
		longest = us > longest ? us : longest;
	}
	us = clock_mono_us() - began_all;
	lost = log_lost() - lost_before;
	ok(lost > 0 && lost < 5000, "%s: what nobody reads is lost, %zu lines", what,
	    lost);
	ok(longest < 400000 && us < 1500000,
	    "%s: nobody waits for it: %d ms for one line, %d ms for all", what,
	    (int)(longest / 1000), (int)(us / 1000));
	n = read_all(reading, text, 0, sizeof(text));
	LOG(LOG_WARN, "a line");
	n = read_all(reading, text, n, sizeof(text));
	lines = count((struct str){ text, n }, &spoken_of);
	ok(spoken_of == (int64_t)lost, "%s: the next line is preceded by their number",
	    what);
	ok(lines == 5001 - lost, "%s: all others are there, whole", what);
	ok(fcntl(writing, F_GETFL) == flags, "%s: others who share it see no change",
	    what);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(reading);
	close(writing);
}

static void
test_nobody_reads(void)
{
	struct rlimit open_files, none;
	int fds[2];

	if (pipe(fds) == 0)
		test_unread("pipe", fds[0], fds[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0)
		test_unread("socket", fds[0], fds[1]);
	/* A pipe that cannot be opened anew. dup() is needed by the test itself. */
	if (pipe(fds) != 0)
		return;
	getrlimit(RLIMIT_NOFILE, &open_files);
	none = open_files;
	none.rlim_cur = (rlim_t)fds[1] + 2;
	setrlimit(RLIMIT_NOFILE, &none);
	test_unread("another one's pipe", fds[0], fds[1]);
	setrlimit(RLIMIT_NOFILE, &open_files);
}

int
main(void)
{
	log_fd = mkstemp(path);
	if (!arena_init(&a, ARENA_DEFAULT_BYTES) || log_fd < 0)
		return 1;
	unlink(path);
	dup2(log_fd, STDERR_FILENO);
	log_init("viewer", LOG_INFO);
	test_form();
	test_levels();
	test_escapes();
	test_numbers();
	test_long();
	test_many();
	test_err();
	test_rid();
	test_gone();
	test_nobody_reads();
	arena_clear(&a);
	return done_testing();
}
