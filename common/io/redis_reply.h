/*
 * redis_reply.h - replies built by hiredis' reader in an arena.   layer: io
 *
 * Private to io/redis*.c. The reader calls our functions instead of allocating
 * redisReply trees; reader->privdata is the arena of the reply at hand.
 */
#ifndef IO_REDIS_REPLY_H
#define IO_REDIS_REPLY_H

#include <hiredis/hiredis.h>

#include "io/redis.h"

/* NULL: no memory. */
redisReader *reply_reader_new(void);

/* {'COLD'}, and what the loading waits for. */
struct reply *reply_cold_new(struct arena *a, bool waits_for_postgres);

#endif
