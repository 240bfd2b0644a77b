#include "domain/scaling_private.h"

#include "base/banned.h"

/* AWS, "Service Quotas" of IVS Real-Time, per account and region. */
#define AWS_STAGES 1000
#define AWS_SUBSCRIBERS 10000 /* of one stage */
#define AWS_CONNECTIONS 20000 /* publisher to subscriber, over all stages */
#define AWS_CALLS_PER_S 5     /* of one operation */
/* And where raising ends: replication does not rise, a stage goes up to this. */
#define AWS_REPLICAS 5
#define AWS_SUBSCRIBERS_RAISED 25000

/* CreateStage, StartParticipantReplication, and a look whether the replica is there. */
#define CALLS_PER_STAGE 3

/* A figure one would choose by hand: 34 -> 40, 334 -> 350, 3334 -> 3400. */
static int64_t
round_up(int64_t n)
{
	int64_t to = n <= 100 ? 10 : n <= 1000 ? 50 : 100;

	return divide_up(n, to) * to;
}

/* With as many stages as settings and quotas allow. */
static int64_t
suggest(int64_t viewers, int64_t usable_stages)
{
	int64_t capacity = round_up(divide_up(viewers, usable_stages));

	return viewers <= AWS_CONNECTIONS && capacity <= AWS_SUBSCRIBERS ? capacity : 0;
}

void
scaling_forecast(int64_t viewers, int64_t capacity, int64_t max_stages,
    int64_t max_replicas, struct scaling_forecast *ret)
{
	int64_t n = clamp(viewers, 0, SCALING_NUMBER_MAX),
		seats = clamp(capacity, 1, SCALING_NUMBER_MAX), i;
	int64_t allowed = clamp(max_stages, 1, SCALING_NUMBER_MAX),
		lit = clamp(max_replicas, 0, SCALING_NUMBER_MAX) + 1;
	/* Most viewers before each breaks; of equals the first one counts. */
	const int64_t most[] = {
		[SCALING_BOUND_NONE] = SCALING_NUMBER_MAX,
		[SCALING_BOUND_REPLICAS] = lit * seats,
		[SCALING_BOUND_MAX_STAGES] = allowed * seats,
		[SCALING_BOUND_STAGES] = AWS_STAGES * seats,
		/* A stage is filled before the next one is made. */
		[SCALING_BOUND_SUBSCRIBERS] =
		    seats > AWS_SUBSCRIBERS ? AWS_SUBSCRIBERS : SCALING_NUMBER_MAX,
		[SCALING_BOUND_CONNECTIONS] = AWS_CONNECTIONS,
	};
	int64_t first = SCALING_BOUND_NONE;

	memset(ret, 0, sizeof(*ret));
	for (i = SCALING_BOUND_REPLICAS; i <= SCALING_BOUND_CONNECTIONS; i++)
		if (most[i] < most[first])
			first = i;
	ret->viewers = n;
	ret->stages = n > seats ? divide_up(n, seats) : 1;
	ret->replications = ret->stages - 1;
	/* Each viewer subscribes to one publisher, or to the replica of his stage. */
	ret->connections = n;
	ret->calls = ret->replications * CALLS_PER_STAGE;
	ret->seconds = (double)ret->replications / AWS_CALLS_PER_S;
	ret->reachable = most[first];
	ret->one_publisher = (AWS_REPLICAS + 1) * (int64_t)AWS_SUBSCRIBERS_RAISED;
	ret->publishers = n > 0 ? divide_up(n, ret->one_publisher) : 1;
	if (n <= ret->reachable)
		return;
	ret->first = (enum scaling_bound)first;
	ret->suggested_capacity =
	    suggest(n, least(least(lit, allowed), (int64_t)AWS_STAGES));
}
