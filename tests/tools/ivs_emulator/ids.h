/*
 * ids.h - random identifiers and small encodings.
 */
#ifndef EMULATOR_IDS_H
#define EMULATOR_IDS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define IDS_STAGE_CHARS 12   /* stage and participant ids alike */
#define IDS_SESSION_CHARS 16 /* "st-" and 13 more */
#define IDS_TIME_BYTES sizeof("2026-01-01T00:00:00Z")
#define IDS_TIME_MS_BYTES sizeof("2026-01-01T00:00:00.000Z")

/* n characters of A-Z a-z 0-9, evenly distributed, and a NUL: out holds n + 1. */
void ids_alnum(char *out, size_t n);

/* n lower-case hex digits and a NUL; n is even and at most 64. */
void ids_hex(char *out, size_t n);

/* A version 4 UUID. */
void ids_request(char out[37]);

/* Base64 of the URL-safe kind without padding; the caller frees it. */
char *ids_base64url(const void *data, size_t n);

/* ISO 8601 in UTC, as IVS writes times. */
void ids_time(char out[IDS_TIME_BYTES], time_t t);

/* The same with milliseconds; t_ms is unix time. */
void ids_time_ms(char out[IDS_TIME_MS_BYTES], int64_t t_ms);

/* Unix time now, in milliseconds. */
int64_t ids_now_ms(void);

#endif
