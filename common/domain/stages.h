/*
 * stages.h - the registry of our stages.                          layer: domain
 *
 * Hash `stages` in Redis: arn -> JSON (lua/lib/stages.lua lists the members). The master
 * stage exists because the settings name it; its name and endpoints are read once from
 * AWS and kept. Nobody else's stage is ever in here.
 */
#ifndef DOMAIN_STAGES_H
#define DOMAIN_STAGES_H

#include "aws/ivs.h"
#include "base/json.h"
#include "domain/publisher.h"
#include "io/redis.h"

struct stage {
	struct str arn, short_id; /* short id: the part after "stage/" */
	struct str name;	  /* p == NULL: not read from AWS yet */
	struct str session_id; /* of the session that ran at the last pass; empty: none */
	struct str json;       /* the whole entry, borrowed; empty: there is none */
	bool master, auto_scaled;
	bool read;	       /* from AWS: name and endpoints are known */
	int64_t max_viewers;   /* 0: MAX_VIEWERS_PER_STAGE */
	int64_t created_at_ms; /* 0: not known */
	struct str state;      /* "active" unless the registry says otherwise */
	struct str events_endpoint, whip_endpoint; /* empty: not known */
	json_t *tags;				   /* an object */
	int64_t viewers_now;
	struct str aws_clock; /* of stages_get_answer, for ivs_clock_known; empty: none */
	/* where its picture comes from; the master's is the publisher's own */
	struct str replica_participant, replica_source; /* empty: not replicated */
	int64_t replica_since_ms;
	bool replica_on; /* AWS lists it as active */
	bool no_replica; /* stopped by hand: not to be replicated */
	bool direct_on;	 /* somebody publishes straight there */
	bool picture;	 /* the operator says so */
};

/* From one registry entry; bad or empty JSON gives what the ARN and the settings tell. */
void stage_from_json(
    const struct config *cfg, struct str arn, struct str json, struct stage *ret);

/* Everything the numbers are made of, in one script call. */
struct show {
	struct publisher_known publisher;
	struct str publisher_json;
	struct str keeper_json; /* what the keeper said last (keeper.h); empty: nothing */
	struct stage *stages;	/* the master first, then by ARN */
	size_t n_stages;
	int64_t total_viewers;
	bool viewers_known; /* false: nobody refreshes the numbers of viewers */
};

/*
 * The call is refused (MSG_STALE) while nobody refreshes who is watching; anyway: it is not, for who
 * decides or repairs, and the operator.
 */
void stages_show_ask(struct redis_call *c, bool anyway);
void stages_show_answer(const struct config *cfg, const struct reply *reply,
    struct arena *a, struct show *ret);
/* For people, where the numbers of viewers are told all the same. */
#define VIEWERS_OLD                                                                        \
	"not current: nothing has refreshed the numbers of viewers for over 10 s; do the " \
	"programs of viewer run?"
/* NULL when it is none of ours. */
const struct stage *show_find(const struct show *show, struct str arn);

void stages_get_ask(struct redis_call *c, struct str arn);
/* The same for its number of viewers: refused (MSG_STALE) while nobody refreshes it. */
void stages_get_viewers_ask(struct redis_call *c, struct str arn);
/* The same for somebody who wants a token for it. */
void stages_get_for_ask(struct redis_call *c, struct str arn, struct str user_id);
/* ERR_NOT_FOUND with MSG_NO_STAGE; ERR_FORBIDDEN with MSG_BANNED. */
bool stages_get_answer(const struct config *cfg, const struct reply *reply,
    struct str arn, struct stage *ret, struct err *err);

/*
 * Read the stage from AWS, keep it in the registry, fill ret. For a stage whose name or
 * endpoints are not known yet. Errors as ivs_get_stage and redis_call; ERR_NOT_FOUND with
 * MSG_NO_STAGE: it has left the registry.
 */
bool stages_load(const struct config *cfg, struct redis *r, struct ivs *ivs,
    struct arena *a, struct str arn, struct stage *ret, struct err *err);

#endif
