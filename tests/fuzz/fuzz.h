/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is one file fuzz_NAME.c with fuzz_one(), which gets one input and checks by
 * PROPERTY what the code under test promises for any input. `make fuzz` links it with
 * libFuzzer, every other build with replay.c, which feeds it the corpus
 * (tests/fuzz/corpus/NAME) as a part of the tests.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/json.h"
#include "base/parse.h"

#define FUZZ_STAGE "arn:aws:ivs:ap-northeast-1:123456789012:stage/aBcDeFgHiJkL"
#define FUZZ_SECRET "wJalrXUtnFEMI" /* must never be repeated */

/* In: n bytes that nobody has looked at. The arena is wiped after each. */
void fuzz_one(struct arena *a, struct str in);

/* A promise. Broken: say which one and abort, which makes the input a finding. */
#define PROPERTY(cond)                                                                   \
	((cond) ? (void)0                                                                \
		: (fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond),    \
		      abort()))

/* libFuzzer's entry, and replay.c's. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct arena a;

	if (a.base == NULL)
		PROPERTY(arena_init(&a, ARENA_DEFAULT_BYTES));
	json_use(&a);
	fuzz_one(&a, (struct str){ n > 0 ? (const char *)p : "", n });
	json_use(NULL);
	arena_wipe(&a);
	return 0;
}

/* The text as a file of the given mode; path is its name until fuzz_file_end. */
static __attribute__((unused)) int
fuzz_file(struct str text, mode_t mode, char path[64])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	PROPERTY(fd >= 0 && fchmod(fd, mode) == 0);
	PROPERTY(write(fd, text.p, text.n) == (ssize_t)text.n);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

/* The usual settings of a show. */
static __attribute__((unused)) const struct config *
fuzz_config(void)
{
	static const struct str text =
	    STR("AWS_REGION=ap-northeast-1\nMASTER_STAGE_ARN=" FUZZ_STAGE
		"\nAPI_SECRET_KEY=key-0123456789\nINTERNAL_SECRET=inside-0123456789\n"
		"TRUSTED_PROXIES=10.0.0.0/8,::1\nCORS_ORIGINS=https://example.com\n"
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE\nAWS_SECRET_ACCESS_KEY=" FUZZ_SECRET "\n");
	static char *no_env[] = { NULL };
	static struct config *cfg;
	struct err err = ERR_INIT;
	char path[64];
	int fd;

	if (cfg != NULL)
		return cfg;
	fd = fuzz_file(text, 0600, path);
	PROPERTY(config_load(path, no_env, NULL, NULL, &cfg, &err));
	close(fd);
	return cfg;
}

/* A failure says what sort it is, and why, in a text that can be logged as it is. */
static __attribute__((unused)) void
fuzz_failed(const struct err *err)
{
	PROPERTY(err->kind > ERR_NONE && err->kind < ERR_KIND_COUNT);
	PROPERTY(err->kind != ERR_BUG);
	PROPERTY(err->cause[0] != '\0');
}

/* What a getter calls text: of so many characters, well-formed, nothing that steers. */
static __attribute__((unused)) void
fuzz_clean(struct str s, size_t max_chars)
{
	size_t chars;

	PROPERTY(parse_utf8(s, &chars));
	PROPERTY(chars <= max_chars);
	PROPERTY(!parse_has_control(s));
}

/* The next part of the input, up to a line's end; empty when there is no more. */
static __attribute__((unused)) struct str
fuzz_line(struct str *in)
{
	struct str line = str_cut(in, '\n');

	return line.p != NULL ? line : STR("");
}

#endif
