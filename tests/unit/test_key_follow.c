/*
 * A key file that is replaced while a program runs: what cannot be used at first is tried
 * again, though the file is the same.
 */
#include "domain/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/json.h"
#include "domain/signing_file.h"
#include "tap.h"
#include "base/banned.h"

#define OLD_ARN "arn:aws:ivs:eu-central-1:123456789012:public-key/f99cde61-c2b0-4df3"
#define NEW_ARN OLD_ARN "-2"

static struct arena arena;
static char folder[] = "/tmp/follow.XXXXXX";
static int warnings;

static const char *
key_file(const char *name, const char *arn)
{
	const char *path = str_printf(&arena, "%s/%s", folder, name).p;
	struct es384_key *k = es384_new();
	struct err err = ERR_INIT;

	ok(signing_file_make(path, k, arn, NULL, &err), "%s is made", name);
	es384_free(k);
	return path;
}

static void
count_warning(const struct err *why)
{
	(void)why;
	warnings++;
}

/* Past the second in which the file is not looked at again. */
static bool
signed_with(struct tokens *t, const char *arn)
{
	static const struct token_order order = {
		.role = TOKEN_VIEWER,
		.id = { "x", 1 },
		.participant_id = { "p1", 2 },
		.stage_arn = { "arn:aws:ivs:eu-central-1:123456789012:stage/A", 45 },
		.events_endpoint = { "wss://e", 7 },
		.whip_endpoint = { "https://w", 9 },
		.duration_s = 60,
	};
	struct timespec pause = { 1, 20000000 };
	struct err err = ERR_INIT;
	struct token token = { 0 };
	struct str text = STR("");
	json_t *head = NULL;
	bool same;

	nanosleep(&pause, NULL);
	if (!tokens_make(t, &arena, &order, &token, &err) ||
	    !decode_base64url(&arena, str_cut(&token.token, '.'), &text) ||
	    !json_parse_object(text, &head, &err))
		return false;
	same = str_is(json_view(json_object_get(head, "kid")), arn);
	json_decref(head);
	return same;
}

/* The file is well and does not change any more: only the process was short of something. */
static void
test_short_of_descriptors(struct tokens *t, const char *next, const char *path)
{
	struct rlimit usual, few;

	ok(rename(next, path) == 0 && getrlimit(RLIMIT_NOFILE, &usual) == 0,
	    "the file is replaced");
	few = usual;
	few.rlim_cur = 3;
	ok(setrlimit(RLIMIT_NOFILE, &few) == 0, "no descriptor is left");
	ok(signed_with(t, OLD_ARN) && signed_with(t, OLD_ARN), "the old key serves on");
	ok(warnings == 1, "it is told once");
	ok(setrlimit(RLIMIT_NOFILE, &usual) == 0, "there are descriptors again");
	ok(signed_with(t, NEW_ARN), "the new key is taken");
	ok(warnings == 1, "and nothing else is told");
}

int
main(void)
{
	struct config cfg = { .token_mode = TOKEN_MODE_LOCAL };
	struct err err = ERR_INIT;
	struct tokens *t = NULL;
	const char *path, *next;

	if (mkdtemp(folder) == NULL || !arena_init(&arena, ARENA_DEFAULT_BYTES))
		return 1;
	path = key_file("key.pem", OLD_ARN);
	next = key_file("next.pem", NEW_ARN);
	cfg.ivs_signing_key_file = str_of(path);
	ok(tokens_open(&cfg, NULL, &t, &err), "the key opens");
	if (t != NULL) {
		tokens_on_warning(t, count_warning);
		test_short_of_descriptors(t, next, path);
		tokens_close(t);
	}
	unlink(path);
	rmdir(folder);
	arena_clear(&arena);
	return done();
}
