/*
 * config_private.h - the table of settings, for config*.c only.   layer: base
 *
 * One entry per setting; everything about it stands in it. Loading, checking, dump,
 * example and the README table walk this table. Sections follow each other in order.
 *
 *   config_table.c  the table          config_sources.c  file, environment, NAME_FILE
 *   config.c        values into place  config_check.c    what concerns several settings
 *   config_print.c  dump, example, markdown       config_check_tls.c  the ways to the stores
 */
#ifndef BASE_CONFIG_PRIVATE_H
#define BASE_CONFIG_PRIVATE_H

#include "base/config.h"

enum setting_kind {
	KIND_STR,    /* min..max bytes, all of them words or `also` when that is set */
	KIND_URL,    /* http:// or https://, min..max bytes */
	KIND_DIGITS, /* min of them */
	KIND_INT,    /* min..max */
	KIND_BOOL,
	KIND_ENUM, /* an index into choices */
	KIND_CIDR  /* the text at offset, the parsed list at list_offset */
};

enum setting_flag {
	SETTING_REQUIRED = 1,
	SETTING_SECRET = 2 /* never printed; NAME_FILE reads it from a file */
};

enum section {
	SECTION_AWS,
	SECTION_CREDS,
	SECTION_TOKENS,
	SECTION_POSTGRES,
	SECTION_REDIS,
	SECTION_HTTP,
	SECTION_SHOWS,
	SECTION_HISTORY,
	SECTION_OPERATION,
	SECTION_COUNT
};

struct setting {
	const char *name;
	const char *alias; /* another accepted name, or NULL */
	enum section section;
	enum setting_kind kind;
	unsigned flags;
	size_t offset, list_offset; /* in struct config */
	int64_t min, max;
	const char *also;	    /* bytes allowed besides letters and digits */
	const char *const *choices; /* ends with NULL */
	const char *def;	    /* as it would be written; NULL: none */
	const char *example;
	const char *unit[LANG_COUNT]; /* NULL: none */
	const char *help[LANG_COUNT];
};

extern const struct setting config_settings[];
extern const size_t config_settings_count;
extern const char *const config_section_names[SECTION_COUNT][LANG_COUNT];

/* Names of the system this one replaces that mean nothing here, and what to do. */
struct config_retired {
	const char *name;
	const char *advice;
};
extern const struct config_retired config_retired[];
extern const size_t config_retired_count;

/* Longest text config_allowed writes, NUL included. */
#define CONFIG_ALLOWED_BYTES 200
/* What may be written, in words: "a whole number from 1 to 10". */
void config_allowed(
    const struct setting *s, enum lang lang, char out[CONFIG_ALLOWED_BYTES]);

/* How one setting was found. */
struct config_given {
	struct str value;  /* empty: the default counts */
	const char *where; /* "/etc/ivs-live/env:12", "the environment" */
	bool bad;	   /* reported already: leave it out of further checks */
};

struct config_loader {
	struct config *c;
	struct arena *mem; /* all strings of c */
	config_report *report;
	void *arg;
	char **envp;
	const char *file;	    /* the file that was read, or NULL */
	struct config_given *given; /* one per setting */
	int fatal;
	char first[160]; /* the first fatal text, cut */
};

void config_warn(struct config_loader *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void config_fatal(struct config_loader *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Fill l->given from file and environment. */
void config_read_sources(struct config_loader *l, const char *file);
/* The setting's entry; the name must exist. */
struct config_given *config_given(struct config_loader *l, const char *name);
/* After all values are in place. Fills what is derived from others. */
void config_check(struct config_loader *l);
void config_check_tls(struct config_loader *l);

#endif
