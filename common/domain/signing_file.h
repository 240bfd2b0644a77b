/*
 * signing_file.h - the file that holds the key for local tokens.  layer: domain
 *
 * The private half of an EC P-384 pair as PEM text, mode 0600. A line before the block says
 * under which ARN IVS knows the public half:
 *
 *   # ivs-live key: arn:aws:ivs:REGION:ACCOUNT:public-key/ID
 *
 * PEM readers skip it. So key and ARN change together, in one rename, and programs that
 * run follow (domain/tokens.h). A file without the line holds a key not imported yet, or
 * one made by other means whose ARN stands in the settings.
 */
#ifndef DOMAIN_SIGNING_FILE_H
#define DOMAIN_SIGNING_FILE_H

#include "base/arn.h"
#include "base/crypto.h"
#include "base/err.h"

struct signing_file {
	struct es384_key *key;
	char arn[ARN_MAX_BYTES + 1]; /* "": no such line */
};

/* ERR_CONFIG with the path and what is wrong. signing_file_free afterwards. */
bool signing_file_read(const char *path, struct signing_file *ret, struct err *err);
void signing_file_free(struct signing_file *f);

/*
 * Write a file that must not exist yet: ERR_CONFLICT, else ERR_CONFIG. Nobody else can read it
 * at any moment; on the disk when this returns. arn: "" for none. like: a file or
 * folder whose owner it gets when root writes it; NULL or absent: the caller's own.
 */
bool signing_file_make(const char *path, const struct es384_key *key, const char *arn,
    const char *like, struct err *err);

/* The same in place of an existing one, which stays whole until the new one is. */
bool signing_file_replace(
    const char *path, const struct es384_key *key, const char *arn, struct err *err);

/* Rename, and wait until that is on the disk. */
bool signing_file_move(const char *from, const char *to, struct err *err);

#endif
