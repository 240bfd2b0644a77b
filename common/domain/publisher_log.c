/* publisher_log() of domain/publisher.h. */
#include "domain/publisher.h"

#include "base/log.h"
#include "base/banned.h"

void
publisher_log(const struct publisher_news *n)
{
	const struct log_field fields[] = { LOG_STR("participant", n->participant),
		LOG_STR("source", n->source), LOG_INT("age_ms", n->age_ms) };

	if (n->turned) /* an age that nobody knows is left out */
		log_event(LOG_INFO,
		    n->live ? "the publisher is live" : "the publisher is gone", fields,
		    n->age_ms >= 0 ? 3 : 2);
}
