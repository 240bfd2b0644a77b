/*
 * noop - the ceiling: a FastCGI program with the accept loop of web/serve.c (take what is
 * complete, answer) that reads the request, does nothing and answers a constant.
 *
 *   noop SOCKET_PATH
 */
#include <signal.h>
#include <stdio.h>

#include "web/conns.h"
#include "web/listen.h"
#include "base/banned.h"

#define BODY_MAX_BYTES 65536

static const char answer[] = "Status: 200\r\nContent-Type: application/json\r\n"
			     "Content-Length: 16\r\n\r\n{\"success\":true}";

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct conns *cs;
	struct conn *c;
	sigset_t asleep;
	struct listener l;
	bool ok;

	ok = argc == 2 && listen_open(argv[1], 1024, &l, &err);
	if (!ok) {
		fprintf(
		    stderr, "noop: %s\n", argc == 2 ? err.cause : "usage: noop SOCKET");
		return 1;
	}
	sigemptyset(&asleep);
	cs = conns_open(l.fd, BODY_MAX_BYTES, &err);
	for (; cs != NULL; conns_wait(cs, -1, &asleep))
		while ((c = conns_next(cs)) != NULL)
			conns_answer(cs, c, str_of(answer));
	return 1;
}
