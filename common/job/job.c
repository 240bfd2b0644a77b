#include "job/job.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/exit_code.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "domain/compare.h"
#include "base/banned.h"

#define OPTIONS_MAX 12
#define OWN_OPTION 1000
#define SCHEMA_MS 1000

static volatile sig_atomic_t stopped;

enum order { ORDER_RUN, ORDER_HELP, ORDER_CHECK, ORDER_DUMP, ORDER_WRONG };

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void
mind_signals(void)
{
	struct sigaction sa = { .sa_handler = stop };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

bool
job_has_time(const struct job *j)
{
	return !stopped && clock_mono_ms() < j->deadline_mono_ms;
}

void
job_summary(struct job *j, const char *name, int64_t value)
{
	INVARIANT(j->n_summary < JOB_SUMMARY_MAX);
	j->summary[j->n_summary++] = (struct log_field)LOG_INT(name, value);
}

static void
print_own_options(const struct job_option *o, FILE *out)
{
	char name[32];

	for (; o != NULL && o->name != NULL; o++) {
		snprintf(name, sizeof(name), "%s%s%s", o->name, o->arg ? " " : "",
		    o->arg ? o->arg : "");
		fprintf(out, "  --%-13s %s\n", name, o->help);
	}
}

static void
print_help(const struct job_spec *spec, FILE *out)
{
	fprintf(out,
	    "Usage: %s [--dry-run | --check-config | --dump-config | --help]\n\n%s\n\n"
	    "  --dry-run       say what would be done and change nothing\n"
	    "  --check-config  only read the settings; every problem is printed\n"
	    "  --dump-config   print the settings as they are understood, secrets as ***\n",
	    spec->name, spec->help);
	print_own_options(spec->options, out);
	fprintf(out,
	    "\n"
	    "Settings come from the environment and from one file: IVS_ENV_FILE, else ./.env,\n"
	    "else /etc/ivs-live/env. One run at a time, on all machines together: a second\n"
	    "one says so and ends well. It stops in good order after %lld s and on SIGTERM.\n\n"
	    "Exit codes: 0 done, or another run is at it; 64 wrong option; 69 Redis,\n"
	    "PostgreSQL or AWS is away or has no room, the next run will do; 70 our own fault;\n"
	    "78 a setting, an AWS key or its permissions are wrong, or the database has\n"
	    "another schema: run deploy/migrate.\n",
	    (long long)spec->deadline_s);
}

/* The common ones, then the job's own: their numbers begin with OWN_OPTION. */
static void
all_options(const struct job_option *own, struct option out[OPTIONS_MAX + 1])
{
	static const struct option common[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "check-config", no_argument, NULL, 'c' },
		{ "dump-config", no_argument, NULL, 'd' },
	};
	size_t n = sizeof(common) / sizeof(*common);
	int i;

	memset(out, 0, (OPTIONS_MAX + 1) * sizeof(*out));
	memcpy(out, common, sizeof(common));
	for (i = 0; own != NULL && own[i].name != NULL; i++, n++) {
		INVARIANT(n < OPTIONS_MAX);
		out[n] = (struct option){ own[i].name,
			own[i].arg ? required_argument : no_argument, NULL,
			OWN_OPTION + i };
	}
}

static enum order
read_options(const struct job_option *own, int argc, char **argv, bool *ret_dry_run)
{
	struct option options[OPTIONS_MAX + 1];
	enum order order = ORDER_RUN;
	int c;

	all_options(own, options);
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c >= OWN_OPTION)
			*own[c - OWN_OPTION].ret =
			    optarg != NULL ? optarg : own[c - OWN_OPTION].name;
		else if (c == 'n')
			*ret_dry_run = true;
		else if (c == 'h')
			return ORDER_HELP;
		else if (c == 'c')
			order = ORDER_CHECK;
		else if (c == 'd')
			order = ORDER_DUMP;
		else
			return ORDER_WRONG;
	}
	if (optind < argc)
		fprintf(stderr, "%s: unexpected argument '%s'\n", argv[0], argv[optind]);
	return optind < argc ? ORDER_WRONG : order;
}

/* ---- settings ---- */

static void
report_plainly(void *arg, bool fatal, const char *text)
{
	const struct job_spec *spec = arg;

	fprintf(stderr, "%s: %s: %s\n", spec->name, fatal ? "error" : "warning", text);
}

static void
report_to_log(void *arg, bool fatal, const char *text)
{
	(void)arg;
	LOG(fatal ? LOG_ERROR : LOG_WARN, "setting", LOG_STR("problem", str_of(text)));
}

static int
check_or_dump(const struct job_spec *spec, enum order order)
{
	struct job_spec copy = *spec;
	struct err err = ERR_INIT;
	struct config *cfg;

	if (!config_load(NULL, NULL, report_plainly, &copy, &cfg, &err))
		return exit_code_of_job(err.kind);
	if (order == ORDER_DUMP)
		config_dump(cfg, stdout);
	config_free(cfg);
	return EX_OK;
}

/* ---- the lock ---- */

/* *ret_held: somebody else has it. */
static bool
lock_take(struct job *j, const struct job_spec *spec, const char *token, bool *ret_held,
    struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, &j->arena, SCRIPT_LOCK_TAKE);
	redis_arg(&c, str_of(spec->name));
	redis_arg(&c, str_of(token));
	redis_arg_int(&c, spec->lock_s * 1000);
	if (!redis_call(j->redis, &c, err))
		return err_while(err, "taking the lock");
	*ret_held = str_is(reply_str(c.reply, 0), "HELD");
	if (*ret_held)
		job_summary(j, "lock_ends_ms", reply_int(c.reply, 1));
	arena_wipe(&j->arena);
	return true;
}

/* Should this fail, the lock ends by itself. */
static void
lock_drop(struct job *j, const struct job_spec *spec, const char *token)
{
	struct err err = ERR_INIT;
	struct redis_call c;

	redis_call_init(&c, &j->arena, SCRIPT_LOCK_DROP);
	redis_arg(&c, str_of(spec->name));
	redis_arg(&c, str_of(token));
	(void)redis_call(j->redis, &c, &err);
	arena_wipe(&j->arena);
}

/* ---- the run ---- */

/* PostgreSQL away is for the step to find out; another program's database is touched by none. */
static bool
database_is_ours(struct job *j, const struct job_spec *spec, struct err *err)
{
	struct err why = ERR_INIT;

	if (spec->no_database || pg_connect(j->pg, SCHEMA_MS, &why) ||
	    why.kind != ERR_SCHEMA)
		return true;
	*err = why;
	return false;
}

static bool
locked_step(struct job *j, const struct job_spec *spec, bool *ret_held, struct err *err)
{
	char token[UUID_BYTES];
	bool ok;

	*ret_held = false;
	if (!database_is_ours(j, spec, err))
		return false;
	compare_first(j->redis, j->pg, &j->arena);
	if (j->dry_run || spec->lock_s == 0)
		return spec->step(j, err);
	crypto_uuid(token);
	if (!lock_take(j, spec, token, ret_held, err))
		return false;
	if (*ret_held)
		return true;
	ok = spec->step(j, err);
	json_use(NULL);
	arena_wipe(&j->arena);
	lock_drop(j, spec, token);
	return ok;
}

/* One line, whatever happened. */
static void
say(const struct job *j, const char *msg, int64_t ms, const struct err *err)
{
	struct log_field f[JOB_SUMMARY_MAX + 7]; /* and those named below */
	enum redis_finding finding = redis_finding(j->redis);
	size_t n = 0, i;

	for (i = 0; i < j->n_summary; i++)
		f[n++] = j->summary[i];
	f[n++] = (struct log_field)LOG_INT("ms", ms);
	if (j->dry_run)
		f[n++] = (struct log_field)LOG_INT("dry_run", 1);
	if (finding != REDIS_FOUND_NOTHING)
		f[n++] = (struct log_field)LOG_INT(
		    finding == REDIS_FORGOT ? "forgot" : "restated", 1);
	if (!job_has_time(j))
		f[n++] = (struct log_field)LOG_INT(stopped ? "stopped" : "late", 1);
	if (err->kind != ERR_NONE) {
		f[n++] = (struct log_field)LOG_STR("cause", str_of(err->cause));
		f[n++] = (struct log_field)LOG_STR("trail", str_of(err->trail));
		f[n++] = (struct log_field)LOG_STR(
		    "source", str_of(err_source_name(err->source)));
	}
	log_event(err->kind == ERR_NONE ? LOG_INFO : LOG_ERROR, msg, f, n);
	log_flush();
}

static void
count(struct job *j, const struct job_spec *spec, const char *result, int64_t ms)
{
	if (j->dry_run)
		return;
	metrics_count(METRIC_JOB_RUNS, spec->name, result, 0);
	metrics_observe(METRIC_JOB_DURATION, spec->name, ms * 1000);
	metrics_flush_now(&j->flush, j->redis);
}

static int
run(const struct job_spec *spec, const struct config *cfg, bool dry_run)
{
	struct job j = { .cfg = cfg, .dry_run = dry_run };
	int64_t began = clock_mono_ms();
	struct err err = ERR_INIT;
	bool held = false, ok;

	memory_arena(&j.arena, ARENA_DEFAULT_BYTES);
	metrics_flush_init(&j.flush);
	j.deadline_mono_ms = began + spec->deadline_s * 1000;
	j.redis = redis_open(cfg);
	j.pg = pg_open(cfg);
	ok = locked_step(&j, spec, &held, &err);
	INVARIANT(ok == (err.kind == ERR_NONE));
	json_use(NULL);
	count(&j, spec, held ? "held" : ok ? "done" : "failed", clock_mono_ms() - began);
	say(&j,
	    held ? "not run: another run holds the lock"
	    : ok ? "done"
		 : "failed",
	    clock_mono_ms() - began, &err);
	pg_close(j.pg);
	redis_close(j.redis);
	arena_clear(&j.arena);
	metrics_flush_clear(&j.flush);
	return exit_code_of_job(err.kind);
}

int
job_main(const struct job_spec *spec, int argc, char **argv)
{
	enum order order;
	struct err err = ERR_INIT;
	struct config *cfg;
	bool dry_run = false;
	int code;

	/* Keys and passwords must not land in a core file, nor be read from /proc. */
	prctl(PR_SET_DUMPABLE, 0);
	order = read_options(spec->options, argc, argv, &dry_run);
	if (order == ORDER_HELP || order == ORDER_WRONG) {
		print_help(spec, order == ORDER_HELP ? stdout : stderr);
		return order == ORDER_HELP ? EX_OK : EX_USAGE;
	}
	if (order != ORDER_RUN)
		return check_or_dump(spec, order);
	log_init(spec->name, LOG_INFO);
	mind_signals();
	crypto_start();
	if (!config_load(NULL, NULL, report_to_log, NULL, &cfg, &err)) {
		log_err(LOG_ERROR, "failed", &err);
		log_flush();
		return exit_code_of_job(err.kind);
	}
	log_init(spec->name, cfg->log_level);
	code = run(spec, cfg, dry_run);
	config_free(cfg);
	return code;
}
