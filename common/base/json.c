#include "base/json.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/parse.h"
#include "base/banned.h"

/*
 * So many values at most: one needs some 320 bytes at worst, and what comes from
 * outside must never be able to fill an arena of ARENA_DEFAULT_BYTES.
 */
#define JSON_MAX_VALUES 16384
#define JSON_TEXT_MAX_BYTES (8u << 20)

/*
 * Each allocation starts with where it came from, so that a value made at start-up can
 * be released while some request's arena is in use, and the other way round.
 */
struct origin {
	_Alignas(16) size_t from_malloc;
};

static struct arena *current;

static void *
json_alloc(size_t n)
{
	struct origin *o;

	if (n > SIZE_MAX - sizeof(*o))
		return NULL;
	n += sizeof(*o);
	o = current != NULL ? arena_alloc(current, n) : malloc(n);
	if (o == NULL)
		return NULL;
	o->from_malloc = current == NULL;
	return o + 1;
}

static void
json_release(void *p)
{
	struct origin *o = p;

	if (o != NULL && o[-1].from_malloc)
		free(o - 1);
}

/* Before main, because a value made with another allocator could not be released. */
static void __attribute__((constructor)) take_over_allocation(void)
{
	json_set_alloc_funcs(json_alloc, json_release);
}

/* jansson's hash must not be predictable; it can be seeded once. */
static void
seed_once(void)
{
	static bool done;
	uint32_t seed;

	if (done)
		return;
	crypto_random(&seed, sizeof(seed));
	json_object_seed(seed | 1);
	done = true;
}

struct arena *
json_use(struct arena *a)
{
	struct arena *before = current;

	seed_once();
	current = a;
	return before;
}

struct shape {
	size_t depth, deepest, values;
};

/* The end of the string that starts at i, so that its brackets do not count. */
static size_t
skip_string(struct str s, size_t i)
{
	for (i++; i < s.n && s.p[i] != '"'; i++) {
		if (s.p[i] == '\\')
			i++;
	}
	return i;
}

/* Good enough for text that is no JSON: jansson refuses that afterwards. */
static struct shape
measure(struct str s)
{
	struct shape m = { 0 };
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '"') {
			i = skip_string(s, i);
		} else if (c == '{' || c == '[') {
			m.values++;
			if (++m.depth > m.deepest)
				m.deepest = m.depth;
		} else if (c == '}' || c == ']') {
			m.depth -= m.depth > 0;
		} else if (c == ',') {
			m.values++;
		}
	}
	return m;
}

static bool
shape_ok(struct str text, struct err *err)
{
	struct shape m = measure(text);

	if (m.deepest > JSON_MAX_DEPTH)
		return err_tell(err, ERR_INPUT, MSG_BODY_NOT_OBJECT,
		    "JSON is nested %zu deep, at most %d is allowed", m.deepest,
		    JSON_MAX_DEPTH);
	if (m.values > JSON_MAX_VALUES)
		return err_tell(err, ERR_INPUT, MSG_BODY_NOT_OBJECT,
		    "JSON has more than %d values", JSON_MAX_VALUES);
	return true;
}

static bool
parse_failed(const json_error_t *e, struct err *err)
{
	bool twice = json_error_code(e) == json_error_duplicate_key;

	return err_tell(err, ERR_INPUT, twice ? MSG_BODY_DUPLICATE : MSG_BODY_NOT_OBJECT,
	    "JSON line %d column %d: %s", e->line, e->column, e->text);
}

bool
json_parse_object(struct str text, json_t **ret, struct err *err)
{
	json_error_t e;
	json_t *v;

	seed_once();
	if (!shape_ok(text, err))
		return false;
	v = json_loadb(text.n > 0 ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &e);
	if (v == NULL)
		return parse_failed(&e, err);
	if (!json_is_object(v)) {
		json_decref(v);
		return err_tell(err, ERR_INPUT, MSG_BODY_NOT_OBJECT,
		    "JSON is an array, an object is wanted");
	}
	*ret = v;
	return true;
}

struct str
json_view(const json_t *v)
{
	if (!json_is_string(v))
		return STR_NULL;
	return (struct str){ json_string_value(v), json_string_length(v) };
}

/* A caller's slip must not lose the answer: bad bytes become question marks. */
static json_t *
str_mended(struct str s)
{
	char *copy = json_alloc(s.n + 1);
	json_t *v;
	size_t i, n;
	uint32_t c;

	if (copy == NULL)
		return NULL;
	for (i = 0; i < s.n; i += n) {
		n = parse_utf8_char(str_skip(s, i), &c);
		if (n > 0)
			memcpy(copy + i, s.p + i, n);
		else
			copy[i] = '?';
		n += n == 0;
	}
	v = json_stringn_nocheck(copy, s.n);
	json_release(copy);
	return v;
}

json_t *
json_str(struct str s)
{
	json_t *v;

	if (s.p == NULL)
		return json_null();
	v = json_stringn(s.p, s.n);
	return v != NULL ? v : str_mended(s);
}

json_t *
json_str_or_none(struct str s)
{
	return s.p != NULL ? json_str(s) : NULL;
}

json_t *
json_time(int64_t unix_ms)
{
	char text[ISO8601_BYTES];

	if (unix_ms == 0)
		return json_null();
	clock_iso8601(unix_ms, text);
	return json_string(text);
}

static int
dump_to_buf(const char *p, size_t n, void *buf)
{
	buf_add(buf, p, n);
	return 0;
}

static struct str
dump(struct arena *a, const json_t *v, size_t flags)
{
	struct buf b;

	buf_init(&b, a, JSON_TEXT_MAX_BYTES);
	/* 15 digits is what a double keeps exactly: 0.1 prints as 0.1. */
	flags |= JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);
	INVARIANT(json_dump_callback(v, dump_to_buf, &b, flags) == 0);
	INVARIANT(buf_ok(&b));
	return buf_view(&b);
}

struct str
json_text(struct arena *a, const json_t *v)
{
	return dump(a, v, 0);
}

struct str
json_canonical(struct arena *a, const json_t *v)
{
	return dump(a, v, JSON_SORT_KEYS);
}
