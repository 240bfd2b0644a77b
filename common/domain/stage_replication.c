/* Replication of stage_work.h: the replicas of a publisher, in AWS and in the registry. */
#include <time.h>

#include "base/clock.h"
#include "domain/stage_work.h"
#include "base/banned.h"

/* AWS may list a replica some moments after it was ordered. */
#define LOOKS 4
#define LOOK_AGAIN_MS 250

static struct ivs_replication
wire(const struct replication *r)
{
	return (struct ivs_replication){ r->source_arn, r->destination_arn,
		r->participant_id };
}

bool
replication_of(const struct stage *s, struct replication *ret)
{
	if (s->replica_participant.n == 0)
		return false;
	*ret = (struct replication){ .source_arn = s->replica_source,
		.destination_arn = s->arn,
		.participant_id = s->replica_participant,
		.started_at_ms = s->replica_since_ms };
	return true;
}

/* The arena's JSON is that of the caller: the text is all that is kept. */
static struct str
active_json(struct arena *a, const struct ivs_replicas *replicas)
{
	json_t *list = json_array();
	struct str text;
	size_t i;

	for (i = 0; i < replicas->n; i++)
		if (replicas->v[i].active)
			json_array_append_new(
			    list, json_str(replicas->v[i].destination_arn));
	text = json_text(a, list);
	json_decref(list);
	return text;
}

/* active: JSON of who is listed, or empty; ordered: a stage, or empty. */
static bool
note(struct stage_work *w, struct str source_arn, struct str participant_id,
    struct str active, struct str ordered, int64_t *ret_pending, struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, w->arena, SCRIPT_REPLICAS_NOTE);
	redis_arg(&c, w->lock);
	redis_arg(&c, source_arn);
	redis_arg(&c, participant_id);
	redis_arg(&c, active);
	redis_arg(&c, ordered);
	if (!redis_call(w->redis, &c, err))
		return err_while(err, "noting the replicas");
	if (str_is(reply_str(c.reply, 0), "LOST"))
		return err_set(err, ERR_LOCK_LOST, "the lock of this run was lost");
	*ret_pending = reply_int(c.reply, 2);
	return true;
}

bool
replicas_look(struct stage_work *w, struct str source_arn, struct str participant_id,
    int64_t *ret_pending, struct err *err)
{
	struct ivs_replicas replicas;

	if (!ivs_list_replicas(
		w->ivs, w->arena, source_arn, participant_id, &replicas, err))
		return err_while(err, "looking at the replicas");
	return note(w, source_arn, participant_id, active_json(w->arena, &replicas),
	    STR(""), ret_pending, err);
}

bool
replication_order(
    struct stage_work *w, const struct replication *which, bool by_hand, struct err *err)
{
	struct ivs_replication r = wire(which);
	struct err why = ERR_INIT;
	struct stage source, s;
	int64_t pending;

	if (!stage_read(w, which->source_arn, &source, err) ||
	    !stage_read(w, which->destination_arn, &s, err))
		return false;
	/* A conflict that is no absent publisher: he is replicated there already. */
	if (!ivs_start_replication(
		w->ivs, w->arena, &r, w->cfg->ivs_reconnect_window_s, &why) &&
	    (why.kind != ERR_CONFLICT || why.tell == MSG_NOT_PUBLISHING)) {
		*err = why;
		return err_while(err, "replicating to '%.*s'", STR_ARG(s.short_id));
	}
	if (by_hand && s.no_replica &&
	    !stage_note(w, s.arn, json_pack("{s:n}", "noReplica"), &s, err))
		return false;
	return note(w, which->source_arn, which->participant_id, STR(""),
	    which->destination_arn, &pending, err);
}

/* Until AWS lists it, for a moment; the keeper looks again at its next run. */
bool
replication_start(struct stage_work *w, const struct replication *which, bool by_hand,
    int64_t *ret_started_at_ms, struct err *err)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
	struct stage s = { .replica_on = false };
	int64_t pending;
	int i;

	if (!replication_order(w, which, by_hand, err))
		return false;
	for (i = 0; i < LOOKS && !s.replica_on; i++) {
		if (i > 0)
			(void)nanosleep(&pause, NULL);
		if (!replicas_look(
			w, which->source_arn, which->participant_id, &pending, err) ||
		    !stage_read(w, which->destination_arn, &s, err))
			return false;
	}
	*ret_started_at_ms = s.replica_since_ms;
	return true;
}

bool
replication_end(struct stage_work *w, const struct replication *which, struct err *err)
{
	struct ivs_replication r = wire(which);
	struct err why = ERR_INIT;

	if (ivs_stop_replication(w->ivs, w->arena, &r, &why) ||
	    why.kind == ERR_NOT_FOUND || why.kind == ERR_CONFLICT)
		return true;
	*err = why;
	return err_while(err, "stopping a replica");
}

static bool
shows_another(const struct stage *s, const struct replication *which)
{
	return s->replica_participant.n > 0 &&
	       (!str_eq(s->replica_participant, which->participant_id) ||
		   !str_eq(s->replica_source, which->source_arn));
}

static json_t *
without_replica(bool by_hand)
{
	json_t *members = json_pack("{s:n}", "replica");

	if (by_hand)
		json_object_set_new(members, "noReplica", json_true());
	return members;
}

bool
replication_stop(
    struct stage_work *w, const struct replication *which, bool by_hand, struct err *err)
{
	struct stage s;

	/* First no new viewers there, then the picture goes. */
	if (!stage_read(w, which->destination_arn, &s, err) ||
	    (!shows_another(&s, which) &&
		!stage_note(w, s.arn, without_replica(by_hand), &s, err)))
		return false;
	return replication_end(w, which, err);
}
