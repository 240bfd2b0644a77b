/*
 * listen.h - the socket a program listens on.                     layer: web
 *
 * A service manager may open it and hand it over (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS,
 * LISTEN_FDNAMES). Such a socket outlives the program: connections made during a restart wait for
 * the next program. A socket of our own ends with the program.
 */
#ifndef WEB_LISTEN_H
#define WEB_LISTEN_H

#include <sys/types.h>

#include "base/err.h"

struct listener {
	int fd; /* -1: none */
	/* A socket of our own: where it is in the file system. NULL: it was handed over. */
	const char *path;
	dev_t dev;
	ino_t ino;
};

/* Is this descriptor a socket to accept from? */
bool listen_is_socket(int fd);

/*
 * The socket that a service manager handed to this process; of several the one of this name.
 * None: true, with fd -1. False: what was handed over is of no use.
 */
bool listen_given(const char *name, struct listener *ret, struct err *err);

/*
 * A listening Unix socket at path, mode 0660; a stale one is replaced. Keeps the pointer to
 * path.
 */
bool listen_open(const char *path, int backlog, struct listener *ret, struct err *err);

/*
 * Removes a socket of our own from the file system: new connections are refused at once, while those
 * already made can still be accepted.
 */
void listen_hide(const struct listener *l);

#endif
