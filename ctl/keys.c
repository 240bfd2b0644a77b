#include "ctl/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "aws/times.h"
#include "base/clock.h"
#include "base/parse.h"
#include "domain/stage_tags.h"
#include "base/banned.h"

/* Machines copy the new file when they come to it, and look at it once a second. */
#define DELETE_MARGIN_MS (5 * 60 * 1000)
#define DAY_CHARS 8 /* YYYYMMDD */

bool
keys_path(struct ctl *c, const char **ret, struct err *err)
{
	struct str set = c->cfg->ivs_signing_key_file;

	if (c->opt[OPT_FILE] == NULL && set.n == 0)
		return err_set(err, ERR_INPUT,
		    "which file? give --file PATH, or set IVS_SIGNING_KEY_FILE");
	*ret = c->opt[OPT_FILE] != NULL ? c->opt[OPT_FILE] : str_dup(c->arena, set).p;
	return true;
}

const char *
keys_beside(struct ctl *c, const char *path, const char *suffix)
{
	return str_printf(c->arena, "%s%s", path, suffix).p;
}

const char *
keys_folder(struct ctl *c, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return str_printf(c->arena, "%.*s", slash == path ? 1 : (int)(slash - path), path)
	    .p;
}

bool
keys_lock(struct ctl *c, const char *path, int *ret_fd, struct err *err)
{
	const char *folder = keys_folder(c, path);
	int fd;

	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_CONFIG, "cannot open the folder '%s': %s", folder,
		    strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return err_set(err, ERR_CONFLICT,
		    "another ivsctl is at work in '%s': wait for it", folder);
	}
	*ret_fd = fd;
	return true;
}

int64_t
keys_deletable_ms(const struct ctl *c, int64_t rotated_out_ms)
{
	int64_t publisher_s = c->cfg->publisher_token_duration_s,
		viewer_s = c->cfg->viewer_token_duration_s,
		life_s = publisher_s > viewer_s ? publisher_s : viewer_s;

	return rotated_out_ms + life_s * 1000 + DELETE_MARGIN_MS;
}

/* ---- look ---- */

static int64_t
rotated_out_ms(struct ctl *c, const struct ivs_key *key)
{
	const struct ivs_stage as_stage = { .tags_json = key->tags_json };
	int64_t ms = 0;

	(void)aws_time_iso8601(
	    stage_tags_value(c->arena, &as_stage, TAG_ROTATED_OUT), &ms);
	return ms;
}

static bool
is_ours(const struct ctl *c, const struct ivs_key *key)
{
	const struct ivs_stage as_stage = { .tags_json = key->tags_json };

	return stage_tags_ours(c->cfg, &as_stage);
}

/* A list has no PEM text. Deleted meanwhile: *ret_gone. */
static bool
view_one(struct ctl *c, struct str arn, const struct es384_key *current,
    struct key_view *ret, bool *ret_gone, struct err *err)
{
	struct err why = ERR_INIT;

	*ret = (struct key_view){ 0 };
	*ret_gone = false;
	if (!ivs_get_key(c->work->ivs, c->arena, arn, &ret->key, &why)) {
		*ret_gone = why.kind == ERR_NOT_FOUND;
		if (!*ret_gone)
			*err = why;
		return *ret_gone;
	}
	ret->ours = is_ours(c, &ret->key);
	ret->current = current != NULL && es384_has_public(current, ret->key.pem);
	ret->rotated_out_ms = rotated_out_ms(c, &ret->key);
	return true;
}

bool
keys_look(struct ctl *c, const struct es384_key *current, struct key_views *ret,
    struct err *err)
{
	struct ivs_keys all;
	bool gone;
	size_t i;

	if (!ivs_list_keys(c->work->ivs, c->arena, &all, err))
		return err_while(err, "listing the public keys");
	ret->v = arena_zalloc(c->arena, (all.n + 1) * sizeof(*ret->v));
	ret->n = 0;
	for (i = 0; i < all.n; i++) {
		if (!view_one(c, all.v[i].arn, current, &ret->v[ret->n], &gone, err))
			return err_while(err, "reading the public keys");
		ret->n += !gone;
	}
	return true;
}

/* ---- import ---- */

static struct str
name_for(struct ctl *c)
{
	char now[17];

	if (c->opt[OPT_NAME] != NULL)
		return str_of(c->opt[OPT_NAME]);
	clock_amz(ivs_now_ms(c->work->ivs) / 1000, now);
	return str_printf(c->arena, "%.*s-signing-%.*s",
	    STR_ARG(c->cfg->stage_name_prefix), DAY_CHARS, now);
}

static json_t *
tags_for(const struct ctl *c)
{
	json_t *tags = stage_tags_make(c->cfg, NULL, STR(""), false);

	json_object_del(tags, TAG_ORDER);
	return tags;
}

/* One that was imported by hand becomes ours; one of another show stays its. */
static bool
adopt(struct ctl *c, const struct key_view *view, struct err *err)
{
	const struct ivs_stage as_stage = { .tags_json = view->key.tags_json };
	json_t *tags;
	bool ok;

	if (stage_tags_value(c->arena, &as_stage, TAG_SHOW).n > 0)
		return true;
	tags = tags_for(c);
	ok = ivs_tag(c->work->ivs, c->arena, view->key.arn, tags, err);
	json_decref(tags);
	return ok || err_while(err, "tagging the key that was there");
}

static bool
find_imported(struct ctl *c, const struct es384_key *key, struct str *ret_arn,
    bool *ret_found, struct err *err)
{
	struct key_views all;
	size_t i;

	*ret_found = false;
	if (!keys_look(c, key, &all, err))
		return false;
	for (i = 0; i < all.n && !*ret_found; i++)
		*ret_found = all.v[i].current;
	if (!*ret_found)
		return true;
	*ret_arn = all.v[i - 1].key.arn;
	return adopt(c, &all.v[i - 1], err);
}

bool
keys_quota_used(struct err *err)
{
	return err_set(err, ERR_QUOTA,
	    "AWS keeps %d public keys of an account in a region and all are taken: "
	    "delete one (ivsctl signing-key list says which may go)",
	    IVS_KEYS_MAX);
}

bool
keys_import(
    struct ctl *c, const struct es384_key *key, struct str *ret_arn, struct err *err)
{
	char pem[ES384_PEM_BYTES];
	struct err why = ERR_INIT;
	struct ivs_key made;
	bool found, ok;
	json_t *tags;

	if (!parse_word(name_for(c), "-_", IVS_NAME_MAX_BYTES))
		return err_set(err, ERR_INPUT,
		    "--name must be 1 to %d letters, digits, - or _", IVS_NAME_MAX_BYTES);
	if (es384_is_explicit(key))
		return err_set(err, ERR_CONFIG,
		    "the key's file writes the curve out as numbers, which AWS does not "
		    "take: give it the curve by name (openssl ec -in OLD "
		    "-param_enc named_curve -out NEW)");
	if (!es384_public_pem(key, pem))
		return err_set(err, ERR_UPSTREAM, "no memory for the public half");
	tags = tags_for(c);
	ok = ivs_import_key(
	    c->work->ivs, c->arena, name_for(c), str_of(pem), tags, &made, &why);
	json_decref(tags);
	if (ok) {
		*ret_arn = made.arn;
		return true;
	}
	/* Which of the two AWS says of a key it knows while all places are taken is not written. */
	if (why.kind == ERR_CONFLICT || why.kind == ERR_QUOTA) {
		if (!find_imported(c, key, ret_arn, &found, err))
			return false;
		if (found)
			return true;
		if (why.kind == ERR_QUOTA)
			return keys_quota_used(err);
	}
	*err = why;
	return err_while(err, "importing the public half");
}

/* ---- say ---- */

bool
keys_say(struct ctl *c, const char *path, const char *arn, struct err *err)
{
	struct str set = c->cfg->ivs_signing_key_arn;

	if (set.n > 0 && arn[0] != '\0' && !str_is(set, arn))
		ctl_note("IVS_SIGNING_KEY_ARN in the settings is another key: remove it "
			 "there, the file names its own");
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c,
		    json_pack("{s:o, s:o}", "file", json_str(str_of(path)), "arn",
			arn[0] != '\0' ? json_string(arn) : json_null()),
		    err);
	printf("IVS_SIGNING_KEY_FILE=%s\n", path);
	if (arn[0] != '\0')
		printf("# not needed, the file names it, and in the way of rotation:\n"
		       "# IVS_SIGNING_KEY_ARN=%s\n",
		    arn);
	return true;
}
