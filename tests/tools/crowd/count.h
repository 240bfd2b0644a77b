/*
 * count.h - what became of the calls, by phase.
 *
 * A phase is a name the case gives to a stretch of time; an answer belongs to the phase in which
 * its request fell due. For each phase and call there are: how often each status (with the error's
 * code) came, the times, when the first good and the last bad one fell due; and of each second of
 * the whole run how many answers there were of which class.
 */
#ifndef CROWD_COUNT_H
#define CROWD_COUNT_H

#include <stdbool.h>
#include <stdint.h>

enum call { CALL_JOIN, CALL_BEAT, CALL_REJOIN, CALL_LEAVE, CALL_COUNT };

struct answer {
	enum call call;
	int phase;	       /* count_phase_now() when the request fell due */
	int status;	       /* of HTTP; 0: no answer */
	const char *code;      /* of the error in the body, or "" */
	bool retry_after;      /* the answer has that header */
	int64_t due_us, at_us; /* clock_mono_us */
};

void count_begin(void);
/* From here on requests belong to that phase. A name may come again. */
bool count_phase(const char *name);
int count_phase_now(void);
void count_answer(const struct answer *a);

/* Numbers of people that end up in the summary beside the answers. */
struct people_now {
	int64_t acknowledged, seated, killed, left, refused;
	int64_t unsent; /* requests that were due and found no connection to the end */
};
/* Writes the summary, a JSON object, to a file. */
bool count_write(const char *path, const struct people_now *people);

#endif
