/* net: addresses with and without ports, networks and their edges. */
#include "base/net.h"

#include "tap.h"
#include "base/banned.h"

#define COUNT(x) (sizeof(x) / sizeof(*(x)))

static void
test_parse(void)
{
	static const struct {
		const char *in, *text, *bucket; /* text NULL: refused */
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:80", "192.0.2.1", "192.0.2.1" },
		{ "0.0.0.0", "0.0.0.0", "0.0.0.0" },
		{ "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1" },
		{ "::1", "::1", "::/64" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "2001:DB8::1", "2001:db8::1", "2001:db8::/64" },
		{ "[2001:db8::1]", "2001:db8::1", "2001:db8::/64" },
		{ "[2001:db8::1]:443", "2001:db8::1", "2001:db8::/64" },
		{ "[::ffff:10.0.0.1]:443", "10.0.0.1", "10.0.0.1" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "ffff:ffff:ffff:ffff::/64" },
		{ "", NULL, NULL },
		{ "localhost", NULL, NULL },
		{ "192.0.2", NULL, NULL },
		{ "192.0.2.256", NULL, NULL },
		{ "192.0.2.1:", NULL, NULL },
		{ "192.0.2.1:x", NULL, NULL },
		{ "192.0.2.1:65536", NULL, NULL },
		{ "192.0.2.1:-1", NULL, NULL },
		{ " 192.0.2.1", NULL, NULL },
		{ "192.0.2.1, 10.0.0.1", NULL, NULL },
		{ "[192.0.2.1]", NULL, NULL },
		{ "[2001:db8::1", NULL, NULL },
		{ "[2001:db8::1]443", NULL, NULL },
		{ "[2001:db8::1]:", NULL, NULL },
		{ "[]", NULL, NULL },
		{ "[", NULL, NULL },
		{ ":", NULL, NULL },
		{ "fe80::1%eth0", NULL, NULL },
		{ "2001:db8::1::2", NULL, NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL, NULL },
		{ "1111111111111111111111111111111111111111111111111", NULL, NULL },
	};
	char text[NET_TEXT_BYTES], bucket[NET_TEXT_BYTES];
	struct net_addr addr;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		bool good = net_parse(str_of(cases[i].in), &addr);

		if (!ok(good == (cases[i].text != NULL), "address '%s'", cases[i].in) ||
		    !good)
			continue;
		net_text(&addr, text);
		net_bucket_text(&addr, bucket);
		is_text(text, cases[i].text, "its text");
		is_text(bucket, cases[i].bucket, "its bucket");
		ok(net_is_v4(&addr) == (strchr(text, ':') == NULL), "its family");
	}
	ok(!net_parse(STR("10.0.0.1\0"), &addr), "a NUL is refused");
}

static void
test_truncated(void)
{
	static const struct {
		const char *addr, *kept;
	} cases[] = {
		{ "198.51.100.77", "198.51.100.0" },
		{ "::ffff:198.51.100.77", "198.51.100.0" },
		{ "255.255.255.255", "255.255.255.0" },
		{ "2001:db8:abcd:12:3456:789a:bcde:f012", "2001:db8:abcd::" },
		{ "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:ffff::" },
		{ "::1", "::" },
	};
	char text[NET_TEXT_BYTES];
	struct net_addr addr;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		ok(net_parse(str_of(cases[i].addr), &addr), "%s", cases[i].addr);
		net_truncated_text(&addr, 24, 48, text);
		is_text(text, cases[i].kept, "its /24 or /48");
	}
}

static bool
has(const char *list, const char *addr)
{
	struct err err = ERR_INIT;
	struct net_list l;
	struct net_addr a;
	bool found;

	if (!net_list_parse(str_of(list), &l, &err) || !net_parse(str_of(addr), &a))
		return false;
	found = net_list_has(&l, &a);
	net_list_clear(&l);
	return found;
}

static void
test_list_has(void)
{
	static const struct {
		const char *list, *addr;
		bool in;
	} cases[] = {
		{ "10.0.0.0/8", "10.0.0.0", true },
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "9.255.255.255", false },
		{ "10.1.2.3/8", "10.9.9.9", true },
		{ "192.0.2.0/31", "192.0.2.1", true },
		{ "192.0.2.0/31", "192.0.2.2", false },
		{ "192.0.2.1/32", "192.0.2.1", true },
		{ "192.0.2.1/32", "192.0.2.0", false },
		{ "172.16.0.0/12", "172.31.255.255", true },
		{ "172.16.0.0/12", "172.32.0.0", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", false },
		{ "::ffff:10.0.0.0/104", "10.1.1.1", true },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "::1", "::1", true },
		{ "::1", "::2", false },
		{ " 10.0.0.0/8 ,\t::1 , ", "::1", true },
		{ "", "10.0.0.1", false },
		{ ",,", "10.0.0.1", false },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++)
		ok(has(cases[i].list, cases[i].addr) == cases[i].in, "'%s' has%s %s",
		    cases[i].list, cases[i].in ? "" : " not", cases[i].addr);
}

static void
test_list_refused(void)
{
	static const char *const wrong[] = { "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
		"10.0.0.0/8/8", "::/129", "10.0.0.1:80", "localhost", "10.0.0.0/a", "/8",
		"10.0.0.1 10.0.0.2" };
	struct net_list l = { NULL, 4711 };
	struct err err;
	size_t i;

	for (i = 0; i < COUNT(wrong); i++) {
		struct str text = str_of(wrong[i]);

		err_clear(&err);
		ok(!net_list_parse(text, &l, &err) && err.kind == ERR_CONFIG, "'%s'",
		    wrong[i]);
		ok(strstr(err.cause, wrong[i]) != NULL, "is named");
	}
	err_clear(&err);
	ok(!net_list_parse(STR("10.0.0.0/8,bad,::1"), &l, &err),
	    "one bad item spoils all");
	ok(strstr(err.cause, "'bad'") != NULL, "and only it is named");
	is_int((long long)l.count, 4711, "the result is untouched");
}

int
main(void)
{
	test_parse();
	test_truncated();
	test_list_has();
	test_list_refused();
	return done_testing();
}
