/*
 * aws_clock.h - what time it is at AWS.                           layer: aws
 *
 * Read from the Date of its answers, and kept for all processes in Redis, in the round trip that a slot
 * of the call rate costs anyway (limiter.h). What a process has read itself goes before what others
 * tell, for a quarter of an hour.
 */
#ifndef AWS_AWS_CLOCK_H
#define AWS_AWS_CLOCK_H

#include "aws/limiter.h"
#include "io/http.h"

struct aws_clock {
	int64_t since_mono_ms; /* AWS' clock minus clock_mono_ms; 0: not known */
	int64_t read_ms;       /* of clock_mono_ms: when an answer told it; 0: never */
	bool unshared;	       /* the others do not know it yet */
};

/* Ours, while the two differ by no more than three seconds. */
int64_t aws_clock_now_ms(const struct aws_clock *k);

/* An answer to what was sent then, of clock_mono_ms. One with an Age, and a slow one, tell nothing. */
void aws_clock_read(
    struct aws_clock *k, const struct http_response *answer, int64_t sent_ms);
/* The Date of an answer that refused our date, however slow it was. */
void aws_clock_set(struct aws_clock *k, int64_t date_s);
/* "NOW OFFSET" of Redis' clock in ms, as lua/lib/aws_clock.lua answers; anything else: nothing. */
void aws_clock_known(struct aws_clock *k, struct str clock);

/* Before and after the round trip; the latter logs, once for all, that our clock is wrong or right
 * again. */
struct limiter_clock aws_clock_to_share(const struct aws_clock *k);
void aws_clock_shared(struct aws_clock *k, const struct limiter_clock *clock);
/* A process that ends has no further call to tell the clock with. */
void aws_clock_share(struct aws_clock *k, struct limiter *l);

#endif
