#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "base/banned.h"

/*
 * OpenSSL sets itself up inside pthread_once(). From version 3.2 on it records an allocation that
 * fails there as an error, which first waits for that same set-up, for ever. So the program ends
 * at once when memory is missing before the set-up is complete.
 */
static bool setting_up;

static void *
checked(void *p, size_t n)
{
	if (p == NULL && n > 0 && setting_up)
		memory_none("OpenSSL");
	return p;
}

static void *
openssl_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return checked(malloc(n), n);
}

static void *
openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return checked(realloc(p, n), n);
}

static void
openssl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

void
crypto_start(void)
{
	unsigned char any;

	setting_up = true;
	/* Refused when OpenSSL has allocated something already: it is set up then. */
	(void)CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
	/* OpenSSL 3.0 goes on without what it could not set up, and crashes then. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL) != 1 ||
	    EVP_get_digestbyname("SHA256") == NULL ||
	    OSSL_LIB_CTX_get0_global_default() == NULL ||
	    !OSSL_PROVIDER_available(NULL, "default"))
		memory_none("OpenSSL");
	setting_up = false;
	/* Sets up its generator; crypto_random() can do without. */
	(void)RAND_bytes(&any, 1);
}
