/*
 * ctl.h - what the commands of ivsctl share.                      layer: ctl
 *
 * ivsctl.c holds the one table of commands and the main; keys*.c (signing keys), api_keys.c,
 * stages.c, presence.c, viewer.c, plan.c and settings.c the commands. Each is safe to repeat, but that a second `key create` or
 * `key rotate` makes a second key. Results go to stdout, as a table for people or with --json
 * for machines; what to note besides, and errors, to stderr as one sentence each.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdarg.h>

#include "domain/stage_work.h"

#define CTL_WORDS_MAX 32

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
	OPT_SCOPES,
	OPT_EXPIRES,
	OPT_NOTE,
	OPT_OVERLAP,
	OPT_YES,
	OPT_SH,
	OPT_GIVEN,
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
	bool differs; /* done, and not all is as it should be: ends with 1 */
	bool reads;   /* the command changes nothing */
	bool told;    /* what is wrong was said already */
};

/* ---- say.c: what people and machines read ---- */

/* The object, and nothing else, on stdout. Takes the reference. */
bool ctl_say_json(const struct ctl *c, json_t *o, struct err *err);
/* A note beside the result, on stderr: "ivsctl: ...". */
void ctl_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_note_v(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
/* One sentence, with the way out; `reads`: of a command that changes nothing. */
void ctl_error(const struct err *err, bool reads);
/* A config_report for stderr. */
void ctl_report_setting(void *arg, bool fatal, const char *text);

/*
 * For what cannot be taken back. --yes passes without a question; without it and without a
 * terminal ctl_may_ask gives ERR_INPUT, before anything is looked at. ctl_ask puts the question
 * and gives ERR_CONFLICT unless the answer is yes.
 */
bool ctl_may_ask(const struct ctl *c, struct err *err);
bool ctl_ask(const struct ctl *c, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

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
bool ctl_api_key_create(struct ctl *c, struct err *err);
bool ctl_api_key_list(struct ctl *c, struct err *err);
bool ctl_api_key_rotate(struct ctl *c, struct err *err);
bool ctl_api_key_revoke(struct ctl *c, struct err *err);
bool ctl_api_key_publish(struct ctl *c, struct err *err);
bool ctl_stage_list(struct ctl *c, struct err *err);
bool ctl_stage_create(struct ctl *c, struct err *err);
bool ctl_stage_drain(struct ctl *c, struct err *err);
bool ctl_stage_undrain(struct ctl *c, struct err *err);
bool ctl_stage_delete(struct ctl *c, struct err *err);
bool ctl_stage_explain(struct ctl *c, struct err *err);
bool ctl_presence_check(struct ctl *c, struct err *err);
bool ctl_presence_repair(struct ctl *c, struct err *err);
bool ctl_presence_reload(struct ctl *c, struct err *err);
bool ctl_viewer_forget(struct ctl *c, struct err *err);
bool ctl_plan(struct ctl *c, struct err *err);
bool ctl_settings(struct ctl *c, struct err *err);

#endif
