/*
 * bridge.h - EventBridge: what happens on the stages is POSTed to an HTTP target, by a
 * thread of its own. Off until a test names a target.
 */
#ifndef EMULATOR_BRIDGE_H
#define EMULATOR_BRIDGE_H

#include <jansson.h>
#include <stdbool.h>

#include "settings.h"

struct bridge;

/* NULL: the reason was printed on stderr. */
struct bridge *bridge_open(const struct settings *s);
void bridge_close(struct bridge *br);

/*
 * to: {"url", "headers"?: {name: value}, "lossPercent"?}; an empty url turns it off. What
 * is queued is forgotten, and the counts begin anew.
 */
void bridge_set(struct bridge *br, const json_t *to);

/* {"url", "headers": [names], "lossPercent", "queued", "sent", "failed", "lost"} */
json_t *bridge_show(struct bridge *br);

/*
 * event: as ListParticipantEvents has it, of the participant shown. Only the four kinds
 * EventBridge tells of are sent; all is copied.
 */
void bridge_tell(struct bridge *br, const char *stage_arn, const char *session_id,
    const json_t *shown, const json_t *event);

#endif
