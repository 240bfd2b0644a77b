/*
 * aws_ops.h - the typed calls of aws/ivs.h and aws/cloudwatch.h by name, for tools.
 *
 * Each takes its arguments as text and gives back what it got as JSON.
 */
#ifndef TOOLS_AWS_OPS_H
#define TOOLS_AWS_OPS_H

#include <stdlib.h>

#include "aws/cloudwatch.h"

struct aws_tool {
	struct ivs *ivs;
	struct arena *arena;
	char **args; /* of the operation; NULL behind the last */
};

typedef bool aws_run(struct aws_tool *t, json_t **ret, struct err *err);

/* The i-th argument; empty when there are fewer. */
static struct str
arg(const struct aws_tool *t, int i)
{
	for (int k = 0; k <= i; k++)
		if (t->args[k] == NULL)
			return STR("");
	return str_of(t->args[i]);
}

static int64_t
number(const struct aws_tool *t, int i)
{
	return strtoll(arg(t, i).n > 0 ? arg(t, i).p : "0", NULL, 10);
}

static json_t *
object(const struct aws_tool *t, int i)
{
	return arg(t, i).n > 0 ? json_loads(arg(t, i).p, 0, NULL) : NULL;
}

static json_t *
text(struct str s)
{
	return json_str(s.n > 0 ? s : STR(""));
}

static json_t *
stage_json(const struct ivs_stage *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "arn", text(s->arn), "name",
	    text(s->name), "session", text(s->active_session_id), "events",
	    text(s->events_endpoint), "whip", text(s->whip_endpoint), "tags",
	    json_loads(s->tags_json.p, 0, NULL));
}

static bool
create_stage(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_stage s;

	if (!ivs_create_stage(t->ivs, t->arena, arg(t, 0), object(t, 1), &s, err))
		return false;
	*ret = stage_json(&s);
	return true;
}

static bool
get_stage(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_stage s;

	if (!ivs_get_stage(t->ivs, t->arena, arg(t, 0), &s, err))
		return false;
	*ret = stage_json(&s);
	return true;
}

static bool
update_stage(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_stage s;

	if (!ivs_update_stage(t->ivs, t->arena, arg(t, 0), arg(t, 1), &s, err))
		return false;
	*ret = stage_json(&s);
	return true;
}

static bool
delete_stage(struct aws_tool *t, json_t **ret, struct err *err)
{
	(void)ret;
	return ivs_delete_stage(t->ivs, t->arena, arg(t, 0), err);
}

static bool
list_stages(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_stages list;

	if (!ivs_list_stages(t->ivs, t->arena, &list, err))
		return false;
	*ret = json_array();
	for (size_t i = 0; i < list.n; i++)
		json_array_append_new(*ret, stage_json(&list.v[i]));
	return true;
}

/* STAGE USER [MINUTES] */
static bool
create_token(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_token_order order = { arg(t, 0), arg(t, 1), 60, IVS_SUBSCRIBE };
	struct ivs_token got;

	if (arg(t, 2).n > 0)
		order.duration_minutes = number(t, 2);
	if (!ivs_create_participant_token(t->ivs, t->arena, &order, &got, err))
		return false;
	*ret = json_pack("{s:o, s:I}", "participant", text(got.participant_id),
	    "expiresMs", (json_int_t)got.expires_at_ms);
	return true;
}

/* SOURCE DESTINATION PARTICIPANT [SECONDS] */
static bool
start_replication(struct aws_tool *t, json_t **ret, struct err *err)
{
	const struct ivs_replication which = { arg(t, 0), arg(t, 1), arg(t, 2) };

	(void)ret;
	return ivs_start_replication(t->ivs, t->arena, &which, number(t, 3), err);
}

static bool
stop_replication(struct aws_tool *t, json_t **ret, struct err *err)
{
	const struct ivs_replication which = { arg(t, 0), arg(t, 1), arg(t, 2) };

	(void)ret;
	return ivs_stop_replication(t->ivs, t->arena, &which, err);
}

static bool
list_replicas(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_replicas list;

	if (!ivs_list_replicas(t->ivs, t->arena, arg(t, 0), arg(t, 1), &list, err))
		return false;
	*ret = json_array();
	for (size_t i = 0; i < list.n; i++)
		json_array_append_new(*ret,
		    json_pack("{s:o, s:o, s:b}", "participant",
			text(list.v[i].participant_id), "destination",
			text(list.v[i].destination_arn), "active", list.v[i].active));
	return true;
}

static bool
list_publishers(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_participants list;

	if (!ivs_list_publishers(t->ivs, t->arena, arg(t, 0), arg(t, 1), &list, err))
		return false;
	*ret = json_array();
	for (size_t i = 0; i < list.n; i++)
		json_array_append_new(*ret,
		    json_pack("{s:o, s:o, s:b, s:b, s:b, s:I}", "participant",
			text(list.v[i].participant_id), "user", text(list.v[i].user_id),
			"connected", list.v[i].connected, "published",
			list.v[i].published, "replica", list.v[i].is_replica, "joinedMs",
			(json_int_t)list.v[i].first_join_ms));
	return true;
}

static bool
get_participant(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_participant p;

	if (!ivs_get_participant(
		t->ivs, t->arena, arg(t, 0), arg(t, 1), arg(t, 2), &p, err))
		return false;
	*ret = json_pack("{s:o, s:o, s:b}", "participant", text(p.participant_id), "user",
	    text(p.user_id), "connected", p.connected);
	return true;
}

/* STAGE [MOST] */
static bool
list_sessions(struct aws_tool *t, json_t **ret, struct err *err)
{
	size_t most = arg(t, 1).n > 0 ? (size_t)number(t, 1) : 100, n;
	struct ivs_session *s = arena_alloc(t->arena, most * sizeof(*s) + 1);

	if (!ivs_list_sessions(t->ivs, t->arena, arg(t, 0), most, s, &n, err))
		return false;
	*ret = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(
		    *ret, json_pack("{s:o, s:I, s:I}", "session", text(s[i].session_id),
			      "startedMs", (json_int_t)s[i].started_ms, "endedMs",
			      (json_int_t)s[i].ended_ms));
	return true;
}

static bool
read_publishing(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_publishing p;

	if (!ivs_read_publishing(
		t->ivs, t->arena, arg(t, 0), arg(t, 1), arg(t, 2), &p, err))
		return false;
	*ret = json_pack("{s:b, s:b, s:I}", "known", p.known, "now", p.now, "sinceMs",
	    (json_int_t)p.since_ms);
	return true;
}

static bool
disconnect(struct aws_tool *t, json_t **ret, struct err *err)
{
	(void)ret;
	return ivs_disconnect_participant(
	    t->ivs, t->arena, arg(t, 0), arg(t, 1), arg(t, 2), err);
}

static json_t *
key_json(const struct ivs_key *k)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "arn", text(k->arn), "name",
	    text(k->name), "fingerprint", text(k->fingerprint), "pem", text(k->pem),
	    "tags", json_loads(k->tags_json.p, 0, NULL));
}

/* NAME PEM [TAGS] */
static bool
import_key(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_key k;

	if (!ivs_import_key(
		t->ivs, t->arena, arg(t, 0), arg(t, 1), object(t, 2), &k, err))
		return false;
	*ret = key_json(&k);
	return true;
}

static bool
get_key(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_key k;

	if (!ivs_get_key(t->ivs, t->arena, arg(t, 0), &k, err))
		return false;
	*ret = key_json(&k);
	return true;
}

static bool
list_keys(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct ivs_keys list;

	if (!ivs_list_keys(t->ivs, t->arena, &list, err))
		return false;
	*ret = json_array();
	for (size_t i = 0; i < list.n; i++)
		json_array_append_new(*ret, key_json(&list.v[i]));
	return true;
}

static bool
delete_key(struct aws_tool *t, json_t **ret, struct err *err)
{
	(void)ret;
	return ivs_delete_key(t->ivs, t->arena, arg(t, 0), err);
}

/* ARN TAGS */
static bool
tag(struct aws_tool *t, json_t **ret, struct err *err)
{
	(void)ret;
	return ivs_tag(t->ivs, t->arena, arg(t, 0), object(t, 1), err);
}

/* ARN KEY... */
static bool
untag(struct aws_tool *t, json_t **ret, struct err *err)
{
	struct str keys[IVS_TAGS_MAX + 1];
	size_t n = 0;

	(void)ret;
	while (n <= IVS_TAGS_MAX && arg(t, (int)n + 1).n > 0) {
		keys[n] = arg(t, (int)n + 1);
		n++;
	}
	return ivs_untag(t->ivs, t->arena, arg(t, 0), keys, n, err);
}

static bool
list_tags(struct aws_tool *t, json_t **ret, struct err *err)
{
	return ivs_list_tags(t->ivs, t->arena, arg(t, 0), ret, err);
}

/* NAMESPACE [HOW_MANY] [VALUE] */
static bool
put_metrics(struct aws_tool *t, json_t **ret, struct err *err)
{
	const struct cloudwatch_dimension dim = { STR("Show"), STR("test") };
	size_t n = arg(t, 1).n > 0 ? (size_t)number(t, 1) : 1, sent;
	struct cloudwatch_datum *d = arena_zalloc(t->arena, n * sizeof(*d) + 1);
	bool ok;

	for (size_t i = 0; i < n; i++)
		d[i] = (struct cloudwatch_datum){ .name = "Viewers",
			.value = arg(t, 2).n > 0 ? strtod(arg(t, 2).p, NULL) : (double)i,
			.at_ms = ivs_now_ms(t->ivs) };
	if (n > 1)
		d[1] = (struct cloudwatch_datum){ .name = "Answer",
			.unit = CLOUDWATCH_MILLISECONDS,
			.samples = 3,
			.sum = 6.5,
			.min = 1,
			.max = 4 };
	ok = cloudwatch_put(t->ivs, t->arena, arg(t, 0), &dim, 1, d, n, &sent, err);
	*ret = json_pack("{s:I}", "sent", (json_int_t)sent);
	return ok;
}

#define ARN_A "arn:aws:ivs:ap-northeast-1:123456789012:stage/AbCdEfGhIjKl"
#define ARN_B "arn:aws:ivs:ap-northeast-1:123456789012:stage/BbCdEfGhIjKl"
#define KEY_A                                                                            \
	"arn:aws:ivs:ap-northeast-1:123456789012:public-key/"                            \
	"0b7c6f60-7d5e-4d0b-9b39-2b1f5a3d9f11"
#define PEM_A "-----BEGIN PUBLIC KEY-----\nMHYw\n-----END PUBLIC KEY-----\n"

/* sample: arguments that are well formed, of things that do not exist. */
static const struct aws_op_row {
	const char *name;
	aws_run *run;
	bool reads, once;
	const char *sample[4];
} aws_ops[] __attribute__((unused)) = {
	{ "CreateStage", create_stage, false, true, { "matrix" } },
	{ "GetStage", get_stage, true, false, { ARN_A } },
	{ "UpdateStage", update_stage, false, false, { ARN_A, "matrix" } },
	{ "DeleteStage", delete_stage, false, false, { ARN_A } },
	{ "ListStages", list_stages, true, false, { NULL } },
	{ "CreateParticipantToken", create_token, false, false, { ARN_A, "u" } },
	{ "StartParticipantReplication", start_replication, false, false,
	    { ARN_A, ARN_B, "p1" } },
	{ "StopParticipantReplication", stop_replication, false, false,
	    { ARN_A, ARN_B, "p1" } },
	{ "ListParticipantReplicas", list_replicas, true, false, { ARN_A, "p1" } },
	{ "ListParticipants", list_publishers, true, false,
	    { ARN_A, "st-AbCdEfGhIjKlM" } },
	{ "GetParticipant", get_participant, true, false,
	    { ARN_A, "st-AbCdEfGhIjKlM", "p1" } },
	{ "ListStageSessions", list_sessions, true, false, { ARN_A } },
	{ "ListParticipantEvents", read_publishing, true, false,
	    { ARN_A, "st-AbCdEfGhIjKlM", "p1" } },
	{ "DisconnectParticipant", disconnect, false, false, { ARN_A, "p1", "over" } },
	{ "ImportPublicKey", import_key, false, false, { "k", PEM_A } },
	{ "GetPublicKey", get_key, true, false, { KEY_A } },
	{ "ListPublicKeys", list_keys, true, false, { NULL } },
	{ "DeletePublicKey", delete_key, false, false, { KEY_A } },
	{ "TagResource", tag, false, false, { ARN_A, "{\"a\":\"b\"}" } },
	{ "UntagResource", untag, false, false, { ARN_A, "b", "a" } },
	{ "ListTagsForResource", list_tags, true, false, { ARN_A } },
	{ "PutMetricData", put_metrics, false, true, { "Test/Matrix" } },
};

#endif
