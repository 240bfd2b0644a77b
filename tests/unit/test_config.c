/* config: where settings come from, and names that are wrong. */
#include "config_try.h"
#include "base/banned.h"

static void
test_defaults(void)
{
	const struct config *c;

	if (!ok(load(BASE, NULL), "three settings are enough") || got.c == NULL)
		return;
	c = got.c;
	is_int(got.warnings, 0, "without a warning");
	ok(str_is(c->aws_region, "ap-northeast-1"), "region");
	ok(str_is(c->aws_account_id, "123456789012"), "account from the stage's ARN");
	is_int(c->publisher_token_duration_s, 14400, "publisher's life");
	is_int(c->viewer_token_duration_s, 3600, "viewer's life");
	is_int(c->max_viewers_per_stage, 50, "seats");
	is_int(c->scale_up_threshold, 45, "scale up");
	is_int(c->scale_down_threshold, 5, "scale down");
	is_int(c->max_stages, 20, "stages");
	is_int(c->heartbeat_timeout_s, 60, "heartbeat");
	is_int(c->rate_limit_window_ms, 60000, "window");
	is_int(c->rate_limit_max_requests, 100, "requests");
	is_int(c->rate_limit_heartbeats, 6000, "heartbeats");
	is_int(c->max_body_bytes, 65536, "body");
	is_int(c->db_port, 5432, "db port");
	is_int(c->redis_port, 6379, "redis port");
	is_int(c->redis_timeout_ms, 1000, "redis time limit");
	is_int(c->aws_max_attempts, 3, "attempts");
	is_int(c->fcgi_processes, 1, "processes");
	is_int(c->snapshot_retention_days, 90, "snapshots");
	is_int(c->session_retention_days, 0, "sessions");
	is_int(c->api_port, 3000, "port");
	ok(str_is(c->db_host, "localhost") && str_is(c->db_name, "ivs_live"), "database");
	ok(str_is(c->redis_key_prefix, "ivs:prod:"), "prefix");
	ok(str_is(c->stage_name_prefix, "ivs-live"), "stage names");
	ok(str_is(c->cloudwatch_namespace, "IVS/Production"), "namespace");
	is_int(c->environment, ENV_PRODUCTION, "production");
	ok(str_is(c->environment_name, "production"), "by name");
	is_int(c->token_mode, TOKEN_MODE_API, "tokens by AWS without a key");
	is_int(c->api_lang, LANG_ZH_TW, "language");
	is_int(c->log_level, LOG_INFO, "log level");
	is_int((long long)c->rate_limit_exempt.count, 2, "loopback is exempt");
	is_int((long long)c->trusted_proxies.count, 0, "no proxy is trusted");
	ok(c->redis_socket.n == 0 && c->redis_password.n == 0, "optional ones are empty");
	ok(c->auto_scale_enabled && !c->skip_auth && !c->db_ssl_enabled, "switches");
}

static void
test_format(void)
{
	ok(load("\xef\xbb\xbf# comment\r\n\r\n" BASE
		"  export DB_HOST = \"db host#1\" # why\r\n"
		"DB_NAME='it is \"mine\"'\n\texport\tDB_USER=$USER # no interpolation\n"
		"DB_PASSWORD=pass#word\nREDIS_PASSWORD=\"\"\nREDIS_PREFIX_IS=\n",
	       NULL) == false,
	    "an unknown name is fatal even when empty");
	ok(load("\xef\xbb\xbf# comment\r\n\r\n" BASE
		"  export DB_HOST = \"db host#1\" # why\r\n"
		"DB_NAME='it is \"mine\"'\n\texport\tDB_USER=$USER # no interpolation\n"
		"DB_PASSWORD=pass#word\nREDIS_PASSWORD=\"\"\nLOG_LEVEL=debug",
	       NULL),
	    "quotes, comments, export, CRLF, no newline at the end");
	if (got.c == NULL)
		return;
	ok(str_is(got.c->db_host, "db host#1"), "double quotes");
	ok(str_is(got.c->db_name, "it is \"mine\""), "single quotes");
	ok(str_is(got.c->db_user, "$USER"), "nothing is replaced");
	ok(str_is(got.c->db_password, "pass#word"), "# inside a word is no comment");
	ok(got.c->redis_password.n == 0, "empty means not set");
	is_int(got.c->log_level, LOG_DEBUG, "the last line");
}

static void
test_bad_lines(void)
{
	ok(!load(BASE "no equals sign\nDB_HOST=\"open\nDB_NAME='x' y\n=x\nA B=1\n", NULL),
	    "lines that are none");
	is_int(got.fatal, 5, "each is reported");
	ok(said("env:4: this line is not NAME=value"), "with file and line");
	ok(said("env:5: the value of DB_HOST starts with a quote"), "an open quote");
	ok(said("env:6: the value of DB_NAME"), "text behind the quote");
	ok(said("env:7:") && said("env:8:"), "no name, two names");
	ok(!said("no equals"), "a line that is none is not printed: it may be a secret");
	ok(load(BASE "DB_HOST=one\nDB_HOST=two\n", NULL) && got.warnings == 1,
	    "a name set twice is a warning");
	ok(said("env:5: DB_HOST was set before") && said("env:4"),
	    "that names both lines");
	ok(got.c != NULL && str_is(got.c->db_host, "two"), "the later one counts");
}

static void
test_unknown(void)
{
	static const struct {
		const char *name, *nearest; /* nearest NULL: none is named */
	} cases[] = {
		{ "DB_HOTS", "DB_HOST" },
		{ "REDIS_KEYPREFIX", "REDIS_KEY_PREFIX" },
		{ "MAX_VIEWER_PER_STAGE", "MAX_VIEWERS_PER_STAGE" },
		{ "AWS_REGIO", "AWS_REGION" },
		{ "api_secret_key", "API_SECRET_KEY" },
		{ "COMPLETELY_DIFFERENT_THING", NULL },
		{ "DB_HOST_FILE", "DB_HOST" },
	};
	char text[1000];
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text), BASE "%s=v4lue\n", cases[i].name);
		ok(!load(text, NULL) && got.fatal == 1 && said(cases[i].name),
		    "%s is unknown", cases[i].name);
		snprintf(text, sizeof(text), "did you mean %s?",
		    cases[i].nearest != NULL ? cases[i].nearest : "");
		if (!ok(cases[i].nearest != NULL ? said(text) : !said("did you mean"),
			"the nearest name"))
			diag("%s", got.text.p);
		ok(!said("v4lue"), "the value is not shown");
	}
	ok(load(BASE, (const char *const[]){ "DB_HOTS=x", "PATH=/bin", NULL }),
	    "the environment may hold anything");
}

static void
test_retired(void)
{
	size_t i;

	ok(load(BASE "DB_POOL_MAX=20\nDB_POOL_MIN=2\nPORT=80\nLOG_FILE=x\n", NULL),
	    "names of the replaced system do no harm");
	is_int(got.warnings, 4, "but are warned of");
	ok(said("W: ") && said("DB_POOL_MAX has no effect here"), "by name");
	for (i = 0; i < config_retired_count; i++) {
		size_t k;

		for (k = 0; k < config_settings_count; k++) {
			if (strcmp(config_retired[i].name, config_settings[k].name) == 0)
				ok(false, "%s is both", config_retired[i].name);
		}
	}
}

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
	       (const char *const[]){ "APP_ENV=test", NULL }) &&
		got.c->environment == ENV_TEST,
	    "the environment wins under either name");
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
		ok(load("AWS_REGION=ap-northeast-1\nMASTER_STAGE_ARN=" STAGE
			"\nAWS_ACCESS_KEY_ID=AKIAEXAMPLE\n",
		       (const char *const[]){ line, key,
			   strcmp(names[i], "AWS_SECRET_ACCESS_KEY") == 0
			       ? "Y=1"
			       : "AWS_SECRET_ACCESS_KEY=12345678",
			   NULL }),
		    "%s_FILE", names[i]);
	}
}

static void
test_missing(void)
{
	ok(!load("LOG_LEVEL=loud\nDB_HOTS=x\nAPI_PORT=x\n", NULL), "everything is wrong");
	is_int(got.fatal, 6, "all of it is reported at once");
	ok(said("AWS_REGION is missing") && said("AWS_REGION=ap-northeast-1"),
	    "what is missing, with an example");
	ok(said("MASTER_STAGE_ARN is missing") && said("API_SECRET_KEY is missing"),
	    "the others too");
	is_int(got.err.kind, ERR_CONFIG, "the kind of error");
	ok(strncmp(got.err.cause, "6 problems in the settings; the first: ", 39) == 0,
	    "the cause counts them: %s", got.err.cause);
	ok(!load_from("/nowhere/env", NULL) && said("cannot read the settings file"),
	    "a file that was named must be there");
	ok(!load_from(folder, NULL) && said("cannot read the settings file"),
	    "and be a file");
}

static void
test_file_mode(void)
{
	write_file(env_file, BASE, 0644);
	ok(load_from(env_file, NULL) && got.warnings == 1 && said("chmod 640"),
	    "secrets that everyone can read are a warning");
	write_file(env_file, BASE, 0640);
	ok(load_from(env_file, NULL) && got.warnings == 0, "the group may read");
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
		unlink(".env");
	}
	ok(!load_from(NULL, (const char *const[]){ "IVS_ENV_FILE=/nowhere", NULL }) &&
		said("'/nowhere'"),
	    "IVS_ENV_FILE must be there");
}

/* Every name of the contract. */
static void
test_names(void)
{
	static const char *const names[] = { "AWS_REGION", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_ACCOUNT_ID", "MASTER_STAGE_ARN", "DB_HOST",
		"DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_SSL_ENABLED",
		"REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_TLS_ENABLED",
		"REDIS_DB", "REDIS_KEY_PREFIX", "API_PORT", "API_SECRET_KEY",
		"INTERNAL_SECRET", "NODE_ENV", "CLOUDWATCH_NAMESPACE",
		"CLOUDWATCH_ENABLED", "RATE_LIMIT_WINDOW_MS", "RATE_LIMIT_MAX_REQUESTS",
		"SKIP_AUTH", "LOG_LEVEL", "CORS_ORIGINS", "PUBLISHER_TOKEN_DURATION",
		"VIEWER_TOKEN_DURATION", "MAX_VIEWERS_PER_STAGE", "SCALE_UP_THRESHOLD",
		"SCALE_DOWN_THRESHOLD", "MAX_STAGES", "AUTO_SCALE_ENABLED",
		"STAGE_NAME_PREFIX", "TOKEN_MODE", "IVS_SIGNING_KEY_FILE",
		"IVS_SIGNING_KEY_ARN", "IVS_USER_ID_MODE", "IVS_MAX_REPLICAS",
		"REDIS_SOCKET", "SESSION_SECRET", "API_READ_KEYS", "API_LANG",
		"MAX_BODY_BYTES", "TRUSTED_PROXIES", "RATE_LIMIT_HEARTBEATS",
		"RATE_LIMIT_EXEMPT", "SNAPSHOT_RETENTION_DAYS", "SESSION_RETENTION_DAYS",
		"HEARTBEAT_TIMEOUT", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS", "WS_AUTH" };
	size_t i, k;

	for (i = 0; i < COUNT(names); i++) {
		for (k = 0; k < config_settings_count; k++) {
			if (strcmp(names[i], config_settings[k].name) == 0)
				break;
		}
		ok(k < config_settings_count, "%s is a setting", names[i]);
	}
}

int
main(void)
{
	if (!begin())
		return 1;
	test_defaults();
	test_format();
	test_bad_lines();
	test_unknown();
	test_retired();
	test_precedence();
	test_alias();
	test_secret_files();
	test_all_secrets_take_files();
	test_missing();
	test_file_mode();
	test_search();
	test_names();
	return end();
}
