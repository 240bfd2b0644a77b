/*
 * small_file.h - whole files that are small.                      layer: base
 *
 * What is read lies in the arena and ends with a NUL that does not count. False: errno says why;
 * EFBIG: there are more than `max` bytes.
 */
#ifndef BASE_SMALL_FILE_H
#define BASE_SMALL_FILE_H

#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"

/* From where fd stands to its end. The caller closes it. */
bool small_file_read_fd(struct arena *a, int fd, size_t max, struct str *ret);
/* May be a pipe or a device, too, and waits for those. */
bool small_file_read(struct arena *a, const char *path, size_t max, struct str *ret);
/* Waits for nothing: EINVAL unless it is a file. st: of the very file that was read; may be NULL. */
bool small_file_read_regular(
    struct arena *a, const char *path, size_t max, struct str *ret, struct stat *st);

#endif
