#include "base/arn.h"

#include "base/parse.h"
#include "base/banned.h"

#define ACCOUNT_DIGITS 12

static bool
all_in(struct str s, const char *set)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (memchr(set, s.p[i], strlen(set)) == NULL)
			return false;
	return s.n > 0;
}

bool
arn_parse(struct str s, struct str type, struct arn *ret)
{
	struct arn a;

	if (s.n > ARN_MAX_BYTES || !str_starts(s, STR("arn:aws:ivs:")))
		return false;
	s = str_skip(s, 12);
	a.region = str_cut(&s, ':');
	a.account = str_cut(&s, ':');
	if (!str_eq(str_cut(&s, '/'), type))
		return false;
	a.id = s;
	if (!all_in(a.region, "abcdefghijklmnopqrstuvwxyz0123456789-") ||
	    a.account.n != ACCOUNT_DIGITS || !all_in(a.account, "0123456789") ||
	    !parse_word(a.id, "-", ARN_MAX_BYTES))
		return false;
	*ret = a;
	return true;
}

bool
arn_is_stage(struct str s)
{
	struct arn ignored;

	return arn_parse(s, STR("stage"), &ignored);
}
