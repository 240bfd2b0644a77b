/*
 * shapes.h - the members each operation takes, as the service model has them.
 */
#ifndef EMULATOR_SHAPES_H
#define EMULATOR_SHAPES_H

#include "schema.h"

#define SHAPES_DURATION_DEFAULT_MIN 720 /* 12 hours */
#define SHAPES_PAGE_DEFAULT 50
#define SHAPES_TAGS_MAX 50

extern const struct rule shape_create_participant_token[];
extern const struct rule shape_create_stage[];
extern const struct rule shape_get_stage[];
extern const struct rule shape_list_stages[];
extern const struct rule shape_update_stage[];
extern const struct rule shape_delete_stage[];
extern const struct rule shape_start_replication[];
extern const struct rule shape_stop_replication[];
extern const struct rule shape_list_replicas[];
extern const struct rule shape_list_participants[];
extern const struct rule shape_get_participant[];
extern const struct rule shape_list_events[];
extern const struct rule shape_list_sessions[];
extern const struct rule shape_get_session[];
extern const struct rule shape_disconnect[];
extern const struct rule shape_import_key[];
extern const struct rule shape_key_arn[];
extern const struct rule shape_list_keys[];
extern const struct rule shape_tag[];
extern const struct rule shape_untag[];
extern const struct rule shape_list_tags[];

#endif
