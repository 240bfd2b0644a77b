/*
 * redis_tls.h - TLS below the connection to Redis.                layer: io
 *
 * Private to io/redis*.c. The server's certificate must be of a CA in REDIS_TLS_CA (else of
 * the system's), in force, and for REDIS_HOST, be that a name or an address.
 */
#ifndef IO_REDIS_TLS_H
#define IO_REDIS_TLS_H

#include <openssl/types.h>

#include "base/config.h"

/* What all connections of a process share: reading the CAs takes milliseconds. */
struct redis_tls;

/* NULL with err set (ERR_UPSTREAM from Redis): the CAs cannot be read. */
struct redis_tls *redis_tls_open(const struct config *cfg, struct err *err);
void redis_tls_close(struct redis_tls *t);

/* Puts TLS on top of *bio; the handshake is the caller's. False: no memory. */
bool redis_tls_wrap(struct redis_tls *t, BIO **bio);

/* Why a handshake failed, in words for the log. Valid until the next call. */
const char *redis_tls_trouble(BIO *bio);

#endif
