/*
 * model - what people do, against a reference.
 *
 *   model steps STEPS [SECONDS [SEED]]   random steps by eight workers against the rules
 *                                        (model/rules.h), until that many or so long
 *   model races NUMBER [SEED]            two connections at once: the second session stays
 *   model tables                         definitions, a long chain of tokens, watch time
 *
 * Settings come from the environment: a REDIS_KEY_PREFIX that nobody uses, and a database with
 * the tables in it. Time is simulated, so no program may work on that prefix meanwhile.
 * Ends with 0 when nothing differs; a failure says the seed.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tests/tools/model/world.h"
#include "base/banned.h"

static const struct {
	const char *name;
	int (*run)(const struct config *cfg, int argc, char **argv);
} tests[] = {
	{ "steps", model_steps },
	{ "races", model_races },
	{ "tables", model_tables },
};

static void
report(void *arg, bool fatal, const char *text)
{
	(void)arg;
	if (fatal)
		fprintf(stderr, "%s\n", text);
}

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct config *cfg;
	int code = 64;
	size_t i;

	if (argc < 2 || !config_load(NULL, NULL, report, NULL, &cfg, &err))
		return code;
	log_init("model", LOG_ERROR);
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		if (strcmp(argv[1], tests[i].name) == 0)
			code = tests[i].run(cfg, argc - 2, argv + 2);
	if (code == 64)
		fprintf(stderr, "usage: model steps|races|tables ...\n");
	config_free(cfg);
	return code;
}
