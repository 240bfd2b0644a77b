/*
 * clock.h - what time the emulator believes it is.
 *
 * The system's clock and an offset that a test has set. Signatures, credentials, tokens,
 * the Date header and all times written follow it; how long something takes does not.
 * One for the process; may be called by any thread.
 */
#ifndef EMULATOR_CLOCK_H
#define EMULATOR_CLOCK_H

#include <time.h>

#define CLOCK_HTTP_BYTES sizeof("Sun, 06 Nov 1994 08:49:37 GMT")
#define CLOCK_OFFSET_MAX_S (100 * 366 * 86400LL)

/* Unix time in seconds. */
time_t clock_now(void);

/* At most CLOCK_OFFSET_MAX_S either way; 0 is the true time. */
void clock_shift(long long offset_s);
long long clock_offset(void);

/* Now, as the Date header has it (RFC 9110, IMF-fixdate). */
void clock_http(char out[CLOCK_HTTP_BYTES]);

#endif
