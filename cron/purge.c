/*
 * purge - what is past its time is removed, in batches.
 *
 * Each batch is a transaction of its own: it locks few rows for a moment, and a run that is
 * stopped half-way has done half. Sessions go only when SESSION_RETENTION_DAYS says so.
 *
 * Last, what was deleted goes from the files of both stores, too: they keep it until it is overwritten.
 */
#include <poll.h>

#include "base/log.h"
#include "job/job.h"

#include "base/banned.h"

#define ROWS_AT_ONCE 1000
#define BATCH_MS 10000
/* Tables up to this size are written anew after a forgetting: a second or two without history. */
#define REWRITE_MAX_BYTES (256 << 20)
#define REWRITE_MS 60000
#define REWRITE_TRIES 5
#define REWRITE_NAP_MS 200
#define VACUUM_MS 600000

static struct str
decimal(struct job *j, int64_t i)
{
	return str_printf(&j->arena, "%lld", (long long)i);
}

/* days < 0: the statement takes none. */
static bool
purge_batch(
    struct job *j, enum query q, int64_t days, int64_t *ret_removed, struct err *err)
{
	struct str params[2];
	struct pg_rows rows;
	size_t n = 0;

	if (days >= 0)
		params[n++] = decimal(j, days);
	params[n++] = decimal(j, ROWS_AT_ONCE);
	if (!pg_run(j->pg, &j->arena, q, params, n, BATCH_MS, &rows, err))
		return false;
	*ret_removed = rows.affected;
	arena_wipe(&j->arena);
	return true;
}

/* One statement until it finds nothing more; what it removed goes into the summary. */
static bool
purge_all(struct job *j, enum query q, const char *what, int64_t days, struct err *err)
{
	int64_t removed = 0, total = 0;
	bool ok = true;

	while (ok && job_has_time(j)) {
		ok = purge_batch(j, q, days, &removed, err);
		total += ok ? removed : 0;
		if (!ok || removed == 0)
			break;
	}
	job_summary(j, what, total);
	return ok || err_while(err, "purging %s", what);
}

static bool
count(struct job *j, struct err *err)
{
	const struct config *cfg = j->cfg;
	struct str params[] = { decimal(j, cfg->snapshot_retention_days),
		cfg->session_retention_days > 0 ? decimal(j, cfg->session_retention_days)
						: STR_NULL };
	struct pg_rows rows;

	if (!pg_run(j->pg, &j->arena, Q_PURGE_COUNT, params, 2, BATCH_MS, &rows, err))
		return err_while(err, "counting what is too old");
	job_summary(j, "snapshots", pg_int(&rows, 0, 0, 0));
	job_summary(j, "sessions", pg_int(&rows, 0, 1, 0));
	return true;
}

static const struct {
	const char *table;
	enum query rewrite;
} rewrites[] = {
	{ "viewer_sessions", Q_PURGE_REWRITE_VIEWER_SESSIONS },
	{ "users", Q_PURGE_REWRITE_USERS },
	{ "voided_sessions", Q_PURGE_REWRITE_VOIDED_SESSIONS },
	{ "show_state", Q_PURGE_REWRITE_SHOW_STATE },
};

/* Tables that still are in a file that held somebody who was forgotten: names and bytes. */
static bool
look_for_left(struct job *j, struct pg_rows *ret, int64_t *ret_bytes, struct err *err)
{
	size_t i;

	*ret_bytes = 0;
	if (!pg_run(j->pg, &j->arena, Q_PURGE_LEFT, NULL, 0, BATCH_MS, ret, err))
		return err_while(err, "looking for files that hold what was forgotten");
	for (i = 0; i < ret->rows; i++)
		*ret_bytes += pg_int(ret, i, 1, 0);
	return true;
}

static bool
rewrite_one(struct job *j, struct str table, struct err *err)
{
	struct pg_rows none;
	size_t i;

	for (i = 0; i < sizeof(rewrites) / sizeof(*rewrites); i++)
		if (str_is(table, rewrites[i].table) &&
		    !pg_run(j->pg, &j->arena, rewrites[i].rewrite, NULL, 0, REWRITE_MS,
			&none, err))
			return err_while(err, "writing tables anew");
	return true;
}

static bool
rewrite_all(struct job *j, const struct pg_rows *tables, struct err *err)
{
	size_t i;

	for (i = 0; i < tables->rows; i++)
		if (!rewrite_one(j, pg_cell(tables, i, 0), err))
			return false;
	return true;
}

static void
warn_of_left(struct job *j, const struct pg_rows *left, int64_t bytes)
{
	struct buf names;
	size_t i;

	buf_init(&names, &j->arena, 1024);
	for (i = 0; i < left->rows; i++)
		buf_printf(
		    &names, "%s%.*s", i > 0 ? ", " : "", STR_ARG(pg_cell(left, i, 0)));
	LOG(LOG_WARN,
	    "tables whose files may hold somebody who was forgotten were not written anew",
	    LOG_STR("tables", buf_view(&names)), LOG_INT("bytes", bytes),
	    LOG_STR("what_to_do",
		STR("nothing, when they were in use just now: the next run tries again. When "
		    "they are larger than 256 MB, or DB_USER does not own them: VACUUM FULL "
		    "them as their owner at a quiet hour")));
}

/* A table is left out while somebody reads it, mostly for a moment. */
static bool
rewrite_left(struct job *j, struct err *err)
{
	struct pg_rows left;
	int64_t bytes, first = -1;
	int try;

	for (try = 0;; try++) {
		if (!look_for_left(j, &left, &bytes, err))
			return false;
		first = first < 0 ? (int64_t)left.rows : first;
		if (left.rows == 0 || bytes > REWRITE_MAX_BYTES || try == REWRITE_TRIES)
			break;
		if (try > 0)
			poll(NULL, 0, REWRITE_NAP_MS);
		if (!rewrite_all(j, &left, err))
			return false;
	}
	job_summary(j, "rewritten", first - (int64_t)left.rows);
	if (left.rows > 0)
		warn_of_left(j, &left, bytes);
	return true;
}

static bool
overwrite_tables(struct job *j, struct err *err)
{
	struct pg_rows rows;

	if (!pg_run(j->pg, &j->arena, Q_PURGE_MARK, NULL, 0, BATCH_MS, &rows, err))
		return err_while(err, "noting the files that hold what was forgotten");
	if (!rewrite_left(j, err))
		return false;
	return pg_run(j->pg, &j->arena, Q_PURGE_VACUUM, NULL, 0, VACUUM_MS, &rows, err) ||
	       err_while(err, "giving back room");
}

/* Not ours to force: a managed Redis may not let us. */
static bool
overwrite_log(struct job *j, struct err *err)
{
	enum redis_rewrite how;

	if (!redis_rewrite(j->redis, &j->arena, &how, err))
		return err_while(err, "having the append-only file written anew");
	if (how == REDIS_REWRITE_REFUSED)
		LOG(LOG_WARN,
		    "Redis does not let us have its append-only file written anew",
		    LOG_STR("what_to_do",
			STR("allow INFO and BGREWRITEAOF (deploy/redis-user.acl), or see that it is "
			    "rewritten by other means: until then it keeps what was deleted")));
	return true;
}

/* The rows past their time. */
static bool
purge_rows(struct job *j, struct err *err)
{
	int64_t keep_days = j->cfg->session_retention_days;

	if (!purge_all(
		j, Q_PURGE_SNAPSHOTS, "snapshots", j->cfg->snapshot_retention_days, err))
		return false;
	if (!purge_all(j, Q_PURGE_VOIDED, "voided", -1, err))
		return false;
	if (keep_days == 0)
		return true;
	return purge_all(j, Q_PURGE_SESSIONS, "sessions", keep_days, err) &&
	       purge_all(j, Q_PURGE_USERS, "users", keep_days, err);
}

/* The two stores do not wait for each other. */
static bool
purge(struct job *j, struct err *err)
{
	struct err of_redis = ERR_INIT;
	bool ok;

	if (j->dry_run)
		return count(j, err);
	ok = purge_rows(j, err) && overwrite_tables(j, err);
	if (overwrite_log(j, &of_redis))
		return ok;
	if (ok)
		*err = of_redis;
	else
		log_err(
		    LOG_WARN, "Redis' append-only file was not written anew", &of_redis);
	return false;
}

int
main(int argc, char **argv)
{
	static const struct job_spec spec = {
		.name = "purge",
		.help =
		    "Removes snapshots older than SNAPSHOT_RETENTION_DAYS and, when\n"
		    "SESSION_RETENTION_DAYS is set, sessions that ended longer ago than that and\n"
		    "users of whom nothing is left. Run it once a day.",
		.lock_s = 960,
		.deadline_s = 900,
		.step = purge,
	};

	return job_main(&spec, argc, argv);
}
