/*
 * keys.h - the credentials that are good, and how long.
 *
 * The fixed one of the settings never ends. Temporary ones are issued here, to whoever
 * asks the instance metadata or the container endpoint, and end by themselves or by a
 * rotation. Those that ended are remembered: AWS tells them from unknown ones.
 * May be called by any thread.
 */
#ifndef EMULATOR_KEYS_H
#define EMULATOR_KEYS_H

#include <jansson.h>

#include "settings.h"

#define KEYS_LIFE_DEFAULT_S 21600
#define KEYS_LIFE_MAX_S (36 * 3600) /* the longest session AWS grants */
#define KEYS_GRACE_DEFAULT_S 300

enum key_state {
	KEY_GOOD,
	KEY_UNKNOWN, /* no such id, or not the session token that belongs to it */
	KEY_EXPIRED,
};

struct keys;

struct keys *keys_open(const struct settings *s);
void keys_close(struct keys *k);

/* token: NULL when none was sent. *ret_secret (KEY_GOOD only) lives until keys_close(). */
enum key_state keys_find(
    struct keys *k, const char *id, const char *token, const char **ret_secret);

/* Counts a request that was signed well. */
void keys_used(struct keys *k, const char *id);

/*
 * The temporary ones of the role, as a copy: AccessKeyId, SecretAccessKey, Token,
 * LastUpdated, Expiration. Fresh ones are issued when there are none yet, after
 * keys_rotate(), and when five minutes or half of the life are left, if that is less.
 */
json_t *keys_current(struct keys *k);

/* Life of those issued from now on. */
void keys_set_life(struct keys *k, int life_s);

/* Those issued until now end in grace_s at the latest; whoever asks gets fresh ones. */
void keys_rotate(struct keys *k, int grace_s);

/* [{"accessKeyId","kind","issuedAt","expiresAt","expired","requests"}], oldest first. */
json_t *keys_list(struct keys *k);

#endif
