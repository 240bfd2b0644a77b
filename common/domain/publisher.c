#include "domain/publisher.h"

#include "base/banned.h"

/* What IVS is told of a publisher begins so (domain/tokens.c). */
#define BROADCASTER "broadcaster-"
#define YEAR_3000_MS 32503680000000
/* A call that went out twice: what turned so lately, its first time did. */
#define REPEATED_MS 10000

static const char *const whats[] = {
	[PUBLISHER_ON] = "on",
	[PUBLISHER_OFF] = "off",
	[PUBLISHER_FAILED] = "error",
	[PUBLISHER_REPLICA_END] = "ended",
};

static const char *const verdicts[] = {
	[PUBLISHER_NOTED] = "OK",
	[PUBLISHER_NOT_OURS] = "NOT_OURS",
	[PUBLISHER_OUTDATED] = "OUTDATED",
	[PUBLISHER_LATE] = "LATE",
	[PUBLISHER_AHEAD] = "AHEAD",
	[PUBLISHER_UNUSED] = "UNUSED",
};

static void
note_call(struct redis_call *c, const char *input, struct str stage_arn,
    struct str participant_id, struct str user_id, const char *what)
{
	redis_call_init(c, c->arena, SCRIPT_PUBLISHER_NOTE);
	redis_arg(c, str_of(input));
	redis_arg(c, stage_arn);
	redis_arg(c, participant_id);
	redis_arg(c, user_id);
	redis_arg(c, str_of(what));
}

void
publisher_token_ask(struct redis_call *c, struct str stage_arn, struct str participant_id,
    struct str user_id)
{
	note_call(c, "token", stage_arn, participant_id, user_id, "");
}

bool
publisher_token_answer(const struct reply *reply, struct err *err)
{
	return !str_is(reply_str(reply, 0), "BANNED") ||
	       err_tell(err, ERR_FORBIDDEN, MSG_BANNED, "banned");
}

void
publisher_hand_ask(struct redis_call *c, bool live)
{
	note_call(c, "hand", STR(""), STR(""), STR(""), live ? "live" : "offline");
}

static struct str
plain_user(struct str user_id)
{
	struct str prefix = STR(BROADCASTER);

	return str_starts(user_id, prefix) ? str_skip(user_id, prefix.n) : user_id;
}

void
publisher_event_ask(struct redis_call *c, const struct publisher_event *e)
{
	note_call(c, "event", e->stage_arn, e->participant_id, plain_user(e->user_id),
	    whats[e->what]);
	redis_arg_int(c, e->at_ms);
}

static struct str
seen_json(struct arena *a, const struct publisher_seen *seen, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list,
		    json_pack("{s:o, s:o, s:b, s:I}", "p",
			json_str(seen[i].participant_id), "u",
			json_str(seen[i].user_id.p != NULL ? plain_user(seen[i].user_id)
							   : STR("")),
			"on", seen[i].on, "e", (json_int_t)seen[i].since_ms));
	return json_text(a, list);
}

void
publisher_aws_ask(struct redis_call *c, const struct config *cfg, struct str stage_arn,
    int64_t began_ms, const struct publisher_seen *seen, size_t n)
{
	struct str list = seen_json(c->arena, seen, n);

	note_call(c, "aws", stage_arn, STR(""), STR(""), "");
	redis_arg_int(c, began_ms);
	redis_arg(c, list);
	redis_arg_int(c, cfg->ivs_reconnect_window_s * 1000);
}

void
publisher_news(const struct redis_call *c, struct publisher_news *ret)
{
	struct str word = reply_str(c->reply, 0);
	size_t i = 0, n = sizeof(verdicts) / sizeof(*verdicts);

	while (i < n && !str_is(word, verdicts[i]))
		i++;
	INVARIANT(i < n);
	ret->verdict = (enum publisher_verdict)i;
	ret->live = str_is(reply_str(c->reply, 1), "live");
	ret->participant_id = reply_str(c->reply, 2);
	ret->changed = reply_int(c->reply, 3) == 1 || c->repeated;
	ret->look = reply_int(c->reply, 4) == 1;
	ret->turned =
	    reply_int(c->reply, 5) == 1 || (c->repeated && reply_int(c->reply, 9) >= 0 &&
					       reply_int(c->reply, 9) < REPEATED_MS);
	ret->source = reply_str(c->reply, 6);
	ret->age_ms = reply_int(c->reply, 7);
	ret->participant = reply_str(c->reply, 8);
	ret->known = (struct publisher_known){ ret->live, reply_str(c->reply, 10), 0 };
}

static bool
is_unknown(const struct publisher_known *k)
{
	return str_is(k->state, "unknown");
}

json_t *
publisher_live_json(const struct publisher_known *k)
{
	return is_unknown(k) ? json_null() : json_boolean(k->live);
}

json_t *
publisher_known_json(const struct publisher_known *k)
{
	return json_pack("{s:o, s:b, s:o}", "state", json_str(k->state), "lastKnown",
	    k->live, "ageSeconds",
	    k->age_ms >= 0 ? json_integer(k->age_ms / 1000) : json_null());
}

struct str
publisher_known_text(struct arena *a, const struct publisher_known *k)
{
	const char *last = k->live ? "live" : "not live";

	if (!is_unknown(k))
		return str_of(last);
	if (k->age_ms < 0)
		return str_printf(a, "unknown (last known: %s)", last);
	return str_printf(a, "unknown (%s %lld s ago: does the job autoscale run?)", last,
	    (long long)k->age_ms / 1000);
}

void
publisher_read_ask(struct redis_call *c)
{
	redis_call_init(c, c->arena, SCRIPT_PUBLISHER_READ);
}

/* A number that Lua may have written as 1.7e12; 0 when it is none or out of range. */
static int64_t
time_of(const json_t *o, const char *name)
{
	double n = json_number_value(json_object_get(o, name));

	return n >= 1 && n <= YEAR_3000_MS ? (int64_t)n : 0;
}

static json_t *
object_of(struct str json)
{
	struct err ignored = ERR_INIT;
	json_t *o = NULL;

	if (json.n > 0 && json_parse_object(json, &o, &ignored))
		return o;
	return json_object();
}

void
publisher_read_answer(const struct reply *reply, struct publisher *ret)
{
	json_t *info = object_of(reply_str(reply, 2)),
	       *why = object_of(reply_str(reply, 3));

	ret->live = str_is(reply_str(reply, 1), "live");
	ret->participant_id = json_view(json_object_get(info, "participantId"));
	ret->user_id = json_view(json_object_get(info, "userId"));
	ret->stage_arn = json_view(json_object_get(info, "stageArn"));
	ret->joined_at_ms = time_of(info, "joinedAt");
	ret->source = json_view(json_object_get(why, "source"));
	ret->since_ms = time_of(why, "at");
	ret->now_ms = reply_int(reply, 4);
	ret->known = (struct publisher_known){ ret->live, reply_str(reply, 5),
		reply_int(reply, 6) };
}

static json_t *
who_json(const struct publisher *p)
{
	if (is_unknown(&p->known) || !p->live || p->participant_id.n == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "participantId",
	    json_str(p->participant_id), "stageArn", json_str(p->stage_arn), "userId",
	    json_str(p->user_id), "joinedAt", json_time(p->joined_at_ms));
}

json_t *
publisher_info_json(const struct publisher *p)
{
	json_t *o = publisher_known_json(&p->known);

	json_object_set_new(o, "hasPublisher", publisher_live_json(&p->known));
	json_object_set_new(o, "publisherInfo", who_json(p));
	return o;
}
