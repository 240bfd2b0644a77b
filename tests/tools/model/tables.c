/*
 * Watch time by hand. Each line is one viewer, alone in his show: what he and the clean-up do at
 * which second, and what his sessions must come to. The time-out is 60 s.
 *
 *   j join, any stage   t another token for his seat      m join the other stage: a move
 *   b heartbeat         l leave (wherever he sits)        M a move whose token is being made
 *   e clean-up          c that token exists               u it could not be made
 *
 * A time is seconds after the first join; b30-600/30 is one every 30 s up to 600.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/parse.h"
#include "domain/records.h"
#include "tests/tools/model/world.h"
#include "base/banned.h"

#define DAY_MS 86400000
#define EVENTS_MAX 8192
#define SESSIONS_EACH 16
#define STAGE_A 1
#define STAGE_B 2

static const struct line {
	const char *name, *events;
	const char *seconds; /* of each session, the oldest first */
} lines[] = {
	{ "a good-bye without a beat", "j0 l10", "10" },
	{ "a beat, a good-bye", "j0 b30 l60", "60" },
	{ "a crash: the last beat counts", "j0 b30 b60 b90 e200", "90" },
	{ "a token that nobody came for", "t0 e100", "0" },
	{ "there, and never heard of again", "j0 e100", "0" },
	{ "heard of once", "j0 b1 e100", "1" },
	{ "a long gap that nobody cleaned up", "j0 b30 b200 l210", "210" },
	{ "a long gap, cleaned up", "j0 b30 e100 b100 j110 b140 l150", "30 40" },
	{ "a gap of the time-out exactly", "j0 b30 e90 b90 l100", "100" },
	{ "a millisecond more", "j0 b30 e90.001 j91 l101", "30 10" },
	{ "the same beat twice and three times", "j0 b30 b30 b30 b60 b60 l61", "61" },
	{ "a good-bye after the time-out", "j0 b30 l120", "30" },
	{ "a good-bye after the clean-up", "j0 b30 e100 l120", "30" },
	{ "two good-byes", "j0 b30 l40 l50", "40" },
	{ "a beat after the good-bye", "j0 l40 b50 e200", "40" },
	{ "a hidden tab that beats each minute", "j0 b60-180/60 e120 l200", "200" },
	{ "a hidden tab, a second late", "j0 b30 e60 e90 b91 l100", "100" },
	{ "gone for 20 s, and back", "j0 b30 j50 b80 l90", "90" },
	{ "gone for 70 s, and back", "j0 b30 j100 b130 l140", "30 40" },
	{ "a move", "j0 b30 m45 b75 l80", "45 35" },
	{ "there and back", "j0 m10 m20 l30", "10 10 10" },
	{ "silent, then on another stage", "j0 b30 m100 l110", "30 10" },
	{ "two joins at once", "j0 j0 l5", "5" },
	{ "gone at once", "j0 l0", "0" },
	{ "less than a second", "j0 l0.999", "0" },
	{ "parts of seconds are dropped once, not at both ends", "j0.5 l10.4", "9" },
	{ "a day", "j0 b30-86400/30 l86400", "86400" },
	{ "three beats in a row, then silence", "j0 b1 b2 b3 e300", "3" },
	{ "cleaned up, back, and silent again", "j0 b30 e95 j95 e200", "30 0" },
	{ "a good-bye inside the time-out", "j0 b30 l89", "89" },
	{ "a good-bye at the time-out exactly", "j0 b30 l90", "90" },
	{ "a good-bye just after it", "j0 b30 l90.001", "30" },
	{ "a move whose token fails", "j0 b30 M40 u41 b60 l70", "70" },
	{ "a move whose token is slow", "j0 b30 M40 c43 b60 l70", "40 30" },
	{ "a move that nobody finishes", "j0 b30 M40 e200", "40 0" },
	{ "another token each minute", "j0 b30-600/30 t60-540/60 l600", "600" },
	{ "another token after silence", "j0 b30 t95 l100", "30 5" },
};

struct event {
	int64_t at_ms;
	char what;
};

struct table {
	const struct config *cfg;
	struct world *w;
	struct stagehand hand;
	struct pg *pg;
	int64_t began_ms; /* of the line of now */
	int person, stage, stage_a;
	int32_t session, token; /* the newest join; the one M made */
	int32_t next_session;
	int failed;
};

/* ---- reading a line ---- */

static int64_t
read_ms(struct str text)
{
	struct str fraction = text, whole = str_cut(&fraction, '.');
	int64_t s = 0, ms = 0, scale = 1;
	size_t i;

	INVARIANT(parse_i64(whole, 0, 10000000, &s));
	for (i = 0; fraction.p != NULL && i < 3; i++)
		scale *= i < fraction.n ? 1 : 10;
	if (fraction.p != NULL)
		INVARIANT(parse_i64(fraction, 0, 999, &ms));
	while (fraction.n > 1 && fraction.p[0] == '0')
		fraction = str_skip(fraction, 1);
	return s * 1000 + ms * scale;
}

static size_t
read_events(const char *text, struct event *ret)
{
	struct str rest = str_of(text);
	size_t n = 0;

	while (rest.n > 0) {
		struct str every = str_cut(&rest, ' ');
		struct str to = (struct str){ every.p + 1, every.n - 1 }, from;
		int64_t at, until, step = 1000;
		char what = every.p[0];

		every = to;
		to = (struct str){ every.p, every.n };
		from = str_cut(&to, '-');
		at = until = read_ms(from);
		if (to.p != NULL) {
			struct str by = to;

			until = read_ms(str_cut(&by, '/'));
			step = read_ms(by);
		}
		for (; at <= until; at += step) {
			INVARIANT(n < EVENTS_MAX);
			ret[n++] = (struct event){ at, what };
		}
	}
	return n;
}

/* In order of time; what is at the same time stays as it was written. */
static void
sort_events(struct event *e, size_t n)
{
	size_t i, j;

	for (i = 1; i < n; i++) {
		struct event one = e[i];

		for (j = i; j > 0 && e[j - 1].at_ms > one.at_ms; j--)
			e[j] = e[j - 1];
		e[j] = one;
	}
}

/* ---- doing what it says ---- */

static bool
join(struct table *t, int stage, bool later, int32_t participant)
{
	struct redis_call c = { .arena = &t->hand.arena };
	struct join j = { .user_id = world_user(t->w, c.arena, t->person),
		.stage_arn = world_arn(t->w, stage),
		.session_id = world_session(t->w, c.arena, t->next_session++),
		.participant_id = world_participant(c.arena, participant),
		.sure_later = later };
	struct err err = ERR_INIT;
	struct seat seat = { 0 };

	presence_join_ask(&c, &j);
	if (!stagehand_call(&t->hand, &c) || !presence_join_answer(c.reply, &seat, &err))
		return false;
	t->session = world_read_session(t->w, seat.session_id);
	t->stage = world_read_stage(t->w, seat.stage_arn);
	return true;
}

static bool
token(struct table *t, bool made)
{
	struct redis_call c = { .arena = &t->hand.arena };
	struct str user = world_user(t->w, c.arena, t->person);
	struct seat seat = { .stage_arn = world_arn(t->w, t->stage),
		.session_id = world_session(t->w, c.arena, t->session) };

	if (made)
		presence_confirm_ask(&c, user, &seat, STR("named"));
	else
		presence_unseat_ask(&c, user, &seat);
	if (!made)
		t->stage = t->stage_a;
	return stagehand_call(&t->hand, &c);
}

static bool
leave_or_beat(struct table *t, bool leave)
{
	struct redis_call c = { .arena = &t->hand.arena };

	if (leave)
		world_leave_ask(t->w, &c, t->person, t->stage, NOBODY);
	else
		presence_heartbeat_ask(
		    &c, world_user(t->w, c.arena, t->person), world_arn(t->w, t->stage));
	return stagehand_call(&t->hand, &c);
}

static bool
happen(struct table *t, char what)
{
	int other = t->stage == t->stage_a ? STAGE_B : t->stage_a;

	switch (what) {
	case 'j':
		return join(t, t->stage, false, 0);
	case 't':
		return join(t, t->stage, true, 1 + t->next_session) && token(t, true);
	case 'm':
		return join(t, other, false, 0);
	case 'M':
		return join(t, other, true, 0);
	case 'c':
	case 'u':
		return token(t, what == 'c');
	case 'e':
		return stagehand_clean_up(&t->hand);
	case 'b':
	case 'l':
		return leave_or_beat(t, what == 'l');
	}
	return false;
}

static bool
play(struct table *t, const char *text)
{
	static struct event events[EVENTS_MAX];
	size_t n = read_events(text, events), i;

	sort_events(events, n);
	t->stage = t->stage_a;
	for (i = 0; i < n; i++) {
		t->w->show.now = t->began_ms + events[i].at_ms;
		if (!happen(t, events[i].what)) {
			world_complain(t->w, "'%c' at %lld ms", events[i].what,
			    (long long)events[i].at_ms);
			return false;
		}
		arena_wipe(&t->hand.arena);
	}
	return true;
}

/* ---- what came of it ---- */

/* The seconds of his rows, the oldest first; an open one is -1. */
static size_t
watched(struct table *t, int64_t ret[SESSIONS_EACH])
{
	struct history_page page = { 0 };
	struct err err = ERR_INIT;
	size_t i;

	redis_pretend_time(t->hand.redis, 0);
	if (!records_settle(t->hand.redis, t->pg, &t->hand.arena, 10000, &err) ||
	    !records_history(t->pg, &t->hand.arena,
		world_user(t->w, &t->hand.arena, t->person), SESSIONS_EACH, 0, &page,
		&err))
		world_complain(t->w, "history: %s", err.cause);
	for (i = 0; i < page.n; i++)
		ret[i] = page.rows[page.n - 1 - i].watch_seconds;
	return page.n;
}

static bool
agrees(struct table *t, const char *wanted, int64_t slack, struct buf *said)
{
	struct str rest = str_of(wanted);
	int64_t got[SESSIONS_EACH], should;
	size_t n = watched(t, got), i;
	bool same = true;

	for (i = 0; i < n; i++) {
		buf_printf(said, i ? " %lld" : "%lld", (long long)got[i]);
		same = same && parse_i64(str_cut(&rest, ' '), 0, INT64_MAX, &should) &&
		       llabs(got[i] - should) <= slack;
	}
	return same && rest.n == 0 && n > 0;
}

static void
judge(struct table *t, const char *name, const char *wanted, int64_t slack, bool also)
{
	struct buf said;
	bool ok;

	buf_init(&said, &t->hand.arena, 1024);
	ok = agrees(t, wanted, slack, &said) && also && t->w->complaint[0] == '\0';
	printf("%s %-52s %.*s", ok ? "  ok " : "not ok", name, (int)said.n,
	    said.n > 0 ? said.p : "");
	printf(ok ? "\n" : " (should be %s) %s\n", wanted, t->w->complaint);
	t->failed += !ok;
	t->w->complaint[0] = '\0';
	arena_wipe(&t->hand.arena);
}

/* A day and more between two lines: nobody of one is there in the next. */
static void
next_viewer(struct table *t)
{
	t->person++;
	t->began_ms += 2 * DAY_MS;
}

static void
line(struct table *t, const struct line *l)
{
	next_viewer(t);
	judge(t, l->name, l->seconds, 1, play(t, l->events));
}

/* Whether the calls say so many seats, and the numbers of the stage so many views of so many. */
static bool
numbers_are(struct table *t, int64_t seats, int64_t views, int64_t unique)
{
	struct stage_stats stats = { 0 };
	struct viewer_page page = { 0 };
	struct redis_call c = { .arena = &t->hand.arena };
	struct err err = ERR_INIT;

	presence_list_ask(&c, world_arn(t->w, t->stage_a), 100, STR(""), STR(""));
	if (!stagehand_call(&t->hand, &c) ||
	    !presence_list_answer(c.reply, &t->hand.arena, &page, &err))
		return false;
	redis_pretend_time(t->hand.redis, 0);
	if (!records_settle(t->hand.redis, t->pg, &t->hand.arena, 10000, &err) ||
	    !records_stage_stats(
		t->pg, &t->hand.arena, world_arn(t->w, t->stage_a), 3650, &stats, &err))
		return false;
	if (page.seats == seats && page.viewers_now == seats &&
	    stats.total_views == views && stats.unique_viewers == unique)
		return true;
	world_complain(t->w, "seats %lld, viewers %lld, views %lld, unique %lld",
	    (long long)page.seats, (long long)page.viewers_now,
	    (long long)stats.total_views, (long long)stats.unique_viewers);
	return false;
}

/* One person: a tab, a second tab, another device, a reload, three minutes apart each. */
static void
definitions(struct table *t)
{
	bool ok;

	next_viewer(t);
	t->stage_a = 3;
	ok = play(t, "j0 b30-720/30 t180 t360 j540") && numbers_are(t, 1, 1, 1) &&
	     play(t, "l730");
	judge(t, "definitions: one seat, one person, one view", "730", 1, ok);
	next_viewer(t);
	t->stage_a = 4;
	ok = play(t, "j0 b30 j180 b210 t360 b390 j540 b570") && numbers_are(t, 1, 4, 1) &&
	     play(t, "l580");
	judge(
	    t, "definitions: silent in between: four views of one", "30 30 30 40", 1, ok);
	t->stage_a = STAGE_A;
}

static void
chain(struct table *t)
{
	bool ok;

	next_viewer(t);
	t->stage_a = 5;
	ok = play(t, "j0 b30-43170/30 t3600-43200/3600 j1800-41400/3600 e45-43195/50") &&
	     numbers_are(t, 1, 1, 1) && play(t, "l43200");
	judge(t, "12 tokens and 12 reloads in 12 hours", "43200", 2, ok);
	t->stage_a = STAGE_A;
}

int
model_tables(const struct config *cfg, int argc, char **argv)
{
	size_t n = sizeof(lines) / sizeof(*lines), i;
	struct table t = { .cfg = cfg, .person = -1, .stage_a = STAGE_A };
	struct stores *st = stores_open(cfg);

	(void)argc, (void)argv;
	t.w = world_new((int32_t)n + 3, (int32_t)(n + 3) * SESSIONS_EACH * 4);
	t.w->show.timeout = 60000;
	t.w->show.now = t.began_ms = clock_now_ms() - (int64_t)(2 * n + 10) * DAY_MS;
	t.pg = pg_open(cfg);
	stagehand_open(&t.hand, t.w, cfg);
	INVARIANT(cfg->heartbeat_timeout_s == 60);
	if (stores_begin(st, t.w, cfg) && stagehand_begin(&t.hand)) {
		for (i = 0; i < n; i++)
			line(&t, &lines[i]);
		definitions(&t);
		chain(&t);
	}
	printf("%d of %zu differ\n", t.failed, n + 3);
	stagehand_close(&t.hand);
	stores_close(st);
	pg_close(t.pg);
	return t.failed != 0 || t.w->complaint[0] != '\0';
}
