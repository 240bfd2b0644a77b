/*
 * memory.h - memory that is asked for before the first request.   layer: base
 *
 * A process asks the system for memory at two times only (docs/design.md, section 9):
 *
 *   at the start   by the functions below, which never return NULL: without memory there
 *                  is nothing to serve with, so they say so on stderr and end the program
 *                  with EX_OSERR
 *   in a request   never by itself: a request lives in an arena, which was reserved at the
 *                  start. Foreign libraries do ask; when one of them gets nothing, that is
 *                  a failure like any other of that engine (an err, mostly ERR_UPSTREAM)
 *
 * So where a request may come by, none of these is called.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/arena.h"

/* count zeroed things of size bytes; free() gives them back. */
void *memory_zalloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/* Room for one more thing behind the n there are. */
void *memory_append(void *p, size_t n, size_t size);
void memory_arena(struct arena *a, size_t cap);

/* There is no memory for `what`: say it and end. */
_Noreturn void memory_none(const char *what);

#endif
