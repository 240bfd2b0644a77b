/*
 * state.h - what the emulated account holds: stages and tokens issued. Kept in a file.
 *
 *     { "version": 1, "region": R, "account": A, "lastSeq": n, "tokensIssued": n,
 *       "stages": { "<arn>": { "seq": n, "stage": {...} } },
 *       "tokens": [ {participantId, stageArn, duration, ...} ] }   newest last
 *
 * seq rises with each stage and orders lists. The text of tokens is never kept.
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

/* (locked) The stage as GetStage shows it; NULL when unknown. */
const json_t *state_stage(struct state *st, const char *arn);

/* (locked) Number of stages. */
size_t state_stage_count(struct state *st);

/* (locked) Keeps the stage under its member "arn"; steals the reference. */
void state_stage_add(struct state *st, json_t *stage);

/*
 * (locked) Calls each() for up to n stages with seq > after, in order; *ret_last is the
 * seq of the last. True when more follow.
 */
bool state_stage_page(struct state *st, json_int_t after, size_t n,
    void (*each)(const json_t *stage, void *arg), void *arg, json_int_t *ret_last);

/* (locked) Notes a token issued; steals the reference. */
void state_token_add(struct state *st, json_t *token);

/* (locked) New reference: {"issued": n, "tokens": [...]}. */
json_t *state_tokens(struct state *st);

#endif
