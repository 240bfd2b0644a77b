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
	ok(load(BASE "REDIS_PASSWORD=#Secret123\nDB_PASSWORD=#a #b\nDB_NAME= # c\n"
		     "DB_USER= x#y\t# c\n",
	       NULL) &&
		str_is(got.c->redis_password, "#Secret123") &&
		str_is(got.c->db_password, "#a") && str_is(got.c->db_name, "ivs_live") &&
		str_is(got.c->db_user, "x#y"),
	    "nor is one that begins the value: only behind a blank");
	if (!ok(load(BASE "REDIS_PASSWORD=''\nDB_PASSWORD=pass#word\nLOG_LEVEL=debug\n",
		    NULL),
		"and again"))
		return;
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
	write_file(env_file, BASE, 0646);
	ok(load_from(env_file, NULL) && got.warnings == 1 &&
		said("can be changed by every user"),
	    "a file that everyone can change is a warning when it was named");
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
	test_missing();
	test_file_mode();
	test_names();
	return end();
}
