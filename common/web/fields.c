/* The getters of web/request.h: members of body, query and path, and what is wrong with them. */
#include "web/request.h"

#include "base/arn.h"
#include "base/parse.h"
#include "base/banned.h"

static void
note(json_t **list, json_t *item)
{
	if (*list == NULL)
		*list = json_array();
	json_array_append_new(*list, item);
}

void
req_missing(struct req *rq, const char *name)
{
	note(&rq->missing, json_string(name));
}

void
req_invalid(struct req *rq, const char *name, enum msg why)
{
	note(&rq->invalid,
	    json_pack("{s:s, s:s}", "field", name, "reason", message(why, rq->lang)));
}

static void
out_of_range(struct req *rq, const char *name, int64_t min, int64_t max)
{
	struct str reason = str_printf(rq->arena, "%s %lld-%lld",
	    message(MSG_WHY_RANGE, rq->lang), (long long)min, (long long)max);

	note(&rq->invalid,
	    json_pack("{s:s, s:o}", "field", name, "reason", json_str(reason)));
}

json_t *
req_body(struct req *rq)
{
	struct err err = ERR_INIT;

	if (rq->json_tried)
		return rq->json;
	rq->json_tried = true;
	/* No body is an object without members: the answer then names those it misses. */
	if (rq->body.n == 0)
		rq->json = json_object();
	if (rq->body.n == 0 || json_parse_object(rq->body, &rq->json, &err))
		return rq->json;
	rq->body_fault = err.tell != MSG_NONE ? err.tell : MSG_BODY_NOT_OBJECT;
	req_invalid(rq, "(body)", rq->body_fault);
	return NULL;
}

/* Absent, null and empty are alike: missing when required. */
static bool
given(struct req *rq, const char *name, struct str s, enum presence_rule rule)
{
	if (s.n > 0)
		return true;
	if (rule == REQUIRED_MEMBER)
		req_missing(rq, name);
	else if (s.p != NULL)
		req_invalid(rq, name, MSG_WHY_EMPTY);
	return false;
}

static struct str
body_member(struct req *rq, const char *name, enum presence_rule rule)
{
	json_t *body = req_body(rq), *v = json_object_get(body, name);

	if (body == NULL && rq->body_fault != MSG_NONE)
		return STR_NULL;
	if (v != NULL && !json_is_null(v) && !json_is_string(v)) {
		req_invalid(rq, name, MSG_WHY_STRING);
		return STR_NULL;
	}
	return given(rq, name, json_view(v), rule) ? json_view(v) : STR_NULL;
}

static struct str
checked_text(
    struct req *rq, const char *name, struct str s, size_t max, enum msg too_long)
{
	size_t chars;

	if (s.n == 0)
		return STR_NULL;
	if (!parse_utf8(s, &chars) || parse_has_control(s)) {
		req_invalid(rq, name, MSG_WHY_CONTROL);
		return STR_NULL;
	}
	if (chars > max) {
		req_invalid(rq, name, too_long);
		return STR_NULL;
	}
	return s;
}

static struct str
checked_arn(struct req *rq, const char *name, struct str s)
{
	if (s.n == 0)
		return STR_NULL;
	if (arn_is_stage(s))
		return s;
	req_invalid(rq, name, MSG_WHY_ARN);
	return STR_NULL;
}

struct str
req_user_id(struct req *rq, const char *name)
{
	return checked_text(rq, name, body_member(rq, name, REQUIRED_MEMBER),
	    USER_ID_MAX_CHARS, MSG_WHY_LENGTH_100);
}

struct str
req_participant_id(struct req *rq, const char *name)
{
	return checked_text(rq, name, body_member(rq, name, REQUIRED_MEMBER),
	    PARTICIPANT_ID_MAX_CHARS, MSG_WHY_LENGTH_255);
}

struct str
req_text(struct req *rq, const char *name, enum presence_rule rule)
{
	return checked_text(
	    rq, name, body_member(rq, name, rule), USER_ID_MAX_CHARS, MSG_WHY_LENGTH_100);
}

struct str
req_session_token(struct req *rq, const char *name)
{
	return body_member(rq, name, OPTIONAL_MEMBER);
}

struct str
req_stage_arn(struct req *rq, const char *name, enum presence_rule rule)
{
	return checked_arn(rq, name, body_member(rq, name, rule));
}

bool
req_flag(struct req *rq, const char *name, enum presence_rule rule)
{
	json_t *v = json_object_get(req_body(rq), name);

	if (v == NULL && rule == REQUIRED_MEMBER && rq->body_fault == MSG_NONE)
		req_missing(rq, name);
	else if (v != NULL && !json_is_boolean(v))
		req_invalid(rq, name, MSG_WHY_BOOLEAN);
	return json_is_true(v);
}

struct str
req_name(struct req *rq, const char *name, enum presence_rule rule, size_t max_bytes)
{
	struct str s = body_member(rq, name, rule);

	if (s.n == 0 || parse_word(s, "-_", max_bytes))
		return s;
	req_invalid(rq, name, MSG_WHY_NAME);
	return STR_NULL;
}

/* To JSON 100.0 and 1e2 are integers as well. Beyond 2^53 a double may stand for several. */
static bool
whole_number(const json_t *v, int64_t *ret)
{
	double d = json_real_value(v);

	if (json_is_integer(v)) {
		*ret = json_integer_value(v);
		return true;
	}
	if (!json_is_real(v) || !(d >= -0x1p53 && d <= 0x1p53) || d != (double)(int64_t)d)
		return false;
	*ret = (int64_t)d;
	return true;
}

int64_t
req_int(struct req *rq, const char *name, int64_t min, int64_t max, int64_t otherwise,
    int64_t if_null)
{
	json_t *v = json_object_get(req_body(rq), name);
	int64_t n;

	if (v == NULL)
		return otherwise;
	if (json_is_null(v))
		return if_null;
	if (whole_number(v, &n) && n >= min && n <= max)
		return n;
	out_of_range(rq, name, min, max);
	return otherwise;
}

static bool
text_fits(struct str s, size_t max_chars)
{
	size_t chars;

	return parse_utf8(s, &chars) && chars <= max_chars && !parse_has_control(s);
}

/* What is wrong with one tag; MSG_NONE: nothing. */
static enum msg
tag_fault(struct str key, const json_t *value, const char *const *taken)
{
	struct str head = { key.p, key.n < 4 ? key.n : 4 };

	if (!json_is_string(value))
		return MSG_WHY_TAGS;
	if (key.n == 0 || !text_fits(key, TAG_KEY_MAX_CHARS))
		return MSG_WHY_TAG_KEY;
	if (!text_fits(json_view(value), TAG_VALUE_MAX_CHARS))
		return MSG_WHY_TAG_VALUE;
	if (str_ieq(head, STR("aws:")))
		return MSG_WHY_TAG_TAKEN;
	for (; *taken != NULL; taken++)
		if (str_is(key, *taken))
			return MSG_WHY_TAG_TAKEN;
	return MSG_NONE;
}

const json_t *
req_tags(struct req *rq, const char *name, size_t max, const char *const *taken)
{
	json_t *tags = json_object_get(req_body(rq), name), *value;
	enum msg fault = MSG_NONE;
	const char *key;

	if (tags == NULL || json_is_null(tags))
		return NULL;
	if (!json_is_object(tags) || json_object_size(tags) > max)
		fault = MSG_WHY_TAGS;
	json_object_foreach (tags, key, value)
		if (fault == MSG_NONE)
			fault = tag_fault(str_of(key), value, taken);
	if (fault == MSG_NONE)
		return tags;
	req_invalid(rq, name, fault);
	return NULL;
}

struct str
req_idempotency_key(struct req *rq)
{
	struct str key = rq->idempotency_key;
	bool good = key.n <= IDEMPOTENCY_KEY_MAX;
	size_t i;

	if (key.p == NULL)
		return key;
	for (i = 0; i < key.n; i++)
		good = good && key.p[i] >= ' ' && key.p[i] <= '~';
	if (good && key.n > 0)
		return key;
	req_invalid(rq, "Idempotency-Key", MSG_WHY_IDEMPOTENCY_KEY);
	return STR_NULL;
}

/* False: noted as wrong already. */
static bool
query_text(struct req *rq, const char *name, struct str *ret)
{
	*ret = STR_NULL;
	if (parse_query(rq->arena, rq->query, name, ret))
		return true;
	req_invalid(rq, name, MSG_QUERY_WRONG);
	return false;
}

struct str
req_query_text(struct req *rq, const char *name)
{
	struct str s;

	return query_text(rq, name, &s) ? s : STR_NULL;
}

struct str
req_query_user_id(struct req *rq, const char *name, enum presence_rule rule)
{
	struct str s;

	if (!query_text(rq, name, &s) || !given(rq, name, s, rule))
		return STR_NULL;
	return checked_text(rq, name, s, USER_ID_MAX_CHARS, MSG_WHY_LENGTH_100);
}

struct str
req_query_stage_arn(struct req *rq, const char *name, enum presence_rule rule)
{
	struct str s;

	if (!query_text(rq, name, &s) || !given(rq, name, s, rule))
		return STR_NULL;
	return checked_arn(rq, name, s);
}

int64_t
req_query_int(
    struct req *rq, const char *name, int64_t min, int64_t max, int64_t otherwise)
{
	struct str s = req_query_text(rq, name);
	int64_t value = otherwise;

	if (s.p != NULL && !parse_i64(s, min, max, &value))
		out_of_range(rq, name, min, max);
	return value;
}

struct str
req_path_user_id(struct req *rq, const char *name)
{
	return checked_text(rq, name, rq->rest, USER_ID_MAX_CHARS, MSG_WHY_LENGTH_100);
}

struct str
req_path_stage_arn(struct req *rq, const char *name)
{
	return checked_arn(rq, name, rq->rest);
}

struct str
req_user_agent(struct req *rq)
{
	return parse_clean_text(rq->arena, rq->user_agent, USER_AGENT_MAX_BYTES);
}

bool
req_valid(struct req *rq, struct err *err)
{
	if (rq->body_too_big)
		return err_set(err, ERR_TOO_BIG, "body over %lld bytes",
		    (long long)rq->cfg->max_body_bytes);
	if (rq->body_fault != MSG_NONE || (rq->body_cut && rq->json_tried))
		return err_tell(err, ERR_INPUT,
		    rq->body_fault != MSG_NONE ? rq->body_fault : MSG_BODY_NOT_OBJECT,
		    "bad body");
	if (rq->missing != NULL || rq->invalid != NULL)
		return err_tell(err, ERR_INPUT, MSG_FIELDS_WRONG, "bad fields");
	return true;
}

json_t *
req_problems(struct req *rq)
{
	json_t *d = json_object();

	json_object_set_new(d, "missingFields", rq->missing ? rq->missing : json_array());
	json_object_set_new(d, "invalidFields", rq->invalid ? rq->invalid : json_array());
	return d;
}
