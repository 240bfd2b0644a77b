#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/banned.h"

/* Without stdio, which might want memory itself. */
_Noreturn void
memory_none(const char *what)
{
	char ts[ISO8601_BYTES], text[300];
	ssize_t done;
	int n;

	clock_iso8601(clock_now_ms(), ts);
	n = snprintf(text, sizeof(text),
	    "{\"ts\":\"%s\",\"lvl\":\"error\",\"msg\":\"cannot start\","
	    "\"cause\":\"no memory for %s\",\"pid\":%d}\n",
	    ts, what, (int)getpid());
	done = write(STDERR_FILENO, text, (size_t)n);
	(void)done;
	_exit(EX_OSERR);
}

void *
memory_zalloc(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		memory_none("what the program holds");
	return p;
}

void *
memory_append(void *p, size_t n, size_t size)
{
	p = n < SIZE_MAX / size - 1 ? realloc(p, (n + 1) * size) : NULL;
	if (p == NULL)
		memory_none("a list");
	return p;
}

void
memory_arena(struct arena *a, size_t cap)
{
	if (!arena_init(a, cap))
		memory_none("an arena");
}
