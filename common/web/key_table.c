#include "web/key_table.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/banned.h"

#define KEY_PREFIX "ivs_"
#define ID_MIN_CHARS 4
#define ID_MAX_CHARS 32
#define SECRET_CHARS 43 /* 32 bytes as base64url */
/* What a tick may cost; a request waits for it as for its own call. */
#define TICK_MS 200
/* A Redis that did not answer a tick costs a worker no more of them for so long. */
#define TICK_REST_MS 5000
/* Unknown keys make us look at once: so often in a row, and once a second. */
#define LOOKS_MAX 4
#define LOOK_MS 1000
#define TELL_USE_MS 60000
#define ARENA_BYTES (8u << 20)

struct entry {
	char digest[SHA256_HEX_CHARS];
	char id[ID_MAX_CHARS + 1];
	unsigned scopes;
	int64_t expires_ms; /* by the clock of Redis; 0: never */
	int64_t used_ms,
	    told_ms; /* by our stopwatch; told later than used: all is said */
};

struct key_table {
	struct redis *redis;
	struct arena arena; /* of one call */
	struct entry *v;
	size_t n;
	char version[64];
	bool loaded;
	int64_t renewed_ms;	/* by our stopwatch */
	int64_t redis_ahead_ms; /* clock of Redis less our stopwatch */
	int64_t tick_rest_ms;	/* no tick before that */
	int64_t looks_from_ms;	/* LOOKS_MAX looks fit between that and now */
};

struct key_table *
key_table_open(struct redis *redis)
{
	struct key_table *t = memory_zalloc(1, sizeof(*t));

	memory_arena(&t->arena, ARENA_BYTES);
	t->redis = redis;
	t->looks_from_ms = clock_mono_ms() - LOOKS_MAX * LOOK_MS;
	return t;
}

/* ---- the copy ---- */

static unsigned
scope_of(struct str word)
{
	static const struct {
		const char *word;
		enum scope scope;
	} scopes[] = {
		{ "read", SCOPE_READ },
		{ "viewer", SCOPE_VIEWER },
		{ "token", SCOPE_TOKEN },
		{ "admin", SCOPE_ADMIN },
		{ "events", SCOPE_EVENTS },
		{ "metrics", SCOPE_METRICS },
	};
	size_t i;

	for (i = 0; i < sizeof(scopes) / sizeof(*scopes); i++)
		if (str_is(word, scopes[i].word))
			return scopes[i].scope;
	return 0;
}

/* What cannot be read opens nothing. */
static bool
read_entry(struct str hex, struct str text, struct entry *e)
{
	struct err ignored = ERR_INIT;
	struct str id, scopes;
	json_t *o, *exp;

	memset(e, 0, sizeof(*e));
	if (hex.n != sizeof(e->digest) || !json_parse_object(text, &o, &ignored))
		return false;
	memcpy(e->digest, hex.p, hex.n);
	id = json_view(json_object_get(o, "id"));
	scopes = json_view(json_object_get(o, "scopes"));
	exp = json_object_get(o, "exp");
	if (!parse_word(id, "", ID_MAX_CHARS) || !json_is_integer(exp))
		return false;
	memcpy(e->id, id.p, id.n);
	e->expires_ms = json_integer_value(exp);
	while (scopes.n > 0)
		e->scopes |= scope_of(str_trim(str_cut(&scopes, ',')));
	e->told_ms = -TELL_USE_MS;
	e->used_ms = e->told_ms - 1;
	return true;
}

/* What was noted of a key stays when the list comes anew. */
static void
keep_use(const struct key_table *t, struct entry *e)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (strcmp(t->v[i].id, e->id) != 0)
			continue;
		e->used_ms = t->v[i].used_ms;
		e->told_ms = t->v[i].told_ms;
	}
}

/* False: no memory for it; what there is stays. */
static bool
take_list(struct key_table *t, const struct reply *r)
{
	size_t most = (r->n - 3) / 2, n = 0, i;
	struct entry *v = calloc(most + 1, sizeof(*v));
	struct arena *before;

	if (v == NULL)
		return false;
	before = json_use(&t->arena);
	for (i = 0; i < most; i++)
		if (read_entry(reply_str(r, 3 + 2 * i), reply_str(r, 4 + 2 * i), &v[n]))
			keep_use(t, &v[n++]);
	json_use(before);
	free(t->v);
	t->v = v;
	t->n = n;
	return true;
}

bool
key_table_take(struct key_table *t, const struct reply *r, int64_t mono_ms)
{
	struct str version = reply_str(r, 2);

	if (str_is(reply_str(r, 0), "KEYS") && version.n < sizeof(t->version)) {
		if (!take_list(t, r))
			return false;
		memset(t->version, 0, sizeof(t->version));
		memcpy(t->version, version.p, version.n);
	} else if (!str_is(reply_str(r, 0), "UNCHANGED")) {
		return false;
	}
	t->loaded = true;
	t->tick_rest_ms = 0;
	t->renewed_ms = mono_ms;
	t->redis_ahead_ms = reply_int(r, 1) - mono_ms;
	return true;
}

/* How a call goes out: redis_call, or one that gives up sooner. */
typedef bool send(struct redis *redis, struct redis_call *c, struct err *err);

static bool
send_hastily(struct redis *redis, struct redis_call *c, struct err *err)
{
	return redis_try(redis, c, TICK_MS, err) && redis_reply_ok(c->reply, err);
}

static bool
renew(struct key_table *t, send *send_call)
{
	int64_t began_ms = clock_mono_ms();
	struct err ignored = ERR_INIT;
	struct redis_call c;
	bool ok;

	redis_call_init(&c, &t->arena, SCRIPT_KEYS_READ);
	redis_arg(&c, str_of(t->version));
	ok = send_call(t->redis, &c, &ignored) && key_table_take(t, c.reply, began_ms);
	arena_wipe(&t->arena);
	return ok;
}

/* ---- uses ---- */

static json_t *
uses_due(struct key_table *t, int64_t mono_ms, bool all)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct entry *e = &t->v[i];

		if (e->used_ms <= e->told_ms ||
		    (!all && mono_ms - e->told_ms < TELL_USE_MS))
			continue;
		json_array_append_new(
		    list, json_pack("[s, I]", e->id, (json_int_t)(mono_ms - e->used_ms)));
		e->told_ms = mono_ms;
	}
	return list;
}

/* Lost when Redis does not take it: the next use tells. */
static void
tell_uses(struct key_table *t, bool all)
{
	struct arena *before = json_use(&t->arena);
	json_t *list = uses_due(t, clock_mono_ms(), all);
	struct err ignored = ERR_INIT;
	struct redis_call c;

	if (json_array_size(list) > 0 && t->redis != NULL) {
		redis_call_init(&c, &t->arena, SCRIPT_KEYS_USED);
		redis_arg(&c, json_text(&t->arena, list));
		(void)send_hastily(t->redis, &c, &ignored);
	}
	json_use(before);
	arena_wipe(&t->arena);
}

void
key_table_tick(struct key_table *t)
{
	if (t->redis == NULL || clock_mono_ms() < t->tick_rest_ms)
		return;
	if (renew(t, send_hastily))
		tell_uses(t, false);
	else
		t->tick_rest_ms = clock_mono_ms() + TICK_REST_MS;
}

void
key_table_close(struct key_table *t)
{
	if (t == NULL)
		return;
	tell_uses(t, true);
	arena_clear(&t->arena);
	free(t->v);
	free(t);
}

/* ---- one key ---- */

static bool
has_form(struct str key)
{
	struct str rest, id;

	if (!str_starts(key, STR(KEY_PREFIX)))
		return false;
	rest = str_skip(key, sizeof(KEY_PREFIX) - 1);
	id = str_cut(&rest, '_');
	return id.n >= ID_MIN_CHARS && parse_word(id, "", ID_MAX_CHARS) &&
	       rest.n == SECRET_CHARS && parse_word(rest, "-_", SECRET_CHARS);
}

/* Looks at every key, so that time tells nothing about which one was near. */
static struct entry *
find(struct key_table *t, struct str key)
{
	struct entry *found = NULL;
	struct buf hex;
	size_t i;

	buf_init(&hex, &t->arena, SHA256_HEX_CHARS);
	crypto_sha256_hex(&hex, key);
	for (i = 0; i < t->n; i++)
		if (crypto_equal(hex.p, t->v[i].digest, SHA256_HEX_CHARS))
			found = &t->v[i];
	arena_wipe(&t->arena);
	return found;
}

static bool
is_stale(const struct key_table *t, int64_t mono_ms)
{
	return !t->loaded || mono_ms - t->renewed_ms > KEY_TABLE_STALE_MS;
}

/* One look more, unless there were too many. */
static bool
may_look(struct key_table *t, int64_t mono_ms)
{
	if (t->looks_from_ms < mono_ms - LOOKS_MAX * LOOK_MS)
		t->looks_from_ms = mono_ms - LOOKS_MAX * LOOK_MS;
	if (t->redis == NULL || t->looks_from_ms + LOOK_MS > mono_ms)
		return false;
	t->looks_from_ms += LOOK_MS;
	return true;
}

enum key_state
key_table_find(struct key_table *t, struct str key, unsigned *ret_scopes)
{
	int64_t mono_ms = clock_mono_ms();
	struct entry *e;
	bool sure = true;

	if (!has_form(key))
		return KEY_UNKNOWN;
	e = find(t, key);
	if ((e == NULL || is_stale(t, mono_ms)) && may_look(t, mono_ms)) {
		sure = renew(t, redis_call);
		e = find(t, key);
	}
	if (!sure || is_stale(t, mono_ms))
		return KEY_NOT_SURE;
	if (e == NULL)
		return KEY_UNKNOWN;
	if (e->expires_ms != 0 && e->expires_ms <= mono_ms + t->redis_ahead_ms)
		return KEY_EXPIRED;
	e->used_ms = mono_ms;
	*ret_scopes = e->scopes;
	return KEY_VALID;
}
