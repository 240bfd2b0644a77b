/* signing-key create, import and rotate. */
#include "ctl/keys.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/banned.h"

/* The same file as the one the programs read, by whatever path. */
static bool
is_configured(const struct ctl *c, const char *path)
{
	struct str set = c->cfg->ivs_signing_key_file;
	struct stat ours, theirs;

	if (set.n == 0 || str_is(set, path))
		return set.n > 0;
	return stat(path, &ours) == 0 && stat(str_dup(c->arena, set).p, &theirs) == 0 &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* ---- create ---- */

/* Imports what the file holds and sees to it that the file says so. */
static bool
import_file(struct ctl *c, const char *path, struct signing_file *f, struct err *err)
{
	struct str arn;

	if (!keys_import(c, f->key, &arn, err))
		return false;
	if (str_is(arn, f->arn))
		return true;
	INVARIANT(arn.n < sizeof(f->arn));
	memcpy(f->arn, arn.p, arn.n);
	f->arn[arn.n] = '\0';
	return signing_file_replace(path, f->key, f->arn, err);
}

static bool
import_new(struct ctl *c, const char *path, struct signing_file *f, struct err *err)
{
	if (import_file(c, path, f, err))
		return true;
	ctl_note(
	    "the private key is kept in '%s'; when the reason below is dealt with: ivsctl "
	    "signing-key import --file %s",
	    path, path);
	return false;
}

static bool
create_at(struct ctl *c, const char *path, struct err *err)
{
	struct signing_file f = { .arn = "" };
	bool ok;

	if (access(path, F_OK) == 0)
		return err_set(err, ERR_CONFLICT,
		    "'%s' exists and is not overwritten: ivsctl signing-key import "
		    "finishes it, ivsctl signing-key rotate replaces it",
		    path);
	f.key = es384_new();
	if (f.key == NULL)
		return err_set(err, ERR_UPSTREAM, "no memory for a new key");
	/* by root: for whoever the folder is for */
	ok = signing_file_make(path, f.key, "", keys_folder(c, path), err);
	if (ok && c->opt[OPT_NO_IMPORT] == NULL)
		ok = import_new(c, path, &f, err);
	signing_file_free(&f);
	return ok && keys_say(c, path, f.arn, err);
}

bool
ctl_key_create(struct ctl *c, struct err *err)
{
	const char *path;
	bool ok;
	int fd;

	if (!keys_path(c, &path, err) || !keys_lock(c, path, &fd, err))
		return false;
	ok = create_at(c, path, err);
	close(fd);
	return ok;
}

/* ---- import ---- */

bool
ctl_key_import(struct ctl *c, struct err *err)
{
	struct signing_file f;
	const char *path;
	bool ok;
	int fd;

	if (!keys_path(c, &path, err) || !keys_lock(c, path, &fd, err))
		return false;
	ok = signing_file_read(path, &f, err);
	if (ok) {
		ok = import_file(c, path, &f, err);
		signing_file_free(&f);
	}
	close(fd);
	return ok && keys_say(c, path, f.arn, err);
}

/* ---- rotate ---- */

struct rotation {
	const char *path, *next_path, *old_path;
	struct signing_file old, next;
	struct key_view was; /* the old key as AWS has it */
};

/* Before anything is made: may it succeed? */
static bool
check(struct ctl *c, struct rotation *r, struct err *err)
{
	struct key_views all;
	size_t i;

	if (c->cfg->ivs_signing_key_arn.n > 0 && is_configured(c, r->path))
		return err_set(err, ERR_CONFIG,
		    "IVS_SIGNING_KEY_ARN is set, so programs would not take a new key: run "
		    "ivsctl signing-key import, remove the setting, restart them, then "
		    "rotate");
	if (!keys_look(c, r->old.key, &all, err))
		return false;
	for (i = 0; i < all.n && !all.v[i].current; i++)
		continue;
	if (i == all.n)
		return err_set(err, ERR_CONFLICT,
		    "the key in '%s' is not imported: ivsctl signing-key import",
		    r->path);
	r->was = all.v[i];
	if (all.n >= IVS_KEYS_MAX && access(r->next_path, F_OK) != 0)
		return keys_quota_used(err);
	return true;
}

/* The pair of a rotation that was interrupted, or a new one. */
static bool
next_pair(struct rotation *r, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (access(r->next_path, F_OK) == 0) {
		if (signing_file_read(r->next_path, &r->next, &ignored))
			return true;
		/* Cut off while it was written; it was never imported. */
		unlink(r->next_path);
	}
	r->next.key = es384_new();
	if (r->next.key == NULL)
		return err_set(err, ERR_UPSTREAM, "no memory for a new key");
	r->next.arn[0] = '\0';
	return signing_file_make(r->next_path, r->next.key, "", r->path, err);
}

/* Until then tokens may be signed with it: noted first, for whoever is stopped here. */
static bool
note_rotated_out(struct ctl *c, const struct rotation *r, struct err *err)
{
	char now[ISO8601_BYTES];
	json_t *tags;
	bool ok;

	if (!r->was.ours) {
		ctl_note("the old key has no tags of this show: it is left as it is");
		return true;
	}
	clock_iso8601(ivs_now_ms(c->work->ivs), now);
	tags = json_pack("{s:s}", TAG_ROTATED_OUT, now);
	ok = ivs_tag(c->work->ivs, c->arena, r->was.key.arn, tags, err);
	json_decref(tags);
	return ok || err_while(err, "noting that the old key goes");
}

static bool
keep_old(struct ctl *c, const struct rotation *r, struct err *err)
{
	if (unlink(r->old_path) != 0 && errno != ENOENT)
		return err_set(err, ERR_CONFIG, "cannot remove '%s': %s", r->old_path,
		    strerror(errno));
	if (c->opt[OPT_DISCARD_OLD] != NULL)
		return true;
	return signing_file_make(r->old_path, r->old.key, r->old.arn, r->path, err);
}

static bool
say_rotated(struct ctl *c, const struct rotation *r, struct err *err)
{
	char when[ISO8601_BYTES];

	clock_iso8601(keys_deletable_ms(c, ivs_now_ms(c->work->ivs)), when);
	ctl_note(
	    "programs here take the new key within a second; copy the file to every other "
	    "machine now");
	ctl_note("the old key may be deleted from %s on: ivsctl signing-key delete %.*s",
	    when, STR_ARG(r->was.key.arn));
	return keys_say(c, r->path, r->next.arn, err);
}

/*
 * At every moment the file at `path` holds a key that is imported. Stopped anywhere, the same
 * command goes on: the new pair waits in path.new.
 */
static bool
rotate(struct ctl *c, struct rotation *r, struct err *err)
{
	bool ok;

	if (!check(c, r, err) || !next_pair(r, err))
		return false;
	ok = import_file(c, r->next_path, &r->next, err) && note_rotated_out(c, r, err) &&
	     keep_old(c, r, err) && signing_file_move(r->next_path, r->path, err);
	signing_file_free(&r->next);
	return ok && say_rotated(c, r, err);
}

bool
ctl_key_rotate(struct ctl *c, struct err *err)
{
	struct rotation r = { .path = NULL };
	bool ok;
	int fd;

	if (!keys_path(c, &r.path, err) || !keys_lock(c, r.path, &fd, err))
		return false;
	r.next_path = keys_beside(c, r.path, ".new");
	r.old_path = keys_beside(c, r.path, ".old");
	ok = signing_file_read(r.path, &r.old, err);
	if (ok) {
		ok = rotate(c, &r, err);
		signing_file_free(&r.old);
	}
	close(fd);
	return ok;
}
