/*
 * log_sink.h - stderr, for the log: never waited for.             layer: base
 *
 * Lines go out whole and in order. What stderr does not take within LOG_SINK_MS is given up; from
 * then on, until it takes something again, lines are tried without waiting. stderr may be shared
 * with other processes, so its open file description stays as it is (O_NONBLOCK belongs to
 * that): sockets are written with MSG_DONTWAIT, pipes by a description of our own.
 */
#ifndef BASE_LOG_SINK_H
#define BASE_LOG_SINK_H

#include <stddef.h>

#define LOG_SINK_MS 100

/* n bytes of whole lines. Returns how many of the lines were lost, from the end. */
size_t log_sink_write(const char *lines, size_t n);

#endif
