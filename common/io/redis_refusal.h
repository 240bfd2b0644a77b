/*
 * redis_refusal.h - what an error reply of Redis means.           layer: io
 *
 * An error is the fault of one of our scripts only when the script itself failed (a Lua error, a
 * command in a wrong form) or met data of a wrong type (WRONGTYPE). Every other error is the
 * server's refusal, whatever its word: new versions and managed services bring new ones.
 * Private to io/redis*.c.
 */
#ifndef IO_REDIS_REFUSAL_H
#define IO_REDIS_REFUSAL_H

#include "io/redis.h"

struct redis_refusal {
	bool ours; /* a script of ours failed */
	bool
	    elsewhere; /* another server is the primary: the connection is of no more use */
	enum msg tell; /* for the client; not when it is ours */
	struct str
	    word; /* the first word of the error: "MOVED"; "ERR" when there is none */
};

/* r is of type REPLY_ERROR; the word is a view into it. */
struct redis_refusal redis_refusal_of(const struct reply *r);

#endif
