/* What the operator does about one viewer. */
#include <stdio.h>

#include "base/parse.h"
#include "ctl/ctl.h"
#include "domain/people.h"
#include "base/memory.h"
#include "base/banned.h"

#define USER_ID_MAX_CHARS 100 /* as the API takes */

static bool
user_of(struct ctl *c, struct str *ret, struct err *err)
{
	size_t chars;

	*ret = str_of(c->words[0]);
	if (parse_utf8(*ret, &chars) && chars >= 1 && chars <= USER_ID_MAX_CHARS &&
	    !parse_has_control(*ret))
		return true;
	return err_set(
	    err, ERR_INPUT, "USER must be 1 to 100 characters without controls");
}

static bool
say(const struct ctl *c, struct str user, const struct forgotten *f, bool dry,
    struct err *err)
{
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c,
		    json_pack("{s:o, s:I, s:I, s:b, s:b, s:b}", "userId", json_str(user),
			"deletedRecords", (json_int_t)f->records, "waitingRecords",
			(json_int_t)f->waiting, "seated", f->seated, "banned", f->banned,
			"dryRun", dry),
		    err);
	printf("%s %lld records of history and %lld not written yet%s%s\n",
	    dry ? "would delete" : "deleted", (long long)f->records,
	    (long long)f->waiting, f->seated ? ", and his seat" : "",
	    f->banned ? ", and his ban" : "");
	return true;
}

/* With what would go, so that a misspelled id is seen. */
static bool
confirmed(struct ctl *c, struct people_work *w, struct str user, struct err *err)
{
	struct forgotten would;

	if (c->opt[OPT_YES] != NULL)
		return true;
	return people_forget_look(w, user, &would, err) &&
	       ctl_ask(c, err,
		   "'%.*s': %lld records of history and %lld not written yet will be "
		   "deleted, which cannot be taken back",
		   STR_ARG(user), (long long)would.records, (long long)would.waiting);
}

bool
ctl_viewer_forget(struct ctl *c, struct err *err)
{
	const bool dry = c->opt[OPT_DRY_RUN] != NULL;
	struct people_work w = { .cfg = c->cfg,
		.redis = c->work->redis,
		.pg = c->work->pg,
		.arena = c->arena };
	struct forgotten gone;
	struct arena drain;
	struct str user;
	bool ok;

	if (!user_of(c, &user, err) || (!dry && !ctl_may_ask(c, err)))
		return false;
	memory_arena(&drain, ARENA_DEFAULT_BYTES);
	w.drain = &drain;
	ok = dry ? people_forget_look(&w, user, &gone, err)
		 : confirmed(c, &w, user, err) && people_forget(&w, user, &gone, err);
	arena_clear(&drain);
	return ok && say(c, user, &gone, dry, err);
}
