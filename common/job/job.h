/*
 * job.h - what every cron program does around its step.           layer: job
 *
 * Options: --help, --dry-run, --check-config, --dump-config, and the job's own. One at a time by a
 * Redis lock `lock:job:<name>` with a token of the run and an expiry (lock:records is
 * the drain's own). A dry run takes no lock. SIGTERM ends a run as its deadline does. One
 * JSON summary line on stderr at the end; `forgot` in it: Redis lacked
 * records that PostgreSQL has, and is loaded anew. A Redis that is doubted is compared before the
 * step, also for a dry run (domain/compare.h). Exit codes are those of <sysexits.h>:
 *   0 done, or another run holds the lock (said in the line)
 *   EX_USAGE 64   EX_SOFTWARE 70   EX_UNAVAILABLE 69 (an engine is away: cron tries
 *   again)   EX_CONFIG 78, also when the database has another schema: nothing is changed then
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include "base/log.h"
#include "io/metrics_flush.h"
#include "io/pg.h"
#include "io/redis.h"

#define JOB_SUMMARY_MAX 12

struct job {
	const struct config *cfg;
	struct redis *redis;
	struct pg *pg;
	struct arena arena; /* the step's; wiped at the end */
	bool dry_run;
	int64_t deadline_mono_ms; /* the step stops starting new work then */
	struct log_field summary[JOB_SUMMARY_MAX];
	size_t n_summary;
	struct metrics_flush flush; /* of job.c */
};

/* An option of one job's own: --name, or --name ARG. */
struct job_option {
	const char *name;
	const char *arg;  /* what --help calls its argument; NULL: it has none */
	const char *help; /* one line */
	const char **ret; /* its argument, or its name; untouched when it is not given */
};

struct job_spec {
	const char *name;		  /* also that of the lock and of the program */
	const char *help;		  /* what it does, a few lines for --help */
	const struct job_option *options; /* ended by one without a name; NULL: none */
	/* The lock's life, longer than the deadline; 0: the step takes the lock it needs. */
	int64_t lock_s;
	int64_t deadline_s;
	bool
	    no_database; /* the step does without PostgreSQL: its schema is not looked at */
	bool (*step)(struct job *j, struct err *err);
};

/* The whole main of a cron program. */
int job_main(const struct job_spec *spec, int argc, char **argv);

/* Add a number to the summary line. */
void job_summary(struct job *j, const char *name, int64_t value);
bool job_has_time(const struct job *j);

#endif
