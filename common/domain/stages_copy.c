#include "domain/stages_copy.h"

#include "base/banned.h"

static json_t *
number_or_null(int64_t n)
{
	return n > 0 ? json_integer(n) : json_null();
}

/* Whole, for a cold Redis; null: there is none that can be read. */
static json_t *
whole(const struct stage *s)
{
	struct err ignored = ERR_INIT;
	json_t *o = NULL;

	return s->json.n > 0 && json_parse_object(s->json, &o, &ignored) ? o
									 : json_null();
}

/* Typed by stage_from_json: what else may stand in the registry must not stop the copy. */
json_t *
stages_copy_entry(const struct stage *s)
{
	/* clang-format off */
	return json_pack("{s:o, s:{s:o, s:b, s:o, s:o, s:O, s:o}, s:b, s:o}",
	    "a", json_str(s->arn),
	    "s",
	        "name", json_str(s->name.p != NULL ? s->name : STR("")),
	        "autoScaled", s->auto_scaled,
	        "maxViewers", number_or_null(s->max_viewers),
	        "state", json_str(s->state),
	        "tags", s->tags,
	        "createdAt", number_or_null(s->created_at_ms),
	    "k", s->master,
	    "w", whole(s));
	/* clang-format on */
}

bool
stages_copy_write(struct pg *pg, struct arena *a, json_t *entries, bool whole,
    int64_t timeout_ms, struct err *err)
{
	struct str params[] = { json_text(a, entries),
		whole ? STR("true") : STR("false") };
	struct pg_rows rows;

	json_decref(entries);
	return pg_run(pg, a, Q_STAGE_WRITE, params, 2, timeout_ms, &rows, err) ||
	       err_while(err, "copying the registry of stages");
}
