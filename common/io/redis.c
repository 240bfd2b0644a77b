#include "io/redis.h"

#include <stdlib.h>

#include "base/clock.h"
#include "io/redis_conn.h"
#include "io/redis_reply.h"
#include "base/banned.h"

#define RECV_BYTES (32u << 10)
#define OUT_KEEP_BYTES (256u << 10)
#define COMMON_ARGS 7
#define HEAD_WORDS 4 /* EVALSHA sha1 1 prefix */

struct redis {
	const struct config *cfg;
	struct redis_conn *conn;
	redisReader *reader;
	int64_t fuse_until_ms; /* after a deadline that passed: fail at once until then */
	char *out;
	size_t out_n, out_size;
	struct arena scratch; /* replies nobody reads, and formatted numbers */
	char timeout_ms[24], capacity[24]; /* the same in every call */
	bool cold, compared;		   /* redis.h */
};

struct redis *
redis_open(const struct config *cfg)
{
	struct redis *r = calloc(1, sizeof(*r));

	INVARIANT(r != NULL);
	INVARIANT(arena_init(&r->scratch, 1u << 20));
	r->cfg = cfg;
	snprintf(r->timeout_ms, sizeof(r->timeout_ms), "%lld",
	    (long long)cfg->heartbeat_timeout_s * 1000);
	snprintf(r->capacity, sizeof(r->capacity), "%lld",
	    (long long)cfg->max_viewers_per_stage);
	return r;
}

static void
disconnect(struct redis *r)
{
	redis_conn_close(r->conn);
	r->conn = NULL;
	r->compared = false;
	if (r->reader != NULL)
		redisReaderFree(r->reader);
	r->reader = NULL;
}

void
redis_close(struct redis *r)
{
	if (r == NULL)
		return;
	disconnect(r);
	arena_clear(&r->scratch);
	free(r->out);
	free(r);
}

static void
out_add(struct redis *r, const struct str *words, size_t n)
{
	const char *argv[HEAD_WORDS + COMMON_ARGS + REDIS_ARGS_MAX];
	size_t len[HEAD_WORDS + COMMON_ARGS + REDIS_ARGS_MAX], i, need;
	char *cmd = NULL;
	int size;

	for (i = 0; i < n; i++) {
		argv[i] = words[i].p != NULL ? words[i].p : "";
		len[i] = words[i].n;
	}
	size = redisFormatCommandArgv(&cmd, (int)n, argv, len);
	INVARIANT(size > 0);
	need = r->out_n + (size_t)size;
	if (need > r->out_size) {
		r->out_size = need * 2;
		r->out = realloc(r->out, r->out_size);
		INVARIANT(r->out != NULL);
	}
	memcpy(r->out + r->out_n, cmd, (size_t)size);
	r->out_n = need;
	redisFreeCommand(cmd);
}

static void
out_reset(struct redis *r)
{
	r->out_n = 0;
	if (r->out_size <= OUT_KEEP_BYTES)
		return;
	free(r->out);
	r->out = NULL;
	r->out_size = 0;
}

static struct str
number(struct redis *r, int64_t i)
{
	struct buf b;

	if (i == 0)
		return STR("0");
	buf_init(&b, &r->scratch, 24);
	buf_int(&b, i);
	return buf_view(&b);
}

/* whole: send the text (EVAL, which also keeps it) instead of its SHA-1. */
static void
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
	words[n++] = number(r, c->rate_limit);
	words[n++] = number(r, c->rate_window_ms);
	words[n++] = STR("");
	words[n++] = str_of(r->timeout_ms);
	words[n++] = r->cfg->master_stage_arn;
	words[n++] = str_of(r->capacity);
	memcpy(words + n, c->args, c->n_args * sizeof(*words));
	out_add(r, words, n + c->n_args);
}

static enum conn_result
read_reply(struct redis *r, struct arena *a, struct reply **ret, int64_t deadline)
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

static bool
late_or_broken(struct redis *r, enum conn_result res, enum err_kind kind, struct err *err)
{
	disconnect(r);
	if (res == CONN_LATE)
		r->fuse_until_ms = clock_mono_ms() + REDIS_FUSE_MS;
	return err_from(err, ERR_FROM_REDIS, kind, "redis: %s",
	    res == CONN_LATE ? "no answer in time" : "connection lost");
}

/* What a new connection needs before its first command. */
static size_t
out_greeting(struct redis *r)
{
	const struct config *cfg = r->cfg;
	size_t n = 0;

	if (cfg->redis_password.n > 0 && cfg->redis_user.n > 0) {
		out_add(r,
		    (struct str[]){ STR("AUTH"), cfg->redis_user, cfg->redis_password },
		    3);
		n++;
	} else if (cfg->redis_password.n > 0) {
		out_add(r, (struct str[]){ STR("AUTH"), cfg->redis_password }, 2);
		n++;
	}
	if (cfg->redis_db != 0) {
		out_add(r, (struct str[]){ STR("SELECT"), number(r, cfg->redis_db) }, 2);
		n++;
	}
	return n;
}

static bool
greet(struct redis *r, int64_t deadline, struct err *err)
{
	enum conn_result res;
	struct reply *reply;
	size_t n;

	out_reset(r);
	n = out_greeting(r);
	res = redis_conn_send(r->conn, r->out, r->out_n, deadline);
	while (n-- > 0 && res == CONN_OK) {
		res = read_reply(r, &r->scratch, &reply, deadline);
		if (res == CONN_OK && !redis_reply_ok(reply, err)) {
			err->kind = ERR_UPSTREAM; /* password or database: not ours */
			disconnect(r);
			return false;
		}
	}
	if (res != CONN_OK)
		return late_or_broken(r, res, ERR_UPSTREAM, err);
	return true;
}

static bool
ensure_connected(struct redis *r, int64_t deadline, struct err *err)
{
	bool late = false;

	if (r->conn != NULL)
		return true;
	r->conn = redis_conn_open(r->cfg, deadline, &late, err);
	if (r->conn == NULL) {
		if (late)
			r->fuse_until_ms = clock_mono_ms() + REDIS_FUSE_MS;
		return false;
	}
	r->reader = reply_reader_new();
	return greet(r, deadline, err);
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

	out_reset(r);
	for (i = 0; i < n; i++)
		if (!redo || unknown_script(calls[i]->reply))
			out_call(r, calls[i], redo);
	res = redis_conn_send(r->conn, r->out, r->out_n, deadline);
	*ret_unknown = 0;
	for (i = 0; i < n && res == CONN_OK; i++) {
		if (redo && !unknown_script(calls[i]->reply))
			continue;
		res = read_reply(r, calls[i]->arena, &calls[i]->reply, deadline);
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

/* No error of a call but of the server as it is now: it is not, or no longer, the primary. */
static bool
wrong_server(const struct reply *reply)
{
	return reply_says(reply, STR("READONLY")) || reply_says(reply, STR("MASTERDOWN"));
}

static void
look_at_replies(struct redis *r, struct redis_call **calls, size_t n)
{
	bool wrong = false;
	size_t i;

	for (i = 0; i < n; i++) {
		r->cold |= reply_is_cold(calls[i]->reply);
		wrong |= wrong_server(calls[i]->reply);
	}
	if (wrong)
		disconnect(r);
}

static bool
run_until(struct redis *r, struct redis_call **calls, size_t n, int64_t deadline,
    struct err *err)
{
	enum conn_result res;
	size_t unknown;
	bool fresh;
	int attempt;

	for (attempt = 0;; attempt++) {
		arena_wipe(&r->scratch);
		fresh = r->conn == NULL;
		if (!ensure_connected(r, deadline, err))
			return false;
		res = exchange(r, calls, n, false, &unknown, deadline);
		if (res == CONN_OK && unknown > 0)
			res = exchange(r, calls, n, true, &unknown, deadline);
		if (res == CONN_OK) {
			look_at_replies(r, calls, n);
			return true;
		}
		/* A kept connection may have been closed behind our back: once more. */
		if (res == CONN_LATE || fresh || attempt > 0)
			return late_or_broken(r, res, ERR_UNCERTAIN, err);
		disconnect(r);
		note_repeated(calls, n);
	}
}

bool
redis_run(struct redis *r, struct redis_call **calls, size_t n, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (now < r->fuse_until_ms)
		return err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM,
		    "redis gave no answer a moment ago");
	return run_until(r, calls, n, now + r->cfg->redis_timeout_ms, err);
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

	if (now < fuse)
		return err_from(err, ERR_FROM_REDIS, ERR_UPSTREAM,
		    "redis gave no answer a moment ago");
	ok = run_until(r, &c, 1, now + timeout_ms, err);
	r->fuse_until_ms = fuse;
	return ok;
}

bool
redis_probe(struct redis *r, struct arena *a, int64_t timeout_ms, struct err *err)
{
	struct redis_call c, *one = &c;

	redis_call_init(&c, a, SCRIPT_PROBE);
	if (!run_until(r, &one, 1, clock_mono_ms() + timeout_ms, err))
		return false;
	r->fuse_until_ms = 0;
	return redis_reply_ok(c.reply, err);
}

bool
redis_is_cold(const struct redis *r)
{
	return r->cold;
}

void
redis_warm(struct redis *r)
{
	r->cold = false;
}

bool
redis_is_compared(const struct redis *r)
{
	return r->compared;
}

void
redis_set_compared(struct redis *r, bool compared)
{
	r->compared = compared && r->conn != NULL;
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
