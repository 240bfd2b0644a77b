/*
 * nearest.h - the known word most like one that is unknown.       layer: base
 *
 * For "did you mean": start with the unknown word, offer every known one, read `name`.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/str.h"

/* A longer word has no nearest. */
#define NEAREST_MAX_BYTES 64u

struct nearest {
	struct str word;
	size_t best;
	const char *name; /* NULL: no known word is near. Borrowed from nearest_offer. */
};

void nearest_start(struct nearest *n, struct str word);
/* Letters count as equal in any case; of two words equally near the first one stays. */
void nearest_offer(struct nearest *n, const char *name);

#endif
