/*
 * ops_parts.h - the functions behind the table in ops.c, and what they share. See
 * struct operation in ops.h for when they are called.
 */
#ifndef EMULATOR_OPS_PARTS_H
#define EMULATOR_OPS_PARTS_H

#include "ops.h"

#define OPERATION(name)                                                                  \
	bool name(struct emulator *emu, const json_t *in, struct reply *rp)

OPERATION(op_create_stage);
OPERATION(op_get_stage);
OPERATION(op_update_stage);
OPERATION(op_delete_stage);
OPERATION(op_list_stages);

OPERATION(op_create_participant_token);

OPERATION(op_start_replication);
OPERATION(op_stop_replication);
OPERATION(op_list_replicas);

OPERATION(op_list_participants);
OPERATION(op_get_participant);
OPERATION(op_list_events);
OPERATION(op_disconnect);
OPERATION(op_list_sessions);
OPERATION(op_get_session);

OPERATION(op_import_key);
OPERATION(op_get_key);
OPERATION(op_list_keys);
OPERATION(op_delete_key);

OPERATION(op_tag);
OPERATION(op_untag);
OPERATION(op_list_tags);

/* Always false. */
bool ops_no_such(struct reply *rp, const char *what);

/* The stage under that member of in; NULL: the reply says that there is none. */
json_t *ops_stage(
    struct emulator *emu, const json_t *in, const char *member, struct reply *rp);

/* Makes a token and keeps its record; new reference. In ops_tokens.c. */
json_t *ops_issue_token(struct emulator *emu, const json_t *stage, const json_t *asked);

/* All of DeleteStage; false: there is no such stage. In ops_stages.c. */
bool ops_remove_stage(struct emulator *emu, const char *arn);

/* The public key as GetPublicKey shows it; NULL when unknown. In ops_keys.c. */
json_t *ops_key(struct emulator *emu, const char *arn);

#endif
