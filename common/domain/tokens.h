/*
 * tokens.h - participant tokens, made by AWS or signed here.      layer: domain
 *
 * TOKEN_MODE=api calls CreateParticipantToken (50 a second per account, not
 * adjustable); TOKEN_MODE=local signs an ES384 JWT with the owner's key, whose
 * public half was imported into IVS. Claims: AWS "Distribute participant tokens".
 * exp may be at most 14 days after iat; jti is the participant id.
 */
#ifndef DOMAIN_TOKENS_H
#define DOMAIN_TOKENS_H

#include "aws/ivs.h"
#include "base/config.h"

#define PARTICIPANT_ID_CHARS 12

struct tokens;

/*
 * Loads the signing key in local mode: ERR_CONFIG says what is wrong with it. Its ARN is that of
 * the settings or of the file (domain/signing_file.h); both, and not the same, is an error.
 *
 * The file is followed: when it has changed, which is looked at once a second at most, the
 * next token is signed with what it holds by then. What cannot be used is reported once,
 * and the key at hand serves on.
 */
bool tokens_open(
    const struct config *cfg, struct ivs *ivs, struct tokens **ret, struct err *err);
void tokens_close(struct tokens *t);
bool tokens_are_local(const struct tokens *t);
/* Told why a changed key file is not used. NULL, the default: nobody is. */
typedef void tokens_warn(const struct err *why);
void tokens_on_warning(struct tokens *t, tokens_warn *warn);

/* A fresh participant id for a local token (NUL-terminated). */
void tokens_new_participant_id(char out[PARTICIPANT_ID_CHARS + 1]);

enum token_role { TOKEN_PUBLISHER, TOKEN_VIEWER, TOKEN_MEDIASERVER };

struct token_order {
	enum token_role role;
	struct str id;		   /* userId or serverId as the client gave it */
	struct str participant_id; /* local mode: from tokens_new_participant_id */
	struct str stage_arn;
	struct str events_endpoint, whip_endpoint; /* local mode: of the stage */
	struct str
	    aws_clock;	    /* what Redis told of it (ivs_clock_known); empty: nothing */
	int64_t duration_s; /* held within 1 s and 14 days */
};

struct token {
	struct str token, participant_id;
	int64_t expires_at_ms;
	bool no_stage; /* also when it fails: AWS says that it has no such stage */
};

/* Whom IVS and the other participants see: "broadcaster-", "viewer-" or "media-server-" and
 * the id, or with IVS_USER_ID_MODE=opaque a keyed hash. */
struct str tokens_ivs_user_id(
    const struct config *cfg, struct arena *a, enum token_role role, struct str id);
/*
 * With each secret there was he had another hash. *secrets, at first cfg->session_secrets, loses the
 * one that was used; empty: there is no further id. The first one is that of new tokens.
 */
struct str tokens_next_ivs_user_id(const struct config *cfg, struct arena *a,
    enum token_role role, struct str id, struct str *secrets);

/*
 * Make the token.
 * Errors: what tokens_aws_failed makes of a failure of AWS; ERR_BUG otherwise.
 */
bool tokens_make(struct tokens *t, struct arena *a, const struct token_order *order,
    struct token *ret, struct err *err);

/*
 * A call of AWS that a token needs has failed: what the client is told. ERR_AWS_AWAY: AWS gives
 * none now, or has no such stage (MSG_AWS_NO_MASTER, MSG_AWS_NO_STAGE); ERR_TOKEN: AWS takes our request for malformed; ERR_THROTTLED, ERR_QUOTA, ERR_DENIED and
 * ERR_UNVERIFIED stay. Source, cause, operation and reason stay, too.
 */
void tokens_aws_failed(const struct config *cfg, struct str stage_arn, struct err *err);

#endif
