#include "web/watch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/banned.h"

static struct watch_sign unread, *mine = &unread;

struct watch_sign *
watch_share(size_t n)
{
	struct watch_sign *signs = mmap(NULL, n * sizeof(*signs), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (signs == MAP_FAILED)
		memory_none("the signs of life of the workers");
	return signs;
}

void
watch_use(struct watch_sign *sign)
{
	mine = sign;
}

void
watch_round(void)
{
	atomic_store(&mine->round_ms, clock_mono_ms());
	atomic_store(&mine->until_ms, 0);
}

void
watch_busy(int64_t ms)
{
	atomic_store(&mine->until_ms, clock_mono_ms() + ms);
}

void
watch_aside(int64_t ms)
{
	atomic_store(&mine->aside_ms, ms > 0 ? clock_mono_ms() + ms : 0);
}
