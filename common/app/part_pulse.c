/*
 * The pulse of the show (lua/pulse.lua): as long as it beats, who does not is himself to blame. Right
 * after it, on a new connection and after a gap, Redis is compared with PostgreSQL.
 */
#include "app/app.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/banned.h"

#define PULSE_MS 2000
#define GAP_MS 10000	    /* also in lua/lib/session.lua */
#define CHECK_AGAIN_MS 5000 /* after one that failed */

/* Its deadline is that of a request: the next one after it fails at once (redis.h). */
static void
beat(struct app *app)
{
	struct err ignored = ERR_INIT;
	struct redis_call c;
	int64_t gap_ms;

	redis_call_init(&c, &app->work, SCRIPT_PULSE);
	redis_arg_int(&c, GAP_MS);
	if (redis_call(app->redis, &c, &ignored)) {
		app->pulse_due_ms = clock_mono_ms() + PULSE_MS;
		gap_ms = reply_int(c.reply, 1);
		if (gap_ms > 0) {
			redis_set_compared(app->redis, 0);
			LOG(LOG_WARN,
			    "back after an outage: everybody has a time-out to come back",
			    LOG_INT("gap_ms", gap_ms));
			log_flush();
		}
	}
	arena_wipe(&app->work);
}

/* A plain CGI call has no next one: what it would say means nothing. */
static void
pulse(struct app *app)
{
	int64_t now = clock_mono_ms();

	if (app->cgi)
		return;
	if (now >= app->pulse_due_ms || !redis_is_compared(app->redis))
		beat(app);
	if (redis_is_believed(app->redis) && !redis_is_compared(app->redis) &&
	    !redis_is_cold(app->redis) && clock_mono_ms() >= app->compare_due_ms &&
	    !app_compare(app))
		app->compare_due_ms = clock_mono_ms() + CHECK_AGAIN_MS;
	app_drain_old(app);
}

const struct app_part part_pulse = { .tick = pulse };
