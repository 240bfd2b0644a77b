/*
 * aws_call - one typed AWS call, as the programs make it.
 *
 *   aws_call [--times N] [--guard N] OPERATION [ARGUMENTS...]
 *
 * Settings come from where the programs find theirs. Prints one JSON line: {"ok":true,
 * "result":...} or {"ok":false, "kind", "status", "error" (what a client would be sent),
 * "requestId", "cause"}; "guarded" with --guard, which lets N tries pass and then takes
 * the lock away. With --times the calls follow each other and {"calls", "ok",
 * "throttled"} is printed. Ends with 0, or 1 when the (last) call failed; 64 wrong use.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "aws_ops.h"
#include "web/response.h"
#include "base/banned.h"

struct guard {
	long allowed, asked;
};

static bool
guard(void *p, struct err *err)
{
	struct guard *g = p;

	if (g->asked++ < g->allowed)
		return true;
	return err_set(err, ERR_LOCK_LOST, "the test took the lock away");
}

static const char *const kinds[ERR_KIND_COUNT] = {
	[ERR_INPUT] = "INPUT",
	[ERR_NOT_FOUND] = "NOT_FOUND",
	[ERR_CONFLICT] = "CONFLICT",
	[ERR_THROTTLED] = "THROTTLED",
	[ERR_QUOTA] = "QUOTA",
	[ERR_DENIED] = "DENIED",
	[ERR_UNVERIFIED] = "UNVERIFIED",
	[ERR_LOCK_LOST] = "LOCK_LOST",
	[ERR_UPSTREAM] = "UPSTREAM",
	[ERR_UNCERTAIN] = "UNCERTAIN",
	[ERR_CONFIG] = "CONFIG",
	[ERR_BUG] = "BUG",
};

/* What a client of a route would be sent. */
static json_t *
failure_json(const struct config *cfg, struct arena *a, const struct err *err)
{
	struct req rq = { .arena = a, .cfg = cfg, .lang = LANG_EN };
	struct resp rs = { 0 };
	struct buf out;
	size_t body;
	int status = resp_write(&rs, &rq, err, &out, &body);
	json_t *all = json_loads(out.p + out.n - body, 0, NULL);

	return json_pack("{s:b, s:s*, s:i, s:O*, s:s, s:s}", "ok", 0, "kind",
	    kinds[err->kind], "status", status, "error", json_object_get(all, "error"),
	    "requestId", err->request_id, "cause", err->cause);
}

static void
report(const char *problem_of, bool fatal, const char *text_of)
{
	fprintf(
	    stderr, "aws_call: %s%s: %s\n", problem_of, fatal ? " (fatal)" : "", text_of);
}

static void
on_problem(void *unused, bool fatal, const char *what)
{
	(void)unused;
	if (fatal)
		report("setting", fatal, what);
}

static bool
call_times(struct aws_tool *t, const struct aws_op_row *op, long times,
    json_t **ret_counts, json_t **ret_result, struct err *err)
{
	long ok = 0, throttled = 0;

	for (long i = 0; i < times; i++) {
		*ret_result = NULL;
		*err = ERR_INIT;
		if (op->run(t, ret_result, err))
			ok++;
		else
			throttled += err->kind == ERR_THROTTLED;
	}
	*ret_counts = json_pack("{s:I, s:I, s:I}", "calls", (json_int_t)times, "ok",
	    (json_int_t)ok, "throttled", (json_int_t)throttled);
	return err->kind == ERR_NONE;
}

static int
run(const struct config *cfg, const struct aws_op_row *op, char **args, long times,
    struct guard *g)
{
	struct redis *redis = redis_open(cfg);
	struct ivs *ivs = ivs_open(cfg, redis);
	json_t *counts, *result, *out;
	struct err err = ERR_INIT;
	struct arena arena;
	bool ok;

	if (ivs == NULL || !arena_init(&arena, 4 * ARENA_DEFAULT_BYTES))
		return 1;
	json_use(&arena);
	if (g->allowed >= 0)
		ivs_set_guard(ivs, guard, g);
	ok = call_times(
	    &(struct aws_tool){ ivs, &arena, args }, op, times, &counts, &result, &err);
	if (times > 1)
		out = counts;
	else if (ok)
		out = json_pack("{s:b, s:o}", "ok", 1, "result",
		    result != NULL ? result : json_object());
	else
		out = failure_json(cfg, &arena, &err);
	if (g->allowed >= 0)
		json_object_set_new(out, "guarded", json_integer(g->asked));
	(void)json_dumpf(out, stdout, JSON_COMPACT);
	putchar('\n');
	json_use(NULL);
	arena_clear(&arena);
	ivs_close(ivs);
	redis_close(redis);
	return ok ? 0 : 1;
}

static const struct aws_op_row *
find_op(const char *name)
{
	for (size_t i = 0; i < sizeof(aws_ops) / sizeof(*aws_ops); i++)
		if (name != NULL && strcmp(aws_ops[i].name, name) == 0)
			return &aws_ops[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "times", required_argument, NULL, 't' },
		{ "guard", required_argument, NULL, 'g' },
		{ NULL, 0, NULL, 0 },
	};
	const struct aws_op_row *op;
	struct guard g = { .allowed = -1 };
	struct err err = ERR_INIT;
	struct config *cfg;
	long times = 1;
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 't')
			times = strtol(optarg, NULL, 10);
		else if (c == 'g')
			g.allowed = strtol(optarg, NULL, 10);
		else
			return 64;
	}
	op = find_op(argv[optind]);
	if (op == NULL) {
		report("unknown operation", true, argv[optind] ? argv[optind] : "");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!config_load(NULL, NULL, on_problem, NULL, &cfg, &err))
		return 78;
	c = run(cfg, op, argv + optind + 1, times, &g);
	config_free(cfg);
	return c;
}
