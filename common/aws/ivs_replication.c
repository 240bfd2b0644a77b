#include "aws/ivs_error.h"
#include "aws/ivs_read.h"
#include "base/banned.h"

static bool
which_check(const struct ivs_replication *which, struct err *err)
{
	return ivs_check_stage_arn(which->source_arn, err) &&
	       ivs_check_stage_arn(which->destination_arn, err) &&
	       ivs_check_participant(which->participant_id, err);
}

static json_t *
which_json(const struct ivs_replication *which)
{
	return json_pack("{s:o, s:o, s:o}", "sourceStageArn", json_str(which->source_arn),
	    "destinationStageArn", json_str(which->destination_arn), "participantId",
	    json_str(which->participant_id));
}

/* The type that goes with the text is not documented: these three are treated alike. */
static void
settle_not_publishing(const struct ivs *v, struct err *err)
{
	bool refused = err->kind == ERR_INPUT || err->kind == ERR_NOT_FOUND ||
		       err->kind == ERR_CONFLICT;

	if (!refused || !aws_last_failure(v)->not_publishing)
		return;
	err->kind = ERR_CONFLICT;
	err->tell = MSG_NOT_PUBLISHING;
}

bool
ivs_start_replication(struct ivs *v, struct arena *a, const struct ivs_replication *which,
    int64_t reconnect_s, struct err *err)
{
	static const struct aws_op op = { .name = "StartParticipantReplication",
		.repeat = AWS_REPEATABLE };
	json_t *body;

	if (!which_check(which, err))
		return false;
	if (reconnect_s < 0 || reconnect_s > IVS_RECONNECT_MAX_S)
		return err_from(err, ERR_FROM_AWS, ERR_INPUT,
		    "a replica may wait 0 to %d seconds for its publisher, asked for %lld",
		    IVS_RECONNECT_MAX_S, (long long)reconnect_s);
	body = which_json(which);
	json_object_set_new(body, "reconnectWindowSeconds", json_integer(reconnect_s));
	if (aws_call_done(v, a, &op, body, err))
		return true;
	settle_not_publishing(v, err);
	return false;
}

bool
ivs_stop_replication(
    struct ivs *v, struct arena *a, const struct ivs_replication *which, struct err *err)
{
	static const struct aws_op op = { .name = "StopParticipantReplication",
		.repeat = AWS_REPEATABLE };

	return which_check(which, err) &&
	       aws_call_done(v, a, &op, which_json(which), err);
}

static const char *
replica_read(struct arena *a, const json_t *item, void *slot, void *arg)
{
	struct ivs_replica *r = slot;

	(void)arg;
	r->participant_id = ivs_keep(a, item, "participantId");
	r->destination_arn = ivs_keep(a, item, "destinationStageArn");
	r->active = ivs_member_is(item, "replicationState", "ACTIVE");
	return r->destination_arn.n > 0 ? NULL : "replicas[].destinationStageArn";
}

bool
ivs_list_replicas(struct ivs *v, struct arena *a, struct str source_arn,
    struct str participant_id, struct ivs_replicas *ret, struct err *err)
{
	static const struct aws_op op = { .name = "ListParticipantReplicas",
		.repeat = AWS_READ,
		.answer_max_bytes = IVS_PAGE_MAX_BYTES };
	static const struct ivs_list list = { &op, "replicas", sizeof(struct ivs_replica),
		replica_read, NULL };
	void *replicas;

	if (!ivs_check_stage_arn(source_arn, err) ||
	    !ivs_check_participant(participant_id, err) ||
	    !ivs_list_pages(v, a, &list,
		json_pack("{s:o, s:o, s:i}", "sourceStageArn", json_str(source_arn),
		    "participantId", json_str(participant_id), "maxResults", 50),
		&replicas, &ret->n, err))
		return false;
	ret->v = replicas;
	return true;
}
