/* What N viewers need, and what stands in the way. */
#include <stdio.h>

#include "base/parse.h"
#include "ctl/ctl.h"
#include "domain/scaling.h"
#include "base/banned.h"

#define VIEWERS_MAX 1000000000
#define CAPACITY_MAX 25000
#define REPLICAS_MAX 50

/* AWS, "Service Quotas" of IVS Real-Time, per account and region. */
#define QUOTA_REPLICAS 5
#define QUOTA_STAGES 1000
#define QUOTA_SUBSCRIBERS 10000
#define QUOTA_CONNECTIONS 20000

struct plan {
	int64_t capacity, max_stages, replicas;
	struct scaling_forecast f;
};

static const struct {
	const char *name;
	const char *what; /* to do */
} bounds[] = {
	[SCALING_BOUND_NONE] = { "NONE", "" },
	[SCALING_BOUND_REPLICAS] = { "REPLICAS",
	    "the publisher cannot be replicated to more stages: AWS' quota of 5 cannot be "
	    "raised, so more viewers must fit on each stage" },
	[SCALING_BOUND_MAX_STAGES] = { "MAX_STAGES",
	    "the setting MAX_STAGES allows no more stages: raise it, or let more viewers "
	    "on each stage" },
	[SCALING_BOUND_STAGES] = { "STAGES",
	    "AWS' quota of stages: have it raised, or let more viewers on each stage" },
	[SCALING_BOUND_SUBSCRIBERS] = { "SUBSCRIBERS",
	    "AWS' quota of subscribers of one stage: have it raised, or set "
	    "MAX_VIEWERS_PER_STAGE to 10000 at most" },
	[SCALING_BOUND_CONNECTIONS] = { "CONNECTIONS",
	    "AWS' quota of publisher-to-subscriber connections over all stages: have it "
	    "raised in Service Quotas" },
};

static bool
option_int(struct ctl *c, enum ctl_option o, const char *name, int64_t min, int64_t max,
    int64_t *ret, struct err *err)
{
	if (c->opt[o] == NULL || parse_i64(str_of(c->opt[o]), min, max, ret))
		return true;
	return err_set(err, ERR_INPUT, "--%s must be a number from %lld to %lld", name,
	    (long long)min, (long long)max);
}

/* No setting and no quota helps there. */
static void
say_beyond(const struct scaling_forecast *f)
{
	if (f->publishers > 1)
		printf(
		    "%lld viewers are the end with one publisher: AWS replicates one to "
		    "%d stages, and a stage takes %d viewers at most\n"
		    "what then: %lld publishers, each in a show of its own beside the "
		    "others (MASTER_STAGE_ARN, REDIS_KEY_PREFIX and DB_NAME of its own), "
		    "with the viewers spread over them\n",
		    (long long)f->one_publisher, QUOTA_REPLICAS, CAPACITY_MAX,
		    (long long)f->publishers);
}

static void
say(const struct plan *p)
{
	const struct scaling_forecast *f = &p->f;
	int64_t most_on_one = f->viewers < p->capacity ? f->viewers : p->capacity;

	printf("for %lld viewers, %lld on a stage:\n\n"
	       "stages                %8lld  of %lld (MAX_STAGES; AWS' quota %d)\n"
	       "replications          %8lld  of %lld (IVS_MAX_REPLICAS; AWS' quota %d)\n"
	       "viewers on a stage    %8lld  of AWS' quota %d\n"
	       "connections           %8lld  of AWS' quota %d\n"
	       "AWS calls to get there %7lld  at least %.1f s\n\n"
	       "reachable today       %8lld  viewers\n",
	    (long long)f->viewers, (long long)p->capacity, (long long)f->stages,
	    (long long)p->max_stages, QUOTA_STAGES, (long long)f->replications,
	    (long long)p->replicas, QUOTA_REPLICAS, (long long)most_on_one,
	    QUOTA_SUBSCRIBERS, (long long)f->connections, QUOTA_CONNECTIONS,
	    (long long)f->calls, f->seconds, (long long)f->reachable);
	if (f->first == SCALING_BOUND_NONE) {
		printf("\nit fits\n");
		return;
	}
	printf("\nfirst limit: %s: %s\n", bounds[f->first].name, bounds[f->first].what);
	if (f->suggested_capacity > 0)
		printf("it would fit with MAX_VIEWERS_PER_STAGE=%lld\n",
		    (long long)f->suggested_capacity);
	say_beyond(f);
}

static json_t *
to_json(const struct plan *p)
{
	const struct scaling_forecast *f = &p->f;
	bool fits = f->first == SCALING_BOUND_NONE;

	/* clang-format off */
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:b, s:o, s:I, s:o, s:I, s:I}",
	    "viewers", (json_int_t)f->viewers,
	    "capacity", (json_int_t)p->capacity,
	    "maxStages", (json_int_t)p->max_stages,
	    "maxReplicas", (json_int_t)p->replicas,
	    "stages", (json_int_t)f->stages,
	    "replications", (json_int_t)f->replications,
	    "connections", (json_int_t)f->connections,
	    "calls", (json_int_t)f->calls,
	    "seconds", f->seconds,
	    "fits", fits,
	    "firstLimit", fits ? json_null() : json_string(bounds[f->first].name),
	    "reachable", (json_int_t)f->reachable,
	    "suggestedCapacity",
	    f->suggested_capacity > 0 ? json_integer(f->suggested_capacity) : json_null(),
	    "onePublisherReaches", (json_int_t)f->one_publisher,
	    "publishersNeeded", (json_int_t)f->publishers);
	/* clang-format on */
}

bool
ctl_plan(struct ctl *c, struct err *err)
{
	struct plan p = { .capacity = c->cfg->max_viewers_per_stage,
		.max_stages = c->cfg->max_stages,
		.replicas = c->cfg->ivs_max_replicas };
	int64_t viewers;

	if (!parse_i64(str_of(c->words[0]), 0, VIEWERS_MAX, &viewers))
		return err_set(
		    err, ERR_INPUT, "how many viewers? a number up to %d", VIEWERS_MAX);
	if (!option_int(c, OPT_CAPACITY, "capacity", 1, CAPACITY_MAX, &p.capacity, err) ||
	    !option_int(c, OPT_REPLICAS, "replicas", 0, REPLICAS_MAX, &p.replicas, err))
		return false;
	scaling_forecast(viewers, p.capacity, p.max_stages, p.replicas, &p.f);
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c, to_json(&p), err);
	say(&p);
	if (p.replicas > QUOTA_REPLICAS)
		ctl_note("AWS replicates a publisher to %d stages at most, whatever is "
			 "set here",
		    QUOTA_REPLICAS);
	return true;
}
