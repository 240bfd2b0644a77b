/*
 * key_table.h - the API keys that ivsctl made, as this worker knows them.   layer: web
 *
 * Their truth is in PostgreSQL (api_keys); the programs use the copy in Redis:
 *     api:keys           hash    SHA-256 of the key, hex -> JSON {id, scopes, exp}
 *     api:keys:version   string  another one with each change
 *     api:keys:used:<id> string  its use was stated within the last minute
 * (lua/keys_put.lua writes them.) A worker keeps the copy in its memory: a look-up costs no round
 * trip. It is renewed by key_table_tick, about once a second, and at once when a key of our form
 * comes that is not known, so a new one works at once: four times in a row, and once a second.
 *
 * A copy that could not be renewed for KEY_TABLE_STALE_MS says nothing: a key may have been
 * revoked meanwhile. Keys expire by the clock of Redis (docs/design.md, D4).
 */
#ifndef WEB_KEY_TABLE_H
#define WEB_KEY_TABLE_H

#include "io/redis.h"

#define KEY_TABLE_STALE_MS 2000

/* What a key is good for. */
enum scope {
	SCOPE_READ = 1,	    /* every GET */
	SCOPE_VIEWER = 2,   /* heartbeat, leave, rejoin, duration */
	SCOPE_TOKEN = 4,    /* tokens */
	SCOPE_ADMIN = 8,    /* everything */
	SCOPE_EVENTS = 16,  /* POST /api/stats/events alone */
	SCOPE_METRICS = 32, /* GET /metrics alone */
};

struct key_table;

/* Knows nothing yet. redis may be NULL, for who fills it by key_table_take. Never fails. */
struct key_table *key_table_open(struct redis *redis);
/* States the uses not told yet. */
void key_table_close(struct key_table *t);

/* Renew the copy, and state uses that are due. What fails is tried again by the next one. */
void key_table_tick(struct key_table *t);

enum key_state {
	KEY_UNKNOWN,
	KEY_VALID,
	KEY_EXPIRED,
	KEY_NOT_SURE /* Redis does not answer: it may be new, or revoked */
};

/*
 * Look it up by its digest, among all of them in constant time. KEY_VALID: *ret_scopes are
 * its scopes, and its use is noted. Not `ivs_<id>_<43 of base64url>`: KEY_UNKNOWN without
 * asking Redis, whatever the table holds.
 */
enum key_state key_table_find(struct key_table *t, struct str key, unsigned *ret_scopes);

/* What keys_read.lua answered, at mono_ms of our stopwatch. False: no such answer. */
bool key_table_take(struct key_table *t, const struct reply *r, int64_t mono_ms);

#endif
