/*
 * token.h - participant tokens as CreateParticipantToken makes them.
 */
#ifndef EMULATOR_TOKEN_H
#define EMULATOR_TOKEN_H

#include <jansson.h>

/*
 * A participantToken (new reference) for a stage. asked holds what the caller gave of
 * duration, userId, attributes and capabilities; nothing else in it is looked at.
 */
json_t *token_make(const json_t *stage, const json_t *asked);

/* The same token without its text, for the record; new reference. */
json_t *token_record(const json_t *token, const char *stage_arn);

#endif
