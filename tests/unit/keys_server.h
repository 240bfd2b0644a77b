/*
 * keys_server.h - the service of a container or an instance that gives keys, played by a child
 * process: each request gets the next line of a script, whatever it asks; what was asked is kept in
 * *seen. begin() starts a test, given() and says() ask the code under test at the time t.
 */
#ifndef UNIT_KEYS_SERVER_H
#define UNIT_KEYS_SERVER_H

#include "aws/creds_source.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tap.h"
#define COUNT(x) (sizeof(x) / sizeof(*(x)))
#define MINUTE 60000
#define NOW_MS 1795169472000 /* 2026-11-20T10:11:12Z */
#define REQUESTS_MAX 8
#define HEAD(status, n)                                                                  \
	"HTTP/1.1 " status " X\r\nConnection: close\r\nContent-Length: " n "\r\n\r\n"
#define TOKEN HEAD("200", "5") "TOKEN"
#define TOKEN_2 HEAD("200", "7") "SECOND!"
#define ROLE HEAD("200", "7") "my-role"
#define NOT_FOUND HEAD("404", "0")
#define LAPSED HEAD("401", "0")
#define AWAY HEAD("500", "0")
#define SLOW "" /* no answer within a second */
#define WHOLE "HTTP/1.1 200 X\r\nConnection: close\r\n\r\n" /* until the end */
#define KEYS(id, until)                                                                   \
	WHOLE                                                                             \
	"{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"" id               \
	"\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"session\",\"Expiration\":\"" until \
	"\"}"
#define LONG_LIFE "2026-11-20T16:11:12Z"

/* What the child notes for us. */
static struct seen {
	int n;
	char text[REQUESTS_MAX][2048];
} * seen;

static struct {
	pid_t pid;
	char url[64];
} server;

static struct config cfg;
static struct creds *c;
static struct creds_time t;

/* ---- the child ---- */

static void
play(int listener, const char *const *script, int n)
{
	for (int i = 0; i < n; i++) {
		int fd = accept(listener, NULL, NULL);
		char *text = seen->text[i];
		size_t used = 0;
		ssize_t got;

		while (
		    used < sizeof(seen->text[i]) - 1 &&
		    strstr(text, "\r\n\r\n") == NULL &&
		    (got = read(fd, text + used, sizeof(seen->text[i]) - 1 - used)) > 0)
			used += (size_t)got;
		seen->n = i + 1;
		if (script[i][0] == '\0')
			usleep(1300000);
		else if (write(fd, script[i], strlen(script[i])) < 0)
			_exit(1);
		close(fd);
	}
	_exit(0);
}

/* The port refuses who comes when the script is over. */
static void
serve(const char *const *script)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), n = 0;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&at, size) != 0 ||
	    listen(listener, 8) != 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &size) != 0)
		exit(1);
	while (n < REQUESTS_MAX && script[n] != NULL)
		n++;
	memset(seen, 0, sizeof(*seen));
	server.pid = fork();
	if (server.pid == 0)
		play(listener, script, n);
	close(listener);
	snprintf(
	    server.url, sizeof(server.url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	cfg.aws_ec2_metadata_service_endpoint = str_of(server.url);
}

static void
end_server(void)
{
	if (server.pid <= 0)
		return;
	kill(server.pid, SIGKILL);
	waitpid(server.pid, NULL, 0);
	server.pid = 0;
}

/* ---- the parent ---- */

static void
begin(void)
{
	end_server();
	cfg = (struct config){ 0 };
	cfg.aws_profile = STR("default");
	cfg.aws_shared_credentials_file = STR("/nonexistent/credentials");
	cfg.aws_metadata_service_timeout_s = cfg.aws_metadata_service_num_attempts = 1;
	creds_close(c);
	c = creds_open(&cfg);
	t = (struct creds_time){ NOW_MS, 1000 };
}

static void
after(int64_t ms)
{
	t.wall_ms += ms;
	t.mono_ms += ms;
}

static struct err last;

/* "id secret token", or the cause of the error. */
static const char *
given(void)
{
	static char text[400];
	struct sigv4_creds k;

	last = ERR_INIT;
	if (creds_get_at(c, t, &k, &last))
		snprintf(text, sizeof(text), "%.*s %.*s %.*s", STR_ARG(k.access_key_id),
		    STR_ARG(k.secret_access_key), STR_ARG(k.session_token));
	else
		snprintf(text, sizeof(text), "%s", last.cause);
	return text;
}

static void
says(const char *piece, const char *about)
{
	const char *text = given();

	if (!ok(strstr(text, piece) != NULL, "%s", about))
		diag("'%s' is not in '%s'", piece, text);
	ok(strstr(last.cause, "s3cret") == NULL && strstr(last.cause, "session") == NULL,
	    "%s: without a secret", about);
}

static bool
asked(int i, const char *piece)
{
	return i < seen->n && strcasestr(seen->text[i], piece) != NULL;
}

#endif
