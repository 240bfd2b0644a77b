/*
 * What file and environment give, put together:
 *
 * A setting's own name (NAME or NAME_FILE) beats its alias, wherever each stands. Of either the
 * environment beats the file. An empty value in the environment means the default: it hides
 * what the file says.
 */
#include "base/config_private.h"

#include <errno.h>
#include <unistd.h>

#include "base/small_file.h"
#include "base/banned.h"

#define SECRET_MAX_BYTES 65536u

enum state { STATE_UNSET, STATE_EMPTY, STATE_SET };

bool
config_takes_file(const struct setting *s)
{
	return (s->flags & SETTING_SECRET) != 0;
}

bool
config_loads(const struct config_loader *l, enum section section)
{
	return (l->loaded & (1u << section)) != 0;
}

bool
config_judges(const struct config_loader *l, enum section section)
{
	return (l->judged & (1u << section)) != 0;
}

/* ---- the environment ---- */

const char *
config_env(char **envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp != NULL; envp++) {
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return *envp + n + 1;
	}
	return NULL;
}

static void
env_one(struct config_loader *l, struct config_given *slot, const char *name)
{
	const char *value = config_env(l->envp, name);

	if (value == NULL)
		return;
	slot->value = str_dup(l->mem, str_of(value));
	slot->where = slot->named = "the environment";
	slot->from = CONFIG_FROM_ENV;
}

static void
read_env(struct config_loader *l, struct config_found *found)
{
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		const struct setting *s = &config_settings[i];

		env_one(l, &found[i].way[WAY_NAME], s->name);
		if (s->alias != NULL)
			env_one(l, &found[i].way[WAY_ALIAS], s->alias);
		if (config_takes_file(s))
			env_one(l, &found[i].way[WAY_FILE],
			    str_printf(l->mem, "%s_FILE", s->name).p);
	}
}

/*
 * What libpq would take from the environment beside DB_*. io/pg_env takes it away before the
 * first connection. PGHOST and its like are not here: DB_* have always come before them.
 */
static void
warn_of_libpq(struct config_loader *l)
{
	static const char *const names[] = { "PGHOSTADDR", "PGOPTIONS", "PGSERVICE",
		"PGTARGETSESSIONATTRS", "PGPASSWORD", "PGPASSFILE", "PGSSLCERT",
		"PGSSLKEY" };
	size_t i;

	if (!config_judges(l, SECTION_POSTGRES))
		return;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (config_env(l->envp, names[i]) != NULL)
			config_warn(l,
			    "%s in the environment has no effect here: DB_HOST and the "
			    "other DB_* settings name the database",
			    names[i]);
}

/* ---- one setting in one source ---- */

/* NAME_FILE: the value is what the file holds, without the newlines at its end. */
static struct config_given
read_secret(
    struct config_loader *l, const struct setting *s, const struct config_given *way)
{
	struct config_given g = *way;

	g.where = way->value.p;
	if (!small_file_read(l->mem, way->value.p, SECRET_MAX_BYTES, &g.value)) {
		config_fatal(l, "%s_FILE is '%s' (%s), which cannot be read: %s", s->name,
		    way->value.p, way->named, strerror(errno));
		g = *way;
		g.value = STR_NULL;
		g.bad = true;
	}
	while (g.value.n > 0 &&
	       (g.value.p[g.value.n - 1] == '\n' || g.value.p[g.value.n - 1] == '\r'))
		g.value.n--;
	return g;
}

/* Under its own name, in either of the two ways. What is bad counts as set. */
static enum state
own_name(struct config_loader *l, const struct setting *s, const struct config_found *f,
    struct config_given *ret)
{
	const struct config_given *name = &f->way[WAY_NAME], *file = &f->way[WAY_FILE];

	if (name->value.n > 0 && file->value.n > 0) {
		config_fatal(l, "%s and %s_FILE are both set (%s): keep one of them",
		    s->name, s->name, name->where);
		*ret = *name;
		ret->value = STR_NULL;
		ret->bad = true;
		return STATE_SET;
	}
	if (name->value.n > 0) {
		*ret = *name;
		return STATE_SET;
	}
	if (file->value.n > 0) {
		*ret = read_secret(l, s, file);
		return STATE_SET;
	}
	*ret = name->where != NULL ? *name : *file;
	return ret->where != NULL ? STATE_EMPTY : STATE_UNSET;
}

static enum state
alias_name(const struct config_found *f, struct config_given *ret)
{
	*ret = f->way[WAY_ALIAS];
	if (ret->value.n > 0)
		return STATE_SET;
	return ret->where != NULL ? STATE_EMPTY : STATE_UNSET;
}

/* ---- one setting in both ---- */

static void
warn_of_alias(struct config_loader *l, const struct setting *s,
    const struct config_given *own, const struct config_given *alias)
{
	if (!own->bad && alias->value.n > 0 && !str_eq(own->value, alias->value))
		config_warn(l, "%s and %s differ (%s, %s): %s counts", s->name, s->alias,
		    own->where, alias->where, s->name);
}

/* What the file gives and the empty value of the environment hides. */
static const char *
hidden_by(enum state in_env, const struct config_found *file)
{
	if (in_env != STATE_EMPTY)
		return NULL;
	if (file->way[WAY_NAME].value.n > 0)
		return file->way[WAY_NAME].named;
	return file->way[WAY_FILE].value.n > 0 ? file->way[WAY_FILE].named : NULL;
}

static void
settle(struct config_loader *l, const struct setting *s, const struct config_found *file,
    const struct config_found *env, struct config_given *ret)
{
	struct config_given alias;
	enum state own_env = own_name(l, s, env, ret), own = own_env;
	enum state other = alias_name(env, &alias);

	if (own == STATE_UNSET)
		own = own_name(l, s, file, ret);
	if (other == STATE_UNSET && own_env != STATE_EMPTY)
		other = alias_name(file, &alias);
	if (own == STATE_SET) {
		warn_of_alias(l, s, ret, &alias);
	} else if (other == STATE_SET) {
		*ret = alias;
	} else {
		ret->value = STR_NULL;
		ret->hidden = hidden_by(own_env, file);
	}
}

void
config_read_sources(struct config_loader *l, const char *file)
{
	struct config_found *in_file =
	    arena_zalloc(l->mem, config_settings_count * sizeof(*in_file));
	struct config_found *in_env =
	    arena_zalloc(l->mem, config_settings_count * sizeof(*in_env));
	size_t i;

	config_read_file(l, in_file, file);
	read_env(l, in_env);
	warn_of_libpq(l);
	for (i = 0; i < config_settings_count; i++)
		if (config_loads(l, config_settings[i].section))
			settle(l, &config_settings[i], &in_file[i], &in_env[i],
			    &l->given[i]);
}
