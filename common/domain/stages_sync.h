/*
 * stages_sync.h - the registry in step with what AWS has.          layer: domain
 *
 * Stages of ours that AWS lists and the registry does not (who made them died) are adopted;
 * those that were deleted in the AWS console are forgotten, their viewers' sessions end;
 * names and tags that were changed there are taken over. One that has lost our tags, or is of the
 * show this one was before MASTER_STAGE_ARN changed, is forgotten as if it were gone. Foreign
 * stages are left alone.
 */
#ifndef DOMAIN_STAGES_SYNC_H
#define DOMAIN_STAGES_SYNC_H

#include "domain/stage_work.h"

/* What happened to one stage, for the log. */
enum stages_sync_kind { STAGE_ADOPTED, STAGE_GONE, STAGE_LEFT, STAGE_CHANGED };

struct stages_sync_item {
	enum stages_sync_kind kind;
	struct str arn;
};

/* A stage with a session: participants are there, or were until a moment ago. */
struct stages_session {
	struct str arn, session_id;
};

struct stages_sync {
	struct stages_sync_item *items;
	size_t n_items;
	struct stages_session *sessions; /* of stages of ours */
	size_t n_sessions;
};

/*
 * ListStages (one call per 100 stages of the account), and one GetStage for each adopted, missing
 * or untagged stage. Errors as ivs_list_stages and redis_call: nothing is concluded from a list that
 * did not come.
 */
bool stages_sync(struct stage_work *w, struct stages_sync *ret, struct err *err);

/* Empty: no session runs there. */
struct str stages_session_of(const struct stages_sync *s, struct str arn);

#endif
