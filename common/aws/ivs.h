/*
 * ivs.h - one typed function per call of IVS Real-Time.           layer: aws
 *
 * restJson1 over HTTPS, signing name "ivs". Units and limits are those of the
 * service model: durations on the wire are MINUTES. Every answer is copied into the
 * arena; text that AWS left out is empty. Input is borrowed. What AWS would refuse for its form is
 * refused here (ERR_INPUT), without a call.
 *
 * Errors of every function, source ERR_FROM_AWS; the cause holds the AWS error type, the
 * request id is in err.request_id, never a token or key:
 *   ERR_INPUT      ValidationException
 *   ERR_NOT_FOUND  ResourceNotFoundException
 *   ERR_CONFLICT   ConflictException
 *   ERR_QUOTA      ServiceQuotaExceededException (402): a quota of the account is used up
 *   ERR_THROTTLED  AWS, or our own limiter before it, says: not so fast; nothing was done
 *   ERR_DENIED     keys missing, refused, expired or not allowed: the operator must act
 *   ERR_UNVERIFIED PendingVerification: AWS is checking the account
 *   ERR_UPSTREAM   away or broken; nothing was done
 *   ERR_UNCERTAIN  no whole answer to a change came: it may have happened
 *   ERR_LOCK_LOST  the guard (ivs_set_guard) forbade the call; nothing was done
 */
#ifndef AWS_IVS_H
#define AWS_IVS_H

#include "base/config.h"
#include "base/json.h"
#include "io/http.h"
#include "io/redis.h"

#define IVS_DURATION_MIN_MINUTES 1
#define IVS_DURATION_MAX_MINUTES 20160 /* 14 days */
#define IVS_USER_ID_MAX_CHARS 128
#define IVS_NAME_MAX_BYTES 128 /* of [a-zA-Z0-9-_] */
#define IVS_RECONNECT_MAX_S 300
#define IVS_TAGS_MAX 50
#define IVS_TAG_KEY_MAX_CHARS 128
#define IVS_TAG_VALUE_MAX_CHARS 256
#define IVS_KEYS_MAX 3 /* public keys of an account in a region */

struct ivs;

/*
 * Opens nothing yet. Keeps pointers to the settings and to redis, through which all
 * processes share the call rates (NULL: rates are kept by this process alone).
 */
struct ivs *ivs_open(const struct config *cfg, struct redis *redis);
void ivs_close(struct ivs *v);
/*
 * In a process that was just forked: the same client, keys included, with connections of its own.
 * What the parent has open is neither used nor closed. False: no memory.
 */
bool ivs_start_anew(struct ivs *v, struct redis *redis);

/*
 * Asked right before each try is sent (after any wait); false, with err filled as
 * ERR_LOCK_LOST, stops the call. For who may act only while he holds a lock. NULL: none.
 */
typedef bool ivs_guard(void *arg, struct err *err);
void ivs_set_guard(struct ivs *v, ivs_guard *guard, void *arg);

/* No call lasts longer than until then (of clock_mono_ms); 0: as long as any. */
void ivs_set_deadline(struct ivs *v, int64_t mono_ms);

/*
 * The clock AWS agrees with: ours, or, when the two differ by more than three seconds, AWS' as the Date
 * of its answers tells it to this process or, by Redis, to any other.
 */
int64_t ivs_now_ms(const struct ivs *v);
/* What a script of Redis answered of it (lua/lib/aws_clock.lua); "" changes nothing. */
void ivs_clock_known(struct ivs *v, struct str clock);

/* ---- stages ---- */

struct ivs_stage {
	struct str arn, name;
	struct str active_session_id;		   /* empty: no session runs */
	struct str events_endpoint, whip_endpoint; /* empty in lists */
	struct str tags_json;			   /* a JSON object, "{}" when none */
};

struct ivs_stages {
	struct ivs_stage *v;
	size_t n;
};

/* tags: a JSON object of strings, or NULL. Repeated only when surely not done. */
bool ivs_create_stage(struct ivs *v, struct arena *a, struct str name, const json_t *tags,
    struct ivs_stage *ret, struct err *err);
bool ivs_get_stage(struct ivs *v, struct arena *a, struct str arn, struct ivs_stage *ret,
    struct err *err);
bool ivs_update_stage(struct ivs *v, struct arena *a, struct str arn, struct str name,
    struct ivs_stage *ret, struct err *err);
/* ERR_NOT_FOUND also when the first answer was lost and the second try found it gone. */
bool ivs_delete_stage(struct ivs *v, struct arena *a, struct str arn, struct err *err);
/* All pages, of all stages of the account in the region. */
bool ivs_list_stages(
    struct ivs *v, struct arena *a, struct ivs_stages *ret, struct err *err);

/* ---- tokens ---- */

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

/* ---- replication ---- */

struct ivs_replication {
	struct str source_arn, destination_arn, participant_id;
};

/*
 * reconnect_s: 0..300, how long the replica outlives a publisher who is gone.
 * Not publishing (whatever type AWS gives it): ERR_CONFLICT with tell MSG_NOT_PUBLISHING.
 * Already replicated there: ERR_CONFLICT, also when it was our own first try whose answer
 * was lost.
 */
bool ivs_start_replication(struct ivs *v, struct arena *a,
    const struct ivs_replication *which, int64_t reconnect_s, struct err *err);
bool ivs_stop_replication(
    struct ivs *v, struct arena *a, const struct ivs_replication *which, struct err *err);

struct ivs_replica {
	struct str participant_id, destination_arn;
	bool active;
};

struct ivs_replicas {
	struct ivs_replica *v;
	size_t n;
};

bool ivs_list_replicas(struct ivs *v, struct arena *a, struct str source_arn,
    struct str participant_id, struct ivs_replicas *ret, struct err *err);

/* ---- participants ---- */

struct ivs_participant {
	struct str participant_id, user_id;
	bool connected;
	bool published; /* ever in this session, not "now" */
	bool is_replica;
	int64_t first_join_ms; /* 0: not said */
};

struct ivs_participants {
	struct ivs_participant *v;
	size_t n;
};

/* Those of a session who ever published in it: all pages. */
bool ivs_list_publishers(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, struct ivs_participants *ret, struct err *err);

/* Those of a session with this user id, connected or not: all pages. */
bool ivs_list_of_user(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, struct str user_id, struct ivs_participants *ret,
    struct err *err);
bool ivs_get_participant(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, struct str participant_id, struct ivs_participant *ret,
    struct err *err);

struct ivs_session {
	struct str session_id;
	int64_t started_ms, ended_ms; /* 0: not */
};

/* The newest first; `most` of them at the most. */
bool ivs_list_sessions(struct ivs *v, struct arena *a, struct str stage_arn, size_t most,
    struct ivs_session *ret, size_t *ret_n, struct err *err);

/* What the events of one participant say about publishing: the newest of start and stop. */
struct ivs_publishing {
	bool known; /* there was such an event */
	bool now;
	int64_t since_ms; /* time of that event */
};

bool ivs_read_publishing(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str session_id, struct str participant_id, struct ivs_publishing *ret,
    struct err *err);

/* reason: at most 128 characters, seen by him. */
bool ivs_disconnect_participant(struct ivs *v, struct arena *a, struct str stage_arn,
    struct str participant_id, struct str reason, struct err *err);

/* ---- public keys ---- */

struct ivs_key {
	struct str arn, name, fingerprint; /* fingerprint: empty in lists */
	struct str pem;			   /* as above */
	struct str tags_json;
};

struct ivs_keys {
	struct ivs_key *v;
	size_t n;
};

/* pem: SPKI of an EC P-384 key. ERR_CONFLICT: imported already. ERR_QUOTA: three exist. */
bool ivs_import_key(struct ivs *v, struct arena *a, struct str name, struct str pem,
    const json_t *tags, struct ivs_key *ret, struct err *err);
bool ivs_get_key(
    struct ivs *v, struct arena *a, struct str arn, struct ivs_key *ret, struct err *err);
bool ivs_list_keys(struct ivs *v, struct arena *a, struct ivs_keys *ret, struct err *err);
bool ivs_delete_key(struct ivs *v, struct arena *a, struct str arn, struct err *err);

/* ---- tags, of stages and keys ---- */

bool ivs_tag(
    struct ivs *v, struct arena *a, struct str arn, const json_t *tags, struct err *err);
bool ivs_untag(struct ivs *v, struct arena *a, struct str arn, const struct str *keys,
    size_t n_keys, struct err *err);
/* *ret: a JSON object in the arena's JSON (json_use). */
bool ivs_list_tags(
    struct ivs *v, struct arena *a, struct str arn, json_t **ret, struct err *err);

#endif
