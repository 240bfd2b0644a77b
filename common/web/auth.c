#include "web/auth.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "web/key_table.h"
#include "base/banned.h"

struct key_set {
	unsigned char (*digests)[SHA256_BYTES];
	size_t n;
};

struct auth {
	const struct config *cfg;
	struct key_set full, read, internal;
	struct key_table *managed;
};

/*
 * Who may call what. `any`: a credential with one of these scopes may; `get`: with one of these
 * it may for a GET. API_SECRET_KEY has the scope admin, which every class takes, API_READ_KEYS the
 * scope read.
 */
static const struct access_class {
	unsigned any, get;
	bool session;	 /* a session token will do */
	bool in_body;	 /* which may be in the body */
	bool bearer_key; /* the key may come as a bearer token */
	bool internal;	 /* beside the key, the internal secret */
} classes[ACCESS_COUNT] = {
	/* clang-format off */
	[ACCESS_READ] =     { .any = SCOPE_ADMIN,                .get = SCOPE_READ },
	[ACCESS_VIEWER] =   { .any = SCOPE_ADMIN | SCOPE_VIEWER, .get = SCOPE_READ, .session = true },
	[ACCESS_BEACON] =   { .any = SCOPE_ADMIN | SCOPE_VIEWER, .session = true, .in_body = true },
	[ACCESS_TOKEN] =    { .any = SCOPE_ADMIN | SCOPE_TOKEN },
	[ACCESS_INTERNAL] = { .any = SCOPE_ADMIN | SCOPE_TOKEN,  .internal = true },
	[ACCESS_ADMIN] =    { .any = SCOPE_ADMIN },
	[ACCESS_EVENTS] =   { .any = SCOPE_ADMIN | SCOPE_EVENTS },
	[ACCESS_SCRAPE] =   { .any = SCOPE_ADMIN | SCOPE_METRICS, .get = SCOPE_READ, .bearer_key = true },
	/* clang-format on */
};

static void
key_set_add(struct key_set *set, struct str key)
{
	set->digests = memory_append(set->digests, set->n, sizeof(*set->digests));
	crypto_sha256(key, set->digests[set->n++]);
}

static void
key_set_list(struct key_set *set, struct str list)
{
	struct str key;

	while (list.n > 0) {
		key = str_trim(str_cut(&list, ','));
		if (key.n > 0)
			key_set_add(set, key);
	}
}

/* Looks at every key, so that time tells nothing about which one was near. */
static bool
key_set_has(const struct key_set *set, const unsigned char digest[SHA256_BYTES])
{
	bool found = false;
	size_t i;

	for (i = 0; i < set->n; i++)
		found |= crypto_equal(digest, set->digests[i], SHA256_BYTES);
	return found;
}

struct auth *
auth_open(const struct config *cfg, struct redis *redis)
{
	struct auth *a = memory_zalloc(1, sizeof(*a));

	a->cfg = cfg;
	key_set_list(&a->full, cfg->api_secret_key);
	key_set_list(&a->read, cfg->api_read_keys);
	if (cfg->internal_secret.n > 0)
		key_set_add(&a->internal, cfg->internal_secret);
	a->managed = key_table_open(redis);
	return a;
}

void
auth_close(struct auth *a)
{
	if (a == NULL)
		return;
	key_table_close(a->managed);
	free(a->full.digests);
	free(a->read.digests);
	free(a->internal.digests);
	free(a);
}

void
auth_tick(struct auth *a)
{
	key_table_tick(a->managed);
}

static bool
check_internal(const struct auth *a, const struct req *rq, struct err *err)
{
	unsigned char digest[SHA256_BYTES];

	if (a->internal.n == 0)
		return err_tell(err, ERR_FORBIDDEN, MSG_INTERNAL_SECRET_UNSET,
		    "INTERNAL_SECRET is not set");
	crypto_sha256(rq->internal_secret, digest);
	if (!key_set_has(&a->internal, digest))
		return err_tell(
		    err, ERR_FORBIDDEN, MSG_INTERNAL_SECRET, "wrong internal secret");
	return true;
}

/* ---- keys ---- */

static bool
managed_scopes(struct auth *a, struct str key, unsigned *ret, struct err *err)
{
	switch (key_table_find(a->managed, key, ret)) {
	case KEY_VALID:
		return true;
	case KEY_EXPIRED:
		return err_tell(err, ERR_AUTH, MSG_KEY_EXPIRED, "the key has expired");
	case KEY_NOT_SURE:
		return err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM,
		    "whether the key was revoked is not known");
	case KEY_UNKNOWN:
		break;
	}
	return err_tell(err, ERR_AUTH, MSG_WRONG_KEY, "no valid key");
}

/* Both sets of the settings are looked at, whichever has it. */
static bool
key_scopes(struct auth *a, struct str key, unsigned *ret, struct err *err)
{
	unsigned char digest[SHA256_BYTES];
	bool full, read;

	crypto_sha256(key, digest);
	full = key_set_has(&a->full, digest);
	read = key_set_has(&a->read, digest);
	*ret = full ? SCOPE_ADMIN : SCOPE_READ;
	return full || read || managed_scopes(a, key, ret, err);
}

static bool
check_key(struct auth *a, const struct req *rq, struct str key,
    const struct access_class *class, struct err *err)
{
	unsigned scopes = 0, enough = class->any;

	if (!key_scopes(a, key, &scopes, err))
		return false;
	if (rq->method == METHOD_GET)
		enough |= class->get;
	if (scopes & enough)
		return true;
	if (scopes == SCOPE_READ)
		return err_tell(
		    err, ERR_FORBIDDEN, MSG_READ_KEY_ONLY_GET, "read key used to write");
	return err_tell(err, ERR_FORBIDDEN, MSG_KEY_SCOPE, "the key lacks the scope");
}

/* ---- session tokens ---- */

static bool
check_session(const struct auth *a, struct req *rq, struct str token,
    const struct access_class *class, struct err *err)
{
	struct session_claim claim;

	if (!session_token_read(a->cfg, rq->arena, token, clock_now_ms(), &claim, err))
		return false;
	if (!class->session)
		return err_tell(err, ERR_FORBIDDEN, MSG_SESSION_VIEWER_ONLY,
		    "session token used for something else");
	rq->session = claim;
	return true;
}

/* navigator.sendBeacon sends no headers: {"sessionToken": "..."}, or the token and no more. */
static struct str
token_in_body(struct req *rq)
{
	struct str body = str_trim(rq->body);

	if (body.n > SESSION_BODY_MAX_BYTES)
		return STR_NULL;
	if (!session_token_has_form(body))
		return json_view(json_object_get(req_body(rq), "sessionToken"));
	rq->body = STR("");
	return body;
}

/* ---- what came ---- */

/* The text behind "Authorization: Bearer". */
static struct str
bearer_of(const struct req *rq)
{
	struct str text = rq->authorization, scheme = str_cut(&text, ' ');

	return str_ieq(scheme, STR("bearer")) ? str_trim(text) : STR_NULL;
}

static bool
check_credential(
    struct auth *a, struct req *rq, const struct access_class *class, struct err *err)
{
	struct str bearer = bearer_of(rq);

	if (rq->api_key.n > 0)
		return check_key(a, rq, rq->api_key, class, err);
	/* Prometheus can send a bearer token and, as of 2.42, no header of ours. */
	if (bearer.n > 0 && class->bearer_key && !session_token_has_form(bearer))
		return check_key(a, rq, bearer, class, err);
	if (bearer.n == 0 && class->in_body)
		bearer = token_in_body(rq);
	if (bearer.n > 0)
		return check_session(a, rq, bearer, class, err);
	return err_tell(err, ERR_AUTH, class->session ? MSG_NO_KEY_NO_SESSION : MSG_NONE,
	    "no credential");
}

bool
auth_check(struct auth *a, struct req *rq, enum access wanted, struct err *err)
{
	const struct access_class *class = &classes[wanted];
	struct err skipped = ERR_INIT;

	if (wanted == ACCESS_PUBLIC)
		return true;
	if (a->cfg->skip_auth)
		(void)check_credential(a, rq, class, &skipped);
	else if (!check_credential(a, rq, class, err))
		return false;
	/* Not skipped by SKIP_AUTH: this secret guards the right to publish. */
	return !class->internal || check_internal(a, rq, err);
}
