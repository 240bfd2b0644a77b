/*
 * records - what is still only in Redis goes to PostgreSQL.
 *
 * The programs drain the stream themselves, each second; this is for where none runs, and for
 * what an outage of PostgreSQL left behind.
 */
#include "domain/compare.h"
#include "domain/records.h"
#include "domain/restore.h"
#include "job/job.h"

#include "base/banned.h"

#define CHECK_MS 2000
#define SLICE_MS 2000 /* so that a signal is heeded soon */

static bool
look(struct job *j, struct err *err)
{
	struct records_queue q;

	if (!records_look(j->redis, &j->arena, &q, err))
		return false;
	job_summary(j, "waiting", q.waiting);
	job_summary(j, "oldest_ms", q.oldest_ms);
	job_summary(j, "dead", q.dead);
	return true;
}

/* The programs do that themselves, when there are any. */
static bool
restore(struct job *j, struct err *err)
{
	struct restore_result res;

	if (!compare_run(j->redis, j->pg, &j->arena, CHECK_MS, err))
		return false;
	if (!redis_is_cold(j->redis))
		return true;
	if (!restore_run(j->redis, j->pg, &j->arena, false, &res, err))
		return false;
	if (res.end == RESTORE_DONE)
		job_summary(j, "restored_seats", res.seats);
	return true;
}

static bool
drain(struct job *j, struct err *err)
{
	struct records_result sum = { 0 }, part;
	bool ok;

	if (j->dry_run)
		return look(j, err);
	do {
		ok = records_drain(j->redis, j->pg, &j->arena, SLICE_MS, &part, err);
		sum.entries += part.entries;
		sum.dead += part.dead;
	} while (ok && !part.busy && part.left > 0 && job_has_time(j));
	job_summary(j, "entries", sum.entries);
	job_summary(j, "dead", sum.dead);
	job_summary(j, "left", part.left);
	if (part.busy)
		job_summary(j, "busy", 1);
	if (sum.dead > 0)
		LOG(LOG_ERROR, "records could not be stored: look into records:dead",
		    LOG_INT("dead", sum.dead));
	return ok && restore(j, err);
}

int
main(int argc, char **argv)
{
	static const struct job_spec spec = {
		.name = "records",
		.help =
		    "Writes joins and leaves that are still only in Redis to PostgreSQL, and loads a\n"
		    "Redis that has lost its state from there. Safe to\n"
		    "run at any time. `dead` counts records that PostgreSQL will never accept:\n"
		    "they are kept in the stream records:dead and somebody should look.",
		.lock_s = 60,
		.deadline_s = 45,
		.step = drain,
	};

	return job_main(&spec, argc, argv);
}
