#include "domain/stage_tags.h"

#include "tap.h"
#include "base/banned.h"

#define ACCOUNT_STAGES 20000

static const struct config cfg = {
	.master_stage_arn = { "arn:aws:ivs:eu-west-1:123456789012:stage/OurShow1",
	    sizeof("arn:aws:ivs:eu-west-1:123456789012:stage/OurShow1") - 1 },
};

static const struct {
	const char *tags;
	bool ours;
} cases[] = {
	{ "{\"ManagedBy\":\"api-server\",\"Show\":\"OurShow1\"}", true },
	{ "{\"ManagedBy\":\"auto-scaler\",\"Show\":\"OurShow1\"}", true },
	{ "{\"ManagedBy\":\"auto-scaler\",\"Show\":\"OurShow2\"}", false },
	{ "{\"ManagedBy\":\"scaler\",\"Show\":\"OurShow1\"}", false },
	{ "{\"Show\":\"OurShow1\"}", false },
	{ "{\"ManagedBy\":\"api-server\",\"Show\":\"OurShow12\"}", false },
	{ "{\"ManagedBy\":\"api-server\",\"OurShow1\":\"Show\"}", false },
	{ "{\"ManagedBy\":\"api-server\",\"Show\":\"ourshow1\"}", false },
	{ "{\"ManagedBy\":\"api-server\"}", false },
	{ "{}", false },
	{ "", false },
};

static struct ivs_stage
stage_with(const char *tags)
{
	return (struct ivs_stage){ .tags_json = str_of(tags) };
}

/* The arena of a run is wiped only after it. */
static void
test_foreign(struct arena *a)
{
	struct ivs_stage s = stage_with(
	    "{\"ManagedBy\":\"api-server\",\"Show\":\"AnotherShow\",\"a\":\"1\",\"b\":\"2\"}");
	size_t used = a->used, i;

	for (i = 0; i < ACCOUNT_STAGES; i++)
		(void)stage_tags_ours(&cfg, &s);
	ok(a->used == used, "a foreign stage costs no memory, however many there are");
}

int
main(void)
{
	struct arena a;
	size_t i;

	if (!arena_init(&a, ARENA_DEFAULT_BYTES))
		return 1;
	json_use(&a);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ivs_stage s = stage_with(cases[i].tags);

		ok(stage_tags_ours(&cfg, &s) == cases[i].ours, "%s: %s", cases[i].tags,
		    cases[i].ours ? "ours" : "not ours");
	}
	test_foreign(&a);
	json_use(NULL);
	arena_clear(&a);
	return done();
}
