#include "base/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/config_private.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/banned.h"

/* The file, one secret file for each secret, and a note for every line: address space. */
#define CONFIG_ARENA_BYTES (64u << 20)
#define SHOWN_MAX_BYTES 80u
#define TEXT_MAX_BYTES 1024u

#define ALL_SECTIONS ((1u << SECTION_COUNT) - 1)

/* What config_load gives out; the caller sees only the first member. */
struct box {
	struct config c;
	struct arena mem;
	const struct config_given *given; /* one per setting */
};

void
config_say(struct config_loader *l, bool fatal, const char *fmt, va_list ap)
{
	char text[TEXT_MAX_BYTES];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (fatal && l->fatal++ == 0)
		snprintf(
		    l->first, sizeof(l->first), "%.*s", (int)sizeof(l->first) - 1, text);
	if (l->report != NULL)
		l->report(l->arg, fatal, text);
	crypto_wipe(text, sizeof(text));
}

void
config_warn(struct config_loader *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	config_say(l, false, fmt, ap);
	va_end(ap);
}

void
config_fatal(struct config_loader *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	config_say(l, true, fmt, ap);
	va_end(ap);
}

struct config_given *
config_given(struct config_loader *l, const char *name)
{
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		if (strcmp(config_settings[i].name, name) == 0)
			return &l->given[i];
	}
	BUG("no setting has this name");
}

static void *
place(struct config_loader *l, size_t offset)
{
	return (char *)l->c + offset;
}

static bool
is_digits(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return true;
}

static bool
put_str(struct config_loader *l, const struct setting *s, struct str v)
{
	if (v.n < (size_t)s->min || v.n > (size_t)s->max || parse_has_control(v))
		return false;
	if (s->kind == KIND_STR && s->also != NULL && !parse_word(v, s->also, v.n))
		return false;
	if (s->kind == KIND_DIGITS && !is_digits(v))
		return false;
	if (s->kind == KIND_URL && !str_starts(v, STR("http://")) &&
	    !str_starts(v, STR("https://")))
		return false;
	if (s->kind == KIND_URL && memchr(v.p, ' ', v.n) != NULL)
		return false;
	*(struct str *)place(l, s->offset) = str_dup(l->mem, v);
	return true;
}

static bool
put_enum(struct config_loader *l, const struct setting *s, struct str v)
{
	unsigned i;

	for (i = 0; s->choices[i] != NULL; i++) {
		if (str_ieq(v, str_of(s->choices[i]))) {
			/* Every enum of struct config has no negative value: unsigned. */
			memcpy(place(l, s->offset), &i, sizeof(i));
			return true;
		}
	}
	return false;
}

_Static_assert(sizeof(enum token_mode) == sizeof(unsigned) &&
		   sizeof(enum lang) == sizeof(unsigned) &&
		   sizeof(enum log_level) == sizeof(unsigned),
    "put_enum copies an unsigned");

static bool
put_cidr(struct config_loader *l, const struct setting *s, struct str v)
{
	struct net_list list = { NULL, 0 };
	struct err err = ERR_INIT;

	if (v.n > (size_t)s->max)
		return false;
	/* An empty value would mean the default, so "none" empties the list. */
	if (!net_list_parse(str_is(v, "none") ? STR_NULL : v, &list, &err))
		return false;
	net_list_clear(place(l, s->list_offset));
	*(struct net_list *)place(l, s->list_offset) = list;
	*(struct str *)place(l, s->offset) = str_dup(l->mem, v);
	return true;
}

static bool
put_value(struct config_loader *l, const struct setting *s, struct str v)
{
	switch (s->kind) {
	case KIND_STR:
	case KIND_URL:
	case KIND_DIGITS:
		return put_str(l, s, v);
	case KIND_INT:
		return parse_i64(v, s->min, s->max, place(l, s->offset));
	case KIND_BOOL:
		return parse_bool(v, place(l, s->offset));
	case KIND_ENUM:
		return put_enum(l, s, v);
	case KIND_CIDR:
		return put_cidr(l, s, v);
	}
	BUG("a setting has no kind");
}

static void
bad_value(struct config_loader *l, const struct setting *s, const struct config_given *g)
{
	struct str shown = parse_clean_text(l->mem, g->value, SHOWN_MAX_BYTES);
	char allowed[CONFIG_ALLOWED_BYTES];

	if ((s->flags & SETTING_SECRET) != 0)
		shown = STR("***");
	config_allowed(s, LANG_EN, allowed);
	(config_judges(l, s->section) ? config_fatal : config_warn)(l,
	    "%s is '%.*s' (%s): it must be %s", s->name, STR_ARG(shown), g->where,
	    allowed);
}

static void
missing(struct config_loader *l, const struct setting *s)
{
	const char *file = l->file != NULL ? l->file : "/etc/ivs-live/env";

	config_fatal(l,
	    "%s is missing (%s): set it in the environment or in %s, for example "
	    "%s=%s",
	    s->name, s->help[LANG_EN], file, s->name, s->example);
}

static void
put_setting(struct config_loader *l, const struct setting *s, struct config_given *g)
{
	if (s->def != NULL)
		INVARIANT(put_value(l, s, str_of(s->def)));
	if (g->bad)
		return;
	if (g->value.n == 0 && (s->flags & SETTING_REQUIRED) != 0 && !l->partial) {
		missing(l, s);
		g->bad = true;
	} else if (g->value.n > 0 && !put_value(l, s, g->value)) {
		bad_value(l, s, g);
		g->bad = true;
	}
}

static void
load(struct config_loader *l, const char *file)
{
	size_t i;

	config_read_sources(l, file);
	for (i = 0; i < config_settings_count; i++)
		if (config_loads(l, config_settings[i].section))
			put_setting(l, &config_settings[i], &l->given[i]);
	config_check(l);
}

/* Needs config_free, also when it is not used. */
static struct config_loader
begin(char **envp, config_report *report, void *arg)
{
	struct box *box = memory_zalloc(1, sizeof(*box));
	struct config_loader l = { .report = report, .arg = arg };

	memory_arena(&box->mem, CONFIG_ARENA_BYTES);
	l.c = &box->c;
	l.mem = &box->mem;
	l.envp = envp != NULL ? envp : environ;
	l.given = arena_zalloc(l.mem, config_settings_count * sizeof(*l.given));
	l.asked = arena_zalloc(l.mem, config_settings_count * sizeof(*l.asked));
	box->given = l.given;
	return l;
}

static bool
finish(struct config_loader *l, const char *file, struct config **ret, struct err *err)
{
	load(l, file);
	if (l->fatal > 0) {
		config_free(l->c);
		return err_set(err, ERR_CONFIG,
		    "%d problem%s in the settings; the first: %s", l->fatal,
		    l->fatal == 1 ? "" : "s", l->first);
	}
	*ret = l->c;
	return true;
}

bool
config_load(const char *file, char **envp, config_report *report, void *arg,
    struct config **ret, struct err *err)
{
	struct config_loader l = begin(envp, report, arg);

	l.loaded = l.judged = ALL_SECTIONS;
	return finish(&l, file, ret, err);
}

static bool
no_such_setting(const char *name, struct err *err)
{
	const char *nearest = config_nearest_name(str_of(name));

	return err_set(err, ERR_INPUT, "'%s' is not a setting%s%s%s", name,
	    nearest != NULL ? ": did you mean " : "", nearest != NULL ? nearest : "",
	    nearest != NULL ? "?" : "");
}

/* A section besides one that is asked for: a value of the latter follows from it. */
static unsigned
needs_of(enum section section)
{
	unsigned own = 1u << section;

	/* SKIP_AUTH from NODE_ENV */
	return section == SECTION_HTTP ? own | 1u << SECTION_OPERATION : own;
}

bool
config_load_some(const char *const *names, size_t n, config_report *report, void *arg,
    struct config **ret, struct err *err)
{
	struct config_loader l = begin(NULL, report, arg);
	size_t i;

	l.partial = true;
	for (i = 0; i < n; i++) {
		const struct setting *s = config_setting(str_of(names[i]));

		if (s == NULL) {
			config_free(l.c);
			return no_such_setting(names[i], err);
		}
		l.asked[s - config_settings] = true;
		l.judged |= 1u << s->section;
		l.loaded |= needs_of(s->section);
	}
	return finish(&l, NULL, ret, err);
}

bool
config_is_given(const struct config *c, const char *name)
{
	const struct box *box = (const struct box *)(const void *)c;
	const struct setting *s = config_setting(str_of(name));

	INVARIANT(s != NULL);
	return box->given[s - config_settings].value.n > 0;
}

void
config_free(struct config *c)
{
	struct box *box = (struct box *)(void *)c;

	if (c == NULL)
		return;
	net_list_clear(&c->trusted_proxies);
	net_list_clear(&c->rate_limit_exempt);
	arena_wipe(&box->mem);
	arena_clear(&box->mem);
	free(box);
}
