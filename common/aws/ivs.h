/*
 * ivs.h - one typed function per call of IVS Real-Time.           layer: aws
 *
 * restJson1 over HTTPS, signing name "ivs". Units and limits are those of the
 * service model: durations on the wire are MINUTES. Every answer is copied into the
 * arena. Errors: ERR_NOT_FOUND, ERR_CONFLICT, ERR_FULL (quota), ERR_UPSTREAM (throttled,
 * away or refused; from AWS), ERR_UNCERTAIN, ERR_CONFIG (credentials refused), ERR_INPUT.
 * The cause holds the AWS error type and request id, never a token or key.
 */
#ifndef AWS_IVS_H
#define AWS_IVS_H

#include "base/config.h"
#include "io/http.h"

#define IVS_DURATION_MIN_MINUTES 1
#define IVS_DURATION_MAX_MINUTES 20160 /* 14 days */
#define IVS_USER_ID_MAX_CHARS 128

struct ivs;

/* Opens nothing yet. Keeps a pointer to the settings. */
struct ivs *ivs_open(const struct config *cfg);
void ivs_close(struct ivs *v);

struct ivs_stage {
	struct str arn, name, active_session_id;
	struct str events_endpoint, whip_endpoint;
	struct str tags_json; /* a JSON object, "{}" when none */
};

enum ivs_capability { IVS_PUBLISH = 1, IVS_SUBSCRIBE = 2 };

struct ivs_token_order {
	struct str stage_arn, user_id;
	int64_t duration_minutes;
	unsigned capabilities; /* of enum ivs_capability */
};

struct ivs_token {
	struct str token, participant_id;
	int64_t expires_at_ms;
};

bool ivs_create_participant_token(struct ivs *v, struct arena *a,
    const struct ivs_token_order *order, struct ivs_token *ret, struct err *err);
bool ivs_get_stage(struct ivs *v, struct arena *a, struct str arn, struct ivs_stage *ret,
    struct err *err);

#endif
