/* clock.c - see clock.h */
#include "clock.h"

#include <stdatomic.h>

static atomic_llong shift_s;

time_t
clock_now(void)
{
	return time(NULL) + (time_t)atomic_load(&shift_s);
}

void
clock_shift(long long offset_s)
{
	atomic_store(&shift_s, offset_s);
}

long long
clock_offset(void)
{
	return atomic_load(&shift_s);
}

void
clock_http(char out[CLOCK_HTTP_BYTES])
{
	time_t now = clock_now();
	struct tm tm;

	gmtime_r(&now, &tm);
	/* Names of days and months are English: nobody calls setlocale() here. */
	strftime(out, CLOCK_HTTP_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}
