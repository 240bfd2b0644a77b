/* signing-key list and delete. */
#include "ctl/keys.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/banned.h"

/*
 * What the programs sign with: the file, if one is named. *ret_arn is what else is said of the
 * current key. A file that is not there is no key; one that cannot be read is an error, for
 * it may hold any.
 */
static bool
current_read(struct ctl *c, struct signing_file *ret, bool *ret_has, struct err *err)
{
	struct err none = ERR_INIT;
	const char *path;

	*ret_has = false;
	if (!keys_path(c, &path, &none) || access(path, F_OK) != 0)
		return true;
	*ret_has = signing_file_read(path, ret, err);
	return *ret_has;
}

/* By the key itself, or by what file and settings say. */
static bool
is_current(const struct ctl *c, const struct key_view *v, const struct signing_file *f)
{
	return v->current || str_eq(v->key.arn, c->cfg->ivs_signing_key_arn) ||
	       (f != NULL && str_is(v->key.arn, f->arn));
}

static bool
look(struct ctl *c, struct key_views *ret, struct err *err)
{
	struct signing_file current;
	bool has, ok;
	size_t i;

	if (!current_read(c, &current, &has, err))
		return err_while(err, "finding out which key is in use");
	ok = keys_look(c, has ? current.key : NULL, ret, err);
	for (i = 0; ok && i < ret->n; i++)
		ret->v[i].current = is_current(c, &ret->v[i], has ? &current : NULL);
	if (has)
		signing_file_free(&current);
	return ok;
}

/* ---- list ---- */

static struct str
time_text(struct ctl *c, int64_t unix_ms)
{
	char text[ISO8601_BYTES];

	clock_iso8601(unix_ms, text);
	return str_printf(c->arena, "%s", text);
}

static struct str
state_text(struct ctl *c, const struct key_view *v)
{
	int64_t free_ms = keys_deletable_ms(c, v->rotated_out_ms);

	if (v->current)
		return STR("current: tokens are signed with it");
	if (!v->ours)
		return STR("of somebody else");
	if (v->rotated_out_ms == 0)
		return STR("not in use here, as far as is known");
	if (free_ms <= ivs_now_ms(c->work->ivs))
		return STR("rotated out: may be deleted");
	return str_printf(c->arena, "rotated out: tokens may last until %.*s",
	    STR_ARG(time_text(c, free_ms)));
}

static json_t *
to_json(struct ctl *c, const struct key_view *v)
{
	int64_t out_ms = v->rotated_out_ms;

	return json_pack("{s:o, s:o, s:o, s:b, s:b, s:o, s:o}", "arn",
	    json_str(v->key.arn), "name", json_str(v->key.name), "fingerprint",
	    json_str(v->key.fingerprint), "ours", v->ours, "current", v->current,
	    "rotatedOutAt", json_time(out_ms), "deletableFrom",
	    json_time(out_ms > 0 && !v->current ? keys_deletable_ms(c, out_ms) : 0));
}

static bool
list_json(struct ctl *c, const struct key_views *all, struct err *err)
{
	json_t *keys = json_array();
	size_t i;

	for (i = 0; i < all->n; i++)
		json_array_append_new(keys, to_json(c, &all->v[i]));
	return ctl_say_json(
	    c, json_pack("{s:o, s:i}", "keys", keys, "most", IVS_KEYS_MAX), err);
}

bool
ctl_key_list(struct ctl *c, struct err *err)
{
	struct key_views all;
	struct ctl_table t;
	size_t i;

	if (!look(c, &all, err))
		return false;
	if (c->opt[OPT_JSON] != NULL)
		return list_json(c, &all, err);
	ctl_table_init(&t, c->arena, 4);
	ctl_cell(&t, STR("ARN"));
	ctl_cell(&t, STR("NAME"));
	ctl_cell(&t, STR("OURS"));
	ctl_cell(&t, STR("STATE"));
	for (i = 0; i < all.n; i++) {
		ctl_cell(&t, all.v[i].key.arn);
		ctl_cell(&t, all.v[i].key.name);
		ctl_cell(&t, all.v[i].ours ? STR("yes") : STR("no"));
		ctl_cell(&t, state_text(c, &all.v[i]));
	}
	ctl_table_print(&t);
	printf("%zu of %d that AWS keeps\n", all.n, IVS_KEYS_MAX);
	return true;
}

/* ---- delete ---- */

/* The ARN of the word, which may be the part behind "public-key/" alone. */
static bool
arn_of(struct ctl *c, struct str word, struct str *ret, struct err *err)
{
	const struct config *cfg = c->cfg;
	struct arn parts;

	*ret = word;
	if (parse_word(word, "-", ARN_MAX_BYTES))
		*ret = str_printf(c->arena, "arn:aws:ivs:%.*s:%.*s:public-key/%.*s",
		    STR_ARG(cfg->aws_region), STR_ARG(cfg->aws_account_id),
		    STR_ARG(word));
	if (arn_parse(*ret, STR("public-key"), &parts))
		return true;
	return err_set(err, ERR_INPUT,
	    "'%.*s' is no ARN of a public key: ivsctl signing-key list shows them",
	    STR_ARG(word));
}

static bool
may_delete(struct ctl *c, const struct key_view *v, struct err *err)
{
	bool force = c->opt[OPT_FORCE] != NULL;
	int64_t free_ms = keys_deletable_ms(c, v->rotated_out_ms);

	if (v->current)
		return err_set(err, ERR_FORBIDDEN,
		    "this key signs the tokens of now and is not deleted: ivsctl "
		    "signing-key rotate first");
	if (force)
		return true;
	if (!v->ours)
		return err_set(err, ERR_FORBIDDEN,
		    "this key has no tags of this show, so somebody else may be using "
		    "it: --force if you know better");
	if (v->rotated_out_ms == 0)
		return err_set(err, ERR_FORBIDDEN,
		    "when this key was last used is not known: --force once no token "
		    "signed with it is left");
	if (free_ms <= ivs_now_ms(c->work->ivs))
		return true;
	return err_set(err, ERR_FORBIDDEN,
	    "this key was rotated out lately and tokens signed with it may last until "
	    "%.*s: delete it then, or --force and their viewers cannot join",
	    STR_ARG(time_text(c, free_ms)));
}

static bool
say_deleted(struct ctl *c, struct str arn, bool was_there, struct err *err)
{
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c,
		    json_pack("{s:o, s:b}", "arn", json_str(arn), "deleted", was_there),
		    err);
	printf("%.*s %s\n", STR_ARG(arn), was_there ? "deleted" : "is not there");
	return true;
}

bool
ctl_key_delete(struct ctl *c, struct err *err)
{
	struct err why = ERR_INIT;
	struct key_views all;
	struct str arn;
	size_t i;

	if (!arn_of(c, str_of(c->words[0]), &arn, err) || !look(c, &all, err))
		return false;
	for (i = 0; i < all.n && !str_eq(all.v[i].key.arn, arn); i++)
		continue;
	if (i == all.n)
		return say_deleted(c, arn, false, err);
	if (!may_delete(c, &all.v[i], err))
		return false;
	if (ivs_delete_key(c->work->ivs, c->arena, arn, &why) ||
	    why.kind == ERR_NOT_FOUND)
		return say_deleted(c, arn, true, err);
	*err = why;
	return err_while(err, "deleting the key");
}
