/* server.c - see server.h */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "dispatch.h"
#include "reply.h"
#include "request.h"

#define CONNECTIONS_MAX 2000
#define IDLE_TIMEOUT_S 120
#define THREAD_STACK_BYTES (1024 * 1024)

struct server {
	struct emulator *emu;
	struct MHD_Daemon *daemon;
};

/* The body of a reply that breaks off. */
struct half {
	char *text;
	size_t n;
};

/* The only place where the library shows the target before decoding it. */
static void *
begin_request(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct request *rq = calloc(1, sizeof(*rq));
	char *mark;

	(void)cls, (void)connection;
	if (rq == NULL || (rq->path = strdup(target)) == NULL)
		abort();
	mark = strchr(rq->path, '?');
	if (mark != NULL) {
		*mark = '\0';
		rq->query = mark + 1;
	}
	return rq;
}

static void
end_request(void *cls, struct MHD_Connection *connection, void **slot,
    enum MHD_RequestTerminationCode code)
{
	struct request *rq = *slot;

	(void)cls, (void)connection, (void)code;
	if (rq == NULL)
		return;
	free(rq->path);
	free(rq->body);
	free(rq);
	*slot = NULL;
}

static enum MHD_Result
take_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct request *rq = cls;

	(void)kind;
	if (rq->n_headers == REQUEST_HEADERS_MAX) {
		rq->too_many_headers = true;
		return MHD_NO;
	}
	if (value == NULL)
		value = "";
	rq->headers[rq->n_headers++] = (struct header){ name, value };
	return MHD_YES;
}

/* Too much is read to its end all the same: a client in mid-send would miss the 413. */
static void
take_body(struct request *rq, const char *data, size_t n)
{
	char *grown;

	if (rq->body_too_large || n > REQUEST_BODY_MAX_BYTES - rq->body_n) {
		rq->body_too_large = true;
		return;
	}
	if ((grown = realloc(rq->body, rq->body_n + n + 1)) == NULL)
		abort();
	memcpy(grown + rq->body_n, data, n);
	rq->body = grown;
	rq->body_n += n;
	rq->body[rq->body_n] = '\0';
}

static ssize_t
read_half(void *cls, uint64_t at, char *out, size_t max)
{
	const struct half *h = cls;
	size_t end = h->n / 2, n;

	if (at >= end)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = end - (size_t)at < max ? end - (size_t)at : max;
	memcpy(out, h->text + at, n);
	return (ssize_t)n;
}

static void
free_half(void *cls)
{
	struct half *h = cls;

	free(h->text);
	free(h);
}

static struct MHD_Response *
half_response(char *text, size_t n)
{
	struct half *h = malloc(sizeof(*h));

	if (h == NULL)
		abort();
	*h = (struct half){ text, n };
	return MHD_create_response_from_callback(n, 4096, read_half, h, free_half);
}

static char *
body_text(const struct reply *rp)
{
	char *text;

	if (rp->raw[0] != '\0')
		text = strdup(rp->raw);
	else if (rp->body != NULL)
		text = json_dumps(rp->body, JSON_COMPACT);
	else
		text = strdup("");
	if (text == NULL)
		abort();
	return text;
}

static struct MHD_Response *
make_response(const struct reply *rp)
{
	char *text = body_text(rp), number[16], now[CLOCK_HTTP_BYTES];
	size_t n = strlen(text);
	struct MHD_Response *r;

	if (rp->send == SEND_HALF)
		r = half_response(text, n);
	else
		r = MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);
	if (r == NULL)
		abort();
	MHD_add_response_header(r, "Content-Type", rp->content_type);
	MHD_add_response_header(r, "x-amzn-RequestId", rp->request_id);
	if (rp->type[0] != '\0' && !rp->type_in_body)
		MHD_add_response_header(r, "x-amzn-ErrorType", rp->type);
	if (rp->extra_header != NULL)
		MHD_add_response_header(r, rp->extra_header, rp->extra_value);
	clock_http(now);
	MHD_add_response_header(r, "Date", now);
	if (rp->retry_after_ms > 0) {
		snprintf(number, sizeof(number), "%d", rp->retry_after_ms);
		MHD_add_response_header(r, "x-amz-retry-after", number);
	}
	return r;
}

static enum MHD_Result
answer(struct server *sv, struct MHD_Connection *connection, const struct request *rq)
{
	struct MHD_Response *response;
	struct reply rp;
	enum MHD_Result result = MHD_NO; /* closes the connection, unanswered */

	reply_init(&rp);
	dispatch(sv->emu, rq, &rp);
	if (rp.send != SEND_NOTHING) {
		response = make_response(&rp);
		result =
		    MHD_queue_response(connection, (unsigned int)rp.status, response);
		MHD_destroy_response(response);
	}
	reply_clear(&rp);
	return result;
}

/* Called when the headers are in, then per piece of the body, then with none left. */
static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *data, size_t *data_n, void **slot)
{
	struct request *rq = *slot;

	(void)url, (void)version;
	if (rq->method == NULL) {
		rq->method = method;
		MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, rq);
		return MHD_YES;
	}
	if (*data_n > 0) {
		take_body(rq, data, *data_n);
		*data_n = 0;
		return MHD_YES;
	}
	return answer(cls, connection, rq);
}

/* Some hundred connections come close to the usual limit of 1024 open files. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		fprintf(stderr, "ivs_emulator: open files stay limited\n");
}

static struct MHD_Daemon *
start(struct server *sv, uint16_t port)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	/* clang-format off */
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD |
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK, port, NULL, NULL, handle, sv,
	    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&here,
	    MHD_OPTION_URI_LOG_CALLBACK, begin_request, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_TIMEOUT_S,
	    MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK_BYTES,
	    MHD_OPTION_END);
	/* clang-format on */
}

struct server *
server_open(struct emulator *emu, uint16_t port, uint16_t *ret_port)
{
	struct server *sv = calloc(1, sizeof(*sv));
	const union MHD_DaemonInfo *info;

	if (sv == NULL)
		abort();
	raise_file_limit();
	sv->emu = emu;
	sv->daemon = start(sv, port);
	if (sv->daemon == NULL) {
		fprintf(stderr, "ivs_emulator: cannot listen on 127.0.0.1:%u: %s\n", port,
		    strerror(errno));
		free(sv);
		return NULL;
	}
	info = MHD_get_daemon_info(sv->daemon, MHD_DAEMON_INFO_BIND_PORT);
	*ret_port = info->port;
	return sv;
}

void
server_close(struct server *sv)
{
	if (sv == NULL)
		return;
	MHD_stop_daemon(sv->daemon);
	free(sv);
}
