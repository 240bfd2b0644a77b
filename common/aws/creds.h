/*
 * creds.h - the keys we sign with.                                layer: aws
 *
 * Credentials are three parts that always travel together: id, secret, session
 * token. They are looked for in this order, and the first source that has any is used:
 *
 *   settings    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   file        profile AWS_PROFILE of AWS_SHARED_CREDENTIALS_FILE; read again when
 *               it has changed
 *   container   AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
 *   instance    the role of the EC2 instance, IMDSv2 and never version 1
 *
 * Keys that end are fetched anew within the last five minutes of their life; while that
 * fails the old ones are used. A source may also give keys that are past their Expiration and that AWS
 * takes all the same (an instance whose metadata service cannot renew them): they are used, and the
 * source is asked again after five to ten minutes. They are over when AWS says so (creds_renew). A machine where nobody has keys asks
 * again after 5 s, then more and more rarely, at last each minute. Source of the order and
 * of the times: AWS SDKs and Tools reference, "Standardized credential providers", and
 * the EC2 user guide, "Retrieve security credentials from instance metadata".
 *
 * Each process keeps its own. What is held is wiped when it is replaced.
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
 * The keys to sign the next request with; views that hold until the next call. May take
 * as long as AWS_METADATA_SERVICE_TIMEOUT and _NUM_ATTEMPTS allow for three calls, but not
 * beyond until_ms (of clock_mono_ms; 0: as long as that takes).
 * All errors are from AWS. ERR_CONFIG: no source has any, the cause says where was looked;
 * or a source has them and is wrongly set up. ERR_UPSTREAM: a source that should have
 * them does not give them now.
 */
bool creds_get(
    struct creds *c, int64_t until_ms, struct sigv4_creds *ret, struct err *err);

/*
 * AWS called them expired. When the source can have newer ones, what is held is
 * forgotten and signing again makes sense: true. False also within two seconds of
 * the last time.
 */
bool creds_renew(struct creds *c);

#endif
