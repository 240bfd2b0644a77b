/* config: file, environment and secret files put together, and whose ./.env is read. */
#include "config_try.h"
#include "base/banned.h"

static void
test_precedence(void)
{
	ok(load(BASE "DB_HOST=file\nREDIS_HOST=file\nLOG_LEVEL=warn\n",
	       (const char *const[]){ "DB_HOST=env", "LOG_LEVEL=", NULL }),
	    "file and environment");
	if (got.c == NULL)
		return;
	ok(str_is(got.c->db_host, "env"), "the environment wins");
	ok(str_is(got.c->redis_host, "file"), "the file beats the default");
	is_int(got.c->log_level, LOG_INFO,
	    "an empty value in the environment is the default");
}

static void
test_alias(void)
{
	ok(load("MASTER_STAGE_ARN=" STAGE "\nAPI_SECRET_KEY=" SECRET "\n",
	       (const char *const[]){
		   "AWS_DEFAULT_REGION=ap-northeast-1", "APP_ENV=development", NULL }) &&
		got.warnings == 0,
	    "two names are accepted in place of others");
	ok(got.c != NULL && got.c->environment == ENV_DEVELOPMENT &&
		str_is(got.c->environment_name, "development") &&
		str_is(got.c->aws_region, "ap-northeast-1"),
	    "and count");
	ok(load(BASE,
	       (const char *const[]){ "APP_ENV=development", "NODE_ENV=test", NULL }),
	    "both names at once");
	ok(got.c != NULL && got.c->environment == ENV_TEST && said("NODE_ENV counts"),
	    "the main name counts, with a warning");
	ok(load(BASE "NODE_ENV=production\n",
	       (const char *const[]){ "APP_ENV=development", NULL }) &&
		got.c->environment == ENV_PRODUCTION &&
		said("NODE_ENV and APP_ENV differ (") && said("env:4, the environment)"),
	    "the file's own name beats an alias in the environment, with a warning");
	ok(load(BASE, (const char *const[]){ "AWS_DEFAULT_REGION=us-west-2", NULL }) &&
		str_is(got.c->aws_region, "ap-northeast-1"),
	    "so for the region");
	ok(load(BASE "APP_ENV=test\n",
	       (const char *const[]){ "APP_ENV=development", NULL }) &&
		got.c->environment == ENV_DEVELOPMENT,
	    "of the alias the environment wins, too");
	ok(load(BASE "APP_ENV=test\nNODE_ENV=development\n",
	       (const char *const[]){ "NODE_ENV=", NULL }) &&
		got.c->environment == ENV_PRODUCTION,
	    "an empty own name in the environment is the default, whatever the file says");
	ok(load(BASE "NODE_ENV=\n", (const char *const[]){ "APP_ENV=test", NULL }) &&
		got.c->environment == ENV_TEST,
	    "an empty line in the file is in nobody's way");
}

/* Which parts of the AWS key file and environment give, and which two are named. */
static void
test_one_credential(void)
{
	static const struct {
		const char *file, *env[4], *part; /* part NULL: accepted */
		const char *id, *token;
	} cases[] = {
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n",
		    { NULL }, NULL, "AKIAFILE", "" },
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n",
		    { "AWS_SESSION_TOKEN=" }, NULL, "AKIAFILE", "" },
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n",
		    { "AWS_SESSION_TOKEN=token-env" },
		    "AWS_ACCESS_KEY_ID comes from /tmp/test_config.", NULL, NULL },
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n"
		  "AWS_SESSION_TOKEN=token-file\n",
		    { "AWS_SESSION_TOKEN=" },
		    "but the empty AWS_SESSION_TOKEN from the environment", NULL, NULL },
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n"
		  "AWS_SESSION_TOKEN=token-file\n",
		    { "AWS_ACCESS_KEY_ID=AKIAENV", "AWS_SECRET_ACCESS_KEY=secret-env" },
		    "AWS_ACCESS_KEY_ID comes from the environment, but AWS_SESSION_TOKEN "
		    "from /tmp/test_config.",
		    NULL, NULL },
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n"
		  "AWS_SESSION_TOKEN=token-file\n",
		    { "AWS_ACCESS_KEY_ID=AKIAENV", "AWS_SECRET_ACCESS_KEY=secret-env",
			"AWS_SESSION_TOKEN=" },
		    NULL, "AKIAENV", "" },
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n",
		    { "AWS_SECRET_ACCESS_KEY=secret-env" },
		    "env:4, but AWS_SECRET_ACCESS_KEY from the environment", NULL, NULL },
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n",
		    { "AWS_ACCESS_KEY_ID=" },
		    "the empty AWS_ACCESS_KEY_ID comes from the environment, but", NULL,
		    NULL },
		{ "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=secret-file\n",
		    { "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=" }, NULL, "", "" },
	};
	char text[600];
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		bool good;

		snprintf(text, sizeof(text), BASE "%s", cases[i].file);
		good = load(text, cases[i].env);
		if (!ok(cases[i].part == NULL
			    ? good && str_is(got.c->aws_access_key_id, cases[i].id) &&
				  str_is(got.c->aws_session_token, cases[i].token)
			    : !good && got.fatal == 1 && said(cases[i].part),
			"key of one source %zu", i))
			diag("%s", got.text.p);
		ok(!said("secret-file") && !said("secret-env"), "no secret is shown");
	}
}

static void
test_libpq_names(void)
{
	ok(load(BASE, (const char *const[]){ "PGHOSTADDR=192.0.2.1", "PGSERVICE=x",
			  "PGSSLROOTCERT=/x", "PGDATA=/x", NULL }) &&
		got.warnings == 2 &&
		said("PGHOSTADDR in the environment has no effect") && said("PGSERVICE"),
	    "names of libpq that led elsewhere are warned of");
}

static void
test_web_identity(void)
{
	ok(load(BASE, (const char *const[]){ "AWS_WEB_IDENTITY_TOKEN_FILE=/x", NULL }) &&
		got.warnings == 1 && said("no role is assumed here"),
	    "a role that is not assumed is warned of");
	ok(load(BASE "AWS_ACCESS_KEY_ID=AKIAX\nAWS_SECRET_ACCESS_KEY=12345678\n",
	       (const char *const[]){ "AWS_WEB_IDENTITY_TOKEN_FILE=/x", NULL }) &&
		got.warnings == 0,
	    "but not beside keys of the settings");
}

/* DB_HOST=x asked for alone: nothing is missing, and what is wrong elsewhere is let be. */
static void
test_some(void)
{
	static const char *const names[] = { "DB_HOST", "DB_PASSWORD" };
	char *text = NULL;
	size_t n = 0;
	FILE *out;

	write_file(env_file,
	    "DB_HOST=here\nDB_PASSWORD=it's \"#1\" $(x)\\\nLOG_LEVEL=loud\n", 0600);
	setenv("IVS_ENV_FILE", env_file, 1);
	memset(&got.text, 0, sizeof(got.text));
	buf_init(&got.text, &a, 100000);
	got.fatal = 0;
	config_free(got.c);
	got.c = NULL;
	got.err = ERR_INIT;
	if (!ok(config_load_some(names, 2, note, NULL, &got.c, &got.err),
		"some settings"))
		diag("%s", got.text.p);
	out = open_memstream(&text, &n);
	if (got.c != NULL && out != NULL) {
		config_print_value(got.c, "DB_HOST", CONFIG_SH, out);
		config_print_value(got.c, "DB_PASSWORD", CONFIG_SH, out);
		config_print_value(got.c, "DB_PORT", CONFIG_SH, out);
		config_print_line(got.c, "DB_PASSWORD", out);
		config_print_value(got.c, "DB_PASSWORD", CONFIG_PLAIN, out);
	}
	if (out != NULL)
		fclose(out);
	is_text(text, "'here''it'\\''s \"#1\" $(x)\\'5432DB_PASSWORD=******",
	    "quoted for sh; the other ways hide secrets");
	free(text);
	ok(got.c != NULL && config_is_given(got.c, "DB_HOST") &&
		!config_is_given(got.c, "DB_PORT"),
	    "what was given is known");
	write_file(env_file, "DB_HOST=here\nDB_HOTS=x\n", 0600);
	config_free(got.c);
	got.c = NULL;
	ok(!config_load_some(names, 2, note, NULL, &got.c, &got.err) &&
		said("did you mean DB_HOST"),
	    "a misspelled name is fatal here, too");
	got.err = ERR_INIT;
	ok(!config_load_some(
	       (const char *const[]){ "DB_HOTS" }, 1, note, NULL, &got.c, &got.err) &&
		got.err.kind == ERR_INPUT,
	    "and one that is asked for");
	unsetenv("IVS_ENV_FILE");
}

static void
test_secret_files(void)
{
	char line[200];

	write_file(secret_file, "from-a-file-0123456789\r\n\n", 0600);
	snprintf(line, sizeof(line), "DB_PASSWORD_FILE=%s", secret_file);
	ok(load(BASE, (const char *const[]){ line, NULL }) && got.c != NULL &&
		str_is(got.c->db_password, "from-a-file-0123456789"),
	    "NAME_FILE, without the newlines at its end");
	ok(load(BASE "DB_PASSWORD=in-the-env-file\n",
	       (const char *const[]){ line, NULL }) &&
		str_is(got.c->db_password, "from-a-file-0123456789"),
	    "in the environment it beats the file's own value");
	ok(!load(BASE, (const char *const[]){ line, "DB_PASSWORD=x", NULL }) &&
		said("DB_PASSWORD and DB_PASSWORD_FILE are both set"),
	    "both in one source are a mistake");
	ok(load(BASE, (const char *const[]){ line, "DB_PASSWORD=", NULL }) &&
		str_is(got.c->db_password, "from-a-file-0123456789"),
	    "an empty one beside it is none");
	ok(!load(BASE "REDIS_PASSWORD_FILE=/nowhere/at/all\n", NULL) &&
		said("REDIS_PASSWORD_FILE is '/nowhere/at/all'") && said("No such file"),
	    "a missing one is named");
	ok(load(BASE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/var/run/t\n", NULL) &&
		str_is(got.c->aws_container_authorization_token_file, "/var/run/t") &&
		got.c->aws_container_authorization_token.n == 0,
	    "a setting that ends in _FILE is itself");
}

static void
test_all_secrets_take_files(void)
{
	static const char *const names[] = { "API_SECRET_KEY", "DB_PASSWORD",
		"REDIS_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"INTERNAL_SECRET", "SESSION_SECRET", "API_READ_KEYS" };
	char line[200], key[200];
	size_t i;

	write_file(secret_file, SECRET "\n", 0600);
	for (i = 0; i < COUNT(names); i++) {
		bool api = strcmp(names[i], "API_SECRET_KEY") == 0;

		snprintf(line, sizeof(line), "%s_FILE=%s", names[i], secret_file);
		snprintf(key, sizeof(key), "%s", api ? "X=1" : "API_SECRET_KEY=" SECRET);
		ok(load("AWS_REGION=ap-northeast-1\nMASTER_STAGE_ARN=" STAGE "\n",
		       (const char *const[]){ line, key, "AWS_ACCESS_KEY_ID=AKIAEXAMPLE",
			   strcmp(names[i], "AWS_SECRET_ACCESS_KEY") == 0
			       ? "Y=1"
			       : "AWS_SECRET_ACCESS_KEY=12345678",
			   NULL }),
		    "%s_FILE", names[i]);
	}
}

/* ./.env is here, and is named neither by root nor by ourselves. */
static void
test_search_not_ours(void)
{
	chmod(".env", 0646);
	ok(!(load_from(NULL, NULL) && str_is(got.c->db_name, "dotenv")) &&
		said("/.env is not read: every user of this machine may change it"),
	    "one that everyone can change is not");
	if (geteuid() == 0) {
		chmod(".env", 0644);
		ok(chown(".env", 65534, 65534) == 0 &&
			!(load_from(NULL, NULL) && str_is(got.c->db_name, "dotenv")) &&
			said("is not read: it belongs to user 65534"),
		    "nor one of another user");
		ok(load_from(NULL, (const char *const[]){ "IVS_ENV_FILE=.env", NULL }) &&
			str_is(got.c->db_name, "dotenv"),
		    "unless it is named");
		ok(rename(".env", "theirs") == 0 && symlink(env_file, ".env") == 0 &&
			lchown(".env", 65534, 65534) == 0 &&
			!(load_from(NULL, NULL) && str_is(got.c->db_name, "named")) &&
			said("it belongs to user 65534"),
		    "nor another user's link to one of ours");
		unlink("theirs");
		unlink(".env");
		ok(mkfifo(".env", 0644) == 0 && chown(".env", 65534, 65534) == 0 &&
			!load_from(NULL, NULL) && said("it belongs to user 65534"),
		    "a pipe of another user holds nobody");
	}
}

static void
test_search(void)
{
	char named[300];

	write_file(env_file, BASE "DB_NAME=named\n", 0600);
	snprintf(named, sizeof(named), "IVS_ENV_FILE=%s", env_file);
	ok(load_from(NULL, (const char *const[]){ named, NULL }) &&
		str_is(got.c->db_name, "named"),
	    "IVS_ENV_FILE names the file");
	if (chdir(folder) == 0) {
		write_file(".env", BASE "DB_NAME=dotenv\n", 0600);
		ok(load_from(NULL, NULL) && str_is(got.c->db_name, "dotenv"),
		    "else ./.env");
		ok(load_from(NULL, (const char *const[]){ named, NULL }) &&
			str_is(got.c->db_name, "named"),
		    "which comes after IVS_ENV_FILE");
		test_search_not_ours();
		unlink(".env");
	}
	ok(!load_from(NULL, (const char *const[]){ "IVS_ENV_FILE=/nowhere", NULL }) &&
		said("'/nowhere'"),
	    "IVS_ENV_FILE must be there");
}

int
main(void)
{
	if (!begin())
		return 1;
	test_precedence();
	test_alias();
	test_one_credential();
	test_libpq_names();
	test_web_identity();
	test_some();
	test_secret_files();
	test_all_secrets_take_files();
	test_search();
	return end();
}
