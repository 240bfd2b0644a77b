/* parse: numbers, booleans, UTF-8, words, queries, times of day. */
#include "base/parse.h"

#include <time.h>

#include "base/clock.h"
#include "tap.h"
#include "base/banned.h"

#define COUNT(x) (sizeof(x) / sizeof(*(x)))

static struct arena a;

static void
test_i64(void)
{
	static const struct {
		const char *text;
		int64_t min, max, value;
		bool good;
	} cases[] = {
		{ "0", 0, 10, 0, true },
		{ "10", 0, 10, 10, true },
		{ "11", 0, 10, 0, false },
		{ "-1", 0, 10, 0, false },
		{ "-5", -5, 10, -5, true },
		{ "007", 0, 10, 7, true },
		{ "", 0, 10, 0, false },
		{ "-", -10, 10, 0, false },
		{ "+1", 0, 10, 0, false },
		{ " 1", 0, 10, 0, false },
		{ "1 ", 0, 10, 0, false },
		{ "1.0", 0, 10, 0, false },
		{ "0x1", 0, 10, 0, false },
		{ "--1", -10, 10, 0, false },
		{ "1-", 0, 10, 0, false },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, true },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, 0, false },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, true },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, 0, false },
		{ "99999999999999999999999999", INT64_MIN, INT64_MAX, 0, false },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		int64_t got = 4711;
		bool good =
		    parse_i64(str_of(cases[i].text), cases[i].min, cases[i].max, &got);

		ok(good == cases[i].good && got == (good ? cases[i].value : 4711),
		    "number '%s'", cases[i].text);
	}
}

static void
test_bool(void)
{
	static const char *const yes[] = { "true", "1", "yes", "on", "TRUE", "Yes" };
	static const char *const no[] = { "false", "0", "no", "off", "False", "OFF" };
	static const char *const neither[] = { "", "2", "t", "truee", "tru", "y",
		" true" };
	size_t i;
	bool v;

	for (i = 0; i < COUNT(yes); i++)
		ok(parse_bool(str_of(yes[i]), &v) && v, "'%s' is true", yes[i]);
	for (i = 0; i < COUNT(no); i++)
		ok(parse_bool(str_of(no[i]), &v) && !v, "'%s' is false", no[i]);
	for (i = 0; i < COUNT(neither); i++)
		ok(!parse_bool(str_of(neither[i]), &v), "'%s' is neither", neither[i]);
}

static void
test_utf8(void)
{
	static const struct {
		struct str s;
		int chars; /* -1: refused */
		const char *name;
	} cases[] = {
		{ { "", 0 }, 0, "empty" },
		{ { "abc", 3 }, 3, "ASCII" },
		{ { "a\0b", 3 }, 3, "NUL is a character" },
		{ { "\xc2\x80", 2 }, 1, "first of two bytes" },
		{ { "\xdf\xbf", 2 }, 1, "last of two bytes" },
		{ { "\xe0\xa0\x80", 3 }, 1, "first of three bytes" },
		{ { "\xef\xbf\xbf", 3 }, 1, "last of three bytes" },
		{ { "\xf0\x90\x80\x80", 4 }, 1, "first of four bytes" },
		{ { "\xf4\x8f\xbf\xbf", 4 }, 1, "last character of all" },
		{ { "\xe8\xa7\x80\xe7\x9c\xbe", 6 }, 2, "Chinese" },
		{ { "\xed\x9f\xbf", 3 }, 1, "just below the surrogates" },
		{ { "\xed\xa0\x80", 3 }, -1, "a surrogate" },
		{ { "\xed\xbf\xbf", 3 }, -1, "the last surrogate" },
		{ { "\xc0\x80", 2 }, -1, "overlong NUL" },
		{ { "\xc1\xbf", 2 }, -1, "overlong of two bytes" },
		{ { "\xe0\x9f\xbf", 3 }, -1, "overlong of three bytes" },
		{ { "\xf0\x8f\xbf\xbf", 4 }, -1, "overlong of four bytes" },
		{ { "\xf4\x90\x80\x80", 4 }, -1, "above the last character" },
		{ { "\xf5\x80\x80\x80", 4 }, -1, "impossible first byte" },
		{ { "\xff", 1 }, -1, "impossible byte" },
		{ { "\x80", 1 }, -1, "continuation alone" },
		{ { "\xc3", 1 }, -1, "cut after one of two" },
		{ { "\xe8\xa7", 2 }, -1, "cut after two of three" },
		{ { "\xf0\x90\x80", 3 }, -1, "cut after three of four" },
		{ { "\xc3\x28", 2 }, -1, "no continuation" },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		size_t chars = 4711;
		bool good = parse_utf8(cases[i].s, &chars);

		ok(good == (cases[i].chars >= 0) &&
			chars == (good ? (size_t)cases[i].chars : 4711),
		    "UTF-8: %s", cases[i].name);
	}
}

static void
test_hundred(void)
{
	struct buf b;
	size_t chars;
	int i;

	buf_init(&b, &a, 1000);
	for (i = 0; i < 100; i++)
		buf_cstr(&b, "觀");
	ok(parse_utf8(buf_view(&b), &chars) && chars == 100,
	    "100 characters in 300 bytes");
	buf_cstr(&b, "x");
	ok(parse_utf8(buf_view(&b), &chars) && chars == 101, "101 characters");
}

static void
test_control(void)
{
	ok(!parse_has_control(STR("plain 觀眾 \xc2\xa0")), "none");
	ok(parse_has_control(STR("a\nb")), "newline");
	ok(parse_has_control(STR("a\0b")), "NUL");
	ok(parse_has_control(STR("\x7f")), "DEL");
	ok(parse_has_control(STR("\xc2\x80")) && parse_has_control(STR("\xc2\x9f")),
	    "C1");
	ok(parse_has_control(STR("\xff")), "what is no UTF-8 is not clean");
}

static void
test_clean(void)
{
	ok(str_is(parse_clean_text(&a, STR("a\nb\x7f\xff觀"), 100), "a?b??觀"),
	    "controls and bad bytes become question marks");
	ok(str_is(parse_clean_text(&a, STR("\xc2\x85x"), 100), "?x"),
	    "C1 is one of them");
	ok(str_is(parse_clean_text(&a, STR("觀眾"), 5), "觀"), "cut at a character");
	ok(str_is(parse_clean_text(&a, STR("觀眾"), 6), "觀眾"), "all of it fits");
	ok(parse_clean_text(&a, STR("觀"), 2).n == 0, "nothing fits");
	ok(str_is(parse_clean_text(&a, STR("\xe8\xa7"), 9), "??"), "a cut character");
	ok(parse_clean_text(&a, STR("abc"), 0).n == 0, "no room at all");
}

static void
test_word(void)
{
	ok(parse_word(STR("aZ09"), "", 4), "letters and digits");
	ok(!parse_word(STR("aZ09"), "", 3), "too long");
	ok(!parse_word(STR(""), "-", 3), "empty");
	ok(parse_word(STR("a-b_c"), "-_", 10) && !parse_word(STR("a-b.c"), "-_", 10),
	    "also");
	ok(!parse_word(STR("a\0b"), "-", 10), "NUL is not in the list");
	ok(parse_uuid(STR("0123abcd-4567-89AB-CDEF-0123456789ef")), "a UUID");
	ok(!parse_uuid(STR("0123abcd-4567-89AB-CDEF-0123456789e")), "too short");
	ok(!parse_uuid(STR("0123abcd-4567-89AB-CDEF-0123456789eg")), "no hex digit");
	ok(!parse_uuid(STR("0123abcd-4567-89AB-CDEF-0123456789e\0")), "NUL is none");
	ok(!parse_uuid(STR("0123abcd-4567-89AB-CDEF00123456789ef")),
	    "a digit for a dash");
	ok(!parse_word(STR("\xc3\xa9"), "-", 10), "no letters but ASCII");
}

static void
test_query(void)
{
	static const struct {
		const char *query, *name, *value; /* value NULL: absent */
		bool good;
	} cases[] = {
		{ "a=1&b=2", "b", "2", true },
		{ "a=1&b=2", "c", NULL, true },
		{ "", "a", NULL, true },
		{ "a", "a", "", true },
		{ "a=", "a", "", true },
		{ "&&a=1&&", "a", "1", true },
		{ "a=b=c", "a", "b=c", true },
		{ "a=x+y%2Bz", "a", "x y+z", true },
		{ "user%49d=u", "userId", "u", true },
		{ "aa=1", "a", NULL, true },
		{ "A=1", "a", NULL, true },
		{ "a=%E8%A7%80", "a", "觀", true },
		{ "a=1&a=2", "a", NULL, false },
		{ "a=1&%61=2", "a", NULL, false },
		{ "a&a", "a", NULL, false },
		{ "a=%", "a", NULL, false },
		{ "a=%4", "a", NULL, false },
		{ "a=%00", "a", NULL, false },
		{ "b=%zz&a=1", "a", "1", true },
		{ "%zz=3&a=1", "a", "1", true },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		struct str got = STR("untouched");
		bool good = parse_query(&a, str_of(cases[i].query), cases[i].name, &got);
		bool right = !good ? str_is(got, "untouched")
			     : cases[i].value == NULL
				 ? got.p == NULL
				 : got.p != NULL && str_is(got, cases[i].value);

		ok(good == cases[i].good && right, "query '%s'", cases[i].query);
	}
}

static void
test_clock(void)
{
	static const struct {
		int64_t ms;
		const char *iso;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1761042600000, "2025-10-21T10:30:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 951782400007, "2000-02-29T00:00:00.007Z" },
		{ 951868799999, "2000-02-29T23:59:59.999Z" },
		{ 4107542400000, "2100-03-01T00:00:00.000Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
		{ 253402300800000, "" },
		{ -62167219200000, "0000-01-01T00:00:00.000Z" },
		{ -62167219200001, "" },
		{ INT64_MAX, "" },
		{ INT64_MIN, "" },
	};
	char out[ISO8601_BYTES];
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		clock_iso8601(cases[i].ms, out);
		is_text(out, cases[i].iso, "ISO 8601");
	}
	clock_amz(1440938160, out);
	is_text(out, "20150830T123600Z", "as AWS signs it");
	ok(clock_now_ms() > 1700000000000, "now");
	ok(clock_mono_us() / 1000 <= clock_mono_ms(), "the stopwatch goes on");
}

/* Every day of 10000 years against the C library. */
static void
test_calendar(void)
{
	char ours[ISO8601_BYTES], theirs[64];
	bool same = true;
	int64_t day;
	struct tm tm;

	for (day = -719528; day < 2932897 && same; day++) {
		time_t t = (time_t)day * 86400;

		gmtime_r(&t, &tm);
		snprintf(theirs, sizeof(theirs), "%04d-%02d-%02dT00:00:00.000Z",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
		clock_iso8601(day * 86400000, ours);
		same = strcmp(ours, theirs) == 0;
	}
	ok(same, "the calendar agrees with the C library, day %lld", (long long)day);
}

int
main(void)
{
	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	test_i64();
	test_bool();
	test_utf8();
	test_hundred();
	test_control();
	test_clean();
	test_word();
	test_query();
	test_clock();
	test_calendar();
	arena_clear(&a);
	return done_testing();
}
