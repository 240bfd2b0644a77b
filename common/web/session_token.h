/*
 * session_token.h - what a viewer's page proves with who it is.   layer: web
 *
 *   v1.<payload>.<mac>      both base64url
 *   payload   {"u": user, "a": stage ARN, "s": session id, "e": expires at, unix ms,
 *              "p": participant id of the viewer token it came with; absent: none}
 *   mac       HMAC-SHA-256 of "v1.<payload>" under a key made from one secret of
 *             SESSION_SECRET and the ARN of the master stage: so a token is of one show, and
 *             nothing else that is hashed with that secret (domain/tokens.c) can be one
 *
 * The first secret of SESSION_SECRET signs, each of them verifies. None: there are no
 * session tokens and none is accepted. The clock is this machine's.
 */
#ifndef WEB_SESSION_TOKEN_H
#define WEB_SESSION_TOKEN_H

#include "base/config.h"

#define SESSION_TOKEN_MAX_BYTES 2048
/* The longest body that is looked at for one: {"sessionToken": "..."}. */
#define SESSION_BODY_MAX_BYTES 4096

/* Who may beat, leave, rejoin: this user on this stage. user_id.n == 0: nobody. */
struct session_claim {
	struct str user_id, stage_arn, session_id;
	struct str participant_id; /* p == NULL: none is in it */
	int64_t expires_at_ms;
};

/* In the arena; STR_NULL when SESSION_SECRET is not set. */
struct str session_token_make(
    const struct config *cfg, struct arena *a, const struct session_claim *claim);

/* Whether the text is meant as one: nothing is verified. */
bool session_token_has_form(struct str text);

/*
 * Read and verify. *ret lives in the arena, which json_use() must name. ERR_AUTH:
 * MSG_SESSION_UNSET (no secret here), MSG_SESSION_EXPIRED, MSG_SESSION_WRONG.
 */
bool session_token_read(const struct config *cfg, struct arena *a, struct str token,
    int64_t now_ms, struct session_claim *ret, struct err *err);

#endif
