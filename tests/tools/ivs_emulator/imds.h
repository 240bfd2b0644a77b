/*
 * imds.h - where an instance and a container get their credentials.
 *
 * The instance metadata service, version 2 only (source: the EC2 user guide, "Use IMDSv2"):
 *
 *     PUT /latest/api/token                                    X-aws-ec2-metadata-token-
 *                                                              ttl-seconds: 1..21600
 *     GET /latest/meta-data/iam/security-credentials/          the name of the role
 *     GET /latest/meta-data/iam/security-credentials/<role>    its credentials
 *     GET /latest/meta-data/placement/region
 *
 * Each GET needs the token in X-aws-ec2-metadata-token, else 401. And the endpoint of
 * AWS_CONTAINER_CREDENTIALS_FULL_URI: GET /v2/credentials/<anything>.
 * May be called by any thread.
 */
#ifndef EMULATOR_IMDS_H
#define EMULATOR_IMDS_H

#include <jansson.h>
#include <stdbool.h>

#include "emulator.h"
#include "reply.h"
#include "request.h"

#define IMDS_ROLE "ivs-live-role"

struct imds;

struct imds *imds_open(void);
void imds_close(struct imds *im);

bool imds_is_for(const struct request *rq);

/* Not logged and not counted as a call: it is not one of the service. */
void imds_answer(struct emulator *emu, const struct request *rq, struct reply *rp);

/*
 * Takes over what is given, all of it checked before: role (bool), status (0: none),
 * delayMs, authorization (wanted of a container; "": none). The rest stays as it is.
 */
void imds_set(struct imds *im, const json_t *in);

/* The settings of now, under the same names. New reference. */
json_t *imds_settings(struct imds *im);

/* {"/latest/api/token": n, ...}: how often each path was asked, faults included. */
json_t *imds_counts(struct imds *im);

#endif
