/*
 * redis_conn.h - bytes to and from Redis, under a deadline.       layer: io
 *
 * Unix socket, TCP or TLS below one OpenSSL BIO. Private to io/redis*.c.
 * Deadlines are points of the monotonic clock (clock_mono_ms).
 */
#ifndef IO_REDIS_CONN_H
#define IO_REDIS_CONN_H

#include "io/redis_tls.h"

struct redis_conn;

enum conn_result { CONN_OK, CONN_BROKEN, CONN_LATE };

/*
 * NULL with err set (ERR_UPSTREAM from Redis); *ret_late says whether time ran out. *tls is
 * made when the first connection needs it, and is the caller's to close after the last.
 */
struct redis_conn *redis_conn_open(const struct config *cfg, struct redis_tls **tls,
    int64_t deadline, bool *ret_late, struct err *err);
void redis_conn_close(struct redis_conn *c);

enum conn_result redis_conn_send(
    struct redis_conn *c, const char *p, size_t n, int64_t deadline);
/* At least one byte into p; *ret_n says how many. */
enum conn_result redis_conn_recv(
    struct redis_conn *c, char *p, size_t size, size_t *ret_n, int64_t deadline);

#endif
