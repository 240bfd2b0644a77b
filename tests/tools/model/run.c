/* The million steps: rounds, and what happens between them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "domain/records.h"
#include "tests/tools/model/world.h"
#include "base/banned.h"

#define PEOPLE_PER_WORKER 250
#define STEPS_PER_ROUND 5000
#define CLEANUP_MS 30000
#define DELETE_ROUND 4
#define DELETE_STAGE 5
#define BEGIN_MS 1700000000000
#define ARENA_BYTES (32u << 20)

struct run {
	const struct config *cfg;
	struct world *w;
	struct stores *stores;
	struct stagehand hand;
	struct dice dice;
	int64_t steps, most_s, started_ms, cleaned_ms;
	int64_t taken[STAGES]; /* when the round began */
	int pipe[WORKERS];     /* a byte there: a round; a byte back: done */
	pid_t workers[WORKERS], drainer;
};

/* ---- the show between rounds ---- */

/* Something happens to one stage between two rounds; the master only loses its picture. */
static bool
disturb(struct run *t)
{
	int i = dice_below(&t->dice, STAGES);
	struct stage *s = &t->w->show.stages[i];

	/* However short the run is. */
	if (t->w->round == DELETE_ROUND)
		return t->w->show.stages[DELETE_STAGE].known
			   ? stagehand_delete(&t->hand, DELETE_STAGE)
			   : true;
	if (i == 0)
		return stagehand_publisher(&t->hand, dice_percent(&t->dice, 80));
	if (!s->known || !s->picture || s->draining)
		return stagehand_make(&t->hand, i);
	switch (dice_below(&t->dice, 4)) {
	case 0:
		s->picture = false;
		return stagehand_change(&t->hand, i, "{\"picture\":false}");
	case 1:
		s->draining = true;
		return stagehand_change(&t->hand, i, "{\"state\":\"draining\"}");
	case 2:
		return stagehand_delete(&t->hand, i);
	default:
		return true;
	}
}

static bool
clean_up(struct run *t)
{
	if (!stagehand_clean_up(&t->hand))
		return false;
	rule_cleanup(&t->w->show);
	t->cleaned_ms = t->w->show.now;
	return true;
}

/* ---- processes ---- */

static void
work(struct run *t, int number, int fd)
{
	struct worker *k = worker_open(t->w, t->cfg, number);
	char byte;

	while (read(fd, &byte, 1) == 1) {
		if (!worker_round(k, STEPS_PER_ROUND / WORKERS))
			break;
		if (write(fd, "d", 1) != 1)
			break;
	}
	worker_close(k);
	close(fd);
	_exit(0);
}

static void
drain(struct run *t)
{
	struct records_result res;
	struct redis *redis = redis_open(t->cfg);
	struct pg *pg = pg_open(t->cfg);
	struct err err;
	struct arena arena;

	INVARIANT(arena_init(&arena, ARENA_BYTES));
	while (!__atomic_load_n(&t->w->drain_stop, __ATOMIC_ACQUIRE)) {
		err = ERR_INIT;
		if (records_drain(redis, pg, &arena, 1000, &res, &err))
			t->w->drained += res.entries;
		usleep(20000);
	}
	pg_close(pg);
	redis_close(redis);
	arena_clear(&arena);
	_exit(0);
}

static void
begin_processes(struct run *t)
{
	int i, pair[2];

	fflush(stdout);
	for (i = 0; i < WORKERS; i++) {
		INVARIANT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
		t->workers[i] = fork();
		if (t->workers[i] == 0) {
			close(pair[0]);
			while (i-- > 0)
				close(t->pipe[i]);
			for (i = 0; t->workers[i] != 0; i++)
				;
			work(t, i, pair[1]);
		}
		close(pair[1]);
		t->pipe[i] = pair[0];
	}
	t->drainer = fork();
	if (t->drainer != 0)
		return;
	for (i = 0; i < WORKERS; i++)
		close(t->pipe[i]);
	drain(t);
}

static void
end_processes(struct run *t)
{
	int i;

	for (i = 0; i < WORKERS; i++) {
		close(t->pipe[i]);
		waitpid(t->workers[i], NULL, 0);
	}
	__atomic_store_n(&t->w->drain_stop, 1, __ATOMIC_RELEASE);
	waitpid(t->drainer, NULL, 0);
}

/* ---- rounds ---- */

static bool
all_work(struct run *t)
{
	char byte;
	int i;

	memset(t->w->rounds, 0, sizeof(t->w->rounds));
	for (i = 0; i < WORKERS; i++)
		if (write(t->pipe[i], "r", 1) != 1)
			world_complain(t->w, "worker %d is gone", i);
	for (i = 0; i < WORKERS; i++)
		if (read(t->pipe[i], &byte, 1) != 1)
			world_complain(t->w, "worker %d died", i);
	return t->w->complaint[0] == '\0';
}

static bool
refusals_right(struct run *t)
{
	char why[COMPLAINT_BYTES];
	struct round sum = { 0 };
	int k, i;

	for (i = 0; i < STAGES; i++) {
		for (k = 0; k < WORKERS; k++) {
			sum.arrived[i] += t->w->rounds[k].arrived[i];
			sum.refused[i] += t->w->rounds[k].refused[i];
		}
		if (!rule_refusals(&t->w->show, i, t->taken[i], &sum, why)) {
			world_complain(
			    t->w, "round %lld: %s", (long long)t->w->round, why);
			return false;
		}
	}
	return true;
}

static bool
round_once(struct run *t)
{
	int64_t seats[STAGES];
	int i;

	for (i = 0; i < STAGES; i++)
		t->taken[i] = rule_taken(&t->w->show, i);
	if (!all_work(t) || !stores_compare(t->stores, t->w, seats) || !refusals_right(t))
		return false;
	t->w->show.now += 5000 + dice_below(&t->dice, 20000);
	if (!disturb(t))
		return false;
	if (t->w->show.now - t->cleaned_ms >= CLEANUP_MS && !clean_up(t))
		return false;
	arena_wipe(&t->hand.arena);
	return stores_compare(t->stores, t->w, seats);
}

static int64_t
elapsed_ms(const struct run *t)
{
	return clock_mono_ms() - t->started_ms;
}

static bool
rounds(struct run *t)
{
	int64_t n = (t->steps + STEPS_PER_ROUND - 1) / STEPS_PER_ROUND;

	if (!stagehand_begin(&t->hand))
		return false;
	while (t->w->round < n) {
		t->w->round++;
		if (!round_once(t))
			return false;
		if (t->most_s > 0 && elapsed_ms(t) > t->most_s * 1000)
			break;
	}
	return true;
}

/* ---- the end ---- */

static void
figures(const struct run *t, int64_t rows)
{
	const struct world *w = t->w;
	int64_t fates[FATE_COUNT] = { 0 }, sum = 0, of_op;
	int32_t i;
	int k, op;

	for (i = 0; i < w->show.n_sessions; i++)
		fates[w->show.sessions[i].fate]++;
	for (op = 0; op < OP_COUNT; op++) {
		for (of_op = 0, k = 0; k < WORKERS; k++)
			of_op += w->steps[k][op];
		printf("  %-14s %9lld\n", op_names[op], (long long)of_op);
		sum += of_op;
	}
	printf("  %-14s %9lld, %d workers, %lld rounds\n", "steps", (long long)sum,
	    WORKERS, (long long)w->round);
	for (i = FATE_LEAVE; i < FATE_COUNT; i++)
		printf("  ended %-14s %9lld\n", fate_names[i], (long long)fates[i]);
	printf(
	    "  open           %9lld\n  void           %9lld\n  rows           %9lld\n"
	    "  simulated      %9lld s\n  seconds        %11.1f\n  differences    %9d\n",
	    (long long)fates[FATE_OPEN], (long long)fates[FATE_VOID], (long long)rows,
	    (long long)(w->show.now - BEGIN_MS) / 1000, (double)elapsed_ms(t) / 1000,
	    w->complaint[0] != '\0');
}

static bool
run(struct run *t)
{
	int64_t rows = 0;
	bool ok;

	if (!stores_begin(t->stores, t->w, t->cfg))
		return false;
	t->started_ms = clock_mono_ms();
	begin_processes(t);
	ok = rounds(t);
	end_processes(t);
	ok = ok && stagehand_settle(&t->hand) &&
	     stores_compare_rows(t->stores, t->w, t->cfg, &rows);
	figures(t, rows);
	return ok;
}

/* steps STEPS [SECONDS [SEED]] */
int
model_steps(const struct config *cfg, int argc, char **argv)
{
	struct run t = { .cfg = cfg };
	int64_t seed = clock_now_ms() % 1000000;
	bool ok;

	if (argc < 1 || !parse_i64(str_of(argv[0]), 1, 100000000, &t.steps) ||
	    (argc > 1 && !parse_i64(str_of(argv[1]), 0, 86400, &t.most_s)) ||
	    (argc > 2 && !parse_i64(str_of(argv[2]), 0, INT64_MAX, &seed)))
		return 64;
	signal(SIGPIPE, SIG_IGN);
	t.w = world_new(
	    PEOPLE_PER_WORKER * WORKERS, (int32_t)(t.steps + STEPS_PER_ROUND + WORKERS));
	t.w->seed = (uint64_t)seed;
	t.w->show.timeout = cfg->heartbeat_timeout_s * 1000;
	t.w->show.now = t.cleaned_ms = BEGIN_MS;
	t.dice.state = (uint64_t)seed;
	stagehand_open(&t.hand, t.w, cfg);
	t.stores = stores_open(cfg);
	printf("seed %lld\n", (long long)seed);
	ok = run(&t);
	if (!ok)
		printf("FAILED with seed %lld: %s\n", (long long)seed, t.w->complaint);
	stores_close(t.stores);
	stagehand_close(&t.hand);
	return ok ? 0 : 1;
}
