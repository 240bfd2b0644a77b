/*
 * config_private.h - the table of settings, for config*.c only.   layer: base
 *
 * One entry per setting; everything about it stands in it. Loading, checking, dump,
 * example and the README table walk this table. Sections follow each other in order.
 *
 *   config_table.c    the table          config_retired.c    names of the replaced system
 *   config_file.c     the settings file  config_names.c      names that are none
 *   config_sources.c  file, environment and NAME_FILE put together
 *   config.c          values into place  config_check.c      what concerns several settings
 *   config_print.c    dump, example, markdown  config_check_tls.c  the ways to the stores
 */
#ifndef BASE_CONFIG_PRIVATE_H
#define BASE_CONFIG_PRIVATE_H

#include <stdarg.h>

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

/*
 * Names of the system this one replaces that mean nothing here, and what to do. One that
 * ends in * stands for all that begin like it.
 */
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

enum config_from { CONFIG_FROM_NOWHERE, CONFIG_FROM_ENV, CONFIG_FROM_FILE };

/* How one setting was found. */
struct config_given {
	struct str value; /* empty: the default counts */
	const char
	    *where; /* "/etc/ivs-live/env:12", "the environment", a secret's file */
	const char *named; /* the same, but of NAME_FILE where that stands */
	enum config_from from;
	const char *hidden; /* where the file gives a value that an empty one of the
			     * environment hides; NULL: nowhere */
	bool bad;	    /* reported already: leave it out of further checks */
};

/* The three ways in which one source can name a setting. */
enum config_way { WAY_NAME, WAY_FILE, WAY_ALIAS, WAY_COUNT };

struct config_found {
	struct config_given way[WAY_COUNT];
};

struct config_loader {
	struct config *c;
	struct arena *mem; /* all strings of c */
	config_report *report;
	void *arg;
	char **envp;
	const char *file;	    /* the file that was read, or NULL */
	struct config_given *given; /* one per setting */
	bool *asked;		    /* one per setting: by name, of config_load_some */
	unsigned judged; /* bits of sections: what is wrong with these is fatal */
	unsigned loaded; /* and from which others a value of theirs follows */
	bool partial;	 /* not all: nothing is missing, and other names are not judged */
	int fatal;
	char first[160]; /* the first fatal text, cut */
};

void config_warn(struct config_loader *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void config_fatal(struct config_loader *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void config_say(struct config_loader *l, bool fatal, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* Fill l->given from file and environment. */
void config_read_sources(struct config_loader *l, const char *file);
/* Fill `found`, one entry per setting, from the file; fatal when it must be there and is not. */
void config_read_file(
    struct config_loader *l, struct config_found *found, const char *file);
/* What a value of the file means that does not begin with a quote: without its comment. */
struct str config_plain_value(struct str raw);
/* The value in the environment, borrowed; NULL: it has no such name. */
const char *config_env(char **envp, const char *name);

/* Does NAME_FILE exist for it? */
bool config_takes_file(const struct setting *s);
bool config_loads(const struct config_loader *l, enum section section);
bool config_judges(const struct config_loader *l, enum section section);
/* The entry that a name of the file fills, and its setting; NULL: it is none. */
struct config_given *config_slot(
    struct config_found *found, struct str name, const struct setting **ret);
/* By its own name alone; NULL: it is none. */
const struct setting *config_setting(struct str name);
/* NULL: none is near. */
const char *config_nearest_name(struct str name);
/* Warn of a retired name, refuse any other. */
void config_unknown_name(struct config_loader *l, const char *where, struct str name);

/* The setting's entry; the name must exist. */
struct config_given *config_given(struct config_loader *l, const char *name);
/* After all values are in place. Fills what is derived from others. */
void config_check(struct config_loader *l);
void config_check_postgres(struct config_loader *l);
void config_check_redis(struct config_loader *l);

#endif
