/*
 * aws_matrix - each operation times each way AWS can fail, at the emulator.
 *
 *   aws_matrix PART PARTS
 *
 * Takes every PARTS-th operation, so that several can run beside each other: faults and
 * counts are the operation's own. For each fault: the kind of error and the number of tries
 * the emulator saw. Prints what is wrong, then "N checked, M wrong"; ends with 1
 * if anything was.
 */
#include <signal.h>
#include <stdio.h>

#include "aws_ops.h"
#include "base/clock.h"
#include "base/banned.h"

#define OPS (sizeof(aws_ops) / sizeof(*aws_ops))
#define TRIES 3 /* AWS_MAX_ATTEMPTS of the suite */

/* done: what may have happened, so a change is uncertain, and CreateStage and PutMetricData go out once. */
struct fault_row {
	const char *name, *fault; /* members of the emulator's fault */
	enum err_kind kind;	  /* when nothing can have been done, or of reading */
	bool retried, done;
};

static const struct fault_row faults[] = {
	{ "429", "\"status\":429", ERR_THROTTLED, true, false },
	{ "400 throttling", "\"type\":\"ThrottlingException\",\"status\":400",
	    ERR_THROTTLED, true, false },
	{ "500", "\"status\":500", ERR_UPSTREAM, true, true },
	{ "503", "\"status\":503", ERR_UPSTREAM, true, true },
	{ "HTML 502", "\"status\":502,\"body\":\"<html>\",\"contentType\":\"text/html\"",
	    ERR_UPSTREAM, true, true },
	{ "HTML 200", "\"status\":200,\"body\":\"<html>\",\"contentType\":\"text/html\"",
	    ERR_UPSTREAM, true, true },
	{ "drop", "\"action\":\"drop\"", ERR_UPSTREAM, true, true },
	{ "truncate", "\"action\":\"truncate\"", ERR_UPSTREAM, true, true },
	{ "effect, then 500", "\"action\":\"effect-then-error\",\"status\":500",
	    ERR_UPSTREAM, true, true },
	{ "effect, then drop", "\"action\":\"effect-then-drop\"", ERR_UPSTREAM, true,
	    true },
	{ "400", "\"status\":400,\"type\":\"ValidationException\"", ERR_INPUT, false,
	    false },
	{ "402", "\"status\":402,\"type\":\"ServiceQuotaExceededException\"", ERR_QUOTA,
	    false, false },
	{ "403 expired", "\"status\":403,\"type\":\"ExpiredTokenException\"", ERR_DENIED,
	    false, false },
	{ "403 denied", "\"status\":403,\"type\":\"AccessDeniedException\"", ERR_DENIED,
	    false, false },
	{ "403 pending", "\"status\":403,\"type\":\"PendingVerification\"",
	    ERR_UNVERIFIED, false, false },
	{ "HTML 403", "\"status\":403,\"body\":\"<html>\",\"contentType\":\"text/html\"",
	    ERR_DENIED, false, false },
	{ "404", "\"status\":404,\"type\":\"ResourceNotFoundException\"", ERR_NOT_FOUND,
	    false, false },
	{ "409", "\"status\":409,\"type\":\"ConflictException\"", ERR_CONFLICT, false,
	    false },
};
/* Of this one the time is up: no second try. */
static const struct fault_row delay = { "delay", "\"action\":\"drop\",\"delayMs\":5500",
	ERR_UPSTREAM, false, true };

static struct {
	const struct config *cfg;
	struct redis *redis;
	struct http *http;
	struct arena arena;
	int checked, wrong;
} m;

/* Ask the emulator itself. */
static json_t *
control(const char *method, const char *page, struct str body)
{
	struct http_request rq = { .method = method,
		.url = str_printf(&m.arena, "%.*s/_emulator/%s",
		    STR_ARG(m.cfg->aws_endpoint_url), page),
		.body = body };
	struct http_response answer;
	struct err err = ERR_INIT;

	if (!http_do(m.http, &m.arena, &rq, &answer, &err) || answer.status != 200) {
		fprintf(stderr, "aws_matrix: %s: %s %.*s\n", page, err.cause,
		    STR_ARG(answer.body));
		exit(2);
	}
	return json_loadb(answer.body.p, answer.body.n, 0, NULL);
}

static long long
calls_of(const char *op)
{
	json_t *counts = control("GET", "calls", STR(""));
	json_t *failed = json_object_get(counts, "failed");

	return json_integer_value(json_object_get(counts, op)) +
	       json_integer_value(json_object_get(failed, op));
}

static bool
emulated(const struct aws_op_row *op)
{
	return json_object_get(control("GET", "calls", STR("")), op->name) != NULL;
}

static void
order_fault(const struct aws_op_row *op, const struct fault_row *f, int count)
{
	(void)control("POST", "faults",
	    str_printf(&m.arena, "{\"operation\":\"%s\",\"count\":%d,%s}", op->name,
		count, f->fault));
}

/* Of a call held up, which is counted only when it ends: what its fault has hit. */
static long long
hits_of(const char *op, int ordered)
{
	json_t *queue = control("GET", "faults", STR("")), *f;
	size_t i;

	if (json_is_object(queue))
		queue = json_object_get(queue, "faults");
	json_array_foreach (queue, i, f)
		if (str_is(json_view(json_object_get(f, "operation")), op))
			return ordered - json_integer_value(json_object_get(f, "count"));
	return ordered;
}

static void
check(const struct aws_op_row *op, const struct fault_row *f, struct ivs *ivs)
{
	bool once = op->once && f->done;
	int tries = f->retried && !once ? TRIES : 1;
	enum err_kind want = f->done && !op->reads ? ERR_UNCERTAIN : f->kind;
	struct aws_tool t = { ivs, &m.arena, (char **)(uintptr_t)op->sample };
	int64_t began = clock_mono_ms();
	struct err err = ERR_INIT;
	json_t *result = NULL;
	long long before, made;
	bool ok;

	order_fault(op, f, f == &delay ? TRIES : tries);
	before = calls_of(op->name);
	ok = op->run(&t, &result, &err);
	made = f == &delay ? hits_of(op->name, TRIES) : calls_of(op->name) - before;
	m.checked++;
	if (!ok && err.kind == want && made == tries && err.source == ERR_FROM_AWS &&
	    clock_mono_ms() - began < 6000)
		return;
	m.wrong++;
	printf("%s, %s: kind %d, wanted %d; %lld tries, wanted %d; %lld ms; %s%s\n",
	    op->name, f->name, (int)err.kind, (int)want, made, tries,
	    (long long)(clock_mono_ms() - began), err.cause, err.trail);
}

/* A client of its own each time: none is short of retries by what was before. */
static void
check_alone(const struct aws_op_row *op, const struct fault_row *f)
{
	struct ivs *ivs = ivs_open(m.cfg, m.redis);

	arena_wipe(&m.arena);
	check(op, f, ivs);
	ivs_close(ivs);
}

/* An answer without a byte cannot be cut in half. */
static bool
makes_sense(const struct aws_op_row *op, const struct fault_row *f)
{
	return strcmp(op->name, "PutMetricData") != 0 || strcmp(f->name, "truncate") != 0;
}

/* Those of our part that the emulator plays, by number; -1 at the end. */
static int
next_op(int i, int part, int parts)
{
	for (i = i < 0 ? part : i + parts; i < (int)OPS; i += parts)
		if (emulated(&aws_ops[i]))
			return i;
	return -1;
}

/* The first takes all its time, those behind it are wary. */
static void
check_delays(int part, int parts)
{
	struct ivs *ivs = ivs_open(m.cfg, m.redis);

	for (int i = -1; (i = next_op(i, part, parts)) >= 0;)
		check(&aws_ops[i], &delay, ivs);
	ivs_close(ivs);
}

static void
check_all(int part, int parts)
{
	for (size_t f = 0; f < sizeof(faults) / sizeof(*faults); f++)
		for (int i = -1; (i = next_op(i, part, parts)) >= 0;)
			if (makes_sense(&aws_ops[i], &faults[f]))
				check_alone(&aws_ops[i], &faults[f]);
	check_delays(part, parts);
}

static void
on_problem(void *unused, bool fatal, const char *what)
{
	(void)unused;
	if (fatal)
		fprintf(stderr, "aws_matrix: %s\n", what);
}

int
main(int argc, char **argv)
{
	int part, parts;
	struct err err = ERR_INIT;
	struct config *cfg;

	if (argc != 3 || argv[1][0] == '-' || argv[2][0] == '0')
		return 64;
	part = (int)strtol(argv[1], NULL, 10);
	parts = (int)strtol(argv[2], NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	if (!config_load(NULL, NULL, on_problem, NULL, &cfg, &err) ||
	    !arena_init(&m.arena, 4 * ARENA_DEFAULT_BYTES))
		return 78;
	json_use(&m.arena);
	m.cfg = cfg;
	m.redis = redis_open(cfg);
	m.http = http_open();
	check_all(part, parts);
	printf("%d checked, %d wrong\n", m.checked, m.wrong);
	json_use(NULL);
	http_close(m.http);
	redis_close(m.redis);
	arena_clear(&m.arena);
	config_free(cfg);
	return m.wrong > 0;
}
