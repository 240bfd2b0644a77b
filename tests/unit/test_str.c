/* str: views, and buffers that stop at their cap. */
#include "base/str.h"

#include "tap.h"
#include "base/banned.h"

static struct arena a;

static void
test_compare(void)
{
	ok(str_eq(STR("ab"), STR("ab")), "equal");
	ok(!str_eq(STR("ab"), STR("aB")), "case counts");
	ok(!str_eq(STR("ab"), STR("abc")), "length counts");
	ok(str_eq(STR_NULL, STR("")), "nothing equals empty");
	ok(str_eq(STR("a\0b"), STR("a\0b")) && !str_eq(STR("a\0b"), STR("a\0c")),
	    "NUL is a byte like others");
	ok(str_ieq(STR("X-Api-KEY"), STR("x-api-key")), "str_ieq ignores case");
	ok(!str_ieq(STR("a"), STR("b")), "str_ieq tells letters apart");
	ok(str_is(STR("x"), "x") && str_is(STR(""), "") && !str_is(STR("x"), "xy"),
	    "str_is");
	ok(str_of(NULL).n == 0 && str_is(str_of("abc"), "abc"), "str_of");
}

static void
test_ends(void)
{
	ok(str_cmp(STR("ab"), STR("abc")) < 0, "what is shorter comes first");
	ok(str_cmp(STR("b"), STR("abc")) > 0, "then by bytes");
	ok(str_cmp(STR("\xff"), STR("a")) > 0, "bytes have no sign");
	ok(str_cmp(STR_NULL, STR("")) == 0, "nothing is as empty as empty");
	ok(str_starts(STR("abc"), STR("ab")), "starts");
	ok(str_starts(STR("abc"), STR("")), "everything starts with nothing");
	ok(!str_starts(STR("ab"), STR("abc")), "too short to start with it");
	ok(str_starts(STR_NULL, STR_NULL), "nothing starts with nothing");
	ok(str_ends(STR("a.fcgi"), STR(".fcgi")), "ends");
	ok(!str_ends(STR("cgi"), STR(".fcgi")), "too short to end with it");
	ok(str_ends(STR("x"), STR("")), "everything ends with nothing");
}

static void
test_trim(void)
{
	ok(str_is(str_trim(STR(" \t a b\t ")), "a b"), "both ends");
	ok(str_trim(STR(" \t ")).n == 0, "only blanks");
	ok(str_is(str_trim(STR("\na")), "\na"), "a newline is no blank");
	ok(str_is(str_skip(STR("abc"), 1), "bc"), "skip");
	ok(str_skip(STR("abc"), 9).n == 0, "skip past the end");
	ok(str_skip(STR_NULL, 0).p == NULL, "skip nothing of nothing");
}

static void
test_cut(void)
{
	struct str rest = STR("a,,b"), head;

	head = str_cut(&rest, ',');
	ok(str_is(head, "a") && str_is(rest, ",b"), "head and tail");
	head = str_cut(&rest, ',');
	ok(head.n == 0 && head.p != NULL && str_is(rest, "b"), "an empty piece");
	head = str_cut(&rest, ',');
	ok(str_is(head, "b") && rest.p == NULL, "the last piece leaves no tail");
	head = str_cut(&rest, ',');
	ok(head.n == 0 && rest.p == NULL, "nothing is left");
	rest = STR("k=");
	str_cut(&rest, '=');
	ok(rest.p != NULL && rest.n == 0, "an empty tail is not a missing one");
}

static void
test_copies(void)
{
	struct str s = str_dup(&a, (struct str){ "abcdef", 3 });

	ok(str_is(s, "abc") && s.p[3] == '\0', "str_dup ends with NUL");
	ok(str_dup(&a, STR_NULL).p != NULL, "a copy of nothing is an empty text");
	s = str_printf(&a, "%s-%0300d", "x", 5);
	ok(s.n == 302 && s.p[302] == '\0', "str_printf of any length");
	ok(str_printf(&a, "%s", "").n == 0, "str_printf of nothing");
}

static void
test_buf(void)
{
	struct buf b;
	int i;

	buf_init(&b, &a, 100000);
	ok(b.p[0] == '\0' && buf_ok(&b), "an empty buffer ends with NUL");
	for (i = 0; i < 10000; i++)
		buf_add(&b, "0123456789", 10);
	ok(b.n == 100000 && b.p[b.n] == '\0' && buf_ok(&b), "it grows up to its cap");
	ok(memcmp(b.p + 99990, "0123456789", 10) == 0, "and keeps what it has");
	buf_char(&b, 'x');
	ok(!buf_ok(&b) && b.n == 100000 && b.p[b.n] == '\0', "one byte more overflows");
	buf_init(&b, &a, 5);
	buf_cstr(&b, "abc");
	buf_str(&b, STR("def"));
	ok(!buf_ok(&b) && str_is(buf_view(&b), "abc"), "nothing is written in part");
	buf_char(&b, 'd');
	ok(str_is(buf_view(&b), "abc"), "after an overflow nothing is written");
}

static void
test_buf_printf(void)
{
	struct buf b;

	buf_init(&b, &a, 1000);
	buf_printf(&b, "%d,%s", 7, "x");
	buf_printf(&b, "%s", "");
	buf_printf(&b, "%0500d", 1);
	ok(b.n == 503 && buf_ok(&b) && b.p[503] == '\0', "printf grows the buffer");
	buf_printf(&b, "%0600d", 1);
	ok(b.n == 503 && !buf_ok(&b) && b.p[503] == '\0', "an overflow leaves no trace");
	buf_init(&b, &a, 0);
	buf_printf(&b, "%s", "");
	ok(buf_ok(&b), "nothing fits into nothing");
	buf_printf(&b, "x");
	ok(!buf_ok(&b) && b.p[0] == '\0', "something does not");
}

/* Two buffers that grow in turns must not write into each other. */
static void
test_two_bufs(void)
{
	struct buf x, y;
	size_t i;
	bool good = true;

	buf_init(&x, &a, 10000);
	buf_init(&y, &a, 10000);
	for (i = 0; i < 10000; i++) {
		buf_char(&x, 'x');
		buf_char(&y, 'y');
	}
	for (i = 0; i < 10000; i++)
		good = good && x.p[i] == 'x' && y.p[i] == 'y';
	ok(good && buf_ok(&x) && buf_ok(&y), "two buffers grow side by side");
}

static void
test_int(void)
{
	static const struct {
		int64_t i;
		const char *text;
	} cases[] = { { 0, "0" }, { 7, "7" }, { -1, "-1" },
		{ 1761042600000, "1761042600000" }, { INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" } };
	struct arena mem;
	struct buf b;
	size_t i;

	ok(arena_init(&mem, 1u << 16), "an arena");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_init(&b, &mem, 32);
		buf_int(&b, cases[i].i);
		ok(str_is(buf_view(&b), cases[i].text) && buf_ok(&b), "%s",
		    cases[i].text);
	}
	arena_clear(&mem);
}

int
main(void)
{
	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	test_compare();
	test_ends();
	test_trim();
	test_cut();
	test_copies();
	test_buf();
	test_buf_printf();
	test_two_bufs();
	arena_clear(&a);
	test_int();
	return done_testing();
}
