#include "aws/ivs_read.h"

#include "base/banned.h"

#define PEM_MAX_BYTES 4096 /* that of a P-384 key has some 215 */

static bool
key_read(const struct ivs *v, struct arena *a, const struct aws_op *op,
    const json_t *answer, struct ivs_key *ret, struct err *err)
{
	const json_t *k = json_object_get(answer, "publicKey");
	struct ivs_key key = {
		.arn = ivs_keep(a, k, "arn"),
		.name = ivs_keep(a, k, "name"),
		.fingerprint = ivs_keep(a, k, "fingerprint"),
		.pem = ivs_keep(a, k, "publicKeyMaterial"),
		.tags_json = ivs_keep_tags(a, k),
	};

	if (key.arn.n == 0)
		return aws_incomplete(v, op, "publicKey.arn", err);
	*ret = key;
	return true;
}

static bool
call_for_key(struct ivs *v, struct arena *a, const struct aws_op *op, json_t *body,
    struct ivs_key *ret, struct err *err)
{
	json_t *answer;
	bool ok;

	if (!aws_call_body(v, a, op, body, &answer, err))
		return false;
	ok = key_read(v, a, op, answer, ret, err);
	json_decref(answer);
	return ok;
}

/* A private key must not leave by mistake. */
static bool
pem_check(struct str pem, struct err *err)
{
	const struct str begin = STR("-----BEGIN PUBLIC KEY-----");
	const struct str secret = STR("PRIVATE KEY");

	if (pem.n <= PEM_MAX_BYTES && str_starts(pem, begin) &&
	    memmem(pem.p, pem.n, secret.p, secret.n) == NULL)
		return true;
	return err_from(err, ERR_FROM_AWS, ERR_INPUT,
	    "not the PEM text of a public key (BEGIN PUBLIC KEY), %zu bytes", pem.n);
}

bool
ivs_import_key(struct ivs *v, struct arena *a, struct str name, struct str pem,
    const json_t *tags, struct ivs_key *ret, struct err *err)
{
	/* once more is a ConflictException, not a second key */
	static const struct aws_op op = { .name = "ImportPublicKey",
		.repeat = AWS_REPEATABLE };
	json_t *body;

	if (!ivs_check_name(name, err) || !pem_check(pem, err) ||
	    !ivs_check_tags(tags, err))
		return false;
	body = json_pack("{s:o}", "publicKeyMaterial", json_str(pem));
	if (name.n > 0)
		json_object_set_new(body, "name", json_str(name));
	if (json_object_size(tags) > 0)
		json_object_set_new(body, "tags", json_deep_copy(tags));
	return call_for_key(v, a, &op, body, ret, err);
}

bool
ivs_get_key(
    struct ivs *v, struct arena *a, struct str arn, struct ivs_key *ret, struct err *err)
{
	static const struct aws_op op = { .name = "GetPublicKey", .repeat = AWS_READ };

	return ivs_check_key_arn(arn, err) &&
	       call_for_key(
		   v, a, &op, json_pack("{s:o}", "arn", json_str(arn)), ret, err);
}

bool
ivs_delete_key(struct ivs *v, struct arena *a, struct str arn, struct err *err)
{
	static const struct aws_op op = { .name = "DeletePublicKey",
		.repeat = AWS_REPEATABLE };

	return ivs_check_key_arn(arn, err) &&
	       aws_call_done(v, a, &op, json_pack("{s:o}", "arn", json_str(arn)), err);
}

static const char *
summary_read(struct arena *a, const json_t *item, void *slot, void *arg)
{
	struct ivs_key *key = slot;

	(void)arg;
	key->arn = ivs_keep(a, item, "arn");
	key->name = ivs_keep(a, item, "name");
	key->tags_json = ivs_keep_tags(a, item);
	return key->arn.n > 0 ? NULL : "publicKeys[].arn";
}

bool
ivs_list_keys(struct ivs *v, struct arena *a, struct ivs_keys *ret, struct err *err)
{
	static const struct aws_op op = { .name = "ListPublicKeys",
		.repeat = AWS_READ,
		.answer_max_bytes = IVS_PAGE_MAX_BYTES };
	static const struct ivs_list list = { &op, "publicKeys", sizeof(struct ivs_key),
		summary_read, NULL };
	void *keys;

	if (!ivs_list_pages(
		v, a, &list, json_pack("{s:i}", "maxResults", 100), &keys, &ret->n, err))
		return false;
	ret->v = keys;
	return true;
}
