#include "base/arn.h"

#include "tap.h"
#include "base/banned.h"

#define GOOD "arn:aws:ivs:eu-west-1:123456789012:stage/aB3-x"

static const struct {
	const char *text;
	bool stage;
} cases[] = {
	{ GOOD, true },
	{ "arn:aws:ivs:us-east-1:000000000000:stage/a", true },
	{ "", false },
	{ "arn:aws:ivs:eu-west-1:123456789012:stage/", false },
	{ "arn:aws:ivs::123456789012:stage/a", false },
	{ "arn:aws:ivs:EU-west-1:123456789012:stage/a", false },
	{ "arn:aws:ivs:eu-west-1:12345678901:stage/a", false },
	{ "arn:aws:ivs:eu-west-1:1234567890123:stage/a", false },
	{ "arn:aws:ivs:eu-west-1:12345678901x:stage/a", false },
	{ "arn:aws:ivs:eu-west-1:123456789012:stage/a b", false },
	{ "arn:aws:ivs:eu-west-1:123456789012:stage/a/b", false },
	{ "arn:aws:ivs:eu-west-1:123456789012:stage/a_b", false },
	{ "arn:aws:ivs:eu-west-1:123456789012:channel/a", false },
	{ "arn:aws:s3:eu-west-1:123456789012:stage/a", false },
	{ "arn:aws-cn:ivs:eu-west-1:123456789012:stage/a", false },
	{ " " GOOD, false },
	{ GOOD "\n", false },
};

static void
test_parts(void)
{
	struct arn arn;

	ok(arn_parse(str_of(GOOD), STR("stage"), &arn), "a stage");
	ok(str_is(arn.region, "eu-west-1"), "its region");
	ok(str_is(arn.account, "123456789012"), "its account");
	ok(str_is(arn.id, "aB3-x"), "its id");
	ok(!arn_parse(str_of(GOOD), STR("public-key"), &arn), "is no key");
	ok(str_is(arn.id, "aB3-x"), "a failure leaves the result alone");
}

static void
test_length(void)
{
	char text[ARN_MAX_BYTES + 2];
	size_t n = sizeof(GOOD) - 1;

	memcpy(text, GOOD, n);
	memset(text + n, 'a', sizeof(text) - n);
	ok(arn_is_stage((struct str){ text, ARN_MAX_BYTES }), "128 bytes");
	ok(!arn_is_stage((struct str){ text, ARN_MAX_BYTES + 1 }), "129 bytes");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(arn_is_stage(str_of(cases[i].text)) == cases[i].stage, "case %zu", i);
	test_parts();
	test_length();
	return done_testing();
}
