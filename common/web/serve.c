#include "web/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/parse.h"
#include "io/metrics_flush.h"
#include "web/access_log.h"
#include "web/conns.h"
#include "web/ratelimit.h"
#include "web/watch.h"
#include "base/banned.h"

/* A worker that was frozen must not do what nobody waits for any more (serve.h). */
#define LATE_US 5000000

struct slot {
	struct conn *conn;
	struct arena arena;
	struct req rq;
	struct resp rs;
	struct err err;
	const struct route *route;
	bool failed;
	bool called; /* rq.call goes to Redis */
	bool alone;  /* a plain CGI call: no tick came before it */
	bool ticked; /* and one was needed */
};

static volatile sig_atomic_t stopping;

static void
stop(int signo)
{
	(void)signo;
	stopping = 1;
}

/* ---- one request ---- */

/*
 * A plain CGI call has a new connection, and no tick before it that compares the server. API keys and
 * whatever a handler asks later need the comparison as much as the call's own script.
 */
static void
tick_if_doubted(const struct serve *s, struct slot *sl)
{
	struct err ignored = ERR_INIT;

	if (!sl->alone || s->tick == NULL || !redis_connect(s->redis, &ignored) ||
	    !redis_is_doubted(s->redis))
		return;
	s->tick(s->app);
	sl->ticked = true;
	json_use(&sl->arena);
}

/* What there is to do before Redis is asked; false = answered with the error. */
static bool
prepare(const struct serve *s, struct slot *sl, struct err *err)
{
	struct req *rq = &sl->rq;

	if (rq->error_page != 0)
		return resp_error_page(&sl->rs, rq->error_page, err);
	if (rq->header_twice)
		return err_tell(err, ERR_INPUT, MSG_HEADER_TWICE, "a header came twice");
	if (!router_find(s->routes, s->n_routes, rq, &sl->route, &sl->rs.allow, err))
		return false;
	if (sl->route == NULL) {
		sl->rs.preflight = true;
		return true;
	}
	sl->rs.allow = 0;
	if (sl->route->access != ACCESS_PUBLIC)
		tick_if_doubted(s, sl);
	if (!auth_check(s->auth, rq, sl->route->access, err))
		return false;
	if (rq->body_too_big)
		return err_set(err, ERR_TOO_BIG, "body over MAX_BODY_BYTES");
	return sl->route->ask == NULL || sl->route->ask(s->app, rq, err);
}

/* Unknown routes below /api count too: guessing is not free. */
static enum bucket
bucket_of(const struct slot *sl)
{
	if (sl->rs.preflight || sl->rs.page != NULL)
		return BUCKET_NONE;
	/* Wrong keys on the heartbeat's wide bucket would be too many tries. */
	if (sl->err.kind == ERR_AUTH)
		return BUCKET_API;
	/* A page that was let in: a hall behind one address has as many of them as viewers. */
	if (sl->rq.session.user_id.n > 0)
		return BUCKET_WIDE;
	if (sl->route != NULL)
		return sl->route->bucket;
	return str_starts(sl->rq.path, STR("/api/")) ? BUCKET_API : BUCKET_NONE;
}

/* Once a process: its clients are one to the rate limit and in the history, and loopback may be
 * exempt. */
static void
warn_of_proxy(const struct req *rq)
{
	static bool said;

	if (!rq->proxy_untrusted || said)
		return;
	said = true;
	LOG(LOG_WARN, "a proxy on this machine is not trusted",
	    LOG_STR("setting", STR("TRUSTED_PROXIES")),
	    LOG_STR("what_to_do",
		STR("name the proxy's address in TRUSTED_PROXIES (127.0.0.1): until then "
		    "its clients count as one, at the address of the proxy, and no rate "
		    "limit holds for them as long as RATE_LIMIT_EXEMPT has that address")));
}

static void
begin(const struct serve *s, struct slot *sl, char **params, req_read *read, void *from,
    int64_t parked_us)
{
	bool counted;

	json_use(&sl->arena);
	memset(&sl->rs, 0, sizeof(sl->rs));
	memset(&sl->err, 0, sizeof(sl->err));
	sl->route = NULL;
	req_init(&sl->rq, &sl->arena, s->cfg, params, read, from);
	sl->rq.parked = parked_us > 0;
	if (sl->rq.parked)
		sl->rq.start_us = parked_us;
	warn_of_proxy(&sl->rq);
	redis_call_init(&sl->rq.call, &sl->arena, SCRIPT_GATE);
	sl->failed = !prepare(s, sl, &sl->err);
	if (sl->failed)
		redis_call_init(&sl->rq.call, &sl->arena, SCRIPT_GATE);
	/* A request that was parked has been counted. */
	counted = !sl->rq.parked && ratelimit_apply(&sl->rq, bucket_of(sl));
	sl->called = counted || sl->rq.call.script != SCRIPT_GATE;
}

/* All calls in one round trip, and once a second what was counted goes along. */
static bool
run_calls(const struct serve *s, struct metrics_flush *f, struct redis_call **calls,
    size_t n, struct err *err)
{
	struct redis_call *counts = metrics_flush_due(f);
	bool ok;

	if (counts != NULL)
		calls[n++] = counts;
	ok = redis_run(s->redis, calls, n, err);
	if (counts != NULL)
		metrics_flush_done(f, ok);
	return ok;
}

/* Right before the call is sent; the calls of a slow route come later still. */
static void
refuse_late(struct slot *sl)
{
	bool slow = sl->route != NULL && sl->route->slow;

	if ((!sl->called && !slow) || clock_mono_us() - sl->rq.start_us <= LATE_US)
		return;
	sl->called = false;
	if (!sl->failed)
		(void)err_tell(&sl->err, ERR_UPSTREAM, MSG_TOO_LATE,
		    "the request came too long ago");
	sl->failed = true;
}

static void
ask_redis(const struct serve *s, struct metrics_flush *f, struct slot *slots, size_t n)
{
	struct redis_call *calls[SERVE_BATCH + 1];
	struct err err = ERR_INIT;
	size_t i, n_calls = 0;

	for (i = 0; i < n; i++) {
		refuse_late(&slots[i]);
		if (slots[i].called)
			calls[n_calls++] = &slots[i].rq.call;
	}
	if (n_calls == 0 || run_calls(s, f, calls, n_calls, &err))
		return;
	for (i = 0; i < n; i++) {
		if (!slots[i].called)
			continue;
		slots[i].rq.call.reply = NULL;
		/* An error of the request's own is true whether Redis is there or not. */
		if (!slots[i].failed)
			slots[i].err = err;
		slots[i].failed = true;
	}
}

/* The reply, the limit, then the handler's second half. */
static bool
conclude(const struct serve *s, struct slot *sl, struct err *err)
{
	const struct reply *reply = sl->rq.call.reply;
	struct err limited = ERR_INIT;

	if (sl->called && reply != NULL) {
		if (!redis_reply_ok(reply, err))
			return false;
		if (!ratelimit_check(reply, &sl->rs, &limited)) {
			*err = limited;
			return false;
		}
	}
	if (sl->failed)
		return false;
	if (sl->rs.preflight)
		return true;
	return sl->route->answer(s->app, &sl->rq, reply, &sl->rs, err);
}

/* The whole answer; valid until the slot's arena is wiped. ok: what conclude() said. */
static struct str
written(struct slot *sl, bool ok)
{
	struct buf out;
	size_t bytes;

	resp_write(&sl->rs, &sl->rq, ok ? NULL : &sl->err, &out, &bytes);
	access_log(&sl->rq, sl->route, sl->rs.status, &sl->err, bytes);
	return buf_view(&out);
}

/* ---- FastCGI ---- */

static bool
is_slow(const struct slot *sl)
{
	return !sl->failed && sl->route != NULL && sl->route->slow;
}

static size_t
collect(const struct serve *s, struct conns *cs, struct slot *slots)
{
	struct slot *sl;
	size_t n = 0;

	while (n < SERVE_BATCH && (slots[n].conn = conns_next(cs)) != NULL) {
		sl = &slots[n++];
		begin(s, sl, conn_params(sl->conn), conn_read, sl->conn,
		    conn_parked_us(sl->conn));
		if (is_slow(sl))
			break;
	}
	return n;
}

/* The answer, unless the handler wants the request to wait and there is time and room for that. */
static void
answer_slot(const struct serve *s, struct conns *cs, struct slot *sl)
{
	bool ok;

	if (is_slow(sl))
		watch_busy(s->slow_ms);
	json_use(&sl->arena);
	ok = conclude(s, sl, &sl->err);
	if (ok || sl->rq.park_ms == 0 ||
	    !conns_park(cs, sl->conn, sl->rq.start_us, sl->rq.park_ms))
		conns_answer(cs, sl->conn, written(sl, ok));
}

static void
serve_batch(
    const struct serve *s, struct metrics_flush *f, struct conns *cs, struct slot *slots)
{
	size_t n = collect(s, cs, slots), i;
	bool after = false;

	ask_redis(s, f, slots, n);
	for (i = 0; i < n; i++) {
		answer_slot(s, cs, &slots[i]);
		after |= slots[i].rq.after_due;
		arena_wipe(&slots[i].arena);
	}
	log_flush();
	json_use(NULL);
	if (after && s->after != NULL) {
		watch_busy(SERVE_BETWEEN_MS);
		s->after(s->app);
	}
}

static struct slot *
slots_open(void)
{
	struct slot *slots = memory_zalloc(SERVE_BATCH, sizeof(*slots));
	size_t i;

	for (i = 0; i < SERVE_BATCH; i++)
		memory_arena(&slots[i].arena, ARENA_DEFAULT_BYTES);
	return slots;
}

static void
slots_close(struct slot *slots)
{
	size_t i;

	for (i = 0; i < SERVE_BATCH; i++)
		arena_clear(&slots[i].arena);
	free(slots);
}

/* Signals come only while we sleep in epoll_pwait, never in the middle of an answer. */
static void
catch_signals(sigset_t *ret_asleep)
{
	struct sigaction sa = { .sa_handler = stop };
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGINT);
	sigprocmask(SIG_BLOCK, &both, ret_asleep);
	sigdelset(ret_asleep, SIGTERM);
	sigdelset(ret_asleep, SIGINT);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

/* While requests wait epoll_pwait has something to return and lets no signal in: under load one has
 * to look. */
static bool
asked_to_stop(void)
{
	sigset_t pending;

	return stopping ||
	       (sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) == 1 ||
						 sigismember(&pending, SIGINT) == 1));
}

/* When the next tick is due; one that is due is done. */
static void
tick(const struct serve *s, int64_t *next_ms)
{
	if (s->tick == NULL || clock_mono_ms() < *next_ms)
		return;
	watch_busy(SERVE_BETWEEN_MS);
	s->tick(s->app);
	*next_ms = clock_mono_ms() + SERVE_TICK_MS;
}

/* How long to wait for a request, ms; -1: for good. */
static int
sleep_ms(const struct serve *s, const struct metrics_flush *f, int64_t tick_ms)
{
	int flush = metrics_flush_sleep_ms(f);
	int64_t left = tick_ms - clock_mono_ms();

	if (s->tick == NULL)
		return flush;
	if (left < 0)
		left = 0;
	return flush >= 0 && flush < left ? flush : (int)left;
}

/* One turn of the loop: sleep for at most max_ms (-1: as long as there is nothing to do), serve. */
static void
turn(const struct serve *s, struct metrics_flush *f, struct conns *cs, struct slot *slots,
    int max_ms, const sigset_t *asleep)
{
	if (conns_wait(cs, max_ms, asleep))
		serve_batch(s, f, cs, slots);
	metrics_flush_idle(f, s->redis);
	watch_round();
}

/* Nobody new; those who have been let in get their answers, if they are quick. With
 * last_call, connections that wait at the socket are served, too: closing it would cut them off. */
static void
see_off(const struct serve *s, struct metrics_flush *f, struct conns *cs,
    struct slot *slots, const sigset_t *asleep)
{
	int64_t end_ms = clock_mono_ms() + SERVE_STOP_MS, now;

	conns_stop(cs, s->last_call);
	while (conns_busy(cs) && (now = clock_mono_ms()) < end_ms)
		turn(s, f, cs, slots, (int)(end_ms - now), asleep);
}

bool
serve_socket(const struct serve *s, int listen_fd, struct err *err)
{
	struct metrics_flush flush;
	struct slot *slots;
	struct conns *cs;
	int64_t tick_ms = 0;
	sigset_t asleep;

	catch_signals(&asleep);
	cs = conns_open(listen_fd, (size_t)s->cfg->max_body_bytes, err);
	if (cs == NULL)
		return false;
	slots = slots_open();
	metrics_flush_init(&flush);
	while (!asked_to_stop()) {
		tick(s, &tick_ms);
		watch_round();
		turn(s, &flush, cs, slots, sleep_ms(s, &flush, tick_ms), &asleep);
	}
	see_off(s, &flush, cs, slots, &asleep);
	metrics_flush_now(&flush, s->redis);
	metrics_flush_clear(&flush);
	slots_close(slots);
	conns_close(cs);
	return true;
}

/* ---- CGI ---- */

/* A call that may have left a record. A heartbeat leaves none. */
static bool
is_change(const struct slot *sl)
{
	return !sl->failed && sl->route != NULL && sl->rq.method != METHOD_GET &&
	       sl->rq.call.script != SCRIPT_HEARTBEAT;
}

/* No further than CONTENT_LENGTH: RFC 3875 does not promise an end there. */
static size_t
read_stdin(void *from, char *p, size_t n)
{
	int64_t *left = from;
	size_t want = *left < (int64_t)n ? (size_t)*left : n, got;

	got = want > 0 ? fread(p, 1, want, stdin) : 0;
	*left -= (int64_t)got;
	return got;
}

bool
serve_cgi(const struct serve *s, char **env, struct err *err)
{
	struct slot *sl = memory_zalloc(1, sizeof(*sl));
	struct metrics_flush flush;
	const char *length = getenv("CONTENT_LENGTH");
	struct str answer;
	int64_t left = 0;
	bool ok;

	/* Apache tells no length of a body in chunks; its stdin has an end. */
	if (length == NULL && getenv("HTTP_TRANSFER_ENCODING") != NULL)
		left = INT64_MAX;
	else
		(void)parse_i64(str_of(length), 0, INT64_MAX, &left);
	memory_arena(&sl->arena, ARENA_DEFAULT_BYTES);
	sl->alone = true;
	metrics_flush_init(&flush);
	begin(s, sl, env, read_stdin, &left, 0);
	ask_redis(s, &flush, sl, 1);
	if (s->tick != NULL && !sl->ticked && reply_is_cold(sl->rq.call.reply)) {
		s->tick(s->app);
		ask_redis(s, &flush, sl, 1);
	}
	json_use(&sl->arena);
	answer = written(sl, conclude(s, sl, &sl->err));
	ok = fwrite(answer.p, 1, answer.n, stdout) == answer.n && fflush(stdout) == 0;
	if (!ok)
		err_set(err, ERR_BUG, "cannot write the answer: %s", strerror(errno));
	log_flush();
	json_use(NULL);
	/* There is no later tick: what this call changed is written now. */
	if ((sl->rq.after_due || is_change(sl)) && s->after != NULL)
		s->after(s->app);
	if (s->tick != NULL &&
	    (redis_is_cold(s->redis) || (redis_is_doubted(s->redis) && !sl->ticked)))
		s->tick(s->app);
	metrics_flush_now(&flush, s->redis);
	metrics_flush_clear(&flush);
	arena_clear(&sl->arena);
	free(sl);
	return ok;
}
