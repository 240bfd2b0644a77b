/*
 * Two connections at once: a viewer joins again while his good-bye or his time-out is still on its
 * way. His second session stays; his first ends, once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "tests/tools/model/world.h"
#include "base/banned.h"

#define BEGIN_MS 1710000000000
#define SIDES 2
#define DOINGS 3

enum doing { JOIN_2, LEAVE_1, TIME_OUT };

struct race {
	struct world *w;
	struct stagehand side[SIDES];
	struct dice dice;
	bool leave_knows; /* a leave that names a session leaves another alone */
	/* The one of now; sessions 2n and 2n + 1. */
	int32_t n;
	int x, y; /* stages of the first and of the second session */
	bool silent;
	bool token; /* the first join is for a token: nobody was heard of yet */
	enum doing order[DOINGS];
	int by[DOINGS]; /* which side does it */
};

/* What the sides tell each other; in shared memory. */
static struct told {
	int32_t joined; /* session that the second join was answered with */
	bool left;	/* the leave found him */
} * told;

/* ---- calls ---- */

static bool
join(struct race *t, struct stagehand *h, int stage, int32_t session, bool token,
    int32_t *ret)
{
	struct redis_call c = { .arena = &h->arena };
	struct join j = { .user_id = world_user(t->w, &h->arena, t->n),
		.stage_arn = world_arn(t->w, stage),
		.session_id = world_session(t->w, &h->arena, session),
		.sure_later = token };
	struct err err = ERR_INIT;
	struct seat seat = { 0 };

	presence_join_ask(&c, &j);
	if (!stagehand_call(h, &c))
		return false;
	if (!presence_join_answer(c.reply, &seat, &err)) {
		world_complain(t->w, "race %d: no seat: %s", t->n, err.cause);
		return false;
	}
	*ret = world_read_session(t->w, seat.session_id);
	return true;
}

static bool
leave(struct race *t, struct stagehand *h, int stage, int32_t session, bool *ret)
{
	struct redis_call c = { .arena = &h->arena };

	world_leave_ask(t->w, &c, t->n, stage, session);
	if (!stagehand_call(h, &c))
		return false;
	*ret = reply_int(c.reply, 1) == 1;
	return true;
}

/* One side does its part of the doings, one call after the other. */
static void
run_side(struct race *t, int side)
{
	struct stagehand *h = &t->side[side];
	int i;

	for (i = 0; i < DOINGS; i++) {
		if (t->by[i] != side)
			continue;
		if (t->order[i] == JOIN_2)
			(void)join(t, h, t->y, 2 * t->n + 1, false, &told->joined);
		else if (t->order[i] == LEAVE_1)
			(void)leave(t, h, t->x, 2 * t->n, &told->left);
		else
			(void)stagehand_clean_up(h);
	}
	arena_wipe(&h->arena);
}

/* ---- one race ---- */

static void
draw(struct race *t)
{
	int i, j;

	t->x = 1 + dice_below(&t->dice, 2);
	t->y = 1 + dice_below(&t->dice, 2);
	t->silent = dice_percent(&t->dice, 50);
	t->token = dice_percent(&t->dice, 50);
	for (i = 0; i < DOINGS; i++)
		t->order[i] = (enum doing)i;
	for (i = DOINGS - 1; i > 0; i--) {
		enum doing d = t->order[i];

		j = dice_below(&t->dice, i + 1);
		t->order[i] = t->order[j];
		t->order[j] = d;
	}
	for (i = 0; i < DOINGS; i++)
		t->by[i] = dice_below(&t->dice, SIDES);
}

static void
closed(struct race *t, int32_t session, int stage, int64_t joined, int64_t left,
    enum fate fate)
{
	t->w->show.sessions[session] = (struct session){ .joined = joined,
		.left = left,
		.person = t->n,
		.stage = (int16_t)stage,
		.fate = (int16_t)fate };
}

/* What must be so after both sides; the second session, if it stayed, says good-bye. */
static bool
judge(struct race *t, int64_t began)
{
	bool second = told->joined == 2 * t->n + 1, stays = false;
	int64_t now = t->w->show.now;

	if (!second && (told->joined != 2 * t->n || t->x != t->y || t->silent)) {
		world_complain(t->w, "race %d: joined as %d", t->n, told->joined);
		return false;
	}
	if (t->silent)
		closed(t, 2 * t->n, t->x, began, t->token ? began : began + 1,
		    t->token ? FATE_NEVER_STARTED : FATE_TIMEOUT);
	else
		closed(
		    t, 2 * t->n, t->x, began, now, told->left ? FATE_LEAVE : FATE_MOVED);
	if (!leave(t, &t->side[0], t->y, 2 * t->n + 1, &stays))
		return false;
	if (second)
		closed(t, 2 * t->n + 1, t->y, now, now, FATE_LEAVE);
	/* Without a session a good-bye to the same stage is one to whatever he has there. */
	if (second && !stays && (t->x != t->y || t->leave_knows)) {
		world_complain(t->w, "race %d: the second session is gone", t->n);
		return false;
	}
	/* One session for both joins: then the good-bye came after, and ended it. */
	if (!second && (stays || !told->left)) {
		world_complain(t->w, "race %d: his one session stays", t->n);
		return false;
	}
	return t->w->complaint[0] == '\0';
}

static bool
race_once(struct race *t, int other)
{
	int32_t first;
	char byte;

	t->w->show.now = BEGIN_MS;
	if (!join(t, &t->side[0], t->x, 2 * t->n, t->token, &first))
		return false;
	t->w->show.now += t->silent ? t->w->show.timeout + 2 : 1000;
	told->left = false;
	told->joined = NOBODY;
	if (write(other, "g", 1) != 1)
		return false;
	run_side(t, 0);
	return read(other, &byte, 1) == 1 && judge(t, BEGIN_MS);
}

static void
other_side(struct race *t, int32_t n, int fd)
{
	char byte;

	for (t->n = 0; t->n < n; t->n++) {
		draw(t);
		if (read(fd, &byte, 1) != 1)
			break;
		run_side(t, 1);
		if (write(fd, "d", 1) != 1)
			break;
	}
	_exit(0);
}

static bool
races(struct race *t, int32_t n)
{
	int pair[2];
	bool ok = true;
	pid_t pid;

	INVARIANT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		other_side(t, n, pair[1]);
	}
	close(pair[1]);
	for (t->n = 0; ok && t->n < n; t->n++) {
		draw(t);
		ok = race_once(t, pair[0]);
	}
	close(pair[0]);
	waitpid(pid, NULL, 0);
	return ok;
}

/* ---- the records: each session ends once ---- */

static bool
count_ends(struct race *t, struct stores *st)
{
	int32_t n = t->w->show.n_sessions;
	char *ends = calloc((size_t)n, 1);
	bool ok;
	int32_t i;

	INVARIANT(ends != NULL);
	ok = stores_count_ends(st, t->w, ends);
	for (i = 0; i < n && ok; i++)
		if (ends[i] != (t->w->show.sessions[i].fate != FATE_UNUSED)) {
			world_complain(
			    t->w, "session %d ended %d times", i, (int)ends[i]);
			ok = false;
		}
	free(ends);
	return ok;
}

/* Join, and say good-bye to a session that never was: is the seat still there? */
static bool
ask_leave(struct race *t)
{
	int32_t session;
	bool left = false;

	t->w->show.now = BEGIN_MS;
	t->n = t->w->show.n_people - 1;
	if (!join(t, &t->side[0], 1, 2 * t->n, false, &session) ||
	    !leave(t, &t->side[0], 1, 2 * t->n + 1, &left))
		return false;
	t->leave_knows = !left;
	closed(t, 2 * t->n, 1, BEGIN_MS, BEGIN_MS, FATE_LEAVE);
	return left || leave(t, &t->side[0], 1, 2 * t->n, &left);
}

static bool
run(struct race *t, const struct config *cfg, int32_t n)
{
	int64_t started_ms = clock_mono_ms(), rows = 0, both = 0;
	struct stores *st = stores_open(cfg);
	int32_t i;
	bool ok;

	ok = stores_begin(st, t->w, cfg) && stagehand_begin(&t->side[0]) &&
	     ask_leave(t) && races(t, n) && count_ends(t, st) &&
	     stagehand_settle(&t->side[0]) && stores_compare_rows(st, t->w, cfg, &rows);
	for (i = 0; i < n; i++)
		both += t->w->show.sessions[2 * i + 1].fate != FATE_UNUSED;
	printf("  races          %9d\n  two sessions   %9lld\n  rows           %9lld\n"
	       "  leave by session %7s\n  seconds        %11.1f\n  differences    %9d\n",
	    n, (long long)both, (long long)rows, t->leave_knows ? "yes" : "no",
	    (double)(clock_mono_ms() - started_ms) / 1000, t->w->complaint[0] != '\0');
	stores_close(st);
	return ok;
}

/* races NUMBER [SEED] */
int
model_races(const struct config *cfg, int argc, char **argv)
{
	int64_t n, seed = clock_now_ms() % 1000000;
	struct race t = { 0 };
	bool ok;
	int i;

	if (argc < 1 || !parse_i64(str_of(argv[0]), 1, 10000000, &n) ||
	    (argc > 1 && !parse_i64(str_of(argv[1]), 0, INT64_MAX, &seed)))
		return 64;
	t.w = world_new((int32_t)n + 1, (int32_t)n * 2 + 2);
	told = world_shared(sizeof(*told));
	t.w->show.timeout = cfg->heartbeat_timeout_s * 1000;
	t.dice.state = (uint64_t)seed;
	for (i = 0; i < SIDES; i++)
		stagehand_open(&t.side[i], t.w, cfg);
	printf("seed %lld\n", (long long)seed);
	ok = run(&t, cfg, (int32_t)n);
	if (!ok)
		printf("FAILED with seed %lld: %s\n", (long long)seed, t.w->complaint);
	for (i = 0; i < SIDES; i++)
		stagehand_close(&t.side[i]);
	return ok ? 0 : 1;
}
