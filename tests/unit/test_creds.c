/*
 * Where keys come from: the file's form, which source is used, and when it is asked
 * again. Containers and instances: test_creds_remote.c.
 */
#include "aws/creds_source.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "base/banned.h"

#define COUNT(x) (sizeof(x) / sizeof(*(x)))
#define MINUTE 60000
#define PROFILE(name) "[" name "]\n"
#define ID "aws_access_key_id=AKIA1\n"
#define KEY "aws_secret_access_key=s/e+c=ret\n"
#define TOKEN "aws_session_token=tok==\n"

static char folder[] = "/tmp/test_creds.XXXXXX";
static char path[64];

/* ---- the file's form ---- */

static const struct {
	const char *about, *text;
	const char *want; /* "id secret token", or what is wrong; NULL: no profile */
	enum creds_found found;
} files[] = {
	{ "two keys", PROFILE("p") ID KEY, "AKIA1 s/e+c=ret ", CREDS_FOUND },
	{ "three keys", PROFILE("p") ID KEY TOKEN, "AKIA1 s/e+c=ret tok==", CREDS_FOUND },
	{ "a line end of another world",
	    "[p]\r\naws_access_key_id = AKIA1\r\naws_secret_access_key = x\r\n",
	    "AKIA1 x ", CREDS_FOUND },
	{ "blanks everywhere",
	    " \t[ p ] \n\n\taws_access_key_id\t=  AKIA1 \n  aws_secret_access_key= x\t",
	    "AKIA1 x ", CREDS_FOUND },
	{ "comments",
	    "# one\n; two\n[p] # three\naws_access_key_id=AKIA1 # four\n"
	    "#aws_access_key_id=no\n ;aws_access_key_id=no\n"
	    "aws_secret_access_key=a#b;c ;five\n",
	    "AKIA1 a#b;c ", CREDS_FOUND },
	{ "names of keys in capitals",
	    "[p]\nAWS_ACCESS_KEY_ID=A1\nAws_Secret_Access_Key=x", "A1 x ", CREDS_FOUND },
	{ "other keys", "[p]\nregion=eu-west-1\ns3=\n  x=1\n" ID KEY "oops\n=\n==\n",
	    "AKIA1 s/e+c=ret ", CREDS_FOUND },
	{ "other profiles before and behind",
	    "[a]\naws_access_key_id=no\n[p]\n" ID KEY "[z]\naws_session_token=no\n",
	    "AKIA1 s/e+c=ret ", CREDS_FOUND },
	{ "a profile in two parts", "[p]\n" ID "[q]\n" TOKEN "[p]\n" KEY,
	    "AKIA1 s/e+c=ret ", CREDS_FOUND },
	{ "a key given twice", "[p]\naws_access_key_id=old\n" ID KEY, "AKIA1 s/e+c=ret ",
	    CREDS_FOUND },
	{ "a mark of the byte order", "\xef\xbb\xbf[p]\n" ID KEY, "AKIA1 s/e+c=ret ",
	    CREDS_FOUND },
	{ "nothing", "", NULL, CREDS_NONE },
	{ "keys of nobody", ID KEY, NULL, CREDS_NONE },
	{ "a longer name", PROFILE("pp") ID KEY, NULL, CREDS_NONE },
	{ "a name in capitals", PROFILE("P") ID KEY, NULL, CREDS_NONE },
	{ "a section without end", "[p\n" ID KEY, NULL, CREDS_NONE },
	{ "a broken section ends the one before", "[p]\n" ID "[q\n" KEY,
	    "has no aws_secret_access_key", CREDS_FAILED },
	{ "an empty profile", PROFILE("p"), "has no keys", CREDS_NONE },
	{ "a program in place of keys", "[p]\ncredential_process=/bin/x\n",
	    "has credential_process, which is not followed here", CREDS_FAILED },
	{ "a program beside keys", "[p]\n" ID "credential_process=/bin/x\n" KEY,
	    "AKIA1 s/e+c=ret ", CREDS_FOUND },
	{ "a role beside keys", "[p]\n" ID KEY "Role_ARN = arn:aws:iam::1:role/x\n",
	    "has role_arn, which is not followed here", CREDS_FAILED },
	{ "a role on keys of another profile",
	    "[p]\nrole_arn=arn:aws:iam::1:role/x\nsource_profile=q\n[q]\n" ID KEY,
	    "has role_arn, which is not followed here", CREDS_FAILED },
	{ "a sign-in beside keys", "[p]\n" ID KEY "sso_session=x\n",
	    "has sso_session, which is not followed here", CREDS_FAILED },
	{ "a role of another profile", "[q]\nrole_arn=x\n[p]\n" ID KEY,
	    "AKIA1 s/e+c=ret ", CREDS_FOUND },
	{ "the token's old name", "[p]\naws_security_token=old\n" ID KEY,
	    "AKIA1 s/e+c=ret old", CREDS_FOUND },
	{ "both names of the token", "[p]\n" ID KEY TOKEN "aws_security_token=old\n",
	    "AKIA1 s/e+c=ret tok==", CREDS_FOUND },
	{ "only the id", PROFILE("p") ID, "has no aws_secret_access_key", CREDS_FAILED },
	{ "an empty secret", PROFILE("p") ID "aws_secret_access_key=\n",
	    "has no aws_secret_access_key", CREDS_FAILED },
	{ "only a comment for a secret", PROFILE("p") ID "aws_secret_access_key= # x\n",
	    "has no aws_secret_access_key", CREDS_FAILED },
	{ "only the secret", PROFILE("p") KEY, "has no aws_access_key_id", CREDS_FAILED },
	{ "only a token", PROFILE("p") TOKEN, "has no aws_access_key_id", CREDS_FAILED },
	{ "an id with a blank", PROFILE("p") "aws_access_key_id=a b\n" KEY,
	    "has an aws_access_key_id that cannot be one", CREDS_FAILED },
	{ "a secret with a control character",
	    PROFILE("p") ID "aws_secret_access_key=a\rb\n",
	    "has an aws_secret_access_key that cannot be one", CREDS_FAILED },
	{ "a token that is no ASCII", PROFILE("p") ID KEY "aws_session_token=\xff\n",
	    "has an aws_session_token that cannot be one", CREDS_FAILED },
};

static void
test_file_form(void)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		struct creds_keys k = { 0 };
		char got[200] = "";
		const char *what = "untouched";
		enum creds_found found =
		    creds_file_parse(str_of(files[i].text), STR("p"), &k, &what);

		if (found == CREDS_FOUND)
			snprintf(got, sizeof(got), "%.*s %.*s %.*s",
			    STR_ARG(k.sign.access_key_id),
			    STR_ARG(k.sign.secret_access_key),
			    STR_ARG(k.sign.session_token));
		is_int(found, files[i].found, files[i].about);
		is_text(found == CREDS_FOUND ? got : what, files[i].want, files[i].about);
	}
}

/* Every beginning of a file, and every byte in every place of it, is survived. */
static void
test_file_bytes(void)
{
	char text[] = "\xef\xbb\xbf#\n[p]\n" ID KEY TOKEN "[q]\r\n;";
	struct creds_keys k;
	const char *what;
	int found = 0;

	for (size_t n = 0; n < sizeof(text); n++) {
		char *exact = malloc(n + 1); /* so that ASan sees one byte too many */

		if (exact == NULL)
			break;
		memcpy(exact, text, n);
		creds_file_parse((struct str){ exact, n }, STR("p"), &k, &what);
		for (int b = 0; b < 256 && n > 0; b++) {
			exact[n - 1] = (char)b;
			found += creds_file_parse((struct str){ exact, n }, STR("p"), &k,
				     &what) == CREDS_FOUND;
		}
		free(exact);
	}
	ok(found > 256, "any bytes are survived");
}

/* ---- where a container's keys are ---- */

static void
test_container_url(void)
{
	static const struct {
		const char *relative, *full;
		enum creds_found found;
		const char *want;
	} rows[] = {
		{ "", "", CREDS_NONE, NULL },
		{ "/v2/x?y", "", CREDS_FOUND, "http://169.254.170.2/v2/x?y" },
		{ "/v2/x", "https://no", CREDS_FOUND, "http://169.254.170.2/v2/x" },
		{ "@evil.example/", "", CREDS_FAILED, NULL },
		{ ":80/", "", CREDS_FAILED, NULL },
		{ "/a b", "", CREDS_FAILED, NULL },
		{ "", "https://keys.example/x", CREDS_FOUND, "https://keys.example/x" },
		{ "", "http://127.0.0.1:8080/x", CREDS_FOUND, "http://127.0.0.1:8080/x" },
		{ "", "http://127.9.9.9", CREDS_FOUND, "http://127.9.9.9" },
		{ "", "http://localhost:1/x", CREDS_FOUND, "http://localhost:1/x" },
		{ "", "http://[::1]:80/x", CREDS_FOUND, "http://[::1]:80/x" },
		{ "", "http://169.254.170.2/x", CREDS_FOUND, "http://169.254.170.2/x" },
		{ "", "http://169.254.170.23/x", CREDS_FOUND, "http://169.254.170.23/x" },
		{ "", "http://[fd00:ec2::23]/x", CREDS_FOUND, "http://[fd00:ec2::23]/x" },
		{ "", "http://169.254.169.254/x", CREDS_FAILED, NULL },
		{ "", "http://192.0.2.1/x", CREDS_FAILED, NULL },
		{ "", "http://keys.example/x", CREDS_FAILED, NULL },
		{ "", "http://localhost.example/x", CREDS_FAILED, NULL },
		{ "", "http://127.0.0.1.example/x", CREDS_FAILED, NULL },
		{ "", "http://127.0.0.1@evil.example/", CREDS_FAILED, NULL },
		{ "", "http://evil.example#@127.0.0.1/", CREDS_FAILED, NULL },
		{ "", "http://127.0.0.1\\@evil.example/", CREDS_FAILED, NULL },
		{ "", "http://127.0.0.1/ x", CREDS_FAILED, NULL },
		{ "", "http:///x", CREDS_FAILED, NULL },
		{ "", "http://[::2]/x", CREDS_FAILED, NULL },
		{ "", "ftp://127.0.0.1/", CREDS_FAILED, NULL },
	};
	struct arena a;

	if (!arena_init(&a, 65536))
		return;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config cfg = { 0 };
		struct str url = STR_NULL;
		struct err why = ERR_INIT;

		cfg.aws_container_credentials_relative_uri = str_of(rows[i].relative);
		cfg.aws_container_credentials_full_uri = str_of(rows[i].full);
		is_int(creds_container_url(&cfg, &a, &url, &why), rows[i].found,
		    rows[i].full);
		if (rows[i].want != NULL)
			is_text(url.p, rows[i].want, "and the address is right");
		else
			ok(why.kind == ERR_CONFIG, "and it is said: %s", why.cause);
	}
	arena_clear(&a);
}

/* ---- when to ask ---- */

static void
test_due(void)
{
	static const struct {
		int64_t left_ms, since_ms, pause_ms;
		bool due;
		const char *about;
	} rows[] = {
		{ 5 * MINUTE + 1, 60 * MINUTE, 0, false, "more than five minutes: no" },
		{ 5 * MINUTE, 60 * MINUTE, MINUTE, true, "the last five minutes: yes" },
		{ 4 * MINUTE, 5 * MINUTE, 6 * MINUTE, false, "a failure is waited out" },
		{ 4 * MINUTE, 6 * MINUTE, 6 * MINUTE, true, "and then tried again" },
		{ MINUTE + 1, 20000, 6 * MINUTE, false, "still waited out" },
		{ MINUTE, 9999, 6 * MINUTE, false, "the last minute: after ten seconds" },
		{ MINUTE, 10000, 6 * MINUTE, true,
		    "the last minute: ten seconds passed" },
		{ 1, 10000, 6 * MINUTE, true, "the last moment" },
		{ 0, 10000, 6 * MINUTE, false, "past the end: the pause counts" },
		{ -60 * MINUTE, 6 * MINUTE, 6 * MINUTE, true, "and then again" },
		{ MINUTE, 2000, 2000, true, "a short pause stays short" },
		{ CREDS_NEVER, 60 * MINUTE, 0, false, "no end: never" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ok(creds_due(rows[i].left_ms, rows[i].since_ms, rows[i].pause_ms) ==
			rows[i].due,
		    "due: %s", rows[i].about);
	is_int(creds_pause_found(1), 1000, "short lives: at most once a second");
	ok(creds_pause_found(0) >= 5 * MINUTE && creds_pause_found(-1) < 10 * MINUTE,
	    "past the end: five to ten minutes");
	is_int(creds_pause_found(MINUTE), 10000, "a minute of life: ten seconds");
	is_int(creds_pause_found(60 * MINUTE), MINUTE, "long lives: each minute");
}

/* ---- which source ---- */

static struct config cfg;
static struct creds *c;
static struct creds_time t;

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return;
	fputs(text, f);
	fclose(f);
}

/* No settings, no container, no instance; the file at `path`. */
static void
begin(void)
{
	cfg = (struct config){ 0 };
	cfg.aws_profile = STR("default");
	cfg.aws_shared_credentials_file = str_of(path);
	cfg.aws_ec2_metadata_disabled = true;
	cfg.aws_ec2_metadata_service_endpoint = STR("http://127.0.0.1:9");
	cfg.aws_metadata_service_timeout_s = cfg.aws_metadata_service_num_attempts = 1;
	creds_close(c);
	c = creds_open(&cfg);
	t = (struct creds_time){ 1795169472000, 1000 };
}

static void
after(int64_t ms)
{
	t.wall_ms += ms;
	t.mono_ms += ms;
}

/* The id that is given, or the cause of the error. */
static const char *
given(enum err_kind *ret_kind)
{
	static char text[300];
	struct sigv4_creds k;
	struct err err = ERR_INIT;

	if (creds_get_at(c, t, &k, &err))
		snprintf(text, sizeof(text), "%.*s", STR_ARG(k.access_key_id));
	else
		snprintf(text, sizeof(text), "%s", err.cause);
	if (ret_kind != NULL)
		*ret_kind = err.kind;
	return text;
}

static void
test_choice(void)
{
	struct sigv4_creds k;
	struct err err = ERR_INIT;
	char want[300];
	enum err_kind kind;

	write_file("[default]\n" ID KEY TOKEN "[half]\n" ID);
	begin();
	cfg.aws_access_key_id = STR("FROMSETTINGS");
	cfg.aws_secret_access_key = STR("secret");
	is_text(given(NULL), "FROMSETTINGS", "settings come first");
	ok(!creds_renew_at(c, t), "settings: there are no newer ones");
	begin();
	ok(creds_get_at(c, t, &k, &err) && str_is(k.access_key_id, "AKIA1") &&
		str_is(k.secret_access_key, "s/e+c=ret") &&
		str_is(k.session_token, "tok=="),
	    "then the file, with all three parts");
	begin();
	cfg.aws_profile = STR("half");
	snprintf(want, sizeof(want), "profile 'half' in %s has no aws_secret_access_key",
	    path);
	is_text(
	    given(&kind), want, "half a profile is an error that names file and profile");
	is_int(kind, ERR_CONFIG, "and one of the settings");
	begin();
	cfg.aws_profile = STR("other");
	snprintf(want, sizeof(want),
	    "no AWS credentials: not in the settings, no profile 'other' in %s, no container, "
	    "the instance is not asked (AWS_EC2_METADATA_DISABLED)",
	    path);
	is_text(given(&kind), want, "nobody has any: it is said where was looked");
	is_int(kind, ERR_CONFIG, "and it is the operator's");
}

/* root may read everything, so it becomes somebody else for a moment. */
static void
test_forbidden(void)
{
	uid_t me = geteuid();
	char want[300];

	write_file("[default]\n" ID KEY);
	chmod(path, 0);
	begin();
	if (me == 0 && seteuid(65534) != 0)
		return;
	snprintf(want, sizeof(want), "%s cannot be read (Permission denied)", path);
	is_text(given(NULL), want, "a file that may not be read is said");
	if (me == 0 && seteuid(me) != 0)
		exit(1);
	unlink(path);
}

static void
test_unreadable(void)
{
	char want[300];
	enum err_kind kind;

	begin();
	cfg.aws_shared_credentials_file = str_of(folder);
	snprintf(want, sizeof(want), "%s cannot be read (it is no file)", folder);
	is_text(given(&kind), want, "what somebody named must be a file");
	is_int(kind, ERR_CONFIG, "and it is the operator's");
	begin();
	cfg.aws_profile = STR("mine");
	cfg.aws_shared_credentials_file = STR("/nonexistent/x");
	ok(strstr(given(NULL), "no file /nonexistent/x with a profile 'mine'") != NULL,
	    "a file that is not there, and whose profile, is said");
}

static void
test_too_big(void)
{
	FILE *f = fopen(path, "w");

	begin();
	for (int i = 0; f != NULL && i <= 1 << 20; i++)
		fputc('\n', f);
	if (f != NULL)
		fclose(f);
	ok(strstr(given(NULL), "cannot be read (File too large)") != NULL,
	    "a megabyte is enough");
}

static void
test_home(void)
{
	char sub[80];

	snprintf(sub, sizeof(sub), "%s/.aws", folder);
	mkdir(sub, 0700);
	snprintf(sub, sizeof(sub), "%s/.aws/credentials", folder);
	write_file("[default]\naws_access_key_id=ATHOME\n" KEY);
	rename(path, sub);
	begin();
	cfg.aws_shared_credentials_file = STR_NULL;
	setenv("HOME", folder, 1);
	is_text(given(NULL), "ATHOME", "the file of the home");
	unlink(sub);
	mkdir(sub, 0700);
	begin();
	cfg.aws_shared_credentials_file = STR_NULL;
	ok(strstr(given(NULL), "no AWS credentials: ") != NULL,
	    "what is in the home and is no file is passed over");
	rmdir(sub);
	snprintf(sub, sizeof(sub), "%s/.aws", folder);
	rmdir(sub);
	begin();
	cfg.aws_shared_credentials_file = STR_NULL;
	unsetenv("HOME");
	ok(strstr(given(NULL), "/.aws/credentials") != NULL,
	    "without HOME the user's entry says where");
}

/* ---- the file changes ---- */

static void
test_rotation(void)
{
	write_file("[default]\n" ID KEY);
	begin();
	is_text(given(NULL), "AKIA1", "rotation: the first keys");
	write_file("[default]\naws_access_key_id=SECOND\n" KEY);
	after(4999);
	is_text(given(NULL), "AKIA1", "rotation: not with each call");
	after(1);
	is_text(given(NULL), "SECOND", "rotation: taken within five seconds");
	write_file("[default]\naws_access_key_id=THIRDTHIRD\n");
	after(5000);
	is_text(given(NULL), "SECOND", "rotation: a file half written changes nothing");
	unlink(path);
	after(5000);
	is_text(
	    given(NULL), "SECOND", "rotation: nor does one that is replaced just now");
	write_file("[default]\naws_access_key_id=THIRDTHIRD\n" KEY);
	after(5000);
	is_text(given(NULL), "THIRDTHIRD", "rotation: taken when it is whole");
	write_file("[default]\naws_access_key_id=FOURTH\n" KEY);
	ok(creds_renew_at(c, t), "rotation: AWS refuses them, there may be newer ones");
	is_text(given(NULL), "FOURTH", "rotation: and there are");
	ok(!creds_renew_at(c, t), "rotation: at once again makes no sense");
	after(2000);
	ok(creds_renew_at(c, t), "rotation: later it does");
}

/* ---- nobody has any ---- */

static void
test_memory_of_none(void)
{
	static const int64_t waits_ms[] = { 5000, 10000, 20000, 40000, 60000, 60000 };

	unlink(path);
	begin();
	ok(strstr(given(NULL), "no AWS credentials") != NULL, "none: at first");
	for (size_t i = 0; i < COUNT(waits_ms); i++) {
		write_file("[default]\n" ID KEY);
		after(waits_ms[i] - 1);
		ok(strstr(given(NULL), "no AWS credentials") != NULL,
		    "none: remembered for %lld ms", (long long)waits_ms[i]);
		unlink(path);
		after(1);
		ok(strstr(given(NULL), "no AWS credentials") != NULL,
		    "none: looked again");
	}
	write_file("[default]\n" ID KEY);
	after(60000);
	is_text(given(NULL), "AKIA1", "none: found when they came");
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/credentials", folder);
	test_file_form();
	test_file_bytes();
	test_container_url();
	test_due();
	test_choice();
	test_forbidden();
	test_unreadable();
	test_too_big();
	test_home();
	test_rotation();
	test_memory_of_none();
	creds_close(c);
	unlink(path);
	rmdir(folder);
	return done_testing();
}
