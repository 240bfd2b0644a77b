/*
 * The service beside a container (ECS, EKS). Source: AWS SDKs and Tools reference,
 * "Container credential provider"; who may be asked in plain http is in there too.
 */
#include "aws/creds_source.h"

#include <errno.h>

#include "base/net.h"
#include "base/small_file.h"
#include "base/banned.h"

#define HOST "http://169.254.170.2"
#define PLAIN_HTTP_TO "127.0.0.0/8, ::1, 169.254.170.2, 169.254.170.23, fd00:ec2::23"
#define TIMEOUT_MS 2000
#define ATTEMPTS 2
#define AUTHORIZATION_MAX_BYTES 16000u
#define WHO "the container's service"

static bool
is_of_this_machine(struct str host)
{
	struct net_list allowed = { 0 };
	struct net_addr addr;
	struct err none = ERR_INIT;
	struct str port = host, name = str_cut(&port, ':');
	bool ok;

	if (str_ieq(name, STR("localhost")))
		return true;
	if (!net_parse(host, &addr) ||
	    !net_list_parse(STR(PLAIN_HTTP_TO), &allowed, &none))
		return false;
	ok = net_list_has(&allowed, &addr);
	net_list_clear(&allowed);
	return ok;
}

/* The host, with its port if any, as libcurl will understand it. */
static bool
host_of(struct str url, struct str *ret)
{
	struct str rest = str_skip(url, sizeof("http://") - 1);
	size_t n = 0;

	while (n < rest.n && strchr("/?#", rest.p[n]) == NULL)
		n++;
	*ret = (struct str){ rest.p, n };
	return n > 0 && memchr(rest.p, '@', n) == NULL && memchr(rest.p, '\\', n) == NULL;
}

enum creds_found
creds_container_url(
    const struct config *cfg, struct arena *a, struct str *ret, struct err *why)
{
	struct str path = cfg->aws_container_credentials_relative_uri;
	struct str url = cfg->aws_container_credentials_full_uri, host;

	if (path.n == 0 && url.n == 0) {
		(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG, "no container");
		return CREDS_NONE;
	}
	if (path.n > 0 && (path.p[0] != '/' || !creds_text_ok(path, path.n))) {
		(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG,
		    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must be a path: /...");
		return CREDS_FAILED;
	}
	*ret = path.n > 0 ? str_printf(a, HOST "%.*s", STR_ARG(path)) : str_dup(a, url);
	if (path.n > 0 || (creds_text_ok(url, url.n) && str_starts(url, STR("https://"))))
		return CREDS_FOUND;
	if (creds_text_ok(url, url.n) && str_starts(url, STR("http://")) &&
	    host_of(url, &host) && is_of_this_machine(host))
		return CREDS_FOUND;
	(void)err_from(why, ERR_FROM_AWS, ERR_CONFIG,
	    "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to a loopback "
	    "address, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
	return CREDS_FAILED;
}

/* A line end in it would be a header of somebody else's choice. */
static bool
fits_header(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0 && s.n <= AUTHORIZATION_MAX_BYTES;
}

/* The file is read anew each time: it is rotated. No token at all is well, too. */
static bool
authorization(struct creds *c, struct str *ret, struct err *why)
{
	struct str file = c->cfg->aws_container_authorization_token_file;
	const char *path = str_dup(&c->scratch, file).p;

	*ret = c->cfg->aws_container_authorization_token;
	if (file.n == 0 && ret->n == 0)
		return true;
	if (file.n > 0 && !small_file_read_regular(
			      &c->scratch, path, AUTHORIZATION_MAX_BYTES, ret, NULL))
		return err_from(why, ERR_FROM_AWS, ERR_CONFIG,
		    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE %.100s cannot be read (%s)",
		    path, strerror(errno));
	if (fits_header(*ret))
		return true;
	return err_from(why, ERR_FROM_AWS, ERR_CONFIG,
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN%s is empty, too long or has a line end or "
	    "another control character in it",
	    file.n > 0 ? "_FILE" : "");
}

static bool
fetch(struct creds *c, struct str url, struct creds_keys *ret, struct err *why)
{
	struct http_request rq = { .method = "GET",
		.url = url,
		.connect_ms = TIMEOUT_MS,
		.total_ms = TIMEOUT_MS };
	struct http_response answer;
	struct str token;

	if (!authorization(c, &token, why))
		return false;
	if (token.n > 0)
		rq.headers[rq.n_headers++] =
		    (struct http_header){ STR("Authorization"), token };
	if (!creds_fetch(c, &rq, ATTEMPTS, &answer, why))
		return err_while(why, "asking " WHO " for AWS credentials");
	if (answer.status != 200)
		return err_from(why, ERR_FROM_AWS,
		    answer.status >= 500 ? ERR_UPSTREAM : ERR_CONFIG,
		    WHO " answered %d in place of AWS credentials", answer.status);
	return creds_read_json(c, answer.body, WHO, ret, why);
}

enum creds_found
creds_from_container(struct creds *c, struct creds_keys *ret, struct err *why)
{
	struct str url;
	enum creds_found where = creds_container_url(c->cfg, &c->scratch, &url, why);

	if (where != CREDS_FOUND)
		return where;
	return fetch(c, url, ret, why) ? CREDS_FOUND : CREDS_FAILED;
}
