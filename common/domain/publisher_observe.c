/* publisher_observe() of domain/publisher.h; apart, so that who needs no AWS is not linked with it. */
#include "domain/publisher.h"

#include "base/banned.h"

/* What AWS lists may be this much behind the events it has sent already: who is on by an event
 * that came just before the reading is not taken off because he is not listed yet. */
#define SETTLE_MS 3000

struct look {
	struct ivs *ivs;
	struct arena *arena;
	struct str stage_arn, session_id;
};

/* One who is connected. *ret_said: AWS says whether he publishes. */
static bool
look_at(const struct look *l, const struct ivs_participant *p, struct publisher_seen *ret,
    bool *ret_said, struct err *err)
{
	struct ivs_publishing publishing = { 0 };

	if (!ivs_read_publishing(l->ivs, l->arena, l->stage_arn, l->session_id,
		p->participant_id, &publishing, err))
		return false;
	*ret_said = publishing.known;
	ret->participant_id = p->participant_id;
	ret->user_id = p->user_id;
	ret->on = publishing.now;
	ret->since_ms = publishing.since_ms;
	return true;
}

static bool
look_at_session(
    const struct look *l, struct publisher_seen **ret, size_t *ret_n, struct err *err)
{
	struct ivs_participants all = { 0 };
	bool said;
	size_t i;

	*ret_n = 0;
	*ret = NULL;
	if (l->session_id.n == 0)
		return true;
	if (!ivs_list_publishers(
		l->ivs, l->arena, l->stage_arn, l->session_id, &all, err))
		return false;
	*ret = arena_zalloc(l->arena, (all.n + 1) * sizeof(**ret));
	for (i = 0; i < all.n; i++) {
		/* A replica shows who publishes elsewhere. */
		if (!all.v[i].connected || all.v[i].is_replica)
			continue;
		if (!look_at(l, &all.v[i], &(*ret)[*ret_n], &said, err))
			return false;
		*ret_n += said;
	}
	return true;
}

static bool
find_session(struct look *l, struct str active_session_id, struct err *err)
{
	struct ivs_stage stage = { 0 };

	l->session_id = active_session_id;
	if (active_session_id.p != NULL)
		return true;
	if (!ivs_get_stage(l->ivs, l->arena, l->stage_arn, &stage, err))
		return false;
	l->session_id = stage.active_session_id;
	return true;
}

/* The clock of a show is that of Redis. */
static bool
redis_now(struct redis *r, struct arena *a, int64_t *ret_ms, struct err *err)
{
	struct redis_call c = { .arena = a };
	struct publisher before;

	publisher_read_ask(&c);
	if (!redis_call(r, &c, err))
		return false;
	publisher_read_answer(c.reply, &before);
	*ret_ms = before.now_ms;
	return true;
}

bool
publisher_observe(struct redis *r, struct ivs *ivs, struct arena *a,
    const struct config *cfg, struct str stage_arn, struct str active_session_id,
    struct publisher_news *ret, struct err *err)
{
	struct look l = { .ivs = ivs, .arena = a, .stage_arn = stage_arn };
	struct redis_call c = { .arena = a };
	struct publisher_seen *seen;
	int64_t began_ms;
	size_t n;

	if (!redis_now(r, a, &began_ms, err) ||
	    !find_session(&l, active_session_id, err) ||
	    !look_at_session(&l, &seen, &n, err))
		return err_while(
		    err, "reading who publishes on '%.*s'", STR_ARG(stage_arn));
	publisher_aws_ask(&c, cfg, stage_arn, began_ms - SETTLE_MS, seen, n);
	if (!redis_call(r, &c, err))
		return err_while(
		    err, "noting who publishes on '%.*s'", STR_ARG(stage_arn));
	publisher_news(&c, ret);
	return true;
}
