/* control.c - see control.h */
#include "control.h"

#include <string.h>

#include "control_aws.h"
#include "faults.h"
#include "log.h"
#include "ops.h"
#include "state.h"

#define PREFIX "/_emulator/"

struct route {
	const char *method;
	const char *path;
	void (*run)(struct emulator *emu, const struct request *rq, struct reply *rp);
};

static void
refuse(struct reply *rp, int status, const char *path, const char *text)
{
	const char *colon = *path != '\0' ? ": " : "";

	rp->status = status;
	reply_body(
	    rp, json_pack("{s:o}", "message", json_sprintf("%s%s%s", path, colon, text)));
}

/* A fault for an operation that does not exist would never hit: a slip of the test. */
static bool
names_operation(const json_t *in)
{
	const char *name = json_string_value(json_object_get(in, "operation"));
	const struct operation *op;

	if (name == NULL || strcmp(name, "*") == 0)
		return true;
	for (size_t i = 0; (op = ops_at(i)) != NULL; i++)
		if (strcmp(op->name, name) == 0)
			return true;
	return false;
}

static void
add_fault(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_error_t error;
	struct complaint why = { .path = "" };
	json_t *in = json_loadb(
	    rq->body != NULL ? rq->body : "", rq->body_n, JSON_REJECT_DUPLICATES, &error);

	if (in == NULL)
		refuse(rp, 400, "", "the body is not sound JSON");
	else if (!names_operation(in))
		refuse(rp, 400, "operation", "there is no such operation");
	else if (!faults_add(emu->faults, in, &why))
		refuse(rp, 400, why.path, why.text);
	json_decref(in);
}

static void
list_faults(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	reply_body(rp, faults_list(emu->faults));
}

static void
clear_faults(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq, (void)rp;
	faults_reset(emu->faults);
}

static void
list_calls(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	reply_body(rp, log_counts(emu->log));
}

static void
clear_calls(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq, (void)rp;
	log_reset(emu->log);
}

static void
list_tokens(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	state_begin(emu->state);
	reply_body(rp, state_tokens(emu->state));
	state_end(emu->state);
}

static const struct route routes[] = {
	{ "POST", PREFIX "faults", add_fault },
	{ "GET", PREFIX "faults", list_faults },
	{ "DELETE", PREFIX "faults", clear_faults },
	{ "GET", PREFIX "calls", list_calls },
	{ "DELETE", PREFIX "calls", clear_calls },
	{ "GET", PREFIX "tokens", list_tokens },
};

bool
control_is_for(const struct request *rq)
{
	return strncmp(rq->path, PREFIX, strlen(PREFIX)) == 0;
}

void
control_answer(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i].method, rq->method) != 0 ||
		    strcmp(routes[i].path, rq->path) != 0)
			continue;
		if (rq->body_too_large)
			refuse(rp, 413, "", "the body is too large");
		else
			routes[i].run(emu, rq, rp);
		return;
	}
	if (!control_aws_answer(emu, rq, rp))
		refuse(rp, 404, "", "no such page of the control plane");
}
