/*
 * server.h - HTTP on 127.0.0.1, by libmicrohttpd.
 *
 * One thread per connection: a call held up by a fault then blocks nobody else.
 */
#ifndef EMULATOR_SERVER_H
#define EMULATOR_SERVER_H

#include <stdint.h>

#include "emulator.h"

struct server;

/* Port 0 takes a free one; *ret_port is the one listened on. NULL: reason on stderr. */
struct server *server_open(struct emulator *emu, uint16_t port, uint16_t *ret_port);

/* Ends all connections and waits for their threads. */
void server_close(struct server *sv);

#endif
