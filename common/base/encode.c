#include "base/encode.h"

#include "base/banned.h"

static const char base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
encode_hex(struct buf *b, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = p;
	size_t i;

	for (i = 0; i < n; i++) {
		char two[2] = { digits[in[i] >> 4], digits[in[i] & 15] };

		buf_add(b, two, sizeof(two));
	}
}

void
encode_base64url(struct buf *b, const void *p, size_t n)
{
	const unsigned char *in = p;
	char out[4];

	for (; n >= 3; in += 3, n -= 3) {
		out[0] = base64url[in[0] >> 2];
		out[1] = base64url[(in[0] & 3) << 4 | in[1] >> 4];
		out[2] = base64url[(in[1] & 15) << 2 | in[2] >> 6];
		out[3] = base64url[in[2] & 63];
		buf_add(b, out, 4);
	}
	if (n == 0)
		return;
	out[0] = base64url[in[0] >> 2];
	out[1] = base64url[(in[0] & 3) << 4 | (n == 2 ? in[1] >> 4 : 0)];
	if (n == 2)
		out[2] = base64url[(in[1] & 15) << 2];
	buf_add(b, out, n + 1);
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

void
encode_percent(struct buf *b, struct str s)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char three[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_unreserved(c))
			buf_char(b, (char)c);
		else
			buf_add(b, three, sizeof(three));
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte behind "%XX" at p, of which n bytes are left; -1: not one, or 0. */
static int
escape_value(const char *p, size_t n)
{
	int high, low;

	if (n < 3)
		return -1;
	high = hex_value(p[1]);
	low = hex_value(p[2]);
	if (high < 0 || low < 0 || high + low == 0)
		return -1;
	return high << 4 | low;
}

bool
decode_percent(struct arena *a, struct str s, struct str *ret)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t i, n = 0;

	for (i = 0; i < s.n; i++) {
		int c = (unsigned char)s.p[i];

		if (c == '%') {
			c = escape_value(s.p + i, s.n - i);
			if (c < 0)
				return false;
			i += 2;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	*ret = (struct str){ out, n };
	return true;
}

static int
base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool
decode_base64url(struct arena *a, struct str s, struct str *ret)
{
	char *out = arena_alloc(a, s.n / 4 * 3 + 3);
	uint32_t held = 0;
	unsigned bits = 0;
	size_t i, n = 0;

	if (s.n % 4 == 1)
		return false;
	for (i = 0; i < s.n; i++) {
		int v = base64url_value(s.p[i]);

		if (v < 0)
			return false;
		held = held << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (char)(held >> bits & 0xff);
		}
	}
	/* One value, one text: bits that belong to no byte must be zero. */
	if ((held & ((1u << bits) - 1)) != 0)
		return false;
	out[n] = '\0';
	*ret = (struct str){ out, n };
	return true;
}
