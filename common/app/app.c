#include "app/app.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "web/prefork.h"
#include "web/serve.h"
#include "base/banned.h"

#define BACKLOG 1024
#define SAY_AGAIN_MS 30000
#define WORK_ARENA_BYTES (32u << 20)

struct run {
	const struct program *program;
	struct config *cfg;
	int64_t started_mono_ms;
	const char *socket;
	int64_t processes;
	struct listener listener; /* fd -1: this is a plain CGI call */
	bool check, dump, example, markdown, version, help;
	enum lang markdown_lang;
};

static void
usage(const struct program *p, FILE *out)
{
	fprintf(out,
	    "usage: %s [--socket PATH] [--processes N]\n"
	    "  %s\n"
	    "  --socket PATH        listen on this Unix socket, with supervised workers\n"
	    "  --processes N        how many workers (FCGI_PROCESSES)\n"
	    "  --check-config       read the settings, say what is wrong, end\n"
	    "  --dump-config        print the settings in force, secrets as ***\n"
	    "  --print-env-example  print a commented file of all settings\n"
	    "  --print-settings-table[=zh-TW]  the same as a table for the manual\n"
	    "  --version, --help\n"
	    "A socket handed over by systemd (LISTEN_FDS) is served instead of --socket PATH.\n"
	    "Without both it serves the FastCGI socket it was given as descriptor 0,\n"
	    "or answers one plain CGI call.\n",
	    p->name, p->help);
}

static bool
read_options(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "processes", required_argument, NULL, 'p' },
		{ "check-config", no_argument, NULL, 'c' },
		{ "dump-config", no_argument, NULL, 'd' },
		{ "print-env-example", no_argument, NULL, 'e' },
		{ "print-settings-table", optional_argument, NULL, 'm' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			run->socket = optarg;
			break;
		case 'p':
			run->processes = strtol(optarg, &end, 10);
			if (*end != '\0' || run->processes < 1 ||
			    run->processes > PREFORK_MAX)
				return false;
			break;
		case 'c':
			run->check = true;
			break;
		case 'd':
			run->dump = true;
			break;
		case 'e':
			run->example = true;
			break;
		case 'm':
			run->markdown = true;
			run->markdown_lang =
			    optarg != NULL && strcmp(optarg, "zh-TW") == 0 ? LANG_ZH_TW
									   : LANG_EN;
			break;
		case 'v':
			run->version = true;
			break;
		case 'h':
			run->help = true;
			break;
		default:
			return false;
		}
	}
	return optind == argc;
}

static void
report(void *arg, bool fatal, const char *text)
{
	const struct run *run = arg;

	if (run->check)
		fprintf(stderr, "%s: %s\n", fatal ? "error" : "warning", text);
	else
		LOG(fatal ? LOG_ERROR : LOG_WARN, "setting",
		    LOG_STR("cause", str_of(text)));
}

bool
app_may_say(int64_t *silent_until_ms)
{
	int64_t now = clock_mono_ms();

	if (now < *silent_until_ms)
		return false;
	*silent_until_ms = now + SAY_AGAIN_MS;
	return true;
}

static bool
open_parts(struct app *app, const struct program *p, struct err *err)
{
	size_t i;

	for (i = 0; i < APP_PARTS_MAX && p->parts[i] != NULL; i++)
		if (p->parts[i]->open != NULL && !p->parts[i]->open(app, err))
			return false;
	return true;
}

static void
close_parts(struct app *app, const struct program *p)
{
	size_t i = APP_PARTS_MAX;

	while (i-- > 0)
		if (p->parts[i] != NULL && p->parts[i]->close != NULL)
			p->parts[i]->close(app);
}

static void
after_batch(struct app *app)
{
	size_t i;

	for (i = 0; i < APP_PARTS_MAX && app->program->parts[i] != NULL; i++)
		if (app->program->parts[i]->after != NULL)
			app->program->parts[i]->after(app);
}

static void
tick(struct app *app)
{
	size_t i;

	auth_tick(app->auth);
	for (i = 0; i < APP_PARTS_MAX && app->program->parts[i] != NULL; i++)
		if (app->program->parts[i]->tick != NULL)
			app->program->parts[i]->tick(app);
}

/* The program's slow_s assumes that Redis answers; it may also time out once. */
static int64_t
slow_ms(const struct run *run)
{
	return run->program->slow_s * 1000 + run->cfg->redis_timeout_ms;
}

static bool
serve(const struct run *run, struct app *app, struct err *err)
{
	struct serve s = {
		.cfg = run->cfg,
		.redis = app->redis,
		.auth = app->auth,
		.app = app,
		.routes = run->program->routes,
		.n_routes = run->program->n_routes,
		.after = after_batch,
		.tick = tick,
		.slow_ms = slow_ms(run),
		.last_call = run->listener.path != NULL,
	};

	return app->cgi ? serve_cgi(&s, environ, err)
			: serve_socket(&s, run->listener.fd, err);
}

static int
work(void *arg)
{
	const struct run *run = arg;
	struct app app = { .cfg = run->cfg,
		.program = run->program,
		.started_mono_ms = run->started_mono_ms,
		.cgi = run->listener.fd < 0 };
	struct err err = ERR_INIT;
	bool ok;

	memory_arena(&app.work, WORK_ARENA_BYTES);
	app.redis = redis_open(run->cfg);
	app.auth = auth_open(run->cfg, app.redis);
	ok = open_parts(&app, run->program, &err) && serve(run, &app, &err);
	if (!ok)
		log_err(LOG_ERROR, "cannot serve", &err);
	close_parts(&app, run->program);
	auth_close(app.auth);
	redis_close(app.redis);
	arena_clear(&app.work);
	log_flush();
	if (ok)
		return 0;
	return err.kind == ERR_CONFIG ? EX_CONFIG : EX_SOFTWARE;
}

/* The socket: handed over, of our own, or descriptor 0; without one fd stays -1. */
static bool
find_socket(struct run *run, struct err *err)
{
	struct listener *l = &run->listener;

	if (!listen_given(run->program->name, l, err))
		return false;
	if (l->fd >= 0)
		return true;
	if (run->socket != NULL)
		return listen_open(run->socket, BACKLOG, l, err);
	if (listen_is_socket(STDIN_FILENO))
		l->fd = STDIN_FILENO;
	return true;
}

static int
start(struct run *run)
{
	const struct prefork p = { .n_workers = (int)run->processes,
		.run = work,
		.arg = run,
		.listener = &run->listener,
		.slow_ms = slow_ms(run),
		/* Redis has REDIS_TIMEOUT_MS to greet, and as long to answer. */
		.round_ms = 2 * run->cfg->redis_timeout_ms };

	/* Plain CGI, or a web server that looks after its processes itself. */
	if (run->listener.fd <= STDIN_FILENO &&
	    (run->listener.fd < 0 || run->processes == 1))
		return work(run);
	return prefork_run(&p);
}

static int
answer_question(struct run *run, const struct program *p)
{
	if (run->help)
		usage(p, stdout);
	else if (run->version)
		printf("%s %s\n", p->name, IVS_VERSION);
	else if (run->example)
		config_print_example(stdout);
	else
		config_print_markdown(stdout, run->markdown_lang);
	return 0;
}

static bool
is_cgi_call(void)
{
	return getenv("REQUEST_METHOD") != NULL;
}

static int
run_program(struct run *run)
{
	struct err err = ERR_INIT;

	if (!find_socket(run, &err)) {
		log_err(LOG_ERROR, "cannot start", &err);
		return EX_CONFIG;
	}
	if (run->listener.fd < 0 && !is_cgi_call()) {
		fprintf(stderr, "%s: no web server called; start it with --socket PATH\n",
		    run->program->name);
		usage(run->program, stderr);
		return EX_USAGE;
	}
	if (run->processes == 0)
		run->processes = run->cfg->fcgi_processes;
	/* A web server that starts us itself starts as many as it wants. */
	if (run->listener.fd != STDIN_FILENO &&
	    run->processes < run->program->min_processes)
		run->processes = run->program->min_processes;
	return start(run);
}

int
app_main(const struct program *p, int argc, char **argv)
{
	struct run run = { .program = p, .started_mono_ms = clock_mono_ms() };
	struct err err = ERR_INIT;
	int code;

	/* Keys and tokens must not land in a core file, nor be read from /proc. */
	prctl(PR_SET_DUMPABLE, 0);
	/* A store that hangs up is an error of the call, as plain CGI, too. */
	signal(SIGPIPE, SIG_IGN);
	log_init(p->name, LOG_INFO);
	/* RFC 3875, 4.4: the arguments of a CGI call are a stranger's query. */
	if (!read_options(&run, is_cgi_call() && argc > 1 ? 1 : argc, argv)) {
		usage(p, stderr);
		return EX_USAGE;
	}
	if (run.help || run.version || run.example || run.markdown)
		return answer_question(&run, p);
	crypto_start();
	if (!config_load(NULL, NULL, report, &run, &run.cfg, &err))
		return EX_CONFIG;
	log_init(p->name, run.cfg->log_level);
	if (run.dump)
		config_dump(run.cfg, stdout);
	if (run.dump || run.check) {
		config_free(run.cfg);
		return 0;
	}
	code = run_program(&run);
	config_free(run.cfg);
	return code;
}
