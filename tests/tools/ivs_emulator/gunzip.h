/*
 * gunzip.h - a body that was sent with Content-Encoding: gzip.
 */
#ifndef EMULATOR_GUNZIP_H
#define EMULATOR_GUNZIP_H

#include <stddef.h>

/* The caller frees it. NULL: not gzip, cut off, followed by more, or over max_bytes. */
char *gunzip(const char *data, size_t n, size_t max_bytes, size_t *ret_n);

#endif
