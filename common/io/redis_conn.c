#include "io/redis_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/redis_tls.h"
#include "base/banned.h"

struct redis_conn {
	BIO *bio; /* owns the socket */
	int fd;
};

static enum conn_result
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline - clock_mono_ms();
		if (left < 0)
			left = 0;
		n = poll(&p, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? CONN_OK : n == 0 ? CONN_LATE : CONN_BROKEN;
}

static int
connect_address(
    const struct sockaddr *sa, socklen_t len, int64_t deadline, bool *ret_late)
{
	int fd, fault = 0, saved;
	socklen_t size = sizeof(fault);
	enum conn_result res;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, sa, len) == 0)
		return fd;
	/* EAGAIN: the backlog of a Unix socket is full; to the caller that is "away". */
	if (errno == EINPROGRESS) {
		res = wait_for(fd, POLLOUT, deadline);
		*ret_late = res == CONN_LATE;
		errno = ETIMEDOUT;
		if (res == CONN_OK &&
		    getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) == 0) {
			if (fault == 0)
				return fd;
			errno = fault;
		}
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int
connect_unix(struct str path, int64_t deadline, bool *ret_late)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (path.n >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sa.sun_path, path.p, path.n);
	return connect_address((struct sockaddr *)&sa, sizeof(sa), deadline, ret_late);
}

static int
connect_tcp(struct str host, int64_t port, int64_t deadline, bool *ret_late)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *ai;
	char name[256], service[8];
	int fd = -1, on = 1;

	snprintf(name, sizeof(name), "%.*s", STR_ARG(host));
	snprintf(service, sizeof(service), "%d", (int)port);
	if (getaddrinfo(name, service, &hints, &list) != 0) {
		errno = EHOSTUNREACH;
		return -1;
	}
	for (ai = list; ai != NULL && fd < 0 && !*ret_late; ai = ai->ai_next)
		fd = connect_address(ai->ai_addr, ai->ai_addrlen, deadline, ret_late);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	freeaddrinfo(list);
	return fd;
}

/*
 * Whether a failed BIO call may be repeated, after waiting for the socket. What it means
 * is told apart by the error queue, so that must be empty before each call.
 */
static enum conn_result
wait_retry(struct redis_conn *c, int64_t deadline)
{
	if (!BIO_should_retry(c->bio))
		return CONN_BROKEN;
	return wait_for(c->fd, BIO_should_write(c->bio) ? POLLOUT : POLLIN, deadline);
}

static enum conn_result
handshake(struct redis_conn *c, int64_t deadline)
{
	enum conn_result res = CONN_OK;

	ERR_clear_error();
	while (res == CONN_OK && BIO_do_handshake(c->bio) <= 0)
		res = wait_retry(c, deadline);
	return res;
}

static bool
start_tls(struct redis_conn *c, struct redis_tls *tls, int64_t deadline, bool *ret_late,
    struct err *err)
{
	enum conn_result res = CONN_BROKEN;

	if (redis_tls_wrap(tls, &c->bio))
		res = handshake(c, deadline);
	if (res == CONN_OK)
		return true;
	*ret_late = res == CONN_LATE;
	return err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM, "TLS with redis failed: %s",
	    *ret_late ? "no answer in time: does it speak TLS?"
		      : redis_tls_trouble(c->bio));
}

/* Takes the socket over, also when there is no memory (NULL). */
static struct redis_conn *
conn_of(int fd)
{
	struct redis_conn *c = calloc(1, sizeof(*c));
	BIO *bio = BIO_new_socket(fd, BIO_CLOSE);

	if (c != NULL && bio != NULL) {
		*c = (struct redis_conn){ .bio = bio, .fd = fd };
		return c;
	}
	if (bio != NULL)
		BIO_free(bio);
	else
		close(fd);
	free(c);
	return NULL;
}

static int
connect_to(const struct config *cfg, int64_t deadline, bool *ret_late, struct err *err)
{
	int fd;

	*ret_late = false;
	if (cfg->redis_socket.n > 0)
		fd = connect_unix(cfg->redis_socket, deadline, ret_late);
	else
		fd = connect_tcp(cfg->redis_host, cfg->redis_port, deadline, ret_late);
	if (fd < 0)
		err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM, "cannot connect to redis: %s",
		    strerror(errno));
	return fd;
}

struct redis_conn *
redis_conn_open(const struct config *cfg, struct redis_tls **tls, int64_t deadline,
    bool *ret_late, struct err *err)
{
	bool safe = cfg->redis_socket.n == 0 && cfg->redis_tls_enabled;
	struct redis_conn *c;
	int fd;

	if (safe && *tls == NULL)
		*tls = redis_tls_open(cfg, err);
	if (safe && *tls == NULL)
		return NULL;
	fd = connect_to(cfg, deadline, ret_late, err);
	if (fd < 0)
		return NULL;
	c = conn_of(fd);
	if (c == NULL) {
		err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM,
		    "no memory for a connection with redis");
		return NULL;
	}
	if (!safe || start_tls(c, *tls, deadline, ret_late, err))
		return c;
	redis_conn_close(c);
	return NULL;
}

void
redis_conn_close(struct redis_conn *c)
{
	if (c == NULL)
		return;
	BIO_free_all(c->bio);
	free(c);
}

enum conn_result
redis_conn_send(struct redis_conn *c, const char *p, size_t n, int64_t deadline)
{
	enum conn_result res = CONN_OK;
	size_t sent = 0, done;

	ERR_clear_error();
	while (sent < n && res == CONN_OK) {
		done = 0;
		if (BIO_write_ex(c->bio, p + sent, n - sent, &done))
			sent += done;
		else
			res = wait_retry(c, deadline);
	}
	return res;
}

enum conn_result
redis_conn_recv(
    struct redis_conn *c, char *p, size_t size, size_t *ret_n, int64_t deadline)
{
	enum conn_result res = CONN_OK;
	size_t got = 0;

	ERR_clear_error();
	while (res == CONN_OK) {
		if (BIO_read_ex(c->bio, p, size, &got)) {
			*ret_n = got;
			return CONN_OK;
		}
		res = wait_retry(c, deadline);
	}
	return res;
}
