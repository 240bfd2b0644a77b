/*
 * log.h - one JSON line per event on stderr.                      layer: base
 *
 * {"ts":"...Z","lvl":"warn","app":"viewer","rid":"...","msg":"...", fields}
 * msg is short and stable; everything that varies is a field. Text from outside
 * is escaped. Lines are collected and written by log_flush(), or at once for
 * warn and error. Libraries do not log, they return errors: only serve, job and mains.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

enum log_type { LOG_END = 0, LOG_T_STR, LOG_T_INT };
struct log_field {
	const char *name;
	enum log_type type;
	struct str s;
	int64_t i;
};
#define LOG_STR(name, v)                                                                 \
	{                                                                                \
		(name), LOG_T_STR, (v), 0                                                \
	}
#define LOG_INT(name, v)                                                                 \
	{                                                                                \
		(name), LOG_T_INT, { NULL, 0 }, (v)                                      \
	}

void log_init(const char *app, enum log_level level);
bool log_enabled(enum log_level level);
/* The request id put into each line until it is set again; "" for none. */
void log_set_rid(struct str rid);
void log_event(
    enum log_level level, const char *msg, const struct log_field *f, size_t n);
#define LOG(level, msg, ...)                                                             \
	do {                                                                             \
		if (log_enabled(level)) {                                                \
			const struct log_field log_f_[] = { __VA_ARGS__ };               \
			log_event(level, msg, log_f_, sizeof(log_f_) / sizeof(*log_f_)); \
		}                                                                        \
	} while (0)
/* The whole of an error: kind's cause and trail, and which engine. */
void log_err(enum log_level level, const char *msg, const struct err *err);
/* Waits for LOG_SINK_MS at most (log_sink.h). Lines that stderr does not take are lost; a line with
 * their number precedes the next one that goes out. */
void log_flush(void);
/* How many lines this process has lost. */
size_t log_lost(void);
/* In a child, before it closes descriptors of its parent: the child opens stderr anew, and what the
 * parent lost is the parent's to tell. */
void log_forked(void);

#endif
