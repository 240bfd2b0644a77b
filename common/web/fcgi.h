/*
 * fcgi.h - FastCGI as a program sees it: bytes come in, a request comes out.   layer: web
 *
 * No sockets here: web/conns.c reads and writes. A connection carries one request, as web
 * servers send them. The bytes may be cut anywhere. Everything is limited, and what no web
 * server sends ends the connection:
 *
 *   wrong version; records of a known type at the wrong time or of the wrong length;
 *   parameters over FCGI_PARAMS_MAX_BYTES or FCGI_PARAMS_MAX, cut short, with a zero byte, or
 *   with '=' in a name (one could be taken for another)
 *
 * Records of other requests and of unknown types are passed over. A second request on the same
 * connection is told that this program does not multiplex, another role than responder that it is
 * unknown; questions of the web server (FCGI_GET_VALUES) are answered.
 *
 * Source: FastCGI Specification 1.0; its numbers are those of libfcgi's fastcgi.h.
 */
#ifndef WEB_FCGI_H
#define WEB_FCGI_H

#include "base/str.h"

/* Apache passes on 100 headers of 8 KB at most, lighttpd 8 KB in all. */
#define FCGI_PARAMS_MAX_BYTES (1u << 20)
#define FCGI_PARAMS_MAX 16384
#define FCGI_HEADER_BYTES 8

/* Grows by malloc; p == NULL while nothing is in it. */
struct fcgi_bytes {
	char *p;
	size_t n, cap;
};

enum fcgi_state {
	FCGI_MORE,  /* more bytes are wanted */
	FCGI_READY, /* the request is complete */
	FCGI_OVER   /* close the connection, after `reply` was sent */
};

struct fcgi_in {
	size_t body_max;
	/* the request; valid when FCGI_READY */
	char **params; /* "NAME=VALUE", NULL at its end */
	struct fcgi_bytes
	    body;	     /* at most body_max + 1 bytes: what is longer is too long */
	unsigned request_id; /* 0: none has begun */
	/* to be sent to the web server; the caller takes it out (n = 0) */
	struct fcgi_bytes reply;

	/* private */
	unsigned char header[FCGI_HEADER_BYTES];
	size_t header_n, content_left, padding_left;
	unsigned record_id;
	struct fcgi_bytes raw; /* the parameters as they came */
	struct fcgi_bytes
	    small; /* content of a record that is neither parameters nor body */
	bool params_done;
};

void fcgi_in_init(struct fcgi_in *in, size_t body_max);
void fcgi_in_clear(struct fcgi_in *in);

/* Bytes of the connection, in order. Not to be called again after READY or OVER. What lies
 * behind the end of a request is left unread. Borrows p. */
enum fcgi_state fcgi_feed(struct fcgi_in *in, const char *p, size_t n);

/* Adds the whole answer to a request: its records and the end. False: no memory. */
bool fcgi_frame(unsigned request_id, struct str answer, struct fcgi_bytes *out);

void fcgi_bytes_clear(struct fcgi_bytes *b);

#endif
