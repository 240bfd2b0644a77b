/*
 * times.h - reading the times that AWS writes.                    layer: aws
 *
 * Writing them: base/clock.h. Both leave the result untouched when they refuse.
 */
#ifndef AWS_TIMES_H
#define AWS_TIMES_H

#include "base/str.h"

/* 2026-11-20T10:11:12Z, also with a fraction, +00:00, +0000 or any other offset. */
bool aws_time_iso8601(struct str s, int64_t *ret_unix_ms);
/* Fri, 20 Nov 2026 10:11:12 GMT, the form of the Date header (RFC 9110 5.6.7). */
bool aws_time_http_date(struct str s, int64_t *ret_unix_s);

#endif
