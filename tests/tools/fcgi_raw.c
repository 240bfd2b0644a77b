/*
 * fcgi_raw - FastCGI as no web server would speak it.
 *
 *   fcgi_raw SOCKET [ROUNDS] < lines > results
 *
 * A line is "NAME STEP STEP...": one connection. All lines are played at the same time, each by
 * a process of its own, ROUNDS times. Then what came back is printed, a line for each: "NAME
 * RESULT...", where a result is the HTTP status of an answer, "end=N" for the end of a request
 * without one (N: its protocol status), "record=N" for another type, and at the end "closed", or
 * "open" when nothing more came within 3 s. After `close` it is "left".
 *
 * Steps that prepare:   version=N, id=N, pad=N (of the records that follow), drip=MS (from now on
 *                       byte by byte), param=NAME=VALUE, many=N (parameters), request=METHOD,URI,
 *                       key (that of API_SECRET_KEY), zero=NAME (a value with a zero byte)
 * Steps that send:      begin, role=N (a beginning), params, params-by=N (in records of N bytes),
 *                       params-cut=N (without the last N), end-params, text=BODY, body=N (bytes),
 *                       end-body, abort, record=TYPE,LENGTH (and so many zeroes), header=TYPE,LENGTH
 *                       (and nothing), raw=HEX
 * Others:               wait=MS, shut (no more will be sent), close (without reading)
 */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_WAIT_MS 3000
#define PARAMS_BYTES (2u << 20)
#define RESULT_BYTES 200
#define RECORD_MAX 65535u

struct peer {
	int fd;
	long version, id, pad, drip_ms;
	bool gone, left;
	size_t n_params;
	char *params;
};

static const char *socket_path;

static void
die(const char *what)
{
	fprintf(stderr, "fcgi_raw: %s\n", what);
	exit(1);
}

static void
rest_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void
put(struct peer *p, const void *bytes, size_t n)
{
	const char *at = bytes;
	ssize_t sent;

	while (n > 0 && !p->gone) {
		sent = send(p->fd, at, p->drip_ms > 0 ? 1 : n, MSG_NOSIGNAL);
		if (sent <= 0) {
			p->gone = true;
			return;
		}
		at += sent;
		n -= (size_t)sent;
		if (p->drip_ms > 0)
			rest_ms(p->drip_ms);
	}
}

static void
put_header(struct peer *p, long type, size_t n)
{
	const unsigned char h[8] = { (unsigned char)p->version, (unsigned char)type,
		(unsigned char)(p->id >> 8), (unsigned char)p->id,
		(unsigned char)(n >> 8), (unsigned char)n, (unsigned char)p->pad };

	put(p, h, sizeof(h));
}

static void
put_record(struct peer *p, long type, const void *bytes, size_t n)
{
	static const char padding[256];

	put_header(p, type, n);
	put(p, bytes, n);
	put(p, padding, (size_t)p->pad);
}

static void
put_begin(struct peer *p, long role)
{
	const unsigned char body[8] = { (unsigned char)(role >> 8), (unsigned char)role };

	put_record(p, 1, body, sizeof(body));
}

static void
put_stream(struct peer *p, long type, const char *bytes, size_t n, size_t piece)
{
	size_t now;

	for (; n > 0; bytes += now, n -= now) {
		now = n < piece ? n : piece;
		put_record(p, type, bytes, now);
	}
}

static void
put_zeroes(struct peer *p, long type, size_t n)
{
	static const char zeroes[RECORD_MAX];
	size_t now;

	for (; n > 0 && !p->gone; n -= now) {
		now = n < sizeof(zeroes) ? n : sizeof(zeroes);
		put_record(p, type, zeroes, now);
	}
}

static void
put_hex(struct peer *p, char *hex)
{
	char two[3] = "";
	unsigned char byte;

	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		memcpy(two, hex, 2);
		byte = (unsigned char)strtol(two, NULL, 16);
		put(p, &byte, 1);
	}
}

static void
add_length(struct peer *p, size_t n)
{
	p->params[p->n_params++] = (char)(0x80 | n >> 24);
	p->params[p->n_params++] = (char)(n >> 16);
	p->params[p->n_params++] = (char)(n >> 8);
	p->params[p->n_params++] = (char)n;
}

static void
add_param(struct peer *p, const char *name, const char *value, size_t n)
{
	size_t name_n = strlen(name);

	if (p->n_params + name_n + n + 8 > PARAMS_BYTES)
		die("too many parameters");
	add_length(p, name_n);
	add_length(p, n);
	memcpy(p->params + p->n_params, name, name_n);
	memcpy(p->params + p->n_params + name_n, value, n);
	p->n_params += name_n + n;
}

static void
add_pair(struct peer *p, char *pair)
{
	char *eq = strchr(pair, '=');

	if (eq == NULL)
		die("param=NAME=VALUE");
	*eq = '\0';
	add_param(p, pair, eq + 1, strlen(eq + 1));
}

static void
add_many(struct peer *p, long n)
{
	char name[32];

	while (n-- > 0) {
		snprintf(name, sizeof(name), "HTTP_X_%ld", n);
		add_param(p, name, "value of some length", 20);
	}
}

static void
add_request(struct peer *p, char *method)
{
	char *uri = strchr(method, ',');

	if (uri == NULL)
		die("request=METHOD,URI");
	*uri++ = '\0';
	add_param(p, "REQUEST_METHOD", method, strlen(method));
	add_param(p, "REQUEST_URI", uri, strlen(uri));
	add_param(p, "REMOTE_ADDR", "127.0.0.1", 9);
}

static void
add_key(struct peer *p)
{
	const char *keys = getenv("API_SECRET_KEY");

	if (keys == NULL)
		die("API_SECRET_KEY is not set");
	add_param(p, "HTTP_X_API_KEY", keys, strcspn(keys, ","));
}

/* ---- the steps ---- */

static void
do_many(struct peer *p, char *arg)
{
	add_many(p, atol(arg));
}
static void
do_key(struct peer *p, char *arg)
{
	(void)arg;
	add_key(p);
}
static void
do_zero(struct peer *p, char *arg)
{
	add_param(p, arg, "with\0zero", 9);
}
static void
do_begin(struct peer *p, char *arg)
{
	(void)arg;
	put_begin(p, 1);
}
static void
do_role(struct peer *p, char *arg)
{
	put_begin(p, atol(arg));
}
static void
do_params(struct peer *p, char *arg)
{
	(void)arg;
	put_stream(p, 4, p->params, p->n_params, RECORD_MAX);
}
static void
do_params_by(struct peer *p, char *arg)
{
	put_stream(p, 4, p->params, p->n_params, (size_t)atol(arg));
}
static void
do_params_cut(struct peer *p, char *arg)
{
	put_stream(p, 4, p->params, p->n_params - (size_t)atol(arg), RECORD_MAX);
}
static void
do_end_params(struct peer *p, char *arg)
{
	(void)arg;
	put_record(p, 4, NULL, 0);
}
static void
do_text(struct peer *p, char *arg)
{
	put_record(p, 5, arg, strlen(arg));
}
static void
do_body(struct peer *p, char *arg)
{
	put_zeroes(p, 5, (size_t)atol(arg));
}
static void
do_end_body(struct peer *p, char *arg)
{
	(void)arg;
	put_record(p, 5, NULL, 0);
}
static void
do_abort(struct peer *p, char *arg)
{
	(void)arg;
	put_record(p, 2, NULL, 0);
}
static void
do_record(struct peer *p, char *arg)
{
	long type = strtol(arg, &arg, 10), n = *arg == ',' ? atol(arg + 1) : 0;

	if (n == 0)
		put_record(p, type, NULL, 0);
	put_zeroes(p, type, (size_t)n);
}
static void
do_header(struct peer *p, char *arg)
{
	long type = strtol(arg, &arg, 10);

	put_header(p, type, *arg == ',' ? (size_t)atol(arg + 1) : 0);
}
static void
do_wait(struct peer *p, char *arg)
{
	(void)p;
	rest_ms(atol(arg));
}
static void
do_shut(struct peer *p, char *arg)
{
	(void)arg;
	shutdown(p->fd, SHUT_WR);
}
static void
do_close(struct peer *p, char *arg)
{
	(void)arg;
	close(p->fd);
	p->left = true;
}

static const struct {
	const char *name;
	void (*play)(struct peer *p, char *arg); /* NULL: sets a number of the peer */
	size_t number;
} steps[] = {
	{ "version", NULL, offsetof(struct peer, version) },
	{ "id", NULL, offsetof(struct peer, id) },
	{ "pad", NULL, offsetof(struct peer, pad) },
	{ "drip", NULL, offsetof(struct peer, drip_ms) },
	{ "param", add_pair, 0 },
	{ "many", do_many, 0 },
	{ "request", add_request, 0 },
	{ "key", do_key, 0 },
	{ "zero", do_zero, 0 },
	{ "begin", do_begin, 0 },
	{ "role", do_role, 0 },
	{ "params", do_params, 0 },
	{ "params-by", do_params_by, 0 },
	{ "params-cut", do_params_cut, 0 },
	{ "end-params", do_end_params, 0 },
	{ "text", do_text, 0 },
	{ "body", do_body, 0 },
	{ "end-body", do_end_body, 0 },
	{ "abort", do_abort, 0 },
	{ "record", do_record, 0 },
	{ "header", do_header, 0 },
	{ "raw", put_hex, 0 },
	{ "wait", do_wait, 0 },
	{ "shut", do_shut, 0 },
	{ "close", do_close, 0 },
};

static void
play(struct peer *p, char *word)
{
	static char none[1];
	char *arg = strchr(word, '=');
	size_t i;

	if (arg != NULL)
		*arg++ = '\0';
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (strcmp(word, steps[i].name) != 0)
			continue;
		if (steps[i].play != NULL)
			steps[i].play(p, arg != NULL ? arg : none);
		else
			*(long *)((char *)p + steps[i].number) =
			    atol(arg != NULL ? arg : none);
		return;
	}
	die(word);
}

/* ---- what comes back ---- */

/* False: nothing within the time, or the end. */
static bool
get(struct peer *p, void *to, size_t n, const char **ret_end)
{
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };
	char *at = to;
	ssize_t got;

	for (; n > 0; at += got, n -= (size_t)got) {
		if (poll(&fd, 1, ANSWER_WAIT_MS) <= 0) {
			*ret_end = "open";
			return false;
		}
		got = recv(p->fd, at, n, 0);
		if (got <= 0) {
			*ret_end = "closed";
			return false;
		}
	}
	return true;
}

static void
say(char *result, const char *word, long number)
{
	size_t n = strlen(result);

	if (number < 0)
		snprintf(result + n, RESULT_BYTES - n, " %s", word);
	else
		snprintf(result + n, RESULT_BYTES - n, " %s%ld", word, number);
}

static void
listen_to(struct peer *p, char *result)
{
	static char content[RECORD_MAX + 256 + 1];
	bool answered = false;
	unsigned char h[8];
	const char *end = "closed";
	size_t n;

	while (get(p, h, sizeof(h), &end)) {
		n = ((size_t)h[4] << 8 | h[5]) + h[6];
		if (!get(p, content, n, &end))
			break;
		content[n] = '\0';
		if (h[1] == 6 && strncmp(content, "Status: ", 8) == 0) {
			say(result, "", atol(content + 8));
			answered = true;
		} else if (h[1] == 3 && !answered) {
			say(result, "end=", content[4]);
		} else if (h[1] != 6 && h[1] != 3) {
			say(result, "record=", h[1]);
		}
	}
	say(result, end, -1);
}

/* One line, from connecting to the end. */
static void
converse(char *line)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct peer p = { .version = 1, .id = 1, .params = malloc(PARAMS_BYTES) };
	char result[RESULT_BYTES] = "", *save = NULL, *name, *word;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", socket_path);
	p.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p.params == NULL || connect(p.fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		die("cannot connect");
	name = strtok_r(line, " \n", &save);
	while ((word = strtok_r(NULL, " \n", &save)) != NULL && !p.left)
		play(&p, word);
	if (p.left)
		say(result, "left", -1);
	else
		listen_to(&p, result);
	printf("%s%s\n", name, result);
	free(p.params);
}

int
main(int argc, char **argv)
{
	char *line = NULL, **lines = NULL;
	size_t size = 0, n = 0, i;
	long rounds = argc > 2 ? atol(argv[2]) : 1;
	int status, code = 0;

	if (argc < 2)
		die("usage: fcgi_raw SOCKET [ROUNDS] < lines");
	socket_path = argv[1];
	while (getline(&line, &size, stdin) > 0) {
		lines = realloc(lines, (n + 1) * sizeof(*lines));
		if (lines == NULL || (lines[n++] = strdup(line)) == NULL)
			die("no memory");
	}
	while (rounds-- > 0) {
		for (i = 0; i < n; i++) {
			if (fork() != 0)
				continue;
			converse(lines[i]);
			fflush(stdout);
			_exit(0);
		}
		while (wait(&status) > 0)
			code |= status;
	}
	for (i = 0; i < n; i++)
		free(lines[i]);
	free(lines);
	free(line);
	return code != 0;
}
