/* datum.c - see datum.h */
#include "datum.h"

#include <stdio.h>
#include <string.h>

#define METRICS_PER_CALL_MAX 1000
#define DIMENSIONS_MAX 30
#define VALUES_MAX 150
#define NAME_MAX_CHARS 255
#define DIMENSION_VALUE_MAX_CHARS 1024
#define NUMBER_MAX 0x1p360
#define AGE_MAX_S (14 * 86400)
#define AHEAD_MAX_S (2 * 3600)

/* The object under inspection, and how messages call it. */
struct spot {
	const json_t *object;
	char path[128]; /* "" or with a dot at its end: "MetricData.member.1." */
	struct reply *rp;
};

static const char *const units[] = { "Seconds", "Microseconds", "Milliseconds", "Bytes",
	"Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits",
	"Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second",
	"Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second",
	"Terabits/Second", "Count/Second", "None", NULL };

static bool
invalid(const struct spot *at, const char *name, const char *text)
{
	return reply_fail(at->rp, "InvalidParameterValueException",
	    "The value for parameter %s%s is invalid: %s.", at->path, name, text);
}

static bool
wrong_type(const struct spot *at, const char *name, const char *text)
{
	return reply_fail(
	    at->rp, "SerializationException", "%s%s must be %s", at->path, name, text);
}

static bool
missing(const struct spot *at, const char *name)
{
	return reply_fail(at->rp, "MissingRequiredParameterException",
	    "The parameter %s%s is required.", at->path, name);
}

static bool
exclusive(const struct spot *at, const char *one, const char *other)
{
	return reply_fail(at->rp, "InvalidParameterCombinationException",
	    "The parameters %s%s and %s%s are mutually exclusive and you have "
	    "specified both.",
	    at->path, one, at->path, other);
}

static const json_t *
member(const struct spot *at, const char *name)
{
	return json_object_get(at->object, name);
}

static bool
is_one_of(const char *const *list, const char *text)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

/* An object with no members but those listed. */
static bool
check_object(const struct spot *at, const char *const *known)
{
	json_t *object = (json_t *)(size_t)at->object;

	if (!json_is_object(object))
		return wrong_type(at, "", "an object");
	for (void *it = json_object_iter(object); it != NULL;
	     it = json_object_iter_next(object, it))
		if (!is_one_of(known, json_object_iter_key(it)))
			return invalid(at, "", "it has a member that is not known");
	return true;
}

/* Printable ASCII with something to be seen in it. */
static bool
check_text(const struct spot *at, const char *name, size_t max)
{
	const json_t *value = member(at, name);
	const char *text = json_string_value(value);
	bool seen = false;

	if (value == NULL)
		return missing(at, name);
	if (text == NULL)
		return wrong_type(at, name, "a string");
	if (*text == '\0' || json_string_length(value) > max)
		return invalid(at, name,
		    max == NAME_MAX_CHARS ? "1..255 characters" : "1..1024 characters");
	for (const char *p = text; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			return invalid(at, name, "printable ASCII only");
		seen |= *p != ' ';
	}
	/* A NUL in the middle ends the loop early. */
	if (!seen || strlen(text) != json_string_length(value))
		return invalid(at, name, "printable ASCII, not only spaces");
	return true;
}

static bool
check_number(const struct spot *at, const char *name, const json_t *value)
{
	double x = json_real_value(value);

	if (!json_is_real(value))
		return wrong_type(at, name, "a number");
	if (x < -NUMBER_MAX || x > NUMBER_MAX)
		return invalid(at, name, "not within -2^360..2^360");
	return true;
}

static bool
check_numbers(const struct spot *at, const char *name)
{
	const json_t *list = member(at, name);
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return wrong_type(at, name, "a list");
	if (n == 0 || n > VALUES_MAX)
		return invalid(at, name, "1..150 entries");
	for (size_t i = 0; i < n; i++)
		if (!check_number(at, name, json_array_get(list, i)))
			return false;
	return true;
}

static bool
check_values(const struct spot *at)
{
	const json_t *counts = member(at, "Counts");

	if (!check_numbers(at, "Values"))
		return false;
	if (counts == NULL)
		return true;
	if (!check_numbers(at, "Counts"))
		return false;
	if (json_array_size(counts) == json_array_size(member(at, "Values")))
		return true;
	return invalid(at, "Counts", "it must be as long as Values");
}

static bool
check_statistics(const struct spot *datum)
{
	static const char *const known[] = { "SampleCount", "Sum", "Minimum", "Maximum",
		NULL };
	struct spot at = { .object = member(datum, "StatisticValues"), .rp = datum->rp };

	snprintf(at.path, sizeof(at.path), "%.60sStatisticValues.", datum->path);
	if (!check_object(&at, known))
		return false;
	for (size_t i = 0; known[i] != NULL; i++) {
		if (member(&at, known[i]) == NULL)
			return missing(&at, known[i]);
		if (!check_number(&at, known[i], member(&at, known[i])))
			return false;
	}
	if (json_real_value(member(&at, "Minimum")) <=
	    json_real_value(member(&at, "Maximum")))
		return true;
	return invalid(&at, "Minimum", "it must not be above Maximum");
}

/* Exactly one of the three ways to say how much. */
static bool
check_amount(const struct spot *at)
{
	static const char *const ways[] = { "Value", "Values", "StatisticValues" };
	const char *given = NULL;

	for (size_t i = 0; i < 3; i++) {
		if (member(at, ways[i]) == NULL)
			continue;
		if (given != NULL)
			return exclusive(at, given, ways[i]);
		given = ways[i];
	}
	if (given == NULL)
		return missing(at, "Value");
	if (member(at, "Counts") != NULL && given != ways[1])
		return exclusive(at, "Counts", given);
	if (given == ways[0])
		return check_number(at, given, member(at, given));
	return given == ways[1] ? check_values(at) : check_statistics(at);
}

static bool
check_dimension(const struct spot *at)
{
	static const char *const known[] = { "Name", "Value", NULL };

	if (!check_object(at, known) || !check_text(at, "Name", NAME_MAX_CHARS) ||
	    !check_text(at, "Value", DIMENSION_VALUE_MAX_CHARS))
		return false;
	if (*json_string_value(member(at, "Name")) == ':')
		return invalid(at, "Name", "it must not begin with a colon");
	return true;
}

static bool
is_repeated(const json_t *list, size_t i)
{
	const json_t *name = json_object_get(json_array_get(list, i), "Name");

	for (size_t j = 0; j < i; j++)
		if (json_equal(name, json_object_get(json_array_get(list, j), "Name")))
			return true;
	return false;
}

static bool
check_dimensions(const struct spot *datum)
{
	const json_t *list = member(datum, "Dimensions");
	struct spot at = { .rp = datum->rp };

	if (list == NULL)
		return true;
	if (!json_is_array(list))
		return wrong_type(datum, "Dimensions", "a list");
	if (json_array_size(list) > DIMENSIONS_MAX)
		return invalid(datum, "Dimensions", "at most 30 entries");
	for (size_t i = 0; i < json_array_size(list); i++) {
		at.object = json_array_get(list, i);
		snprintf(at.path, sizeof(at.path), "%.60sDimensions.member.%zu.",
		    datum->path, i + 1);
		if (!check_dimension(&at))
			return false;
		if (is_repeated(list, i))
			return invalid(&at, "Name", "it comes twice");
	}
	return true;
}

static bool
check_time(const struct spot *at, time_t now)
{
	const json_t *value = member(at, "Timestamp");
	double t = json_real_value(value);

	if (value == NULL)
		return true;
	if (!json_is_real(value))
		return wrong_type(at, "Timestamp", "a number of seconds");
	if (t < (double)(now - AGE_MAX_S))
		return invalid(at, "Timestamp", "it must not be over two weeks old");
	if (t > (double)(now + AHEAD_MAX_S))
		return invalid(at, "Timestamp", "it must not be over two hours ahead");
	return true;
}

static bool
check_choices(const struct spot *at)
{
	const json_t *unit = member(at, "Unit");
	const json_t *resolution = member(at, "StorageResolution");
	double seconds = json_real_value(resolution);

	if (unit != NULL && !json_is_string(unit))
		return wrong_type(at, "Unit", "a string");
	if (unit != NULL && !is_one_of(units, json_string_value(unit)))
		return invalid(at, "Unit", "there is no such unit");
	if (resolution != NULL && !json_is_real(resolution))
		return wrong_type(at, "StorageResolution", "a number");
	if (resolution != NULL && seconds != 1 && seconds != 60)
		return invalid(at, "StorageResolution", "1 or 60");
	return true;
}

static bool
check_datum(const struct spot *at, time_t now)
{
	static const char *const known[] = { "MetricName", "Dimensions", "Timestamp",
		"Value", "StatisticValues", "Values", "Counts", "Unit",
		"StorageResolution", NULL };

	return check_object(at, known) && check_text(at, "MetricName", NAME_MAX_CHARS) &&
	       check_amount(at) && check_dimensions(at) && check_time(at, now) &&
	       check_choices(at);
}

static bool
check_namespace(const struct spot *at)
{
	const char *text;

	if (!check_text(at, "Namespace", NAME_MAX_CHARS))
		return false;
	text = json_string_value(member(at, "Namespace"));
	if (*text == ':')
		return invalid(at, "Namespace", "it must not begin with a colon");
	if (strncmp(text, "AWS/", 4) == 0)
		return invalid(at, "Namespace", "AWS/ belongs to AWS");
	return true;
}

bool
datum_check_all(const json_t *in, time_t now, struct reply *rp)
{
	static const char *const known[] = { "Namespace", "MetricData", NULL };
	struct spot at = { .object = in, .rp = rp }, datum = { .rp = rp };
	const json_t *list = json_object_get(in, "MetricData");

	if (!check_object(&at, known) || !check_namespace(&at))
		return false;
	if (list == NULL)
		return missing(&at, "MetricData");
	if (!json_is_array(list))
		return wrong_type(&at, "MetricData", "a list");
	if (json_array_size(list) == 0)
		return missing(&at, "MetricData");
	if (json_array_size(list) > METRICS_PER_CALL_MAX)
		return invalid(&at, "MetricData", "at most 1000 entries");
	for (size_t i = 0; i < json_array_size(list); i++) {
		datum.object = json_array_get(list, i);
		snprintf(datum.path, sizeof(datum.path), "MetricData.member.%zu.", i + 1);
		if (!check_datum(&datum, now))
			return false;
	}
	return true;
}
