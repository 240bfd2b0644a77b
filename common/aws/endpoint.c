#include "aws/endpoint.h"

#include "base/banned.h"

/* libcurl itself names the port only when it is not the usual one. */
static struct str
without_usual_port(struct str host, struct str port)
{
	if (str_ends(host, port))
		host.n -= port.n;
	return host;
}

static bool
has_any(struct str s, const char *bytes)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || strchr(bytes, s.p[i]) != NULL)
			return true;
	return false;
}

bool
aws_endpoint_parse(struct str url, struct aws_endpoint *ret, struct err *err)
{
	bool tls = str_starts(url, STR("https://"));
	struct str rest = str_skip(url, tls ? 8 : 7);
	struct str host;

	if ((!tls && !str_starts(url, STR("http://"))) || has_any(url, "@?#\\"))
		goto wrong;
	host = rest;
	for (host.n = 0; host.n < rest.n && rest.p[host.n] != '/'; host.n++)
		;
	if (host.n == 0 || host.p[0] == ':')
		goto wrong;
	rest = str_skip(rest, host.n);
	while (rest.n > 0 && rest.p[rest.n - 1] == '/')
		rest.n--;
	ret->origin = (struct str){ url.p, (size_t)(host.p + host.n - url.p) };
	ret->host = without_usual_port(host, tls ? STR(":443") : STR(":80"));
	ret->prefix = rest;
	return true;
wrong:
	return err_set(err, ERR_CONFIG,
	    "AWS endpoint '%.*s' is not of the form http(s)://host[:port]: correct "
	    "AWS_ENDPOINT_URL or the name of the service behind it",
	    STR_ARG(url));
}
