/* schema.c - see schema.h */
#include "schema.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SHOWN_MAX_BYTES 64

/* Service model 2020-07-14; the hyphen ends each set, where POSIX wants it. */
static const char *const pattern_text[PATTERN_COUNT] = {
	[PATTERN_NONE] = "",
	[PATTERN_STAGE_ARN] = "^arn:aws:ivs:[a-z0-9-]+:[0-9]+:stage/[a-zA-Z0-9-]+$",
	[PATTERN_NAME] = "^[a-zA-Z0-9_-]*$",
	[PATTERN_NEXT_TOKEN] = "^[a-zA-Z0-9+/=_-]*$",
	[PATTERN_STORAGE_ARN] =
	    "^$|^arn:aws:ivs:[a-z0-9-]+:[0-9]+:storage-configuration/[a-zA-Z0-9-]+$",
	[PATTERN_ERROR_TYPE] = "^[a-zA-Z0-9.:/#_,-]*$",
	[PATTERN_WORD] = "^[a-zA-Z0-9*_-]*$",
	[PATTERN_KEY_ARN] = "^arn:aws:ivs:[a-z0-9-]+:[0-9]+:public-key/[a-zA-Z0-9-]+$",
	[PATTERN_RESOURCE_ARN] = "^arn:aws:ivs:[a-z0-9-]+:[0-9]+:[a-z-]+/[a-zA-Z0-9-]+$",
	[PATTERN_SESSION_ID] = "^st-[a-zA-Z0-9]+$",
	[PATTERN_PEM] = "-----BEGIN PUBLIC KEY-----\r?\n[a-zA-Z0-9+/=\r\n]+\r?\n"
			"-----END PUBLIC KEY-----",
	[PATTERN_LINE] = "^[ -~]*$",
	[PATTERN_URL] = "^$|^https?://[!-~]+$",
};

static regex_t patterns[PATTERN_COUNT];

static bool check_value(const struct rule *r, json_t *v, struct complaint *why);

bool
schema_open(void)
{
	for (int i = 0; i < PATTERN_COUNT; i++)
		if (regcomp(&patterns[i], pattern_text[i], REG_EXTENDED | REG_NOSUB) != 0)
			return false;
	return true;
}

void
schema_close(void)
{
	for (int i = 0; i < PATTERN_COUNT; i++)
		regfree(&patterns[i]);
}

static bool __attribute__((format(printf, 2, 3)))
complain(struct complaint *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return false;
}

/* A name from outside: all or nothing, for a cut could split a UTF-8 character. */
static const char *
shown(const char *name)
{
	return strlen(name) <= SHOWN_MAX_BYTES ? name : "(long name)";
}

/* Adds a step to the path; the caller restores the length returned. */
static size_t __attribute__((format(printf, 2, 3)))
step_into(struct complaint *why, const char *format, ...)
{
	size_t n = strlen(why->path);
	va_list args;

	va_start(args, format);
	if ((size_t)vsnprintf(why->path + n, sizeof(why->path) - n, format, args) >=
	    sizeof(why->path) - n)
		why->path[n] = '\0';
	va_end(args);
	return n;
}

/* jansson has checked the UTF-8: each byte that is no continuation begins one. */
static json_int_t
characters(const char *text)
{
	json_int_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool
is_listed(const char *const *values, const char *text)
{
	for (; *values != NULL; values++)
		if (strcmp(*values, text) == 0)
			return true;
	return false;
}

static bool
check_text(const struct rule *r, const char *text, struct complaint *why)
{
	json_int_t n = characters(text);

	if (n < r->min || n > r->max)
		return complain(why, "must be %lld..%lld characters, got %lld",
		    (long long)r->min, (long long)r->max, (long long)n);
	if (r->values != NULL && !is_listed(r->values, text))
		return complain(why, "is not one of the values allowed");
	if (r->pattern != PATTERN_NONE &&
	    regexec(&patterns[r->pattern], text, 0, NULL, 0) != 0)
		return complain(why, "must match %s", pattern_text[r->pattern]);
	if (r->reserved_prefix != NULL &&
	    strncasecmp(text, r->reserved_prefix, strlen(r->reserved_prefix)) == 0)
		return complain(why, "must not begin with '%s'", r->reserved_prefix);
	return true;
}

static bool
check_string(const struct rule *r, json_t *v, struct complaint *why)
{
	if (!json_is_string(v))
		return complain(why, "must be a string");
	return check_text(r, json_string_value(v), why);
}

static bool
check_integer(const struct rule *r, json_t *v, struct complaint *why)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v))
		return complain(why, "must be an integer");
	if (n >= r->min && n <= r->max)
		return true;
	return complain(why, "must be %lld..%lld, got %lld", (long long)r->min,
	    (long long)r->max, (long long)n);
}

static bool
check_boolean(const struct rule *r, json_t *v, struct complaint *why)
{
	(void)r;
	return json_is_boolean(v) || complain(why, "must be true or false");
}

static bool
check_count(const struct rule *r, size_t n, struct complaint *why)
{
	if ((json_int_t)n >= r->min && (json_int_t)n <= r->max)
		return true;
	return complain(why, "must have %lld..%lld entries, got %zu", (long long)r->min,
	    (long long)r->max, n);
}

static bool
check_list(const struct rule *r, json_t *v, struct complaint *why)
{
	if (!json_is_array(v))
		return complain(why, "must be a list");
	if (!check_count(r, json_array_size(v), why))
		return false;
	for (size_t i = 0; i < json_array_size(v); i++) {
		size_t n = step_into(why, "[%zu]", i);

		if (!check_value(r->of, json_array_get(v, i), why))
			return false;
		why->path[n] = '\0';
	}
	return true;
}

static bool
check_map(const struct rule *r, json_t *v, struct complaint *why)
{
	const char *name;
	json_t *value;
	size_t total = 0, n;

	if (!json_is_object(v))
		return complain(why, "must be an object");
	if (!check_count(r, json_object_size(v), why))
		return false;
	json_object_foreach (v, name, value) {
		n = step_into(why, ".%s", shown(name));
		if (!check_text(r->key, name, why) || !check_value(r->of, value, why))
			return false;
		why->path[n] = '\0';
		total += strlen(name) + json_string_length(value);
	}
	if (r->total_max_bytes == 0 || total <= r->total_max_bytes)
		return true;
	return complain(why, "must be at most %zu bytes over names and values, got %zu",
	    r->total_max_bytes, total);
}

static const struct rule *
find_rule(const struct rule *members, const char *name)
{
	for (; members->name != NULL; members++)
		if (strcmp(members->name, name) == 0)
			return members;
	return NULL;
}

static bool
check_known(const struct rule *members, json_t *v, struct complaint *why)
{
	const char *dot = why->path[0] != '\0' ? "." : "", *name;
	json_t *value;

	json_object_foreach (v, name, value) {
		const struct rule *r = find_rule(members, name);
		size_t n = step_into(why, "%s%s", dot, shown(name));

		if (r == NULL)
			return complain(why, "is not a member of this request");
		if (!check_value(r, value, why))
			return false;
		why->path[n] = '\0';
	}
	return true;
}

static bool
check_members(const struct rule *members, json_t *v, struct complaint *why)
{
	const char *dot = why->path[0] != '\0' ? "." : "";

	if (!json_is_object(v))
		return complain(why, "must be an object");
	if (!check_known(members, v, why))
		return false;
	for (; members->name != NULL; members++) {
		if (!members->required || json_object_get(v, members->name) != NULL)
			continue;
		step_into(why, "%s%s", dot, members->name);
		return complain(why, "is required");
	}
	return true;
}

static bool
check_struct(const struct rule *r, json_t *v, struct complaint *why)
{
	return check_members(r->of, v, why);
}

static bool
check_value(const struct rule *r, json_t *v, struct complaint *why)
{
	static bool (*const checks[RULE_KIND_COUNT])(
	    const struct rule *, json_t *, struct complaint *) = {
		[RULE_STRING] = check_string,
		[RULE_INTEGER] = check_integer,
		[RULE_BOOLEAN] = check_boolean,
		[RULE_LIST] = check_list,
		[RULE_MAP] = check_map,
		[RULE_STRUCT] = check_struct,
	};

	return checks[r->kind](r, v, why);
}

bool
schema_check(const struct rule *members, json_t *value, struct complaint *ret_why)
{
	*ret_why = (struct complaint){ .path = "" };
	return check_members(members, value, ret_why);
}
