/*
 * purge - what is past its time is removed, in batches.
 *
 * Each batch is a transaction of its own: it locks few rows for a moment, and a run that is
 * stopped half-way has done half. Sessions go only when SESSION_RETENTION_DAYS says so.
 */
#include "job/job.h"

#include "base/banned.h"

#define ROWS_AT_ONCE 1000
#define BATCH_MS 10000

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
purge(struct job *j, struct err *err)
{
	int64_t keep_days = j->cfg->session_retention_days;

	if (j->dry_run)
		return count(j, err);
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
