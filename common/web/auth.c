#include "web/auth.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "base/banned.h"

struct key_set {
	unsigned char (*digests)[SHA256_BYTES];
	size_t n;
};

struct auth {
	const struct config *cfg;
	struct key_set full, read, internal;
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
key_set_has(const struct key_set *set, struct str key)
{
	unsigned char digest[SHA256_BYTES];
	bool found = false;
	size_t i;

	if (key.n == 0)
		return false;
	crypto_sha256(key, digest);
	for (i = 0; i < set->n; i++)
		found |= crypto_equal(digest, set->digests[i], sizeof(digest));
	return found;
}

struct auth *
auth_open(const struct config *cfg)
{
	struct auth *a = memory_zalloc(1, sizeof(*a));

	a->cfg = cfg;
	key_set_list(&a->full, cfg->api_secret_key);
	key_set_list(&a->read, cfg->api_read_keys);
	if (cfg->internal_secret.n > 0)
		key_set_add(&a->internal, cfg->internal_secret);
	return a;
}

void
auth_close(struct auth *a)
{
	if (a == NULL)
		return;
	free(a->full.digests);
	free(a->read.digests);
	free(a->internal.digests);
	free(a);
}

static bool
check_internal(const struct auth *a, const struct req *rq, struct err *err)
{
	if (a->internal.n == 0)
		return err_tell(err, ERR_FORBIDDEN, MSG_INTERNAL_SECRET_UNSET,
		    "INTERNAL_SECRET is not set");
	if (!key_set_has(&a->internal, rq->internal_secret))
		return err_tell(
		    err, ERR_FORBIDDEN, MSG_INTERNAL_SECRET, "wrong internal secret");
	return true;
}

/* Prometheus can send `Authorization: Bearer <key>` and, as of 2.42, no header of ours. */
static struct str
key_of(const struct req *rq, enum access wanted)
{
	struct str key = rq->authorization, scheme;

	if (wanted != ACCESS_SCRAPE || rq->api_key.n > 0)
		return rq->api_key;
	scheme = str_cut(&key, ' ');
	return str_ieq(scheme, STR("bearer")) ? str_trim(key) : STR_NULL;
}

bool
auth_check(
    const struct auth *a, const struct req *rq, enum access wanted, struct err *err)
{
	struct str key = key_of(rq, wanted);

	if (wanted == ACCESS_PUBLIC)
		return true;
	if (!a->cfg->skip_auth && !key_set_has(&a->full, key)) {
		if (!key_set_has(&a->read, key))
			return err_tell(err, ERR_AUTH,
			    key.n > 0 ? MSG_WRONG_KEY : MSG_NONE, "no valid key");
		if (rq->method != METHOD_GET || wanted == ACCESS_INTERNAL)
			return err_tell(err, ERR_FORBIDDEN, MSG_READ_KEY_ONLY_GET,
			    "read key used to write");
	}
	/* Not skipped by SKIP_AUTH: this secret guards the right to publish. */
	return wanted != ACCESS_INTERNAL || check_internal(a, rq, err);
}
