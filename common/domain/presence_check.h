/*
 * presence_check.h - do the structures of presence agree?          layer: domain
 *
 * Seats, sessions, the index of who sits where, the stages that may have seats, moves on their
 * way, and the open rows of the history with what waits in the stream: each is held against
 * the others, while the show goes on. What the history says otherwise is looked at a second
 * time, with all records written in between, before it is believed; what one script saw is.
 * Scripts: lua/presence_{look,page,where,mend}.lua.
 */
#ifndef DOMAIN_PRESENCE_CHECK_H
#define DOMAIN_PRESENCE_CHECK_H

#include "io/pg.h"
#include "io/redis.h"

#define PRESENCE_EXAMPLES 3

enum presence_fault {
	FAULT_SEAT_NO_SESSION,
	FAULT_SESSION_NO_SEAT,
	FAULT_INDEX_WRONG,
	FAULT_INDEX_STRAY,
	FAULT_STAGE_UNLISTED,
	FAULT_MOVE_BROKEN,
	FAULT_ROW_NO_SESSION,
	FAULT_SESSION_NO_ROW,
	FAULT_SESSION_ROW_ENDED,
	FAULT_COUNT
};

/* As the scripts name it; what it means, in a sentence's words; what repair does. */
struct presence_fault_text {
	const char *name, *meaning, *mended;
};
extern const struct presence_fault_text presence_fault_texts[FAULT_COUNT];

struct presence_finding {
	int64_t found;	/* by the last look */
	int64_t mended; /* by all of them */
	struct {
		struct str user_id, stage_arn;
	} examples[PRESENCE_EXAMPLES]; /* p == NULL: no more; of the first look */
};

struct presence_report {
	int64_t seats, stages, moves, open_rows;
	int64_t differences, mended; /* sums of the findings */
	struct presence_finding of[FAULT_COUNT];
};

/*
 * Look, and with `mend` mend and look again until nothing is left or nothing more can be done.
 * The report's texts are in `a`. ERR_UPSTREAM: Redis or PostgreSQL is away, or records cannot be
 * written; what was mended until then is.
 */
bool presence_check(struct redis *r, struct pg *pg, struct arena *a, bool mend,
    struct presence_report *ret, struct err *err);

/* Before they answer anybody the programs fill Redis from PostgreSQL again. *ret_was: it was
 * filled before. */
bool presence_reload(struct redis *r, struct arena *a, bool *ret_was, struct err *err);

#endif
