/*
 * js.h - short ways to read members of JSON objects. What is absent or of another type
 * reads as "", 0 or false.
 */
#ifndef EMULATOR_JS_H
#define EMULATOR_JS_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static inline const char *
js_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static inline json_int_t
js_int(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static inline bool
js_true(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static inline bool
js_is(const json_t *object, const char *name, const char *text)
{
	return strcmp(js_text(object, name), text) == 0;
}

static inline void
js_set_int(json_t *object, const char *name, json_int_t n)
{
	json_object_set_new(object, name, json_integer(n));
}

static inline void
js_set_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, json_string(text));
}

static inline void
js_set_bool(json_t *object, const char *name, bool yes)
{
	json_object_set_new(object, name, json_boolean(yes));
}

/* Deep copies of the members listed (ended by NULL) that there are. */
static inline void
js_copy(json_t *to, const json_t *from, const char *const *names)
{
	for (; *names != NULL; names++)
		if (json_object_get(from, *names) != NULL)
			json_object_set_new(
			    to, *names, json_deep_copy(json_object_get(from, *names)));
}

#endif
