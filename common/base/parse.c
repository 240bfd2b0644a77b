#include "base/parse.h"

#include <ctype.h>

#include "base/encode.h"
#include "base/banned.h"

bool
parse_i64(struct str s, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	int64_t v = 0;
	size_t i;

	if (s.n == (negative ? 1u : 0u))
		return false;
	/* Built as a negative number: INT64_MIN has no positive counterpart. */
	for (i = negative; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, s.p[i] - '0', &v))
			return false;
	}
	if (!negative && __builtin_sub_overflow((int64_t)0, v, &v))
		return false;
	if (v < min || v > max)
		return false;
	*ret = v;
	return true;
}

bool
parse_bool(struct str s, bool *ret)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ "true", true },
		{ "1", true },
		{ "yes", true },
		{ "on", true },
		{ "false", false },
		{ "0", false },
		{ "no", false },
		{ "off", false },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (str_ieq(s, str_of(words[i].text))) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

/* Length of the character whose first byte is c; 0: cannot be first. */
static size_t
utf8_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

size_t
parse_utf8_char(struct str s, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = s.n > 0 ? utf8_length(p[0]) : 0, i;
	uint32_t c;

	if (n == 0 || n > s.n)
		return 0;
	c = p[0] & mask[n];
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

bool
parse_utf8(struct str s, size_t *ret_chars)
{
	size_t n, chars = 0;
	uint32_t c;

	for (; s.n > 0; s = str_skip(s, n), chars++) {
		n = parse_utf8_char(s, &c);
		if (n == 0)
			return false;
	}
	*ret_chars = chars;
	return true;
}

static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

bool
parse_has_control(struct str s)
{
	uint32_t c;
	size_t n;

	for (; s.n > 0; s = str_skip(s, n)) {
		n = parse_utf8_char(s, &c);
		if (n == 0 || is_control(c))
			return true;
	}
	return false;
}

struct str
parse_clean_text(struct arena *a, struct str s, size_t max_bytes)
{
	struct buf out;
	uint32_t c;

	buf_init(&out, a, max_bytes);
	while (s.n > 0) {
		size_t n = parse_utf8_char(s, &c);
		bool bad = n == 0 || is_control(c);

		if ((bad ? 1 : n) > max_bytes - out.n)
			break;
		if (bad)
			buf_char(&out, '?');
		else
			buf_add(&out, s.p, n);
		s = str_skip(s, n == 0 ? 1 : n);
	}
	return buf_view(&out);
}

static bool
is_word_byte(char c, const char *also)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr(also, c) != NULL;
}

bool
parse_word(struct str s, const char *also, size_t max)
{
	size_t i;

	if (s.n == 0 || s.n > max)
		return false;
	for (i = 0; i < s.n; i++) {
		if (!is_word_byte(s.p[i], also))
			return false;
	}
	return true;
}

/* A name or a value of a query string. */
static bool
query_decode(struct arena *a, struct str s, struct str *ret)
{
	char *p = arena_strndup(a, s.p, s.n);
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (p[i] == '+')
			p[i] = ' ';
	}
	return decode_percent(a, (struct str){ p, s.n }, ret);
}

bool
parse_query(struct arena *a, struct str query, const char *name, struct str *ret)
{
	struct str found = STR_NULL, key;

	while (query.n > 0) {
		struct str value = str_cut(&query, '&');
		struct str raw = str_cut(&value, '=');

		/* A name that cannot be decoded is not the one looked for. */
		if (!query_decode(a, raw, &key) || !str_is(key, name))
			continue;
		if (found.p != NULL || !query_decode(a, value, &found))
			return false;
	}
	*ret = found;
	return true;
}

bool
parse_uuid(struct str s)
{
	size_t i;

	if (s.n != 36)
		return false;
	for (i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-' : !isxdigit((unsigned char)s.p[i]))
			return false;
	}
	return true;
}
