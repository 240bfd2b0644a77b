/*
 * noop - the ceiling: a FastCGI program with the accept loop of web/serve.c (take what waits,
 * detach, finish) that reads the request, does nothing and answers a constant.
 *
 *   noop SOCKET_PATH
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/err.h"
#include "web/prefork.h"
#include "base/banned.h"

#define BATCH 16

static const char answer[] = "Status: 200\r\nContent-Type: application/json\r\n"
			     "Content-Length: 16\r\n\r\n{\"success\":true}";

static size_t
accept_waiting(FCGX_Request *requests)
{
	char body[4096];
	size_t n = 0;

	while (n < BATCH && FCGX_Accept_r(&requests[n]) == 0) {
		while (FCGX_GetStr(body, sizeof(body), requests[n].in) == sizeof(body))
			continue;
		n++;
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	static FCGX_Request requests[BATCH];
	struct err err = ERR_INIT;
	size_t n, i;
	int fd, ep;

	fd = argc == 2 ? prefork_listen(argv[1], 1024, &err) : -1;
	if (fd < 0) {
		fprintf(
		    stderr, "noop: %s\n", argc == 2 ? err.cause : "usage: noop SOCKET");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	ep = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	FCGX_Init();
	signal(SIGTERM, SIG_DFL); /* libfcgi has taken it */
	for (i = 0; i < BATCH; i++)
		FCGX_InitRequest(&requests[i], fd, FCGI_FAIL_ACCEPT_ON_INTR);
	while (epoll_wait(ep, &ev, 1, -1) > 0 || errno == EINTR) {
		n = accept_waiting(requests);
		for (i = 0; i < n; i++) {
			FCGX_PutStr(answer, sizeof(answer) - 1, requests[i].out);
			FCGX_Detach(&requests[i]);
			FCGX_Finish_r(&requests[i]);
		}
	}
	return 0;
}
