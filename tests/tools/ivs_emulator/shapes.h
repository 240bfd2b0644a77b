/*
 * shapes.h - the members each operation takes, as the service model has them.
 */
#ifndef EMULATOR_SHAPES_H
#define EMULATOR_SHAPES_H

#include "schema.h"

#define SHAPES_DURATION_DEFAULT_MIN 720 /* 12 hours */
#define SHAPES_STAGES_PAGE_DEFAULT 50

extern const struct rule shape_create_participant_token[];
extern const struct rule shape_create_stage[];
extern const struct rule shape_get_stage[];
extern const struct rule shape_list_stages[];

#endif
