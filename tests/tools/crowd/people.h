/*
 * people.h - the viewers: who sits where, whose turn it is, what came of it.
 *
 * A viewer's name is PREFIX-NUMBER, counted from 1 in the order of joining. Things to do are
 * started by the functions below and go on beside each other until people_quiet().
 *
 * The log of acknowledgements has one line for each: "join|rejoin USER STAGE PARTICIPANT SENT ANSWERED",
 * "leave USER STAGE - SENT ANSWERED" and, at the end, for each who was killed "kill USER STAGE
 * PARTICIPANT SENT ANSWERED", the times of his last call that was answered with success. Unix ms;
 * the server's own time of the call lies between the two.
 */
#ifndef CROWD_PEOPLE_H
#define CROWD_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/tools/crowd/count.h"
#include "tests/tools/crowd/http.h"

enum way { WAY_REJOIN, WAY_TOKEN };

/* Ends the program when the log cannot be written. */
void people_open(const char *prefix, const char *ack_log);
/* Stages are taken in turn; without any, the server chooses (by token only). */
bool people_stage(const char *arn);
/* How they come in; whether they rejoin when a heartbeat says 404. */
void people_way(enum way way);
void people_rejoin(bool on);

/* n more join, so many a second; 0: as fast as there are connections. False: too many at once. */
bool people_join(uint32_t n, double rate);
/* Those who sit leave, the first ones first. */
bool people_leave(uint32_t n, double rate);
/* Those who sit are not heard of any more. */
void people_kill(uint32_t n);
/* Each who sits beats once in so many ms, evenly spread; 0: nobody does. */
void people_beat(int64_t interval_ms);

/* What is due goes out. True: somebody will be due soon. */
bool people_turn(void);
/* Everything that was started is done; heartbeats do not count while they go on. */
bool people_quiet(void);
http_answered people_answered;
void people_now(struct people_now *ret);
void people_close(void);

#endif
