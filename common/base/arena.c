#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define GAP_BYTES 32u
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define GAP_BYTES 0u
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#include "base/banned.h"

#define ALIGN_BYTES 16u
/* A usual request fits in this; what lies above goes back to the system. */
#define KEEP_BYTES (256u << 10)

bool
arena_init(struct arena *a, size_t cap)
{
	void *p;

	cap = (cap + 4095) & ~(size_t)4095;
	p = mmap(NULL, cap, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	*a = (struct arena){ .base = p, .cap = cap };
	POISON(a->base, a->cap);
	return true;
}

void
arena_clear(struct arena *a)
{
	if (a->base == NULL)
		return;
	UNPOISON(a->base, a->cap);
	munmap(a->base, a->cap);
	*a = (struct arena){ 0 };
}

void
arena_wipe(struct arena *a)
{
	size_t near = a->used < KEEP_BYTES ? a->used : KEEP_BYTES;
	size_t far = a->used - near;

	if (a->used == 0)
		return;
	UNPOISON(a->base, a->used);
	explicit_bzero(a->base, near);
	/* The system gives these pages back as zeroes, if we ever touch them again. */
	if (far > 0 && madvise(a->base + near, far, MADV_DONTNEED) != 0)
		explicit_bzero(a->base + near, far);
	POISON(a->base, a->used);
	a->used = 0;
	a->high = 0;
}

static void __attribute__((noinline, cold)) full(const struct arena *a, size_t n)
{
	char what[120];

	snprintf(what, sizeof(what), "arena is full: %zu of %zu bytes used, %zu wanted",
	    a->used, a->cap, n);
	BUG(what);
}

/* What n bytes take, alignment and gap included; 0 when that overflows. */
static size_t
taken(size_t n)
{
	if (n > SIZE_MAX - ALIGN_BYTES - GAP_BYTES)
		return 0;
	if (n == 0)
		n = 1;
	return ((n + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1)) + GAP_BYTES;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t need = taken(n);
	char *p;

	if (need == 0 || need > a->cap - a->used)
		full(a, n);
	p = a->base + a->used;
	a->used += need;
	if (a->used > a->high)
		a->high = a->used;
	UNPOISON(p, n);
	return p;
}

void *
arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

char *
arena_strndup(struct arena *a, const char *p, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		full(a, n);
	copy = arena_alloc(a, n + 1);
	if (n > 0)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

/* Make the newest allocation longer where it stands. */
static bool
stretch(struct arena *a, char *p, size_t old_n, size_t new_n)
{
	size_t old_need = taken(old_n), new_need = taken(new_n);
	size_t at = (size_t)(p - a->base);

	if (at + old_need != a->used)
		return false;
	if (new_need == 0 || new_need > a->cap - at)
		full(a, new_n);
	a->used = at + new_need;
	if (a->used > a->high)
		a->high = a->used;
	UNPOISON(p, new_n);
	return true;
}

void *
arena_grow(struct arena *a, void *p, size_t old_n, size_t new_n)
{
	void *copy;

	if (p == NULL)
		return arena_alloc(a, new_n);
	if (new_n <= old_n || stretch(a, p, old_n, new_n))
		return p;
	copy = arena_alloc(a, new_n);
	memcpy(copy, p, old_n);
	POISON(p, old_n);
	return copy;
}

size_t
arena_room(const struct arena *a)
{
	return a->cap - a->used;
}
