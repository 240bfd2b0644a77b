/*
 * The file of the signing key: what is written is what is read, nobody else can read it,
 * and who signs tokens follows it.
 */
#include "domain/signing_file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "domain/tokens.h"
#include "tap.h"
#include "base/banned.h"

#define ARN(n) "arn:aws:ivs:eu-central-1:123456789012:public-key/f99cde61-000" n
#define FOLLOW_MS 5000

static struct arena arena;
static char folder[] = "/tmp/signing.XXXXXX";
static int warnings;
static char warning[300];

static const char *
path_of(const char *name)
{
	return str_printf(&arena, "%s/%s", folder, name).p;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static const char *
text_of(const char *path)
{
	char *text = arena_zalloc(&arena, 2048);
	FILE *f = fopen(path, "r");

	if (f != NULL) {
		(void)!fread(text, 1, 2047, f);
		fclose(f);
	}
	return text;
}

static void
write_text(const char *path, const char *first, const char *rest)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return;
	fprintf(f, "%s%s", first, rest);
	fclose(f);
	chmod(path, 0600);
}

static bool
same_key(const struct es384_key *a, const struct es384_key *b)
{
	char pem[ES384_PEM_BYTES];

	es384_public_pem(a, pem);
	return es384_has_public(b, str_of(pem));
}

static void
test_halves(void)
{
	struct es384_key *a = es384_new(), *b = es384_new();
	char secret[ES384_PEM_BYTES], public[ES384_PEM_BYTES];

	es384_private_pem(a, secret);
	es384_public_pem(a, public);
	ok(str_starts(str_of(secret), STR("-----BEGIN PRIVATE KEY-----\n")) &&
		str_starts(str_of(public), STR("-----BEGIN PUBLIC KEY-----\n")),
	    "both halves are PEM text");
	ok(same_key(a, a) && !same_key(a, b), "a key knows its own public half only");
	ok(!es384_has_public(a, STR("")) && !es384_has_public(a, STR("no key")) &&
		!es384_has_public(a, str_of(secret)),
	    "what is no public key is nobody's");
	es384_free(a);
	es384_free(b);
}

static void
test_make(struct es384_key *key)
{
	const char *path = path_of("made.pem");
	struct signing_file f = { 0 };
	struct err err = ERR_INIT;

	umask(0);
	ok(signing_file_make(path, key, ARN("1"), NULL, &err), "a file is made");
	umask(022);
	is_int(mode_of(path), 0600, "for its owner only, whatever the umask");
	ok(signing_file_read(path, &f, &err) && same_key(f.key, key) &&
		strcmp(f.arn, ARN("1")) == 0,
	    "key and ARN come back");
	signing_file_free(&f);
	ok(!signing_file_make(path, key, ARN("2"), NULL, &err) &&
		err.kind == ERR_CONFLICT && strstr(text_of(path), ARN("1")) != NULL,
	    "it is not overwritten");
	err = ERR_INIT;
	ok(!signing_file_make(path_of("no/such.pem"), key, "", NULL, &err) &&
		err.kind == ERR_CONFIG,
	    "a folder that is not there is an error");
}

static void
test_replace(struct es384_key *key)
{
	const char *path = path_of("made.pem"), *left = path_of("made.pem.tmp");
	struct es384_key *next = es384_new();
	struct signing_file f = { 0 };
	struct err err = ERR_INIT;

	write_text(left, "half of a ", "key");
	ok(signing_file_replace(path, next, ARN("2"), &err), "a file is replaced");
	is_int(mode_of(path), 0600, "for its owner only");
	ok(signing_file_read(path, &f, &err) && same_key(f.key, next) &&
		!same_key(f.key, key) && strcmp(f.arn, ARN("2")) == 0,
	    "by the new key and ARN");
	signing_file_free(&f);
	ok(access(left, F_OK) != 0, "what a killed run left is gone");
	es384_free(next);
}

static void
test_first_lines(struct es384_key *key)
{
	const char *path = path_of("lines.pem");
	char pem[ES384_PEM_BYTES];
	/* what stands before the key, and the ARN; NULL: refused */
	static const struct {
		const char *head, *arn;
	} rows[] = {
		{ "", "" },
		{ "a note\n\n", "" },
		{ "# ivs-live key: " ARN("3") "\n", ARN("3") },
		{ "# ivs-live key: " ARN("3") "\r\n", ARN("3") },
		{ "a note\n# ivs-live key:   " ARN("3") "  \nmore\n", ARN("3") },
		{ "# ivs-live key: " ARN("3") "\n# ivs-live key: " ARN("4") "\n",
		    ARN("3") },
		{ "## ivs-live key: " ARN("3") "\n", "" },
		{ "# ivs-live key: \n", NULL },
		{ "# ivs-live key: arn:aws:ivs:eu-central-1:123456789012:stage/a\n",
		    NULL },
		{ "# ivs-live key: " ARN("3") "/" ARN("3") ARN("3") "\n", NULL },
	};

	es384_private_pem(key, pem);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct signing_file f = { 0 };
		struct err err = ERR_INIT;
		bool good;

		write_text(path, rows[i].head, pem);
		good = signing_file_read(path, &f, &err);
		ok(rows[i].arn == NULL ? !good && err.kind == ERR_CONFIG
				       : good && strcmp(f.arn, rows[i].arn) == 0,
		    "first lines, row %zu", i);
		if (good)
			signing_file_free(&f);
	}
}

/* ---- following ---- */

static void
warn(const struct err *why)
{
	warnings++;
	snprintf(warning, sizeof(warning), "%s", why->cause);
}

static bool
kid_is(struct tokens *t, const char *arn)
{
	const struct token_order order = { .role = TOKEN_VIEWER,
		.id = STR("u"),
		.participant_id = STR("abcdefghijkl"),
		.stage_arn = STR("arn:aws:ivs:eu-central-1:123456789012:stage/A"),
		.events_endpoint = STR("wss://e"),
		.whip_endpoint = STR("https://w"),
		.duration_s = 60 };
	struct err err = ERR_INIT;
	struct str head, text;
	struct token token;
	json_t *v = NULL;
	bool same;

	if (!tokens_make(t, &arena, &order, &token, &err))
		return false;
	head = str_cut(&token.token, '.');
	if (!decode_base64url(&arena, head, &text) || !json_parse_object(text, &v, &err))
		return false;
	same = str_is(json_view(json_object_get(v, "kid")), arn);
	json_decref(v);
	return same;
}

/* Until tokens carry this ARN, or (NULL) until somebody was warned. */
static bool
comes_to(struct tokens *t, const char *arn, const char *meanwhile)
{
	const struct timespec nap = { .tv_nsec = 20000000 };
	int64_t end_ms = clock_mono_ms() + FOLLOW_MS;

	while (clock_mono_ms() < end_ms) {
		if (arn != NULL ? kid_is(t, arn) : (kid_is(t, meanwhile) && warnings > 0))
			return true;
		if (!kid_is(t, meanwhile) && (arn == NULL || !kid_is(t, arn)))
			return false;
		nanosleep(&nap, NULL);
	}
	return false;
}

static void
test_follow(struct es384_key *key)
{
	const char *path = path_of("followed.pem");
	struct config cfg = { .token_mode = TOKEN_MODE_LOCAL,
		.ivs_signing_key_file = str_of(path),
		.aws_region = STR("eu-central-1") };
	/* longer than two looks are apart */
	const struct timespec look = { .tv_sec = 1, .tv_nsec = 100000000 };
	struct es384_key *next = es384_new();
	struct err err = ERR_INIT;
	struct tokens *t = NULL;

	(void)signing_file_make(path, key, ARN("5"), NULL, &err);
	if (!ok(tokens_open(&cfg, NULL, &t, &err), "the file's own ARN is enough"))
		return;
	tokens_on_warning(t, warn);
	ok(kid_is(t, ARN("5")), "tokens name it");
	(void)signing_file_replace(path, next, ARN("6"), &err);
	ok(comes_to(t, ARN("6"), ARN("5")), "a new file is followed");
	is_int(warnings, 0, "without a word");
	write_text(path, "# ivs-live key: " ARN("7") "\n", "broken");
	ok(comes_to(t, NULL, ARN("6")), "a broken one is warned of, the key stays");
	ok(strstr(warning, "IVS_SIGNING_KEY_FILE") != NULL, "by the name of the setting");
	nanosleep(&look, NULL);
	ok(kid_is(t, ARN("6")) && warnings == 1, "and warned of once");
	(void)signing_file_replace(path, key, ARN("8"), &err);
	ok(comes_to(t, ARN("8"), ARN("6")), "a good one is followed again");
	tokens_close(t);
	es384_free(next);
}

static void
refuses(struct config *cfg, const char *because, const char *name)
{
	struct err err = ERR_INIT;
	struct tokens *t = NULL;

	ok(!tokens_open(cfg, NULL, &t, &err) && err.kind == ERR_CONFIG &&
		strstr(err.cause, because) != NULL,
	    "refused: %s", name);
}

static void
test_arn_sources(struct es384_key *key)
{
	const char *path = path_of("arn.pem");
	struct config cfg = { .token_mode = TOKEN_MODE_LOCAL,
		.ivs_signing_key_file = str_of(path) };
	struct err err = ERR_INIT;
	struct tokens *t = NULL;

	(void)signing_file_make(path, key, ARN("1"), NULL, &err);
	cfg.ivs_signing_key_arn = STR(ARN("1"));
	ok(tokens_open(&cfg, NULL, &t, &err) && kid_is(t, ARN("1")),
	    "setting and file may say the same");
	tokens_close(t);
	cfg.ivs_signing_key_arn = STR(ARN("2"));
	refuses(&cfg, "IVS_SIGNING_KEY_ARN is not the ARN", "setting and file differ");
	cfg.ivs_signing_key_arn = STR_NULL;
	cfg.aws_region = STR("us-east-1");
	refuses(&cfg, "in region 'eu-central-1'", "a key of another region");
	(void)signing_file_replace(path, key, "", &err);
	refuses(&cfg, "signing-key import", "no ARN anywhere");
	cfg.ivs_signing_key_arn = STR(ARN("2"));
	ok(tokens_open(&cfg, NULL, &t, &err) && kid_is(t, ARN("2")),
	    "the setting alone is enough");
	tokens_close(t);
}

static void
clean_up(void)
{
	static const char *const names[] = { "made.pem", "lines.pem", "followed.pem",
		"arn.pem" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(path_of(names[i]));
	ok(rmdir(folder) == 0, "nothing else was left in the folder");
	arena_clear(&arena);
}

int
main(void)
{
	struct es384_key *key = es384_new();

	if (mkdtemp(folder) == NULL || !arena_init(&arena, ARENA_DEFAULT_BYTES))
		return 1;
	test_halves();
	test_make(key);
	test_replace(key);
	test_first_lines(key);
	test_follow(key);
	test_arn_sources(key);
	clean_up();
	es384_free(key);
	return done();
}
