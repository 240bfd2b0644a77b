/* Sets the stage: what the operator, the keeper and cron do in a real show. */
#include <stdio.h>

#include "domain/records.h"
#include "tests/tools/model/world.h"
#include "base/banned.h"

#define EVICT_AT_ONCE 500
#define SETTLE_MS 120000
#define ARENA_BYTES (32u << 20)

void
stagehand_open(struct stagehand *h, struct world *w, const struct config *cfg)
{
	*h = (struct stagehand){ .w = w, .cfg = cfg, .redis = redis_open(cfg) };
	INVARIANT(arena_init(&h->arena, ARENA_BYTES));
}

void
stagehand_close(struct stagehand *h)
{
	redis_close(h->redis);
	arena_clear(&h->arena);
}

bool
stagehand_call(struct stagehand *h, struct redis_call *c)
{
	struct err err = ERR_INIT;

	redis_pretend_time(h->redis, h->w->show.now);
	if (redis_call(h->redis, c, &err))
		return true;
	world_complain(h->w, "script %s: %s", script_texts[c->script].name, err.cause);
	return false;
}

bool
stagehand_make(struct stagehand *h, int stage)
{
	struct stage *s = &h->w->show.stages[stage];
	struct redis_call c;

	redis_call_init(&c, &h->arena, SCRIPT_STAGE_MADE);
	redis_arg(&c, str_of(s->arn));
	redis_arg(&c, STR(""));
	redis_arg(&c, str_printf(&h->arena,
			  "{\"name\":\"m%d\",\"picture\":true,\"state\":\"active\","
			  "\"maxViewers\":%d}",
			  stage, s->seats));
	s->known = s->picture = true;
	s->gone = s->draining = false;
	return stagehand_call(h, &c);
}

bool
stagehand_change(struct stagehand *h, int stage, const char *members)
{
	struct redis_call c;

	redis_call_init(&c, &h->arena, SCRIPT_STAGE_SET);
	redis_arg(&c, STR(""));
	redis_arg(&c, str_of(h->w->show.stages[stage].arn));
	redis_arg(&c, str_of(members));
	redis_arg(&c, STR(""));
	return stagehand_call(h, &c);
}

bool
stagehand_publisher(struct stagehand *h, bool live)
{
	struct redis_call c;
	int i;

	redis_call_init(&c, &h->arena, SCRIPT_PUBLISHER_NOTE);
	redis_arg(&c, STR("hand"));
	for (i = 0; i < 3; i++)
		redis_arg(&c, STR(""));
	redis_arg(&c, live ? STR("live") : STR("offline"));
	h->w->show.stages[0].picture = live;
	return stagehand_call(h, &c);
}

bool
stagehand_delete(struct stagehand *h, int stage)
{
	struct redis_call c;

	do {
		redis_call_init(&c, &h->arena, SCRIPT_STAGE_GONE);
		redis_arg(&c, str_of(h->w->show.stages[stage].arn));
		redis_arg_int(&c, EVICT_AT_ONCE);
		if (!stagehand_call(h, &c))
			return false;
	} while (reply_int(c.reply, 2) > 0);
	rule_stage_deleted(&h->w->show, stage);
	return true;
}

bool
stagehand_clean_up(struct stagehand *h)
{
	struct redis_call c;

	do {
		redis_call_init(&c, &h->arena, SCRIPT_EVICT);
		redis_arg_int(&c, EVICT_AT_ONCE);
		redis_arg(&c, STR(""));
		if (!stagehand_call(h, &c))
			return false;
	} while (reply_int(c.reply, 2) > 0);
	return true;
}

bool
stagehand_begin(struct stagehand *h)
{
	static const int32_t seats[STAGES] = { 400, 50, 50, 50, 20, 150, 150, 7, 200, 200,
		300, 1 };
	struct stage *s = h->w->show.stages;
	int i;

	for (i = 0; i < STAGES; i++) {
		snprintf(s[i].arn, sizeof(s[i].arn),
		    "arn:aws:ivs:ap-northeast-1:123456789012:stage/m%08llxx%02d",
		    (unsigned long long)h->w->run, i);
		s[i].seats = seats[i];
	}
	snprintf(s[0].arn, sizeof(s[0].arn), "%s", h->cfg->master_stage_arn.p);
	for (i = 0; i < STAGES; i++)
		if (!stagehand_make(h, i))
			return false;
	return stagehand_publisher(h, true);
}

bool
stagehand_settle(struct stagehand *h)
{
	struct records_queue queue = { 0 };
	struct pg *pg = pg_open(h->cfg);
	struct err err = ERR_INIT;
	bool ok;

	redis_pretend_time(h->redis, 0);
	ok = records_settle(h->redis, pg, &h->arena, SETTLE_MS, &err) &&
	     records_look(h->redis, &h->arena, &queue, &err);
	pg_close(pg);
	if (!ok)
		world_complain(h->w, "draining: %s", err.cause);
	else if (queue.waiting != 0 || queue.dead != 0)
		world_complain(h->w, "%lld records wait, %lld are dead",
		    (long long)queue.waiting, (long long)queue.dead);
	return h->w->complaint[0] == '\0';
}
