/*
 * publisher.h - who publishes, and how we know.                   layer: domain
 *
 * One state machine, lua/publisher_note.lua, decides whether the show is live and who its
 * publisher is; lib/publisher.lua lists its keys. It is told four kinds of things, here from
 * the one believed most: what AWS lists, events of EventBridge, the operator's word, and
 * that a token was made. Each is one script that may be repeated. *_ask fills the call,
 * publisher_news reads any of their replies. Input is borrowed until the call was run;
 * results live as long as the reply.
 *
 * Who may have a seat follows from it in the same instant: lua/lib/stages.lua, has_picture.
 */
#ifndef DOMAIN_PUBLISHER_H
#define DOMAIN_PUBLISHER_H

#include "aws/ivs.h"
#include "base/json.h"
#include "io/redis.h"

enum publisher_verdict {
	PUBLISHER_NOTED,
	PUBLISHER_NOT_OURS, /* no stage of ours */
	PUBLISHER_OUTDATED, /* something newer is known of him */
	PUBLISHER_LATE,	    /* over five minutes old: noted, not acted upon */
	PUBLISHER_AHEAD,    /* over five minutes in the future: not noted */
	PUBLISHER_UNUSED,   /* nothing follows from it */
};

/*
 * What is known, and how well. After two minutes without news and without a look at AWS (four passes of
 * autoscale) the state is unknown, beside what was known last.
 */
struct publisher_known {
	bool live;	  /* as known last */
	struct str state; /* "live", "offline" or "unknown" */
	int64_t age_ms; /* since it was learnt; -1: nobody ever said anything, or when */
};

/* true, false, or null for unknown: what is not known is not told as live. */
json_t *publisher_live_json(const struct publisher_known *k);
/* {state, lastKnown, ageSeconds (null: not known)} */
json_t *publisher_known_json(const struct publisher_known *k);
/* The same for people: "live", "not live", or unknown and what was known last. */
struct str publisher_known_text(struct arena *a, const struct publisher_known *k);

struct publisher_news {
	enum publisher_verdict verdict;
	bool live; /* as known.live */
	struct publisher_known known;
	struct str participant_id; /* of who is live; empty: nobody, or not known */
	/*
	 * Status, participant, whether and since when he publishes, or who publishes
	 * straight to another stage: replicas may have to follow. Also true when the call went
	 * out twice and the first answer was lost.
	 */
	bool changed;
	bool look; /* this does not settle it: ask AWS (publisher_observe) */
	/* Live or not, or who is live, differs by this call: for the log, once for all processes. */
	bool turned;
	struct str source; /* aws eventbridge hand token */
	struct str
	    participant; /* who is live or, while offline, who was; empty: not known */
	int64_t age_ms;	 /* since what was told happened; -1: not known */
};

/*
 * A token for publishing was made. He becomes the live publisher of the master stage unless
 * another one is live there by a better source than a token nobody has used.
 */
void publisher_token_ask(struct redis_call *c, struct str stage_arn,
    struct str participant_id, struct str user_id);
/* ERR_FORBIDDEN with MSG_BANNED: the person was banned meanwhile, and nothing was recorded. */
bool publisher_token_answer(const struct reply *reply, struct err *err);

/* The operator says whether the show is live. */
void publisher_hand_ask(struct redis_call *c, bool live);

enum publisher_what {
	PUBLISHER_ON,
	PUBLISHER_OFF,
	PUBLISHER_FAILED,     /* could not publish */
	PUBLISHER_REPLICA_END /* his replica on stage_arn is over */
};

struct publisher_event {
	enum publisher_what what;
	struct str stage_arn, participant_id;
	struct str user_id; /* as IVS knows him */
	int64_t at_ms;	    /* when it happened, Unix ms */
};

void publisher_event_ask(struct redis_call *c, const struct publisher_event *e);

#define PUBLISHER_FAULTS_MAX 8

/* What is wrong with a body; why == MSG_NONE: the field is missing. */
struct publisher_faults {
	struct {
		const char *field;
		enum msg why;
	} v[PUBLISHER_FAULTS_MAX];
	size_t n;
};

/*
 * One event as Amazon EventBridge sends it ("IVS Stage Update" of aws.ivs). False with
 * faults->n == 0: well, but of no use here. Text is a view of the body. (publisher_event.c)
 */
bool publisher_event_parse(
    const json_t *body, struct publisher_event *ret, struct publisher_faults *faults);

/* One who published at some time in the present session of a stage. */
struct publisher_seen {
	struct str participant_id;
	struct str user_id; /* as IVS knows him */
	bool on;
	int64_t since_ms; /* of the last start or stop; 0: not known */
};

/*
 * What AWS lists of a whole stage, n may be 0. began_ms: when the reading began, by the
 * clock of Redis; who is on by an event learnt after that stays on. JSON is built: the
 * call's arena must be that of json_use.
 */
void publisher_aws_ask(struct redis_call *c, const struct config *cfg,
    struct str stage_arn, int64_t began_ms, const struct publisher_seen *seen, size_t n);

void publisher_news(const struct redis_call *c, struct publisher_news *ret);
/* One line when the encoder has come, gone or been replaced; none otherwise. (publisher_log.c) */
void publisher_log(const struct publisher_news *n);

/* ---- reading ---- */

struct publisher {
	bool live; /* as known.live */
	struct publisher_known known;
	/* Who is live or, while offline, who was; empty: not known. */
	struct str participant_id, user_id, stage_arn;
	int64_t joined_at_ms; /* 0: not known */
	struct str source;    /* aws eventbridge hand token; empty: never heard of */
	int64_t since_ms;     /* live or offline with this participant; 0: not known */
	int64_t now_ms;	      /* clock of Redis */
};

void publisher_read_ask(struct redis_call *c);
void publisher_read_answer(const struct reply *reply, struct publisher *ret);

/*
 * What publisher_known_json gives, hasPublisher as publisher_live_json, and publisherInfo {participantId,
 * stageArn, userId, joinedAt}: null when nobody known is live, or when it is not known whether.
 */
json_t *publisher_info_json(const struct publisher *p);

/* ---- asking AWS (publisher_observe.c: only who calls it is linked with AWS) ---- */

/*
 * Read from AWS who publishes on a stage of ours and note it. active_session_id: as
 * ListStages or GetStage gave it, empty when no session runs; p == NULL: not known, costs
 * a GetStage. One ListParticipants, and one ListParticipantEvents for each who is connected
 * and ever published. On failure nothing is known and nothing was changed: the caller logs
 * a warning and goes on. Errors as ivs_* and redis_call.
 */
bool publisher_observe(struct redis *r, struct ivs *ivs, struct arena *a,
    const struct config *cfg, struct str stage_arn, struct str active_session_id,
    struct publisher_news *ret, struct err *err);

#endif
