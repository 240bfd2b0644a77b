/*
 * live.h - who is on the stages: sessions, participants, their events and replications.
 *
 * All of it is JSON inside the state (state.h), guarded by its lock, and all functions
 * here are called between turn_begin() and turn_end() (turn.h), which also make happen
 * whatever has fallen due. lv->now_ms is the time at which things happen then.
 *
 *     sessions: { "<stage arn>": [ session, ... ] }          oldest first
 *     session:  { "seq", "sessionId", "startTime", "endTime"?, "everPublished",
 *                 "idleMs": since when nobody publishes; 0: it need not end
 *                 "participants": { "<id>": participant } }
 *     participant: { "seq", "publishing", "shown": as GetParticipant has it,
 *                 "events": [ { "seq", "event": as ListParticipantEvents has it } ] }
 *     replicas: [ { "seq", "state": PENDING ACTIVE STOPPED, "dueMs": begins then,
 *                 "windowMs", "goneMs": the publisher is away since; 0: he is not,
 *                 "attributes"?, "shown": as ListParticipantReplicas has it } ]
 *     pending:  [ { "dueMs", "stageArn", "participantId", "userId"?, "attributes"? } ]
 *                 who is going to publish by himself (--auto-publish)
 *     dead:     { "<stage arn>": { "<participant id>": unix ms } }
 *                 ids that DisconnectParticipant ended: their tokens cannot join again
 */
#ifndef EMULATOR_LIVE_H
#define EMULATOR_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "state.h"

struct bridge;
struct ticker;

struct live {
	struct state *st;
	struct bridge *bridge; /* hears of what EventBridge would tell */
	struct ticker *ticker; /* turn.c */
	int64_t now_ms;	       /* unix time */
	json_t *sessions, *replicas, *pending, *dead;
	int64_t linger_ms;	 /* a session outlives its last publisher by that */
	int64_t replication_ms;	 /* from Start until the replica is there */
	int64_t auto_publish_ms; /* from the token until he publishes; < 0: off */
	char not_publishing[64]; /* type of the error "is not publishing" */
};

/* One participant in one session of a stage. All borrowed. */
struct seat {
	const char *stage_arn;
	json_t *session;
	json_t *participant;
};

/* The session running on a stage, one by its id; NULL when there is none. */
json_t *live_session(const struct live *lv, const char *stage_arn);
json_t *live_session_by_id(const struct live *lv, const char *stage_arn, const char *id);

/* Someone in the running session, or in the one named. False: not there. */
bool live_seat(
    const struct live *lv, const char *stage_arn, const char *id, struct seat *ret_seat);
bool live_seat_in(const struct live *lv, const char *stage_arn, const char *session_id,
    const char *id, struct seat *ret_seat);

/* As GetParticipant shows him; borrowed. */
json_t *live_shown(const struct seat *seat);
bool live_is_publishing(const struct seat *seat);
bool live_is_replica(const struct seat *seat);

/*
 * Connects someone, in a new session if none runs. who: participantId, and of userId,
 * attributes and the members of a replica what there is. The stage must exist.
 */
void live_enter(
    struct live *lv, const char *stage_arn, const json_t *who, struct seat *ret_seat);

/* Of someone connected. Nothing happens when it is so already. */
void live_start_publishing(struct live *lv, const struct seat *seat);
void live_stop_publishing(struct live *lv, const struct seat *seat);

/* Ends his publishing and the connection; a replica ends with its replication. */
void live_leave(struct live *lv, const struct seat *seat);

/*
 * DisconnectParticipant: the participant leaves if connected, does not publish by itself any
 * more, and the id can never join this stage again, whether it ever did or not.
 */
void live_kill(struct live *lv, const char *stage_arn, const char *id);
bool live_is_dead(const struct live *lv, const char *stage_arn, const char *id);

/* The token of a connected participant is used a second time: the older connection ends. */
void live_reuse_token(struct live *lv, const char *stage_arn, const char *id);

/* For replicas.c: only the connection ends, with the event. */
void live_disconnect(struct live *lv, const struct seat *seat);

/* Writes an event, and tells the bridge. more: further members or NULL, borrowed. */
void live_note(struct live *lv, const struct seat *seat, const char *name, json_t *more);

/* Everybody leaves and the session is over. */
void live_end_session(struct live *lv, const char *stage_arn, json_t *session);

/* The stage is deleted: all ends, and its sessions are forgotten. */
void live_forget_stage(struct live *lv, const char *stage_arn);

/* Takes the very object out of the array. */
void live_drop(json_t *array, const json_t *object);

#endif
