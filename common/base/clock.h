/*
 * clock.h - time of day and stopwatch.                            layer: base
 *
 * now_ms is Unix time in milliseconds, mono_ms and mono_us never go backwards.
 * The clock of a show is Redis' own (docs/design.md, D4): these are for tokens,
 * logs and deadlines.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/str.h"

#define ISO8601_BYTES 25 /* 2025-10-21T10:30:00.000Z and NUL */

int64_t clock_now_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* Writes 24 characters and NUL. Years 0..9999; else "" is written. */
void clock_iso8601(int64_t unix_ms, char out[ISO8601_BYTES]);
/* YYYYMMDDTHHMMSSZ and NUL, as AWS signs it. */
void clock_amz(int64_t unix_s, char out[17]);

#endif
