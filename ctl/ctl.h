/*
 * ctl.h - what the commands of ivsctl share.                      layer: ctl
 *
 * ivsctl.c holds the one table of commands and the main; keys*.c, stages.c, viewer.c and
 * plan.c the commands. Each is safe to repeat. Results go to stdout, as a table for people or with --json
 * for machines; what to note besides, and errors, to stderr as one sentence each.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdarg.h>

#include "domain/stage_work.h"

#define CTL_WORDS_MAX 8

enum ctl_option {
	OPT_JSON,
	OPT_FILE,
	OPT_NAME,
	OPT_NO_IMPORT,
	OPT_DISCARD_OLD,
	OPT_FORCE,
	OPT_TAG, /* may come several times */
	OPT_MAX_VIEWERS,
	OPT_ORDER,
	OPT_CAPACITY,
	OPT_REPLICAS,
	OPT_DRY_RUN,
	OPT_HELP,
	OPT_VERSION,
	OPT_COUNT
};
#define OPT_BIT(option) (1u << (option))

struct ctl {
	const struct config *cfg;
	struct arena *arena;
	struct stage_work *work; /* with all that was opened: nothing is connected yet */
	const char *words[CTL_WORDS_MAX]; /* what came behind the words of the command */
	size_t n_words;
	const char
	    *opt[OPT_COUNT]; /* the argument, or the option's name; NULL: not given */
	const char *tags[IVS_TAGS_MAX];
	size_t n_tags;
};

/* ---- say.c: what people and machines read ---- */

/* The object, and nothing else, on stdout. Takes the reference. */
bool ctl_say_json(const struct ctl *c, json_t *o, struct err *err);
/* A note beside the result, on stderr: "ivsctl: ...". */
void ctl_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_note_v(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
void ctl_error(const struct err *err);

/* Columns as wide as their widest cell. Cells are borrowed; the first row is the head. */
struct ctl_table {
	struct arena *arena;
	size_t cols, n, room;
	struct str *cells;
};
void ctl_table_init(struct ctl_table *t, struct arena *a, size_t cols);
void ctl_cell(struct ctl_table *t, struct str s);
void ctl_cell_int(struct ctl_table *t, int64_t i);
void ctl_table_print(const struct ctl_table *t);

/* ---- the commands ---- */

bool ctl_key_create(struct ctl *c, struct err *err);
bool ctl_key_import(struct ctl *c, struct err *err);
bool ctl_key_list(struct ctl *c, struct err *err);
bool ctl_key_rotate(struct ctl *c, struct err *err);
bool ctl_key_delete(struct ctl *c, struct err *err);
bool ctl_stage_list(struct ctl *c, struct err *err);
bool ctl_stage_create(struct ctl *c, struct err *err);
bool ctl_stage_drain(struct ctl *c, struct err *err);
bool ctl_stage_undrain(struct ctl *c, struct err *err);
bool ctl_stage_delete(struct ctl *c, struct err *err);
bool ctl_stage_explain(struct ctl *c, struct err *err);
bool ctl_viewer_forget(struct ctl *c, struct err *err);
bool ctl_plan(struct ctl *c, struct err *err);

#endif
