/*
 * metrics - tells CloudWatch how the show is doing, once a minute.
 *
 * Off unless CLOUDWATCH_ENABLED. What is sent and when it counts as sent:
 * domain/metrics_report.h.
 */
#include <stdio.h>

#include "base/json.h"
#include "domain/metrics_report.h"
#include "job/job.h"

#include "base/banned.h"

static bool
look(struct job *j, struct err *err)
{
	struct metrics_report report;

	if (!metrics_report_look(j->redis, &j->arena, &report, err))
		return false;
	job_summary(j, "data", report.data);
	printf("%.*s\n", STR_ARG(report.text));
	return true;
}

static bool
send(struct job *j, struct err *err)
{
	struct metrics_report report = { .data = 0 };
	struct ivs *ivs = ivs_open(j->cfg, j->redis);
	bool ok;

	if (ivs == NULL)
		return err_set(err, ERR_BUG, "no memory for AWS");
	ok = metrics_report_send(j->cfg, j->redis, ivs, &j->arena, &report, err);
	job_summary(j, "data", report.data);
	ivs_close(ivs);
	return ok;
}

static bool
metrics(struct job *j, struct err *err)
{
	json_use(&j->arena);
	if (!j->cfg->cloudwatch_enabled)
		job_summary(j, "off", 1);
	if (j->dry_run)
		return look(j, err);
	return !j->cfg->cloudwatch_enabled || send(j, err);
}

int
main(int argc, char **argv)
{
	static const struct job_spec spec = {
		.name = "metrics",
		.help =
		    "Sends viewers, stages, response times and errors to CloudWatch when\n"
		    "CLOUDWATCH_ENABLED=true, and does nothing otherwise (`off` in its line). With\n"
		    "--dry-run it prints what it would send. Run it every minute.",
		.lock_s = 50,
		.deadline_s = 30,
		.no_database = true,
		.step = metrics,
	};

	return job_main(&spec, argc, argv);
}
