#include "aws/aws_clock.h"

#include "aws/ivs_error.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/banned.h"

#define NOISE_MS 3000 /* a Date has whole seconds, and an answer takes its time */
#define QUICK_MS 2000 /* an answer that took longer tells no time */
#define OWN_MS 900000 /* for so long what this process has read goes before Redis' */
#define DATE_MID_MS 500

int64_t
aws_clock_now_ms(const struct aws_clock *k)
{
	/* counted on from when AWS told it: ours may be set right meanwhile */
	int64_t ours_ms = clock_now_ms(), aws_ms = clock_mono_ms() + k->since_mono_ms;

	if (k->since_mono_ms == 0 ||
	    (aws_ms - ours_ms >= -NOISE_MS && aws_ms - ours_ms <= NOISE_MS))
		return ours_ms;
	return aws_ms;
}

void
aws_clock_set(struct aws_clock *k, int64_t date_s)
{
	k->read_ms = clock_mono_ms();
	k->since_mono_ms = date_s * 1000 + DATE_MID_MS - k->read_ms;
	k->unshared = true;
}

void
aws_clock_read(struct aws_clock *k, const struct http_response *answer, int64_t sent_ms)
{
	int64_t date_s = ivs_error_date_s(answer);

	if (date_s >= 0 && clock_mono_ms() - sent_ms <= QUICK_MS)
		aws_clock_set(k, date_s);
}

void
aws_clock_known(struct aws_clock *k, struct str clock)
{
	struct str now = str_cut(&clock, ' ');
	int64_t now_ms, offset_ms;

	if ((k->read_ms == 0 || clock_mono_ms() - k->read_ms > OWN_MS) &&
	    parse_i64(now, 1, INT64_MAX / 2, &now_ms) &&
	    parse_i64(clock, -INT64_MAX / 2, INT64_MAX / 2, &offset_ms))
		k->since_mono_ms = now_ms + offset_ms - clock_mono_ms();
}

struct limiter_clock
aws_clock_to_share(const struct aws_clock *k)
{
	int64_t aws_ms = clock_mono_ms() + k->since_mono_ms;

	if (!k->unshared)
		return (struct limiter_clock){ .aws_ms = 0 };
	return (struct limiter_clock){ .aws_ms = aws_ms,
		.ahead_ms = aws_ms - clock_now_ms() };
}

void
aws_clock_shared(struct aws_clock *k, const struct limiter_clock *clock)
{
	if (!clock->told)
		return;
	k->unshared = false;
	aws_clock_known(k, clock->known);
	if (str_is(clock->said, "WRONG"))
		LOG(LOG_WARN,
		    "the clock of this machine is wrong by AWS' clock: set it by NTP",
		    LOG_INT("aws_ahead_s", clock->ahead_ms / 1000));
	else if (str_is(clock->said, "RIGHT"))
		LOG(LOG_INFO, "the clock of this machine is right again");
}

void
aws_clock_share(struct aws_clock *k, struct limiter *l)
{
	struct limiter_clock clock = aws_clock_to_share(k);
	struct arena a;

	if (!k->unshared || l == NULL || !arena_init(&a, ARENA_DEFAULT_BYTES))
		return;
	limiter_share(l, &a, &clock);
	aws_clock_shared(k, &clock);
	arena_clear(&a);
}
