/*
 * app.h - opens what a FastCGI program needs, in order.           layer: app
 *
 * A main names its routes and its parts and returns app_main(). Redis is always opened
 * (no connection yet); PostgreSQL and AWS are parts of their own files, so that a program
 * that does not name one is not linked with its libraries.
 *
 * Options of every program: --socket PATH (listen there, supervised workers),
 * --processes N, --check-config, --dump-config, --print-env-example, --version, --help.
 * A socket handed over by a service manager (web/listen.h) goes before --socket. Without both:
 * descriptor 0 is a listening socket (FastCGI started by the web server) or this is a plain CGI
 * call.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "domain/keeper.h"
#include "domain/tokens.h"
#include "io/pg.h"
#include "io/redis.h"
#include "web/router.h"

struct program;

struct app {
	const struct config *cfg;
	const struct program *program;
	struct redis *redis;
	struct auth *auth;
	struct pg *pg;	       /* part_postgres */
	struct ivs *ivs;       /* part_aws */
	struct tokens *tokens; /* part_tokens */
	struct arena work;     /* of after-work and draining; wiped by who uses it */
	int64_t started_mono_ms;
	bool master_unread; /* part_aws reads it after the answer and clears this */
	/* part_keeper makes a run after the answer and clears these: somebody waits for a seat; a stage
	 * may soon be needed; there is news */
	bool room_due, grow_due, show_changed;
	struct app_keeper *keeper; /* of part_keeper; NULL: it is none of its parts */
	bool keeper_due;	   /* and in its tick, for part_heal */
	bool cgi;		   /* this is a plain CGI call */
	/* of part_postgres, part_heal and part_pulse, clock_mono_ms */
	int64_t drain_silent_until_ms, heal_silent_until_ms, compare_silent_until_ms,
	    pulse_due_ms, compare_due_ms;
};

struct app_part { /* what a part does not do may be NULL */
	bool (*open)(struct app *app, struct err *err);
	void (*close)(struct app *app);
	/* Called after a batch in which a handler set after_due; may be NULL. */
	void (*after)(struct app *app);
	/*
	 * Called before the first request and then about once a second (serve.h); in a plain CGI
	 * call only when its Redis is doubted or cold; may be NULL.
	 */
	void (*tick)(struct app *app);
};

/*
 * May a part say that something still fails? Once in half a minute; *silent_until_ms is kept by
 * the caller, 0 at first and when it has worked again.
 */
bool app_may_say(int64_t *silent_until_ms);

extern const struct app_part part_postgres;
extern const struct app_part part_aws;
extern const struct app_part part_tokens; /* these need part_aws before them */
extern const struct app_part part_keeper;
extern const struct app_part
    part_pulse;				/* these need part_postgres; in this order, and */
extern const struct app_part part_heal; /* before part_keeper */

/*
 * Compare Redis with PostgreSQL, logged (domain/compare.h). False: it could not be compared.
 * Uses app->work.
 */
bool app_compare(struct app *app);

/* Log what a comparison, whoever made it, has found (redis_finding). */
void app_say_finding(struct app *app);

/* Of part_postgres, for the tick of part_pulse: write records that have waited for 0.3 s. */
void app_drain_old(struct app *app);

enum app_kept { APP_KEPT, APP_KEPT_BY_OTHERS, APP_KEEP_FAILED };
/*
 * One run of the keeper in this process, logged; for a handler who needs a seat now (one_seat) and
 * has no other request to serve, as plain CGI. Uses app->work; jansson's allocator is given back
 * to `rq`.
 */
enum app_kept app_keep(
    struct app *app, struct arena *rq, const struct keeper_order *order);

/* Somebody waits for a seat: a run after the answers, unless one is under way. True: after_due. */
bool app_want_room(struct app *app);

#define APP_PARTS_MAX 8

struct program {
	const char *name;
	const char *help; /* one line */
	const struct route *routes;
	size_t n_routes;
	const struct app_part *parts[APP_PARTS_MAX];
	/* With a supervisor, whatever FCGI_PROCESSES says. */
	int64_t min_processes;
	/* The longest call of a slow route, when Redis answers. The web server's limits are longer. */
	int64_t slow_s;
};

int app_main(const struct program *p, int argc, char **argv);

#endif
