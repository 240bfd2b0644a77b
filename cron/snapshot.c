/*
 * snapshot - the viewers of every stage in this slot of five minutes.
 *
 * The slot is one of Redis' clock, so that machines with different clocks agree. Peaks begin
 * anew only after PostgreSQL has committed; a run that dies in between loses nothing,
 * and a second one in the same slot writes the same row.
 */
#include "base/json.h"
#include "domain/compare.h"
#include "job/job.h"

#include "base/banned.h"

#define WRITE_MS 10000
#define STAGE_CELLS 4 /* of snapshot_read.lua: arn, JSON, viewers, peak */
#define FIRST_CELL 2

struct picture {
	int64_t slot_ms;
	int64_t stages, viewers;
	struct str counts; /* JSON for snapshot_write.sql and snapshot_done.lua */
};

static void
read_picture(struct job *j, const struct reply *reply, struct picture *ret)
{
	json_t *counts = json_array();
	size_t i;

	ret->slot_ms = reply_int(reply, 1);
	for (i = FIRST_CELL; i + STAGE_CELLS <= reply->n; i += STAGE_CELLS) {
		int64_t viewers = reply_int(reply, i + 2);

		json_array_append_new(counts,
		    json_pack("{s:o, s:I, s:I}", "a", json_str(reply_str(reply, i)), "n",
			(json_int_t)viewers, "m", (json_int_t)reply_int(reply, i + 3)));
		ret->stages++;
		ret->viewers += viewers;
	}
	ret->counts = json_text(&j->arena, counts);
}

static bool
write_picture(struct job *j, const struct picture *p, struct err *err)
{
	struct arena *a = &j->arena;
	struct str slot = str_printf(a, "%lld", (long long)p->slot_ms);
	struct str params[] = { p->counts, slot };
	struct pg_rows rows;

	return pg_run(j->pg, a, Q_SNAPSHOT_WRITE, params, 2, WRITE_MS, &rows, err);
}

static bool
snapshot(struct job *j, struct err *err)
{
	struct picture p = { 0 };
	struct redis_call read, written;

	json_use(&j->arena);
	/* The numbers of an old dump are not those of this slot. */
	if (!j->dry_run && !compare_run(j->redis, j->pg, &j->arena, WRITE_MS, err))
		return false;
	redis_call_init(&read, &j->arena, SCRIPT_SNAPSHOT_READ);
	if (!redis_call(j->redis, &read, err))
		return err_while(err, "counting viewers");
	read_picture(j, read.reply, &p);
	job_summary(j, "slot_ms", p.slot_ms);
	job_summary(j, "stages", p.stages);
	job_summary(j, "viewers", p.viewers);
	if (j->dry_run)
		return true;
	if (!write_picture(j, &p, err))
		return err_while(err, "writing the snapshot");
	redis_call_init(&written, &j->arena, SCRIPT_SNAPSHOT_DONE);
	redis_arg(&written, p.counts);
	return redis_call(j->redis, &written, err) ||
	       err_while(err, "beginning new peaks");
}

int
main(int argc, char **argv)
{
	static const struct job_spec spec = {
		.name = "snapshot",
		.help =
		    "Writes viewers now and at most, for each stage, into the present slot of five\n"
		    "minutes. Run it every 5 minutes.",
		.lock_s = 60,
		.deadline_s = 30,
		.step = snapshot,
	};

	return job_main(&spec, argc, argv);
}
