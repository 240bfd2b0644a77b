#include "base/config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/banned.h"

#define FILE_MAX_BYTES (256u << 10)
#define SECRET_MAX_BYTES 65536u
#define NAME_MAX_BYTES 64u

/* The three ways one source can name a setting. */
enum way { WAY_NAME, WAY_FILE, WAY_ALIAS, WAY_COUNT };

struct found {
	struct config_given way[WAY_COUNT];
};

/* Read a whole small file, NUL-terminated. False: errno says why (EFBIG: too big). */
static bool
read_fd(struct arena *a, int fd, size_t max, struct str *ret)
{
	char *p = arena_alloc(a, max + 1);
	size_t n = 0;
	ssize_t got;

	while (n <= max && (got = read(fd, p + n, max + 1 - n)) != 0) {
		if (got > 0)
			n += (size_t)got;
		else if (errno != EINTR)
			return false;
	}
	if (n > max) {
		errno = EFBIG;
		return false;
	}
	p[n] = '\0';
	*ret = (struct str){ p, n };
	return true;
}

static bool
read_small_file(
    struct arena *a, const char *path, size_t max, struct str *ret, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
	bool ok;

	if (fd < 0)
		return false;
	ok = fstat(fd, st) == 0 && read_fd(a, fd, max, ret);
	saved = errno;
	close(fd);
	errno = saved;
	return ok;
}

static bool
takes_file(const struct setting *s)
{
	return (s->flags & SETTING_SECRET) != 0;
}

/* Is `name` this setting, and in which way? */
static bool
names_setting(const struct setting *s, struct str name, enum way *ret)
{
	struct str full = str_of(s->name);

	if (str_eq(name, full))
		*ret = WAY_NAME;
	else if (s->alias != NULL && str_is(name, s->alias))
		*ret = WAY_ALIAS;
	else if (takes_file(s) && name.n == full.n + 5 && str_starts(name, full) &&
		 str_ends(name, STR("_FILE")))
		*ret = WAY_FILE;
	else
		return false;
	return true;
}

/* An exact name comes first: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is one itself. */
static struct config_given *
slot_of(struct found *found, struct str name)
{
	struct config_given *slot = NULL;
	enum way way;
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		if (!names_setting(&config_settings[i], name, &way))
			continue;
		slot = &found[i].way[way];
		if (way == WAY_NAME)
			break;
	}
	return slot;
}

static const char *
retired_advice(struct str name)
{
	size_t i;

	for (i = 0; i < config_retired_count; i++) {
		if (str_is(name, config_retired[i].name))
			return config_retired[i].advice;
	}
	return NULL;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Levenshtein's, one row at a time, letters in any case. b: at most NAME_MAX_BYTES. */
static size_t
distance(struct str a, struct str b)
{
	size_t row[NAME_MAX_BYTES + 1], i, j, corner, above, best;

	for (j = 0; j <= b.n; j++)
		row[j] = j;
	for (i = 1; i <= a.n; i++) {
		corner = row[0];
		row[0] = i;
		for (j = 1; j <= b.n; j++) {
			above = row[j];
			best = corner + (upper(a.p[i - 1]) != upper(b.p[j - 1]));
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			corner = above;
		}
	}
	return row[b.n];
}

/* The known name most like this one; NULL when none is near. */
static const char *
nearest_name(struct str name)
{
	size_t best = name.n / 3 < 2 ? 2 : name.n / 3, i, d;
	const char *nearest = NULL;

	if (name.n > NAME_MAX_BYTES)
		return NULL;
	for (i = 0; i < config_settings_count; i++) {
		d = distance(str_of(config_settings[i].name), name);
		if (d < best || (d == best && nearest == NULL)) {
			best = d;
			nearest = config_settings[i].name;
		}
	}
	/* NAME_FILE of what is no secret: the name itself is meant. */
	if (nearest == NULL && str_ends(name, STR("_FILE")))
		return nearest_name((struct str){ name.p, name.n - 5 });
	return nearest;
}

static void
unknown_name(struct config_loader *l, const char *where, struct str name)
{
	const char *advice = retired_advice(name), *nearest = nearest_name(name);
	int n = name.n > NAME_MAX_BYTES ? (int)NAME_MAX_BYTES : (int)name.n;

	if (advice != NULL)
		config_warn(
		    l, "%s: %.*s has no effect here: %s", where, n, name.p, advice);
	else if (nearest != NULL)
		config_fatal(l, "%s: %.*s is not a setting: did you mean %s?", where, n,
		    name.p, nearest);
	else
		config_fatal(l, "%s: %.*s is not a setting: remove it", where, n, name.p);
}

/* What stands behind the closing quote may only be blanks or a comment. */
static bool
unquote(struct str s, struct str *ret)
{
	struct str rest = str_skip(s, 1), value = str_cut(&rest, s.p[0]);

	if (rest.p == NULL)
		return false;
	rest = str_trim(rest);
	if (rest.n > 0 && rest.p[0] != '#')
		return false;
	*ret = value;
	return true;
}

/* A comment behind a plain value starts with a blank and '#'. */
static struct str
without_comment(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '#' && (i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
			s.n = i;
	}
	return str_trim(s);
}

static bool
parse_value(struct str raw, struct str *ret)
{
	struct str s = str_trim(raw);

	if (s.n > 0 && (s.p[0] == '"' || s.p[0] == '\''))
		return unquote(s, ret);
	*ret = without_comment(s);
	return true;
}

static void
file_value(struct config_loader *l, struct found *found, const char *where,
    struct str name, struct str value)
{
	struct config_given *slot = slot_of(found, name);

	if (slot == NULL) {
		unknown_name(l, where, name);
		return;
	}
	if (slot->where != NULL)
		config_warn(l, "%s: %.*s was set before, at %s: this one counts", where,
		    STR_ARG(name), slot->where);
	slot->where = where;
	slot->value = str_dup(l->mem, value);
}

static void
file_line(struct config_loader *l, struct found *found, int number, struct str line)
{
	const char *where = str_printf(l->mem, "%s:%d", l->file, number).p;
	struct str name, value = line;

	if (str_starts(line, STR("export ")) || str_starts(line, STR("export\t")))
		value = str_skip(line, 7);
	name = str_trim(str_cut(&value, '='));
	if (value.p == NULL || !parse_word(name, "_", name.n))
		config_fatal(l,
		    "%s: this line is not NAME=value: correct it or put # first", where);
	else if (!parse_value(value, &value))
		config_fatal(l,
		    "%s: the value of %.*s starts with a quote and must end with "
		    "the same one",
		    where, STR_ARG(name));
	else
		file_value(l, found, where, name, value);
}

static void
file_lines(struct config_loader *l, struct found *found, struct str text)
{
	int number;

	if (str_starts(text, STR("\xef\xbb\xbf"))) /* a byte order mark */
		text = str_skip(text, 3);
	for (number = 1; text.n > 0; number++) {
		struct str line = str_cut(&text, '\n');

		if (str_ends(line, STR("\r")))
			line.n--;
		line = str_trim(line);
		if (line.n > 0 && line.p[0] != '#')
			file_line(l, found, number, line);
	}
}

static void
warn_if_open_to_all(
    struct config_loader *l, const struct found *found, const struct stat *st)
{
	size_t i;

	if ((st->st_mode & 004) == 0)
		return;
	for (i = 0; i < config_settings_count; i++) {
		if (takes_file(&config_settings[i]) &&
		    found[i].way[WAY_NAME].value.n > 0) {
			config_warn(l,
			    "%s holds %s and can be read by every user of this "
			    "machine: chmod 640 it",
			    l->file, config_settings[i].name);
			return;
		}
	}
}

static const char *
env_value(char **envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp != NULL; envp++) {
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return *envp + n + 1;
	}
	return NULL;
}

/* False: there is none. A file that was asked for by name must be there. */
static bool
try_file(struct config_loader *l, struct found *found, const char *path, bool must)
{
	struct stat st;
	struct str text;

	if (!read_small_file(l->mem, path, FILE_MAX_BYTES, &text, &st)) {
		if (!must && (errno == ENOENT || errno == ENOTDIR))
			return false;
		config_fatal(
		    l, "cannot read the settings file '%s': %s", path, strerror(errno));
		return true;
	}
	l->file = arena_strndup(l->mem, path, strlen(path));
	if (memchr(text.p, '\0', text.n) != NULL) {
		config_fatal(l, "%s holds a NUL byte: it is not a text file", path);
		return true;
	}
	file_lines(l, found, text);
	warn_if_open_to_all(l, found, &st);
	return true;
}

static void
read_file(struct config_loader *l, struct found *found, const char *file)
{
	const char *named = file != NULL ? file : env_value(l->envp, "IVS_ENV_FILE");

	if (named != NULL && named[0] != '\0')
		try_file(l, found, named, true);
	else if (!try_file(l, found, "./.env", false))
		try_file(l, found, "/etc/ivs-live/env", false);
}

static void
env_one(struct config_loader *l, struct config_given *slot, const char *name)
{
	const char *value = env_value(l->envp, name);

	if (value == NULL)
		return;
	slot->value = str_dup(l->mem, str_of(value));
	slot->where = "the environment";
}

static void
read_env(struct config_loader *l, struct found *found)
{
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		const struct setting *s = &config_settings[i];

		env_one(l, &found[i].way[WAY_NAME], s->name);
		if (s->alias != NULL)
			env_one(l, &found[i].way[WAY_ALIAS], s->alias);
		if (takes_file(s))
			env_one(l, &found[i].way[WAY_FILE],
			    str_printf(l->mem, "%s_FILE", s->name).p);
	}
}

/* NAME_FILE: the value is what the file holds, without the newlines at its end. */
static struct config_given
read_secret(
    struct config_loader *l, const struct setting *s, const struct config_given *way)
{
	struct config_given g = { .where = way->value.p };
	struct stat st;

	if (!read_small_file(l->mem, way->value.p, SECRET_MAX_BYTES, &g.value, &st)) {
		config_fatal(l, "%s_FILE is '%s' (%s), which cannot be read: %s", s->name,
		    way->value.p, way->where, strerror(errno));
		g = (struct config_given){ .where = way->where, .bad = true };
	}
	while (g.value.n > 0 &&
	       (g.value.p[g.value.n - 1] == '\n' || g.value.p[g.value.n - 1] == '\r'))
		g.value.n--;
	return g;
}

/* Whichever way this source names the setting; false: not at all. */
static bool
settle(struct config_loader *l, const struct setting *s, const struct found *f,
    struct config_given *ret)
{
	const struct config_given *name = &f->way[WAY_NAME], *file = &f->way[WAY_FILE];
	const struct config_given *alias = &f->way[WAY_ALIAS];

	if (name->value.n > 0 && file->value.n > 0) {
		config_fatal(l, "%s and %s_FILE are both set (%s): keep one of them",
		    s->name, s->name, name->where);
		*ret = (struct config_given){ .where = name->where, .bad = true };
		return true;
	}
	if (name->value.n > 0 && alias->value.n > 0 && !str_eq(name->value, alias->value))
		config_warn(l, "%s and %s differ (%s, %s): %s counts", s->name, s->alias,
		    name->where, alias->where, s->name);
	if (name->value.n > 0)
		*ret = *name;
	else if (file->value.n > 0)
		*ret = read_secret(l, s, file);
	else if (alias->value.n > 0)
		*ret = *alias;
	else if (name->where != NULL || file->where != NULL || alias->where != NULL)
		*ret = (struct config_given){ 0 };
	else
		return false;
	return true;
}

/* An empty value means the default, in either source; the environment wins. */
void
config_read_sources(struct config_loader *l, const char *file)
{
	struct found *in_file =
	    arena_zalloc(l->mem, config_settings_count * sizeof(*in_file));
	struct found *in_env =
	    arena_zalloc(l->mem, config_settings_count * sizeof(*in_env));
	size_t i;

	read_file(l, in_file, file);
	read_env(l, in_env);
	for (i = 0; i < config_settings_count; i++) {
		const struct setting *s = &config_settings[i];

		if (!settle(l, s, &in_env[i], &l->given[i]))
			settle(l, s, &in_file[i], &l->given[i]);
	}
}
