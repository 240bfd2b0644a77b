/* encode: hex, base64url (RFC 4648 section 10 without padding), percent. */
#include "base/encode.h"

#include "tap.h"
#include "base/banned.h"

static struct arena a;

static void
test_hex(void)
{
	struct buf b;

	buf_init(&b, &a, 100);
	encode_hex(&b, "\x00\x0f\xa5\xff", 4);
	is_text(b.p, "000fa5ff", "lower case, two digits each");
}

static void
test_base64url(void)
{
	static const struct {
		struct str plain;
		const char *text;
	} cases[] = {
		{ { "", 0 }, "" },
		{ { "f", 1 }, "Zg" },
		{ { "fo", 2 }, "Zm8" },
		{ { "foo", 3 }, "Zm9v" },
		{ { "foob", 4 }, "Zm9vYg" },
		{ { "fooba", 5 }, "Zm9vYmE" },
		{ { "foobar", 6 }, "Zm9vYmFy" },
		{ { "\xfb\xff\xfe\x00", 4 }, "-__-AA" },
	};
	struct str back;
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_init(&b, &a, 100);
		encode_base64url(&b, cases[i].plain.p, cases[i].plain.n);
		is_text(b.p, cases[i].text, "encoded");
		ok(decode_base64url(&a, str_of(cases[i].text), &back) &&
			str_eq(back, cases[i].plain),
		    "'%s' decodes", cases[i].text);
	}
}

static void
test_base64url_refused(void)
{
	static const char *const wrong[] = { "A", "AAAAA", "Zg==", "Zm+v", "Zm/v", "Zm 9",
		"Zh", "Zm9", "Z\xc3\xa9", "*AAA" };
	struct str back = STR("untouched");
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ok(!decode_base64url(&a, str_of(wrong[i]), &back), "'%s' is refused",
		    wrong[i]);
	ok(!decode_base64url(&a, STR("AA\0A"), &back), "a NUL is refused");
	ok(str_is(back, "untouched"), "the result is untouched");
}

static void
test_percent(void)
{
	static const struct {
		const char *text, *plain; /* plain NULL: refused */
	} cases[] = {
		{ "abc", "abc" },
		{ "", "" },
		{ "a%2Fb%2fc", "a/b/c" },
		{ "%E4%B8%AD", "中" },
		{ "a+b", "a+b" },
		{ "%25%32%46", "%2F" },
		{ "%", NULL },
		{ "a%2", NULL },
		{ "%zz", NULL },
		{ "%2g", NULL },
		{ "%g2", NULL },
		{ "%%20", NULL },
		{ "a%00b", NULL },
		{ "% 1", NULL },
		{ "%-1", NULL },
	};
	struct str got;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool good = decode_percent(&a, str_of(cases[i].text), &got);

		ok(good == (cases[i].plain != NULL) &&
			(!good || str_is(got, cases[i].plain)),
		    "decode '%s'", cases[i].text);
	}
}

static void
test_percent_encode(void)
{
	unsigned char all[255];
	struct str back;
	struct buf b;
	size_t i;

	buf_init(&b, &a, 100);
	encode_percent(&b, STR("aZ09-._~ /:%+\xe4"));
	is_text(b.p, "aZ09-._~%20%2F%3A%25%2B%E4", "only the unreserved stay");
	for (i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)(i + 1);
	buf_init(&b, &a, 1000);
	encode_percent(&b, (struct str){ (const char *)all, sizeof(all) });
	ok(decode_percent(&a, buf_view(&b), &back) && back.n == sizeof(all) &&
		memcmp(back.p, all, sizeof(all)) == 0,
	    "every byte comes back");
}

int
main(void)
{
	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	test_hex();
	test_base64url();
	test_base64url_refused();
	test_percent();
	test_percent_encode();
	arena_clear(&a);
	return done_testing();
}
