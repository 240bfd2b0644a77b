#include "io/pg.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "io/pg_env.h"
#include "base/banned.h"

/* What a statement may take in the server, whoever waits for it: longer than any timeout_ms
 * in use. When we give up we only drop the connection: PQcancel opens another one and
 * waits on it without a deadline. */
#define STATEMENT_MS "30000"

struct pg {
	const struct config *cfg;
	PGconn *conn;
	int64_t fuse_until_ms;
	struct arena scratch; /* what is needed to connect and to ping */
};

enum step { STEP_OK, STEP_LATE, STEP_BROKEN };

/* One statement on its way. */
struct order {
	enum query q;
	const struct str *params;
	size_t n_params;
	struct arena *arena;
	int64_t deadline;
};

struct pg *
pg_open(const struct config *cfg)
{
	struct pg *p = memory_zalloc(1, sizeof(*p));

	pg_env_clear();
	memory_arena(&p->scratch, 64u << 10);
	p->cfg = cfg;
	return p;
}

static void
drop(struct pg *p)
{
	PQfinish(p->conn);
	p->conn = NULL;
}

void
pg_close(struct pg *p)
{
	if (p == NULL)
		return;
	drop(p);
	arena_clear(&p->scratch);
	free(p);
}

/* Wait until the socket can be used; *ret says for what. */
static enum step
wait_for(PGconn *conn, short events, int64_t deadline, short *ret)
{
	struct pollfd pfd = { .fd = PQsocket(conn), .events = events };
	int64_t left;
	int n;

	if (pfd.fd < 0)
		return STEP_BROKEN;
	do {
		left = deadline - clock_mono_ms();
		if (left <= 0)
			return STEP_LATE;
		n = poll(&pfd, 1, left > 60000 ? 60000 : (int)left);
	} while (n == 0 || (n < 0 && errno == EINTR));
	*ret = pfd.revents;
	return n > 0 ? STEP_OK : STEP_BROKEN;
}

/* ---- connecting ---- */

static void
quiet(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static const char *
setting(struct pg *p, struct str s)
{
	return s.n > 0 ? str_dup(&p->scratch, s).p : NULL;
}

static const char *const ssl_modes[] = {
	[DB_SSL_PREFER] = "prefer",
	[DB_SSL_REQUIRE] = "require",
	[DB_SSL_VERIFY_CA] = "verify-ca",
	[DB_SSL_VERIFY_FULL] = "verify-full",
};

/*
 * The host may be the folder of a socket: no TLS there. Without DB_SSL_CA the CA is looked
 * for where libpq does: PGSSLROOTCERT or ~/.postgresql/root.crt. A name is looked up by
 * libpq before it gives us control: that alone is not under our deadline. NULL: no memory;
 * to libpq that is a connection that failed.
 */
static PGconn *
start(struct pg *p)
{
	const struct config *cfg = p->cfg;
	const char *names[] = { "host", "port", "dbname", "user", "password", "sslmode",
		"sslrootcert", "gssencmode", "application_name", "client_encoding",
		"keepalives_idle", NULL };
	const char *values[] = { setting(p, cfg->db_host),
		str_printf(&p->scratch, "%lld", (long long)cfg->db_port).p,
		setting(p, cfg->db_name), setting(p, cfg->db_user),
		setting(p, cfg->db_password), ssl_modes[cfg->db_ssl_mode],
		setting(p, cfg->db_ssl_ca), "disable", "ivs-live", "UTF8", "30", NULL };
	PGconn *conn = PQconnectStartParams(names, values, 0);

	arena_wipe(&p->scratch);
	PQsetNoticeProcessor(conn, quiet, NULL);
	return conn;
}

static enum step
shake_hands(PGconn *conn, int64_t deadline)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	enum step step;
	short events, got;

	if (PQstatus(conn) == CONNECTION_BAD)
		return STEP_BROKEN;
	while (want != PGRES_POLLING_OK) {
		if (want == PGRES_POLLING_FAILED)
			return STEP_BROKEN;
		events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		step = wait_for(conn, events, deadline, &got);
		if (step != STEP_OK)
			return step;
		want = PQconnectPoll(conn);
	}
	return STEP_OK;
}

/* The first line of what libpq says; the others are for other addresses, or advice. */
static struct str
connect_trouble(const PGconn *conn)
{
	struct str text = str_of(PQerrorMessage(conn));

	return str_cut(&text, '\n');
}

/* libpq keeps to itself what OpenSSL found wrong with a certificate. */
static const char *
advice(struct str trouble)
{
	bool refused =
	    memmem(trouble.p, trouble.n, "certificate verify failed", 25) != NULL;

	return refused ? ": expired, not yet valid, or of a CA other than DB_SSL_CA" : "";
}

static bool
connect_to(struct pg *p, int64_t deadline, struct err *err)
{
	struct str trouble = STR_NULL;
	enum step step;

	if (deadline > clock_mono_ms() + PG_CONNECT_MS)
		deadline = clock_mono_ms() + PG_CONNECT_MS;
	p->fuse_until_ms = 0;
	p->conn = start(p);
	step = shake_hands(p->conn, deadline);
	if (step == STEP_OK && PQsetnonblocking(p->conn, 1) != 0)
		step = STEP_BROKEN;
	if (step == STEP_LATE)
		trouble = STR("no answer in time");
	else if (step == STEP_BROKEN)
		trouble = connect_trouble(p->conn);
	if (step == STEP_OK)
		return true;
	err_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM, "postgres: %.*s%s",
	    STR_ARG(trouble), advice(trouble));
	drop(p);
	p->fuse_until_ms = clock_mono_ms() + PG_FUSE_MS;
	return err_while(err, "connecting to PostgreSQL");
}

/* Whether nothing has happened to an idle connection. What a server says when it goes
 * away waits there to be read. */
static bool
still_there(PGconn *conn)
{
	struct pollfd pfd = { .fd = PQsocket(conn), .events = POLLIN };

	while (pfd.fd >= 0 && poll(&pfd, 1, 0) > 0) {
		if (!PQconsumeInput(conn))
			return false;
		(void)PQisBusy(conn);
	}
	return PQstatus(conn) == CONNECTION_OK &&
	       PQtransactionStatus(conn) == PQTRANS_IDLE;
}

static bool
ensure_connected(struct pg *p, int64_t deadline, struct err *err)
{
	if (p->conn != NULL && !still_there(p->conn))
		drop(p);
	return p->conn != NULL || connect_to(p, deadline, err);
}

/* ---- what the server's refusals mean ---- */

/* By the beginning of the SQLSTATE, the first that fits. PostgreSQL manual, appendix A. */
static const struct verdict {
	const char *state;
	enum err_kind kind;
	bool again; /* rolled back for a reason that may be gone */
	bool leave; /* the connection is of no more use */
} verdicts[] = {
	{ "23505", ERR_CONFLICT, false, false },
	{ "22", ERR_INPUT, false, false },
	{ "23", ERR_INPUT, false, false },
	{ "40001", ERR_UPSTREAM, true, false },	 /* serialization failure */
	{ "40P01", ERR_UPSTREAM, true, false },	 /* deadlock */
	{ "57014", ERR_UPSTREAM, false, false }, /* statement_timeout, or cancelled */
	{ "57P", ERR_UNCERTAIN, false, true },	 /* shutting down */
	{ "08", ERR_UNCERTAIN, false, true },	 /* connection; also PgBouncer's own */
	{ "25006", ERR_UPSTREAM, false, true },	 /* a replica: the primary moved */
	{ "53", ERR_UPSTREAM, false, false },	 /* disk, memory, connections */
	{ "55P03", ERR_UPSTREAM, false, false }, /* lock not available */
	{ "58", ERR_UPSTREAM, false, false },	 /* input and output */
	{ "", ERR_BUG, false, false },
};

static const struct verdict *
verdict_of(const char *state)
{
	const struct verdict *v = verdicts;

	while (!str_starts(str_of(state), str_of(v->state)))
		v++;
	return v;
}

static const char *
field(const PGresult *res, int code)
{
	const char *text = PQresultErrorField(res, code);

	return text != NULL ? text : "";
}

/* Statement and SQLSTATE. The server's sentence may quote the data (class 22): not that. */
static void
explain(struct err *err, enum query q, enum err_kind kind, const PGresult *res)
{
	const char *state = field(res, PG_DIAG_SQLSTATE);

	if (kind == ERR_INPUT || kind == ERR_CONFLICT)
		err_from(err, ERR_FROM_POSTGRES, kind,
		    "postgres: %s: SQLSTATE %s%s%s%s%s", query_texts[q].name, state,
		    *field(res, PG_DIAG_COLUMN_NAME) != '\0' ? ", column " : "",
		    field(res, PG_DIAG_COLUMN_NAME),
		    *field(res, PG_DIAG_CONSTRAINT_NAME) != '\0' ? ", constraint " : "",
		    field(res, PG_DIAG_CONSTRAINT_NAME));
	else
		err_from(err, ERR_FROM_POSTGRES, kind, "postgres: %s: SQLSTATE %s: %s%s",
		    query_texts[q].name, state, field(res, PG_DIAG_MESSAGE_PRIMARY),
		    strncmp(state, "42", 2) == 0 ? ": has deploy/migrate been run?" : "");
}

static bool
refused(struct pg *p, enum query q, const PGresult *res, bool *ret_again, struct err *err)
{
	const char *state = field(res, PG_DIAG_SQLSTATE);
	const struct verdict *v = verdict_of(state);

	/* No SQLSTATE: it is libpq that speaks, the connection is gone. */
	if (*state == '\0')
		return err_from(err, ERR_FROM_POSTGRES, ERR_UNCERTAIN,
		    "postgres: %s: connection lost", query_texts[q].name);
	*ret_again = v->again;
	explain(err, q, v->kind, res);
	if (v->leave)
		drop(p);
	return false;
}

/* ---- running a statement ---- */

/* In one transaction and one round trip. False: libpq could not, for want of memory say. */
static bool
limited_send(PGconn *conn, const struct order *o, const char *const *values)
{
	const char *limit = STATEMENT_MS;

	return PQenterPipelineMode(conn) &&
	       PQsendQueryParams(conn, query_texts[Q_STATEMENT_LIMIT].text, 1, NULL,
		   &limit, NULL, NULL, 0) &&
	       PQsendQueryParams(conn, query_texts[o->q].text, (int)o->n_params, NULL,
		   values, NULL, NULL, 0) &&
	       PQpipelineSync(conn);
}

/* False: a parameter that no text of PostgreSQL can hold. */
static bool
values_of(const struct order *o, const char **values)
{
	size_t i;

	for (i = 0; i < o->n_params; i++) {
		struct str s = o->params[i];

		if (s.n > 0 && memchr(s.p, '\0', s.n) != NULL)
			return false;
		values[i] = s.p != NULL ? str_dup(o->arena, s).p : NULL;
	}
	return true;
}

/* Until PQgetResult would not block. */
static enum step
await(PGconn *conn, int64_t deadline)
{
	enum step step;
	short got;
	int unsent;

	for (;;) {
		unsent = PQflush(conn);
		if (unsent <= 0 && !PQisBusy(conn))
			return STEP_OK;
		if (unsent < 0)
			return STEP_BROKEN;
		step = wait_for(
		    conn, unsent > 0 ? POLLIN | POLLOUT : POLLIN, deadline, &got);
		if (step != STEP_OK)
			return step;
		if ((got & ~POLLOUT) != 0 && !PQconsumeInput(conn) && PQisBusy(conn))
			return STEP_BROKEN;
	}
}

static bool
is_good(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* Keeps in *ret the first refusal, else the newest result. Takes res. */
static void
keep(PGresult **ret, PGresult *res)
{
	if (*ret != NULL && !is_good(*ret)) {
		PQclear(res);
		return;
	}
	PQclear(*ret);
	*ret = res;
}

/*
 * The first refusal, else what the statement itself gave; *ret is the caller's to clear. NULL
 * stands behind each of the two results; a second one says that no more will come.
 */
static enum step
collect(PGconn *conn, int64_t deadline, PGresult **ret)
{
	PGresult *res;
	enum step step;
	int ends = 0;

	*ret = NULL;
	while (ends < 2) {
		step = await(conn, deadline);
		if (step != STEP_OK)
			return step;
		res = PQgetResult(conn);
		if (res == NULL) {
			ends++;
		} else if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			return *ret != NULL && PQexitPipelineMode(conn) ? STEP_OK
									: STEP_BROKEN;
		} else {
			ends = 0;
			keep(ret, res);
		}
	}
	return STEP_BROKEN;
}

static void
copy_rows(struct arena *a, PGresult *res, struct pg_rows *ret)
{
	size_t rows = (size_t)PQntuples(res), cols = (size_t)PQnfields(res), i;
	struct pg_rows r = { .rows = rows, .cols = cols };
	const char *affected = PQcmdTuples(res);

	r.cell = arena_alloc(a, rows * cols * sizeof(*r.cell));
	for (i = 0; i < rows * cols; i++) {
		int row = (int)(i / cols), col = (int)(i % cols);
		struct str s = { PQgetvalue(res, row, col),
			(size_t)PQgetlength(res, row, col) };

		r.cell[i] = PQgetisnull(res, row, col) ? STR_NULL : str_dup(a, s);
	}
	r.affected = strtoll(affected, NULL, 10);
	*ret = r;
}

static bool
execute(struct pg *p, const struct order *o, struct pg_rows *ret, bool *ret_again,
    struct err *err)
{
	const char *name = query_texts[o->q].name, *values[PG_PARAMS_MAX];
	enum step step = STEP_BROKEN;
	PGresult *res = NULL;
	bool ok = false;

	*ret_again = false;
	if (!values_of(o, values))
		return err_from(err, ERR_FROM_POSTGRES, ERR_INPUT,
		    "postgres: %s: a parameter holds a NUL", name);
	if (limited_send(p->conn, o, values))
		step = collect(p->conn, o->deadline, &res);
	if (res != NULL && !is_good(res)) {
		refused(p, o->q, res, ret_again, err);
	} else if (step == STEP_OK) {
		copy_rows(o->arena, res, ret);
		ok = true;
	} else {
		/* Who waits behind this one must not wait as long. */
		if (step == STEP_LATE)
			p->fuse_until_ms = clock_mono_ms() + PG_FUSE_MS;
		err_from(err, ERR_FROM_POSTGRES, ERR_UNCERTAIN, "postgres: %s: %s", name,
		    step == STEP_LATE ? "no answer in time" : "connection lost");
	}
	PQclear(res);
	if (p->conn != NULL && (step != STEP_OK || PQstatus(p->conn) != CONNECTION_OK))
		drop(p);
	return ok;
}

bool
pg_run(struct pg *p, struct arena *a, enum query q, const struct str *params,
    size_t n_params, int64_t timeout_ms, struct pg_rows *ret, struct err *err)
{
	struct order o = { q, params, n_params, a, clock_mono_ms() + timeout_ms };
	struct err first = ERR_INIT;
	bool again;

	INVARIANT(n_params <= PG_PARAMS_MAX);
	if (p->conn == NULL && clock_mono_ms() < p->fuse_until_ms)
		return err_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM,
		    "postgres: could not be reached a moment ago");
	if (!ensure_connected(p, o.deadline, err))
		return false;
	if (execute(p, &o, ret, &again, &first))
		return true;
	if (again && p->conn != NULL)
		return execute(p, &o, ret, &again, err);
	*err = err->kind == ERR_NONE ? first : *err;
	return false;
}

bool
pg_ping(struct pg *p, int64_t timeout_ms, struct err *err)
{
	struct order o = { Q_PING, NULL, 0, &p->scratch, clock_mono_ms() + timeout_ms };
	struct pg_rows rows;
	bool again, ok;

	if (!ensure_connected(p, o.deadline, err))
		return false;
	ok = execute(p, &o, &rows, &again, err);
	arena_wipe(&p->scratch);
	if (!ok && err->kind == ERR_UNCERTAIN)
		err->kind = ERR_UPSTREAM;
	return ok;
}
