/*
 * The shared credentials file. Its form: AWS SDKs and Tools reference, "Shared config and
 * credentials files". Sections of the same name are one, the last value counts, names of
 * keys in any case, a comment behind a value starts with a blank.
 */
#include "aws/creds_source.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/small_file.h"
#include "base/banned.h"

#define FILE_MAX_BYTES (1u << 20)
#define PASSWD_LINE_BYTES 16384

static struct str
next_line(struct str *rest)
{
	struct str line = str_cut(rest, '\n');

	while (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return str_trim(line);
}

/* "[name]", whatever stands behind it. Broken ones are nobody's section. */
static bool
is_section(struct str line, struct str profile)
{
	struct str rest = str_skip(line, 1), name = str_cut(&rest, ']');

	return rest.p != NULL && str_eq(str_trim(name), profile);
}

static struct str
without_comment(struct str s)
{
	for (size_t i = 1; i < s.n; i++)
		if ((s.p[i] == '#' || s.p[i] == ';') &&
		    (s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
			s.n = i;
	return str_trim(s);
}

/* What a profile says: its keys, and by which other way it means to get some. */
struct profile {
	struct sigv4_creds keys;
	struct str old_token; /* aws_security_token */
	const char *other;    /* NULL: none; else what is wrong with it */
	bool other_wins;      /* SDKs take it although there are keys */
};

/*
 * AWS SDKs and Tools reference, "Settings reference": these make credentials from others, by a
 * sign-in or by a program, which is not done here. To sign with something else in silence
 * would be another identity than the profile's: of the first ones although keys stand beside
 * them, of the others when none do.
 */
#define OTHER_WAY(name, wins)                                                            \
	{                                                                                \
		STR(name), "has " name ", which is not followed here", wins              \
	}
static const struct {
	struct str name;
	const char *fault;
	bool wins;
} other_ways[] = {
	OTHER_WAY("role_arn", true),
	OTHER_WAY("web_identity_token_file", true),
	OTHER_WAY("source_profile", true),
	OTHER_WAY("credential_source", true),
	OTHER_WAY("sso_session", true),
	OTHER_WAY("sso_start_url", true),
	OTHER_WAY("credential_process", false),
	OTHER_WAY("login_session", false),
};

static void
take_other_way(struct str name, struct profile *ret)
{
	for (size_t i = 0; i < sizeof(other_ways) / sizeof(*other_ways); i++) {
		if (!str_ieq(name, other_ways[i].name) || ret->other_wins)
			continue;
		ret->other = other_ways[i].fault;
		ret->other_wins = other_ways[i].wins;
	}
}

static void
take_key(struct str line, struct profile *ret)
{
	struct str value = line, name = str_trim(str_cut(&value, '='));
	const struct {
		struct str name;
		struct str *value;
	} keys[] = {
		{ STR("aws_access_key_id"), &ret->keys.access_key_id },
		{ STR("aws_secret_access_key"), &ret->keys.secret_access_key },
		{ STR("aws_session_token"), &ret->keys.session_token },
		{ STR("aws_security_token"), &ret->old_token },
	};

	if (value.p == NULL)
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (str_ieq(name, keys[i].name))
			*keys[i].value = without_comment(value);
	take_other_way(name, ret);
}

/* What is wrong with the keys of a profile that is there; NULL: nothing. */
static const char *
fault_of(const struct sigv4_creds *k)
{
	if (k->access_key_id.n == 0)
		return "has no aws_access_key_id";
	if (k->secret_access_key.n == 0)
		return "has no aws_secret_access_key";
	if (!creds_text_ok(k->access_key_id, CREDS_ID_MAX_BYTES))
		return "has an aws_access_key_id that cannot be one";
	if (!creds_text_ok(k->secret_access_key, CREDS_SECRET_MAX_BYTES))
		return "has an aws_secret_access_key that cannot be one";
	if (k->session_token.n > 0 &&
	    !creds_text_ok(k->session_token, CREDS_TOKEN_MAX_BYTES))
		return "has an aws_session_token that cannot be one";
	return NULL;
}

static bool
has_keys(const struct sigv4_creds *k)
{
	return k->access_key_id.n + k->secret_access_key.n + k->session_token.n > 0;
}

/* Sections of the same name are one. False: there is none. */
static bool
read_profile(struct str text, struct str name, struct profile *ret)
{
	bool ours = false, seen = false;

	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	while (text.n > 0) {
		struct str line = next_line(&text);

		if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[')
			seen |= ours = is_section(line, name);
		else if (ours)
			take_key(line, ret);
	}
	if (ret->keys.session_token.n == 0)
		ret->keys.session_token = ret->old_token;
	return seen;
}

enum creds_found
creds_file_parse(
    struct str text, struct str name, struct creds_keys *ret, const char **ret_what)
{
	struct profile p = { 0 };

	*ret_what = NULL;
	if (!read_profile(text, name, &p))
		return CREDS_NONE;
	if (p.other != NULL && (p.other_wins || !has_keys(&p.keys))) {
		*ret_what = p.other;
		return CREDS_FAILED;
	}
	*ret_what = "has no keys";
	if (!has_keys(&p.keys))
		return CREDS_NONE;
	*ret_what = fault_of(&p.keys);
	if (*ret_what != NULL)
		return CREDS_FAILED;
	*ret = (struct creds_keys){ p.keys, CREDS_NEVER };
	return CREDS_FOUND;
}

/* A web server starts its programs without HOME. */
static const char *
home(struct arena *a)
{
	const char *h = getenv("HOME");
	struct passwd pw, *found = NULL;
	char *line;

	if (h != NULL && h[0] != '\0')
		return h;
	line = arena_alloc(a, PASSWD_LINE_BYTES);
	if (getpwuid_r(geteuid(), &pw, line, PASSWD_LINE_BYTES, &found) != 0)
		return NULL;
	return found != NULL ? pw.pw_dir : NULL;
}

/* NULL: neither a setting nor a home. */
static const char *
path_of(struct creds *c)
{
	struct str set = c->cfg->aws_shared_credentials_file;
	const char *h;

	if (set.n > 0)
		return str_dup(&c->scratch, set).p;
	h = home(&c->scratch);
	return h != NULL ? str_printf(&c->scratch, "%s/.aws/credentials", h).p : NULL;
}

static struct creds_file_state
state_of(const struct stat *st)
{
	return (struct creds_file_state){ st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
		st->st_size, st->st_ino };
}

static bool
same_state(const struct creds_file_state *a, const struct creds_file_state *b)
{
	return a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
	       a->size == b->size && a->inode == b->inode;
}

/* A pipe or a device would make us wait: only a file is read. */
static bool
read_file(
    struct arena *a, const char *path, struct str *ret, struct creds_file_state *state)
{
	struct stat st;

	if (!small_file_read_regular(a, path, FILE_MAX_BYTES, ret, &st))
		return false;
	*state = state_of(&st);
	return true;
}

bool
creds_file_changed(struct creds *c)
{
	const char *path = path_of(c);
	struct creds_file_state state;
	struct stat st;
	bool same = false;

	if (path != NULL && stat(path, &st) == 0) {
		state = state_of(&st);
		same = same_state(&state, &c->file);
	}
	arena_wipe(&c->scratch);
	return !same;
}

/* A file that somebody named and we cannot read is wrong; one in a home may be of no
 * concern to us. */
static enum creds_found
unreadable(struct creds *c, const char *path, struct err *why)
{
	int code = errno;
	struct str profile = c->cfg->aws_profile;

	if (code == ENOENT || code == ENOTDIR) {
		(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG,
		    "no file %.80s with a profile '%.*s'", path, STR_ARG(profile));
		return CREDS_NONE;
	}
	(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG, "%.120s cannot be read (%s)", path,
	    code == EINVAL ? "it is no file" : strerror(code));
	return c->cfg->aws_shared_credentials_file.n > 0 ? CREDS_FAILED : CREDS_NONE;
}

/*
 * The SDKs lay ~/.aws/config under the credentials file, and that is where a profile's role
 * usually stands. NULL: there is nothing of the kind; else what is wrong, and *ret_path.
 */
static const char *
other_way_in_config(struct creds *c, bool has_keys, const char **ret_path)
{
	const char *path = getenv("AWS_CONFIG_FILE"), *h = home(&c->scratch);
	struct str text, name = c->cfg->aws_profile;
	struct creds_file_state state;
	struct profile p = { 0 };

	if (path != NULL && path[0] == '\0')
		path = NULL;
	if (path == NULL && h != NULL)
		path = str_printf(&c->scratch, "%s/.aws/config", h).p;
	if (path == NULL || !read_file(&c->scratch, path, &text, &state))
		return NULL;
	*ret_path = path;
	if (str_is(name, "default"))
		read_profile(text, name, &p);
	read_profile(text, str_printf(&c->scratch, "profile %.*s", STR_ARG(name)), &p);
	return p.other_wins || !has_keys ? p.other : NULL;
}

static enum creds_found
from_credentials_file(struct creds *c, struct creds_keys *ret, struct err *why)
{
	struct str text, profile = c->cfg->aws_profile;
	const char *what, *path = path_of(c);
	struct creds_file_state state;
	enum creds_found found;

	if (path == NULL) {
		(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG,
		    "no home that could hold .aws/credentials");
		return CREDS_NONE;
	}
	if (!read_file(&c->scratch, path, &text, &state))
		return unreadable(c, path, why);
	found = creds_file_parse(text, profile, ret, &what);
	if (found == CREDS_FOUND)
		c->file = state;
	else if (what == NULL)
		(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG,
		    "no profile '%.*s' in %.80s", STR_ARG(profile), path);
	else
		(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG,
		    "profile '%.*s' in %.120s %s", STR_ARG(profile), path, what);
	return found;
}

enum creds_found
creds_from_file(struct creds *c, struct creds_keys *ret, struct err *why)
{
	enum creds_found found = from_credentials_file(c, ret, why);
	const char *what, *path = "";

	if (found == CREDS_FAILED)
		return found;
	what = other_way_in_config(c, found == CREDS_FOUND, &path);
	if (what == NULL)
		return found;
	*why = ERR_INIT;
	(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG, "profile '%.*s' in %.120s %s",
	    STR_ARG(c->cfg->aws_profile), path, what);
	return CREDS_FAILED;
}
