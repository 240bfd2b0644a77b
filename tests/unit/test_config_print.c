/* config: dump, example and tables; no secret in any of them. */
#include "config_try.h"
#include "base/banned.h"

static const char *
printed(void (*print)(FILE *out))
{
	char *text = NULL;
	const char *copy;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	print(f);
	fclose(f);
	copy = arena_strndup(&a, text, n);
	free(text);
	return copy;
}

static void
print_dump(FILE *out)
{
	config_dump(got.c, out);
}

static void
print_profile(FILE *out)
{
	config_print_line(got.c, "AWS_PROFILE", out);
}

static void
print_en(FILE *out)
{
	config_print_markdown(out, LANG_EN);
}

static void
print_zh(FILE *out)
{
	config_print_markdown(out, LANG_ZH_TW);
}

#define ALL_SECRETS                                                                      \
	"API_READ_KEYS=" SECRET "1\nINTERNAL_SECRET=" SECRET "2\nSESSION_SECRET=" SECRET \
	"3\nDB_PASSWORD=" SECRET "4\nREDIS_PASSWORD=" SECRET                             \
	"5\nAWS_ACCESS_KEY_ID=AKIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=" SECRET                \
	"6\nAWS_SESSION_TOKEN=" SECRET "7\n"                                             \
	"AWS_CONTAINER_AUTHORIZATION_TOKEN=" SECRET "8\n"

static void
test_dump(void)
{
	const char *first, *second;

	ok(load(
	       BASE ALL_SECRETS "DB_HOST='a b'\nDB_NAME='q\"q'\nTOKEN_MODE=auto\n", NULL),
	    "with every secret");
	first = printed(print_dump);
	ok(strstr(first, "planted") == NULL, "the dump hides secrets");
	ok(strstr(first, "\nAPI_SECRET_KEY=***\n") != NULL, "as ***");
	ok(strstr(first, "\nDB_HOST=a b\nDB_PORT=5432\n") != NULL, "and shows the rest");
	ok(strstr(first, "\nTOKEN_MODE=api\n") != NULL, "as it is in force");
	/* Without the secrets, what was dumped can be loaded and is the same again. */
	load(BASE "DB_HOST='a b'\nDB_NAME='q\"q'\nTRUSTED_PROXIES=10.0.0.0/8\n", NULL);
	first = printed(print_dump);
	ok(load(first, (const char *const[]){ "API_SECRET_KEY=" SECRET, NULL }),
	    "a dump can be loaded");
	second = got.c != NULL ? printed(print_dump) : "";
	is_text(second, first, "and is the same again");
}

/* What the environment gives comes back from the line that is printed for it. */
static void
test_round_trip(void)
{
	static const char *const values[] = { "a'b\"c", "a'b\"c#d", "plain", "#first",
		"a#b", "a #b", "'one", "\"two", "one'", " ahead", "behind ", "a b",
		"it's", "a\\n$x" };
	char given[64], base[400];
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		snprintf(given, sizeof(given), "AWS_PROFILE=%s", values[i]);
		load(BASE, (const char *const[]){ given, NULL });
		snprintf(base, sizeof(base), BASE "%s", printed(print_profile));
		ok(load(base, NULL) && str_is(got.c->aws_profile, values[i]),
		    "AWS_PROFILE %s comes back", values[i]);
	}
	ok(load(BASE "AWS_PROFILE=a'b\"c\n", NULL), "both quotes inside");
	is_text(printed(print_profile), "AWS_PROFILE=a'b\"c", "need none around them");
	load(BASE, (const char *const[]){ "AWS_PROFILE='a\"b", NULL });
	is_text(printed(print_profile),
	    "# only the environment can give this value, which needs quotes and holds both "
	    "kinds: AWS_PROFILE='a\"b",
	    "what no line can give says so");
	ok(load(printed(print_dump),
	       (const char *const[]){ "API_SECRET_KEY=" SECRET, NULL }),
	    "and the dump can be loaded all the same");
}

static void
test_no_leak(void)
{
	ok(!load(BASE ALL_SECRETS "API_PORT=x\nDB_PASSWORD=" SECRET "\x01\n"
				  "planted-secret without a name\n",
	       NULL),
	    "mistakes among secrets");
	ok(!said("planted"), "no report shows one");
	ok(strstr(got.err.cause, "planted") == NULL, "nor does the error");
}

/* The example as printed must fail only for what is required. */
static void
test_example(void)
{
	const char *text = printed(config_print_example);

	ok(!load(text, NULL) && got.fatal == 3, "the example lacks the required three");
	ok(load(text, (const char *const[]){ "AWS_REGION=ap-northeast-1",
			  "MASTER_STAGE_ARN=" STAGE, "API_SECRET_KEY=" SECRET, NULL }),
	    "with them it loads");
	is_int(got.warnings, 0, "without a warning");
}

static void
test_print(void)
{
	const char *example = printed(config_print_example);
	const char *en = printed(print_en), *zh = printed(print_zh);
	char text[100];
	size_t i;

	for (i = 0; i < config_settings_count; i++) {
		const struct setting *s = &config_settings[i];
		bool required = (s->flags & SETTING_REQUIRED) != 0;

		snprintf(text, sizeof(text), "\n%s%s=", required ? "" : "#", s->name);
		ok(strstr(example, text) != NULL, "%s is in the example", s->name);
		snprintf(text, sizeof(text), "| `%s` | ", s->name);
		ok(strstr(en, text) != NULL && strstr(zh, text) != NULL,
		    "and in both tables");
		ok(s->help[LANG_EN] != NULL && s->help[LANG_ZH_TW] != NULL,
		    "and has its help");
		ok(!required || (s->example != NULL && s->def == NULL),
		    "and its example");
		ok((s->unit[0] == NULL) == (s->unit[1] == NULL), "and its unit");
	}
}

int
main(void)
{
	if (!begin())
		return 1;
	test_dump();
	test_round_trip();
	test_no_leak();
	test_example();
	test_print();
	return end();
}
