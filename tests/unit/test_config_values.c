/* config: values one by one, and those that must fit each other. */
#include "config_try.h"
#include "base/banned.h"

/* What Debian's package ca-certificates brings: some certificates. */
#define CA_FILE "/etc/ssl/certs/ca-certificates.crt"

static const struct {
	const char *line, *part; /* part NULL: accepted */
} values[] = {
	{ "API_PORT=0", NULL },
	{ "API_PORT=65535", NULL },
	{ "API_PORT=65536", "API_PORT is '65536'" },
	{ "API_PORT=-1", "a whole number from 0 to 65535" },
	{ "API_PORT=3000x", "3000x" },
	{ "API_PORT=99999999999999999999", "API_PORT" },
	{ "PUBLISHER_TOKEN_DURATION=59", "60 to 1209600 (seconds)" },
	{ "PUBLISHER_TOKEN_DURATION=1209600", NULL },
	{ "PUBLISHER_TOKEN_DURATION=1209601", "1209601" },
	{ "MAX_BODY_BYTES=1023", "(bytes)" },
	{ "HEARTBEAT_TIMEOUT=9", "10 to 3600" },
	{ "FCGI_PROCESSES=65", "1 to 64" },
	{ "AWS_MAX_ATTEMPTS=11", "1 to 10" },
	{ "RATE_LIMIT_MAX_REQUESTS=0", NULL },
	{ "DB_SSL_ENABLED=YES", NULL },
	{ "DB_SSL_ENABLED=maybe", "true or false" },
	{ "DB_SSL_MODE=allow", "prefer, require, verify-ca or verify-full" },
	{ "DB_SSL_MODE=prefer", NULL },
	{ "DB_SSL_MODE=verify-ca", "DB_SSL_MODE is set but DB_SSL_ENABLED is not true" },
	{ "DB_SSL_ENABLED=true\nDB_SSL_MODE=verify-ca", NULL },
	{ "DB_SSL_ENABLED=true\nDB_SSL_MODE=prefer", "does without TLS" },
	{ "DB_SSL_CA=" CA_FILE, "DB_SSL_CA is set but DB_SSL_ENABLED is not true" },
	{ "DB_SSL_ENABLED=true\nDB_SSL_CA=" CA_FILE, NULL },
	{ "DB_SSL_ENABLED=true\nDB_SSL_MODE=require\nDB_SSL_CA=" CA_FILE,
	    "checks no certificate" },
	{ "DB_SSL_ENABLED=true\nDB_SSL_CA=/nonexistent/ca.pem",
	    "DB_SSL_CA is '/nonexistent/ca.pem' (" },
	{ "DB_SSL_ENABLED=true\nDB_SSL_CA=/nonexistent/ca.pem",
	    "it cannot be read: No such file or directory" },
	{ "REDIS_TLS_ENABLED=true\nREDIS_TLS_CA=/etc/hostname",
	    "it holds no certificate in PEM form" },
	{ "REDIS_TLS_ENABLED=true\nREDIS_TLS_CA=" CA_FILE, NULL },
	{ "REDIS_TLS_CA=" CA_FILE,
	    "REDIS_TLS_CA is set but REDIS_TLS_ENABLED is not true" },
	{ "REDIS_USER=ivs", "REDIS_PASSWORD is not: set both" },
	{ "REDIS_USER=ivs\nREDIS_PASSWORD=p", NULL },
	{ "LOG_LEVEL=verbose", "error, warn, info or debug" },
	{ "API_LANG=en", NULL },
	{ "API_LANG=ZH-tw", NULL },
	{ "API_LANG=de", "zh-TW or en" },
	{ "TOKEN_MODE=remote", "auto, local or api" },
	{ "NODE_ENV=staging", "production, development or test" },
	{ "REDIS_KEY_PREFIX={ivs:prod}:", NULL },
	{ "REDIS_KEY_PREFIX=\"a b\"", "letters or digits" },
	{ "STAGE_NAME_PREFIX=a.b", "also any of -_" },
	{ "AWS_ENDPOINT_URL=localhost:4566", "starts with http:// or https://" },
	{ "AWS_ENDPOINT_URL=http://127.0.0.1:4566", NULL },
	{ "TRUSTED_PROXIES=10.0.0.0/8, ::1", NULL },
	{ "TRUSTED_PROXIES=10.0.0.0/33", "10.0.0.0/33" },
	{ "RATE_LIMIT_EXEMPT=none", NULL },
	{ "DB_HOST=\x01", "without control characters" },
	{ "DB_HOST=\xff", "DB_HOST is '?'" },
	{ "AWS_ACCOUNT_ID=12345678901a", "12 digits" },
	{ "AWS_ACCOUNT_ID=210987654321", "make them equal" },
	{ "AWS_ACCOUNT_ID=123", "AWS_ACCOUNT_ID is '123'" },
	{ "CORS_ORIGINS=*", NULL },
	{ "CORS_ORIGINS=https://a.example:8443, http://[::1]:80", NULL },
	{ "CORS_ORIGINS=https://a.example/", "without a path" },
	{ "CORS_ORIGINS=a.example", "'a.example'" },
	{ "REDIS_SOCKET=/a/socket/path/that/is/far/too/long/for/the/kernel"
	  "/since/it/has/more/than/one/hundred/and/seven/bytes/which/is"
	  "/the/limit/of/a/socket/path",
	    "1 to 107" },
};

static void
test_values(void)
{
	char text[1000];
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		bool good;

		snprintf(text, sizeof(text), BASE "%s\n", values[i].line);
		good = load(text, NULL);
		if (!ok(values[i].part == NULL ? good : !good && said(values[i].part),
			"%zu %.*s", i, (int)strcspn(values[i].line, "\n"),
			values[i].line))
			diag("%s", got.text.p);
		if (values[i].part != NULL && got.fatal != 1)
			ok(false, "%d problems reported for one mistake", got.fatal);
	}
}

static void
test_lists(void)
{
	ok(load(BASE "RATE_LIMIT_EXEMPT=none\nTRUSTED_PROXIES=10.0.0.0/8,::1\n", NULL),
	    "lists");
	is_int((long long)got.c->rate_limit_exempt.count, 0, "none empties a default");
	is_int((long long)got.c->trusted_proxies.count, 2, "two proxies");
	ok(str_is(got.c->trusted_proxies_text, "10.0.0.0/8,::1"), "and their text");
}

static void
test_stage_arn(void)
{
	static const struct {
		const char *arn, *part;
	} cases[] = {
		{ "arn:aws:ivs:eu-west-1:123456789012:stage/a", "in region 'eu-west-1'" },
		{ "arn:aws:ivs:ap-northeast-1:12345678901:stage/a",
		    "must be a stage ARN" },
		{ "arn:aws:ivs:ap-northeast-1:123456789012:channel/a",
		    "must be a stage ARN" },
		{ "arn:aws:ivs:ap-northeast-1:123456789012:stage/",
		    "must be a stage ARN" },
		{ "arn:aws:ivs:ap-northeast-1:123456789012:stage/a/b",
		    "must be a stage ARN" },
		{ "arn:aws:ivs:ap-northeast-1:123456789012:stage/a:b",
		    "must be a stage ARN" },
		{ "arn:aws:ivs::123456789012:stage/a", "must be a stage ARN" },
		{ "arn:aws:ivs:AP-Northeast-1:123456789012:stage/a",
		    "must be a stage ARN" },
		{ "arn:aws:s3:ap-northeast-1:123456789012:stage/a",
		    "must be a stage ARN" },
		{ "arn:aws:ivs:ap-northeast-1:123456789012:stage/a_b",
		    "MASTER_STAGE_ARN" },
		{ "x", "must be a stage ARN" },
	};
	char line[300];
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		snprintf(line, sizeof(line), "MASTER_STAGE_ARN=%s", cases[i].arn);
		ok(!load(BASE, (const char *const[]){ line, NULL }) && got.fatal == 1 &&
			said(cases[i].part),
		    "%s", cases[i].arn);
	}
}

static void
test_tokens(void)
{
	ok(load(BASE "IVS_SIGNING_KEY_FILE=/k.pem\nIVS_SIGNING_KEY_ARN=" KEY_ARN "\n",
	       NULL) &&
		got.c->token_mode == TOKEN_MODE_LOCAL,
	    "a key makes tokens local");
	ok(load(BASE "TOKEN_MODE=api\nIVS_SIGNING_KEY_FILE=/k.pem\n", NULL) &&
		got.c->token_mode == TOKEN_MODE_API,
	    "unless api is wanted");
	ok(!load(BASE "TOKEN_MODE=local\n", NULL) && got.fatal == 1 &&
		said("IVS_SIGNING_KEY_FILE is missing"),
	    "local needs a file");
	ok(load(BASE "IVS_SIGNING_KEY_FILE=/k.pem\n", NULL) &&
		got.c->token_mode == TOKEN_MODE_LOCAL,
	    "which may say its ARN itself");
	ok(load(BASE "IVS_SIGNING_KEY_ARN=" KEY_ARN "\n", NULL) && got.warnings == 1,
	    "an ARN alone is a warning");
	ok(!load(BASE "IVS_SIGNING_KEY_FILE=/k.pem\nIVS_SIGNING_KEY_ARN=" STAGE "\n",
	       NULL) &&
		said("must be a public key ARN"),
	    "a stage is no key");
	ok(!load(BASE "IVS_SIGNING_KEY_ARN=arn:aws:ivs:eu-west-1:123456789012:public-key/"
		      "f99cde61-c2b0-4df3-8941-ca7d38acca1a\n",
	       NULL) &&
		said("IVS_SIGNING_KEY_ARN is in region"),
	    "a key of another region");
	ok(!load(BASE "IVS_USER_ID_MODE=opaque\n", NULL) &&
		said("SESSION_SECRET is missing"),
	    "opaque ids need a secret");
	ok(load(BASE "IVS_USER_ID_MODE=opaque\nSESSION_SECRET=" SECRET "\n", NULL) &&
		got.c->ivs_user_id_mode == IVS_USER_ID_OPAQUE,
	    "and work with one");
}

static void
test_keys(void)
{
	const char *const *none = NULL;

	ok(load(BASE,
	       (const char *const[]){
		   "API_SECRET_KEY=first-key-0123456789 , second-key-0123456,", NULL }) &&
		got.warnings == 0 &&
		str_is(got.c->api_secret_key, "first-key-0123456789,second-key-0123456"),
	    "a list, tidied");
	ok(load(BASE, (const char *const[]){ "API_SECRET_KEY=only10char", NULL }) &&
		got.warnings == 1 && said("10 characters"),
	    "a short key is a warning");
	ok(!load(BASE,
	       (const char *const[]){ "API_SECRET_KEY=good-key-0123456789,bad", NULL }) &&
		!said("bad,") && said("***"),
	    "too short a key is refused, and not shown");
	ok(!load(
	       BASE, (const char *const[]){ "API_SECRET_KEY=with a blank inside", NULL }),
	    "a blank inside");
	ok(!load(BASE,
	       (const char *const[]){ "API_SECRET_KEY=schlüssel-0123456789", NULL }),
	    "no ASCII");
	ok(!load(BASE, (const char *const[]){ "API_SECRET_KEY=,,,,,,,,,,", NULL }),
	    "no key at all");
	ok(!load(BASE "INTERNAL_SECRET=with,comma-0123456789\n", none),
	    "a comma in a secret");
	ok(!load(BASE "API_READ_KEYS=short\n", none) && got.fatal == 1 && !said("short"),
	    "a read key too");
	ok(!load(BASE "AWS_ACCESS_KEY_ID=AKIAEXAMPLE\n", none) &&
		said("AWS_SECRET_ACCESS_KEY is not"),
	    "an id without its secret");
	ok(!load(BASE "AWS_SECRET_ACCESS_KEY=0123456789\n", none) &&
		said("AWS_ACCESS_KEY_ID is not"),
	    "a secret without its id");
}

static void
test_cross(void)
{
	ok(!load(BASE "MAX_VIEWERS_PER_STAGE=40\nSCALE_UP_THRESHOLD=45\n", NULL) &&
		said("SCALE_UP_THRESHOLD is 45"),
	    "threshold above the seats");
	ok(load(BASE "MAX_VIEWERS_PER_STAGE=45\nSCALE_UP_THRESHOLD=45\n", NULL),
	    "threshold at the seats");
	ok(load(BASE "MAX_VIEWERS_PER_STAGE=200\n", NULL) &&
		got.c->scale_up_threshold == 180,
	    "a threshold that was not set follows the seats");
	ok(load(BASE "MAX_VIEWERS_PER_STAGE=1\n", NULL) &&
		got.c->scale_up_threshold == 1 && got.c->scale_down_threshold == 0,
	    "one seat is possible");
	ok(!load(BASE "SCALE_UP_THRESHOLD=51\n", NULL), "too high a threshold");
	ok(!load(BASE "SCALE_UP_THRESHOLD=5\nSCALE_DOWN_THRESHOLD=5\n", NULL) &&
		said("SCALE_DOWN_THRESHOLD"),
	    "down must be below up");
	ok(!load(BASE "SCALE_UP_THRESHOLD=x\nMAX_VIEWERS_PER_STAGE=2\n", NULL) &&
		got.fatal == 1,
	    "no second complaint about a value that did not parse");
	ok(load(BASE "SKIP_AUTH=true\n", NULL) && !got.c->skip_auth && got.warnings == 1,
	    "SKIP_AUTH does nothing in production");
	ok(load(BASE "SKIP_AUTH=true\nNODE_ENV=test\n", NULL) && !got.c->skip_auth,
	    "nor in test");
	ok(load(BASE "SKIP_AUTH=true\nNODE_ENV=development\n", NULL) &&
		got.c->skip_auth && got.warnings == 1,
	    "in development it does, with a warning");
	ok(load(BASE
	       "AWS_ENDPOINT_URL=http://h:1\nAWS_ENDPOINT_URL_CLOUDWATCH=http://h:2\n",
	       NULL) &&
		str_is(got.c->aws_endpoint_url_ivs_realtime, "http://h:1") &&
		str_is(got.c->aws_endpoint_url_cloudwatch, "http://h:2"),
	    "endpoints");
}

int
main(void)
{
	if (!begin())
		return 1;
	test_values();
	test_lists();
	test_stage_arn();
	test_tokens();
	test_keys();
	test_cross();
	return end();
}
