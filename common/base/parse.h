/*
 * parse.h - bounded readers of text.                              layer: base
 *
 * Each returns false and leaves its result untouched when the text is not wholly
 * what it should be. No other number, query or UTF-8 parser exists in the project.
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include "base/str.h"

/* Decimal, optional '-', no spaces, no '+', min <= value <= max. */
bool parse_i64(struct str s, int64_t min, int64_t max, int64_t *ret);
bool parse_bool(struct str s, bool *ret); /* true false 1 0 yes no on off */

/* Bytes of the first character (1..4) and its code point; 0: none, or ill-formed. */
size_t parse_utf8_char(struct str s, uint32_t *ret);
/* Well-formed UTF-8 (no surrogates, no overlong forms); *ret_chars code points. */
bool parse_utf8(struct str s, size_t *ret_chars);
/* C0 controls, DEL or C1 controls (U+0080..U+009F) in well-formed UTF-8. */
bool parse_has_control(struct str s);
/* A copy of at most max_bytes, cut at a character; bad bytes and controls are '?'. */
struct str parse_clean_text(struct arena *a, struct str s, size_t max_bytes);

/* Every byte a letter, a digit or one of `also`, and 1..max of them. */
bool parse_word(struct str s, const char *also, size_t max);

/* 8-4-4-4-12 hex digits. */
bool parse_uuid(struct str s);

/*
 * The value of `name` in a query string, percent-decoded ('+' is a space) into
 * the arena. *ret has p == NULL when absent. False: bad escape, or given twice.
 */
bool parse_query(struct arena *a, struct str query, const char *name, struct str *ret);

#endif
