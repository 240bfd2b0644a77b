#include "io/pg_env.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define NAME_MAX_BYTES 64
#define KEPT "PGSSLROOTCERT"

/* "PG" and capitals: PG_VERSION and the like are not libpq's. */
static bool
is_libpq_name(const char *name, size_t n)
{
	size_t i;

	if (n < 3 || n >= NAME_MAX_BYTES || strncmp(name, "PG", 2) != 0)
		return false;
	for (i = 2; i < n; i++)
		if (name[i] < 'A' || name[i] > 'Z')
			return false;
	return n != sizeof(KEPT) - 1 || strncmp(name, KEPT, n) != 0;
}

void
pg_env_clear(void)
{
	char name[NAME_MAX_BYTES];
	char **e = environ;

	while (e != NULL && *e != NULL) {
		size_t n = strcspn(*e, "=");

		if (!is_libpq_name(*e, n)) {
			e++;
			continue;
		}
		memcpy(name, *e, n);
		name[n] = '\0';
		unsetenv(name);
		e = environ;
	}
}
