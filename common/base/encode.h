/*
 * encode.h - hex, base64url, percent.                             layer: base
 *
 * Writers append to a struct buf. base64url is RFC 4648 section 5 without
 * padding; percent leaves A-Z a-z 0-9 - . _ ~ as they are (RFC 3986 2.3).
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/str.h"

void encode_hex(struct buf *b, const void *p, size_t n); /* lower case */
void encode_base64url(struct buf *b, const void *p, size_t n);
void encode_percent(struct buf *b, struct str s);

/*
 * Decode %XX once; '+' stays '+'. The result lives in the arena. False: a '%'
 * without two hex digits, or %00.
 */
bool decode_percent(struct arena *a, struct str s, struct str *ret);
/* False: a wrong character, an impossible length, or stray bits at the end. */
bool decode_base64url(struct arena *a, struct str s, struct str *ret);

#endif
