/*
 * arena.h - one block of memory per request, wiped after it.      layer: base
 *
 * Everything born in a request lives here and nothing is freed by hand. The
 * block is reserved address space: pages are only used when touched.
 *
 * - arena_alloc never returns NULL. What comes in from outside is capped at the
 *   door, so a full arena is our fault: it is logged and the process aborts.
 * - arena_wipe zeroes what was used (tokens and keys pass through here) and gives
 *   memory beyond `keep` back to the system, so one big request leaves no mark.
 * - With AddressSanitizer unused and wiped memory is poisoned and each allocation
 *   is followed by a poisoned gap.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#define ARENA_DEFAULT_BYTES (16u << 20)

struct arena {
	char *base;
	size_t used;
	size_t cap;
	size_t high; /* most ever used since the last wipe */
};

/* Reserve `cap` bytes. False: the system gives no address space. */
bool arena_init(struct arena *a, size_t cap);
void arena_clear(struct arena *a);
void arena_wipe(struct arena *a);

/* Bytes still free. For data whose size others decide. */
size_t arena_room(const struct arena *a);
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2)));
void *arena_zalloc(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2)));
/* Copies n bytes and adds a NUL that is not counted. */
char *arena_strndup(struct arena *a, const char *p, size_t n);

/* Grow the newest allocation in place if it is `p`, else copy. Old size given. */
void *arena_grow(struct arena *a, void *p, size_t old_n, size_t new_n);

#endif
