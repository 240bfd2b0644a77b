/* The settings file. */
#include "fuzz.h"

#include "base/arn.h"
#include "base/banned.h"

struct heard {
	size_t fatal;
};

static void
hear(void *arg, bool fatal, const char *text)
{
	struct heard *h = arg;

	h->fatal += fatal;
	PROPERTY(text[0] != '\0');
	/* It goes to a terminal. A cut may have split the last character. */
	for (; *text != '\0'; text++)
		PROPERTY((unsigned char)*text >= ' ' && *text != 0x7f);
}

/* The settings in force, as they are printed; secrets are never in there. */
static void
dumped(struct arena *a, const struct config *cfg)
{
	char *text = arena_zalloc(a, 1u << 20);
	FILE *f = fmemopen(text, (1u << 20) - 1, "w");

	PROPERTY(f != NULL);
	config_dump(cfg, f);
	fclose(f);
	PROPERTY(strstr(text, "\nAPI_SECRET_KEY=***") != NULL);
}

void
fuzz_one(struct arena *a, struct str in)
{
	static char *env[] = { NULL };
	struct config *cfg = NULL;
	struct err err = ERR_INIT;
	struct heard heard = { 0 };
	char path[64];
	int fd;

	/* A file of secrets named in there would be opened: not ours to play with. */
	if (in.n > 65536 || memmem(in.p, in.n, "_FILE", 5) != NULL)
		return;
	fd = fuzz_file(in, 0600, path);
	if (config_load(path, env, hear, &heard, &cfg, &err)) {
		PROPERTY(heard.fatal == 0);
		PROPERTY(arn_is_stage(cfg->master_stage_arn));
		PROPERTY(cfg->api_secret_key.n > 0 && cfg->aws_region.n > 0);
		PROPERTY(cfg->heartbeat_timeout_s > 0 && cfg->max_body_bytes > 0);
		PROPERTY(cfg->redis_port > 0 && cfg->redis_port < 65536);
		dumped(a, cfg);
		config_free(cfg);
	} else {
		fuzz_failed(&err);
		PROPERTY(err.kind == ERR_CONFIG && heard.fatal > 0 && cfg == NULL);
	}
	close(fd);
}
