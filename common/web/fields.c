/* The getters of web/request.h: members of body, query and path, and what is wrong with them. */
#include "web/request.h"

#include "base/encode.h"
#include "base/parse.h"
#include "base/banned.h"

static void
note(json_t **list, json_t *item)
{
	if (*list == NULL)
		*list = json_array();
	json_array_append_new(*list, item);
}

static void
missing(struct req *rq, const char *name)
{
	note(&rq->missing, json_string(name));
}

void
req_invalid(struct req *rq, const char *name, enum msg why)
{
	note(&rq->invalid,
	    json_pack("{s:s, s:s}", "field", name, "reason", message(why, rq->lang)));
}

/* The body as an object; NULL (and a fault noted) when it is none. */
static json_t *
body_object(struct req *rq)
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
		missing(rq, name);
	else if (s.p != NULL)
		req_invalid(rq, name, MSG_WHY_EMPTY);
	return false;
}

static struct str
body_member(struct req *rq, const char *name, enum presence_rule rule)
{
	json_t *body = body_object(rq), *v = json_object_get(body, name);

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

static bool
all_in(struct str s, const char *set)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (memchr(set, s.p[i], strlen(set)) == NULL)
			return false;
	return s.n > 0;
}

/* ^arn:aws:ivs:[a-z0-9-]+:[0-9]{12}:stage/[A-Za-z0-9-]+$, at most 128 bytes */
static bool
is_stage_arn(struct str s)
{
	struct str region, account;

	if (s.n > STAGE_ARN_MAX_BYTES || !str_starts(s, STR("arn:aws:ivs:")))
		return false;
	s = str_skip(s, 12);
	region = str_cut(&s, ':');
	account = str_cut(&s, ':');
	return all_in(region, "abcdefghijklmnopqrstuvwxyz0123456789-") &&
	       account.n == 12 && all_in(account, "0123456789") &&
	       str_starts(s, STR("stage/")) &&
	       parse_word(str_skip(s, 6), "-", STAGE_ARN_MAX_BYTES);
}

static struct str
checked_arn(struct req *rq, const char *name, struct str s)
{
	if (s.n == 0)
		return STR_NULL;
	if (is_stage_arn(s))
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
req_stage_arn(struct req *rq, const char *name, enum presence_rule rule)
{
	return checked_arn(rq, name, body_member(rq, name, rule));
}

bool
req_flag(struct req *rq, const char *name)
{
	json_t *v = json_object_get(body_object(rq), name);

	if (v == NULL && rq->body_fault == MSG_NONE)
		missing(rq, name);
	else if (v != NULL && !json_is_boolean(v))
		req_invalid(rq, name, MSG_WHY_BOOLEAN);
	return json_is_true(v);
}

struct str
req_query_text(struct req *rq, const char *name)
{
	struct str s = STR_NULL;

	if (!parse_query(rq->arena, rq->query, name, &s))
		req_invalid(rq, name, MSG_QUERY_WRONG);
	return s;
}

struct str
req_query_user_id(struct req *rq, const char *name)
{
	struct str s = req_query_text(rq, name);

	if (!given(rq, name, s, REQUIRED_MEMBER))
		return STR_NULL;
	return checked_text(rq, name, s, USER_ID_MAX_CHARS, MSG_WHY_LENGTH_100);
}

struct str
req_query_stage_arn(struct req *rq, const char *name, enum presence_rule rule)
{
	struct str s = req_query_text(rq, name);

	return given(rq, name, s, rule) ? checked_arn(rq, name, s) : STR_NULL;
}

int64_t
req_query_int(
    struct req *rq, const char *name, int64_t min, int64_t max, int64_t otherwise)
{
	struct str s = req_query_text(rq, name);
	int64_t value = otherwise;

	if (s.p != NULL && !parse_i64(s, min, max, &value))
		req_invalid(rq, name, MSG_WHY_RANGE);
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
