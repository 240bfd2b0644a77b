/* Names in the settings file: which setting each is, and what to say of those that are none. */
#include "base/config_private.h"

#include "base/nearest.h"
#include "base/banned.h"

/* Is `name` this setting, and in which way? */
static bool
names_setting(const struct setting *s, struct str name, enum config_way *ret)
{
	struct str full = str_of(s->name);

	if (str_eq(name, full))
		*ret = WAY_NAME;
	else if (s->alias != NULL && str_is(name, s->alias))
		*ret = WAY_ALIAS;
	else if (config_takes_file(s) && name.n == full.n + 5 && str_starts(name, full) &&
		 str_ends(name, STR("_FILE")))
		*ret = WAY_FILE;
	else
		return false;
	return true;
}

/* An exact name comes first: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is one itself. */
struct config_given *
config_slot(struct config_found *found, struct str name, const struct setting **ret)
{
	struct config_given *slot = NULL;
	enum config_way way;
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		if (!names_setting(&config_settings[i], name, &way))
			continue;
		slot = &found[i].way[way];
		*ret = &config_settings[i];
		if (way == WAY_NAME)
			break;
	}
	return slot;
}

const struct setting *
config_setting(struct str name)
{
	size_t i;

	for (i = 0; i < config_settings_count; i++)
		if (str_is(name, config_settings[i].name))
			return &config_settings[i];
	return NULL;
}

/* A name that ends in * stands for all that begin like it. */
static bool
is_retired(const struct config_retired *r, struct str name)
{
	struct str known = str_of(r->name);

	if (!str_ends(known, STR("*")))
		return str_eq(name, known);
	known.n--;
	return str_starts(name, known);
}

static const char *
retired_advice(struct str name)
{
	size_t i;

	for (i = 0; i < config_retired_count; i++)
		if (is_retired(&config_retired[i], name))
			return config_retired[i].advice;
	return NULL;
}

const char *
config_nearest_name(struct str name)
{
	struct nearest n;
	size_t i;

	nearest_start(&n, name);
	for (i = 0; i < config_settings_count; i++)
		nearest_offer(&n, config_settings[i].name);
	/* NAME_FILE of what is no secret: the name itself is meant. */
	if (n.name == NULL && str_ends(name, STR("_FILE")))
		return config_nearest_name((struct str){ name.p, name.n - 5 });
	return n.name;
}

void
config_unknown_name(struct config_loader *l, const char *where, struct str name)
{
	const char *advice = retired_advice(name), *nearest = config_nearest_name(name);
	int n = name.n > NEAREST_MAX_BYTES ? (int)NEAREST_MAX_BYTES : (int)name.n;

	if (advice != NULL) {
		if (!l->partial)
			config_warn(l, "%s: %.*s has no effect here: %s", where, n,
			    name.p, advice);
	} else if (nearest != NULL) {
		config_fatal(l, "%s: %.*s is not a setting: did you mean %s?", where, n,
		    name.p, nearest);
	} else {
		config_fatal(l, "%s: %.*s is not a setting: remove it", where, n, name.p);
	}
}
