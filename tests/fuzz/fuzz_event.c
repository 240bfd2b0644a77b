/* An event as EventBridge sends it, or as somebody else does. */
#include "fuzz.h"

#include "base/arn.h"
#include "domain/publisher.h"
#include "base/banned.h"

void
fuzz_one(struct arena *a, struct str in)
{
	struct publisher_faults faults;
	struct publisher_event e;
	struct err err = ERR_INIT;
	json_t *body;
	size_t i;

	(void)a;
	if (in.n > 65536 || !json_parse_object(in, &body, &err))
		return;
	if (!publisher_event_parse(body, &e, &faults)) {
		PROPERTY(faults.n <= PUBLISHER_FAULTS_MAX);
		for (i = 0; i < faults.n; i++)
			PROPERTY(faults.v[i].field != NULL);
		return;
	}
	PROPERTY(faults.n == 0);
	PROPERTY(arn_is_stage(e.stage_arn));
	PROPERTY(parse_word(e.participant_id, "-_", 64));
	fuzz_clean(e.user_id, 128);
	PROPERTY(e.what >= PUBLISHER_ON && e.what <= PUBLISHER_REPLICA_END);
}
