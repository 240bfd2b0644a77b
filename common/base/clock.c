#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/banned.h"

#define DAY_S 86400
/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z */
#define YEAR_0_S (-62167219200)
#define YEAR_9999_S 253402300799

struct civil {
	unsigned year, month, day, hour, minute, second;
};

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_now_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

/*
 * Days to date in the Gregorian calendar. Years are counted from March, so that the leap
 * day is the last of its year; 400 years always have 146097 days.
 */
static void
civil_date(int64_t days_since_year_0, struct civil *c)
{
	unsigned day = (unsigned)(days_since_year_0 - 60 + 146097);
	unsigned era = day / 146097, in_era = day % 146097;
	unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153;

	c->day = in_year - (153 * month + 2) / 5 + 1;
	c->month = month < 10 ? month + 3 : month - 9;
	c->year = year + era * 400 - 400 + (c->month <= 2);
}

/* False outside the years 0..9999. */
static bool
civil_of(int64_t unix_s, struct civil *c)
{
	int64_t s;
	unsigned in_day;

	if (unix_s < YEAR_0_S || unix_s > YEAR_9999_S)
		return false;
	s = unix_s - YEAR_0_S;
	civil_date(s / DAY_S, c);
	in_day = (unsigned)(s % DAY_S);
	c->hour = in_day / 3600;
	c->minute = in_day / 60 % 60;
	c->second = in_day % 60;
	return true;
}

static char *
put(char *p, unsigned value, int digits, char behind)
{
	int i;

	for (i = digits - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
	p[digits] = behind;
	return p + digits + 1;
}

void
clock_iso8601(int64_t unix_ms, char out[ISO8601_BYTES])
{
	int64_t s = unix_ms / 1000, ms = unix_ms % 1000;
	struct civil c;
	char *p = out;

	out[0] = '\0';
	if (ms < 0) {
		ms += 1000;
		s--;
	}
	if (!civil_of(s, &c))
		return;
	p = put(p, c.year, 4, '-');
	p = put(p, c.month, 2, '-');
	p = put(p, c.day, 2, 'T');
	p = put(p, c.hour, 2, ':');
	p = put(p, c.minute, 2, ':');
	p = put(p, c.second, 2, '.');
	p = put(p, (unsigned)ms, 3, 'Z');
	*p = '\0';
}

void
clock_amz(int64_t unix_s, char out[17])
{
	struct civil c;
	char *p = out;

	out[0] = '\0';
	if (!civil_of(unix_s, &c))
		return;
	/* Each mark is overwritten by the next number, where the form has none. */
	p = put(p, c.year, 4, ' ') - 1;
	p = put(p, c.month, 2, ' ') - 1;
	p = put(p, c.day, 2, 'T');
	p = put(p, c.hour, 2, ' ') - 1;
	p = put(p, c.minute, 2, ' ') - 1;
	p = put(p, c.second, 2, 'Z');
	*p = '\0';
}
