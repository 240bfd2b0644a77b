#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/err.h"
#include "base/banned.h"

#define BUF_FIRST_BYTES 128u

struct str
str_of(const char *cstr)
{
	if (cstr == NULL)
		return STR_NULL;
	return (struct str){ cstr, strlen(cstr) };
}

bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
str_is(struct str a, const char *cstr)
{
	return str_eq(a, str_of(cstr));
}

bool
str_ieq(struct str a, struct str b)
{
	/* No program calls setlocale, so this compares ASCII. */
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return d != 0 ? d : a.n < b.n ? -1 : a.n > b.n;
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq((struct str){ s.p, prefix.n }, prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = str_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str
str_skip(struct str s, size_t n)
{
	if (n == 0)
		return s;
	if (n > s.n)
		n = s.n;
	return (struct str){ s.p + n, s.n - n };
}

struct str
str_cut(struct str *rest, char sep)
{
	const char *at = rest->n > 0 ? memchr(rest->p, sep, rest->n) : NULL;
	struct str head = *rest;

	if (at == NULL) {
		*rest = STR_NULL;
		return head;
	}
	head.n = (size_t)(at - head.p);
	*rest = str_skip(*rest, head.n + 1);
	return head;
}

struct str
str_dup(struct arena *a, struct str s)
{
	return (struct str){ arena_strndup(a, s.p, s.n), s.n };
}

struct str
str_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	INVARIANT(n >= 0);
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){ p, (size_t)n };
}

void
buf_init(struct buf *b, struct arena *a, size_t max)
{
	INVARIANT(max < SIZE_MAX / 4);
	*b = (struct buf){ .arena = a, .max = max };
	b->size = max + 1 < BUF_FIRST_BYTES ? max + 1 : BUF_FIRST_BYTES;
	b->p = arena_alloc(a, b->size);
	b->p[0] = '\0';
}

/* Room for n more bytes and the NUL; false (for good) when the cap forbids it. */
static bool
buf_room(struct buf *b, size_t n)
{
	size_t size;

	if (b->overflow || n > b->max - b->n) {
		b->overflow = true;
		return false;
	}
	if (b->n + n < b->size)
		return true;
	size = b->size * 2;
	if (size < b->n + n + 1)
		size = b->n + n + 1;
	if (size > b->max + 1)
		size = b->max + 1;
	b->p = arena_grow(b->arena, b->p, b->size, size);
	b->size = size;
	return true;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !buf_room(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void
buf_cstr(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_int(struct buf *b, int64_t i)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = i < 0 ? -(uint64_t)i : (uint64_t)i;

	do
		digits[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (i < 0)
		buf_char(b, '-');
	buf_add(b, digits + at, sizeof(digits) - at);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->size - b->n;
	va_list ap, again;
	int n;

	if (b->overflow)
		return;
	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(b->p + b->n, room, fmt, ap);
	va_end(ap);
	INVARIANT(n >= 0);
	b->p[b->n] = '\0';
	if (buf_room(b, (size_t)n)) {
		vsnprintf(b->p + b->n, b->size - b->n, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

struct str
buf_view(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

bool
buf_ok(const struct buf *b)
{
	return !b->overflow;
}
