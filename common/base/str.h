/*
 * str.h - views of text, and text that grows.                     layer: base
 *
 * struct str is a view: pointer and length, not NUL-terminated, owns nothing.
 * Print it with "%.*s" and STR_ARG.
 *
 * struct buf grows inside an arena up to a cap named when it is made. After an
 * overflow further writes do nothing and buf_ok() reports it once, so a builder
 * needs no check per line. b->p[b->n] is always NUL.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

struct str {
	const char *p;
	size_t n;
};

#define STR_ARG(s) (int)(s).n, (s).p
#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_NULL ((struct str){ NULL, 0 })

struct str str_of(const char *cstr); /* NULL gives the empty view */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *cstr);
bool str_ieq(struct str a, struct str b); /* ASCII case ignored */
int str_cmp(struct str a, struct str b);  /* by bytes: < 0, 0, > 0 */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_trim(struct str s);	     /* spaces and tabs at both ends */
struct str str_skip(struct str s, size_t n); /* without its first n bytes */
/* Split at the first `sep`: the head is returned, *rest becomes the tail, or
 * STR_NULL when there was no `sep`. */
struct str str_cut(struct str *rest, char sep);
struct str str_dup(struct arena *a, struct str s); /* NUL-terminated copy */
struct str str_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct buf {
	struct arena *arena;
	char *p;
	size_t n;
	size_t size;
	size_t max;
	bool overflow;
};

void buf_init(struct buf *b, struct arena *a, size_t max);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t i); /* decimal */
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct str buf_view(const struct buf *b);
bool buf_ok(const struct buf *b) __attribute__((warn_unused_result));

#endif
