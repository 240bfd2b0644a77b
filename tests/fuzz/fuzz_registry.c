/* A stage's entry as Redis keeps it, or as somebody left it there. */
#include "fuzz.h"

#include "domain/stages.h"
#include "base/banned.h"

void
fuzz_one(struct arena *a, struct str in)
{
	struct str arn = fuzz_line(&in), text;
	struct stage st;

	if (in.n > 65536)
		return;
	stage_from_json(fuzz_config(), arn, in, &st);
	PROPERTY(str_eq(st.arn, arn));
	PROPERTY(str_ends(arn, st.short_id));
	PROPERTY(st.master == str_is(arn, FUZZ_STAGE));
	PROPERTY(st.max_viewers >= 0 && st.max_viewers <= 25000);
	PROPERTY(st.created_at_ms >= 0 && st.replica_since_ms >= 0);
	PROPERTY(st.state.n > 0);
	PROPERTY(st.read == (st.events_endpoint.n > 0 && st.whip_endpoint.n > 0));
	PROPERTY(!st.replica_on || st.replica_participant.n > 0);
	PROPERTY(json_is_object(st.tags));
	text = json_text(a, st.tags);
	PROPERTY(text.n >= 2);
}
