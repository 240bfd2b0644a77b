/*
 * The first words on a connection. A Redis is believed when it was compared with PostgreSQL since
 * it was started: the key `compared` then names its own run id, which no copy and no replica of it
 * can have (a replica that takes over has that of the server before). Until then no script that reads or changes the state of the show goes out.
 */
#include "base/parse.h"
#include "io/redis_private.h"
#include "base/banned.h"

#define MARK_KEY "compared"
#define MARK_MAX_BYTES 512

static bool
out_get_mark(struct redis *r)
{
	struct buf b;

	buf_init(&b, &r->scratch, MARK_MAX_BYTES);
	buf_str(&b, r->cfg->redis_key_prefix);
	buf_cstr(&b, MARK_KEY);
	return buf_ok(&b) &&
	       redis_out_add(r, (struct str[]){ STR("GET"), buf_view(&b) }, 2);
}

/* *ret_must: how many of the answers must be no errors. False: no memory. */
static bool
out_greeting(struct redis *r, size_t *ret_must)
{
	const struct config *cfg = r->cfg;
	bool ok = true;
	size_t n = 0;

	if (cfg->redis_password.n > 0 && cfg->redis_user.n > 0) {
		ok = redis_out_add(r,
		    (struct str[]){ STR("AUTH"), cfg->redis_user, cfg->redis_password },
		    3);
		n++;
	} else if (cfg->redis_password.n > 0) {
		ok = redis_out_add(
		    r, (struct str[]){ STR("AUTH"), cfg->redis_password }, 2);
		n++;
	}
	if (cfg->redis_db != 0) {
		ok = ok &&
		     redis_out_add(r,
			 (struct str[]){ STR("SELECT"), redis_number(r, cfg->redis_db) },
			 2);
		n++;
	}
	*ret_must = n;
	return ok && redis_out_add(r, (struct str[]){ STR("INFO"), STR("server") }, 2) &&
	       out_get_mark(r);
}

struct str
redis_info(const struct reply *info, struct str name)
{
	struct str text = info->type == REPLY_STR ? info->s : STR(""), line;

	while (text.n > 0) {
		line = str_cut(&text, '\n');
		line = str_cut(&line, '\r');
		if (str_starts(line, name))
			return str_skip(line, name.n);
	}
	return STR("");
}

/* Empty: the server does not say, or says what is none (a managed one may hide it). */
static struct str
run_id_of(const struct reply *info)
{
	struct str id = redis_info(info, STR("run_id:"));
	bool other = false;
	size_t i;

	for (i = 1; i < id.n; i++)
		other |= id.p[i] != id.p[0];
	return id.n == REDIS_RUN_ID_CHARS && other ? id : STR("");
}

/*
 * A mark is "<run id> <time of the comparison, ms, by the clock of PostgreSQL>". One that is older than
 * a mark seen elsewhere is of a server that was left since, and has missed what was written there.
 */
static void
judge(struct redis *r, const struct reply *mark)
{
	struct str at = mark->type == REPLY_STR ? mark->s : STR(""),
		   id = str_cut(&at, ' ');
	int64_t mark_ms = 0;

	r->believed = id.n > 0 && str_is(id, r->run_id) &&
		      parse_i64(at, 1, INT64_MAX, &mark_ms) && mark_ms >= r->mark_ms;
	if (r->believed)
		r->mark_ms = mark_ms;
}

static void
take_run_id(struct redis *r, const struct reply *info)
{
	struct str id = run_id_of(info);

	memset(r->run_id, 0, sizeof(r->run_id));
	if (id.n > 0)
		memcpy(r->run_id, id.p, id.n);
}

bool
redis_greet(struct redis *r, int64_t deadline, struct err *err)
{
	enum conn_result res = CONN_BROKEN;
	struct reply *reply = NULL, *info = NULL;
	size_t must = 0;

	redis_out_reset(r);
	if (out_greeting(r, &must))
		res = redis_conn_send(r->conn, r->out, r->out_n, deadline);
	while (must-- > 0 && res == CONN_OK) {
		res = redis_read_reply(r, &r->scratch, &reply, deadline);
		if (res == CONN_OK && !redis_reply_ok(reply, err)) {
			redis_disconnect(r);
			return false;
		}
	}
	if (res == CONN_OK)
		res = redis_read_reply(r, &r->scratch, &info, deadline);
	if (res == CONN_OK)
		res = redis_read_reply(r, &r->scratch, &reply, deadline);
	if (res != CONN_OK)
		return redis_late_or_broken(r, res, ERR_UPSTREAM, err);
	take_run_id(r, info);
	judge(r, reply);
	return true;
}

/* A new one for each call, since each has an arena of its own. */
static struct reply *
refusal(struct arena *a, const struct reply *mark, bool waits_for_postgres)
{
	struct reply *word;

	if (mark->type != REPLY_ERROR)
		return reply_cold_new(a, waits_for_postgres);
	word = arena_zalloc(a, sizeof(*word));
	*word = (struct reply){ .type = REPLY_ERROR, .s = str_dup(a, mark->s) };
	return word;
}

bool
redis_is_refused(const struct redis *r, const struct redis_call *c)
{
	return !r->believed && script_texts[c->script].needs_state != 0;
}

static bool
any_refused(const struct redis *r, struct redis_call *const *calls, size_t n)
{
	while (n-- > 0)
		if (redis_is_refused(r, calls[n]))
			return true;
	return false;
}

enum conn_result
redis_refuse(struct redis *r, struct redis_call **calls, size_t n, int64_t deadline)
{
	enum conn_result res = CONN_BROKEN;
	struct reply *mark = NULL;
	size_t i;

	if (!any_refused(r, calls, n))
		return CONN_OK;
	redis_out_reset(r);
	if (out_get_mark(r))
		res = redis_conn_send(r->conn, r->out, r->out_n, deadline);
	if (res == CONN_OK)
		res = redis_read_reply(r, &r->scratch, &mark, deadline);
	if (res != CONN_OK)
		return res;
	judge(r, mark);
	for (i = 0; i < n; i++)
		if (redis_is_refused(r, calls[i]))
			calls[i]->reply =
			    refusal(calls[i]->arena, mark, r->waits_for_postgres);
	return CONN_OK;
}

bool
redis_is_believed(const struct redis *r)
{
	return r->conn != NULL && r->believed;
}

bool
redis_is_doubted(const struct redis *r)
{
	return r->conn != NULL && !r->believed;
}

struct str
redis_server(const struct redis *r)
{
	return str_of(r->run_id);
}

int64_t
redis_mark_ms(const struct redis *r)
{
	return r->mark_ms;
}

bool
redis_is_compared(const struct redis *r)
{
	return r->compared;
}

void
redis_set_compared(struct redis *r, int64_t at_ms)
{
	r->compared = at_ms > 0 && r->conn != NULL;
	if (!r->compared)
		return;
	r->believed = true;
	r->mark_ms = at_ms;
}

void
redis_set_finding(struct redis *r, enum redis_finding finding)
{
	r->finding = finding;
}

enum redis_finding
redis_finding(struct redis *r)
{
	enum redis_finding finding = r->finding;

	r->finding = REDIS_FOUND_NOTHING;
	return finding;
}
