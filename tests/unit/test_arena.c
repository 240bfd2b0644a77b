/* arena: alignment, growth in place, wiping, and what happens when it is full. */
#include "base/arena.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "base/banned.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#define IS_POISONED(p) __asan_address_is_poisoned(p)
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define IS_POISONED(p) ((void)(p), 0)
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define HAVE_ASAN 0
#endif

static void
test_alloc(void)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 4096, 100000 };
	struct arena a;
	bool aligned = true, apart = true;
	char *last = NULL;
	size_t i;

	ok(arena_init(&a, 1 << 20), "arena_init");
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *p = arena_alloc(&a, sizes[i]);

		aligned = aligned && (uintptr_t)p % 16 == 0;
		apart = apart && p != last;
		memset(p, 0xaa, sizes[i]);
		last = p;
	}
	last = arena_alloc(&a, 10);
	if (HAVE_ASAN)
		ok(!IS_POISONED(last + 9) && IS_POISONED(last + 10) &&
			IS_POISONED(last + 16),
		    "a gap follows each allocation");
	ok(aligned, "everything is aligned to 16 bytes");
	ok(apart, "no two allocations share an address, not even empty ones");
	is_int((long long)a.high, (long long)a.used, "high follows used");
	arena_clear(&a);
	is_int((long long)a.cap, 0, "a cleared arena is empty");
	arena_clear(&a);
	ok(true, "clearing twice is harmless");
}

static void
test_copies(void)
{
	struct arena a;
	char *p;
	size_t i;
	bool zero = true;

	ok(arena_init(&a, 1 << 16), "arena_init");
	p = arena_strndup(&a, "abcdef", 3);
	is_text(p, "abc", "strndup cuts and ends with NUL");
	is_text(arena_strndup(&a, NULL, 0), "", "strndup of nothing is empty");
	p = arena_zalloc(&a, 1000);
	for (i = 0; i < 1000; i++)
		zero = zero && p[i] == 0;
	ok(zero, "zalloc gives zeroes");
	arena_clear(&a);
}

static void
test_grow(void)
{
	struct arena a;
	char *p, *q, *r;
	size_t used;

	ok(arena_init(&a, 1 << 20), "arena_init");
	p = arena_alloc(&a, 10);
	memcpy(p, "123456789", 10);
	q = arena_grow(&a, p, 10, 5000);
	ok(q == p, "the newest grows where it stands");
	memset(q + 10, 'x', 4990);
	used = a.used;
	ok(arena_grow(&a, q, 5000, 100) == q && a.used == used, "less needs nothing");
	(void)arena_alloc(&a, 1);
	r = arena_grow(&a, q, 5000, 9000);
	ok(r != q, "an older one moves");
	ok(memcmp(r, "123456789", 10) == 0 && r[4999] == 'x', "and keeps its content");
	memset(r, 'y', 9000);
	ok(arena_grow(&a, NULL, 0, 8) != NULL, "from nothing");
	if (HAVE_ASAN)
		ok(IS_POISONED(q), "the place it left is poisoned");
	arena_clear(&a);
}

static bool
all_zero(char *p, size_t n)
{
	size_t i;

	UNPOISON(p, n);
	for (i = 0; i < n; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

/* Pages that are really there. */
static size_t
resident(void *p, size_t n)
{
	static unsigned char pages[4096];
	size_t i, count = 0;

	if (n / 4096 > sizeof(pages) || mincore(p, n, pages) != 0)
		return 0;
	for (i = 0; i < n / 4096; i++)
		count += pages[i] & 1;
	return count;
}

static void
test_wipe(void)
{
	struct arena a;
	size_t n = 4 << 20;
	char *p, *q;

	ok(arena_init(&a, 8 << 20), "arena_init");
	arena_wipe(&a);
	ok(a.used == 0, "wiping an unused arena is harmless");
	p = arena_alloc(&a, n);
	memset(p, 0x5a, n);
	arena_wipe(&a);
	ok(a.used == 0 && a.high == 0, "a wiped arena starts anew");
	if (HAVE_ASAN)
		ok(IS_POISONED(p), "wiped memory is poisoned");
	ok(resident(p, n) <= (256 << 10) / 4096, "big memory went back to the system");
	ok(all_zero(p, n), "what was in it is gone");
	q = arena_alloc(&a, 10);
	ok(q == p, "the same memory is used again");
	arena_clear(&a);
}

static int
status_of_overfull(size_t first, size_t second, bool grow)
{
	struct rlimit none = { 0, 0 };
	struct arena a;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		if (arena_init(&a, 65536)) {
			char *p = arena_alloc(&a, first);

			p = grow ? arena_grow(&a, p, first, second)
				 : arena_alloc(&a, second);
			_exit(p == NULL);
		}
		_exit(99);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
test_full(void)
{
	static const struct {
		size_t first, second;
		bool grow, aborts;
		const char *name;
	} cases[] = {
		{ 1000, 60000, false, false, "what fits is given" },
		{ 1000, 65536, false, true, "one byte too many aborts" },
		{ 1000, SIZE_MAX, false, true, "an overflowing size aborts" },
		{ 1000, SIZE_MAX - 20, false, true, "an almost overflowing size aborts" },
		{ 1000, 65537, true, true, "growing too far aborts" },
		{ 1000, SIZE_MAX - 3, true, true, "growing with overflow aborts" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int status =
		    status_of_overfull(cases[i].first, cases[i].second, cases[i].grow);
		bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;

		ok(aborted == cases[i].aborts && (aborted || WEXITSTATUS(status) == 0),
		    "%s", cases[i].name);
	}
}

int
main(void)
{
	test_alloc();
	test_copies();
	test_grow();
	test_wipe();
	test_full();
	return done_testing();
}
