/*
 * Redis and PostgreSQL as they are, read without any code of ours, against the show. Redis by the
 * administrator's way, if there is one (STACK_REDIS, REDISCLI_AUTH): ours may be one of few rights.
 */
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/parse.h"
#include "domain/compare.h"
#include "tests/tools/model/world.h"
#include "base/banned.h"

#define COMPARE_MS 10000

struct stores {
	redisContext *redis;
	struct str prefix;
	struct arena arena;
	char *seen; /* of each person: 1 sits, 2 is about to move */
};

/* ---- open ---- */

static redisContext *
raw_connect(const struct config *cfg)
{
	const char *socket = getenv("STACK_REDIS"), *password = getenv("REDISCLI_AUTH");
	redisContext *c;

	if (socket == NULL && cfg->redis_socket.n > 0)
		socket = cfg->redis_socket.p;
	if (password == NULL && cfg->redis_password.n > 0)
		password = cfg->redis_password.p;
	c = socket != NULL ? redisConnectUnix(socket)
			   : redisConnect(cfg->redis_host.p, (int)cfg->redis_port);
	INVARIANT(c != NULL && c->err == 0);
	if (password != NULL)
		freeReplyObject(redisCommand(c, "AUTH %s", password));
	return c;
}

struct stores *
stores_open(const struct config *cfg)
{
	struct stores *st = calloc(1, sizeof(*st));

	INVARIANT(st != NULL && arena_init(&st->arena, 64u << 20));
	st->redis = raw_connect(cfg);
	st->prefix = cfg->redis_key_prefix;
	return st;
}

void
stores_close(struct stores *st)
{
	redisFree(st->redis);
	arena_clear(&st->arena);
	free(st->seen);
	free(st);
}

static redisReply *
ask(struct stores *st, const char *command, const char *key, struct str arn,
    const char *more)
{
	struct str full =
	    str_printf(&st->arena, "%.*s%s%.*s", STR_ARG(st->prefix), key, STR_ARG(arn));
	const char *argv[8] = { command, full.p };
	size_t len[8] = { strlen(command), full.n };
	struct str rest = str_of(more), word;
	int n = 2;
	redisReply *r;

	while (rest.n > 0) {
		word = str_cut(&rest, ' ');
		argv[n] = word.p;
		len[n++] = word.n;
	}
	r = redisCommandArgv(st->redis, n, argv, len);
	INVARIANT(r != NULL && r->type != REDIS_REPLY_ERROR);
	return r;
}

static struct str
text_of(const redisReply *r, size_t i)
{
	return (struct str){ r->element[i]->str, r->element[i]->len };
}

/*
 * A show that has just begun, with nothing to fill it with. What any program does next with a Redis
 * that it finds: it is compared with PostgreSQL, since no connection believes it before that.
 */
static bool
begin_show(struct stores *st, struct world *w, const struct config *cfg)
{
	struct redis *redis = redis_open(cfg);
	struct pg *pg = pg_open(cfg);
	struct err err = ERR_INIT;
	bool ok, forgot;

	freeReplyObject(ask(st, "SET", "epoch", STR(""), "1"));
	freeReplyObject(ask(st, "SET", "records:written", STR(""), "9999999999999-0"));
	ok = compare_run(redis, pg, &st->arena, COMPARE_MS, &err);
	forgot = redis_finding(redis) == REDIS_FORGOT;
	ok = ok && !forgot;
	if (!ok)
		world_complain(w, "the show does not begin: %s",
		    forgot ? "Redis is cold" : err.cause);
	arena_wipe(&st->arena);
	pg_close(pg);
	redis_close(redis);
	return ok;
}

bool
stores_begin(struct stores *st, struct world *w, const struct config *cfg)
{
	redisReply *r = ask(st, "HLEN", "viewer:stage", STR(""), NULL);
	bool fresh = r->integer == 0;

	freeReplyObject(r);
	if (!fresh)
		world_complain(w, "the prefix %.*s is in use", STR_ARG(st->prefix));
	st->seen = calloc((size_t)w->show.n_people, 1);
	INVARIANT(st->seen != NULL);
	return fresh && begin_show(st, w, cfg);
}

/* ---- seats ---- */

static struct str
session_text(struct stores *st, const struct world *w, int32_t session)
{
	const struct session *v = &w->show.sessions[session];

	return str_printf(&st->arena, "%.*s %lld %.*s",
	    STR_ARG(world_session(w, &st->arena, session)), (long long)v->joined,
	    STR_ARG(world_participant(&st->arena, v->participant)));
}

static bool
compare_seats(struct stores *st, struct world *w, int stage, int64_t *ret_n)
{
	redisReply *r = ask(
	    st, "ZRANGE", "viewer:heartbeat:", world_arn(w, stage), "0 -1 WITHSCORES");
	bool same = true;
	int64_t beat;
	int32_t who;
	size_t i;

	for (i = 0; i < r->elements && same; i += 2) {
		who = world_read_user(w, text_of(r, i));
		same = who != NOBODY && w->show.people[who].session != NOBODY &&
		       w->show.sessions[w->show.people[who].session].stage == stage &&
		       parse_i64(text_of(r, i + 1), 0, INT64_MAX, &beat) &&
		       beat == w->show.people[who].beat;
		if (!same)
			world_complain(w,
			    "round %lld: %.*s sits on stage %d with beat %.*s; the model "
			    "has session %d, beat %lld",
			    (long long)w->round, STR_ARG(text_of(r, i)), stage,
			    STR_ARG(text_of(r, i + 1)),
			    who == NOBODY ? NOBODY : w->show.people[who].session,
			    who == NOBODY ? 0 : (long long)w->show.people[who].beat);
		else
			st->seen[who] |= 1;
	}
	*ret_n = (int64_t)r->elements / 2;
	if (same && *ret_n > w->show.stages[stage].seats) {
		world_complain(w, "stage %d holds %lld", stage, (long long)*ret_n);
		same = false;
	}
	freeReplyObject(r);
	return same;
}

/* Who the model has seated and is not: somebody needed the seat. */
static bool
settle_absent(struct stores *st, struct world *w)
{
	int32_t i;

	for (i = 0; i < w->show.n_people; i++) {
		if (w->show.people[i].session == NOBODY || (st->seen[i] & 1))
			continue;
		if (!rule_was_ended(&w->show, i)) {
			world_complain(w, "round %lld: person %d lost his seat",
			    (long long)w->round, i);
			return false;
		}
	}
	return true;
}

/* Every pair of a hash is what the model says of that person; `n` of them. */
static bool
compare_hash(struct stores *st, struct world *w, const char *key, struct str arn,
    struct str (*wanted)(struct stores *, struct world *, int32_t), int64_t n)
{
	redisReply *r = ask(st, "HGETALL", key, arn, NULL);
	bool same = (int64_t)r->elements == n * 2;
	int32_t who;
	size_t i;

	if (!same)
		world_complain(w, "round %lld: %s%.*s has %zu entries, the model %lld",
		    (long long)w->round, key, STR_ARG(arn), r->elements / 2,
		    (long long)n);
	for (i = 0; i < r->elements && same; i += 2) {
		struct str is = text_of(r, i + 1), should = STR("nothing");

		who = world_read_user(w, text_of(r, i));
		if (who != NOBODY)
			should = wanted(st, w, who);
		same = str_eq(is, should);
		if (!same)
			world_complain(w,
			    "round %lld: %s of %.*s is '%.*s', should be '%.*s'",
			    (long long)w->round, key, STR_ARG(text_of(r, i)), STR_ARG(is),
			    STR_ARG(should));
	}
	freeReplyObject(r);
	return same;
}

static struct str
his_session(struct stores *st, struct world *w, int32_t who)
{
	int32_t session = w->show.people[who].session;

	return session != NOBODY ? session_text(st, w, session) : STR("none");
}

static struct str
his_stage(struct stores *st, struct world *w, int32_t who)
{
	int32_t session = w->show.people[who].session;

	(void)st;
	return session != NOBODY ? world_arn(w, w->show.sessions[session].stage)
				 : STR("none");
}

static struct str
his_move(struct stores *st, struct world *w, int32_t who)
{
	const struct viewer_state *p = &w->show.people[who];

	if (p->waiting == NOBODY)
		return STR("none");
	return str_printf(&st->arena, "%lld %.*s %.*s", (long long)p->waiting_since,
	    STR_ARG(world_arn(w, w->show.sessions[p->waiting].stage)),
	    STR_ARG(session_text(st, w, p->waiting)));
}

static bool
is_listed(struct stores *st, struct world *w, int stage)
{
	redisReply *r =
	    ask(st, "SISMEMBER", "viewer:stages", STR(""), w->show.stages[stage].arn);
	bool listed = r->integer == 1;

	freeReplyObject(r);
	if (!listed)
		world_complain(w, "stage %d is missing in viewer:stages", stage);
	return listed;
}

/* Viewers now, as every call counts them. */
static bool
compare_count(struct stores *st, struct world *w, int stage)
{
	char range[64];
	int64_t n = 0;
	redisReply *r;
	int32_t i;

	for (i = 0; i < w->show.n_people; i++)
		n += w->show.people[i].session != NOBODY &&
		     w->show.sessions[w->show.people[i].session].stage == stage &&
		     !rule_is_silent(&w->show, i);
	snprintf(range, sizeof(range), "%lld +inf",
	    (long long)(w->show.now - w->show.timeout));
	r = ask(st, "ZCOUNT", "viewer:heartbeat:", world_arn(w, stage), range);
	if (r->integer != n)
		world_complain(w,
		    "round %lld: %lld viewers now on stage %d, should be %lld",
		    (long long)w->round, r->integer, stage, (long long)n);
	n -= r->integer;
	freeReplyObject(r);
	return n == 0;
}

static bool
compare_stages(struct stores *st, struct world *w, int64_t *seats, int64_t *ret_sum)
{
	int i;

	*ret_sum = 0;
	memset(st->seen, 0, (size_t)w->show.n_people);
	for (i = 0; i < STAGES; i++) {
		if (!compare_seats(st, w, i, &seats[i]))
			return false;
		*ret_sum += seats[i];
	}
	if (!settle_absent(st, w))
		return false;
	for (i = 0; i < STAGES; i++)
		if (!compare_hash(st, w, "viewer:session:", world_arn(w, i), his_session,
			seats[i]) ||
		    (seats[i] > 0 && !is_listed(st, w, i)) || !compare_count(st, w, i))
			return false;
	return true;
}

bool
stores_compare(struct stores *st, struct world *w, int64_t *ret_seats)
{
	int64_t sum, waiting = 0;
	int32_t i;
	bool same;

	same = compare_stages(st, w, ret_seats, &sum);
	for (i = 0; i < w->show.n_people; i++)
		waiting += w->show.people[i].waiting != NOBODY;
	same = same && compare_hash(st, w, "viewer:stage", STR(""), his_stage, sum) &&
	       compare_hash(st, w, "viewer:moving", STR(""), his_move, waiting);
	arena_wipe(&st->arena);
	return same;
}

/* ---- the stream ---- */

static bool
count_end(struct world *w, const redisReply *entry, char *ends)
{
	struct err err = ERR_INIT;
	int32_t n;
	json_t *o;

	if (!json_parse_object(text_of(entry->element[1], 1), &o, &err)) {
		world_complain(w, "a record that is none: %s", err.cause);
		return false;
	}
	n = world_read_session(w, json_view(json_object_get(o, "s")));
	if (n != NOBODY && json_object_get(o, "l") != NULL)
		ends[n]++;
	json_decref(o);
	return true;
}

bool
stores_count_ends(struct stores *st, struct world *w, char *ends)
{
	redisReply *r = ask(st, "XRANGE", "records", STR(""), "- +");
	bool ok = true;
	size_t i;

	for (i = 0; i < r->elements && ok; i++)
		ok = count_end(w, r->element[i], ends);
	freeReplyObject(r);
	return ok;
}

/* ---- rows ---- */

enum {
	COL_SESSION,
	COL_USER,
	COL_STAGE,
	COL_PARTICIPANT,
	COL_JOINED,
	COL_LEFT,
	COL_FATE
};

static struct str
cell(const PGresult *r, int row, int col)
{
	return (struct str){ PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col) };
}

static PGresult *
read_rows(struct world *w, const struct config *cfg)
{
	char port[8], run[16];
	const char *names[] = { "host", "port", "dbname", "user", "password", NULL };
	const char *values[] = { cfg->db_host.p, port, cfg->db_name.p, cfg->db_user.p,
		cfg->db_password.p, NULL };
	const char *params[] = { run };
	PGresult *r;
	PGconn *pg;

	snprintf(port, sizeof(port), "%lld", (long long)cfg->db_port);
	snprintf(run, sizeof(run), "m%08llx-", (unsigned long long)w->run);
	pg = PQconnectdbParams(names, values, 0);
	r = PQexecParams(pg,
	    "SELECT session_id, user_id, stage_arn, coalesce(participant_id, ''),"
	    " (extract(epoch FROM joined_at) * 1000)::bigint,"
	    " coalesce((extract(epoch FROM left_at) * 1000)::bigint, 0),"
	    " coalesce(end_reason, '') FROM viewer_sessions"
	    " WHERE starts_with(user_id, $1)",
	    1, NULL, params, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		world_complain(w, "reading rows: %s", PQerrorMessage(pg));
	PQfinish(pg);
	return r;
}

static bool
row_agrees(struct stores *st, struct world *w, const PGresult *r, int row)
{
	int32_t n = world_read_session(w, cell(r, row, COL_SESSION));
	const struct session *v = n != NOBODY ? &w->show.sessions[n] : NULL;
	int64_t joined = 0, ended = 0;
	bool same;

	if (v == NULL || v->fate == FATE_UNUSED || v->fate == FATE_VOID) {
		world_complain(w, "a row of session %d, which is no view", n);
		return false;
	}
	same = parse_i64(cell(r, row, COL_JOINED), 0, INT64_MAX, &joined) &&
	       parse_i64(cell(r, row, COL_LEFT), 0, INT64_MAX, &ended) &&
	       joined == v->joined && ended == v->left &&
	       str_eq(cell(r, row, COL_STAGE), world_arn(w, v->stage)) &&
	       world_read_user(w, cell(r, row, COL_USER)) == v->person &&
	       str_eq(cell(r, row, COL_PARTICIPANT),
		   world_participant(&st->arena, v->participant)) &&
	       str_eq(cell(r, row, COL_FATE), str_of(fate_names[v->fate]));
	if (!same)
		world_complain(w,
		    "row of session %d: stage %.*s participant %.*s joined %lld left %lld %.*s; "
		    "the model: stage %d participant %d joined %lld left %lld %s",
		    n, STR_ARG(cell(r, row, COL_STAGE)),
		    STR_ARG(cell(r, row, COL_PARTICIPANT)), (long long)joined,
		    (long long)ended, STR_ARG(cell(r, row, COL_FATE)), v->stage,
		    v->participant, (long long)v->joined, (long long)v->left,
		    fate_names[v->fate] ? fate_names[v->fate] : "open");
	return same;
}

/* session_id is UNIQUE, so as many rows as views means each exactly once. */
bool
stores_compare_rows(
    struct stores *st, struct world *w, const struct config *cfg, int64_t *ret_rows)
{
	PGresult *r = read_rows(w, cfg);
	int64_t views = 0;
	bool same = true;
	int32_t n;
	int i;

	for (i = 0; i < PQntuples(r) && same; i++) {
		same = row_agrees(st, w, r, i);
		if (i % 1000 == 0)
			arena_wipe(&st->arena);
	}
	*ret_rows = PQntuples(r);
	PQclear(r);
	for (n = 0; n < w->show.n_sessions; n++)
		views += w->show.sessions[n].fate != FATE_UNUSED &&
			 w->show.sessions[n].fate != FATE_VOID;
	if (same && views != *ret_rows)
		world_complain(w, "%lld rows, should be %lld", (long long)*ret_rows,
		    (long long)views);
	return w->complaint[0] == '\0';
}
