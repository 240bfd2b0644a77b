/* ops_keys.c - public keys for tokens that callers sign themselves: see ops_parts.h */
#include "ops_parts.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "canon.h"
#include "ids.h"
#include "js.h"
#include "page.h"
#include "quotas.h"
#include "shapes.h"
#include "state.h"

#define CURVE "secp384r1" /* P-384 */
#define FINGERPRINT_BYTES 16

json_t *
ops_key(struct emulator *emu, const char *arn)
{
	json_t *keys = state_part(emu->state, "keys");

	return json_object_get(json_object_get(keys, arn), "key");
}

/*
 * 16 bytes with colons between, as AWS writes it. How AWS forms it is not published: here
 * it is the beginning of the SHA-256 of the DER form, so the same key has the same one.
 */
static bool
fingerprint_of(EVP_PKEY *key, char out[FINGERPRINT_BYTES * 3])
{
	char hash[CANON_HASH_CHARS + 1], group[32] = "";
	unsigned char *der = NULL;
	int n;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, CURVE) != 0 || (n = i2d_PUBKEY(key, &der)) <= 0)
		return false;
	canon_hash(der, (size_t)n, hash);
	OPENSSL_free(der);
	for (int i = 0; i < FINGERPRINT_BYTES; i++)
		snprintf(out + i * 3, 4, "%.2s%s", hash + i * 2,
		    i + 1 < FINGERPRINT_BYTES ? ":" : "");
	return true;
}

static bool
read_key(const char *pem, char ret_fingerprint[FINGERPRINT_BYTES * 3])
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	bool ok = key != NULL && fingerprint_of(key, ret_fingerprint);

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok;
}

static bool
is_known(struct emulator *emu, const char *fingerprint)
{
	const char *arn;
	json_t *record;

	json_object_foreach (state_part(emu->state, "keys"), arn, record)
		if (js_is(json_object_get(record, "key"), "fingerprint", fingerprint))
			return true;
	return false;
}

static json_t *
make_key(const struct settings *s, const json_t *in, const char *fingerprint)
{
	static const char *const kept[] = { "name", "publicKeyMaterial", "tags", NULL };
	char id[37];
	json_t *key;

	ids_request(id);
	/* clang-format off */
	key = json_pack("{s:o, s:s, s:s, s:{}}",
	    "arn", json_sprintf("arn:aws:ivs:%s:%s:public-key/%s", s->region, s->account,
	    id),
	    "name", "",
	    "fingerprint", fingerprint,
	    "tags");
	/* clang-format on */
	js_copy(key, in, kept);
	return key;
}

bool
op_import_key(struct emulator *emu, const json_t *in, struct reply *rp)
{
	json_t *keys = state_part(emu->state, "keys"), *key;
	json_int_t max = quotas_max(emu->quotas, QUOTA_KEYS);
	char fingerprint[FINGERPRINT_BYTES * 3];

	if (!read_key(js_text(in, "publicKeyMaterial"), fingerprint))
		return reply_fail(rp, "ValidationException",
		    "publicKeyMaterial: must be the PEM of a public key on P-384");
	if (is_known(emu, fingerprint))
		return reply_fail(
		    rp, "ConflictException", "this public key was imported already");
	if ((json_int_t)json_object_size(keys) >= max)
		return reply_fail(rp, "ServiceQuotaExceededException",
		    "The maximum number of public keys (%lld) has been reached.",
		    (long long)max);
	key = make_key(emu->settings, in, fingerprint);
	json_object_set_new(keys, js_text(key, "arn"),
	    json_pack("{s:I, s:O}", "seq", state_next_seq(emu->state), "key", key));
	reply_body(rp, json_pack("{s:o}", "publicKey", json_deep_copy(key)));
	json_decref(key);
	return true;
}

bool
op_get_key(struct emulator *emu, const json_t *in, struct reply *rp)
{
	const json_t *key = ops_key(emu, js_text(in, "arn"));

	if (key == NULL)
		return ops_no_such(rp, js_text(in, "arn"));
	return reply_body(rp, json_pack("{s:o}", "publicKey", json_deep_copy(key)));
}

bool
op_delete_key(struct emulator *emu, const json_t *in, struct reply *rp)
{
	if (json_object_del(state_part(emu->state, "keys"), js_text(in, "arn")) != 0)
		return ops_no_such(rp, js_text(in, "arn"));
	state_touch(emu->state);
	return true;
}

static json_t *
summary_of(const json_t *key)
{
	static const char *const members[] = { "arn", "name", "tags", NULL };
	json_t *summary = json_object();

	js_copy(summary, key, members);
	return summary;
}

bool
op_list_keys(struct emulator *emu, const json_t *in, struct reply *rp)
{
	struct page pg;
	const char *arn;
	json_t *record;

	if (!page_begin(&pg, "ListPublicKeys", in, SHAPES_PAGE_DEFAULT, rp))
		return false;
	json_object_foreach (state_part(emu->state, "keys"), arn, record)
		if (page_wants(&pg, js_int(record, "seq")))
			page_add(&pg, summary_of(json_object_get(record, "key")));
	return page_end(&pg, "publicKeys", rp);
}
