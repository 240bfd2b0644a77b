/*
 * keys.h - signing keys: what their commands share.               layer: ctl
 *
 * A key is ours when it has the tags of this show (domain/stage_tags.h). One that
 * was rotated out carries when in its tag RotatedOut: it must stay imported until the
 * last token it signed has expired.
 */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

#include "ctl/ctl.h"
#include "domain/signing_file.h"

#define TAG_ROTATED_OUT "RotatedOut"

struct key_view {
	struct ivs_key key;
	bool ours;
	bool current;		/* its private half is in the file */
	int64_t rotated_out_ms; /* 0: it was not, or nobody noted when */
};

struct key_views {
	struct key_view *v;
	size_t n;
};

/* All keys of the account in the region, in AWS' order. current may be NULL. */
bool keys_look(struct ctl *c, const struct es384_key *current, struct key_views *ret,
    struct err *err);

/* --file, else the setting. ERR_INPUT: neither. */
bool keys_path(struct ctl *c, const char **ret, struct err *err);

/*
 * Keeps other ivsctl out of the folder of this file; close the descriptor to let them in.
 * ERR_CONFLICT: one is at work there.
 */
bool keys_lock(struct ctl *c, const char *path, int *ret_fd, struct err *err);

/* The folder the path is in; in the arena or static. */
const char *keys_folder(struct ctl *c, const char *path);

/* Import, or find that it was imported already. *ret_arn lives in the arena. */
bool keys_import(
    struct ctl *c, const struct es384_key *key, struct str *ret_arn, struct err *err);

/* From when on the key may go, of one rotated out then: all its tokens have expired. */
int64_t keys_deletable_ms(const struct ctl *c, int64_t rotated_out_ms);

/* path with something behind it, in the arena. */
const char *keys_beside(struct ctl *c, const char *path, const char *suffix);

/* The result of create, import and rotate: the lines for the settings, or JSON. */
bool keys_say(struct ctl *c, const char *path, const char *arn, struct err *err);

bool keys_quota_used(struct err *err);

#endif
