/*
 * turn.h - one change of the emulated world after the other.
 *
 * turn_begin() takes the lock of the state and first lets happen, in order and each at its
 * own time, what has fallen due: sessions that end, replicas that come or go, people who
 * publish by themselves. A thread takes a turn when nobody else does.
 */
#ifndef EMULATOR_TURN_H
#define EMULATOR_TURN_H

#include "live.h"

/* NULL: the reason was printed on stderr. */
struct live *live_open(struct state *st, struct bridge *br, int64_t auto_publish_ms);
void live_close(struct live *lv);

void turn_begin(struct live *lv);

/* Returns once what was changed is in the file. False: it could not be written. */
bool turn_end(struct live *lv);

/* In a turn: a token was issued; with --auto-publish its owner may publish by himself. */
void turn_token_issued(struct live *lv, const char *stage_arn, const json_t *token);

/* In a turn: he is not going to publish by himself any more. */
void turn_cancel(struct live *lv, const char *stage_arn, const char *participant_id);

#endif
