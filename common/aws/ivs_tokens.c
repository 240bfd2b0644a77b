#include "aws/ivs_read.h"

#include "aws/times.h"
#include "base/banned.h"

static bool
order_check(const struct ivs_token_order *order, struct err *err)
{
	if (order->duration_minutes < IVS_DURATION_MIN_MINUTES ||
	    order->duration_minutes > IVS_DURATION_MAX_MINUTES)
		return err_from(err, ERR_FROM_AWS, ERR_INPUT,
		    "a token may live %d to %d minutes, asked for %lld",
		    IVS_DURATION_MIN_MINUTES, IVS_DURATION_MAX_MINUTES,
		    (long long)order->duration_minutes);
	return ivs_check_stage_arn(order->stage_arn, err) &&
	       ivs_check_text(
		   order->user_id, IVS_USER_ID_MAX_CHARS, "a user id for IVS", err);
}

static json_t *
capabilities_json(unsigned capabilities)
{
	json_t *list = json_array();

	if (capabilities & IVS_PUBLISH)
		json_array_append_new(list, json_string("PUBLISH"));
	if (capabilities & IVS_SUBSCRIBE)
		json_array_append_new(list, json_string("SUBSCRIBE"));
	return list;
}

static json_t *
order_json(const struct ivs_token_order *order)
{
	/* clang-format off */
	return json_pack("{s:o, s:I, s:o, s:o}",
	    "stageArn", json_str(order->stage_arn),
	    "duration", (json_int_t)order->duration_minutes,
	    "userId", json_str(order->user_id),
	    "capabilities", capabilities_json(order->capabilities));
	/* clang-format on */
}

/* When AWS names no end, it is what we asked for. */
static int64_t
expiry(const struct ivs *v, struct str iso, int64_t duration_minutes)
{
	int64_t ms;

	if (aws_time_iso8601(iso, &ms))
		return ms;
	return ivs_now_ms(v) + duration_minutes * 60000;
}

static bool
token_read(const struct ivs *v, struct arena *a, const struct aws_op *op,
    const json_t *answer, int64_t minutes, struct ivs_token *ret, struct err *err)
{
	const json_t *t = json_object_get(answer, "participantToken");
	struct ivs_token token = {
		.token = ivs_keep(a, t, "token"),
		.participant_id = ivs_keep(a, t, "participantId"),
	};

	if (token.token.n == 0)
		return aws_incomplete(v, op, "participantToken.token", err);
	if (token.participant_id.n == 0)
		return aws_incomplete(v, op, "participantToken.participantId", err);
	token.expires_at_ms = expiry(v, ivs_keep(a, t, "expirationTime"), minutes);
	*ret = token;
	return true;
}

bool
ivs_create_participant_token(struct ivs *v, struct arena *a,
    const struct ivs_token_order *order, struct ivs_token *ret, struct err *err)
{
	/* a token nobody got hurts nobody: it is an id not yet used */
	static const struct aws_op op = { .name = "CreateParticipantToken",
		.repeat = AWS_REPEATABLE };
	json_t *answer;
	bool ok;

	if (!order_check(order, err) ||
	    !aws_call_body(v, a, &op, order_json(order), &answer, err))
		return false;
	ok = token_read(v, a, &op, answer, order->duration_minutes, ret, err);
	json_decref(answer);
	return ok;
}
