/*
 * world.h - what the processes of the model test share, and the names of things.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include "domain/presence.h"
#include "tests/tools/model/rules.h"

#define WORKERS 8
#define BATCH 16 /* as many calls in a round trip as the programs put into one */

enum op {
	OP_JOIN,    /* of somebody without a seat */
	OP_MOVE,    /* of somebody with one, of another stage */
	OP_REFRESH, /* of the seat he has: another token */
	OP_REPEAT,  /* the same join twice, as after a lost answer */
	OP_BEAT,
	OP_LEAVE,
	OP_CONFIRM,
	OP_UNSEAT,
	OP_KICK,
	OP_BAN, /* or take it back */
	OP_COUNT
};
extern const char *const op_names[OP_COUNT];

struct world {
	struct show show;
	struct round rounds[WORKERS];
	int64_t steps[WORKERS][OP_COUNT];
	uint64_t seed, run; /* run: makes ids new that a seed would repeat */
	int64_t round;
	int64_t drained;
	int drain_stop;
	char complaint[COMPLAINT_BYTES * 2]; /* the first; "" = none */
};

/* In memory that children share. */
struct world *world_new(int32_t people, int32_t sessions);
void *world_shared(size_t bytes);

/* Ids. The second two read one; NOBODY: it is none of ours. */
struct str world_user(const struct world *w, struct arena *a, int person);
struct str world_session(const struct world *w, struct arena *a, int32_t session);
struct str world_participant(struct arena *a, int32_t participant);
int32_t world_read_user(const struct world *w, struct str text);
int32_t world_read_session(const struct world *w, struct str text);
int world_read_stage(const struct world *w, struct str arn);
struct str world_arn(const struct world *w, int stage); /* also of NOWHERE */

/* Good enough to choose with, the same for the same seed. */
struct dice {
	uint64_t state;
};
uint64_t dice_roll(struct dice *d);
int32_t dice_below(struct dice *d, int32_t n);
bool dice_percent(struct dice *d, int percent);

/* The first complaint is kept. */
void world_complain(struct world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* steps.c: `steps` steps of one worker in this round. False: complained. */
struct worker;
struct worker *worker_open(struct world *w, const struct config *cfg, int number);
bool worker_round(struct worker *k, int64_t steps);
void worker_close(struct worker *k);

/* compare.c: the stores as other programs see them, against the show. */
struct stores;
struct stores *stores_open(const struct config *cfg);
void stores_close(struct stores *st);
bool stores_begin(struct stores *st, struct world *w, const struct config *cfg);
/* Seats, sessions, index, moves. ret_seats[STAGES]. */
bool stores_compare(struct stores *st, struct world *w, int64_t *ret_seats);
/* The rows, when all is drained. ret_rows: how many. */
bool stores_compare_rows(
    struct stores *st, struct world *w, const struct config *cfg, int64_t *ret_rows);

/* How often each session ends in the stream; ends[sessions]. For when nobody drains. */
bool stores_count_ends(struct stores *st, struct world *w, char *ends);

/* stagehand.c: stages, the publisher and the clean-up, by the scripts and at the show's time. */
struct stagehand {
	struct world *w;
	const struct config *cfg;
	struct redis *redis;
	struct arena arena;
};
void stagehand_open(struct stagehand *h, struct world *w, const struct config *cfg);
void stagehand_close(struct stagehand *h);
bool stagehand_begin(struct stagehand *h); /* all stages, and a publisher */
bool stagehand_make(struct stagehand *h, int stage);
bool stagehand_change(struct stagehand *h, int stage, const char *members);
bool stagehand_delete(struct stagehand *h, int stage);
bool stagehand_publisher(struct stagehand *h, bool live);
bool stagehand_clean_up(struct stagehand *h);
/* All records written; none is left or dead. */
bool stagehand_settle(struct stagehand *h);
/* One call at the show's time; a failure is complained of. */
bool stagehand_call(struct stagehand *h, struct redis_call *c);

/* session NOBODY: any. */
void world_leave_ask(
    const struct world *w, struct redis_call *c, int person, int stage, int32_t session);

/* Of sessions that the ban told of; NOBODY: none. */
void world_kick_ask(const struct world *w, struct redis_call *c, int person,
    int32_t first, int32_t second);

/* The three tests, each with a command of its own; they print their figures. */
int model_steps(const struct config *cfg, int argc, char **argv);
int model_races(const struct config *cfg, int argc, char **argv);
int model_tables(const struct config *cfg, int argc, char **argv);

#endif
