/* settings.c - see settings.h */
#include "settings.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define AUTO_PUBLISH_MAX_MS 3600000

enum option_id {
	OPT_PORT = 1,
	OPT_STATE,
	OPT_LOG,
	OPT_ACCESS_KEY,
	OPT_SECRET,
	OPT_SESSION_TOKEN,
	OPT_REGION,
	OPT_ACCOUNT,
	OPT_QUOTAS,
	OPT_AUTO_PUBLISH,
	OPT_HELP,
};

static const struct option options[] = {
	{ "port", required_argument, NULL, OPT_PORT },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "access-key", required_argument, NULL, OPT_ACCESS_KEY },
	{ "secret", required_argument, NULL, OPT_SECRET },
	{ "session-token", required_argument, NULL, OPT_SESSION_TOKEN },
	{ "region", required_argument, NULL, OPT_REGION },
	{ "account", required_argument, NULL, OPT_ACCOUNT },
	{ "quotas", no_argument, NULL, OPT_QUOTAS },
	{ "auto-publish", required_argument, NULL, OPT_AUTO_PUBLISH },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

void
settings_usage(FILE *out)
{
	fputs(
	    "usage: ivs_emulator --port N --state FILE --log FILE [options]\n"
	    "  --port N            TCP port on 127.0.0.1; 0 takes a free one\n"
	    "  --state FILE        stages and tokens, kept as JSON; made when absent\n"
	    "  --log FILE          one JSON line per call is appended here\n"
	    "  --access-key ID     else $AWS_ACCESS_KEY_ID\n"
	    "  --secret KEY        else $AWS_SECRET_ACCESS_KEY\n"
	    "  --session-token T   else $AWS_SESSION_TOKEN; none: long-term keys\n"
	    "  --region R          default ap-northeast-1\n"
	    "  --account N         12 digits, default 123456789012\n"
	    "  --quotas            limit the rate of calls as AWS does\n"
	    "  --auto-publish MS   who gets a token to publish does so after that time\n"
	    "Prints 'port N' once it listens. SIGTERM or SIGINT ends it.\n",
	    out);
}

static bool
read_number(const char *option, const char *text, unsigned long max, unsigned long *ret_n)
{
	char *end = NULL;

	if (*text >= '0' && *text <= '9')
		*ret_n = strtoul(text, &end, 10);
	if (end != NULL && *end == '\0' && *ret_n <= max)
		return true;
	fprintf(stderr, "ivs_emulator: %s must be 0..%lu, got '%s'\n", option, max, text);
	return false;
}

static bool
take_option(struct settings *s, int id, const char *value, bool *port_given)
{
	const char **text[] = {
		[OPT_STATE] = &s->state_path,
		[OPT_LOG] = &s->log_path,
		[OPT_ACCESS_KEY] = &s->access_key,
		[OPT_SECRET] = &s->secret_key,
		[OPT_SESSION_TOKEN] = &s->session_token,
		[OPT_REGION] = &s->region,
		[OPT_ACCOUNT] = &s->account,
	};
	unsigned long n = 0;
	bool ok = true;

	if (id == OPT_PORT) {
		*port_given = true;
		ok = read_number("--port", value, UINT16_MAX, &n);
		s->port = (uint16_t)n;
		return ok;
	}
	if (id == OPT_AUTO_PUBLISH) {
		ok = read_number("--auto-publish", value, AUTO_PUBLISH_MAX_MS, &n);
		s->auto_publish_ms = (int)n;
		return ok;
	}
	if (id == OPT_QUOTAS) {
		s->quotas = true;
		return true;
	}
	if (id < OPT_STATE || id > OPT_ACCOUNT)
		return false; /* getopt has named the bad option already */
	*text[id] = value;
	return true;
}

/* Keys are better given in the environment: a command line is readable by every user. */
static void
fill_from_environment(struct settings *s)
{
	if (s->access_key == NULL)
		s->access_key = getenv("AWS_ACCESS_KEY_ID");
	if (s->secret_key == NULL)
		s->secret_key = getenv("AWS_SECRET_ACCESS_KEY");
	if (s->session_token == NULL)
		s->session_token = getenv("AWS_SESSION_TOKEN");
	if (s->session_token != NULL && *s->session_token == '\0')
		s->session_token = NULL;
}

static bool
require(const char *value, const char *what)
{
	if (value != NULL && *value != '\0')
		return true;
	fprintf(stderr, "ivs_emulator: %s is missing\n", what);
	return false;
}

static bool
made_of(const char *value, const char *allowed, size_t min, size_t max, const char *what)
{
	size_t n = strlen(value);

	if (n >= min && n <= max && strspn(value, allowed) == n)
		return true;
	fprintf(stderr, "ivs_emulator: %s is not valid: '%s'\n", what, value);
	return false;
}

/* Each complaint is printed, so one run shows all that is wrong. */
static bool
check(const struct settings *s, bool port_given)
{
	bool ok = require(port_given ? "given" : NULL, "--port");

	ok &= require(s->state_path, "--state");
	ok &= require(s->log_path, "--log");
	ok &= require(s->access_key, "--access-key or AWS_ACCESS_KEY_ID");
	ok &= require(s->secret_key, "--secret or AWS_SECRET_ACCESS_KEY");
	ok &= made_of(
	    s->region, "abcdefghijklmnopqrstuvwxyz0123456789-", 1, 32, "--region");
	ok &= made_of(s->account, "0123456789", 12, 12, "--account");
	return ok;
}

bool
settings_read(struct settings *s, int argc, char **argv)
{
	bool port_given = false;
	int id;

	*s = (struct settings){ .region = "ap-northeast-1",
		.account = "123456789012",
		.auto_publish_ms = -1 };
	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (id == OPT_HELP) {
			s->help = true;
			return true;
		}
		if (!take_option(s, id, optarg, &port_given))
			return false;
	}
	if (optind < argc) {
		fprintf(stderr, "ivs_emulator: '%s' is not an option\n", argv[optind]);
		return false;
	}
	fill_from_environment(s);
	return check(s, port_given);
}
