/* Settings for scripts: they read no settings file themselves. */
#include <stdio.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "base/banned.h"

#define VALUE_MAX_BYTES 65536u

/* What stands on a screen stays in its history. */
static bool
may_print(const struct ctl *c, struct err *err)
{
	size_t i;

	if (c->opt[OPT_SH] == NULL || isatty(STDOUT_FILENO) != 1)
		return true;
	for (i = 0; i < c->n_words; i++)
		if (config_is_secret(c->words[i]))
			return err_set(err, ERR_INPUT,
			    "%s is a secret: --sh prints it to a script, not to a "
			    "terminal",
			    c->words[i]);
	return true;
}

static bool
is_wanted(const struct ctl *c, const struct config *cfg, size_t i)
{
	return c->opt[OPT_GIVEN] == NULL || config_is_given(cfg, c->words[i]);
}

static void
print_lines(const struct ctl *c, const struct config *cfg)
{
	size_t i;

	for (i = 0; i < c->n_words; i++) {
		if (!is_wanted(c, cfg, i))
			continue;
		if (c->opt[OPT_SH] != NULL) {
			printf("%s=", c->words[i]);
			config_print_value(cfg, c->words[i], CONFIG_SH, stdout);
		} else {
			config_print_line(cfg, c->words[i], stdout);
		}
		putchar('\n');
	}
}

/* Every value as text; null: not set. */
static bool
print_json(const struct ctl *c, const struct config *cfg, struct err *err)
{
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < c->n_words; i++) {
		char *text = arena_alloc(c->arena, VALUE_MAX_BYTES);
		FILE *out = fmemopen(text, VALUE_MAX_BYTES, "w");

		if (out == NULL)
			return err_set(err, ERR_UPSTREAM, "no memory for a value");
		config_print_value(cfg, c->words[i], CONFIG_PLAIN, out);
		fclose(out);
		if (is_wanted(c, cfg, i))
			json_object_set_new(o, c->words[i],
			    text[0] != '\0' ? json_str(str_of(text)) : json_null());
	}
	return ctl_say_json(c, o, err);
}

bool
ctl_settings(struct ctl *c, struct err *err)
{
	struct config *cfg;
	bool ok = true;

	if (c->opt[OPT_SH] != NULL && c->opt[OPT_JSON] != NULL)
		return err_set(err, ERR_INPUT, "--sh and --json are two forms: give one");
	if (!config_load_some(
		c->words, c->n_words, ctl_report_setting, NULL, &cfg, err)) {
		c->told = err->kind == ERR_CONFIG;
		return false;
	}
	json_use(c->arena);
	ok = may_print(c, err);
	if (ok && c->opt[OPT_JSON] != NULL)
		ok = print_json(c, cfg, err);
	else if (ok)
		print_lines(c, cfg);
	json_use(NULL);
	config_free(cfg);
	return ok;
}
