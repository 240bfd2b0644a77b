#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/tools/crowd/people.h"
#include "base/banned.h"

#define PEOPLE_MAX 1000000
#define STAGES_MAX 256
#define TASKS_MAX 16
#define QUEUE_MAX 65536

enum state { STATE_OUT, STATE_SEATED, STATE_LEAVING, STATE_LEFT, STATE_KILLED };

struct viewer {
	enum state state;
	bool busy;		      /* a call of his is under way or due */
	int stage;		      /* -1: the server chose, and has not said yet */
	int64_t sent_ms, answered_ms; /* of his last good call */
	char participant[48];
};
struct task {
	enum call call;
	uint32_t left;
	double rate;
	int64_t begin_us;
	uint32_t done;
};

static struct viewer *viewers;
static uint32_t viewer_count, seated, cursor, leave_cursor;
static const char *prefix;
static FILE *log_file;
static char *stages[STAGES_MAX];
static int stage_count, stages_given;
static enum way way = WAY_REJOIN;
static bool rejoins;
static struct task tasks[TASKS_MAX];
static struct request queue[QUEUE_MAX];
static uint32_t queue_at, queue_n;
static int64_t open_calls[CALL_COUNT]; /* due or under way */
static int64_t interval_us, beat_us;
static double beats_due;
static struct people_now now;

void
people_open(const char *user_prefix, const char *ack_log)
{
	prefix = user_prefix;
	viewers =
	    calloc(PEOPLE_MAX, sizeof(*viewers)); /* pages come when they are used */
	log_file = fopen(ack_log, "w");
	if (viewers == NULL || log_file == NULL) {
		perror(ack_log);
		exit(1);
	}
	setvbuf(log_file, NULL, _IOLBF, BUFSIZ); /* it may be read at any time */
}

static int
stage_index(const char *arn, size_t n)
{
	int i;

	for (i = 0; i < stage_count; i++)
		if (strlen(stages[i]) == n && memcmp(stages[i], arn, n) == 0)
			return i;
	if (stage_count == STAGES_MAX)
		return -1;
	stages[stage_count] = strndup(arn, n);
	return stages[stage_count] == NULL ? -1 : stage_count++;
}

bool
people_stage(const char *arn)
{
	bool ok = stage_index(arn, strlen(arn)) >= 0;

	stages_given = stage_count;
	return ok;
}

void
people_way(enum way w)
{
	way = w;
}

void
people_rejoin(bool on)
{
	rejoins = on;
}

static bool
task_begin(enum call call, uint32_t n, double rate)
{
	int i;

	for (i = 0; i < TASKS_MAX; i++)
		if (tasks[i].left == 0) {
			tasks[i] = (struct task){ .call = call,
				.left = n,
				.rate = rate,
				.begin_us = clock_mono_us() };
			return true;
		}
	return false;
}

bool
people_join(uint32_t n, double rate)
{
	return task_begin(CALL_JOIN, n, rate);
}

bool
people_leave(uint32_t n, double rate)
{
	return task_begin(CALL_LEAVE, n, rate);
}

void
people_kill(uint32_t n)
{
	uint32_t i;

	for (i = 0; i < viewer_count && n > 0; i++)
		if (viewers[i].state == STATE_SEATED) {
			viewers[i].state = STATE_KILLED;
			seated--;
			now.killed++;
			n--;
		}
}

void
people_beat(int64_t interval_ms)
{
	interval_us = interval_ms * 1000;
	beat_us = clock_mono_us();
	beats_due = 0;
}

static void
due(enum call call, uint32_t viewer, int64_t due_us)
{
	struct request *rq = &queue[(queue_at + queue_n) % QUEUE_MAX];

	if (queue_n == QUEUE_MAX) {
		now.unsent++;
		return;
	}
	queue_n++;
	*rq = (struct request){ .call = call,
		.phase = count_phase_now(),
		.viewer = viewer,
		.due_us = due_us };
	viewers[viewer].busy = true;
	open_calls[call]++;
}

/* The viewer whose turn it is for that call; -1: nobody. */
static int64_t
next_viewer(enum call call)
{
	uint32_t i;

	if (call == CALL_JOIN) {
		if (viewer_count == PEOPLE_MAX)
			return -1;
		viewers[viewer_count].stage =
		    stages_given > 0 ? (int)(viewer_count % (uint32_t)stages_given) : -1;
		return viewer_count++;
	}
	while (leave_cursor < viewer_count && viewers[leave_cursor].state != STATE_SEATED)
		leave_cursor++;
	/* Nobody leaves while a heartbeat of his is on its way. */
	for (i = leave_cursor; i < viewer_count; i++)
		if (viewers[i].state == STATE_SEATED && !viewers[i].busy) {
			viewers[i].state = STATE_LEAVING;
			seated--;
			return i;
		}
	return -1;
}

static void
task_turn(struct task *t, int64_t at_us)
{
	while (t->left > 0) {
		int64_t due_us = at_us, viewer;

		if (t->rate > 0)
			due_us = t->begin_us + (int64_t)((double)t->done * 1e6 / t->rate);
		else if (queue_n > 0 || !http_has_room())
			return;
		if (due_us > at_us)
			return;
		viewer = next_viewer(t->call);
		if (viewer < 0) {
			t->left = 0;
			return;
		}
		t->left--;
		t->done++;
		due(t->call, (uint32_t)viewer, due_us);
		if (t->rate <= 0)
			return; /* it goes out first, so that the next one knows of room */
	}
}

static void
beat_turn(int64_t at_us)
{
	uint32_t looked;

	if (interval_us == 0 || viewer_count == 0)
		return;
	beats_due += (double)(at_us - beat_us) * seated / (double)interval_us;
	beat_us = at_us;
	for (; beats_due >= 1; beats_due--) {
		for (looked = 0; looked < viewer_count; looked++) {
			cursor = (cursor + 1) % viewer_count;
			if (viewers[cursor].state == STATE_SEATED)
				break;
		}
		if (looked == viewer_count)
			return;
		if (!viewers[cursor].busy)
			due(CALL_BEAT, cursor, at_us);
	}
}

static void
send_next(void)
{
	static const char *const paths[CALL_COUNT] = { "/api/viewer/rejoin",
		"/api/viewer/heartbeat", "/api/viewer/rejoin", "/api/viewer/leave" };
	struct request rq = queue[queue_at];
	const struct viewer *v = &viewers[rq.viewer];
	const char *path = paths[rq.call];
	char body[HTTP_BODY_BYTES], stage[256] = "", participant[96] = "";

	queue_at = (queue_at + 1) % QUEUE_MAX;
	queue_n--;
	if (v->stage >= 0)
		snprintf(stage, sizeof(stage), ",\"stageArn\":\"%s\"", stages[v->stage]);
	if (rq.call == CALL_JOIN && way == WAY_TOKEN)
		path = "/api/token/viewer";
	else if (rq.call == CALL_JOIN || rq.call == CALL_REJOIN)
		snprintf(participant, sizeof(participant), ",\"participantId\":\"%s\"",
		    v->participant[0] != '\0' ? v->participant : "crowd");
	snprintf(body, sizeof(body), "{\"userId\":\"%s-%u\"%s%s}", prefix, rq.viewer + 1,
	    stage, participant);
	http_send(&rq, path, body);
}

bool
people_turn(void)
{
	bool soon = interval_us > 0;
	int i, sent = 0;

	do {
		int64_t at_us = clock_mono_us();

		for (i = 0; i < TASKS_MAX; i++)
			if (tasks[i].left > 0) {
				soon = true;
				task_turn(&tasks[i], at_us);
			}
		beat_turn(at_us);
		if (queue_n == 0 || !http_has_room())
			break;
		while (queue_n > 0 && http_has_room()) {
			send_next();
			sent++;
		}
	} while (sent < 4096);
	return soon || queue_n > 0;
}

bool
people_quiet(void)
{
	int64_t n = 0;
	int i;

	for (i = 0; i < TASKS_MAX; i++)
		n += tasks[i].left;
	for (i = 0; i < CALL_COUNT; i++)
		if (i != CALL_BEAT || interval_us == 0)
			n += open_calls[i];
	return n == 0;
}

/* The text of a member of the answer: "" when there is none. */
static void
member(const char *body, const char *name, char *out, size_t size)
{
	char want[40];
	const char *p;
	size_t n = 0;

	snprintf(want, sizeof(want), "\"%s\":\"", name);
	p = body == NULL ? NULL : strstr(body, want);
	for (p = p == NULL ? "" : p + strlen(want);
	     p[n] != '\0' && p[n] != '"' && n < size - 1;)
		n++;
	memcpy(out, p, n);
	out[n] = '\0';
}

static void
note(const char *what, uint32_t viewer, int64_t sent_ms, int64_t answered_ms)
{
	const struct viewer *v = &viewers[viewer];

	fprintf(log_file, "%s %s-%u %s %s %lld %lld\n", what, prefix, viewer + 1,
	    v->stage >= 0 ? stages[v->stage] : "-",
	    v->participant[0] != '\0' ? v->participant : "-", (long long)sent_ms,
	    (long long)answered_ms);
}

/* He has a seat: for the first time, or again. */
static void
sits_down(const struct request *rq, const char *body)
{
	struct viewer *v = &viewers[rq->viewer];
	char text[256];

	member(body, "participantId", text, sizeof(text));
	if (text[0] != '\0')
		snprintf(v->participant, sizeof(v->participant), "%.47s", text);
	member(body, "stageArn", text, sizeof(text));
	if (text[0] != '\0')
		v->stage = stage_index(text, strlen(text));
	if (v->state == STATE_OUT) {
		v->state = STATE_SEATED;
		seated++;
		now.acknowledged++;
	}
	note(rq->call == CALL_JOIN ? "join" : "rejoin", rq->viewer, rq->sent_ms,
	    v->answered_ms);
}

static void
went_well(const struct request *rq, const char *body)
{
	struct viewer *v = &viewers[rq->viewer];

	v->sent_ms = rq->sent_ms;
	v->answered_ms = clock_now_ms();
	if (rq->call == CALL_JOIN || rq->call == CALL_REJOIN)
		sits_down(rq, body);
	if (rq->call != CALL_LEAVE)
		return;
	v->state = STATE_LEFT;
	now.left++;
	note("leave", rq->viewer, rq->sent_ms, v->answered_ms);
}

void
people_answered(const struct request *rq, int status, bool retry_after, const char *body)
{
	struct viewer *v = &viewers[rq->viewer];
	struct answer a = { .call = rq->call,
		.phase = rq->phase,
		.status = status,
		.retry_after = retry_after,
		.due_us = rq->due_us,
		.at_us = clock_mono_us() };
	char code[48] = "";

	v->busy = false;
	open_calls[rq->call]--;
	if (status / 100 != 2)
		member(body, "code", code, sizeof(code));
	a.code = code;
	count_answer(&a);
	if (status / 100 == 2)
		went_well(rq, body);
	else if (rq->call == CALL_JOIN)
		now.refused++;
	else if (rq->call == CALL_BEAT && status == 404 && rejoins &&
		 v->state == STATE_SEATED)
		due(CALL_REJOIN, rq->viewer, a.at_us);
}

void
people_now(struct people_now *ret)
{
	*ret = now;
	ret->seated = seated;
}

void
people_close(void)
{
	uint32_t i;

	for (i = 0; i < viewer_count; i++)
		if (viewers[i].state == STATE_KILLED)
			note("kill", i, viewers[i].sent_ms, viewers[i].answered_ms);
	if (fclose(log_file) != 0) {
		perror("crowd: the log of acknowledgements");
		exit(1);
	}
	for (i = 0; i < (uint32_t)stage_count; i++)
		free(stages[i]);
	free(viewers);
}
