/* control_aws.c - the pages of the control plane about credentials, time and metrics. */
#include "clock.h"
#include "control.h"
#include "ids.h"
#include "imds.h"
#include "js.h"
#include "keys.h"
#include "metrics.h"
#include "schema.h"
#include "state.h"
#include "turn.h"

#define DELAY_MAX_MS (10 * 60 * 1000)
#define STATUS_FAILED_MIN 400

static const struct rule life_members[] = {
	{ .name = "lifeSeconds",
	    .kind = RULE_INTEGER,
	    .required = true,
	    .min = 1,
	    .max = KEYS_LIFE_MAX_S },
	{ .name = NULL },
};

static const struct rule rotate_members[] = {
	{ .name = "graceSeconds",
	    .kind = RULE_INTEGER,
	    .min = 0,
	    .max = KEYS_LIFE_MAX_S },
	{ .name = NULL },
};

static const struct rule imds_members[] = {
	{ .name = "role", .kind = RULE_BOOLEAN },
	{ .name = "status", .kind = RULE_INTEGER, .min = 0, .max = 599 },
	{ .name = "delayMs", .kind = RULE_INTEGER, .min = 0, .max = DELAY_MAX_MS },
	{ .name = "expiredSeconds", .kind = RULE_INTEGER, .min = 0, .max = 86400 },
	{ .name = "authorization", .kind = RULE_STRING, .min = 0, .max = 1024 },
	{ .name = NULL },
};

static const struct rule clock_members[] = {
	{ .name = "offsetSeconds",
	    .kind = RULE_INTEGER,
	    .required = true,
	    .min = -CLOCK_OFFSET_MAX_S,
	    .max = CLOCK_OFFSET_MAX_S },
	{ .name = NULL },
};

static void
list_credentials(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	reply_body(rp, json_pack("{s:o, s:o}", "credentials", keys_list(emu->keys),
			   "imds", imds_counts(emu->imds)));
}

static void
set_life(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *in = control_body(rq, life_members, rp);

	if (in != NULL)
		keys_set_life(emu->keys, (int)js_int(in, "lifeSeconds"));
	json_decref(in);
}

/* Without a body, too: a rotation needs no words. */
static void
rotate(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *in =
	    rq->body != NULL ? control_body(rq, rotate_members, rp) : json_object();
	int grace_s = KEYS_GRACE_DEFAULT_S;

	if (in == NULL)
		return;
	if (json_object_get(in, "graceSeconds") != NULL)
		grace_s = (int)js_int(in, "graceSeconds");
	keys_rotate(emu->keys, grace_s);
	json_decref(in);
}

static void
show_imds(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	reply_body(rp, imds_settings(emu->imds));
}

static void
set_imds(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *in = control_body(rq, imds_members, rp);

	if (in == NULL)
		return;
	if (js_int(in, "status") != 0 && js_int(in, "status") < STATUS_FAILED_MIN) {
		control_refuse(rp, 400, "status", "must be 0 or 400..599");
	} else {
		imds_set(emu->imds, in);
		show_imds(emu, rq, rp);
	}
	json_decref(in);
}

static void
show_clock(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	char now[IDS_TIME_BYTES];

	(void)emu, (void)rq;
	ids_time(now, clock_now());
	reply_body(rp, json_pack("{s:I, s:s}", "offsetSeconds",
			   (json_int_t)clock_offset(), "now", now));
}

/* Within a turn: what falls due on stages is found anew. */
static void
set_clock(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *in = control_body(rq, clock_members, rp);

	if (in == NULL)
		return;
	turn_begin(emu->live);
	clock_shift(js_int(in, "offsetSeconds"));
	state_touch(emu->state);
	show_clock(emu, rq, rp);
	if (!turn_end(emu->live))
		control_refuse(rp, 500, "", "the state cannot be written");
	json_decref(in);
}

static void
list_metrics(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	reply_body(rp, metrics_list(emu->metrics));
}

static void
clear_metrics(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq, (void)rp;
	metrics_reset(emu->metrics);
}

const struct route control_aws_routes[] = {
	{ "GET", CONTROL_PREFIX "credentials", list_credentials },
	{ "POST", CONTROL_PREFIX "credentials", set_life },
	{ "POST", CONTROL_PREFIX "credentials/rotate", rotate },
	{ "GET", CONTROL_PREFIX "imds", show_imds },
	{ "POST", CONTROL_PREFIX "imds", set_imds },
	{ "GET", CONTROL_PREFIX "clock", show_clock },
	{ "POST", CONTROL_PREFIX "clock", set_clock },
	{ "GET", CONTROL_PREFIX "metrics", list_metrics },
	{ "DELETE", CONTROL_PREFIX "metrics", clear_metrics },
	{ NULL, NULL, NULL },
};
