#include "base/config_private.h"

#include "base/banned.h"

/* "a, b or c" */
static void
list_choices(const struct setting *s, enum lang lang, char *out, size_t size)
{
	static const char *const between[LANG_COUNT] = { "、", ", " };
	static const char *const last[LANG_COUNT] = { " 或 ", " or " };
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; s->choices[i] != NULL && n < size; i++) {
		const char *before =
		    s->choices[i + 1] == NULL ? last[lang] : between[lang];

		n += (size_t)snprintf(
		    out + n, size - n, "%s%s", i == 0 ? "" : before, s->choices[i]);
	}
}

static void
allowed_int(const struct setting *s, enum lang lang, char *out, size_t size)
{
	const char *unit = s->unit[lang];
	long long min = s->min, max = s->max;

	if (lang == LANG_EN)
		snprintf(out, size, "a whole number from %lld to %lld%s%s%s", min, max,
		    unit ? " (" : "", unit ? unit : "", unit ? ")" : "");
	else
		snprintf(out, size, "%lld 到 %lld 的整數%s%s%s", min, max,
		    unit ? "（" : "", unit ? unit : "", unit ? "）" : "");
}

static void
allowed_str(const struct setting *s, enum lang lang, char *out, size_t size)
{
	const char *also = s->also != NULL ? s->also : "";
	long long min = s->min, max = s->max;
	char range[48];

	if (min == max)
		snprintf(range, sizeof(range), "%lld", min);
	else
		snprintf(range, sizeof(range),
		    lang == LANG_EN ? "%lld to %lld" : "%lld 到 %lld", min, max);
	if (lang == LANG_EN && s->also != NULL)
		snprintf(out, size, "%s letters or digits%s%s", range,
		    also[0] ? ", also any of " : "", also);
	else if (lang == LANG_EN)
		snprintf(out, size, "text of %s bytes without control characters", range);
	else if (s->also != NULL)
		snprintf(
		    out, size, "%s 個英數字元%s%s", range, also[0] ? "，或 " : "", also);
	else
		snprintf(out, size, "%s 位元組的文字，不含控制字元", range);
}

void
config_allowed(const struct setting *s, enum lang lang, char out[CONFIG_ALLOWED_BYTES])
{
	static const char *const fixed[][LANG_COUNT] = {
		[KIND_URL] = { "以 http:// 或 https:// 開頭的網址",
		    "a URL that starts with http:// or https://" },
		[KIND_BOOL] = { "true 或 false", "true or false" },
		[KIND_CIDR] = { "位址與網段，以逗號分隔，例如 10.0.0.0/8,::1；none "
				"表示沒有",
		    "a comma list of addresses and networks, as 10.0.0.0/8,::1; or "
		    "none" },
	};

	switch (s->kind) {
	case KIND_INT:
		allowed_int(s, lang, out, CONFIG_ALLOWED_BYTES);
		return;
	case KIND_STR:
		allowed_str(s, lang, out, CONFIG_ALLOWED_BYTES);
		return;
	case KIND_DIGITS:
		snprintf(out, CONFIG_ALLOWED_BYTES,
		    lang == LANG_EN ? "%lld digits" : "%lld 位數字", (long long)s->min);
		return;
	case KIND_ENUM:
		list_choices(s, lang, out, CONFIG_ALLOWED_BYTES);
		return;
	case KIND_URL:
	case KIND_BOOL:
	case KIND_CIDR:
		break;
	}
	snprintf(out, CONFIG_ALLOWED_BYTES, "%s", fixed[s->kind][lang]);
}

static const void *
place(const struct config *c, const struct setting *s)
{
	return (const char *)c + s->offset;
}

/* STR_NULL: its value is no text. */
static struct str
text_of(const struct config *c, const struct setting *s)
{
	switch (s->kind) {
	case KIND_STR:
	case KIND_URL:
	case KIND_DIGITS:
	case KIND_CIDR:
		return *(const struct str *)place(c, s);
	case KIND_INT:
	case KIND_BOOL:
	case KIND_ENUM:
		break;
	}
	return STR_NULL;
}

/* Would the file's reader take it as it is? */
static bool
is_plain(struct str s)
{
	return s.n == 0 ||
	       (s.p[0] != '"' && s.p[0] != '\'' && str_eq(config_plain_value(s), s));
}

/* The quote it can stand in; NUL: it holds both. */
static char
quote_for(struct str s)
{
	static const char quotes[] = "\"'";
	size_t i;

	for (i = 0; quotes[i] != '\0'; i++)
		if (s.n == 0 || memchr(s.p, quotes[i], s.n) == NULL)
			break;
	return quotes[i];
}

/* So that the line can be read back: quoted when it would not mean the same plain. */
static void
put_line(struct str s, FILE *out)
{
	char quote = quote_for(s);

	if (is_plain(s) || quote == '\0')
		fprintf(out, "%.*s", STR_ARG(s));
	else
		fprintf(out, "%c%.*s%c", quote, STR_ARG(s), quote);
}

/* How a text is written, quotes included. */
typedef void put_text(struct str s, FILE *out);

static void
put_value(const struct config *c, const struct setting *s, put_text *put, FILE *out)
{
	const void *p = place(c, s);
	unsigned choice;

	switch (s->kind) {
	case KIND_STR:
	case KIND_URL:
	case KIND_DIGITS:
	case KIND_CIDR:
		put(text_of(c, s), out);
		return;
	case KIND_INT:
		fprintf(out, "%lld", (long long)*(const int64_t *)p);
		return;
	case KIND_BOOL:
		fputs(*(const bool *)p ? "true" : "false", out);
		return;
	case KIND_ENUM:
		memcpy(&choice, p, sizeof(choice));
		fputs(s->choices[choice], out);
		return;
	}
}

static void
put_plain(struct str s, FILE *out)
{
	fprintf(out, "%.*s", STR_ARG(s));
}

static void
put_stars(struct str s, FILE *out)
{
	if (s.n > 0)
		fputs("***", out);
}

/* POSIX, Shell Command Language 2.2.2: between single quotes nothing is special. */
static void
put_word(struct str s, FILE *out)
{
	size_t i;

	fputc('\'', out);
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			fputs("'\\''", out);
		else
			fputc(s.p[i], out);
	}
	fputc('\'', out);
}

static bool
is_hidden(const struct setting *s)
{
	return (s->flags & SETTING_SECRET) != 0;
}

/* A whole line of the file. A value that no line can give has one that the reader skips. */
static void
print_line(const struct config *c, const struct setting *s, FILE *out)
{
	struct str text = is_hidden(s) ? STR_NULL : text_of(c, s);

	if (!is_plain(text) && quote_for(text) == '\0')
		fputs(
		    "# only the environment can give this value, which needs quotes and "
		    "holds both kinds: ",
		    out);
	fprintf(out, "%s=", s->name);
	put_value(c, s, is_hidden(s) ? put_stars : put_line, out);
}

void
config_dump(const struct config *c, FILE *out)
{
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		print_line(c, &config_settings[i], out);
		fputc('\n', out);
	}
}

static const struct setting *
must_be_setting(const char *name)
{
	const struct setting *s = config_setting(str_of(name));

	INVARIANT(s != NULL);
	return s;
}

void
config_print_value(
    const struct config *c, const char *name, enum config_form form, FILE *out)
{
	const struct setting *s = must_be_setting(name);

	if (form == CONFIG_SH)
		put_value(c, s, put_word, out);
	else
		put_value(c, s, is_hidden(s) ? put_stars : put_plain, out);
}

void
config_print_line(const struct config *c, const char *name, FILE *out)
{
	print_line(c, must_be_setting(name), out);
}

bool
config_is_secret(const char *name)
{
	return is_hidden(must_be_setting(name));
}

/* As a sentence of its own. */
static char
capital(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void
example_one(const struct setting *s, FILE *out)
{
	bool required = (s->flags & SETTING_REQUIRED) != 0;
	const char *value = s->def != NULL ? s->def : s->example;
	char allowed[CONFIG_ALLOWED_BYTES];

	config_allowed(s, LANG_EN, allowed);
	/* Choices stay as they are to be written. */
	if (!required && s->kind != KIND_ENUM)
		allowed[0] = capital(allowed[0]);
	fprintf(out, "\n# %s.\n# %s%s.\n", s->help[LANG_EN], required ? "Required; " : "",
	    allowed);
	if ((s->flags & SETTING_SECRET) != 0)
		fprintf(out, "# %s_FILE reads it from a file.\n", s->name);
	if (required)
		fprintf(out, "# Example: %s=%s\n%s=\n", s->name, s->example, s->name);
	else
		fprintf(out, "#%s=%s\n", s->name, value != NULL ? value : "");
}

void
config_print_example(FILE *out)
{
	enum section section = SECTION_COUNT;
	size_t i;

	fputs("# Settings of ivs-live. Read from the file IVS_ENV_FILE names, else "
	      "./.env, else\n"
	      "# /etc/ivs-live/env; the environment wins over the file. Keep it at mode "
	      "0640.\n"
	      "#\n"
	      "# NAME=value, one a line. Quote a value that holds blanks, # or quotes; "
	      "nothing\n"
	      "# inside is replaced. An empty value means the default. What starts with "
	      "#NAME\n"
	      "# shows the default, or an example where there is none.\n",
	    out);
	for (i = 0; i < config_settings_count; i++) {
		const struct setting *s = &config_settings[i];

		if (s->section != section)
			fprintf(out, "\n\n## %s\n",
			    config_section_names[s->section][LANG_EN]);
		section = s->section;
		example_one(s, out);
	}
}

/* A '|' would end the cell. */
static void
print_cell(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void
markdown_default(const struct setting *s, enum lang lang, FILE *out)
{
	if (s->def != NULL)
		fprintf(out, "`%s`", s->def);
	else if ((s->flags & SETTING_REQUIRED) != 0)
		fputs(lang == LANG_EN ? "**required**" : "**必填**", out);
}

static void
markdown_row(const struct setting *s, enum lang lang, FILE *out)
{
	char allowed[CONFIG_ALLOWED_BYTES];

	config_allowed(s, lang, allowed);
	fprintf(out, "| `%s` | ", s->name);
	print_cell(s->help[lang], out);
	if (s->alias != NULL)
		fprintf(
		    out, lang == LANG_EN ? " (also `%s`)" : "（亦可用 `%s`）", s->alias);
	if ((s->flags & SETTING_SECRET) != 0)
		fprintf(out,
		    lang == LANG_EN ? " (secret; or `%s_FILE`)"
				    : "（機密；可改用 `%s_FILE`）",
		    s->name);
	fputs(" | ", out);
	print_cell(allowed, out);
	fputs(" | ", out);
	markdown_default(s, lang, out);
	fputs(" |\n", out);
}

void
config_print_markdown(FILE *out, enum lang lang)
{
	enum section section = SECTION_COUNT;
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		const struct setting *s = &config_settings[i];

		if (s->section != section)
			fprintf(out, "%s### %s\n\n%s\n|---|---|---|---|\n",
			    i == 0 ? "" : "\n", config_section_names[s->section][lang],
			    lang == LANG_EN ? "| name | meaning | value | default |"
					    : "| 名稱 | 說明 | 值 | 預設 |");
		section = s->section;
		markdown_row(s, lang, out);
	}
}
