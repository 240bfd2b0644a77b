/* Whether the structures of presence agree, and what to do when they do not. */
#include <stdio.h>

#include "ctl/ctl.h"
#include "domain/compare.h"
#include "domain/presence_check.h"
#include "base/banned.h"

#define READ_MS 5000

/* ---- as one JSON object ---- */

static json_t *
examples_json(const struct presence_finding *f)
{
	json_t *list = json_array();
	int i;

	for (i = 0; i < PRESENCE_EXAMPLES && f->examples[i].stage_arn.p != NULL; i++)
		json_array_append_new(list,
		    json_pack("{s:o, s:o}", "userId", json_str(f->examples[i].user_id),
			"stageArn", json_str(f->examples[i].stage_arn)));
	return list;
}

static json_t *
to_json(const struct presence_report *r)
{
	json_t *faults = json_array();
	int i;

	for (i = 0; i < FAULT_COUNT; i++) {
		const struct presence_finding *f = &r->of[i];

		if (f->examples[0].stage_arn.p == NULL)
			continue;
		json_array_append_new(faults,
		    json_pack("{s:s, s:I, s:I, s:o}", "fault",
			presence_fault_texts[i].name, "found", (json_int_t)f->found,
			"mended", (json_int_t)f->mended, "examples", examples_json(f)));
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "seats",
	    (json_int_t)r->seats, "stages", (json_int_t)r->stages, "moves",
	    (json_int_t)r->moves, "openRows", (json_int_t)r->open_rows, "differences",
	    (json_int_t)r->differences, "mended", (json_int_t)r->mended, "faults",
	    faults);
}

/* ---- for people ---- */

static void
say_fault(struct ctl *c, struct ctl_table *t, int fault, const struct presence_finding *f,
    bool dry_run)
{
	const struct presence_fault_text *text = &presence_fault_texts[fault];
	struct buf b;
	int i;

	buf_init(&b, c->arena, 4096);
	for (i = 0; i < PRESENCE_EXAMPLES && f->examples[i].stage_arn.p != NULL; i++) {
		buf_cstr(&b, i > 0 ? ", " : "");
		buf_str(&b, f->examples[i].user_id);
		buf_cstr(&b, f->examples[i].user_id.n > 0 ? " on " : "");
		buf_str(&b, f->examples[i].stage_arn);
	}
	if (f->mended + f->found > (int64_t)i)
		buf_cstr(&b, ", ...");
	ctl_cell(t, str_of(text->meaning));
	ctl_cell_int(t, f->found);
	ctl_cell_int(t, f->mended);
	ctl_cell(t, f->mended > 0 || dry_run ? str_of(text->mended) : STR(""));
	ctl_cell(t, buf_view(&b));
}

static void
say(struct ctl *c, const struct presence_report *r, bool dry_run)
{
	static const char *const head[] = { "DIFFERENCE", "NOW", "MENDED", "HOW",
		"FOR EXAMPLE" };
	size_t cols = sizeof(head) / sizeof(*head), i;
	struct ctl_table t;

	ctl_table_init(&t, c->arena, cols);
	for (i = 0; i < cols; i++)
		ctl_cell(&t, str_of(head[i]));
	for (i = 0; i < FAULT_COUNT; i++)
		if (r->of[i].examples[0].stage_arn.p != NULL)
			say_fault(c, &t, (int)i, &r->of[i], dry_run);
	if (t.n > cols)
		ctl_table_print(&t);
	printf("%lld seats on %lld stages, %lld moves, %lld open rows: ",
	    (long long)r->seats, (long long)r->stages, (long long)r->moves,
	    (long long)r->open_rows);
	if (r->mended > 0)
		printf("%lld mended, ", (long long)r->mended);
	if (r->differences == 0)
		printf("no differences\n");
	else
		printf("%lld differences\n", (long long)r->differences);
}

/* ---- the commands ---- */

static bool
look(struct ctl *c, bool mend, struct err *err)
{
	struct presence_report report;

	if (!presence_check(c->work->redis, c->work->pg, c->arena, mend, &report, err))
		return err_while(err, "comparing");
	c->differs = report.differences > 0;
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c, to_json(&report), err);
	say(c, &report, c->opt[OPT_DRY_RUN] != NULL);
	return true;
}

bool
ctl_presence_check(struct ctl *c, struct err *err)
{
	return look(c, false, err);
}

bool
ctl_presence_repair(struct ctl *c, struct err *err)
{
	return look(c, c->opt[OPT_DRY_RUN] == NULL, err);
}

bool
ctl_presence_reload(struct ctl *c, struct err *err)
{
	struct compare_place place;
	bool was;

	/* Until it is loaded nobody is served, and from here it is loaded. */
	if (!compare_place(c->work->pg, c->arena, READ_MS, &place, err))
		return err_while(err, "asking PostgreSQL before Redis is emptied");
	if (!presence_reload(c->work->redis, c->arena, &was, err))
		return err_while(err, "asking for a reload");
	if (c->opt[OPT_JSON] != NULL)
		return ctl_say_json(c, json_pack("{s:b}", "reload", 1), err);
	printf(was ? "the programs fill Redis from PostgreSQL now\n"
		   : "Redis is empty already: the programs are about to fill it\n");
	return true;
}
