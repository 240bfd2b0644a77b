/*
 * schema.h - checks a JSON value against a table of rules.
 *
 * Strict on purpose: AWS overlooks members it does not know, the emulator refuses them,
 * because a misspelt member is a fault in the caller.
 */
#ifndef EMULATOR_SCHEMA_H
#define EMULATOR_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum rule_kind {
	RULE_STRING,
	RULE_INTEGER,
	RULE_BOOLEAN,
	RULE_LIST,
	RULE_MAP,    /* free names */
	RULE_STRUCT, /* fixed names */
	RULE_KIND_COUNT,
};

enum pattern {
	PATTERN_NONE,
	PATTERN_STAGE_ARN,
	PATTERN_NAME,
	PATTERN_NEXT_TOKEN,
	PATTERN_STORAGE_ARN,
	PATTERN_ERROR_TYPE,
	PATTERN_WORD,
	PATTERN_KEY_ARN,
	PATTERN_RESOURCE_ARN,
	PATTERN_SESSION_ID,
	PATTERN_PEM,
	PATTERN_LINE,
	PATTERN_URL,
	PATTERN_COUNT,
};

struct rule {
	const char *name; /* of the member; NULL ends a table */
	enum rule_kind kind;
	bool required;
	json_int_t min, max;	     /* characters, value or number of entries */
	enum pattern pattern;	     /* strings */
	const char *const *values;   /* strings: those allowed, then NULL */
	const char *reserved_prefix; /* strings: refused in any case of letters */
	const struct rule *key;	     /* map: rule of the names */
	const struct rule *of;	     /* list, map: of values; struct: members */
	size_t total_max_bytes;	     /* map: names and values together; 0: no limit */
};

struct complaint {
	char path[160]; /* participantTokenConfigurations[0].duration */
	char text[200]; /* must be 1..20160, got 86400 */
};

/* Compiles the patterns; once, before any thread. schema_close() frees them. */
bool schema_open(void);
void schema_close(void);

/* value must be an object holding what the table allows. False: *ret_why is filled. */
bool schema_check(const struct rule *members, json_t *value, struct complaint *ret_why);

#endif
