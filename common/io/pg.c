#include "io/pg.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "io/pg_result.h"
#include "io/pg_schema.h"
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
	struct err fuse_why;
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
	PQsetErrorVerbosity(conn, PQERRORS_VERBOSE); /* with the SQLSTATE: pg_state_in */
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

/* For PG_FUSE_MS every call fails at once, for the same reason. */
static void
blow_fuse(struct pg *p, const struct err *why)
{
	p->fuse_until_ms = clock_mono_ms() + PG_FUSE_MS;
	p->fuse_why = *why;
}

/* What kept us from connecting. While connecting nothing is uncertain. */
static void
not_connected(struct str trouble, struct err *err)
{
	const struct pg_refusal *why = pg_refusal_of(pg_state_in(trouble));

	err_tell_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM, why->tell, "postgres: %.*s%s",
	    STR_ARG(trouble), advice(trouble));
	err_while(err, "connecting to PostgreSQL");
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
	not_connected(trouble, err);
	drop(p);
	blow_fuse(p, err);
	return false;
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

/* ---- what the server refuses ---- */

static bool
refused(struct pg *p, enum query q, const PGresult *res, bool *ret_again, struct err *err)
{
	const char *state = pg_result_state(res);
	const struct pg_refusal *why = pg_refusal_of(str_of(state));

	/* No SQLSTATE: it is libpq that speaks, the connection is gone. */
	if (*state == '\0')
		return err_from(err, ERR_FROM_POSTGRES, ERR_UNCERTAIN,
		    "postgres: %s: connection lost", query_texts[q].name);
	*ret_again = why->again;
	(void)pg_result_error(q, why, res, err);
	if (why->leave)
		drop(p);
	return false;
}

/* ---- running a statement ---- */

/* In one transaction and one round trip. False: libpq could not, for want of memory say. */
static bool
limited_send(PGconn *conn, const struct order *o, const char *const *values)
{
	const char *limit = STATEMENT_MS, *text = query_texts[o->q].text;

	return PQenterPipelineMode(conn) &&
	       (strncmp(text, "VACUUM", 6) == 0 || /* stands alone, without a limit */
		   PQsendQueryParams(conn, query_texts[Q_STATEMENT_LIMIT].text, 1, NULL,
		       &limit, NULL, NULL, 0)) &&
	       PQsendQueryParams(
		   conn, text, (int)o->n_params, NULL, values, NULL, NULL, 0) &&
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

/* Until PQgetResult would not block. Busy libpq that has noted trouble had no memory for what
 * the server said: nothing more will come. */
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
		if (unsent < 0 || *PQerrorMessage(conn) != '\0')
			return STEP_BROKEN;
		step = wait_for(
		    conn, unsent > 0 ? POLLIN | POLLOUT : POLLIN, deadline, &got);
		if (step != STEP_OK)
			return step;
		if ((got & ~POLLOUT) != 0 && !PQconsumeInput(conn) && PQisBusy(conn))
			return STEP_BROKEN;
	}
}

/* Keeps in *ret the first refusal, else the newest result. Takes res. */
static void
keep(PGresult **ret, PGresult *res)
{
	if (*ret != NULL && !pg_result_is_good(*ret)) {
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
	if (res != NULL && !pg_result_is_good(res)) {
		refused(p, o->q, res, ret_again, err);
	} else if (step == STEP_OK) {
		pg_result_rows(o->arena, res, ret);
		ok = true;
	} else {
		err_from(err, ERR_FROM_POSTGRES, ERR_UNCERTAIN, "postgres: %s: %s", name,
		    step == STEP_LATE ? "no answer in time" : "connection lost");
		/* Who waits behind this one must not wait as long. */
		if (step == STEP_LATE)
			blow_fuse(p, err);
	}
	PQclear(res);
	if (p->conn != NULL && (step != STEP_OK || PQstatus(p->conn) != CONNECTION_OK))
		drop(p);
	return ok;
}

/* ---- the calls ---- */

/* Before anything else is sent on a new connection; one that does not fit is dropped. */
static bool
check_schema(struct pg *p, int64_t deadline, struct err *err)
{
	struct order tables = { Q_SCHEMA_TABLES, NULL, 0, &p->scratch, deadline };
	struct order list = { Q_SCHEMA, NULL, 0, &p->scratch, deadline };
	struct err why = ERR_INIT;
	struct pg_rows named, done;
	bool again, ok;

	ok = execute(p, &tables, &named, &again, &why) &&
	     pg_schema_is_listed(&named, &why) &&
	     execute(p, &list, &done, &again, &why) &&
	     pg_schema_fits(&named, &done, &why);
	arena_wipe(&p->scratch);
	if (ok)
		return true;
	/* Nothing was asked of it yet. */
	if (why.kind == ERR_UNCERTAIN)
		why.kind = ERR_UPSTREAM;
	*err = why;
	drop(p);
	blow_fuse(p, err);
	return false;
}

static bool
ensure_connected(struct pg *p, int64_t deadline, struct err *err)
{
	if (p->conn != NULL && !still_there(p->conn))
		drop(p);
	return p->conn != NULL ||
	       (connect_to(p, deadline, err) && check_schema(p, deadline, err));
}

static bool
fused(const struct pg *p, struct err *err)
{
	const struct err *why = &p->fuse_why;

	return err_tell_from(err, ERR_FROM_POSTGRES,
	    why->kind == ERR_SCHEMA ? ERR_SCHEMA : ERR_UPSTREAM, why->tell,
	    "a moment ago: %s", why->cause);
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
		return fused(p, err);
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
pg_connect(struct pg *p, int64_t timeout_ms, struct err *err)
{
	int64_t fuse = p->fuse_until_ms;

	if (p->conn == NULL && clock_mono_ms() < fuse)
		return fused(p, err);
	if (ensure_connected(p, clock_mono_ms() + timeout_ms, err))
		return true;
	p->fuse_until_ms = fuse;
	return false;
}

/* What Q_READY found: whether writes are taken, and where a right is missing. */
static bool
can_work(const struct pg_rows *rows, struct err *err)
{
	struct str missing = pg_cell(rows, 0, 1);

	if (str_is(pg_cell(rows, 0, 0), "t"))
		return err_tell_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM,
		    MSG_POSTGRES_READ_ONLY, "postgres: read-only, or a standby");
	if (missing.n > 0)
		return err_tell_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM,
		    MSG_POSTGRES_DENIED, "postgres: rights are missing: %.*s",
		    STR_ARG(missing));
	return true;
}

bool
pg_probe(struct pg *p, int64_t timeout_ms, struct err *err)
{
	struct order o = { Q_READY, NULL, 0, &p->scratch, clock_mono_ms() + timeout_ms };
	struct pg_rows rows;
	bool again, ok;

	if (!ensure_connected(p, o.deadline, err))
		return false;
	ok = execute(p, &o, &rows, &again, err) && can_work(&rows, err);
	/* The next connection may lead to the primary, or have the rights. */
	if (!ok)
		drop(p);
	arena_wipe(&p->scratch);
	if (!ok && err->kind == ERR_UNCERTAIN)
		err->kind = ERR_UPSTREAM;
	return ok;
}
