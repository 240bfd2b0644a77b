/* The settings file: which one is read, whether it may be believed, and what its lines say. */
#include "base/config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/small_file.h"
#include "base/banned.h"

#define FILE_MAX_BYTES (256u << 10)
#define FILE_HERE "./.env"
#define FILE_SYSTEM "/etc/ivs-live/env"

/* ---- lines ---- */

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

/* A comment behind a plain value starts with a blank and '#': "=#a" is a value. */
struct str
config_plain_value(struct str s)
{
	size_t i;

	for (i = 1; i < s.n; i++) {
		if (s.p[i] == '#' && (s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
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
	*ret = config_plain_value(raw);
	return true;
}

static void
file_value(struct config_loader *l, struct config_found *found, const char *where,
    struct str name, struct str value)
{
	const struct setting *s = NULL;
	struct config_given *slot = config_slot(found, name, &s);

	if (slot == NULL) {
		config_unknown_name(l, where, name);
		return;
	}
	if (slot->where != NULL && config_judges(l, s->section))
		config_warn(l, "%s: %.*s was set before, at %s: this one counts", where,
		    STR_ARG(name), slot->where);
	slot->where = slot->named = where;
	slot->from = CONFIG_FROM_FILE;
	slot->value = str_dup(l->mem, value);
}

static void
file_line(
    struct config_loader *l, struct config_found *found, int number, struct str line)
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
file_lines(struct config_loader *l, struct config_found *found, struct str text)
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

/* ---- whose file it is ---- */

static bool
holds_secret(const struct config_found *found, const char **ret_name)
{
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		if (config_takes_file(&config_settings[i]) &&
		    found[i].way[WAY_NAME].value.n > 0) {
			*ret_name = config_settings[i].name;
			return true;
		}
	}
	return false;
}

/* A device such as /dev/null is as it is. */
static void
warn_if_open_to_all(
    struct config_loader *l, const struct config_found *found, const struct stat *st)
{
	const char *name;

	if (!S_ISREG(st->st_mode))
		return;
	if ((st->st_mode & S_IWOTH) != 0)
		config_warn(l,
		    "%s can be changed by every user of this machine: chmod 640 it",
		    l->file);
	else if ((st->st_mode & S_IROTH) != 0 && holds_secret(found, &name))
		config_warn(l,
		    "%s holds %s and can be read by every user of this "
		    "machine: chmod 640 it",
		    l->file, name);
}

/* Only root and the user of this process may decide what a file says that nobody named. */
static bool
is_trusted(const struct stat *st, char *why, size_t why_size)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		snprintf(why, why_size,
		    "it belongs to user %lu, not to root or to the user of this process",
		    (unsigned long)st->st_uid);
	else if (S_ISREG(st->st_mode) && (st->st_mode & S_IWOTH) != 0)
		snprintf(why, why_size, "every user of this machine may change it");
	else
		return true;
	return false;
}

static void
not_taken(struct config_loader *l, const char *why)
{
	char cwd[PATH_MAX];

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		snprintf(cwd, sizeof(cwd), ".");
	config_warn(l,
	    "%s/.env is not read: %s. To read it all the same, name it in IVS_ENV_FILE",
	    cwd, why);
}

/* ---- which file ---- */

static void
take_text(struct config_loader *l, struct config_found *found, const char *path,
    struct str text, const struct stat *st)
{
	l->file = arena_strndup(l->mem, path, strlen(path));
	if (memchr(text.p, '\0', text.n) != NULL) {
		config_fatal(l, "%s holds a NUL byte: it is not a text file", path);
		return;
	}
	file_lines(l, found, text);
	warn_if_open_to_all(l, found, st);
}

static void
unreadable(struct config_loader *l, const char *path)
{
	config_fatal(l, "cannot read the settings file '%s': %s", path, strerror(errno));
}

/* False, with errno, when fd cannot be read. Closes it. */
static bool
take_fd(struct config_loader *l, struct config_found *found, const char *path, int fd,
    const struct stat *st)
{
	struct str text;
	bool ok = small_file_read_fd(l->mem, fd, FILE_MAX_BYTES, &text);
	int saved = errno;

	close(fd);
	errno = saved;
	if (ok)
		take_text(l, found, path, text, st);
	return ok;
}

/* False: there is none. A file that was asked for by name must be there. */
static bool
try_file(struct config_loader *l, struct config_found *found, const char *path, bool must)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && !must && (errno == ENOENT || errno == ENOTDIR))
		return false;
	if (fd < 0 || fstat(fd, &st) != 0 || !take_fd(l, found, path, fd, &st))
		unreadable(l, path);
	return true;
}

/*
 * The link, if it is one, and what it leads to are judged before that is opened, for a pipe
 * would hold us there; and the file again as it was opened. -1: *why says why not, or errno.
 */
static int
open_here(struct stat *st, char *why, size_t why_size)
{
	int fd, saved;

	if (lstat(FILE_HERE, st) != 0 || !is_trusted(st, why, why_size) ||
	    stat(FILE_HERE, st) != 0 || !is_trusted(st, why, why_size))
		return -1;
	fd = open(FILE_HERE, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || (fstat(fd, st) == 0 && is_trusted(st, why, why_size)))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/*
 * ./.env, wherever the caller happens to stand. Somebody else's is not read: it would lead us
 * to a store of theirs. False: there is none of ours.
 */
static bool
try_file_here(struct config_loader *l, struct config_found *found)
{
	char why[128] = "";
	struct stat st;
	int fd = open_here(&st, why, sizeof(why));

	if (why[0] != '\0') {
		not_taken(l, why);
		return false;
	}
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return false;
	if (fd < 0 || !take_fd(l, found, FILE_HERE, fd, &st))
		unreadable(l, FILE_HERE);
	return true;
}

void
config_read_file(struct config_loader *l, struct config_found *found, const char *file)
{
	const char *named = file != NULL ? file : config_env(l->envp, "IVS_ENV_FILE");

	if (named != NULL && named[0] != '\0')
		try_file(l, found, named, true);
	else if (!try_file_here(l, found))
		try_file(l, found, FILE_SYSTEM, false);
}
