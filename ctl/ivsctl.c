/*
 * ivsctl - the operator's command line.
 *
 * Words and options are read against the tables of commands.c; then the settings are
 * loaded, the command runs, and its kind of error becomes the exit code.
 */
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/crypto.h"
#include "base/exit_code.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "ctl/commands.h"
#include "domain/compare.h"
#include "base/banned.h"

#define ARENA_BYTES (64u << 20)
#define DRAIN_BYTES (32u << 20)
#define OPTION_BASE 1000
#define EXIT_DIFFERS 1

static int __attribute__((format(printf, 1, 2))) usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ctl_note_v(fmt, ap);
	va_end(ap);
	return EX_USAGE;
}

/* ---- the command line ---- */

static bool
tag_take(struct ctl *c, const char *text)
{
	if (c->n_tags == IVS_TAGS_MAX)
		return usage("more than %d tags", IVS_TAGS_MAX) == 0;
	c->tags[c->n_tags++] = text;
	return true;
}

static bool
option_take(struct ctl *c, int which, const char *arg)
{
	if (which == OPT_TAG && !tag_take(c, arg))
		return false;
	c->opt[which] = arg != NULL ? arg : ctl_options[which].name;
	return true;
}

/* What getopt does not take: no option of ours (?), or one whose argument is not there (:). */
static int
wrong_option(const char *word, int code)
{
	struct str name = str_of(word);
	struct nearest n;
	int i;

	while (str_starts(name, STR("-")))
		name = str_skip(name, 1);
	name = str_cut(&name, '=');
	nearest_start(&n, name);
	for (i = 0; i < OPT_COUNT; i++)
		nearest_offer(&n, ctl_options[i].name);
	if (code == ':')
		return usage(
		    "missing argument of %s: ivsctl help shows commands and options",
		    word);
	if (n.name == NULL || str_is(name, n.name))
		return usage("%s: ivsctl help shows commands and options, and which take "
			     "arguments",
		    word);
	return usage(
	    "no option '%s': did you mean --%s? ivsctl help shows all", word, n.name);
}

/* Options may stand anywhere; getopt moves the words to the end. */
static bool
read_options(struct ctl *c, int argc, char **argv)
{
	struct option options[OPT_COUNT + 1] = { 0 };
	int code, i;

	for (i = 0; i < OPT_COUNT; i++)
		options[i] = (struct option){ ctl_options[i].name,
			ctl_options[i].arg ? required_argument : no_argument, NULL,
			OPTION_BASE + i };
	opterr = 0;
	while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (code == 'h')
			code = OPTION_BASE + OPT_HELP;
		if (code < OPTION_BASE)
			return wrong_option(argv[optind - 1], code) == EX_OK;
		if (!option_take(c, code - OPTION_BASE, optarg))
			return false;
	}
	return true;
}

static bool
is_family(const char *word)
{
	size_t i;

	for (i = 0; i < ctl_commands_count; i++)
		if (ctl_commands[i].words[1] != NULL &&
		    strcmp(ctl_commands[i].words[0], word) == 0)
			return true;
	return false;
}

/* *ret_used: how many of the words name it. */
static const struct ctl_command *
find_command(char **words, size_t n, size_t *ret_used)
{
	size_t i;

	for (i = 0; i < ctl_commands_count; i++) {
		const struct ctl_command *cmd = &ctl_commands[i];

		*ret_used = cmd->words[1] != NULL ? 2 : 1;
		if (n >= *ret_used && strcmp(cmd->words[0], words[0]) == 0 &&
		    (cmd->words[1] == NULL || strcmp(cmd->words[1], words[1]) == 0))
			return cmd;
	}
	return NULL;
}

static const char *
nearest_first_word(const char *word)
{
	struct nearest n;
	size_t i;

	nearest_start(&n, str_of(word));
	nearest_offer(&n, "help");
	for (i = 0; i < ctl_commands_count; i++)
		nearest_offer(&n, ctl_commands[i].words[0]);
	return n.name;
}

static const char *
nearest_second_word(const char *first, const char *word)
{
	struct nearest n;
	size_t i;

	nearest_start(&n, str_of(word));
	for (i = 0; i < ctl_commands_count; i++)
		if (ctl_commands[i].words[1] != NULL &&
		    strcmp(ctl_commands[i].words[0], first) == 0)
			nearest_offer(&n, ctl_commands[i].words[1]);
	return n.name;
}

static int
unknown_command(char **words, size_t n)
{
	const char *near;

	if (n == 0)
		return usage("which command? ivsctl help shows them");
	if (!is_family(words[0])) {
		near = nearest_first_word(words[0]);
		return usage("no command '%s': %s%s%sivsctl help shows them", words[0],
		    near != NULL ? "did you mean " : "", near != NULL ? near : "",
		    near != NULL ? "? " : "");
	}
	near = n > 1 ? nearest_second_word(words[0], words[1]) : NULL;
	if (n == 1)
		usage("ivsctl %s what? One of", words[0]);
	else if (near != NULL)
		usage("no command '%s %s': did you mean %s %s? There are", words[0],
		    words[1], words[0], near);
	else
		usage("no command '%s %s'; there are", words[0], words[1]);
	ctl_help_family(words[0], stderr);
	return EX_USAGE;
}

static int
help(char **words, size_t n)
{
	const struct ctl_command *cmd;
	size_t used;

	if (n == 0) {
		ctl_help(stdout);
		return EX_OK;
	}
	cmd = find_command(words, n, &used);
	if (cmd != NULL) {
		ctl_help_command(cmd, stdout);
		return EX_OK;
	}
	if (n > 1 || !is_family(words[0]))
		return unknown_command(words, n);
	ctl_help_family(words[0], stdout);
	return EX_OK;
}

/* "ID" of "ID", "B" of "A B". */
static struct str
argument_name(const struct ctl_command *cmd, size_t i)
{
	struct str rest = str_of(cmd->args), name = str_cut(&rest, ' ');

	while (i-- > 0)
		name = str_cut(&rest, ' ');
	return name;
}

static int
check_words(const struct ctl_command *cmd, const char *full, char **words, size_t n)
{
	size_t most = (cmd->options & CTL_MANY) != 0 ? CTL_WORDS_MAX : cmd->n_args;

	if (n < cmd->n_args)
		return usage("missing argument %.*s: usage: ivsctl %s %s",
		    STR_ARG(argument_name(cmd, n)), full, cmd->args);
	if (n > most)
		return usage("unexpected argument '%s': usage: ivsctl %s%s%s",
		    words[most], full, cmd->args[0] != '\0' ? " " : "", cmd->args);
	return EX_OK;
}

/* Are its words and options those of this command? */
static int
check_command(struct ctl *c, const struct ctl_command *cmd, char **words, size_t n)
{
	char full[64];
	size_t i;
	int code;

	snprintf(full, sizeof(full), "%s%s%s", cmd->words[0],
	    cmd->words[1] != NULL ? " " : "", cmd->words[1] != NULL ? cmd->words[1] : "");
	code = check_words(cmd, full, words, n);
	if (code != EX_OK)
		return code;
	for (i = 0; i < OPT_COUNT; i++)
		if (c->opt[i] != NULL && i != OPT_JSON &&
		    (cmd->options & OPT_BIT(i)) == 0)
			return usage("%s takes no --%s: ivsctl help %s", full,
			    ctl_options[i].name, full);
	for (i = 0; i < n; i++)
		c->words[i] = words[i];
	c->n_words = n;
	c->reads = (cmd->options & CTL_READS) != 0 || c->opt[OPT_DRY_RUN] != NULL;
	return EX_OK;
}

/* ---- the run ---- */

static bool
run_command(struct ctl *c, const struct ctl_command *cmd, struct err *err)
{
	struct arena drain;
	struct stage_work work = { .cfg = c->cfg, .arena = c->arena, .drain = &drain };
	const char *found;
	bool ok;

	memory_arena(&drain, DRAIN_BYTES);
	work.redis = redis_open(c->cfg);
	work.pg = pg_open(c->cfg);
	work.ivs = ivs_open(c->cfg, work.redis);
	c->work = &work;
	if ((cmd->options & CTL_STATE) != 0)
		compare_first(work.redis, work.pg, &drain);
	json_use(c->arena);
	ok = work.ivs != NULL
		 ? cmd->run(c, err)
		 : err_set(err, ERR_UPSTREAM, "no memory for the AWS client");
	INVARIANT(ok == (err->kind == ERR_NONE));
	json_use(NULL);
	found = compare_text(redis_finding(work.redis));
	if (found != NULL)
		ctl_note("%s", found);
	ivs_close(work.ivs);
	pg_close(work.pg);
	redis_close(work.redis);
	arena_clear(&drain);
	return ok;
}

static bool
run_loaded(struct ctl *c, const struct ctl_command *cmd, struct err *err)
{
	struct config *cfg;
	bool ok;

	if (!config_load(NULL, NULL, ctl_report_setting, NULL, &cfg, err)) {
		c->told = true;
		return false;
	}
	c->cfg = cfg;
	ok = run_command(c, cmd, err);
	config_free(cfg);
	return ok;
}

static int
run(struct ctl *c, const struct ctl_command *cmd)
{
	struct err err = ERR_INIT;
	struct arena arena;

	crypto_start();
	memory_arena(&arena, ARENA_BYTES);
	c->arena = &arena;
	if (!((cmd->options & CTL_UNLOADED) != 0 ? cmd->run(c, &err)
						 : run_loaded(c, cmd, &err)) &&
	    !c->told)
		ctl_error(&err, c->reads);
	arena_clear(&arena);
	/* A full disk must not look like success. */
	if (fflush(stdout) != 0 && err.kind == ERR_NONE) {
		ctl_note("cannot write to stdout");
		return EX_IOERR;
	}
	return c->differs ? EXIT_DIFFERS : exit_code_of_command(err.kind);
}

static int
dispatch(struct ctl *c, char **words, size_t n)
{
	const struct ctl_command *cmd;
	size_t used;
	int code;

	if (c->opt[OPT_VERSION] != NULL) {
		printf("ivsctl %s\n", IVS_VERSION);
		return EX_OK;
	}
	if (n > 0 && strcmp(words[0], "help") == 0)
		return help(words + 1, n - 1);
	if (c->opt[OPT_HELP] != NULL)
		return help(words, n);
	cmd = find_command(words, n, &used);
	if (cmd == NULL)
		return unknown_command(words, n);
	code = check_command(c, cmd, words + used, n - used);
	return code == EX_OK ? run(c, cmd) : code;
}

int
main(int argc, char **argv)
{
	struct ctl c = { 0 };

	/* Private keys must not land in a core file, nor be read from /proc. */
	prctl(PR_SET_DUMPABLE, 0);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	log_init("ivsctl", LOG_ERROR);
	if (!read_options(&c, argc, argv))
		return EX_USAGE;
	return dispatch(&c, argv + optind, (size_t)(argc - optind));
}
