/*
 * http.h - requests on connections that are kept, as browsers keep them; nothing blocks.
 *
 * As many at a time as there are connections. A request whose kept connection the server had
 * closed is sent once more on a new one, as a browser does.
 */
#ifndef CROWD_HTTP_H
#define CROWD_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/tools/crowd/count.h"

#define HTTP_TIMEOUT_US 30000000
#define HTTP_BODY_BYTES 1024

struct request {
	enum call call;
	int phase;
	uint32_t viewer;
	int64_t due_us;
	int64_t sent_ms; /* unix; filled in by http_send */
};

/* body is NULL when there was no answer. */
typedef void http_answered(
    const struct request *rq, int status, bool retry_after, const char *body);

/* base_url: http://ADDRESS:PORT; keys: API keys, the first one counts. Ends the program when the
 * URL is none. */
void http_open(const char *base_url, int connections, const char *keys, http_answered *f);
bool http_has_room(void);
/* Only when there is room. */
void http_send(const struct request *rq, const char *path, const char *body);
/* Waits for answers, so long at most. */
void http_turn(int timeout_ms);
void http_close(void);

#endif
