/*
 * What goes out to CloudWatch, and lists that do not end: against a server of our own on
 * loopback, since the emulator plays neither.
 */
#include <arpa/inet.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aws/cloudwatch.h"
#include "aws/ivs_read.h"
#include "tap.h"
#include "base/banned.h"

#define REQUEST_MAX_BYTES (4u << 20)
#define AHEAD_S 3600 /* AWS' clock against ours, where it differs */

/* Shared with the server process. */
static struct {
	int requests, fail_at; /* the fail_at-th (from 1) is refused */
	bool pages;
	int skewed;	/* the first so many are refused for their date */
	size_t largest; /* bytes of a body */
	size_t n;	/* of the last request */
	char text[REQUEST_MAX_BYTES];
} * seen;

static struct config cfg;
static struct ivs *ivs;
static struct arena arena;
static char url[64];

static size_t
body_bytes(const char *text)
{
	const char *p = strcasestr(text, "\r\ncontent-length:");

	return p != NULL ? strtoul(p + 17, NULL, 10) : 0;
}

static void
read_request(int fd)
{
	const char *end = NULL;
	ssize_t got;

	seen->n = 0;
	for (;;) {
		got = read(fd, seen->text + seen->n, REQUEST_MAX_BYTES - 1 - seen->n);
		if (got <= 0)
			return;
		seen->n += (size_t)got;
		seen->text[seen->n] = '\0';
		end = strstr(seen->text, "\r\n\r\n");
		if (end != NULL &&
		    seen->n >= (size_t)(end - seen->text) + 4 + body_bytes(seen->text))
			break;
	}
	if (body_bytes(seen->text) > seen->largest)
		seen->largest = body_bytes(seen->text);
	seen->requests++;
}

static void
answer(int fd)
{
	char body[200] = "", out[500], date[64];
	bool skewed = seen->requests <= seen->skewed;
	bool fail = seen->requests == seen->fail_at || skewed;
	time_t ahead = time(NULL) + AHEAD_S;
	struct tm tm;
	ssize_t done;
	int n;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&ahead, &tm));
	if (skewed)
		snprintf(body, sizeof(body), "{\"__type\":\"RequestTimeTooSkewed\"}");
	else if (fail)
		snprintf(body, sizeof(body),
		    "{\"__type\":\"com.amazonaws.cloudwatch#InvalidParameterValue"
		    "Exception\",\"message\":\"no\"}");
	else if (seen->pages)
		snprintf(body, sizeof(body),
		    "{\"things\":[{\"id\":\"t%d\"}],\"nextToken\":\"token-%d\"}",
		    seen->requests, seen->requests);
	n = snprintf(out, sizeof(out),
	    "HTTP/1.1 %d x\r\nContent-Length: %zu\r\nConnection: close\r\n"
	    "x-amzn-RequestId: rid-%d\r\n%s%s%s\r\n%s",
	    fail ? 400 : 200, strlen(body), seen->requests, skewed ? "Date: " : "",
	    skewed ? date : "", skewed ? "\r\n" : "", body);
	done = write(fd, out, (size_t)n);
	(void)done;
}

static pid_t
serve(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int s = socket(AF_INET, SOCK_STREAM, 0), fd;
	pid_t pid;

	if (s < 0 || bind(s, (struct sockaddr *)&at, len) != 0 || listen(s, 64) != 0 ||
	    getsockname(s, (struct sockaddr *)&at, &len) != 0)
		exit(1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	pid = fork();
	if (pid != 0) {
		close(s);
		return pid;
	}
	while ((fd = accept(s, NULL, NULL)) >= 0) {
		read_request(fd);
		answer(fd);
		close(fd);
	}
	_exit(0);
}

static void
forget(void)
{
	seen->requests = seen->fail_at = seen->skewed = 0;
	seen->largest = 0;
	seen->pages = false;
	arena_wipe(&arena);
}

static const struct cloudwatch_dimension dims[] = { { STR("Show"), STR("prod") },
	{ STR("Stage"), STR("aBc") } };

static bool
put(const struct cloudwatch_datum *data, size_t n, size_t *ret_sent, struct err *err)
{
	return cloudwatch_put(
	    ivs, &arena, STR("IVS/Test"), dims, 2, data, n, ret_sent, err);
}

static const char *
text_at(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : "";
}

static void
test_head(void)
{
	ok(strncmp(seen->text, "POST / HTTP/1.1\r\n", 17) == 0, "POST /");
	ok(strcasestr(seen->text, "\r\nx-amz-target: GraniteServiceVersion20100801."
				  "PutMetricData\r\n") != NULL,
	    "the target");
	ok(strcasestr(seen->text, "\r\ncontent-type: application/x-amz-json-1.0\r\n") !=
		NULL,
	    "the content type");
	ok(strstr(seen->text, "/eu-west-1/monitoring/aws4_request") != NULL,
	    "signed for monitoring");
	ok(strstr(seen->text, "SignedHeaders=content-type;host;x-amz-date;"
			      "x-amz-security-token;x-amz-target,") != NULL,
	    "the target is signed");
}

static void
test_put(void)
{
	const struct cloudwatch_datum data[] = {
		{ .name = "Viewers",
		    .unit = CLOUDWATCH_COUNT,
		    .value = 12.5,
		    .at_ms = 1795169472999 },
		{ .name = "Answer",
		    .unit = CLOUDWATCH_MILLISECONDS,
		    .samples = 4,
		    .sum = 10,
		    .min = 1,
		    .max = 4 },
	};
	struct err err = ERR_INIT;
	const json_t *a, *b, *s;
	json_t *body;
	size_t sent = 9;

	forget();
	ok(put(data, 2, &sent, &err) && sent == 2 && seen->requests == 1,
	    "two data, one call; an empty 200 is success");
	test_head();
	body = json_loads(strstr(seen->text, "\r\n\r\n") + 4, 0, NULL);
	a = json_array_get(json_object_get(body, "MetricData"), 0);
	b = json_array_get(json_object_get(body, "MetricData"), 1);
	s = json_object_get(b, "StatisticValues");
	is_text(text_at(body, "Namespace"), "IVS/Test", "the namespace");
	ok(strcmp(text_at(a, "MetricName"), "Viewers") == 0 &&
		strcmp(text_at(a, "Unit"), "Count") == 0 &&
		json_real_value(json_object_get(a, "Value")) > 12.4 &&
		json_integer_value(json_object_get(a, "Timestamp")) == 1795169472,
	    "a value, with seconds since 1970");
	ok(json_object_get(b, "Value") == NULL &&
		json_object_get(b, "Timestamp") == NULL &&
		json_number_value(json_object_get(s, "SampleCount")) > 3.9 &&
		json_number_value(json_object_get(s, "Sum")) > 9.9 &&
		json_number_value(json_object_get(s, "Maximum")) > 3.9,
	    "a set of values");
	ok(json_array_size(json_object_get(b, "Dimensions")) == 2, "the dimensions");
	json_decref(body);
}

static struct cloudwatch_datum many[2001];

static void
test_many(void)
{
	struct cloudwatch_dimension wide[30];
	struct err err = ERR_INIT;
	size_t sent = 0;
	char *value;

	for (size_t i = 0; i < 2001; i++)
		many[i] = (struct cloudwatch_datum){ .name = "M", .value = 1 };
	forget();
	ok(put(many, 2001, &sent, &err) && sent == 2001 && seen->requests == 3,
	    "2001 data, three calls");
	forget();
	ok(put(NULL, 0, &sent, &err) && sent == 0 && seen->requests == 0,
	    "no datum, no call");
	forget();
	value = arena_alloc(&arena, 1024);
	memset(value, 'v', 1024);
	for (size_t i = 0; i < 30; i++)
		wide[i] = (struct cloudwatch_dimension){ str_printf(&arena, "d%zu", i),
			{ value, 1024 } };
	ok(cloudwatch_put(
	       ivs, &arena, STR("IVS/Test"), wide, 30, many, 100, &sent, &err) &&
		sent == 100 && seen->requests > 3 && seen->largest <= 1000000,
	    "no call is larger than 1 MB (%d calls, largest %zu)", seen->requests,
	    seen->largest);
	forget();
	seen->fail_at = 2;
	ok(!put(many, 2001, &sent, &err) && sent == 1000 && err.kind == ERR_INPUT &&
		seen->requests == 2,
	    "a refusal, with __type, ends it; what has arrived is counted");
	is_text(err.request_id, "rid-2", "with the request id");
}

static void
test_form(void)
{
	static const struct cloudwatch_datum bad[] = {
		{ .name = "", .value = 1 },
		{ .name = "M", .value = NAN },
		{ .name = "M", .value = INFINITY },
		{ .name = "M", .value = 1e300 },
		{ .name = "M", .samples = -1 },
		{ .name = "M", .samples = 1, .sum = 1, .min = 2, .max = 1 },
	};
	static const struct str spaces[] = { STR(""), STR("AWS/X"), STR(":x") };
	struct err err;
	size_t sent;

	forget();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = ERR_INIT;
		ok(!put(&bad[i], 1, &sent, &err) && err.kind == ERR_INPUT,
		    "datum %zu is refused", i);
	}
	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
		err = ERR_INIT;
		ok(!cloudwatch_put(
		       ivs, &arena, spaces[i], NULL, 0, many, 1, &sent, &err) &&
			err.kind == ERR_INPUT,
		    "namespace %zu is refused", i);
	}
	is_int(seen->requests, 0, "none of them was sent");
}

static const char *
thing_read(struct arena *a, const json_t *item, void *slot, void *arg)
{
	(void)arg;
	*(struct str *)slot = ivs_keep(a, item, "id");
	return NULL;
}

/* Not an operation of IVS: it has no call rate that would make this slow. */
static void
test_endless_list(void)
{
	static const struct aws_op op = { .name = "ListThings", .repeat = AWS_READ };
	static const struct ivs_list list = { &op, "things", sizeof(struct str),
		thing_read, NULL };
	struct err err = ERR_INIT;
	void *things;
	size_t n;

	forget();
	seen->pages = true;
	ok(!ivs_list_pages(ivs, &arena, &list, json_object(), &things, &n, &err) &&
		err.kind == ERR_UPSTREAM && strstr(err.cause, "too many pages") != NULL,
	    "a list without an end is given up");
	is_int(seen->requests, IVS_PAGES_MAX, "after so many pages");
}

/* Seconds from now to the X-Amz-Date of the last request. */
static long
signed_ahead(void)
{
	const char *p = strcasestr(seen->text, "\r\nx-amz-date: ");
	struct tm tm = { 0 };

	if (p == NULL || strptime(p + 14, "%Y%m%dT%H%M%SZ", &tm) == NULL)
		return -1;
	return (long)(timegm(&tm) - time(NULL));
}

static void
test_clock(void)
{
	static const struct aws_op op = { .name = "TakeThing", .repeat = AWS_ONCE };
	struct ivs *other = ivs_open(&cfg, NULL);
	struct err err = ERR_INIT;
	long ahead;

	forget();
	seen->skewed = 1;
	ok(aws_call_done(other, &arena, &op, json_object(), &err) && seen->requests == 2,
	    "a clock that AWS dislikes is put right, and the call made again");
	ahead = signed_ahead();
	ok(ahead > AHEAD_S - 60 && ahead < AHEAD_S + 60, "with the new date (%ld s)",
	    ahead);
	ok(ivs_now_ms(other) / 1000 - time(NULL) > AHEAD_S - 60, "which stays");
	ivs_close(other);
	other = ivs_open(&cfg, NULL);
	forget();
	seen->skewed = 9;
	ok(!aws_call_done(other, &arena, &op, json_object(), &err) &&
		err.kind == ERR_DENIED && seen->requests == 2,
	    "it is put right once");
	ivs_close(other);
}

static void
test_endpoints(void)
{
	static const struct {
		const char *all, *one, *origin;
		enum aws_service service;
		bool ignore;
	} rows[] = {
		{ "", "", "https://ivsrealtime.eu-west-1.amazonaws.com", AWS_IVS, false },
		{ "", "", "https://monitoring.eu-west-1.amazonaws.com", AWS_CLOUDWATCH,
		    false },
		{ "http://all", "", "http://all", AWS_IVS, false },
		{ "http://all", "http://one", "http://one", AWS_CLOUDWATCH, false },
		{ "http://all", "http://one", "http://one", AWS_IVS, false },
		{ "http://all", "http://one",
		    "https://monitoring.eu-west-1.amazonaws.com", AWS_CLOUDWATCH, true },
		{ "http://all", "http://one",
		    "https://ivsrealtime.eu-west-1.amazonaws.com", AWS_IVS, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config c = { .aws_region = STR("eu-west-1"),
			.aws_endpoint_url = str_of(rows[i].all),
			.aws_ignore_configured_endpoint_urls = rows[i].ignore };
		struct aws_endpoint e = { 0 };
		struct err err = ERR_INIT;

		if (rows[i].service == AWS_IVS)
			c.aws_endpoint_url_ivs_realtime = str_of(rows[i].one);
		else
			c.aws_endpoint_url_cloudwatch = str_of(rows[i].one);
		ok(aws_endpoint_of(&c, &arena, rows[i].service, &e, &err) &&
			str_is(e.origin, rows[i].origin),
		    "endpoint %zu: %s", i, rows[i].origin);
	}
}

int
main(void)
{
	pid_t pid;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED || !arena_init(&arena, 2 * ARENA_DEFAULT_BYTES))
		return 1;
	signal(SIGPIPE, SIG_IGN);
	pid = serve();
	cfg = (struct config){ .aws_region = STR("eu-west-1"),
		.aws_access_key_id = STR("AKIDOFTHETEST"),
		.aws_secret_access_key = STR("secret"),
		.aws_session_token = STR("session"),
		.aws_endpoint_url = str_of(url),
		.aws_max_attempts = 3,
		.aws_quota_share_percent = 100 };
	ivs = ivs_open(&cfg, NULL);
	test_put();
	test_many();
	test_form();
	test_endless_list();
	test_clock();
	test_endpoints();
	ivs_close(ivs);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	arena_clear(&arena);
	return done_testing();
}
