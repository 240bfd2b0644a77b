/*
 * log_sink.h - writes log lines to stderr without blocking.       layer: base
 *
 * Lines go out whole and in order. A line that stderr does not take within LOG_SINK_MS is dropped;
 * from then on lines are tried without waiting, until stderr takes one. stderr may be shared with
 * other processes, and O_NONBLOCK would be theirs, too (it belongs to the open file description):
 * sockets are written with MSG_DONTWAIT, pipes through a description of our own.
 */
#ifndef BASE_LOG_SINK_H
#define BASE_LOG_SINK_H

#include <stddef.h>

#define LOG_SINK_MS 100

/* n bytes of whole lines. Returns how many of the lines were lost, from the end. */
size_t log_sink_write(const char *lines, size_t n);

/* Closes the description of our own; the next write finds stderr anew. */
void log_sink_forget(void);

#endif
