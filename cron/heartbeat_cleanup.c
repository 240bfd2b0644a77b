/*
 * heartbeat_cleanup - viewers without a heartbeat leave, as of their last one.
 *
 * What it records goes into the stream with everything else and is drained by who drains
 * (cron/records, or the next join or leave). Not by this program: seats must come
 * free in time also while PostgreSQL is away. While it is there, it tells a Redis that went back in
 * time, in which everybody seems to be silent.
 */
#include "domain/compare.h"
#include "job/job.h"

#include "base/banned.h"

#define CHECK_MS 300
#define EVICT_AT_ONCE 500 /* so that the script holds Redis up for a few ms only */

static bool
evict(struct job *j, int64_t *ret_ended, int64_t *ret_left, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, &j->arena, SCRIPT_EVICT);
	redis_arg_int(&c, EVICT_AT_ONCE);
	redis_arg(&c, j->dry_run ? STR("1") : STR(""));
	if (!redis_call(j->redis, &c, err))
		return false;
	*ret_ended = reply_int(c.reply, 1);
	*ret_left = reply_int(c.reply, 2);
	arena_wipe(&j->arena);
	return true;
}

static bool
cleanup(struct job *j, struct err *err)
{
	int64_t ended = 0, left = 0, total = 0;
	struct err ignored = ERR_INIT;
	bool ok;

	if (!j->dry_run)
		(void)compare_run(j->redis, j->pg, &j->arena, CHECK_MS, &ignored);
	do {
		ok = evict(j, &ended, &left, err);
		total += ok ? ended : 0;
	} while (ok && ended > 0 && left > 0 && job_has_time(j));
	job_summary(j, "ended", total);
	job_summary(j, "lapsed", left);
	return ok || err_while(err, "ending lapsed sessions");
}

int
main(int argc, char **argv)
{
	static const struct job_spec spec = {
		.name = "heartbeat_cleanup",
		.help =
		    "Ends the sessions of viewers whose heartbeat stopped, at the time of the\n"
		    "last one, and frees their seats. Run it every 30 seconds.",
		.lock_s = 30,
		.deadline_s = 20,
		.step = cleanup,
	};

	return job_main(&spec, argc, argv);
}
