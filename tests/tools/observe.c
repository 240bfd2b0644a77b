/*
 * observe - ask AWS who publishes on a stage, and note it, as the programs do.
 *
 *   observe STAGE_ARN [SESSION_ID]     a SESSION_ID of - means that no session runs
 *
 * Prints "live|offline PARTICIPANT CHANGED", or the error and ends with 1. Settings come from
 * the environment.
 */
#include "domain/publisher.h"
#include "base/banned.h"

static void
report(void *arg, bool fatal, const char *text)
{
	(void)arg;
	if (fatal)
		fprintf(stderr, "%s\n", text);
}

static bool
run(const struct config *cfg, struct str stage, struct str session, struct err *err)
{
	struct publisher_news news = { 0 };
	struct arena arena = { 0 };
	struct redis *redis = redis_open(cfg);
	struct ivs *ivs = ivs_open(cfg, redis);
	bool ok;

	INVARIANT(arena_init(&arena, 32u << 20));
	json_use(&arena);
	ok = publisher_observe(redis, ivs, &arena, cfg, stage, session, &news, err);
	if (ok)
		printf("%s %.*s %d\n", news.live ? "live" : "offline",
		    STR_ARG(news.participant_id), news.changed);
	json_use(NULL);
	ivs_close(ivs);
	redis_close(redis);
	arena_clear(&arena);
	return ok;
}

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct str session = STR_NULL;
	struct config *cfg;
	bool ok;

	if (argc < 2 || !config_load(NULL, NULL, report, NULL, &cfg, &err))
		return 64;
	log_init("observe", LOG_WARN);
	if (argc > 2)
		session = strcmp(argv[2], "-") == 0 ? STR("") : str_of(argv[2]);
	ok = run(cfg, str_of(argv[1]), session, &err);
	if (!ok)
		printf("error %d %s%s\n", (int)err.kind, err.cause, err.trail);
	config_free(cfg);
	return ok ? 0 : 1;
}
