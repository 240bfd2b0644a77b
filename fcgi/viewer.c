/*
 * viewer - presence and history.
 *
 * POST /api/viewer/rejoin {userId,stageArn,participantId}   POST .../heartbeat {userId,stageArn}
 * POST /api/viewer/leave {userId,stageArn}                  GET .../list/:stageArn
 * GET  /api/viewer/duration?userId&stageArn                 GET .../history/:userId
 * GET  /api/viewer/stats/:stageArn
 * POST /api/viewer/kick {userId,ban?}                       DELETE .../ban/:userId
 * DELETE /api/viewer/history/:userId
 */
#include "fcgi/viewer/handlers.h"
#include "base/banned.h"

/* A reader of history may wait for PostgreSQL, a kick for AWS; heartbeats must not wait behind
 * them. */
#define PROCESSES 3

static const struct route routes[] = {
	{ METHOD_POST, "/api/viewer/heartbeat", ACCESS_VIEWER, BUCKET_WIDE, false,
	    ask_heartbeat, heartbeat },
	{ METHOD_POST, "/api/viewer/rejoin", ACCESS_VIEWER, BUCKET_API, false, ask_rejoin,
	    rejoin },
	{ METHOD_POST, "/api/viewer/leave", ACCESS_BEACON, BUCKET_API, false, ask_leave,
	    leave },
	{ METHOD_GET, "/api/viewer/list/:stageArn", ACCESS_READ, BUCKET_API, false,
	    ask_list, list },
	{ METHOD_GET, "/api/viewer/duration", ACCESS_VIEWER, BUCKET_API, false,
	    ask_duration, duration },
	{ METHOD_GET, "/api/viewer/history/:userId", ACCESS_READ, BUCKET_API, true,
	    ask_history, history },
	{ METHOD_GET, "/api/viewer/stats/:stageArn", ACCESS_READ, BUCKET_API, true,
	    ask_stage_stats, stage_stats },
	{ METHOD_POST, "/api/viewer/kick", ACCESS_ADMIN, BUCKET_API, true, ask_kick,
	    kick },
	{ METHOD_DELETE, "/api/viewer/ban/:userId", ACCESS_ADMIN, BUCKET_API, false,
	    ask_unban, unban },
	{ METHOD_DELETE, "/api/viewer/history/:userId", ACCESS_ADMIN, BUCKET_API, true,
	    ask_forget, forget },
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "viewer",
		.help = "answers /api/viewer: presence and watching history",
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
		.parts = { &part_postgres, &part_aws, &part_pulse, &part_heal },
		.min_processes = PROCESSES,
		.slow_s = 20,
	};

	return app_main(&program, argc, argv);
}
