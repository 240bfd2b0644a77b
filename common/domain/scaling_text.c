#include "domain/scaling.h"

#include "base/banned.h"

/* AWS, "Service Quotas" of IVS Real-Time: replications of a participant, not adjustable. */
#define AWS_REPLICAS 5

static const char *const action_names[] = {
	[SCALING_CREATE] = "create",
	[SCALING_REPLICATE] = "replicate",
	[SCALING_UNDRAIN] = "undrain",
	[SCALING_DRAIN] = "drain",
	[SCALING_DELETE] = "delete",
};

static const char *const reason_names[SCALING_REASON_COUNT] = {
	[SCALING_WHY_THRESHOLD] = "THRESHOLD",
	[SCALING_WHY_RATE] = "RATE",
	[SCALING_WHY_REFUSED] = "REFUSED",
	[SCALING_WHY_DARK] = "NO_PICTURE",
	[SCALING_WHY_QUIET] = "QUIET",
	[SCALING_WHY_EMPTY] = "EMPTY",
	[SCALING_LIMIT_REPLICAS] = "REPLICA_QUOTA",
	[SCALING_LIMIT_STAGES] = "MAX_STAGES",
	[SCALING_LIMIT_OFFLINE] = "PUBLISHER_OFFLINE",
	[SCALING_LIMIT_DISABLED] = "AUTO_SCALE_DISABLED",
};

const char *
scaling_action_name(enum scaling_action action)
{
	size_t n = sizeof(action_names) / sizeof(*action_names);

	return (size_t)action < n ? action_names[action] : "unknown";
}

const char *
scaling_reason_name(enum scaling_reason why)
{
	return (size_t)why < SCALING_REASON_COUNT ? reason_names[why] : "UNKNOWN";
}

static struct str
replica_text(struct arena *a, const struct scaling_input *in)
{
	const char *whose =
	    in->replicas_refused
		? "AWS refused a further one: its quota is 5, and replicas "
		  "on stages that are not ours count"
	    : in->max_replicas < AWS_REPLICAS
		? "the setting IVS_MAX_REPLICAS; AWS allows 5 and no more"
		: "an AWS quota that cannot be raised";

	return str_printf(a,
	    "One publisher can be replicated to %lld stages at a time (%s), so no further "
	    "stage would have a picture: raise MAX_VIEWERS_PER_STAGE (now %lld; AWS allows "
	    "10,000 subscribers a stage), or publish straight into a further stage "
	    "(stageArn of the publisher token).",
	    (long long)in->max_replicas, whose, (long long)in->capacity);
}

struct str
scaling_reason_text(
    struct arena *a, const struct scaling_input *in, enum scaling_reason why)
{
	switch (why) {
	case SCALING_WHY_THRESHOLD:
		return str_printf(a,
		    "Every stage that takes viewers is full or has %lld seats taken or more "
		    "(SCALE_UP_THRESHOLD).",
		    (long long)in->scale_up_threshold);
	case SCALING_WHY_RATE:
		return str_printf(a,
		    "%.1f viewers a second come, and within the %lld s that a new stage "
		    "takes they would fill the free seats.",
		    in->joins_per_s, (long long)in->horizon_s);
	case SCALING_WHY_REFUSED:
		return str_printf(
		    a, "%lld viewers found no seat.", (long long)in->refused);
	case SCALING_WHY_DARK:
		return STR("It has no picture and should show the publisher's.");
	case SCALING_WHY_QUIET:
		return str_printf(a,
		    "It has %lld viewers or fewer (SCALE_DOWN_THRESHOLD) and the other "
		    "stages have room for them.",
		    (long long)in->scale_down_threshold);
	case SCALING_WHY_EMPTY:
		return STR("Nobody is left on it.");
	case SCALING_LIMIT_REPLICAS:
		return replica_text(a, in);
	case SCALING_LIMIT_STAGES:
		return str_printf(a,
		    "MAX_STAGES (%lld) stages exist: raise it (AWS allows 1,000, and more "
		    "on request), or raise MAX_VIEWERS_PER_STAGE (now %lld).",
		    (long long)in->max_stages, (long long)in->capacity);
	case SCALING_LIMIT_OFFLINE:
		return STR(
		    "Nobody publishes, so a new stage could show no picture: start "
		    "the broadcast.");
	case SCALING_LIMIT_DISABLED:
		return STR(
		    "AUTO_SCALE_ENABLED is false: set it to true, or make stages by "
		    "hand (POST /api/stage).");
	case SCALING_REASON_COUNT:
		break;
	}
	return STR("No reason is known.");
}
