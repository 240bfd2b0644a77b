/*
 * inject - each payload in each place of each request.
 *
 *   inject SOCKET_FOLDER PAYLOADS < templates > results
 *
 * Payloads: tests/data/injection.txt. A template is a line of fields with tabs between them:
 *
 *   NAME  PROGRAM  METHOD  URI  BODY  PARAMETER
 *
 * in which {uri} stands for the payload percent-encoded, {raw} for its bytes, {json} for it in a
 * JSON string, {n} for its number. A PARAMETER gets its bytes; "-" is none, as a BODY it is none,
 * too. Requests go straight to the programs over FastCGI: no web server cleans them. A zero byte
 * ends a parameter, as in CGI.
 *
 * A result is a line of fields with tabs between them:
 *
 *   NAME  NUMBER  STATUS  HEADERS  PAYLOAD  BODY
 *
 * HEADERS is "ok" or the first line of the head that should not be there; PAYLOAD is JSON, null
 * unless it is of the kind `text`. Requests of different programs go side by side.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIELDS 6
#define PAYLOADS_MAX 1000
#define TEXT_BYTES 65000
#define ANSWER_BYTES (2u << 20)
#define RESULTS_BYTES (8u << 20)

enum kind { KIND_TEXT, KIND_BYTES, KIND_JSON, KIND_COUNT };

struct payload {
	enum kind kind;
	char *p;
	size_t n;
};

struct text {
	char p[TEXT_BYTES];
	size_t n;
};

static const char *const kinds[KIND_COUNT] = { "text ", "bytes ", "json " };
static struct payload payloads[PAYLOADS_MAX];
static int n_payloads;
static const char *folder;
static char answer[ANSWER_BYTES];

static void
die(const char *what)
{
	fprintf(stderr, "inject: %s\n", what);
	exit(1);
}

/* ---- payloads ---- */

static int
hex(const char *p)
{
	char two[3] = { p[0], p[0] != '\0' ? p[1] : '\0', '\0' };

	return (int)strtol(two, NULL, 16);
}

/* In place. */
static size_t
unescape(char *p)
{
	static const char from[] = "rnt\\", to[] = "\r\n\t\\";
	const char *at;
	char *out = p;
	size_t n = 0;

	for (; *p != '\0'; p++) {
		if (*p != '\\') {
			out[n++] = *p;
			continue;
		}
		p++;
		at = strchr(from, *p);
		if (*p == 'x') {
			out[n++] = (char)hex(p + 1);
			p += 2;
		} else if (*p != '\0' && at != NULL) {
			out[n++] = to[at - from];
		} else {
			die("an escape nobody knows");
		}
	}
	out[n] = '\0';
	return n;
}

static void
read_payloads(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int k;

	if (f == NULL)
		die(path);
	while (getline(&line, &size, f) > 0) {
		struct payload *to = &payloads[n_payloads];

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		for (k = 0; k < KIND_COUNT; k++)
			if (strncmp(line, kinds[k], strlen(kinds[k])) == 0)
				break;
		if (k == KIND_COUNT || n_payloads == PAYLOADS_MAX)
			die("a line must be: text, bytes or json, and a payload");
		to->kind = (enum kind)k;
		to->p = strdup(line + strlen(kinds[k]));
		to->n = unescape(to->p);
		n_payloads++;
	}
	free(line);
	fclose(f);
}

/* ---- putting them in ---- */

static void
add(struct text *t, const void *p, size_t n)
{
	if (t->n + n >= sizeof(t->p))
		die("a request is too long");
	memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = '\0';
}

static void
add_uri(struct text *t, const struct payload *of)
{
	char three[4];
	size_t i;

	for (i = 0; i < of->n; i++) {
		snprintf(three, sizeof(three), "%%%02X", (unsigned char)of->p[i]);
		add(t, three, 3);
	}
}

static void
add_json(struct text *t, const struct payload *of)
{
	char six[7];
	size_t i;

	for (i = 0; i < of->n; i++) {
		unsigned char c = (unsigned char)of->p[i];

		if (of->kind != KIND_JSON && (c < 0x20 || c == '"' || c == '\\')) {
			snprintf(six, sizeof(six), "\\u%04x", c);
			add(t, six, 6);
		} else {
			add(t, &c, 1);
		}
	}
}

static void
fill(const char *from, int number, struct text *to)
{
	const struct payload *of = &payloads[number];
	char digits[16];

	to->n = 0;
	to->p[0] = '\0';
	snprintf(digits, sizeof(digits), "%d", number);
	while (*from != '\0') {
		if (strncmp(from, "{uri}", 5) == 0) {
			add_uri(to, of);
			from += 5;
		} else if (strncmp(from, "{raw}", 5) == 0) {
			add(to, of->p, of->n);
			from += 5;
		} else if (strncmp(from, "{json}", 6) == 0) {
			add_json(to, of);
			from += 6;
		} else if (strncmp(from, "{n}", 3) == 0) {
			add(to, digits, strlen(digits));
			from += 3;
		} else {
			add(to, from++, 1);
		}
	}
}

/* ---- FastCGI ---- */

static void
add_record(struct text *t, int type, const void *p, size_t n)
{
	const unsigned char header[8] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(n >> 8), (unsigned char)n };

	add(t, header, sizeof(header));
	add(t, p, n);
}

static void
add_param(struct text *t, const char *name, const char *value, size_t n)
{
	size_t name_n = strlen(name);
	const unsigned char lengths[5] = { (unsigned char)name_n, 0x80,
		(unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n };

	add(t, lengths, sizeof(lengths));
	add(t, name, name_n);
	add(t, value, n);
}

static void
add_cstr(struct text *t, const char *name, const char *value)
{
	add_param(t, name, value, strlen(value));
}

static void
add_secret(struct text *t, const char *name, const char *variable)
{
	const char *value = getenv(variable);

	if (value == NULL)
		die(variable);
	add_param(t, name, value, strcspn(value, ","));
}

static void
make_params(char *const *field, int number, struct text *to)
{
	static struct text uri;

	to->n = 0;
	fill(field[3], number, &uri);
	add_cstr(to, "REQUEST_METHOD", field[2]);
	add_cstr(to, "REQUEST_URI", uri.p);
	add_cstr(to, "REMOTE_ADDR", "127.0.0.1");
	add_cstr(to, "CONTENT_TYPE", "application/json");
	if (strcmp(field[5], "HTTP_X_API_KEY") != 0)
		add_secret(to, "HTTP_X_API_KEY", "API_SECRET_KEY");
	if (strcmp(field[5], "HTTP_X_INTERNAL_SECRET") != 0)
		add_secret(to, "HTTP_X_INTERNAL_SECRET", "INTERNAL_SECRET");
	if (strcmp(field[5], "-") != 0)
		add_cstr(to, field[5], payloads[number].p);
}

static void
make_request(char *const *field, int number, struct text *to)
{
	static const char begin[8] = { 0, 1 };
	static struct text params, body;

	to->n = 0;
	make_params(field, number, &params);
	fill(strcmp(field[4], "-") == 0 ? "" : field[4], number, &body);
	add_record(to, 1, begin, sizeof(begin));
	add_record(to, 4, params.p, params.n);
	add_record(to, 4, "", 0);
	if (body.n > 0)
		add_record(to, 5, body.p, body.n);
	add_record(to, 5, "", 0);
}

/* All that comes, to the end, into `answer` without its headers. */
static size_t
exchange(const char *program, const struct text *request)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = 0, from, to, len;
	ssize_t got;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s.sock", folder, program);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    send(fd, request->p, request->n, MSG_NOSIGNAL) != (ssize_t)request->n)
		die("cannot reach the program");
	while (n < sizeof(answer) - 1 &&
	       (got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0)) > 0)
		n += (size_t)got;
	close(fd);
	for (from = to = 0; from + 8 <= n; from += len) {
		const unsigned char *h = (unsigned char *)answer + from;
		bool out = h[1] == 6;

		len = (size_t)h[4] << 8 | h[5];
		from += 8;
		if (!out || from + len > n)
			continue;
		memmove(answer + to, answer + from, len);
		to += len;
	}
	answer[to] = '\0';
	return to;
}

/* ---- what came back ---- */

static bool
known(const char *line, size_t n)
{
	static const char *const names[] = { "Status", "Content-Type", "Content-Length",
		"Cache-Control", "X-Content-Type-Options", "X-Request-Id", "Retry-After",
		"Allow", "Vary", "Access-Control-Allow-Origin",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
		"Access-Control-Expose-Headers", "Access-Control-Max-Age",
		"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset" };
	const char *colon = memchr(line, ':', n);
	size_t i;

	for (i = 0; colon != NULL && i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == (size_t)(colon - line) &&
		    strncasecmp(names[i], line, (size_t)(colon - line)) == 0)
			return memchr(line, '\r', n) == NULL;
	return false;
}

/* Prints the HEADERS field and returns where the body begins. */
static const char *
check_head(void)
{
	const char *line = answer, *end;

	for (; (end = strstr(line, "\r\n")) != NULL && end != line; line = end + 2) {
		if (known(line, (size_t)(end - line)))
			continue;
		printf("%.*s\t", (int)(end - line), line);
		return "";
	}
	printf("%s\t", end == NULL ? "no end" : "ok");
	return end == NULL ? "" : end + 2;
}

static void
print_result(const char *name, int number, size_t n)
{
	static struct text payload;
	const char *body;

	printf("%s\t%d\t%.*s\t", name, number, 3,
	    n > 11 && strncmp(answer, "Status: ", 8) == 0 ? answer + 8 : "000");
	body = check_head();
	payload.n = 0;
	payload.p[0] = '\0';
	if (payloads[number].kind == KIND_TEXT)
		add_json(&payload, &payloads[number]);
	if (payload.n > 0)
		printf("\"%s\"\t", payload.p);
	else
		printf("null\t");
	/* Prometheus' text has lines; nothing else does. */
	for (; *body != '\0'; body++)
		if (*body != '\n')
			putchar(*body);
	putchar('\n');
}

static void
play(char *const *field)
{
	static struct text request;
	int i;

	for (i = 0; i < n_payloads; i++) {
		make_request(field, i, &request);
		print_result(field[0], i, exchange(field[1], &request));
	}
}

/* One template, by a process of its own; its results stay together. */
static void
start(char *line)
{
	static char results[RESULTS_BYTES];
	char *field[FIELDS], *save = NULL;
	int i;

	line[strcspn(line, "\n")] = '\0';
	for (i = 0; i < FIELDS; i++)
		if ((field[i] = strtok_r(i == 0 ? line : NULL, "\t", &save)) == NULL)
			die("a template must have six fields");
	if (fork() != 0)
		return;
	/* In one piece, or the lines of two would mingle. */
	setvbuf(stdout, results, _IOFBF, sizeof(results));
	play(field);
	fflush(stdout);
	_exit(0);
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t size = 0;
	int status, code = 0, running = 0, i;

	if (argc != 3)
		die("usage: inject SOCKET_FOLDER PAYLOADS < templates");
	folder = argv[1];
	read_payloads(argv[2]);
	while (getline(&line, &size, stdin) > 0) {
		/* A few at a time. */
		if (running == 4 && wait(&status) > 0) {
			code |= status;
			running--;
		}
		start(line);
		running++;
	}
	while (wait(&status) > 0)
		code |= status;
	for (i = 0; i < n_payloads; i++)
		free(payloads[i].p);
	free(line);
	return code != 0;
}
