/*
 * api_keys.h - API keys with scopes: made, listed, rotated, revoked.   layer: domain
 *
 * A key is `ivs_<id>_<43 characters, base64url of 32 random bytes>`. It is shown once, when it
 * is made; kept is its SHA-256, in the table api_keys of PostgreSQL. The programs use a copy in
 * Redis (web/key_table.h). Each change is made in PostgreSQL first; api_keys_publish then gives
 * the programs all keys as PostgreSQL has them, so running any of this again repairs a copy
 * that was missed.
 *
 * Errors are those of pg_run and redis_call.
 */
#ifndef DOMAIN_API_KEYS_H
#define DOMAIN_API_KEYS_H

#include "io/pg.h"
#include "io/redis.h"

#define API_KEY_NOTE_MAX_CHARS 200
#define API_KEYS_MAX 1000 /* good at a time */

struct api_key_stores {
	struct pg *pg;
	struct redis *redis;
	struct arena *arena; /* all results live there */
};

struct api_key {
	struct str id, scopes, note; /* scopes: comma list */
	struct str state;	     /* active, expired, revoked */
	struct str key;		     /* the secret itself, of one just made */
	int64_t created_ms, expires_ms, revoked_ms, used_ms; /* 0: never */
};

/* A comma list of read, viewer, token, admin, in that order, each once. ERR_INPUT. */
bool api_key_scopes(struct arena *a, struct str list, struct str *ret, struct err *err);

/*
 * A new key from k's scopes, note and expires_ms; id and key are filled in, also when it fails
 * with ERR_UNCERTAIN. ERR_FULL: API_KEYS_MAX are good already.
 */
bool api_key_add(const struct api_key_stores *s, struct api_key *k, struct err *err);

/*
 * A new key with scopes, note and length of life of the old one, which ends overlap_s from
 * now, or as it would have, if that is sooner; *ret_old_ends_ms says when. ERR_NOT_FOUND: the
 * old one is not there, expired or revoked.
 */
bool api_key_rotate(const struct api_key_stores *s, struct str old_id, int64_t overlap_s,
    struct api_key *ret, int64_t *ret_old_ends_ms, struct err *err);

/* ERR_NOT_FOUND: there is no such key. One that is revoked already stays so. */
bool api_key_revoke(const struct api_key_stores *s, struct str id, struct err *err);

struct api_key_list {
	struct api_key *v;
	size_t n;
};
bool api_keys_list(
    const struct api_key_stores *s, struct api_key_list *ret, struct err *err);

/* Give the programs the keys as PostgreSQL has them; two at once leave the newer list. */
bool api_keys_publish(const struct api_key_stores *s, struct err *err);

#endif
