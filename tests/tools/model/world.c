#include "tests/tools/model/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/banned.h"

const char *const op_names[OP_COUNT] = { "join", "move", "refresh", "repeat", "beat",
	"leave", "confirm", "unseat", "kick", "ban" };

void *
world_shared(size_t bytes)
{
	void *p =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	INVARIANT(p != MAP_FAILED);
	return p;
}

struct world *
world_new(int32_t people, int32_t sessions)
{
	struct world *w = world_shared(sizeof(*w));
	int32_t i;

	w->run = (uint64_t)clock_now_ms() & 0xffffffff;
	w->show.n_people = people;
	w->show.n_sessions = sessions;
	w->show.people = world_shared((size_t)people * sizeof(*w->show.people));
	w->show.sessions = world_shared((size_t)sessions * sizeof(*w->show.sessions));
	for (i = 0; i < people; i++)
		w->show.people[i] = (struct viewer_state){
			.session = NOBODY, .waiting = NOBODY, .token = NOBODY
		};
	return w;
}

struct str
world_user(const struct world *w, struct arena *a, int person)
{
	return str_printf(a, "m%08llx-%d", (unsigned long long)w->run, person);
}

struct str
world_session(const struct world *w, struct arena *a, int32_t session)
{
	return str_printf(
	    a, "%08llx-0000-4000-8000-%012d", (unsigned long long)w->run, session);
}

struct str
world_participant(struct arena *a, int32_t participant)
{
	return participant != 0 ? str_printf(a, "p%d", participant) : STR("");
}

static int32_t
read_number(struct str prefix, struct str text, int32_t below)
{
	int64_t n;

	if (!str_starts(text, prefix))
		return NOBODY;
	text = str_skip(text, prefix.n);
	while (text.n > 1 && text.p[0] == '0')
		text = str_skip(text, 1);
	return parse_i64(text, 0, below - 1, &n) ? (int32_t)n : NOBODY;
}

int32_t
world_read_user(const struct world *w, struct str text)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "m%08llx-", (unsigned long long)w->run);
	return read_number(str_of(prefix), text, w->show.n_people);
}

int32_t
world_read_session(const struct world *w, struct str text)
{
	char prefix[32];

	snprintf(
	    prefix, sizeof(prefix), "%08llx-0000-4000-8000-", (unsigned long long)w->run);
	return read_number(str_of(prefix), text, w->show.n_sessions);
}

int
world_read_stage(const struct world *w, struct str arn)
{
	int i;

	for (i = 0; i < STAGES; i++)
		if (str_is(arn, w->show.stages[i].arn))
			return i;
	return NOWHERE;
}

struct str
world_arn(const struct world *w, int stage)
{
	if (stage == ANYWHERE)
		return STR("");
	if (stage == NOWHERE)
		return STR("arn:aws:ivs:ap-northeast-1:123456789012:stage/noneofours");
	return str_of(w->show.stages[stage].arn);
}

static struct str
session_or_none(const struct world *w, struct arena *a, int32_t session)
{
	return session != NOBODY ? world_session(w, a, session) : STR("");
}

void
world_leave_ask(
    const struct world *w, struct redis_call *c, int person, int stage, int32_t session)
{
	redis_call_init(c, c->arena, SCRIPT_LEAVE);
	redis_arg(c, world_user(w, c->arena, person));
	redis_arg(c, world_arn(w, stage));
	redis_arg(c, session_or_none(w, c->arena, session));
}

void
world_kick_ask(const struct world *w, struct redis_call *c, int person, int32_t first,
    int32_t second)
{
	redis_call_init(c, c->arena, SCRIPT_KICK);
	redis_arg(c, world_user(w, c->arena, person));
	redis_arg(c, session_or_none(w, c->arena, first));
	redis_arg(c, session_or_none(w, c->arena, second));
}

uint64_t
dice_roll(struct dice *d)
{
	uint64_t z = (d->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int32_t
dice_below(struct dice *d, int32_t n)
{
	return (int32_t)(dice_roll(d) % (uint64_t)n);
}

bool
dice_percent(struct dice *d, int percent)
{
	return dice_below(d, 100) < percent;
}

void
world_complain(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->complaint[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(w->complaint, sizeof(w->complaint), fmt, ap);
	va_end(ap);
}
