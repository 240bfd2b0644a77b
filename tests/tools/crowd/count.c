#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/tools/crowd/count.h"
#include "base/banned.h"

#define PHASES_MAX 32
#define NAME_BYTES 32
#define STATUSES_MAX 12
#define SECONDS_MAX 3600
/* Times by octaves of 64 steps each: 1.6 % exact, up to a minute and more. */
#define STEPS 64
#define OCTAVES 22

enum fate { FATE_2XX, FATE_404, FATE_503, FATE_OTHER, FATE_NONE, FATE_COUNT };

struct status {
	char name[64]; /* "503 STAGE_FULL" */
	int64_t n;
};
struct tally {
	struct status statuses[STATUSES_MAX];
	uint32_t times[STEPS * OCTAVES];
	int64_t n, max_us, first_good_us, last_bad_us; /* -1: there was none */
	int64_t fives,
	    no_retry_after; /* 5xx but 503; 503 that do not say when to come again */
};
struct phase {
	char name[NAME_BYTES];
	int64_t begin_us;
	struct tally calls[CALL_COUNT];
};

static const char *const call_names[CALL_COUNT] = { "join", "beat", "rejoin", "leave" };
static struct phase *phases[PHASES_MAX];
static int phase_now = -1, phase_count;
static int64_t begin_us, begin_ms;
static uint32_t seconds[SECONDS_MAX][CALL_COUNT][FATE_COUNT];

void
count_begin(void)
{
	begin_us = clock_mono_us();
	begin_ms = clock_now_ms();
	count_phase("start");
}

bool
count_phase(const char *name)
{
	struct phase *p;
	int i;

	for (i = 0; i < phase_count; i++)
		if (strcmp(phases[i]->name, name) == 0) {
			phase_now = i;
			return true;
		}
	if (phase_count == PHASES_MAX || strlen(name) >= NAME_BYTES)
		return false;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return false;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->begin_us = clock_mono_us();
	for (i = 0; i < CALL_COUNT; i++)
		p->calls[i].first_good_us = p->calls[i].last_bad_us = -1;
	phases[phase_count] = p;
	phase_now = phase_count++;
	return true;
}

int
count_phase_now(void)
{
	return phase_now;
}

static size_t
step_of(int64_t us)
{
	uint64_t v = us < 0 ? 0 : (uint64_t)us;
	size_t octave = 0;

	while (v >= 2 * STEPS) {
		v >>= 1;
		octave++;
	}
	if (v >= STEPS) {
		octave++;
		v -= STEPS;
	}
	return octave >= OCTAVES ? STEPS * OCTAVES - 1 : octave * STEPS + v;
}

/* The largest time of a step. */
static int64_t
step_us(size_t step)
{
	size_t octave = step / STEPS, v = step % STEPS;

	if (octave == 0)
		return (int64_t)v;
	return (int64_t)(((v + STEPS + 1) << (octave - 1)) - 1);
}

static int64_t
percentile(const struct tally *t, double part)
{
	int64_t want = (int64_t)(part * (double)t->n), seen = 0;
	size_t i;

	for (i = 0; i < STEPS * OCTAVES; i++) {
		seen += t->times[i];
		if (seen > want || (seen == t->n && seen > 0))
			return step_us(i) < t->max_us ? step_us(i) : t->max_us;
	}
	return 0;
}

static void
add_status(struct tally *t, const struct answer *a)
{
	char name[sizeof(t->statuses[0].name)];
	size_t i;

	snprintf(name, sizeof(name), "%d%s%.40s", a->status,
	    a->code[0] != '\0' ? " " : "", a->code);
	for (i = 0; i < STATUSES_MAX - 1; i++)
		if (t->statuses[i].n == 0 || strcmp(t->statuses[i].name, name) == 0)
			break;
	if (t->statuses[i].n == 0)
		snprintf(t->statuses[i].name, sizeof(name), "%s",
		    i < STATUSES_MAX - 1 ? name : "others");
	t->statuses[i].n++;
}

static enum fate
fate_of(int status)
{
	if (status == 0)
		return FATE_NONE;
	if (status / 100 == 2)
		return FATE_2XX;
	if (status == 404)
		return FATE_404;
	return status == 503 ? FATE_503 : FATE_OTHER;
}

void
count_answer(const struct answer *a)
{
	struct phase *p = phases[a->phase];
	struct tally *t = &p->calls[a->call];
	enum fate fate = fate_of(a->status);
	int64_t us = a->at_us - a->due_us, second = (a->at_us - begin_us) / 1000000;

	t->n++;
	t->times[step_of(us)]++;
	if (us > t->max_us)
		t->max_us = us;
	if (fate != FATE_2XX)
		t->last_bad_us = a->due_us - p->begin_us;
	else if (t->first_good_us < 0)
		t->first_good_us = a->at_us - p->begin_us;
	if (a->status >= 500 && a->status != 503)
		t->fives++;
	if (a->status == 503 && !a->retry_after)
		t->no_retry_after++;
	add_status(t, a);
	if (second >= 0 && second < SECONDS_MAX)
		seconds[second][a->call][fate]++;
}

static json_t *
ms_or_null(int64_t us)
{
	return us < 0 ? json_null() : json_integer(us / 1000);
}

static json_t *
tally_json(const struct tally *t)
{
	json_t *statuses = json_object();
	int64_t by_fate[FATE_COUNT] = { 0 };
	size_t i;

	for (i = 0; i < STATUSES_MAX && t->statuses[i].n > 0; i++) {
		int status = (int)strtol(t->statuses[i].name, NULL, 10);

		json_object_set_new(
		    statuses, t->statuses[i].name, json_integer(t->statuses[i].n));
		by_fate[fate_of(status)] += t->statuses[i].n;
	}
	return json_pack(
	    "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:f, s:f, s:f, "
	    "s:o, s:o}",
	    "n", (json_int_t)t->n, "good", (json_int_t)by_fate[FATE_2XX], "n404",
	    (json_int_t)by_fate[FATE_404], "n503", (json_int_t)by_fate[FATE_503], "other",
	    (json_int_t)by_fate[FATE_OTHER], "none", (json_int_t)by_fate[FATE_NONE],
	    "fives", (json_int_t)t->fives, "noRetryAfter", (json_int_t)t->no_retry_after,
	    "statuses", statuses, "p50", (double)percentile(t, 0.5) / 1e3, "p95",
	    (double)percentile(t, 0.95) / 1e3, "p99", (double)percentile(t, 0.99) / 1e3,
	    "max", (double)t->max_us / 1e3, "firstGoodMs", ms_or_null(t->first_good_us),
	    "lastBadMs", ms_or_null(t->last_bad_us));
}

static json_t *
seconds_json(void)
{
	json_t *all = json_array();
	int s, c;

	for (s = 0; s < SECONDS_MAX; s++)
		for (c = 0; c < CALL_COUNT; c++) {
			const uint32_t *n = seconds[s][c];

			if (n[0] + n[1] + n[2] + n[3] + n[4] > 0)
				json_array_append_new(
				    all, json_pack("[i, s, i, i, i, i, i]", s,
					     call_names[c], n[FATE_2XX], n[FATE_404],
					     n[FATE_503], n[FATE_OTHER], n[FATE_NONE]));
		}
	return all;
}

bool
count_write(const char *path, const struct people_now *people)
{
	json_t *all = json_object(), *root;
	int i, c, failed;

	for (i = 0; i < phase_count; i++) {
		json_t *phase = json_pack("{s:I}", "beginMs",
		    (json_int_t)(begin_ms + (phases[i]->begin_us - begin_us) / 1000));

		for (c = 0; c < CALL_COUNT; c++)
			json_object_set_new(
			    phase, call_names[c], tally_json(&phases[i]->calls[c]));
		json_object_set_new(all, phases[i]->name, phase);
		free(phases[i]);
	}
	root = json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:I, s:o}", "people",
	    "acknowledged", (json_int_t)people->acknowledged, "seated",
	    (json_int_t)people->seated, "killed", (json_int_t)people->killed, "left",
	    (json_int_t)people->left, "refused", (json_int_t)people->refused, "unsent",
	    (json_int_t)people->unsent, "phases", all, "beginMs", (json_int_t)begin_ms,
	    "seconds", seconds_json());
	failed = json_dump_file(root, path, JSON_COMPACT);
	json_decref(root);
	return failed == 0;
}
