/* The body of a request: JSON, and the getters that take members out of it. */
#include "fuzz.h"

#include "base/arn.h"
#include "web/request.h"
#include "base/banned.h"

static size_t
deepest(const json_t *v)
{
	const json_t *item;
	size_t most = 0, n, i;
	const char *key;

	if (json_is_array(v)) {
		for (i = 0; i < json_array_size(v); i++) {
			n = deepest(json_array_get(v, i));
			most = n > most ? n : most;
		}
		return most + 1;
	}
	if (!json_is_object(v))
		return 0;
	json_object_foreach ((json_t *)(uintptr_t)v, key, item) {
		n = deepest(item);
		most = n > most ? n : most;
	}
	return most + 1;
}

/* Written and read again it is the same; and what is alike is written alike. */
static void
round_trip(struct arena *a, const json_t *v)
{
	struct str text = json_text(a, v), sorted = json_canonical(a, v);
	struct err err = ERR_INIT;
	json_t *again, *once_more;

	PROPERTY(json_parse_object(text, &again, &err));
	PROPERTY(json_parse_object(sorted, &once_more, &err));
	PROPERTY(str_eq(json_text(a, again), text));
	PROPERTY(str_eq(json_canonical(a, again), sorted));
	PROPERTY(str_eq(json_canonical(a, once_more), sorted));
}

static void
members(struct req *rq)
{
	static const char *const taken[] = { "ManagedBy", "Show", NULL };
	struct str arn, name;
	int64_t n;

	fuzz_clean(req_user_id(rq, "userId"), USER_ID_MAX_CHARS);
	fuzz_clean(req_participant_id(rq, "participantId"), PARTICIPANT_ID_MAX_CHARS);
	fuzz_clean(req_text(rq, "serverId", OPTIONAL_MEMBER), USER_ID_MAX_CHARS);
	arn = req_stage_arn(rq, "stageArn", OPTIONAL_MEMBER);
	PROPERTY(arn.n == 0 || arn_is_stage(arn));
	name = req_name(rq, "name", OPTIONAL_MEMBER, 128);
	PROPERTY(name.n == 0 || parse_word(name, "-_", 128));
	n = req_int(rq, "maxViewers", 1, 25000, 50, 0);
	PROPERTY(n >= 0 && n <= 25000);
	(void)req_flag(rq, "live", REQUIRED_MEMBER);
	PROPERTY(json_object_size(req_tags(rq, "tags", 40, taken)) <= 40);
}

void
fuzz_one(struct arena *a, struct str in)
{
	struct req rq = { .arena = a, .cfg = fuzz_config(), .body = in };
	struct err err = ERR_INIT;
	json_t *v = NULL;
	bool good;

	if (in.n > 65536)
		return;
	good = json_parse_object(in, &v, &err);
	if (good) {
		PROPERTY(deepest(v) <= JSON_MAX_DEPTH);
		round_trip(a, v);
	} else {
		fuzz_failed(&err);
		PROPERTY(err.kind == ERR_INPUT && v == NULL);
	}
	members(&rq);
	err_clear(&err);
	PROPERTY(good || in.n == 0 || !req_valid(&rq, &err));
	PROPERTY(json_text(a, req_problems(&rq)).n > 0);
}
