/* control_aws.c - see control_aws.h */
#include "control_aws.h"

#include <string.h>

#include "clock.h"
#include "ids.h"
#include "imds.h"
#include "keys.h"
#include "metrics.h"
#include "schema.h"

#define PREFIX "/_emulator/"
#define DELAY_MAX_MS (10 * 60 * 1000)
#define STATUS_FAILED_MIN 400

/* members: of the body, a JSON object, checked before; NULL: no body is read. */
struct page {
	const char *method;
	const char *path;
	const struct rule *members;
	void (*run)(struct emulator *emu, const json_t *in, struct reply *rp);
};

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
refuse(struct reply *rp, const char *path, const char *text)
{
	rp->status = 400;
	reply_body(
	    rp, json_pack("{s:o}", "message",
		    json_sprintf("%s%s%s", path, *path != '\0' ? ": " : "", text)));
}

static void
list_credentials(struct emulator *emu, const json_t *in, struct reply *rp)
{
	(void)in;
	reply_body(rp, json_pack("{s:o, s:o}", "credentials", keys_list(emu->keys),
			   "imds", imds_counts(emu->imds)));
}

static void
set_life(struct emulator *emu, const json_t *in, struct reply *rp)
{
	const json_t *life = json_object_get(in, "lifeSeconds");

	(void)rp;
	keys_set_life(emu->keys, (int)json_integer_value(life));
}

static void
rotate(struct emulator *emu, const json_t *in, struct reply *rp)
{
	const json_t *grace = json_object_get(in, "graceSeconds");

	(void)rp;
	keys_rotate(emu->keys,
	    grace != NULL ? (int)json_integer_value(grace) : KEYS_GRACE_DEFAULT_S);
}

static void
show_imds(struct emulator *emu, const json_t *in, struct reply *rp)
{
	(void)in;
	reply_body(rp, imds_settings(emu->imds));
}

static void
set_imds(struct emulator *emu, const json_t *in, struct reply *rp)
{
	json_int_t status = json_integer_value(json_object_get(in, "status"));

	if (status != 0 && status < STATUS_FAILED_MIN) {
		refuse(rp, "status", "must be 0 or 400..599");
		return;
	}
	imds_set(emu->imds, in);
	show_imds(emu, in, rp);
}

static void
show_clock(struct emulator *emu, const json_t *in, struct reply *rp)
{
	char now[IDS_TIME_BYTES];

	(void)emu, (void)in;
	ids_time(now, clock_now());
	reply_body(rp, json_pack("{s:I, s:s}", "offsetSeconds",
			   (json_int_t)clock_offset(), "now", now));
}

static void
set_clock(struct emulator *emu, const json_t *in, struct reply *rp)
{
	clock_shift(json_integer_value(json_object_get(in, "offsetSeconds")));
	show_clock(emu, in, rp);
}

static void
list_metrics(struct emulator *emu, const json_t *in, struct reply *rp)
{
	(void)in;
	reply_body(rp, metrics_list(emu->metrics));
}

static void
clear_metrics(struct emulator *emu, const json_t *in, struct reply *rp)
{
	(void)in, (void)rp;
	metrics_reset(emu->metrics);
}

static const struct page pages[] = {
	{ "GET", PREFIX "credentials", NULL, list_credentials },
	{ "POST", PREFIX "credentials", life_members, set_life },
	{ "POST", PREFIX "credentials/rotate", rotate_members, rotate },
	{ "GET", PREFIX "imds", NULL, show_imds },
	{ "POST", PREFIX "imds", imds_members, set_imds },
	{ "GET", PREFIX "clock", NULL, show_clock },
	{ "POST", PREFIX "clock", clock_members, set_clock },
	{ "GET", PREFIX "metrics", NULL, list_metrics },
	{ "DELETE", PREFIX "metrics", NULL, clear_metrics },
};

/* An empty body is an empty object: a rotation needs no words. */
static void
run_with_body(const struct page *p, struct emulator *emu, const struct request *rq,
    struct reply *rp)
{
	struct complaint why = { .path = "" };
	json_error_t error;
	json_t *in = rq->body != NULL ? json_loadb(rq->body, rq->body_n,
					    JSON_REJECT_DUPLICATES, &error)
				      : json_object();

	if (rq->body_too_large || !json_is_object(in))
		refuse(rp, "", "the body is not a sound JSON object");
	else if (!schema_check(p->members, in, &why))
		refuse(rp, why.path, why.text);
	else
		p->run(emu, in, rp);
	json_decref(in);
}

bool
control_aws_answer(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		const struct page *p = &pages[i];

		if (strcmp(p->method, rq->method) != 0 || strcmp(p->path, rq->path) != 0)
			continue;
		if (p->members != NULL)
			run_with_body(p, emu, rq, rp);
		else
			p->run(emu, NULL, rp);
		return true;
	}
	return false;
}
