/*
 * replicas.h - participants of one stage who are shown on another. See live.h for how
 * they are kept, and for when these may be called.
 */
#ifndef EMULATOR_REPLICAS_H
#define EMULATOR_REPLICAS_H

#include "live.h"
#include "reply.h"

/* in: the members of StartParticipantReplication; both stages exist. False: see rp. */
bool replicas_start(
    struct live *lv, const json_t *in, json_int_t quota, struct reply *rp);

/* in: the members of StopParticipantReplication. */
bool replicas_stop(struct live *lv, const json_t *in, struct reply *rp);

/* The time at which something is to happen to it, unix ms; 0: never. */
int64_t replicas_due(const json_t *replica);

/* It happens: a replication begins, or ends since the publisher stayed away. */
void replicas_act(struct live *lv, json_t *replica);

void replicas_publisher_gone(struct live *lv, const struct seat *seat);
void replicas_publisher_back(struct live *lv, const struct seat *seat);

/* Someone disconnects the replica itself. */
void replicas_end_at(struct live *lv, const struct seat *destination);

/* All from that stage or to it end; those from it are forgotten. */
void replicas_end_of_stage(struct live *lv, const char *stage_arn);

/* The source session is over: those stopped are not listed any more. */
void replicas_forget_session(struct live *lv, const char *session_id);

#endif
