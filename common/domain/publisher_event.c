/* publisher_event_parse() of domain/publisher.h: what Amazon EventBridge sends. */
#include "domain/publisher.h"

#include "aws/times.h"
#include "base/arn.h"
#include "base/parse.h"
#include "base/banned.h"

#define SOURCE "aws.ivs"
#define DETAIL_TYPE "IVS Stage Update"
#define ID_MAX 64
#define USER_MAX_CHARS 128

/* RealTimeUserGuide, "Using Amazon EventBridge": those of its names that say something about
 * who publishes. The others are answered as unused. */
static const struct {
	const char *name;
	enum publisher_what what;
} names[] = {
	{ "Participant Published", PUBLISHER_ON },
	{ "Participant Unpublished", PUBLISHER_OFF },
	{ "Participant Publish Error", PUBLISHER_FAILED },
	{ "Participant Replication End", PUBLISHER_REPLICA_END },
};

static void
fault(struct publisher_faults *f, const char *field, const json_t *v, enum msg why)
{
	bool missing =
	    v == NULL || json_is_null(v) || (json_is_string(v) && json_view(v).n == 0);

	INVARIANT(f->n < PUBLISHER_FAULTS_MAX);
	f->v[f->n].field = field;
	f->v[f->n++].why = missing ? MSG_NONE : why;
}

static struct str
text(const json_t *o, const char *name, const char *field, struct publisher_faults *f)
{
	const json_t *v = json_object_get(o, name);

	if (json_view(v).n == 0)
		fault(f, field, v, MSG_WHY_STRING);
	return json_view(v);
}

static bool
find_name(struct str name, enum publisher_what *ret)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (str_is(name, names[i].name)) {
			*ret = names[i].what;
			return true;
		}
	}
	return false;
}

static void
read_stage(const json_t *body, const json_t *detail, struct publisher_event *e,
    struct publisher_faults *f)
{
	const json_t *list = json_object_get(body, "resources");
	struct str to = json_view(json_object_get(detail, "destination_stage_arn"));

	e->stage_arn = json_view(json_array_get(list, 0));
	if (e->what == PUBLISHER_REPLICA_END && to.n > 0)
		e->stage_arn = to;
	if (!arn_is_stage(e->stage_arn))
		fault(f, "resources", list, MSG_WHY_ARN);
}

static void
read_who(const json_t *detail, struct publisher_event *e, struct publisher_faults *f)
{
	const json_t *id = json_object_get(detail, "participant_id");
	size_t chars;

	e->participant_id = json_view(id);
	if (!parse_word(e->participant_id, "-_", ID_MAX))
		fault(f, "detail.participant_id", id, MSG_WHY_PARTICIPANT);
	e->user_id = json_view(json_object_get(detail, "user_id"));
	/* Only shown; an event is not lost for it. */
	if (!parse_utf8(e->user_id, &chars) || chars > USER_MAX_CHARS ||
	    parse_has_control(e->user_id))
		e->user_id = STR("");
}

/* The precise time orders what happened within one second. Events of the older shape carry the time
 * of the envelope alone. */
static void
read_time(const json_t *body, const json_t *detail, struct publisher_event *e,
    struct publisher_faults *f)
{
	const json_t *precise = json_object_get(detail, "event_time_precise"),
		     *plain = json_object_get(detail, "event_time"),
		     *sent = json_object_get(body, "time");

	if (!aws_time_iso8601(json_view(precise), &e->at_ms) &&
	    !aws_time_iso8601(json_view(plain), &e->at_ms) &&
	    (plain != NULL || !aws_time_iso8601(json_view(sent), &e->at_ms)))
		fault(f, "detail.event_time", plain, MSG_WHY_TIME);
}

bool
publisher_event_parse(
    const json_t *body, struct publisher_event *ret, struct publisher_faults *faults)
{
	const json_t *detail = json_object_get(body, "detail");
	struct str source, type, name;

	memset(ret, 0, sizeof(*ret));
	faults->n = 0;
	source = text(body, "source", "source", faults);
	type = text(body, "detail-type", "detail-type", faults);
	if (!json_is_object(detail))
		fault(faults, "detail", detail, MSG_WHY_OBJECT);
	if (faults->n > 0 || !str_is(source, SOURCE) || !str_is(type, DETAIL_TYPE))
		return false;
	name = text(detail, "event_name", "detail.event_name", faults);
	if (!find_name(name, &ret->what))
		return false;
	/* Those of a replica say nothing about who publishes. */
	if (json_is_true(json_object_get(detail, "replica")) &&
	    ret->what != PUBLISHER_REPLICA_END)
		return false;
	read_stage(body, detail, ret, faults);
	read_who(detail, ret, faults);
	read_time(body, detail, ret, faults);
	return faults->n == 0;
}
