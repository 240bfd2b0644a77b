/* Requests that cannot be answered yet (conns.h). */
#include "web/conns_private.h"

#include "base/clock.h"
#include "base/banned.h"

int
conns_try_left(const struct conns *cs)
{
	int64_t at = cs->try_ms, left;
	const struct conn *c = TAILQ_FIRST(&cs->parked);

	if (c == NULL)
		return -1;
	if (at > c->deadline_ms)
		at = c->deadline_ms;
	left = cs->stopped ? 0 : at - clock_mono_ms();
	return left > 0 ? (int)left : 0;
}

static void
unpark(struct conns *cs, struct conn *c)
{
	cs->n_parked--;
	conn_move(c, &cs->ready, 0);
	c->body_at = 0;
}

/* Should it not be parked again the next one is due at once: a seat may not have come alone. */
struct conn *
conns_next_parked(struct conns *cs)
{
	struct conn *c = TAILQ_FIRST(&cs->parked);

	if (conns_try_left(cs) != 0)
		return NULL;
	cs->try_ms = clock_mono_ms();
	unpark(cs, c);
	return c;
}

int64_t
conn_parked_us(const struct conn *c)
{
	return c->parked_us;
}

/* In the order of their deadlines: one that is parked again comes first again. */
static void
insert_parked(struct conns *cs, struct conn *c)
{
	struct conn *other;

	TAILQ_REMOVE(c->list, c, link);
	c->list = &cs->parked;
	other = TAILQ_FIRST(&cs->parked);
	while (other != NULL && other->deadline_ms <= c->deadline_ms)
		other = TAILQ_NEXT(other, link);
	if (other != NULL)
		TAILQ_INSERT_BEFORE(other, c, link);
	else
		TAILQ_INSERT_TAIL(&cs->parked, c, link);
}

bool
conns_park(struct conns *cs, struct conn *c, int64_t since_us, int64_t limit_ms)
{
	int64_t now = clock_mono_ms(), until_ms = since_us / 1000 + limit_ms;
	bool first = c->parked_us == 0;

	/* epoll then tells of a peer that hung up alone: all it sent was read. */
	if (cs->stopped || now >= until_ms || cs->n_parked >= CONNS_PARKED_MAX ||
	    !conn_watch(cs, c, 0))
		return false;
	c->parked_us = since_us;
	c->deadline_ms = until_ms;
	insert_parked(cs, c);
	if (cs->n_parked++ == 0 || !first)
		cs->try_ms = now + CONNS_TRY_MS;
	return true;
}

void
conns_hung_up(struct conns *cs, struct conn *c)
{
	cs->n_parked--;
	conn_drop(cs, c);
}
