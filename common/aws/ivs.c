#include "aws/ivs.h"

#include "aws/ivs_call.h"
#include "aws/times.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/banned.h"

static struct str
keep(struct arena *a, const json_t *object, const char *name)
{
	struct str s = json_view(json_object_get(object, name));

	return s.p == NULL ? STR_NULL : str_dup(a, s);
}

static bool
incomplete(const struct ivs_op *op, const char *member, struct err *err)
{
	return err_from(err, ERR_FROM_AWS,
	    op->repeat == IVS_READ ? ERR_UPSTREAM : ERR_UNCERTAIN,
	    "%s: AWS answered 200 without '%s'", op->name, member);
}

static bool
order_check(const struct ivs_token_order *order, struct err *err)
{
	size_t chars;

	if (order->duration_minutes < IVS_DURATION_MIN_MINUTES ||
	    order->duration_minutes > IVS_DURATION_MAX_MINUTES)
		return err_set(err, ERR_INPUT,
		    "a token may live %d to %d minutes, asked for %lld",
		    IVS_DURATION_MIN_MINUTES, IVS_DURATION_MAX_MINUTES,
		    (long long)order->duration_minutes);
	if (!parse_utf8(order->user_id, &chars) || chars > IVS_USER_ID_MAX_CHARS)
		return err_set(err, ERR_INPUT,
		    "a user id for IVS is UTF-8 of at most %d characters, got %zu bytes",
		    IVS_USER_ID_MAX_CHARS, order->user_id.n);
	return true;
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
token_read(const struct ivs *v, struct arena *a, const struct ivs_op *op,
    const json_t *answer, int64_t minutes, struct ivs_token *ret, struct err *err)
{
	const json_t *t = json_object_get(answer, "participantToken");
	struct ivs_token token = {
		.token = keep(a, t, "token"),
		.participant_id = keep(a, t, "participantId"),
	};

	if (token.token.n == 0)
		return incomplete(op, "participantToken.token", err);
	if (token.participant_id.n == 0)
		return incomplete(op, "participantToken.participantId", err);
	token.expires_at_ms = expiry(v, keep(a, t, "expirationTime"), minutes);
	*ret = token;
	return true;
}

bool
ivs_create_participant_token(struct ivs *v, struct arena *a,
    const struct ivs_token_order *order, struct ivs_token *ret, struct err *err)
{
	/* a token nobody got hurts nobody: it is an id not yet used */
	static const struct ivs_op op = { "CreateParticipantToken", IVS_REPEATABLE };
	json_t *body, *answer;
	bool ok;

	if (!order_check(order, err))
		return false;
	body = order_json(order);
	ok = ivs_call(v, a, &op, body, &answer, err);
	json_decref(body);
	if (!ok)
		return false;
	ok = token_read(v, a, &op, answer, order->duration_minutes, ret, err);
	json_decref(answer);
	return ok;
}

static struct str
tags_text(struct arena *a, const json_t *stage)
{
	const json_t *tags = json_object_get(stage, "tags");

	return json_is_object(tags) ? json_text(a, tags) : STR("{}");
}

static bool
stage_read(struct arena *a, const struct ivs_op *op, const json_t *answer,
    struct ivs_stage *ret, struct err *err)
{
	const json_t *s = json_object_get(answer, "stage");
	const json_t *endpoints = json_object_get(s, "endpoints");
	struct ivs_stage stage = {
		.arn = keep(a, s, "arn"),
		.name = keep(a, s, "name"),
		.active_session_id = keep(a, s, "activeSessionId"),
		.events_endpoint = keep(a, endpoints, "events"),
		.whip_endpoint = keep(a, endpoints, "whip"),
	};

	if (stage.arn.n == 0)
		return incomplete(op, "stage.arn", err);
	stage.tags_json = tags_text(a, s);
	*ret = stage;
	return true;
}

bool
ivs_get_stage(struct ivs *v, struct arena *a, struct str arn, struct ivs_stage *ret,
    struct err *err)
{
	static const struct ivs_op op = { "GetStage", IVS_READ };
	json_t *body = json_pack("{s:o}", "arn", json_str(arn));
	json_t *answer;
	bool ok = ivs_call(v, a, &op, body, &answer, err);

	json_decref(body);
	if (!ok)
		return false;
	ok = stage_read(a, &op, answer, ret, err);
	json_decref(answer);
	return ok;
}
