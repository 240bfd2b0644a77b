#include "base/log.h"

#include "base/clock.h"
#include "base/log_sink.h"
#include "base/parse.h"
#include "base/banned.h"

#define LOG_BUFFER_BYTES 65536u
#define LOG_LINE_MAX_BYTES 16384u
#define LOG_TAIL_BYTES 16u	 /* ,"cut":true}\n */
#define LOG_TEXT_MAX_BYTES 1024u /* of one text, before escaping */

static struct {
	char text[LOG_BUFFER_BYTES];
	size_t used;
	char app[32];
	char rid[72];
	enum log_level level;
	size_t lost; /* lines, not told yet */
	size_t lost_in_all;
} lg = { .level = LOG_INFO };

/* Where the next byte of the line goes, and where it may not. */
struct line {
	char *p, *end;
};

void
log_init(const char *app, enum log_level level)
{
	struct str s = str_of(app);
	size_t n = s.n < sizeof(lg.app) - 1 ? s.n : sizeof(lg.app) - 1;

	if (n > 0)
		memcpy(lg.app, s.p, n);
	lg.app[n] = '\0';
	lg.level = level;
}

bool
log_enabled(enum log_level level)
{
	return level <= lg.level;
}

void
log_set_rid(struct str rid)
{
	size_t n = rid.n < sizeof(lg.rid) - 1 ? rid.n : sizeof(lg.rid) - 1;

	if (n > 0)
		memcpy(lg.rid, rid.p, n);
	lg.rid[n] = '\0';
}

static bool
put(struct line *l, const char *p, size_t n)
{
	if (n > (size_t)(l->end - l->p))
		return false;
	memcpy(l->p, p, n);
	l->p += n;
	return true;
}

static bool
put_cstr(struct line *l, const char *s)
{
	return put(l, s, strlen(s));
}

static bool
put_int(struct line *l, int64_t v)
{
	char digits[24], *p = digits + sizeof(digits);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while ((u /= 10) > 0);
	if (v < 0)
		*--p = '-';
	return put(l, p, (size_t)(digits + sizeof(digits) - p));
}

/* Bytes that stand for themselves between quotes. */
static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* The character at the head of s as JSON; *ret_n is how much of s it was. */
static bool
put_special(struct line *l, struct str s, size_t *ret_n)
{
	static const char digits[] = "0123456789abcdef";
	char esc[6] = "\\u00";
	uint32_t c;

	*ret_n = parse_utf8_char(s, &c);
	if (*ret_n == 0) {
		*ret_n = 1;
		return put(l, "\\ufffd", 6);
	}
	if (c == '"' || c == '\\')
		return put(l, "\\", 1) && put(l, s.p, 1);
	if (c == '\n')
		return put(l, "\\n", 2);
	/* Controls, and U+2028 and U+2029, which some viewers take for a new line. */
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) {
		esc[4] = digits[c >> 4];
		esc[5] = digits[c & 15];
		return put(l, esc, 6);
	}
	if (c == 0x2028 || c == 0x2029)
		return put_cstr(l, c == 0x2028 ? "\\u2028" : "\\u2029");
	return put(l, s.p, *ret_n);
}

/* At most max bytes, cut between two characters. */
static struct str
shorten(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	s.n = max;
	while (s.n > max - 3 && ((unsigned char)s.p[s.n] & 0xc0) == 0x80)
		s.n--;
	return s;
}

static bool
put_text(struct line *l, struct str whole)
{
	struct str s = shorten(whole, LOG_TEXT_MAX_BYTES);
	bool cut = s.n < whole.n;
	size_t i;

	if (!put(l, "\"", 1))
		return false;
	while (s.n > 0) {
		for (i = 0; i < s.n && is_plain((unsigned char)s.p[i]); i++)
			;
		if (!put(l, s.p, i))
			return false;
		s = str_skip(s, i);
		if (s.n > 0) {
			if (!put_special(l, s, &i))
				return false;
			s = str_skip(s, i);
		}
	}
	return put_cstr(l, cut ? "...\"" : "\"");
}

static bool
put_field(struct line *l, const struct log_field *f)
{
	if (!put(l, ",", 1) || !put_text(l, str_of(f->name)) || !put(l, ":", 1))
		return false;
	return f->type == LOG_T_INT ? put_int(l, f->i) : put_text(l, f->s);
}

/* The date changes once a second; the milliseconds each time. */
static bool
put_time(struct line *l)
{
	static char text[ISO8601_BYTES];
	static int64_t second = INT64_MIN;
	int64_t now = clock_now_ms();
	int ms = (int)(now % 1000);

	if (now / 1000 != second) {
		second = now / 1000;
		clock_iso8601(now, text);
	}
	text[20] = (char)('0' + ms / 100);
	text[21] = (char)('0' + ms / 10 % 10);
	text[22] = (char)('0' + ms % 10);
	return put(l, text, ISO8601_BYTES - 1);
}

static bool
put_head(struct line *l, enum log_level level, const char *msg)
{
	static const char *const names[LOG_LEVEL_COUNT] = {
		[LOG_ERROR] = "\",\"lvl\":\"error\"",
		[LOG_WARN] = "\",\"lvl\":\"warn\"",
		[LOG_INFO] = "\",\"lvl\":\"info\"",
		[LOG_DEBUG] = "\",\"lvl\":\"debug\"",
	};

	if (!put_cstr(l, "{\"ts\":\"") || !put_time(l) || !put_cstr(l, names[level]) ||
	    !put_cstr(l, ",\"app\":") || !put_text(l, str_of(lg.app)))
		return false;
	if (lg.rid[0] != '\0' &&
	    (!put_cstr(l, ",\"rid\":") || !put_text(l, str_of(lg.rid))))
		return false;
	return put_cstr(l, ",\"msg\":") && put_text(l, str_of(msg));
}

void
log_event(enum log_level level, const char *msg, const struct log_field *f, size_t n)
{
	struct line l;
	char *mark;
	size_t i;

	if (!log_enabled(level))
		return;
	if (LOG_BUFFER_BYTES - lg.used < LOG_LINE_MAX_BYTES)
		log_flush();
	l.p = lg.text + lg.used;
	l.end = l.p + LOG_LINE_MAX_BYTES - LOG_TAIL_BYTES;
	INVARIANT(put_head(&l, level, msg));
	for (i = 0, mark = l.p; i < n && f[i].type != LOG_END; i++, mark = l.p) {
		if (!put_field(&l, &f[i]))
			break;
	}
	/* A field that did not fit goes as a whole, and the line says so. */
	l.p = mark;
	l.end += LOG_TAIL_BYTES;
	put_cstr(&l, i < n && f[i].type != LOG_END ? ",\"cut\":true}\n" : "}\n");
	lg.used = (size_t)(l.p - lg.text);
	if (level <= LOG_WARN)
		log_flush();
}

void
log_err(enum log_level level, const char *msg, const struct err *err)
{
	struct log_field f[3] = { LOG_STR("cause", str_of(err->cause)) };
	size_t n = 1;

	if (err->trail[0] != '\0')
		f[n++] = (struct log_field)LOG_STR("trail", str_of(err->trail));
	if (err->source != ERR_FROM_NONE)
		f[n++] = (struct log_field)LOG_STR(
		    "source", str_of(err_source_name(err->source)));
	log_event(level, msg, f, n);
}

/* The line that precedes the next one after a loss. True: it went out. */
static bool
tell_lost(void)
{
	char text[512];
	struct line l = { text, text + sizeof(text) };

	if (!put_head(&l, LOG_WARN, "log lines were lost") ||
	    !put_cstr(&l, ",\"lines\":") || !put_int(&l, (int64_t)lg.lost) ||
	    !put_cstr(&l, "}\n"))
		return true;
	return log_sink_write(text, (size_t)(l.p - text)) == 0;
}

/* What cannot be written is lost: a full log must not stop the service. */
void
log_flush(void)
{
	size_t lost;

	if (lg.used == 0)
		return;
	if (lg.lost > 0 && tell_lost())
		lg.lost = 0;
	lost = log_sink_write(lg.text, lg.used);
	lg.lost += lost;
	lg.lost_in_all += lost;
	lg.used = 0;
}

size_t
log_lost(void)
{
	return lg.lost_in_all;
}

void
log_forked(void)
{
	lg.lost = lg.lost_in_all = 0;
	log_sink_forget();
}
