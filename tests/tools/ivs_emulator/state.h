/*
 * state.h - what the emulated account holds: stages and tokens issued. Kept in a file.
 *
 *     { "version": 1, "region": R, "account": A, "lastSeq": n, "tokensIssued": n,
 *       "stages": { "<arn>": { "seq": n, "stage": {...} } },
 *       "tokens": [ {participantId, stageArn, duration, ...} ],    newest last
 *       "keys": { "<arn>": { "seq": n, "key": {...} } },
 *       "sessions": {...}, "dead": {...}, "replicas": [...], "pending": [...] }   see live.h
 *
 * seq rises with each thing made and orders lists. The text of tokens is never kept.
 *
 * An operation runs between state_begin() and state_end(), which hold the one lock; the
 * functions marked (locked) must be called there. What they return is borrowed until
 * state_end(), so it is copied into replies, never referenced.
 */
#ifndef EMULATOR_STATE_H
#define EMULATOR_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

struct state;

/* Loads the file or begins empty. NULL: the reason was printed on stderr. */
struct state *state_open(const struct settings *s);
void state_close(struct state *st);

void state_begin(struct state *st);

/* Returns the version to commit; 0 when nothing was changed. */
uint64_t state_end(struct state *st);

/*
 * Returns once that version is in the file. Callers waiting together share one write.
 * False: the file could not be written (reason on stderr).
 */
bool state_commit(struct state *st, uint64_t version);

const struct settings *state_settings(const struct state *st);

/*
 * (locked) keys, sessions, dead, replicas or pending, to read and to change; whoever changes it
 * calls state_touch(). Borrowed for as long as the state is open.
 */
json_t *state_part(struct state *st, const char *name);
void state_touch(struct state *st);

/* (locked) A number larger than any given before. */
json_int_t state_next_seq(struct state *st);

/* (locked) The stage as it is kept, without activeSessionId; NULL when unknown. */
json_t *state_stage(struct state *st, const char *arn);

/* (locked) Number of stages. */
size_t state_stage_count(struct state *st);

/* (locked) Keeps the stage under its member "arn"; steals the reference. */
void state_stage_add(struct state *st, json_t *stage);

/* (locked) False when it is unknown. */
bool state_stage_remove(struct state *st, const char *arn);

/* (locked) {"<arn>": {"seq": n, "stage": {...}}} in rising order; borrowed. */
json_t *state_stages(struct state *st);

/* (locked) Notes a token issued; steals the reference. */
void state_token_add(struct state *st, json_t *token);

/* (locked) The record of a token; NULL when it is unknown or long ago. Borrowed. */
const json_t *state_token(struct state *st, const char *stage_arn, const char *id);

/* (locked) New reference: {"issued": n, "tokens": [...]}. */
json_t *state_tokens(struct state *st);

#endif
