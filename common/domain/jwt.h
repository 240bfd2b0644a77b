/*
 * jwt.h - a JSON Web Token signed with ES384.                     layer: domain
 *
 * Compact form (RFC 7515): base64url(header).base64url(claims).base64url(signature),
 * no padding; the signature is r and s, 48 bytes each (RFC 7518 section 3.4).
 */
#ifndef DOMAIN_JWT_H
#define DOMAIN_JWT_H

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"

/*
 * Borrows everything; *ret lives in the arena. claims may be NULL when building
 * them failed. ERR_BUG: a text is not UTF-8, or the key does not sign.
 */
bool jwt_sign(struct arena *a, struct es384_key *key, struct str key_id,
    const json_t *claims, struct str *ret, struct err *err);

#endif
