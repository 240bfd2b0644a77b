#include "domain/api_keys.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/banned.h"

#define STEP_MS 5000
#define ID_BYTES 5
#define SECRET_BYTES 32
#define KEY_MAX_BYTES 64
#define PUBLISH_TRIES 5

/* In the order in which a key lists them; web/key_table.c says what each opens. */
static const char *const scope_words[] = { "read", "viewer", "token", "admin", "events",
	"metrics" };
#define SCOPE_LIST "read, viewer, token, admin, events, metrics"
#define SCOPES (sizeof(scope_words) / sizeof(*scope_words))

bool
api_key_scopes(struct arena *a, struct str list, struct str *ret, struct err *err)
{
	bool wanted[SCOPES] = { false };
	struct buf b;
	size_t i;

	while (list.n > 0) {
		struct str word = str_trim(str_cut(&list, ','));

		for (i = 0; i < SCOPES && !str_is(word, scope_words[i]); i++)
			continue;
		if (i == SCOPES)
			return err_set(err, ERR_INPUT,
			    "'%.*s' is no scope: give some of " SCOPE_LIST
			    ", with commas between",
			    STR_ARG(word));
		wanted[i] = true;
	}
	buf_init(&b, a, KEY_MAX_BYTES);
	for (i = 0; i < SCOPES; i++)
		if (wanted[i])
			buf_printf(&b, "%s%s", b.n > 0 ? "," : "", scope_words[i]);
	INVARIANT(buf_ok(&b));
	*ret = buf_view(&b);
	return b.n > 0 || err_set(err, ERR_INPUT, "no scope was given");
}

/* ---- making ---- */

/* id and key; *ret_digest is what is kept of it. */
static void
make_key(struct arena *a, struct api_key *k, struct str *ret_digest)
{
	unsigned char id[ID_BYTES], secret[SECRET_BYTES];
	struct buf b;

	crypto_random(id, sizeof(id));
	crypto_random(secret, sizeof(secret));
	buf_init(&b, a, KEY_MAX_BYTES);
	encode_hex(&b, id, sizeof(id));
	INVARIANT(buf_ok(&b));
	k->id = str_dup(a, buf_view(&b));
	buf_init(&b, a, KEY_MAX_BYTES);
	buf_printf(&b, "ivs_%.*s_", STR_ARG(k->id));
	encode_base64url(&b, secret, sizeof(secret));
	INVARIANT(buf_ok(&b));
	k->key = str_dup(a, buf_view(&b));
	crypto_wipe(secret, sizeof(secret));
	buf_init(&b, a, SHA256_HEX_CHARS);
	crypto_sha256_hex(&b, k->key);
	INVARIANT(buf_ok(&b));
	*ret_digest = buf_view(&b);
}

static struct str
number(struct arena *a, int64_t n)
{
	return str_printf(a, "%lld", (long long)n);
}

bool
api_key_add(const struct api_key_stores *s, struct api_key *k, struct err *err)
{
	struct pg_rows rows;
	struct str digest;

	make_key(s->arena, k, &digest);
	struct str params[] = { k->id, digest, k->scopes, k->note,
		k->expires_ms > 0 ? number(s->arena, k->expires_ms) : STR_NULL,
		number(s->arena, API_KEYS_MAX) };
	if (!pg_run(s->pg, s->arena, Q_API_KEY_ADD, params, 6, STEP_MS, &rows, err))
		return err_while(err, "adding the key");
	return rows.affected == 1 ||
	       err_set(
		   err, ERR_FULL, "there are %d keys already: revoke some", API_KEYS_MAX);
}

static bool
no_key(struct str id, const char *how, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
	    "there is no key '%.*s'%s: ivsctl key list shows them", STR_ARG(id), how);
}

bool
api_key_rotate(const struct api_key_stores *s, struct str old_id, int64_t overlap_s,
    struct api_key *ret, int64_t *ret_old_ends_ms, struct err *err)
{
	struct pg_rows rows;
	struct str digest;

	make_key(s->arena, ret, &digest);
	struct str params[] = { old_id, ret->id, digest, number(s->arena, overlap_s) };
	if (!pg_run(s->pg, s->arena, Q_API_KEY_ROTATE, params, 4, STEP_MS, &rows, err))
		return err_while(err, "rotating the key");
	if (rows.rows != 1)
		return no_key(old_id, " that is good", err);
	ret->scopes = pg_cell(&rows, 0, 0);
	ret->note = pg_cell(&rows, 0, 1);
	ret->expires_ms = pg_int(&rows, 0, 2, 0);
	*ret_old_ends_ms = pg_int(&rows, 0, 3, 0);
	return true;
}

bool
api_key_revoke(const struct api_key_stores *s, struct str id, struct err *err)
{
	struct pg_rows rows;

	if (!pg_run(s->pg, s->arena, Q_API_KEY_REVOKE, &id, 1, STEP_MS, &rows, err))
		return err_while(err, "revoking the key");
	return rows.affected == 1 || no_key(id, "", err);
}

bool
api_keys_list(const struct api_key_stores *s, struct api_key_list *ret, struct err *err)
{
	struct pg_rows rows;
	size_t i;

	if (!pg_run(s->pg, s->arena, Q_API_KEYS_LIST, NULL, 0, STEP_MS, &rows, err))
		return err_while(err, "reading the keys");
	ret->n = rows.rows;
	ret->v = arena_zalloc(s->arena, (rows.rows + 1) * sizeof(*ret->v));
	for (i = 0; i < rows.rows; i++)
		ret->v[i] = (struct api_key){ .id = pg_cell(&rows, i, 0),
			.scopes = pg_cell(&rows, i, 1),
			.note = pg_cell(&rows, i, 2),
			.state = pg_cell(&rows, i, 3),
			.created_ms = pg_int(&rows, i, 4, 0),
			.expires_ms = pg_int(&rows, i, 5, 0),
			.revoked_ms = pg_int(&rows, i, 6, 0),
			.used_ms = pg_int(&rows, i, 7, 0) };
	return true;
}

/* ---- publishing ---- */

/* The place is read first: the list may then be newer than it says, never older. */
static bool
read_good(const struct api_key_stores *s, struct str *ret_list, struct str *ret_place,
    struct err *err)
{
	json_t *list = json_array();
	struct pg_rows rows;
	size_t i;

	if (!pg_run(s->pg, s->arena, Q_API_KEYS_PLACE, NULL, 0, STEP_MS, &rows, err))
		return err_while(err, "reading the keys");
	*ret_place = pg_cell(&rows, 0, 0);
	if (!pg_run(s->pg, s->arena, Q_API_KEYS_ALL, NULL, 0, STEP_MS, &rows, err))
		return err_while(err, "reading the keys");
	for (i = 0; i < rows.rows; i++)
		json_array_append_new(list,
		    json_pack("[o, o, o, I]", json_str(pg_cell(&rows, i, 0)),
			json_str(pg_cell(&rows, i, 1)), json_str(pg_cell(&rows, i, 2)),
			(json_int_t)pg_int(&rows, i, 3, 0)));
	*ret_list = json_text(s->arena, list);
	json_decref(list);
	return true;
}

bool
api_keys_publish(const struct api_key_stores *s, struct err *err)
{
	struct str list, place, newer = STR("");
	struct redis_call c;
	int i;

	for (i = 0; i < PUBLISH_TRIES; i++) {
		if (!read_good(s, &list, &place, err))
			return false;
		redis_call_init(&c, s->arena, SCRIPT_KEYS_PUT);
		redis_arg(&c, list);
		redis_arg(&c, place);
		redis_arg(&c, newer);
		if (!redis_call(s->redis, &c, err))
			return err_while(err, "telling the programs");
		if (str_is(reply_str(c.reply, 0), "OK"))
			return true;
		newer = reply_str(c.reply, 1);
	}
	return err_set(
	    err, ERR_LOCK_LOST, "the keys are being changed by others all the time");
}
