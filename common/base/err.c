#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/banned.h"

static bool __attribute__((format(printf, 5, 0)))
set_v(struct err *err, enum err_source source, enum err_kind kind, enum msg tell,
    const char *fmt, va_list ap)
{
	if (err->kind != ERR_NONE)
		return false;
	err->kind = kind;
	err->source = source;
	err->tell = tell;
	err->operation = err->reason = NULL;
	err->request_id[0] = err->trail[0] = '\0';
	vsnprintf(err->cause, sizeof(err->cause), fmt, ap);
	return false;
}

bool
err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_v(err, ERR_FROM_NONE, kind, MSG_NONE, fmt, ap);
	va_end(ap);
	return false;
}

bool
err_from(
    struct err *err, enum err_source source, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_v(err, source, kind, MSG_NONE, fmt, ap);
	va_end(ap);
	return false;
}

bool
err_tell(struct err *err, enum err_kind kind, enum msg tell, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_v(err, ERR_FROM_NONE, kind, tell, fmt, ap);
	va_end(ap);
	return false;
}

bool
err_tell_from(struct err *err, enum err_source source, enum err_kind kind, enum msg tell,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_v(err, source, kind, tell, fmt, ap);
	va_end(ap);
	return false;
}

static void __attribute__((format(printf, 2, 0)))
trail_add_v(struct err *err, const char *fmt, va_list ap)
{
	size_t n = strlen(err->trail);

	vsnprintf(err->trail + n, sizeof(err->trail) - n, fmt, ap);
}

static void __attribute__((format(printf, 2, 3)))
trail_add(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trail_add_v(err, fmt, ap);
	va_end(ap);
}

bool
err_while(struct err *err, const char *fmt, ...)
{
	va_list ap;

	/* Whoever failed must say why; if he did not, that is worth a report itself. */
	if (err->kind == ERR_NONE)
		err_set(err, ERR_BUG, "something failed without saying why");
	va_start(ap, fmt);
	trail_add(err, " (while ");
	trail_add_v(err, fmt, ap);
	trail_add(err, ")");
	va_end(ap);
	return false;
}

void
err_clear(struct err *err)
{
	memset(err, 0, sizeof(*err));
}

enum msg
err_message(const struct err *err)
{
	static const enum msg away[] = {
		[ERR_FROM_NONE] = MSG_UNAVAILABLE,
		[ERR_FROM_REDIS] = MSG_REDIS_AWAY,
		[ERR_FROM_POSTGRES] = MSG_POSTGRES_AWAY,
		[ERR_FROM_AWS] = MSG_AWS_AWAY,
	};

	if (err->tell == MSG_NONE &&
	    (err->kind == ERR_UPSTREAM || err->kind == ERR_UNCERTAIN))
		return away[err->source];
	return err->tell;
}

void
err_retell(struct err *err, enum msg tell)
{
	if (err->reason == NULL)
		err->reason = message_reason(err_message(err));
	err->tell = tell;
}

const char *
err_source_name(enum err_source source)
{
	switch (source) {
	case ERR_FROM_REDIS:
		return "redis";
	case ERR_FROM_POSTGRES:
		return "postgres";
	case ERR_FROM_AWS:
		return "aws";
	case ERR_FROM_NONE:
		break;
	}
	return "";
}

/* Our own source text: quotes and backslashes are all that could break the line. */
static void
copy_plain(char *out, size_t size, const char *s)
{
	size_t i;

	for (i = 0; i + 1 < size && s[i] != '\0'; i++) {
		unsigned char c = (unsigned char)s[i];

		out[i] = c == '"' || c == '\\' ? '\'' : c < 0x20 ? ' ' : (char)c;
	}
	out[i] = '\0';
}

_Noreturn void
bug_at(const char *file, int line, const char *what)
{
	char ts[ISO8601_BYTES], plain[400], place[120], text[700];
	ssize_t done;
	int n;

	clock_iso8601(clock_now_ms(), ts);
	copy_plain(plain, sizeof(plain), what);
	copy_plain(place, sizeof(place), file);
	n = snprintf(text, sizeof(text),
	    "{\"ts\":\"%s\",\"lvl\":\"error\",\"msg\":\"bug\",\"cause\":\"%s\","
	    "\"file\":\"%s\",\"line\":%d,\"pid\":%d}\n",
	    ts, plain, place, line, (int)getpid());
	done = write(STDERR_FILENO, text, (size_t)n);
	(void)done;
	abort();
}
