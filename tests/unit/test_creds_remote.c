/*
 * Keys from a container's and an instance's service (keys_server.h).
 */
#include "keys_server.h"
#include "base/banned.h"

static void
test_imds(void)
{
	static const char *const script[] = { TOKEN, ROLE, KEYS("ASIA1", LONG_LIFE), ROLE,
		KEYS("ASIA2", LONG_LIFE), NULL };

	begin();
	serve(script);
	is_text(given(), "ASIA1 s3cret session", "instance: the role's keys");
	ok(asked(0, "PUT /latest/api/token HTTP/1.1\r\n") &&
		asked(0, "\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n") &&
		!asked(0, "transfer-encoding"),
	    "instance: first a token");
	ok(asked(1, "GET /latest/meta-data/iam/security-credentials/ HTTP") &&
		asked(1, "\r\nx-aws-ec2-metadata-token: TOKEN\r\n"),
	    "instance: then the role, with it");
	ok(asked(2, "GET /latest/meta-data/iam/security-credentials/my-role HTTP") &&
		asked(2, "\r\nx-aws-ec2-metadata-token: TOKEN\r\n"),
	    "instance: then its keys");
	given();
	after(300 * MINUTE);
	given();
	is_int(seen->n, 3, "instance: nobody is asked while they live");
	ok(creds_renew_at(c, t), "instance: refused ones can be renewed");
	is_text(given(), "ASIA2 s3cret session", "instance: and are");
	is_int(seen->n, 5, "instance: with the token of before");
	ok(!creds_renew_at(c, t), "instance: not twice within a moment");
}

static void
test_token_ends(void)
{
	static const char *const script[] = {
		"HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 5\r\n"
		"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 100\r\n\r\nTOKEN",
		ROLE, KEYS("ASIA1", LONG_LIFE), TOKEN_2, ROLE, KEYS("ASIA2", LONG_LIFE),
		NULL
	};

	begin();
	serve(script);
	given();
	after(95000);
	creds_renew_at(c, t);
	is_text(
	    given(), "ASIA2 s3cret session", "token: a new one before its time is over");
	ok(asked(4, "metadata-token: SECOND!\r\n"), "token: and that is used");
}

static void
test_lapsed(void)
{
	static const char *const good[] = { TOKEN, LAPSED, TOKEN_2, ROLE,
		KEYS("ASIA1", LONG_LIFE), NULL };
	static const char *const late[] = { TOKEN, ROLE, LAPSED, TOKEN_2, ROLE,
		KEYS("ASIA1", LONG_LIFE), NULL };
	static const char *const bad[] = { TOKEN, LAPSED, TOKEN_2, LAPSED, TOKEN, NULL };

	begin();
	serve(good);
	is_text(given(), "ASIA1 s3cret session", "401: begun anew");
	begin();
	serve(late);
	is_text(given(), "ASIA1 s3cret session", "401 at the last step: begun anew");
	begin();
	serve(bad);
	says("refuses the token it just gave", "401 again: an error");
	is_int(seen->n, 4, "401 again: not for ever");
}

static void
test_imds_none(void)
{
	static const struct {
		const char *script[4], *about, *says;
		int asked;
	} rows[] = {
		{ { TOKEN, NOT_FOUND }, "no role", "the instance has no role", 2 },
		{ { TOKEN, ROLE, NOT_FOUND }, "a role just taken away",
		    "the instance has no role", 3 },
		{ { HEAD("403", "0") }, "metadata switched off", "no token (status 403)",
		    1 },
		{ { NOT_FOUND }, "another cloud, or version 1 only",
		    "no token (status 404)", 1 },
		{ { AWAY }, "out of order", "no token (status 500)", 1 },
		{ { TOKEN, AWAY }, "out of order later", "answered 500", 2 },
		{ { SLOW }, "slow", "no instance metadata at http://127.0.0.1:", 1 },
		{ { HEAD("200", "3") "a b" }, "no token", "no token (status 200)", 1 },
		{ { TOKEN, HEAD("200", "9") "../../etc" }, "no role's name",
		    "no role's name", 2 },
		{ { TOKEN, HEAD("200", "0") }, "no name at all", "no role's name", 2 },
		{ { TOKEN, ROLE, WHOLE "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}" },
		    "a role that cannot be had", "Code is 'AssumeRoleUnauthorizedAccess'",
		    3 },
		{ { TOKEN, ROLE,
		      WHOLE "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s3cr" },
		    "JSON cut off", "no JSON object", 3 },
		{ { TOKEN, ROLE, HEAD("200", "999") "{\"SecretAccessKey\":\"s3cret\"" },
		    "an answer cut off", "no whole answer came", 3 },
		{ { TOKEN, ROLE, WHOLE "[]" }, "another JSON", "no JSON object", 3 },
		{ { TOKEN, ROLE, WHOLE "{\"SecretAccessKey\":\"s3cret\",\"Token\":1}" },
		    "a member missing", "AccessKeyId is missing or wrong", 3 },
		{ { TOKEN, ROLE, KEYS("a\\nb", LONG_LIFE) }, "a line end in the id",
		    "AccessKeyId is missing or wrong", 3 },
		{ { TOKEN, ROLE, KEYS("ASIA1", "tomorrow") }, "no time",
		    "Expiration is missing or wrong", 3 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		begin();
		serve(rows[i].script);
		says(rows[i].says, rows[i].about);
		given();
		is_int(seen->n, rows[i].asked, "and not asked again at once");
	}
}

static void
test_nobody_there(void)
{
	static const char *const nothing[] = { NULL };

	begin();
	serve(nothing);
	end_server();
	says("no file /nonexistent/credentials with a profile 'default', no container, "
	     "no instance metadata at http://127.0.0.1:",
	    "nobody there: said with the rest");
	is_int(last.kind, ERR_CONFIG, "nobody there: keys must be set");
	is_int(last.source, ERR_FROM_AWS, "nobody there: for AWS");
}

static void
test_attempts(void)
{
	static const char *const script[] = { AWAY, SLOW, TOKEN, AWAY, ROLE,
		KEYS("ASIA1", LONG_LIFE), NULL };

	begin();
	cfg.aws_metadata_service_num_attempts = 3;
	serve(script);
	is_text(
	    given(), "ASIA1 s3cret session", "attempts: as many as the settings allow");
}

/* Keys that end at 10:21:12, ten minutes from the beginning. */
static void
test_life(void)
{
	static const char *const script[] = { TOKEN, ROLE,
		KEYS("ASIA1", "2026-11-20T10:21:12Z"), AWAY, AWAY, AWAY, ROLE,
		KEYS("ASIA2", LONG_LIFE), NULL };

	begin();
	serve(script);
	given();
	after(5 * MINUTE - 1);
	given();
	is_int(seen->n, 3, "life: not asked before the last five minutes");
	after(1);
	is_text(given(), "ASIA1 s3cret session", "life: a failed renewal costs nothing");
	is_int(seen->n, 4, "life: asked then");
	after(4 * MINUTE - 1);
	given();
	is_int(seen->n, 4, "life: and not again for five minutes");
	after(1);
	is_text(given(), "ASIA1 s3cret session", "life: but in the last minute");
	after(9999);
	given();
	is_int(seen->n, 5, "life: not with each call");
	after(50001);
	is_text(given(), "ASIA1 s3cret session", "life: over, and AWS may take them yet");
	is_int(seen->n, 5, "life: past the end it is not asked at each call");
	ok(creds_renew_at(c, t), "life: AWS says that they are over");
	says("answered 500", "life: and there are no newer ones");
	is_int(last.kind, ERR_UPSTREAM, "life: which is the service's fault");
	is_int(seen->n, 6, "life: asked then");
	after(9999);
	given();
	after(1);
	is_text(given(), "ASIA2 s3cret session", "life: the service is back, so are we");
}

/* An instance whose metadata service cannot renew: keys an hour past their end, which AWS takes. */
static void
test_past_the_end(void)
{
	static const char *const script[] = { TOKEN, ROLE,
		KEYS("ASIA1", "2026-11-20T09:11:12Z"), ROLE,
		KEYS("ASIA1", "2026-11-20T09:11:12Z"), ROLE, KEYS("ASIA2", LONG_LIFE),
		NULL };

	begin();
	serve(script);
	is_text(given(), "ASIA1 s3cret session", "past the end: used");
	after(5 * MINUTE - 1);
	is_text(given(), "ASIA1 s3cret session", "past the end: used on");
	is_int(seen->n, 3, "past the end: not asked again for five minutes");
	after(5 * MINUTE + 1);
	is_text(given(), "ASIA1 s3cret session", "past the end: the same again");
	is_int(seen->n, 5, "past the end: asked again within ten minutes");
	ok(creds_renew_at(c, t), "past the end: AWS says that they are over");
	is_text(given(), "ASIA2 s3cret session", "past the end: newer ones are taken");
}

static void
test_gone(void)
{
	static const char *const script[] = { TOKEN, ROLE,
		KEYS("ASIA1", "2026-11-20T10:21:12Z"), NOT_FOUND, NOT_FOUND, NULL };

	begin();
	serve(script);
	given();
	after(10 * MINUTE);
	is_text(
	    given(), "ASIA1 s3cret session", "gone: at the end the old ones serve on");
	is_int(seen->n, 4, "gone: the role was asked for");
	ok(creds_renew_at(c, t), "gone: AWS says that they are over");
	says("no AWS credentials any more: not in the settings",
	    "gone: a role taken away");
	is_int(last.kind, ERR_CONFIG, "gone: which is the operator's, as at the start");
}

static void
test_silent(void)
{
	static const char *const script[] = { TOKEN, ROLE,
		KEYS("ASIA1", "2026-11-20T10:21:12Z"), NULL };

	begin();
	serve(script);
	given();
	after(400 * MINUTE); /* the token of the metadata is over, too */
	ok(creds_renew_at(c, t), "silent: AWS says that the keys are over");
	says(
	    "no AWS credentials any more: not in the settings", "silent: nobody answers");
	is_int(last.kind, ERR_UPSTREAM, "silent: it worked before, and may again");
}

static void
test_same_again(void)
{
	static const char *const script[] = { TOKEN, ROLE,
		KEYS("ASIA1", "2026-11-20T10:13:12Z"), ROLE,
		KEYS("ASIA1", "2026-11-20T10:13:12Z"), NULL };

	begin();
	serve(script);
	given();
	after(19999);
	given();
	is_int(seen->n, 3, "short lives: not asked with each call");
	after(1);
	is_text(
	    given(), "ASIA1 s3cret session", "short lives: the old ones again are taken");
	is_int(seen->n, 5, "short lives: asked early");
}

/* ---- container ---- */

static char token_file[] = "/tmp/test_creds.XXXXXX";

static void
write_token(const char *text)
{
	FILE *f = fopen(token_file, "w");

	if (f == NULL)
		return;
	fputs(text, f);
	fclose(f);
}

static void
container(const char *const *script)
{
	static char url[96];

	begin();
	serve(script);
	snprintf(url, sizeof(url), "%s/v2/credentials/x?a=b", server.url);
	cfg.aws_container_credentials_full_uri = str_of(url);
}

static void
test_container(void)
{
	static const char *const script[] = { KEYS("ASIA1", LONG_LIFE),
		KEYS("ASIA2", LONG_LIFE), NULL };

	container(script);
	cfg.aws_container_authorization_token = STR("Basic s3cret");
	is_text(given(), "ASIA1 s3cret session", "container: its keys");
	ok(asked(0, "GET /v2/credentials/x?a=b HTTP/1.1\r\n") &&
		asked(0, "\r\nauthorization: Basic s3cret\r\n"),
	    "container: asked with the token of the settings");
	cfg.aws_container_authorization_token_file = str_of(token_file);
	write_token("from file");
	creds_renew_at(c, t);
	is_text(given(), "ASIA2 s3cret session", "container: renewed");
	ok(asked(1, "\r\nauthorization: from file\r\n"),
	    "container: the token file counts more");
	container(script);
	given();
	ok(seen->n == 1 && !asked(0, "authorization"),
	    "container: no token is well, too");
}

static void
test_container_wrong(void)
{
	static const char *const bad_tokens[] = { "", "a\nEvil: b", "a\r\n", "a\n" };
	static const char *const keys[] = { KEYS("ASIA1", LONG_LIFE), NULL };
	static const char *const forbidden[] = { HEAD("403", "6") "s3cret", NULL };
	static const char *const away[] = { AWAY, AWAY, NULL };

	for (size_t i = 0; i < COUNT(bad_tokens); i++) {
		container(keys);
		cfg.aws_container_authorization_token_file = str_of(token_file);
		write_token(bad_tokens[i]);
		says("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is empty", "a wrong token");
		is_int(seen->n, 0, "is not sent");
	}
	container(keys);
	cfg.aws_container_authorization_token_file = STR("/nonexistent");
	says("/nonexistent cannot be read", "a token file that is not there");
	container(forbidden);
	says("answered 403", "container: refused");
	is_int(last.kind, ERR_CONFIG, "container: which is the operator's");
	container(away);
	says("answered 500", "container: out of order");
	is_int(last.kind, ERR_UPSTREAM, "container: which is not");
	is_int(seen->n, 2, "container: asked twice, and the instance not in its place");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED || close(mkstemp(token_file)) != 0)
		return 1;
	test_imds();
	test_token_ends();
	test_lapsed();
	test_imds_none();
	test_nobody_there();
	test_attempts();
	test_life();
	test_past_the_end();
	test_gone();
	test_silent();
	test_same_again();
	test_container();
	test_container_wrong();
	begin();
	creds_close(c);
	unlink(token_file);
	munmap(seen, sizeof(*seen));
	return done_testing();
}
