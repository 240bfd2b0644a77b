/*
 * creds.h - the keys we sign with.                                layer: aws
 *
 * Credentials are three parts that always travel together: id, secret, session
 * token. Sources are asked in the order of the table in creds.c. Today that is
 * the settings (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, from
 * file or environment); shared file, container and IMDSv2 join by a line each.
 */
#ifndef AWS_CREDS_H
#define AWS_CREDS_H

#include "aws/sigv4.h"
#include "base/config.h"

struct creds;

/* Asks nobody yet. Keeps a pointer to the settings. NULL: no memory. */
struct creds *creds_open(const struct config *cfg);
void creds_close(struct creds *c);

/*
 * The keys to sign the next request with; views that hold until the next call.
 * ERR_CONFIG (from AWS): no source has any.
 */
bool creds_get(struct creds *c, struct sigv4_creds *ret, struct err *err);

/*
 * AWS called them expired. Forgets what is held; true when the source can have
 * newer ones, so that signing again makes sense.
 */
bool creds_renew(struct creds *c);

#endif
