/*
 * config_try.h - load settings from a text and note what was said, for test_config*.c.
 */
#ifndef UNIT_CONFIG_TRY_H
#define UNIT_CONFIG_TRY_H

#include "base/config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config_private.h"
#include "tap.h"

#define COUNT(x) (sizeof(x) / sizeof(*(x)))
#define STAGE "arn:aws:ivs:ap-northeast-1:123456789012:stage/aBcDeFgHiJkL"
#define KEY_ARN                                                                          \
	"arn:aws:ivs:ap-northeast-1:123456789012:public-key/"                            \
	"f99cde61-c2b0-4df3-8941-ca7d38acca1a"
#define SECRET "planted-secret-0123456789"
#define BASE                                                                             \
	"AWS_REGION=ap-northeast-1\nMASTER_STAGE_ARN=" STAGE "\nAPI_SECRET_KEY=" SECRET  \
	"\n"

static struct arena a;
static char folder[] = "/tmp/test_config.XXXXXX";
static const char *env_file, *secret_file;

/* One attempt at loading, and what it said. */
static struct {
	struct config *c;
	struct err err;
	struct buf text; /* "F: ..." or "W: ...", one a line */
	int fatal, warnings;
} got;

static void
note(void *arg, bool fatal, const char *text)
{
	(void)arg;
	got.fatal += fatal;
	got.warnings += !fatal;
	buf_printf(&got.text, "%c: %s\n", fatal ? 'F' : 'W', text);
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return;
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static bool
load_from(const char *file, const char *const *env)
{
	char *none[] = { NULL };
	bool good;

	config_free(got.c);
	memset(&got, 0, sizeof(got));
	buf_init(&got.text, &a, 100000);
	good = config_load(file, env != NULL ? (char **)(uintptr_t)env : none, note, NULL,
	    &got.c, &got.err);
	if (good != (got.c != NULL) || good != (got.fatal == 0))
		diag("result, reports and pointer do not agree");
	return good;
}

static __attribute__((unused)) bool
load(const char *text, const char *const *env)
{
	write_file(env_file, text, 0600);
	return load_from(env_file, env);
}

static __attribute__((unused)) bool
said(const char *part)
{
	return strstr(got.text.p, part) != NULL;
}

static bool
begin(void)
{
	if (!arena_init(&a, 4 * ARENA_DEFAULT_BYTES) || mkdtemp(folder) == NULL)
		return false;
	env_file = str_printf(&a, "%s/env", folder).p;
	secret_file = str_printf(&a, "%s/secret", folder).p;
	return true;
}

static int
end(void)
{
	config_free(got.c);
	unlink(env_file);
	unlink(secret_file);
	rmdir(folder);
	arena_clear(&a);
	return done_testing();
}

#endif
