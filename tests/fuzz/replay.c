/* main() of a fuzz target outside `make fuzz`: every file of its corpus, each a test. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX_BYTES (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Memory of exactly the input's size, so that reading on is noticed. */
static int
replay(const char *name)
{
	static char all[INPUT_MAX_BYTES];
	FILE *f = fopen(name, "rb");
	uint8_t *copy;
	size_t n;

	if (f == NULL)
		return 0;
	n = fread(all, 1, sizeof(all), f);
	fclose(f);
	copy = malloc(n > 0 ? n : 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, all, n);
	fflush(stdout);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 1;
}

static int
no_dots(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = strchr(slash != NULL ? slash : argv[0], '_');
	char folder[PATH_MAX];
	struct dirent **files;
	int n, i, bad = 0;

	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name ? name + 1 : "");
	if (argc > 1)
		snprintf(folder, sizeof(folder), "%s", argv[1]);
	n = chdir(folder) == 0 ? scandir(".", &files, no_dots, alphasort) : 0;
	for (i = 0; i < n; i++) {
		int good = replay(files[i]->d_name);

		printf("%sok %d - %s\n", good ? "" : "not ", i + 1, files[i]->d_name);
		bad += !good;
		free(files[i]);
	}
	if (n > 0)
		free(files);
	else
		printf("not ok 1 - a corpus in %s\n", folder);
	printf("1..%d\n", n > 0 ? n : 1);
	return n <= 0 || bad > 0;
}
