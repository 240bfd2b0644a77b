#include "base/config_private.h"

#include "base/crypto.h"
#include "base/banned.h"

static const struct config_given *
set(struct config_loader *l, const char *name)
{
	const struct config_given *g = config_given(l, name);

	return g->value.n > 0 && !g->bad ? g : NULL;
}

/*
 * A file that cannot be used would show as a store that is away, at the first connection.
 * Said here it has a name.
 */
static void
check_ca(struct config_loader *l, const char *name)
{
	const struct config_given *g = set(l, name);
	char path[4096], why[128];

	if (g == NULL)
		return;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(g->value));
	if (!crypto_holds_certificate(path, why, sizeof(why)))
		config_fatal(l, "%s is '%s' (%s): %s", name, path, g->where, why);
}

/* Who names a CA or a mode believes that the connection is safe. */
static void
check_needs(struct config_loader *l, const char *name, const char *switch_name, bool on)
{
	if (set(l, name) != NULL && !on && !config_given(l, switch_name)->bad)
		config_fatal(l,
		    "%s is set but %s is not true: set it to true, or remove %s", name,
		    switch_name, name);
}

/* The mode follows the switch unless it is said; it may not say the opposite. */
static void
check_mode(struct config_loader *l)
{
	struct config *c = l->c;
	bool insists = c->db_ssl_mode != DB_SSL_PREFER;

	if (set(l, "DB_SSL_MODE") == NULL)
		c->db_ssl_mode = c->db_ssl_enabled ? DB_SSL_VERIFY_FULL : DB_SSL_PREFER;
	else if (insists)
		check_needs(l, "DB_SSL_MODE", "DB_SSL_ENABLED", c->db_ssl_enabled);
	else if (c->db_ssl_enabled)
		config_fatal(l,
		    "DB_SSL_ENABLED is true but DB_SSL_MODE is prefer, which "
		    "does without TLS where there is none: remove one of them");
}

void
config_check_postgres(struct config_loader *l)
{
	struct config *c = l->c;

	check_mode(l);
	check_needs(l, "DB_SSL_CA", "DB_SSL_ENABLED", c->db_ssl_enabled);
	if (c->db_ssl_mode == DB_SSL_REQUIRE && set(l, "DB_SSL_CA") != NULL)
		config_fatal(l,
		    "DB_SSL_CA is set but DB_SSL_MODE is require, which checks "
		    "no certificate: make it verify-ca or verify-full, or remove "
		    "DB_SSL_CA");
	/* libpq leaves TLS out there, whatever it is told. "@": a socket without a file. */
	if (c->db_ssl_enabled &&
	    (str_starts(c->db_host, STR("/")) || str_starts(c->db_host, STR("@"))))
		config_warn(l, "DB_SSL_ENABLED has no effect: DB_HOST is a Unix socket");
	check_ca(l, "DB_SSL_CA");
}

void
config_check_redis(struct config_loader *l)
{
	struct config *c = l->c;

	check_needs(l, "REDIS_TLS_CA", "REDIS_TLS_ENABLED", c->redis_tls_enabled);
	if (c->redis_socket.n > 0 && c->redis_tls_enabled)
		config_warn(l, "REDIS_TLS_ENABLED has no effect: REDIS_SOCKET is set");
	if (c->redis_user.n > 0 && c->redis_password.n == 0)
		config_fatal(l, "REDIS_USER is set but REDIS_PASSWORD is not: set both");
	check_ca(l, "REDIS_TLS_CA");
}
