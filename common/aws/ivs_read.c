#include "aws/ivs_read.h"

#include "aws/times.h"
#include "base/arn.h"
#include "base/parse.h"
#include "base/banned.h"

#define PARTICIPANT_ID_MAX 64
#define SESSION_ID_BYTES 16
#define SHOWN_BYTES 80 /* of a wrong value, in a cause */

static bool
wrong(struct err *err, const char *what, struct str value)
{
	char shown[SHOWN_BYTES + 1];
	size_t n = value.n < SHOWN_BYTES ? value.n : SHOWN_BYTES;

	for (size_t i = 0; i < n; i++)
		shown[i] = value.p[i] >= ' ' && value.p[i] <= '~' ? value.p[i] : '?';
	shown[n] = '\0';
	return err_from(err, ERR_FROM_AWS, ERR_INPUT, "'%s' (%zu bytes) is no %s", shown,
	    value.n, what);
}

bool
ivs_check_stage_arn(struct str arn, struct err *err)
{
	return arn_is_stage(arn) || wrong(err, "ARN of a stage", arn);
}

bool
ivs_check_key_arn(struct str arn, struct err *err)
{
	struct arn parts;

	return arn_parse(arn, STR("public-key"), &parts) ||
	       wrong(err, "ARN of a public key", arn);
}

/* AWS takes no name at all, too. */
bool
ivs_check_name(struct str name, struct err *err)
{
	return name.n == 0 || parse_word(name, "-_", IVS_NAME_MAX_BYTES) ||
	       wrong(err, "name of at most 128 letters, digits, '-' and '_'", name);
}

/* '_': the pages of the vendor allow it, the model does not. */
bool
ivs_check_participant(struct str id, struct err *err)
{
	return parse_word(id, "-_", PARTICIPANT_ID_MAX) ||
	       wrong(err, "participant id", id);
}

bool
ivs_check_session(struct str id, struct err *err)
{
	return (id.n == SESSION_ID_BYTES && str_starts(id, STR("st-")) &&
		   parse_word(str_skip(id, 3), "", SESSION_ID_BYTES)) ||
	       wrong(err, "id of a stage session", id);
}

bool
ivs_check_text(struct str s, size_t max_chars, const char *what, struct err *err)
{
	size_t chars;

	if (parse_utf8(s, &chars) && chars <= max_chars)
		return true;
	return err_from(err, ERR_FROM_AWS, ERR_INPUT,
	    "%s must be UTF-8 of at most %zu characters, got %zu bytes", what, max_chars,
	    s.n);
}

bool
ivs_check_tag_key(struct str key, struct err *err)
{
	if (key.n == 0 || (key.n >= 4 && str_ieq((struct str){ key.p, 4 }, STR("aws:"))))
		return wrong(
		    err, "tag key (1-128 characters, not beginning with aws:)", key);
	return ivs_check_text(key, IVS_TAG_KEY_MAX_CHARS, "a tag key", err);
}

bool
ivs_check_tags(const json_t *tags, struct err *err)
{
	/* jansson's iterators want it so; nothing is changed */
	json_t *all = json_incref((json_t *)(uintptr_t)tags), *value;
	bool good = true;
	const char *key;

	if (all == NULL)
		return true;
	if (!json_is_object(all) || json_object_size(all) > IVS_TAGS_MAX)
		good = err_from(err, ERR_FROM_AWS, ERR_INPUT,
		    "tags must be an object of at most %d members", IVS_TAGS_MAX);
	json_object_foreach (all, key, value) {
		good = good && ivs_check_tag_key(str_of(key), err);
		if (good && !json_is_string(value))
			good = err_from(err, ERR_FROM_AWS, ERR_INPUT,
			    "the value of each tag must be a string");
		good = good && ivs_check_text(json_view(value), IVS_TAG_VALUE_MAX_CHARS,
				   "the value of a tag", err);
	}
	json_decref(all);
	return good;
}

struct str
ivs_keep(struct arena *a, const json_t *object, const char *name)
{
	struct str s = json_view(json_object_get(object, name));

	return s.p == NULL ? STR_NULL : str_dup(a, s);
}

int64_t
ivs_keep_time(const json_t *object, const char *name)
{
	int64_t ms = 0;

	(void)aws_time_iso8601(json_view(json_object_get(object, name)), &ms);
	return ms;
}

bool
ivs_member_is(const json_t *object, const char *name, const char *value)
{
	return str_is(json_view(json_object_get(object, name)), value);
}

struct str
ivs_keep_tags(struct arena *a, const json_t *object)
{
	const json_t *tags = json_object_get(object, "tags");

	return json_is_object(tags) ? json_text(a, tags) : STR("{}");
}
