#include "io/redis.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "io/redis_private.h"
#include "io/redis_refusal.h"
#include "base/banned.h"

#define RECV_BYTES (32u << 10)
#define OUT_KEEP_BYTES (256u << 10)
#define COMMON_ARGS 7
#define HEAD_WORDS 4 /* EVALSHA sha1 1 prefix */

struct redis *
redis_open(const struct config *cfg)
{
	struct redis *r = memory_zalloc(1, sizeof(*r));

	memory_arena(&r->scratch, 1u << 20);
	r->cfg = cfg;
	snprintf(r->timeout_ms, sizeof(r->timeout_ms), "%lld",
	    (long long)cfg->heartbeat_timeout_s * 1000);
	snprintf(r->capacity, sizeof(r->capacity), "%lld",
	    (long long)cfg->max_viewers_per_stage);
	return r;
}

void
redis_disconnect(struct redis *r)
{
	redis_conn_close(r->conn);
	r->conn = NULL;
	r->compared = r->believed = false;
	if (r->reader != NULL)
		redisReaderFree(r->reader);
	r->reader = NULL;
}

void
redis_close(struct redis *r)
{
	if (r == NULL)
		return;
	redis_disconnect(r);
	redis_tls_close(r->tls);
	arena_clear(&r->scratch);
	free(r->out);
	free(r);
}

void
redis_pretend_time(struct redis *r, int64_t now_ms)
{
	r->now_ms[0] = '\0';
	if (now_ms != 0)
		snprintf(r->now_ms, sizeof(r->now_ms), "%lld", (long long)now_ms);
}

/* Room for n more bytes; false: no memory, what there is stays. */
static bool
out_room(struct redis *r, size_t n)
{
	size_t size = 2 * (r->out_n + n);
	char *longer;

	if (r->out_n + n <= r->out_size)
		return true;
	longer = realloc(r->out, size);
	if (longer == NULL)
		return false;
	r->out = longer;
	r->out_size = size;
	return true;
}

/* False: no memory for the command. */
bool
redis_out_add(struct redis *r, const struct str *words, size_t n)
{
	const char *argv[HEAD_WORDS + COMMON_ARGS + REDIS_ARGS_MAX];
	size_t len[HEAD_WORDS + COMMON_ARGS + REDIS_ARGS_MAX], i;
	char *cmd = NULL;
	bool fits;
	int size;

	for (i = 0; i < n; i++) {
		argv[i] = words[i].p != NULL ? words[i].p : "";
		len[i] = words[i].n;
	}
	size = redisFormatCommandArgv(&cmd, (int)n, argv, len);
	if (size <= 0)
		return false;
	fits = out_room(r, (size_t)size);
	if (fits) {
		memcpy(r->out + r->out_n, cmd, (size_t)size);
		r->out_n += (size_t)size;
	}
	redisFreeCommand(cmd);
	return fits;
}

void
redis_out_reset(struct redis *r)
{
	r->out_n = 0;
	if (r->out_size <= OUT_KEEP_BYTES)
		return;
	free(r->out);
	r->out = NULL;
	r->out_size = 0;
}

struct str
redis_number(struct redis *r, int64_t i)
{
	struct buf b;

	if (i == 0)
		return STR("0");
	buf_init(&b, &r->scratch, 24);
	buf_int(&b, i);
	return buf_view(&b);
}

/* whole: send the text (EVAL, which also keeps it) instead of its SHA-1. */
static bool
out_call(struct redis *r, const struct redis_call *c, bool whole)
{
	const struct script_text *t = &script_texts[c->script];
	struct str words[HEAD_WORDS + COMMON_ARGS + REDIS_ARGS_MAX];
	size_t n = 0;

	words[n++] = whole ? STR("EVAL") : STR("EVALSHA");
	words[n++] = str_of(whole ? t->text : t->sha1);
	words[n++] = STR("1");
	words[n++] = r->cfg->redis_key_prefix;
	words[n++] = c->rate_bucket;
	words[n++] = redis_number(r, c->rate_limit);
	words[n++] = redis_number(r, c->rate_window_ms);
	words[n++] = str_of(r->now_ms);
	words[n++] = str_of(r->timeout_ms);
	words[n++] = r->cfg->master_stage_arn;
	words[n++] = str_of(r->capacity);
	memcpy(words + n, c->args, c->n_args * sizeof(*words));
	return redis_out_add(r, words, n + c->n_args);
}

enum conn_result
redis_read_reply(struct redis *r, struct arena *a, struct reply **ret, int64_t deadline)
{
	char piece[RECV_BYTES];
	enum conn_result res;
	void *obj = NULL;
	size_t n = 0;

	r->reader->privdata = a;
	for (;;) {
		if (redisReaderGetReply(r->reader, &obj) != REDIS_OK)
			return CONN_BROKEN;
		if (obj != NULL)
			break;
		res = redis_conn_recv(r->conn, piece, sizeof(piece), &n, deadline);
		if (res != CONN_OK)
			return res;
		if (redisReaderFeed(r->reader, piece, n) != REDIS_OK)
			return CONN_BROKEN;
	}
	*ret = obj;
	return CONN_OK;
}

static void
fuse_blow(struct redis *r, const struct err *err)
{
	r->fuse_until_ms = clock_mono_ms() + REDIS_FUSE_MS;
	snprintf(r->fuse_cause, sizeof(r->fuse_cause), "%.120s", err->cause);
}

bool
redis_late_or_broken(
    struct redis *r, enum conn_result res, enum err_kind kind, struct err *err)
{
	redis_disconnect(r);
	err_from(err, ERR_FROM_REDIS, kind, "redis: %s",
	    res == CONN_LATE ? "no answer in time"
			     : "connection lost, or no memory for a message");
	if (res == CONN_LATE)
		fuse_blow(r, err);
	return false;
}

bool
redis_ensure_connected(struct redis *r, int64_t deadline, struct err *err)
{
	bool late = false;

	if (r->conn != NULL)
		return true;
	r->conn = redis_conn_open(r->cfg, &r->tls, deadline, &late, err);
	if (r->conn == NULL) {
		if (late)
			fuse_blow(r, err);
		return false;
	}
	r->reader = reply_reader_new();
	if (r->reader == NULL)
		return redis_late_or_broken(r, CONN_BROKEN, ERR_UPSTREAM, err);
	return redis_greet(r, deadline, err);
}

/* After a deadline that passed: no call is made for a moment. */
static bool
fuse_holds(const struct redis *r, int64_t now, struct err *err)
{
	return now >= r->fuse_until_ms ||
	       err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM,
		   "redis gave no answer a moment ago: %s", r->fuse_cause);
}

bool
redis_connect(struct redis *r, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (r->conn != NULL)
		return true;
	arena_wipe(&r->scratch);
	return fuse_holds(r, now, err) &&
	       redis_ensure_connected(r, now + r->cfg->redis_timeout_ms, err);
}

void
redis_pin(struct redis *r, bool pinned)
{
	r->pinned = pinned;
}

static bool
unknown_script(const struct reply *reply)
{
	return reply->type == REPLY_ERROR && str_starts(reply->s, STR("NOSCRIPT"));
}

/* Send the calls and read as many replies. `redo`: only those the server did not know. */
static enum conn_result
exchange(struct redis *r, struct redis_call **calls, size_t n, bool redo,
    size_t *ret_unknown, int64_t deadline)
{
	enum conn_result res;
	size_t i;

	redis_out_reset(r);
	for (i = 0; i < n; i++)
		if (!redis_is_refused(r, calls[i]) &&
		    (!redo || unknown_script(calls[i]->reply)) &&
		    !out_call(r, calls[i], redo))
			return CONN_BROKEN;
	res = redis_conn_send(r->conn, r->out, r->out_n, deadline);
	*ret_unknown = 0;
	for (i = 0; i < n && res == CONN_OK; i++) {
		if (redis_is_refused(r, calls[i]) ||
		    (redo && !unknown_script(calls[i]->reply)))
			continue;
		res = redis_read_reply(r, calls[i]->arena, &calls[i]->reply, deadline);
		if (res == CONN_OK && unknown_script(calls[i]->reply))
			++*ret_unknown;
	}
	/* More than was asked for would be taken for the answers of the next batch. */
	if (res == CONN_OK && r->reader->pos < r->reader->len)
		return CONN_BROKEN;
	return res;
}

static void
note_repeated(struct redis_call **calls, size_t n)
{
	while (n-- > 0)
		calls[n]->repeated = true;
}

/* The error is not about the call: this server is not, or no longer, the primary. */
static bool
wrong_server(const struct reply *reply)
{
	return reply != NULL && reply->type == REPLY_ERROR &&
	       redis_refusal_of(reply).elsewhere;
}

static void
look_at_replies(struct redis *r, struct redis_call **calls, size_t n)
{
	bool wrong = false;
	size_t i;

	for (i = 0; i < n; i++) {
		r->cold |=
		    !redis_is_refused(r, calls[i]) && reply_is_cold(calls[i]->reply);
		wrong |= wrong_server(calls[i]->reply);
		if (r->waits_for_postgres && reply_is_cold(calls[i]->reply) &&
		    calls[i]->reply->n == 1)
			calls[i]->reply = reply_cold_new(calls[i]->arena, true);
	}
	if (wrong)
		redis_disconnect(r);
}

static bool
run_until(struct redis *r, struct redis_call **calls, size_t n, int64_t deadline,
    struct err *err)
{
	enum conn_result res;
	int64_t began_ms;
	size_t unknown;
	bool fresh;
	int attempt;

	for (attempt = 0;; attempt++) {
		arena_wipe(&r->scratch);
		fresh = r->conn == NULL;
		if (fresh && r->pinned)
			return redis_late_or_broken(r, CONN_BROKEN, ERR_UNCERTAIN, err);
		began_ms = clock_mono_ms();
		if (!redis_ensure_connected(r, deadline, err))
			return false;
		/* The greeting is a round trip of its own; a server that answered it is not frozen. */
		if (fresh)
			deadline += clock_mono_ms() - began_ms;
		unknown = 0;
		res = redis_refuse(r, calls, n, deadline);
		if (res == CONN_OK)
			res = exchange(r, calls, n, false, &unknown, deadline);
		if (res == CONN_OK && unknown > 0)
			res = exchange(r, calls, n, true, &unknown, deadline);
		if (res == CONN_OK) {
			look_at_replies(r, calls, n);
			return true;
		}
		/* A kept connection may have been closed behind our back: once more. */
		if (res == CONN_LATE || fresh || attempt > 0)
			return redis_late_or_broken(r, res, ERR_UNCERTAIN, err);
		redis_disconnect(r);
		note_repeated(calls, n);
	}
}

bool
redis_run(struct redis *r, struct redis_call **calls, size_t n, struct err *err)
{
	int64_t now = clock_mono_ms();

	return fuse_holds(r, now, err) &&
	       run_until(r, calls, n, now + r->cfg->redis_timeout_ms, err);
}

bool
redis_call(struct redis *r, struct redis_call *c, struct err *err)
{
	return redis_run(r, &c, 1, err) && redis_reply_ok(c->reply, err);
}

bool
redis_try(struct redis *r, struct redis_call *c, int64_t timeout_ms, struct err *err)
{
	int64_t now = clock_mono_ms(), fuse = r->fuse_until_ms;
	bool ok;

	if (!fuse_holds(r, now, err))
		return false;
	ok = run_until(r, &c, 1, now + timeout_ms, err);
	r->fuse_until_ms = fuse;
	return ok;
}

bool
redis_probe(struct redis *r, struct arena *a, int64_t timeout_ms, struct str *ret_waits,
    struct err *err)
{
	struct redis_call c, *one = &c;

	redis_call_init(&c, a, SCRIPT_PROBE);
	if (!run_until(r, &one, 1, clock_mono_ms() + timeout_ms, err))
		return false;
	r->fuse_until_ms = 0;
	*ret_waits = reply_str(c.reply, 1);
	return redis_reply_ok(c.reply, err);
}

bool
redis_is_cold(const struct redis *r)
{
	return r->cold;
}

void
redis_set_waits(struct redis *r, bool for_postgres)
{
	r->waits_for_postgres = for_postgres;
}

void
redis_warm(struct redis *r)
{
	r->cold = false;
}

void
redis_call_init(struct redis_call *c, struct arena *a, enum script script)
{
	memset(c, 0, sizeof(*c));
	c->arena = a;
	c->script = script;
}

void
redis_arg(struct redis_call *c, struct str s)
{
	INVARIANT(c->n_args < REDIS_ARGS_MAX);
	c->args[c->n_args++] = s;
}

void
redis_arg_int(struct redis_call *c, int64_t i)
{
	redis_arg(c, str_printf(c->arena, "%lld", (long long)i));
}
