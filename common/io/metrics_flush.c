#include "io/metrics_flush.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/banned.h"

/* Address space: what metrics_carry can write at most, and the answer. */
#define FLUSH_ARENA_BYTES (2u << 20)

void
metrics_flush_init(struct metrics_flush *f)
{
	memset(f, 0, sizeof(*f));
	memory_arena(&f->arena, FLUSH_ARENA_BYTES);
	crypto_uuid(f->process);
	f->number = 1;
	f->log_lost = log_lost();
}

void
metrics_flush_clear(struct metrics_flush *f)
{
	arena_clear(&f->arena);
}

static struct redis_call *
prepare(struct metrics_flush *f)
{
	struct str counts, extremes;

	for (; f->log_lost < log_lost(); f->log_lost++)
		metrics_count(METRIC_LOG_LOST, NULL, NULL, 0);
	arena_wipe(&f->arena);
	redis_call_init(&f->call, &f->arena, SCRIPT_METRICS_ADD);
	if (!metrics_carry(&f->arena, &counts, &extremes))
		return NULL;
	redis_arg(&f->call, str_of(f->process));
	redis_arg_int(&f->call, f->number);
	redis_arg(&f->call, counts);
	redis_arg(&f->call, extremes);
	return &f->call;
}

struct redis_call *
metrics_flush_due(struct metrics_flush *f)
{
	if (!metrics_pending() || clock_mono_ms() < f->next_ms)
		return NULL;
	return prepare(f);
}

void
metrics_flush_done(struct metrics_flush *f, bool ran)
{
	struct err ignored = ERR_INIT;

	f->next_ms = clock_mono_ms() + METRICS_EVERY_MS;
	f->alone_ms = 0;
	if (!ran || !redis_reply_ok(f->call.reply, &ignored))
		return;
	metrics_carried();
	f->number++;
}

void
metrics_flush_now(struct metrics_flush *f, struct redis *r)
{
	struct redis_call *c = prepare(f);
	struct err ignored = ERR_INIT;
	bool ran;

	if (c == NULL)
		return;
	ran = redis_try(r, c, METRICS_DEADLINE_MS, &ignored);
	metrics_flush_done(f, ran);
	if (!ran)
		f->alone_ms = clock_mono_ms() + METRICS_AWAY_MS;
}

void
metrics_flush_idle(struct metrics_flush *f, struct redis *r)
{
	int64_t now;

	if (!metrics_pending())
		return;
	now = clock_mono_ms();
	if (f->alone_ms == 0)
		f->alone_ms = (now > f->next_ms ? now : f->next_ms) + METRICS_ALONE_MS;
	if (now >= f->alone_ms)
		metrics_flush_now(f, r);
}

int
metrics_flush_sleep_ms(const struct metrics_flush *f)
{
	int64_t left;

	if (!metrics_pending())
		return -1;
	left = f->alone_ms - clock_mono_ms();
	return left > 0 ? (int)left : 0;
}
