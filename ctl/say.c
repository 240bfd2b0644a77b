/* What ivsctl prints. */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/banned.h"

#define CELLS_AT_FIRST 64
#define GAP 2
#define NOTE_BYTES 8192

bool
ctl_say_json(const struct ctl *c, json_t *o, struct err *err)
{
	struct str text;

	if (o == NULL)
		return err_set(err, ERR_BUG, "a text in the result is not UTF-8");
	text = json_text(c->arena, o);
	json_decref(o);
	printf("%.*s\n", STR_ARG(text));
	return true;
}

/* Words of the command line and of AWS are quoted: none may steer a terminal. */
static void
put_plain(const char *text)
{
	struct str s = str_of(text), one;
	uint32_t c;

	for (; s.n > 0; s = str_skip(s, one.n)) {
		one = (struct str){ s.p, parse_utf8_char(s, &c) };
		if (one.n == 0)
			one.n = 1;
		if (parse_has_control(one))
			fputc('?', stderr);
		else
			fwrite(one.p, 1, one.n, stderr);
	}
}

void
ctl_note_v(const char *fmt, va_list ap)
{
	char text[NOTE_BYTES];

	vsnprintf(text, sizeof(text), fmt, ap);
	fputs("ivsctl: ", stderr);
	put_plain(text);
	fputc('\n', stderr);
}

void
ctl_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ctl_note_v(fmt, ap);
	va_end(ap);
}

/* ---- errors ---- */

/* Where the cause alone does not say what to do: of a command that changes things or not. */
static const char *
way_out(const struct err *err, bool reads)
{
	static const char *const by_kind[ERR_KIND_COUNT][2] = {
		[ERR_THROTTLED] = { "nothing was done: try again in a moment",
		    "nothing was changed: try again in a moment" },
		[ERR_DENIED] = { "check the AWS keys and what they may do "
				 "(docs/deployment.md, section 3)",
		    "check the AWS keys and what they may do "
		    "(docs/deployment.md, section 3)" },
		[ERR_UNVERIFIED] = { "AWS is checking the account: try again later",
		    "AWS is checking the account: try again later" },
		[ERR_LOCK_LOST] = { "nothing was done: try again",
		    "nothing was changed: try again" },
		[ERR_UPSTREAM] = { "nothing was done: try again when it is back",
		    "nothing was changed: try again when it is back" },
		[ERR_UNCERTAIN] = { "it may have happened: give the same command again, "
				    "it looks first",
		    "nothing was changed: try again" },
		[ERR_STAGES] = { "delete a stage or raise MAX_STAGES",
		    "delete a stage or raise MAX_STAGES" },
	};

	if (err->tell == MSG_REDIS_COLD)
		return "start the programs, or run cron/records: either fills it";
	if (err->tell == MSG_STALE)
		return "start the programs";
	if (err->tell == MSG_NO_STAGE)
		return "ivsctl stage list shows the stages of this show";
	if (err->tell == MSG_MASTER_STAYS)
		return "the show begins there: it is neither drained nor deleted";
	if (err->tell == MSG_STAGE_HAS_VIEWERS)
		return "ivsctl stage drain keeps new ones away; delete it when it is "
		       "empty";
	if (err->tell == MSG_REDIS_AWAY)
		return "run ivsctl key publish until it succeeds";
	return by_kind[err->kind][reads];
}

void
ctl_error(const struct err *err, bool reads)
{
	const char *hint = way_out(err, reads);

	fputs("ivsctl: ", stderr);
	put_plain(err->cause);
	put_plain(err->trail);
	fprintf(stderr, "%s%s", hint != NULL ? "; " : "", hint != NULL ? hint : "");
	if (err->request_id[0] != '\0')
		fprintf(stderr, " (AWS request %s)", err->request_id);
	fputc('\n', stderr);
}

void
ctl_report_setting(void *arg, bool fatal, const char *text)
{
	(void)arg;
	ctl_note("%s: %s", fatal ? "error" : "warning", text);
}

/* ---- questions ---- */

bool
ctl_may_ask(const struct ctl *c, struct err *err)
{
	if (c->opt[OPT_YES] != NULL ||
	    (isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1))
		return true;
	return err_set(err, ERR_INPUT,
	    "this cannot be taken back, and there is no terminal to ask on: give --yes "
	    "(--dry-run says what would be done); nothing was changed");
}

bool
ctl_ask(const struct ctl *c, struct err *err, const char *fmt, ...)
{
	char answer[16] = "";
	va_list ap;

	if (c->opt[OPT_YES] != NULL)
		return true;
	va_start(ap, fmt);
	ctl_note_v(fmt, ap);
	va_end(ap);
	fputs("Type yes to go on: ", stderr);
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
	    str_ieq(str_of(answer), STR("yes\n")))
		return true;
	return err_set(err, ERR_CONFLICT, "not confirmed: nothing was changed");
}

/* ---- tables ---- */

void
ctl_table_init(struct ctl_table *t, struct arena *a, size_t cols)
{
	*t = (struct ctl_table){ .arena = a, .cols = cols, .room = CELLS_AT_FIRST };
	t->cells = arena_alloc(a, t->room * sizeof(*t->cells));
}

void
ctl_cell(struct ctl_table *t, struct str s)
{
	if (t->n == t->room) {
		size_t size = t->room * sizeof(*t->cells);

		t->cells = arena_grow(t->arena, t->cells, size, size * 2);
		t->room *= 2;
	}
	/* Names come from AWS: nothing of them may steer a terminal. */
	t->cells[t->n++] = s.n > 0 ? parse_clean_text(t->arena, s, s.n) : STR("-");
}

void
ctl_cell_int(struct ctl_table *t, int64_t i)
{
	ctl_cell(t, str_printf(t->arena, "%lld", (long long)i));
}

static size_t
width(struct str s)
{
	size_t chars;

	return parse_utf8(s, &chars) ? chars : s.n;
}

static size_t
column_width(const struct ctl_table *t, size_t col)
{
	size_t widest = 0, i;

	for (i = col; i < t->n; i += t->cols)
		if (width(t->cells[i]) > widest)
			widest = width(t->cells[i]);
	return widest;
}

void
ctl_table_print(const struct ctl_table *t)
{
	size_t *widths = arena_alloc(t->arena, t->cols * sizeof(*widths)), i, col;

	for (i = 0; i < t->cols; i++)
		widths[i] = column_width(t, i);
	for (i = 0; i < t->n; i++) {
		struct str s = t->cells[i];

		col = i % t->cols;
		printf("%.*s", STR_ARG(s));
		if (col + 1 == t->cols)
			putchar('\n');
		else
			printf("%*s", (int)(widths[col] - width(s)) + GAP, "");
	}
}
