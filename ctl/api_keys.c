/* key create, list, rotate, revoke, publish. */
#include "domain/api_keys.h"

#include <stdio.h>

#include "aws/times.h"
#include "base/clock.h"
#include "base/parse.h"
#include "ctl/ctl.h"
#include "base/banned.h"

#define OVERLAP "24h"
#define SPAN_MAX_S (100LL * 365 * 86400)

static struct api_key_stores
stores(const struct ctl *c)
{
	return (struct api_key_stores){
		.pg = c->work->pg, .redis = c->work->redis, .arena = c->arena
	};
}

/* ---- times ---- */

/* "90d", "24h", "30m", "10s" */
static bool
read_span(struct str text, int64_t *ret_s)
{
	static const struct {
		char unit;
		int64_t s;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	int64_t n;
	size_t i;

	for (i = 0; text.n > 1 && i < sizeof(units) / sizeof(*units); i++) {
		if (text.p[text.n - 1] != units[i].unit)
			continue;
		text.n--;
		if (!parse_i64(text, 0, SPAN_MAX_S / units[i].s, &n))
			return false;
		*ret_s = n * units[i].s;
		return true;
	}
	return false;
}

/* --expires: a span from now, a date (it begins, in UTC), or a time with its offset. */
static bool
read_expires(struct ctl *c, int64_t *ret_ms, struct err *err)
{
	struct str text = str_of(c->opt[OPT_EXPIRES]);
	int64_t now_ms = clock_now_ms(), s;

	*ret_ms = 0;
	if (text.n == 0)
		return true;
	if (read_span(text, &s))
		*ret_ms = now_ms + s * 1000;
	else if (!aws_time_iso8601(text, ret_ms) &&
		 !aws_time_iso8601(
		     str_printf(c->arena, "%.*sT00:00:00Z", STR_ARG(text)), ret_ms))
		return err_set(err, ERR_INPUT,
		    "--expires '%.*s' is no time: give a span like 90d or 12h, a date like "
		    "2027-01-31, or a time like 2027-01-31T12:00:00Z",
		    STR_ARG(text));
	return *ret_ms > now_ms ||
	       err_set(err, ERR_INPUT,
		   "--expires '%.*s' has passed already: give a later "
		   "time",
		   STR_ARG(text));
}

static struct str
time_text(struct ctl *c, int64_t unix_ms)
{
	char text[ISO8601_BYTES];

	if (unix_ms == 0)
		return STR("never");
	clock_iso8601(unix_ms, text);
	return str_dup(c->arena, str_of(text));
}

/* ---- what all of them do ---- */

/* Loud when Redis was not told: `so` is what that means. */
static bool
publish(struct ctl *c, struct str id, const char *so, struct err *err)
{
	struct api_key_stores s = stores(c);
	struct err why = ERR_INIT;

	if (api_keys_publish(&s, &why))
		return true;
	return err_tell(err, ERR_UNCERTAIN, MSG_REDIS_AWAY,
	    "key '%.*s' is %s, for the programs could not be told (%.90s)", STR_ARG(id),
	    so, why.cause);
}

/* The secret goes to stdout alone, so that a script can take it. */
static bool
say_key(struct ctl *c, const struct api_key *k, json_t *more, struct err *err)
{
	json_t *o;

	if (c->opt[OPT_JSON] == NULL) {
		json_decref(more);
		ctl_note("key '%.*s' for %.*s; expires: %.*s. It is shown only now:",
		    STR_ARG(k->id), STR_ARG(k->scopes),
		    STR_ARG(time_text(c, k->expires_ms)));
		printf("%.*s\n", STR_ARG(k->key));
		return true;
	}
	o = json_pack("{s:o, s:o, s:o, s:o, s:o}", "id", json_str(k->id), "key",
	    json_str(k->key), "scopes", json_str(k->scopes), "note", json_str(k->note),
	    "expiresAt", json_time(k->expires_ms));
	json_object_update(o, more);
	json_decref(more);
	return ctl_say_json(c, o, err);
}

static void
note_uncertain(const struct api_key *k, const struct err *err)
{
	if (err->kind == ERR_UNCERTAIN)
		ctl_note("it may be that key '%.*s' was made, which nobody knows: ivsctl "
			 "key revoke %.*s",
		    STR_ARG(k->id), STR_ARG(k->id));
}

/* ---- the commands ---- */

static bool
read_note(struct ctl *c, struct str *ret, struct err *err)
{
	struct str note = str_of(c->opt[OPT_NOTE]);
	size_t chars;

	*ret = note.n > 0 ? note : STR("");
	if (parse_utf8(*ret, &chars) && !parse_has_control(*ret) &&
	    chars <= API_KEY_NOTE_MAX_CHARS)
		return true;
	return err_set(err, ERR_INPUT,
	    "the note must be UTF-8 of at most %d characters, without control characters",
	    API_KEY_NOTE_MAX_CHARS);
}

bool
ctl_api_key_create(struct ctl *c, struct err *err)
{
	struct api_key_stores s = stores(c);
	struct api_key k = { .expires_ms = 0 };

	if (c->opt[OPT_SCOPES] == NULL)
		return err_set(err, ERR_INPUT,
		    "which scopes? --scopes with some of read, viewer, token, admin, events, metrics");
	if (!api_key_scopes(c->arena, str_of(c->opt[OPT_SCOPES]), &k.scopes, err) ||
	    !read_expires(c, &k.expires_ms, err) || !read_note(c, &k.note, err))
		return false;
	if (!api_key_add(&s, &k, err)) {
		note_uncertain(&k, err);
		return false;
	}
	return say_key(c, &k, json_object(), err) &&
	       publish(c, k.id, "made but does NOT WORK YET", err);
}

bool
ctl_api_key_rotate(struct ctl *c, struct err *err)
{
	struct api_key_stores s = stores(c);
	const char *overlap = c->opt[OPT_OVERLAP] != NULL ? c->opt[OPT_OVERLAP] : OVERLAP;
	struct str old_id = str_of(c->words[0]);
	struct api_key k = { .expires_ms = 0 };
	int64_t overlap_s, ends_ms;

	if (!read_span(str_of(overlap), &overlap_s))
		return err_set(err, ERR_INPUT,
		    "--overlap '%.64s' is no span: give one like 24h or 7d", overlap);
	if (!api_key_rotate(&s, old_id, overlap_s, &k, &ends_ms, err)) {
		note_uncertain(&k, err);
		return false;
	}
	if (c->opt[OPT_JSON] == NULL)
		ctl_note("key '%.*s' is good until %.*s", STR_ARG(old_id),
		    STR_ARG(time_text(c, ends_ms)));
	return say_key(c, &k,
		   json_pack("{s:o, s:o}", "replaces", json_str(old_id), "oldExpiresAt",
		       json_time(ends_ms)),
		   err) &&
	       publish(c, k.id, "made but does NOT WORK YET", err);
}

bool
ctl_api_key_revoke(struct ctl *c, struct err *err)
{
	struct api_key_stores s = stores(c);
	struct str id = str_of(c->words[0]);

	if (!api_key_revoke(&s, id, err) ||
	    !publish(c, id, "revoked but STILL WORKS", err))
		return false;
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(
		    c, json_pack("{s:o, s:b}", "id", json_str(id), "revoked", 1), err);
	printf(
	    "%.*s revoked; within 2 seconds no program takes it any more\n", STR_ARG(id));
	return true;
}

bool
ctl_api_key_publish(struct ctl *c, struct err *err)
{
	struct api_key_stores s = stores(c);

	if (!api_keys_publish(&s, err))
		return false;
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c, json_pack("{s:b}", "published", 1), err);
	printf("the programs have the keys as they are in PostgreSQL\n");
	return true;
}

/* ---- list ---- */

static bool
list_json(struct ctl *c, const struct api_key_list *all, struct err *err)
{
	json_t *keys = json_array();
	size_t i;

	for (i = 0; i < all->n; i++) {
		const struct api_key *k = &all->v[i];

		json_array_append_new(
		    keys, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
			      json_str(k->id), "scopes", json_str(k->scopes), "state",
			      json_str(k->state), "createdAt", json_time(k->created_ms),
			      "expiresAt", json_time(k->expires_ms), "revokedAt",
			      json_time(k->revoked_ms), "lastUsedAt",
			      json_time(k->used_ms), "note", json_str(k->note)));
	}
	return ctl_say_json(c, json_pack("{s:o}", "keys", keys), err);
}

bool
ctl_api_key_list(struct ctl *c, struct err *err)
{
	static const char *const heads[] = { "ID", "SCOPES", "STATE", "CREATED",
		"EXPIRES", "LAST USED", "NOTE" };
	struct api_key_stores s = stores(c);
	struct api_key_list all;
	struct ctl_table t;
	size_t i;

	if (!api_keys_list(&s, &all, err))
		return false;
	if (c->opt[OPT_JSON] != NULL)
		return list_json(c, &all, err);
	ctl_table_init(&t, c->arena, sizeof(heads) / sizeof(*heads));
	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		ctl_cell(&t, str_of(heads[i]));
	for (i = 0; i < all.n; i++) {
		ctl_cell(&t, all.v[i].id);
		ctl_cell(&t, all.v[i].scopes);
		ctl_cell(&t, all.v[i].state);
		ctl_cell(&t, time_text(c, all.v[i].created_ms));
		ctl_cell(&t, time_text(c, all.v[i].expires_ms));
		ctl_cell(&t, time_text(c, all.v[i].used_ms));
		ctl_cell(&t, all.v[i].note);
	}
	ctl_table_print(&t);
	return true;
}
