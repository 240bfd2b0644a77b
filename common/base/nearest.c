#include "base/nearest.h"

#include "base/banned.h"

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Levenshtein distance, one row at a time. b: at most NEAREST_MAX_BYTES. */
static size_t
distance(struct str a, struct str b)
{
	size_t row[NEAREST_MAX_BYTES + 1], i, j, corner, above, best;

	for (j = 0; j <= b.n; j++)
		row[j] = j;
	for (i = 1; i <= a.n; i++) {
		corner = row[0];
		row[0] = i;
		for (j = 1; j <= b.n; j++) {
			above = row[j];
			best = corner + (upper(a.p[i - 1]) != upper(b.p[j - 1]));
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			corner = above;
		}
	}
	return row[b.n];
}

/* A third of the word may differ, and at least two letters. */
void
nearest_start(struct nearest *n, struct str word)
{
	*n = (struct nearest){ word, word.n / 3 < 2 ? 2 : word.n / 3, NULL };
}

void
nearest_offer(struct nearest *n, const char *name)
{
	size_t d;

	if (n->word.n > NEAREST_MAX_BYTES)
		return;
	d = distance(str_of(name), n->word);
	if (d < n->best || (d == n->best && n->name == NULL)) {
		n->best = d;
		n->name = name;
	}
}
