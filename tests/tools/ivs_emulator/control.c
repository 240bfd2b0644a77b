/* control.c - see control.h */
#include "control.h"

#include <string.h>

#include "faults.h"
#include "log.h"
#include "ops.h"
#include "quotas.h"
#include "state.h"

void
control_refuse(struct reply *rp, int status, const char *path, const char *text)
{
	const char *colon = *path != '\0' ? ": " : "";

	rp->status = status;
	reply_body(
	    rp, json_pack("{s:o}", "message", json_sprintf("%s%s%s", path, colon, text)));
}

json_t *
control_body(const struct request *rq, const struct rule *members, struct reply *rp)
{
	json_error_t error;
	struct complaint why;
	json_t *in = json_loadb(
	    rq->body != NULL ? rq->body : "", rq->body_n, JSON_REJECT_DUPLICATES, &error);

	if (in == NULL) {
		control_refuse(rp, 400, "", "the body is not sound JSON");
		return NULL;
	}
	if (members == NULL || schema_check(members, in, &why))
		return in;
	control_refuse(rp, 400, why.path, why.text);
	json_decref(in);
	return NULL;
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
	struct complaint why = { .path = "" };
	json_t *in = control_body(rq, NULL, rp);

	if (in == NULL)
		return;
	if (!names_operation(in))
		control_refuse(rp, 400, "operation", "there is no such operation");
	else if (!faults_add(emu->faults, in, &why))
		control_refuse(rp, 400, why.path, why.text);
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
	json_t *counts = log_counts(emu->log);

	(void)rq;
	json_object_set_new(counts, "throttled", quotas_throttled(emu->quotas));
	reply_body(rp, counts);
}

static void
clear_calls(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq, (void)rp;
	log_reset(emu->log);
	quotas_reset_throttled(emu->quotas);
}

static void
list_tokens(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	state_begin(emu->state);
	reply_body(rp, state_tokens(emu->state));
	state_end(emu->state);
}

static void
set_quotas(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	struct complaint why;
	json_t *in = control_body(rq, NULL, rp);

	if (in == NULL)
		return;
	if (!quotas_set(emu->quotas, in, &why))
		control_refuse(rp, 400, why.path, why.text);
	json_decref(in);
}

static void
show_quotas(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	reply_body(rp, quotas_show(emu->quotas));
}

static const struct route routes[] = {
	{ "POST", CONTROL_PREFIX "faults", add_fault },
	{ "GET", CONTROL_PREFIX "faults", list_faults },
	{ "DELETE", CONTROL_PREFIX "faults", clear_faults },
	{ "GET", CONTROL_PREFIX "calls", list_calls },
	{ "DELETE", CONTROL_PREFIX "calls", clear_calls },
	{ "GET", CONTROL_PREFIX "tokens", list_tokens },
	{ "POST", CONTROL_PREFIX "quotas", set_quotas },
	{ "GET", CONTROL_PREFIX "quotas", show_quotas },
	{ NULL, NULL, NULL },
};

bool
control_is_for(const struct request *rq)
{
	return strncmp(rq->path, CONTROL_PREFIX, strlen(CONTROL_PREFIX)) == 0;
}

static bool
fits(const struct route *r, const struct request *rq)
{
	size_t n = strlen(r->path);

	if (strcmp(r->method, rq->method) != 0)
		return false;
	if (r->path[n - 1] == '/')
		return strncmp(r->path, rq->path, n) == 0;
	return strcmp(r->path, rq->path) == 0;
}

static const struct route *
find_route(const struct route *table, const struct request *rq)
{
	for (; table->method != NULL; table++)
		if (fits(table, rq))
			return table;
	return NULL;
}

void
control_answer(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	const struct route *r = find_route(routes, rq);

	if (r == NULL)
		r = find_route(control_live_routes, rq);
	if (r == NULL)
		control_refuse(rp, 404, "", "no such page of the control plane");
	else if (rq->body_too_large)
		control_refuse(rp, 413, "", "the body is too large");
	else
		r->run(emu, rq, rp);
}
