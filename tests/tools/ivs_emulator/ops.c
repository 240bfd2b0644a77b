/* ops.c - see ops.h */
#include "ops.h"

#include <string.h>

#include "js.h"
#include "ops_parts.h"
#include "shapes.h"
#include "state.h"

#define TAGS "/tags/"

/* An operation whose path is its name, and one of the tags. */
#define CALL(name, rate, shape, run)                                                     \
	{                                                                                \
		(name), (rate), "POST", "/" name, NULL, (shape), (run)                   \
	}
#define TAG_CALL(name, method, shape, run)                                               \
	{                                                                                \
		(name), 10, (method), TAGS, "resourceArn", (shape), (run)                \
	}

/* clang-format off */
static const struct operation operations[] = {
	CALL("CreateParticipantToken", 50, shape_create_participant_token,
	    op_create_participant_token),
	CALL("CreateStage", 5, shape_create_stage, op_create_stage),
	CALL("GetStage", 5, shape_get_stage, op_get_stage),
	CALL("UpdateStage", 5, shape_update_stage, op_update_stage),
	CALL("DeleteStage", 5, shape_delete_stage, op_delete_stage),
	CALL("ListStages", 5, shape_list_stages, op_list_stages),
	CALL("StartParticipantReplication", 5, shape_start_replication,
	    op_start_replication),
	CALL("StopParticipantReplication", 5, shape_stop_replication,
	    op_stop_replication),
	CALL("ListParticipantReplicas", 5, shape_list_replicas, op_list_replicas),
	CALL("ListParticipants", 5, shape_list_participants, op_list_participants),
	CALL("GetParticipant", 5, shape_get_participant, op_get_participant),
	CALL("ListParticipantEvents", 5, shape_list_events, op_list_events),
	CALL("ListStageSessions", 5, shape_list_sessions, op_list_sessions),
	CALL("GetStageSession", 5, shape_get_session, op_get_session),
	CALL("DisconnectParticipant", 5, shape_disconnect, op_disconnect),
	CALL("ImportPublicKey", 3, shape_import_key, op_import_key),
	CALL("GetPublicKey", 3, shape_key_arn, op_get_key),
	CALL("ListPublicKeys", 3, shape_list_keys, op_list_keys),
	CALL("DeletePublicKey", 3, shape_key_arn, op_delete_key),
	TAG_CALL("TagResource", "POST", shape_tag, op_tag),
	TAG_CALL("UntagResource", "DELETE", shape_untag, op_untag),
	TAG_CALL("ListTagsForResource", "GET", shape_list_tags, op_list_tags),
};
/* clang-format on */

const struct operation *
ops_at(size_t i)
{
	return i < sizeof(operations) / sizeof(operations[0]) ? &operations[i] : NULL;
}

static bool
fits(const struct operation *op, const char *path)
{
	size_t n = strlen(op->path);

	if (op->path_member == NULL)
		return strcmp(op->path, path) == 0;
	return strncmp(op->path, path, n) == 0 && path[n] != '\0' &&
	       strchr(path + n, '/') == NULL;
}

const struct operation *
ops_find(const char *method, const char *path)
{
	const struct operation *op;

	for (size_t i = 0; (op = ops_at(i)) != NULL; i++)
		if (strcmp(op->method, method) == 0 && fits(op, path))
			return op;
	return NULL;
}

bool
ops_no_such(struct reply *rp, const char *what)
{
	return reply_fail(
	    rp, "ResourceNotFoundException", "Resource: %s not found", what);
}

json_t *
ops_stage(struct emulator *emu, const json_t *in, const char *member, struct reply *rp)
{
	json_t *stage = state_stage(emu->state, js_text(in, member));

	if (stage == NULL)
		ops_no_such(rp, js_text(in, member));
	return stage;
}
