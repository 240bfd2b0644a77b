/*
 * stage_tags.h - the tags by which a stage is known to be ours.    layer: domain
 *
 * A stage in AWS is ours when its tag Show is the short id of our master stage and ManagedBy is one
 * of our values, whichever. What else the account holds belongs to somebody else, to another show
 * for instance.
 */
#ifndef DOMAIN_STAGE_TAGS_H
#define DOMAIN_STAGE_TAGS_H

#include "aws/ivs.h"
#include "base/json.h"

#define TAG_MANAGED_BY "ManagedBy"
#define TAG_MANAGED_BY_API "api-server"	  /* made by a call */
#define TAG_MANAGED_BY_AUTO "auto-scaler" /* made by the autoscaler since 0.4.0 */
#define TAG_ENVIRONMENT "Environment"
#define TAG_SHOW "Show"
#define TAG_ORDER "Order"
#define TAG_AUTO_SCALED "AutoScaled"

/* Ours beside those of a client (NULL: none); a new reference. */
json_t *stage_tags_make(const struct config *cfg, const json_t *of_client,
    struct str order_id, bool auto_scaled);

/* value: a word of letters, digits, '-' and '_'. */
bool stage_tags_has(const struct ivs_stage *s, const char *tag, struct str value);
/* A copy in the arena; empty when it has no such tag. */
struct str stage_tags_value(struct arena *a, const struct ivs_stage *s, const char *tag);
bool stage_tags_ours(const struct config *cfg, const struct ivs_stage *s);

/* What AWS says of a stage, as members of its entry in the registry. */
json_t *stage_members(const struct ivs_stage *s);

#endif
