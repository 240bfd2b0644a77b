/* json: what is refused and why, limits, memory from arenas and from malloc. */
#include "base/json.h"

#include <stdlib.h>

#include "tap.h"
#include "base/banned.h"

#define COUNT(x) (sizeof(x) / sizeof(*(x)))

static struct arena a;

static void
test_accepted(void)
{
	static const char *const good[] = { "{}", " {\"a\":1}\n", "{\"a\":{\"a\":1}}",
		"{\"a\":\"\\u89c0\\ud83d\\ude00\"}", "{\"a\":\"觀眾\"}", "{\"\":null}",
		"{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[\"}", "{\"a\":\"\\\"[\"}",
		"{\"a\":-9223372036854775808}", "{\"a\":1e5,\"b\":true}" };
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		json_t *v = NULL;

		ok(json_parse_object(str_of(good[i]), &v, &err) && json_is_object(v),
		    "%s", good[i]);
		json_decref(v);
	}
	is_int(err.kind, ERR_NONE, "no error is set");
}

static void
test_refused(void)
{
	static const struct {
		struct str text;
		enum msg tell;
		const char *name;
	} cases[] = {
		{ { NULL, 0 }, MSG_BODY_NOT_OBJECT, "nothing" },
		{ { "", 0 }, MSG_BODY_NOT_OBJECT, "empty" },
		{ { "[]", 2 }, MSG_BODY_NOT_OBJECT, "an array" },
		{ { "\"a\"", 3 }, MSG_BODY_NOT_OBJECT, "a string" },
		{ { "null", 4 }, MSG_BODY_NOT_OBJECT, "null" },
		{ { "{", 1 }, MSG_BODY_NOT_OBJECT, "cut short" },
		{ { "{\"a\":1,}", 8 }, MSG_BODY_NOT_OBJECT, "a comma too many" },
		{ { "{'a':1}", 7 }, MSG_BODY_NOT_OBJECT, "single quotes" },
		{ { "{} x", 4 }, MSG_BODY_NOT_OBJECT, "text behind it" },
		{ { "{}{}", 4 }, MSG_BODY_NOT_OBJECT, "a second object" },
		{ { "{\"a\":1,\"a\":2}", 13 }, MSG_BODY_DUPLICATE, "a member twice" },
		{ { "{\"a\":1,\"\\u0061\":2}", 18 }, MSG_BODY_DUPLICATE,
		    "twice, escaped" },
		{ { "{\"o\":{\"a\":1,\"a\":1}}", 19 }, MSG_BODY_DUPLICATE,
		    "twice inside" },
		{ { "{\"a\":\"\\u0000\"}", 14 }, MSG_BODY_NOT_OBJECT, "an escaped NUL" },
		{ { "{\"a\\u0000\":1}", 13 }, MSG_BODY_NOT_OBJECT, "a NUL in a name" },
		{ { "{\"a\":\"\0\"}", 9 }, MSG_BODY_NOT_OBJECT, "a raw NUL" },
		{ { "{}\0", 3 }, MSG_BODY_NOT_OBJECT, "a NUL behind it" },
		{ { "{\"a\":\"\xc0\x80\"}", 10 }, MSG_BODY_NOT_OBJECT, "overlong UTF-8" },
		{ { "{\"a\":\"\xff\"}", 9 }, MSG_BODY_NOT_OBJECT, "no UTF-8" },
		{ { "{\"a\":\"\\ud800\"}", 14 }, MSG_BODY_NOT_OBJECT, "half a pair" },
		{ { "{\"a\":9223372036854775808}", 25 }, MSG_BODY_NOT_OBJECT,
		    "too big a number" },
		{ { "{\"a\":1e999}", 11 }, MSG_BODY_NOT_OBJECT,
		    "a number beyond double" },
		{ { "{\"a\":01}", 8 }, MSG_BODY_NOT_OBJECT, "a leading zero" },
		{ { "{\"a\":NaN}", 9 }, MSG_BODY_NOT_OBJECT, "NaN" },
		{ { "{\"a\":\"\n\"}", 9 }, MSG_BODY_NOT_OBJECT, "a raw newline" },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		json_t *v = NULL;

		ok(!json_parse_object(cases[i].text, &v, &err), "%s is refused",
		    cases[i].name);
		ok(err.kind == ERR_INPUT && err.tell == cases[i].tell && v == NULL,
		    "as input, with the right text: %s", err.cause);
	}
}

static struct str
nested(int depth)
{
	struct buf b;
	int i;

	buf_init(&b, &a, 100000);
	for (i = 0; i < depth; i++)
		buf_cstr(&b, "{\"a\":");
	buf_cstr(&b, "1");
	for (i = 0; i < depth; i++)
		buf_cstr(&b, "}");
	return buf_view(&b);
}

static struct str
many(const char *one, int n)
{
	struct buf b;
	int i;

	buf_init(&b, &a, 1u << 20);
	buf_cstr(&b, "{\"a\":[1");
	for (i = 0; i < n; i++)
		buf_cstr(&b, one);
	buf_cstr(&b, "]}");
	return buf_view(&b);
}

static bool
parses(struct str text)
{
	struct err err = ERR_INIT;
	json_t *v = NULL;

	if (!json_parse_object(text, &v, &err))
		return false;
	json_decref(v);
	return true;
}

static void
test_limits(void)
{
	struct arena small;
	struct str full, flood;

	ok(parses(nested(JSON_MAX_DEPTH)), "16 deep");
	ok(!parses(nested(JSON_MAX_DEPTH + 1)), "17 deep is refused");
	ok(!parses(nested(5000)), "5000 deep is refused");
	full = many(",{}", 8000);
	flood = many(",{}", 300000);
	ok(arena_init(&small, ARENA_DEFAULT_BYTES), "an arena of the usual size");
	json_use(&small);
	ok(parses(full), "8000 objects");
	ok(!parses(flood), "300000 objects are refused");
	ok(!parses(many(",1", 300000)), "300000 numbers are refused");
	diag("used: %zu of %zu", small.used, small.cap);
	json_use(NULL);
	arena_clear(&small);
}

/* The worst that passes must still fit the arena of a request. */
static void
test_worst(void)
{
	struct arena req;
	struct buf b;
	int i;

	if (!ok(arena_init(&req, ARENA_DEFAULT_BYTES), "an arena of the usual size"))
		return;
	buf_init(&b, &a, 1u << 20);
	buf_cstr(&b, "{\"a\":{}");
	for (i = 0; i < 8000; i++)
		buf_printf(&b, ",\"%0100d\":{}", i);
	buf_cstr(&b, "}");
	json_use(&req);
	ok(parses(buf_view(&b)), "1 MB of objects with long names");
	diag("used: %zu of %zu", req.used, req.cap);
	json_use(NULL);
	arena_clear(&req);
}

static void
test_build(void)
{
	json_t *v = json_pack("{s:o, s:o, s:i, s:o, s:f}", "s", json_str(STR("觀\"\n")),
	    "n", json_str(STR_NULL), "i", 7, "t", json_time(1761042600000), "f", 0.1);

	ok(v != NULL, "built");
	ok(str_is(json_text(&a, v), "{\"s\":\"觀\\\"\\n\",\"n\":null,\"i\":7,"
				    "\"t\":\"2025-10-21T10:30:00.000Z\",\"f\":0.1}"),
	    "compact, in the order it was built");
	ok(str_is(json_view(json_object_get(v, "s")), "觀\"\n"), "a view of a string");
	ok(json_view(json_object_get(v, "i")).p == NULL, "a number is no string");
	ok(json_view(NULL).p == NULL, "nothing is no string");
	json_decref(v);
	ok(json_is_null(json_time(0)), "a time that is not known is null");
	v = json_str(STR(""));
	ok(json_view(v).p != NULL && json_view(v).n == 0, "an empty string is one");
	json_decref(v);
	v = json_str(STR("a\xff\xe8\xa7z觀"));
	ok(str_is(json_view(v), "a???z觀"), "bad bytes do not lose the answer");
	ok(str_is(json_text(&a, v), "\"a???z觀\""), "any value can be printed");
	json_decref(v);
}

static void
test_canonical(void)
{
	struct err err = ERR_INIT;
	json_t *v = NULL, *w = NULL;

	ok(json_parse_object(
	       STR("{ \"b\" : {\"y\":[2,1],\"x\":\"\\u00e9\"}, \"a\":1 }"), &v, &err) &&
		json_parse_object(
		    STR("{\"a\":1,\"b\":{\"x\":\"é\",\"y\":[2,1]}}"), &w, &err),
	    "two texts that say the same");
	ok(str_is(json_canonical(&a, v), "{\"a\":1,\"b\":{\"x\":\"é\",\"y\":[2,1]}}"),
	    "members in order, arrays as they are");
	ok(str_eq(json_canonical(&a, v), json_canonical(&a, w)), "they are alike");
	json_decref(v);
	json_decref(w);
}

static void
test_arena_memory(void)
{
	struct arena one, two;
	json_t *old = json_pack("{s:s}", "made", "with malloc"), *v;
	struct err err = ERR_INIT;
	size_t used;

	ok(arena_init(&one, 1 << 20) && arena_init(&two, 1 << 20), "two arenas");
	json_use(&one);
	ok(json_parse_object(STR("{\"a\":[1,2,{\"b\":\"c\"}]}"), &v, &err), "parsed");
	ok(one.used > 0, "memory came from the arena");
	json_use(&two);
	json_decref(v);
	ok(true, "released while another arena is in use");
	json_decref(old);
	ok(true, "what malloc gave is released while an arena is in use");
	ok(json_parse_object(STR("{\"a\":1}"), &v, &err), "parsed in the other arena");
	used = two.used;
	json_use(NULL);
	json_decref(v);
	ok(two.used == used, "released after it");
	arena_wipe(&one);
	json_use(&one);
	ok(json_parse_object(STR("{\"a\":\"b\"}"), &v, &err),
	    "a wiped arena serves again");
	json_use(NULL);
	arena_clear(&one);
	arena_clear(&two);
}

int
main(void)
{
	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	test_accepted();
	test_refused();
	test_limits();
	test_worst();
	test_build();
	test_canonical();
	test_arena_memory();
	arena_clear(&a);
	return done_testing();
}
