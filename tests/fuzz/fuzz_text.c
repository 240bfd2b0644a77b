/* The small readers: base64url, hex, UTF-8, numbers, addresses, ARNs, times. */
#include "fuzz.h"

#include "aws/times.h"
#include "base/arn.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/net.h"
#include "base/banned.h"

/* One text has one base64url form: what is decoded is written the same again. */
static void
codecs(struct arena *a, struct str in)
{
	struct str raw, back;
	struct buf b;

	buf_init(&b, a, 1u << 20);
	encode_base64url(&b, in.p, in.n);
	PROPERTY(buf_ok(&b));
	PROPERTY(decode_base64url(a, buf_view(&b), &raw) && str_eq(raw, in));
	if (decode_base64url(a, in, &raw)) {
		buf_init(&b, a, 1u << 20);
		encode_base64url(&b, raw.p, raw.n);
		PROPERTY(str_eq(buf_view(&b), in));
	}
	/* A NUL has no form in there; no server can send one. */
	if (memchr(in.p, '\0', in.n) == NULL && decode_percent(a, in, &raw)) {
		PROPERTY(raw.n <= in.n && memchr(raw.p, '\0', raw.n + 1) != NULL);
		buf_init(&b, a, 1u << 20);
		encode_percent(&b, raw);
		PROPERTY(decode_percent(a, buf_view(&b), &back) && str_eq(back, raw));
	}
}

static void
characters(struct arena *a, struct str in)
{
	struct str clean = parse_clean_text(a, in, 300), rest = in;
	size_t chars = 0, seen = 0, n;
	bool good = parse_utf8(in, &chars);
	uint32_t c = 0;

	while (rest.n > 0 && (n = parse_utf8_char(rest, &c)) > 0) {
		PROPERTY(n <= 4 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
		rest = str_skip(rest, n);
		seen++;
	}
	PROPERTY(good == (rest.n == 0) && (!good || seen == chars));
	PROPERTY(clean.n <= 300);
	fuzz_clean(clean, 300);
	PROPERTY(!good || parse_has_control(in) || in.n > 300 || str_eq(clean, in));
}

static void
numbers(struct arena *a, struct str in)
{
	int64_t n = 7;
	struct buf b;

	if (!parse_i64(in, INT64_MIN, INT64_MAX, &n)) {
		PROPERTY(n == 7);
		return;
	}
	buf_init(&b, a, 32);
	buf_int(&b, n);
	PROPERTY(buf_ok(&b) && parse_i64(buf_view(&b), n, n, &n));
}

/* An address written out and read again is the same one. */
static void
addresses(struct str in)
{
	char text[NET_TEXT_BYTES], bucket[NET_TEXT_BYTES];
	struct net_addr addr = { { 0 } }, again;
	struct net_list list;
	struct err err = ERR_INIT;
	struct arn parts;

	if (net_parse(in, &addr)) {
		net_text(&addr, text);
		net_bucket_text(&addr, bucket);
		PROPERTY(net_parse(str_of(text), &again));
		PROPERTY(memcmp(&addr, &again, sizeof(addr)) == 0 && bucket[0] != '\0');
	}
	if (net_list_parse(in, &list, &err)) {
		(void)net_list_has(&list, &addr);
		net_list_clear(&list);
	} else {
		fuzz_failed(&err);
	}
	if (arn_parse(in, STR("stage"), &parts)) {
		PROPERTY(in.n <= ARN_MAX_BYTES && parts.account.n == 12);
		PROPERTY(parts.id.n > 0 && parse_word(parts.id, "-", ARN_MAX_BYTES));
	}
}

/* A time written out is read as the same. */
static void
times(struct str in)
{
	int64_t ms = 1, s = 1, again = 0;
	char text[ISO8601_BYTES];

	if (aws_time_iso8601(in, &ms)) {
		clock_iso8601(ms, text);
		PROPERTY(text[0] == '\0' ||
			 (aws_time_iso8601(str_of(text), &again) && again == ms));
	}
	if (aws_time_http_date(in, &s))
		PROPERTY(s > -62135596800 && s < 253402300800);
}

void
fuzz_one(struct arena *a, struct str in)
{
	if (in.n > 8192)
		return;
	codecs(a, in);
	characters(a, in);
	numbers(a, in);
	addresses(in);
	times(in);
}
