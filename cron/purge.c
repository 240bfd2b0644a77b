/*
 * purge - what is past its time is removed, in batches.
 *
 * Each batch is a transaction of its own: it locks few rows for a moment, and a run that is
 * stopped half-way has done half. Sessions go only when SESSION_RETENTION_DAYS says so.
 *
 * Last, what was deleted goes from the files of both stores, too: they keep it until it is overwritten.
 */
#include "base/log.h"
#include "job/job.h"

#include "base/banned.h"

#define ROWS_AT_ONCE 1000
#define BATCH_MS 10000
/* Tables up to this size are written anew after a forgetting: a second or two without history. */
#define REWRITE_MAX_BYTES (256 << 20)
#define REWRITE_MS 60000
#define VACUUM_MS 600000
/* Two runs, should one fail. */
#define FORGOTTEN_S (2 * 86400)

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

static bool
overwrite_tables(struct job *j, struct err *err)
{
	struct str params[] = { decimal(j, FORGOTTEN_S) };
	struct pg_rows rows;
	bool small;

	if (!pg_run(j->pg, &j->arena, Q_PURGE_FORGOTTEN, params, 1, BATCH_MS, &rows, err))
		return err_while(err, "looking for what was forgotten");
	small = pg_int(&rows, 0, 0, 0) > 0 &&
		pg_int(&rows, 0, 1, INT64_MAX) <= REWRITE_MAX_BYTES;
	job_summary(j, "rewritten", small);
	if (small &&
	    !pg_run(j->pg, &j->arena, Q_PURGE_REWRITE, NULL, 0, REWRITE_MS, &rows, err))
		return err_while(err, "writing tables anew");
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

static bool
purge(struct job *j, struct err *err)
{
	if (j->dry_run)
		return count(j, err);
	return purge_rows(j, err) && overwrite_tables(j, err) && overwrite_log(j, err);
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
