#include "io/redis_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/banned.h"

struct redis_tls {
	SSL_CTX *ctx;
	char host[256];
};

static bool
load_authorities(SSL_CTX *ctx, const struct config *cfg)
{
	char path[4096];

	if (cfg->redis_tls_ca.n == 0)
		return SSL_CTX_set_default_verify_paths(ctx) == 1;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(cfg->redis_tls_ca));
	return SSL_CTX_load_verify_locations(ctx, path, NULL) == 1;
}

/* The name or the address that the certificate must be for. */
static bool
expect_host(SSL_CTX *ctx, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	ERR_set_mark();
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return true;
	ERR_pop_to_mark();
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

struct redis_tls *
redis_tls_open(const struct config *cfg, struct err *err)
{
	struct redis_tls *t = calloc(1, sizeof(*t));

	if (t != NULL)
		t->ctx = SSL_CTX_new(TLS_client_method());
	if (t == NULL || t->ctx == NULL) {
		redis_tls_close(t);
		err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM,
		    "TLS with redis failed: no memory");
		return NULL;
	}
	snprintf(t->host, sizeof(t->host), "%.*s", STR_ARG(cfg->redis_host));
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
	if (load_authorities(t->ctx, cfg) && expect_host(t->ctx, t->host))
		return t;
	ERR_clear_error();
	redis_tls_close(t);
	err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM,
	    "TLS with redis failed: no certificate can be read from '%.*s'",
	    STR_ARG(cfg->redis_tls_ca));
	return NULL;
}

void
redis_tls_close(struct redis_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

/* RFC 6066 section 3: an address is no server name. */
static bool
name_server(SSL *ssl, const char *host)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);

	if (address == NULL) {
		ERR_clear_error();
		return SSL_set_tlsext_host_name(ssl, host) == 1;
	}
	ASN1_OCTET_STRING_free(address);
	return true;
}

bool
redis_tls_wrap(struct redis_tls *t, BIO **bio)
{
	BIO *layer = BIO_new_ssl(t->ctx, 1);
	SSL *ssl = NULL;

	if (layer == NULL)
		return false;
	BIO_get_ssl(layer, &ssl);
	*bio = BIO_push(layer, *bio);
	return name_server(ssl, t->host);
}

/* What OpenSSL calls by its inner name, as the operator would. */
static const struct {
	long code;
	const char *text;
} refusals[] = {
	{ X509_V_ERR_HOSTNAME_MISMATCH, "its certificate is not for REDIS_HOST" },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, "its certificate is not for REDIS_HOST" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	    "its certificate is of an unknown CA: name the right one by REDIS_TLS_CA" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
	    "its certificate is of an unknown CA: name the right one by REDIS_TLS_CA" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	    "its certificate is signed by itself: name it by REDIS_TLS_CA" },
};

static const char *
refusal(long code)
{
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		if (refusals[i].code == code)
			return refusals[i].text;
	}
	return X509_verify_cert_error_string(code);
}

const char *
redis_tls_trouble(BIO *bio)
{
	unsigned long e = ERR_peek_error();
	SSL *ssl = NULL;
	long verified = X509_V_OK;

	ERR_clear_error();
	if (BIO_get_ssl(bio, &ssl) == 1 && ssl != NULL)
		verified = SSL_get_verify_result(ssl);
	if (verified != X509_V_OK)
		return refusal(verified);
	if (ERR_GET_REASON(e) == SSL_R_WRONG_VERSION_NUMBER)
		return "the server does not speak TLS";
	if (e != 0 && ERR_reason_error_string(e) != NULL)
		return ERR_reason_error_string(e);
	return "connection closed";
}
