#include "tests/tools/model/rules.h"

#include <stdarg.h>

#include "base/banned.h"

#define UNSTARTED_MS 30000

const char *const fate_names[FATE_COUNT] = {
	[FATE_LEAVE] = "leave",
	[FATE_TIMEOUT] = "timeout",
	[FATE_MOVED] = "moved",
	[FATE_KICKED] = "kicked",
	[FATE_STAGE_DELETED] = "stage_deleted",
	[FATE_NEVER_STARTED] = "never_started",
};

static bool __attribute__((format(printf, 2, 3))) wrong(char *ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret, COMPLAINT_BYTES, fmt, ap);
	va_end(ap);
	return false;
}

/* ---- seats ---- */

static int
seat_of(const struct show *s, const struct viewer_state *p)
{
	return p->session == NOBODY ? NOWHERE : s->sessions[p->session].stage;
}

static void
end(struct show *s, int32_t session, int64_t at, enum fate fate)
{
	struct session *v = &s->sessions[session];

	v->left = at > v->joined ? at : v->joined;
	v->fate = (int16_t)fate;
}

static bool
silent(const struct show *s, const struct viewer_state *p)
{
	return p->session != NOBODY && p->beat < s->now - s->timeout;
}

static bool
never_heard(const struct show *s, const struct viewer_state *p)
{
	return p->session != NOBODY && p->beat == s->sessions[p->session].joined;
}

/* Whoever finds the stage full may have ended him. */
static bool
may_be_gone(const struct show *s, const struct viewer_state *p)
{
	return silent(s, p) || (never_heard(s, p) && p->beat < s->now - UNSTARTED_MS);
}

/* Silence ends a session at its last sign of life; one without any is none that began. */
static void
end_silent(struct show *s, struct viewer_state *p)
{
	end(s, p->session, p->beat,
	    never_heard(s, p) ? FATE_NEVER_STARTED : FATE_TIMEOUT);
	p->session = NOBODY;
}

static void
end_waiting(struct show *s, struct viewer_state *p)
{
	if (p->waiting != NOBODY)
		end(s, p->waiting, p->waiting_since, FATE_MOVED);
	p->waiting = NOBODY;
}

static bool
may_be_full(const struct show *s, int wanted)
{
	int i;

	for (i = 0; i < STAGES; i++)
		if ((wanted == ANYWHERE || wanted == i) && s->stages[i].known &&
		    s->stages[i].picture && !s->stages[i].draining)
			return true;
	return false;
}

static bool
viewers_fit(const struct show *s, int stage, int64_t viewers)
{
	return viewers >= 1 && viewers <= s->stages[stage].seats;
}

/* ---- join ---- */

/* He sits there, or anywhere will do: he keeps his seat and his session. */
static bool
keeps(struct show *s, struct viewer_state *p, int32_t session, int32_t participant,
    const struct join_said *said, char *ret)
{
	struct session *v = &s->sessions[p->session];
	bool again = session == p->session;

	if (said->word != WORD_OK || said->session != p->session ||
	    said->stage != v->stage || said->joined != v->joined ||
	    said->is_new != again || said->moved != (again && p->waiting != NOBODY))
		return wrong(ret,
		    "he keeps session %d on stage %d; said %d session %d stage %d "
		    "joined %lld new %d moved %d",
		    p->session, v->stage, said->word, said->session, said->stage,
		    (long long)said->joined, said->is_new, said->moved);
	if (again)
		return true;
	/* Asking is a sign of life, and later than the join whatever the clock says. */
	p->beat = s->now > v->joined ? s->now : v->joined + 1;
	if (participant != 0)
		v->participant = participant;
	return true;
}

static bool
refused(const struct show *s, struct round *r, int wanted, const struct join_said *said,
    char *ret)
{
	const struct stage *st = wanted >= 0 ? &s->stages[wanted] : NULL;
	enum word right = WORD_FULL;
	int i;

	if (st != NULL && !st->known)
		right = st->gone ? WORD_GONE : WORD_NONE;
	else if (wanted == NOWHERE)
		right = WORD_NONE;
	else if (!may_be_full(s, wanted))
		right = WORD_OFFLINE;
	if (said->word != right)
		return wrong(
		    ret, "a join of stage %d is refused as %d", wanted, said->word);
	for (i = 0; right == WORD_FULL && i < STAGES; i++)
		if (may_be_full(s, i) && (wanted == i || wanted == ANYWHERE))
			r->refused[i]++;
	return true;
}

static void
moves_away(struct show *s, struct viewer_state *p, bool later)
{
	end_waiting(s, p);
	if (p->session == NOBODY)
		return;
	if (later) {
		p->waiting = p->session;
		p->waiting_since = s->now;
	} else {
		end(s, p->session, s->now, FATE_MOVED);
	}
	p->session = NOBODY;
}

/* The answer is that of somebody who did not sit there any more. */
static bool
was_gone(const struct show *s, const struct viewer_state *p, int wanted,
    const struct join_said *said)
{
	if (!may_be_gone(s, p))
		return false;
	if (said->word == WORD_OK)
		return !said->moved && said->session != p->session;
	return wanted == ANYWHERE || wanted == seat_of(s, p);
}

bool
rule_join(struct show *s, struct round *r, int person, int wanted, int32_t session,
    int32_t participant, bool later, const struct join_said *said, char *ret)
{
	struct viewer_state *p = &s->people[person];
	bool sat;

	if (p->banned)
		return said->word == WORD_BANNED || wrong(ret, "a ban is ignored");
	if (silent(s, p) || was_gone(s, p, wanted, said))
		end_silent(s, p);
	sat = p->session != NOBODY;
	if (sat && (wanted == ANYWHERE || wanted == seat_of(s, p)))
		return keeps(s, p, session, participant, said, ret) &&
		       (viewers_fit(s, said->stage, said->viewers) ||
			   wrong(ret, "viewers now %lld", (long long)said->viewers));
	if (said->word != WORD_OK)
		return refused(s, r, wanted, said, ret);
	if (said->stage < 0 || (wanted != ANYWHERE && said->stage != wanted) ||
	    !may_be_full(s, said->stage))
		return wrong(ret, "seated on stage %d, wanted %d", said->stage, wanted);
	if (said->session != session || !said->is_new || said->joined != s->now ||
	    said->moved != sat || !viewers_fit(s, said->stage, said->viewers))
		return wrong(ret, "new session %d: said %d new %d moved %d viewers %lld",
		    session, said->session, said->is_new, said->moved,
		    (long long)said->viewers);
	moves_away(s, p, later);
	s->sessions[session] = (struct session){ .joined = s->now,
		.person = person,
		.participant = participant,
		.stage = (int16_t)said->stage,
		.fate = FATE_OPEN };
	p->session = session;
	/* A token may not be used; who comes without one is there. */
	p->beat = later ? s->now : s->now + 1;
	r->arrived[said->stage]++;
	return true;
}

/* ---- the others ---- */

bool
rule_heartbeat(struct show *s, struct round *r, int person, int stage, enum word word,
    int64_t viewers, char *ret)
{
	struct viewer_state *p = &s->people[person];
	bool here = stage >= 0 && seat_of(s, p) == stage;
	bool gone = stage >= 0 && s->stages[stage].gone;

	if (here && word == WORD_OK) {
		r->arrived[stage] += silent(s, p); /* he is back */
		p->beat = s->now;
		return viewers_fit(s, stage, viewers) ||
		       wrong(ret, "viewers now %lld", (long long)viewers);
	}
	if (word != (gone ? WORD_GONE : WORD_NONE))
		return wrong(ret, "a beat on stage %d, gone %d: %d", stage, gone, word);
	if (here && !may_be_gone(s, p))
		return wrong(ret, "a beat of a seated person on stage %d: none", stage);
	if (here)
		end_silent(s, p);
	return true;
}

bool
rule_leave(struct show *s, int person, int stage, bool left, char *ret)
{
	struct viewer_state *p = &s->people[person];
	bool was_there;

	if (stage >= 0 && seat_of(s, p) == stage) {
		was_there = !silent(s, p) && (left || !may_be_gone(s, p));
		if (was_there) {
			end(s, p->session, s->now, FATE_LEAVE);
			p->session = NOBODY;
			end_waiting(s, p);
		} else {
			end_silent(s, p);
		}
	} else {
		was_there = stage >= 0 && rule_waits_at(s, person) == stage;
		if (was_there)
			end_waiting(s, p);
	}
	return left == was_there || wrong(ret, "a leave of stage %d: %d", stage, left);
}

bool
rule_confirm(struct show *s, int person, int stage, int32_t session, int32_t participant,
    enum word word, bool noted, char *ret)
{
	struct viewer_state *p = &s->people[person];
	bool here = p->session == session && seat_of(s, p) == stage;

	if (p->banned || word == WORD_BANNED)
		return p->banned == (word == WORD_BANNED) ||
		       wrong(ret, "banned %d, said %d", p->banned, word);
	if (here && !noted && may_be_gone(s, p)) {
		end_silent(s, p);
		return true;
	}
	if (noted != here)
		return wrong(ret, "confirm of session %d: %d", session, noted);
	if (here || p->waiting == session)
		s->sessions[session].participant = participant;
	if (here)
		end_waiting(s, p);
	return true;
}

bool
rule_kick(
    struct show *s, int person, int32_t first, int32_t second, bool freed, char *ret)
{
	struct viewer_state *p = &s->people[person];
	bool told = p->session != NOBODY && (p->session == first || p->session == second);

	if (p->waiting != NOBODY && (p->waiting == first || p->waiting == second))
		end_waiting(s, p);
	if (told && !freed && may_be_gone(s, p)) {
		end_silent(s, p);
		return true;
	}
	if (freed != told || (told && silent(s, p)))
		return wrong(ret, "a kick freed %d, told %d", freed, told);
	if (told) {
		end(s, p->session, s->now, FATE_KICKED);
		p->session = NOBODY;
	}
	return true;
}

void
rule_ban(struct show *s, int person, bool banned)
{
	s->people[person].banned = banned;
}

bool
rule_unseat(struct show *s, struct round *r, int person, int stage, int32_t session,
    bool freed, bool back, char *ret)
{
	struct viewer_state *p = &s->people[person];
	bool here = p->session == session && seat_of(s, p) == stage;
	int from = rule_waits_at(s, person);
	const struct stage *st = from >= 0 ? &s->stages[from] : NULL;
	int64_t heard = here ? p->beat - s->sessions[session].joined : 0;

	if (!here)
		return !freed || wrong(ret, "unseat of session %d freed one", session);
	if (!freed && heard == 0 && may_be_gone(s, p)) {
		end_silent(s, p);
		return true;
	}
	if (!freed) {
		end_waiting(s, p);
		return heard > 0 || wrong(ret, "unseat of %d freed nothing", session);
	}
	if (heard > 0)
		return wrong(ret, "unseat of %d: he was heard of since", session);
	s->sessions[session].fate = FATE_VOID;
	p->session = NOBODY;
	if (st == NULL)
		return true;
	if (!back) {
		r->refused[from] += st->known;
		end_waiting(s, p);
		return true;
	}
	if (!st->known)
		return wrong(ret, "back on stage %d, which is deleted", from);
	p->session = p->waiting;
	p->beat = s->now;
	p->waiting = NOBODY;
	r->arrived[from]++;
	return true;
}

int
rule_waits_at(const struct show *s, int person)
{
	int32_t waiting = s->people[person].waiting;

	return waiting == NOBODY ? NOWHERE : s->sessions[waiting].stage;
}

bool
rule_is_silent(const struct show *s, int person)
{
	return silent(s, &s->people[person]);
}

/* ---- between rounds ---- */

void
rule_cleanup(struct show *s)
{
	int32_t i;

	for (i = 0; i < s->n_people; i++) {
		struct viewer_state *p = &s->people[i];

		if (p->waiting != NOBODY && p->waiting_since < s->now - s->timeout)
			end_waiting(s, p);
		if (silent(s, p))
			end_silent(s, p);
	}
}

void
rule_stage_deleted(struct show *s, int stage)
{
	int32_t i;

	for (i = 0; i < s->n_people; i++) {
		struct viewer_state *p = &s->people[i];

		if (seat_of(s, p) != stage)
			continue;
		if (silent(s, p)) {
			end_silent(s, p);
			continue;
		}
		end(s, p->session, s->now, FATE_STAGE_DELETED);
		p->session = NOBODY;
	}
	s->stages[stage].known = false;
	s->stages[stage].gone = true;
}

bool
rule_was_ended(struct show *s, int person)
{
	if (!may_be_gone(s, &s->people[person]))
		return false;
	end_silent(s, &s->people[person]);
	return true;
}

int64_t
rule_taken(const struct show *s, int stage)
{
	int64_t n = 0;
	int32_t i;

	for (i = 0; i < s->n_people; i++)
		n += seat_of(s, &s->people[i]) == stage && !silent(s, &s->people[i]);
	return n;
}

bool
rule_refusals(const struct show *s, int stage, int64_t taken_before,
    const struct round *sum, char *ret)
{
	int64_t most = taken_before + sum->arrived[stage];

	if (sum->refused[stage] == 0 || most >= s->stages[stage].seats)
		return true;
	return wrong(ret,
	    "stage %d was full for %lld, but %lld of %d seats at most were taken", stage,
	    (long long)sum->refused[stage], (long long)most, s->stages[stage].seats);
}
