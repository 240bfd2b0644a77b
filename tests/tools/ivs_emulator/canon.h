/*
 * canon.h - the canonical request of Signature Version 4.
 *
 * Built from the bytes that arrived, never from what a client claims to have sent.
 */
#ifndef EMULATOR_CANON_H
#define EMULATOR_CANON_H

#include "request.h"

#define CANON_HASH_CHARS 64

/* SHA-256 as lower-case hex. */
void canon_hash(const void *data, size_t n, char out[CANON_HASH_CHARS + 1]);

/*
 * The canonical request over the headers named in signed_headers ("a;b;c"). Paths are
 * normalised and encoded once more: only S3 does without. The caller frees the result.
 */
char *canon_request(
    const struct request *rq, const char *signed_headers, const char *body_hash);

#endif
