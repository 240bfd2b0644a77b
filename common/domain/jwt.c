#include "domain/jwt.h"

#include "base/encode.h"
#include "base/banned.h"

#define JWT_MAX_BYTES 8192

static void
part_write(struct buf *b, struct arena *a, const json_t *part)
{
	struct str text = json_text(a, part);

	encode_base64url(b, text.p, text.n);
}

bool
jwt_sign(struct arena *a, struct es384_key *key, struct str key_id, const json_t *claims,
    struct str *ret, struct err *err)
{
	unsigned char signature[ES384_SIG_BYTES];
	json_t *header = json_pack(
	    "{s:s, s:s, s:o}", "alg", "ES384", "typ", "JWT", "kid", json_str(key_id));
	struct buf b;

	if (header == NULL || claims == NULL) {
		json_decref(header);
		return err_set(err, ERR_BUG, "a text for the token is not UTF-8");
	}
	buf_init(&b, a, JWT_MAX_BYTES);
	part_write(&b, a, header);
	json_decref(header);
	buf_char(&b, '.');
	part_write(&b, a, claims);
	if (!es384_sign(key, buf_view(&b), signature))
		return err_set(err, ERR_BUG, "the signing key does not sign");
	buf_char(&b, '.');
	encode_base64url(&b, signature, sizeof(signature));
	if (!buf_ok(&b))
		return err_set(err, ERR_BUG, "token over %d bytes", JWT_MAX_BYTES);
	*ret = buf_view(&b);
	return true;
}
