/*
 * json.h - a thin layer on jansson.                               layer: base
 *
 * jansson parses and builds; its memory comes from the arena that json_use() named
 * last, so nothing is freed by hand. Values must not outlive that arena.
 * Outside a request (start-up, cron) json_use(NULL) means malloc.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

#define JSON_MAX_DEPTH 16

/* Point jansson's allocator at an arena. Cheap; serve does it per request. Returns the one
 * before, for who changes it for a while. */
struct arena *json_use(struct arena *a);

/*
 * Parse one JSON object. Refused with ERR_INPUT and a cause that says where:
 * not JSON, not an object, a member twice, a NUL in a string, text behind it.
 */
bool json_parse_object(struct str text, json_t **ret, struct err *err);

/* A view of the string; p == NULL when v is no string. Lives as long as v. */
struct str json_view(const json_t *v);
/* A string or, for p == NULL, null. Text must be UTF-8. */
json_t *json_str(struct str s);
/* The same, but NULL for p == NULL: json_pack leaves the member of an "o*" out then. */
json_t *json_str_or_none(struct str s);
/* Unix ms as an ISO 8601 string; 0, not known, is null. */
json_t *json_time(int64_t unix_ms);
/* Compact text in the arena. */
struct str json_text(struct arena *a, const json_t *v);
/* The same with the members of every object in order: alike for what is alike. */
struct str json_canonical(struct arena *a, const json_t *v);

#endif
