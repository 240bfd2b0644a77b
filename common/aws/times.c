#include "aws/times.h"

#include <time.h>

#include "base/parse.h"
#include "base/banned.h"

static bool
take_char(struct str *s, const char *one_of)
{
	if (s->n == 0 || strchr(one_of, s->p[0]) == NULL || s->p[0] == '\0')
		return false;
	*s = str_skip(*s, 1);
	return true;
}

/* A number of exactly `digits` digits. */
static bool
take_number(struct str *s, size_t digits, int64_t max, int *ret)
{
	int64_t v;

	if (s->n < digits || s->p[0] == '-' ||
	    !parse_i64((struct str){ s->p, digits }, 0, max, &v))
		return false;
	*s = str_skip(*s, digits);
	*ret = (int)v;
	return true;
}

static bool
take_date(struct str *s, struct tm *tm)
{
	if (!take_number(s, 4, 9999, &tm->tm_year) || !take_char(s, "-") ||
	    !take_number(s, 2, 12, &tm->tm_mon) || !take_char(s, "-") ||
	    !take_number(s, 2, 31, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return tm->tm_mon >= 0 && tm->tm_mday >= 1;
}

/* 60: a leap second. */
static bool
take_clock(struct str *s, struct tm *tm)
{
	return take_number(s, 2, 23, &tm->tm_hour) && take_char(s, ":") &&
	       take_number(s, 2, 59, &tm->tm_min) && take_char(s, ":") &&
	       take_number(s, 2, 60, &tm->tm_sec);
}

/* Digits past the third are read and dropped. */
static bool
take_fraction(struct str *s, int *ret_ms)
{
	int ms = 0, digits = 0, d;

	*ret_ms = 0;
	if (!take_char(s, ".,"))
		return true;
	while (take_number(s, 1, 9, &d)) {
		if (digits++ < 3)
			ms = ms * 10 + d;
	}
	for (int i = digits; i < 3; i++)
		ms *= 10;
	*ret_ms = ms;
	return digits > 0;
}

static bool
take_zone(struct str *s, int *ret_minutes)
{
	int sign, hours, minutes;

	*ret_minutes = 0;
	if (take_char(s, "Zz"))
		return true;
	sign = s->n > 0 && s->p[0] == '-' ? -1 : 1;
	if (!take_char(s, "+-") || !take_number(s, 2, 23, &hours))
		return false;
	(void)take_char(s, ":");
	if (!take_number(s, 2, 59, &minutes))
		return false;
	*ret_minutes = sign * (hours * 60 + minutes);
	return true;
}

bool
aws_time_iso8601(struct str s, int64_t *ret_unix_ms)
{
	struct tm tm = { 0 };
	int ms, zone;

	if (!take_date(&s, &tm) || !take_char(&s, "Tt ") || !take_clock(&s, &tm) ||
	    !take_fraction(&s, &ms) || !take_zone(&s, &zone) || s.n != 0)
		return false;
	*ret_unix_ms = ((int64_t)timegm(&tm) - zone * 60) * 1000 + ms;
	return true;
}

static bool
take_month(struct str *s, int *ret)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++) {
		if (!str_starts(*s, (struct str){ names + 3 * i, 3 }))
			continue;
		*s = str_skip(*s, 3);
		*ret = i;
		return true;
	}
	return false;
}

bool
aws_time_http_date(struct str s, int64_t *ret_unix_s)
{
	struct tm tm = { 0 };
	struct str rest = s;

	(void)str_cut(&rest, ' '); /* the day of the week says nothing new */
	if (!take_number(&rest, 2, 31, &tm.tm_mday) || !take_char(&rest, " ") ||
	    !take_month(&rest, &tm.tm_mon) || !take_char(&rest, " ") ||
	    !take_number(&rest, 4, 9999, &tm.tm_year) || !take_char(&rest, " ") ||
	    !take_clock(&rest, &tm) || !str_is(rest, " GMT"))
		return false;
	tm.tm_year -= 1900;
	*ret_unix_s = (int64_t)timegm(&tm);
	return true;
}
