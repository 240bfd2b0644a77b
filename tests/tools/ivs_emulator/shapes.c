/* shapes.c - see shapes.h */
#include "shapes.h"

/* Tables all the way, laid out to be read against the service model. */
/* clang-format off */

/* What comes up in more than one operation is written once, and named by its member. */
#define STAGE_ARN(member) \
	{ .name = (member), .kind = RULE_STRING, .required = true, .min = 1, .max = 128, \
	    .pattern = PATTERN_STAGE_ARN }
#define NAME { .name = "name", .kind = RULE_STRING, .max = 128, .pattern = PATTERN_NAME }
#define DURATION \
	{ .name = "duration", .kind = RULE_INTEGER, .min = 1, .max = 20160 } /* minutes */
#define USER_ID { .name = "userId", .kind = RULE_STRING, .max = 128 }
#define ATTRIBUTES \
	{ .name = "attributes", .kind = RULE_MAP, .max = 1024, .key = &any_text, \
	    .of = &any_text, .total_max_bytes = 1024 }
#define CAPABILITIES \
	{ .name = "capabilities", .kind = RULE_LIST, .max = 2, .of = &capability }
#define TAGS \
	{ .name = "tags", .kind = RULE_MAP, .max = 50, .key = &tag_key, .of = &tag_value }
#define MAX_RESULTS(most) \
	{ .name = "maxResults", .kind = RULE_INTEGER, .min = 1, .max = (most) }
#define NEXT_TOKEN \
	{ .name = "nextToken", .kind = RULE_STRING, .max = 1024, \
	    .pattern = PATTERN_NEXT_TOKEN }
#define LIST(most) MAX_RESULTS(most), NEXT_TOKEN
#define SESSION_ID \
	{ .name = "sessionId", .kind = RULE_STRING, .required = true, .min = 16, \
	    .max = 16, .pattern = PATTERN_SESSION_ID }
#define PARTICIPANT_ID \
	{ .name = "participantId", .kind = RULE_STRING, .required = true, .max = 64, \
	    .pattern = PATTERN_NAME }
#define KEY_ARN \
	{ .name = "arn", .kind = RULE_STRING, .required = true, .min = 1, .max = 128, \
	    .pattern = PATTERN_KEY_ARN }
/* The model's own pattern for it fits no ARN there is. */
#define RESOURCE_ARN \
	{ .name = "resourceArn", .kind = RULE_STRING, .required = true, .min = 1, \
	    .max = 128, .pattern = PATTERN_RESOURCE_ARN }
#define END { .name = NULL }

/* Bounded by the sum over all attributes, not one by one. */
static const struct rule any_text = { .kind = RULE_STRING, .max = 1024 };

static const struct rule tag_key = { .kind = RULE_STRING, .min = 1, .max = 128,
	.reserved_prefix = "aws:" };
static const struct rule tag_value = { .kind = RULE_STRING, .max = 256 };

static const char *const capability_values[] = { "PUBLISH", "SUBSCRIBE", NULL };
static const struct rule capability = { .kind = RULE_STRING, .max = 16,
	.values = capability_values };

static const struct rule token_configuration_members[] = {
	DURATION, USER_ID, ATTRIBUTES, CAPABILITIES, END
};
static const struct rule token_configuration = { .kind = RULE_STRUCT,
	.of = token_configuration_members };

/* Recording: checked and kept, never acted on. */
static const char *const media_values[] = { "AUDIO_VIDEO", "AUDIO_ONLY", "NONE", NULL };
static const struct rule media_type = { .kind = RULE_STRING, .max = 16,
	.values = media_values };

static const char *const thumbnail_mode_values[] = { "INTERVAL", "DISABLED", NULL };
static const char *const thumbnail_storage_values[] = { "SEQUENTIAL", "LATEST", NULL };
static const struct rule thumbnail_storage = { .kind = RULE_STRING, .max = 16,
	.values = thumbnail_storage_values };

static const struct rule thumbnail_members[] = {
	{ .name = "targetIntervalSeconds", .kind = RULE_INTEGER, .min = 1, .max = 86400 },
	{ .name = "storage", .kind = RULE_LIST, .max = 2, .of = &thumbnail_storage },
	{ .name = "recordingMode", .kind = RULE_STRING, .max = 16,
	    .values = thumbnail_mode_values },
	END
};

static const struct rule hls_members[] = {
	{ .name = "targetSegmentDurationSeconds", .kind = RULE_INTEGER, .min = 2,
	    .max = 10 },
	END
};

static const char *const state_values[] = { "CONNECTED", "DISCONNECTED", NULL };
static const char *const recording_state_values[] = { "STARTING", "ACTIVE", "STOPPING",
	"STOPPED", "FAILED", NULL };

static const struct rule recording_members[] = {
	{ .name = "storageConfigurationArn", .kind = RULE_STRING, .required = true,
	    .max = 128, .pattern = PATTERN_STORAGE_ARN },
	{ .name = "mediaTypes", .kind = RULE_LIST, .max = 1, .of = &media_type },
	{ .name = "thumbnailConfiguration", .kind = RULE_STRUCT,
	    .of = thumbnail_members },
	{ .name = "recordingReconnectWindowSeconds", .kind = RULE_INTEGER, .max = 300 },
	{ .name = "hlsConfiguration", .kind = RULE_STRUCT, .of = hls_members },
	{ .name = "recordParticipantReplicas", .kind = RULE_BOOLEAN },
	END
};

const struct rule shape_create_participant_token[] = {
	STAGE_ARN("stageArn"), DURATION, USER_ID, ATTRIBUTES, CAPABILITIES, END
};

const struct rule shape_create_stage[] = {
	NAME,
	{ .name = "participantTokenConfigurations", .kind = RULE_LIST, .max = 12,
	    .of = &token_configuration },
	TAGS,
	{ .name = "autoParticipantRecordingConfiguration", .kind = RULE_STRUCT,
	    .of = recording_members },
	END
};

const struct rule shape_get_stage[] = { STAGE_ARN("arn"), END };

const struct rule shape_list_stages[] = { LIST(100), END };

const struct rule shape_update_stage[] = {
	STAGE_ARN("arn"), NAME,
	{ .name = "autoParticipantRecordingConfiguration", .kind = RULE_STRUCT,
	    .of = recording_members },
	END
};

const struct rule shape_delete_stage[] = { STAGE_ARN("arn"), END };

const struct rule shape_start_replication[] = {
	STAGE_ARN("sourceStageArn"), STAGE_ARN("destinationStageArn"), PARTICIPANT_ID,
	{ .name = "reconnectWindowSeconds", .kind = RULE_INTEGER, .max = 300 },
	ATTRIBUTES, END
};

const struct rule shape_stop_replication[] = {
	STAGE_ARN("sourceStageArn"), STAGE_ARN("destinationStageArn"), PARTICIPANT_ID, END
};

const struct rule shape_list_replicas[] = {
	STAGE_ARN("sourceStageArn"), PARTICIPANT_ID, LIST(50), END
};

const struct rule shape_list_participants[] = {
	STAGE_ARN("stageArn"), SESSION_ID,
	{ .name = "filterByUserId", .kind = RULE_STRING, .max = 128 },
	{ .name = "filterByPublished", .kind = RULE_BOOLEAN },
	{ .name = "filterByState", .kind = RULE_STRING, .max = 16,
	    .values = state_values },
	{ .name = "filterByRecordingState", .kind = RULE_STRING, .max = 16,
	    .values = recording_state_values },
	LIST(100), END
};

const struct rule shape_get_participant[] = {
	STAGE_ARN("stageArn"), SESSION_ID, PARTICIPANT_ID, END
};

const struct rule shape_list_events[] = {
	STAGE_ARN("stageArn"), SESSION_ID, PARTICIPANT_ID, LIST(100), END
};

const struct rule shape_list_sessions[] = { STAGE_ARN("stageArn"), LIST(100), END };

const struct rule shape_get_session[] = { STAGE_ARN("stageArn"), SESSION_ID, END };

const struct rule shape_disconnect[] = {
	STAGE_ARN("stageArn"), PARTICIPANT_ID,
	{ .name = "reason", .kind = RULE_STRING, .max = 128 },
	END
};

const struct rule shape_import_key[] = {
	{ .name = "publicKeyMaterial", .kind = RULE_STRING, .required = true, .max = 4096,
	    .pattern = PATTERN_PEM },
	NAME, TAGS, END
};

const struct rule shape_key_arn[] = { KEY_ARN, END };

const struct rule shape_list_keys[] = { LIST(100), END };

const struct rule shape_tag[] = {
	RESOURCE_ARN,
	{ .name = "tags", .kind = RULE_MAP, .required = true, .max = 50, .key = &tag_key,
	    .of = &tag_value },
	END
};

const struct rule shape_untag[] = {
	RESOURCE_ARN,
	{ .name = "tagKeys", .kind = RULE_LIST, .required = true, .max = 50,
	    .of = &tag_key },
	END
};

const struct rule shape_list_tags[] = { RESOURCE_ARN, END };
