/*
 * rules.h - the reference: who sits where, by the words of docs/design.md, section 14.
 *
 * No Redis here, and nothing taken from the scripts. A rule is told what was asked and what was
 * answered, says whether that was right, and changes the show as it must then be. What depends on
 * others is taken from the answer: which stage, whether it was full, whether somebody silent was
 * ended already. All of it lives in memory that the workers share; a person is changed by his
 * own worker, and between rounds by the one who compares.
 *
 * Times in ms. Sessions and participants are numbers; a session's is part of its UUID.
 */
#ifndef MODEL_RULES_H
#define MODEL_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define STAGES 12
#define NOBODY (-1)
#define ANYWHERE (-1)
#define NOWHERE (-2) /* an ARN that is no stage of ours */
#define COMPLAINT_BYTES 400

enum fate { /* of a session number */
	FATE_UNUSED,
	FATE_OPEN,
	FATE_VOID,
	FATE_LEAVE,
	FATE_TIMEOUT,
	FATE_MOVED,
	FATE_KICKED,
	FATE_STAGE_DELETED,
	FATE_NEVER_STARTED,
	FATE_COUNT
};
extern const char *const fate_names[FATE_COUNT]; /* as the rows have them */

enum word { /* what was answered */
	WORD_OK,
	WORD_NONE, /* no seat there; no such stage */
	WORD_GONE,
	WORD_OFFLINE,
	WORD_FULL,
	WORD_BANNED,
};

struct session {
	int64_t joined, left;
	int32_t person, participant; /* participant 0: not known */
	int16_t stage;
	int16_t fate;
};

struct viewer_state {
	int32_t session; /* where he sits; or NOBODY */
	int64_t beat;
	int32_t waiting; /* the session he is about to move away from; or NOBODY */
	int64_t waiting_since;
	int32_t token; /* session whose token is being made; or NOBODY */
	int16_t token_stage;
	bool banned;
};

struct stage {
	char arn[128];
	int32_t seats; /* capacity */
	bool known;    /* in the registry */
	bool gone;     /* deleted, and viewers are told so */
	bool picture, draining;
};

/* What one worker saw on the stages in this round. */
struct round {
	int64_t arrived[STAGES], refused[STAGES];
};

struct show {
	int64_t now, timeout;
	struct stage stages[STAGES]; /* the first is the master */
	struct viewer_state *people;
	struct session *sessions;
	int32_t n_people, n_sessions;
};

struct join_said {
	enum word word;
	int stage;
	int32_t session;
	int64_t joined, viewers;
	bool is_new, moved;
};

/*
 * Each returns false with a complaint if the answer is not one the rules allow. `ret` has
 * COMPLAINT_BYTES.
 */
bool rule_join(struct show *s, struct round *r, int person, int wanted, int32_t session,
    int32_t participant, bool later, const struct join_said *said, char *ret);
bool rule_heartbeat(struct show *s, struct round *r, int person, int stage,
    enum word word, int64_t viewers, char *ret);
bool rule_leave(struct show *s, int person, int stage, bool left, char *ret);
bool rule_confirm(struct show *s, int person, int stage, int32_t session,
    int32_t participant, enum word word, bool noted, char *ret);
/* back: a heartbeat on the stage he had come from found him seated there, right after. */
bool rule_unseat(struct show *s, struct round *r, int person, int stage, int32_t session,
    bool freed, bool back, char *ret);
/* first, second: the sessions that were told of; NOBODY: none. */
bool rule_kick(
    struct show *s, int person, int32_t first, int32_t second, bool freed, char *ret);
void rule_ban(struct show *s, int person, bool banned);
/* Where he waits: unseat may bring him back there. NOWHERE: he does not wait. */
int rule_waits_at(const struct show *s, int person);
/* Unseat is not asked of somebody who is silent and about to move: two ends would be right. */
bool rule_is_silent(const struct show *s, int person);

/* The clean-up ran: who is silent is not there any more. */
void rule_cleanup(struct show *s);
void rule_stage_deleted(struct show *s, int stage);
/* He was not found where he sat: silent for the time-out, or never heard of for 30 s, and somebody
 * needed the seat. False: nobody may have ended him. */
bool rule_was_ended(struct show *s, int person);

/* Seats that nobody can have given up for silence. */
int64_t rule_taken(const struct show *s, int stage);
/* Everybody who might have sat there at one time of this round does not reach its capacity,
 * and yet somebody found it full: false. */
bool rule_refusals(const struct show *s, int stage, int64_t taken_before,
    const struct round *sum, char *ret);

#endif
