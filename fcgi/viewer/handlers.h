/*
 * handlers.h - the routes of viewer.                              layer: fcgi
 *
 * Each is two halves (web/router.h). What they answer: docs/openapi.yaml.
 */
#ifndef FCGI_VIEWER_HANDLERS_H
#define FCGI_VIEWER_HANDLERS_H

#include "app/app.h"

/* presence.c */
route_ask ask_heartbeat, ask_rejoin, ask_leave, ask_duration;
route_answer heartbeat, rejoin, leave, duration;
/* list.c */
route_ask ask_list;
route_answer list;
/* history.c */
route_ask ask_history, ask_stage_stats;
route_answer history, stage_stats;
/* people.c */
route_ask ask_kick, ask_unban, ask_forget;
route_answer kick, unban, forget;

#endif
