/*
 * arn.h - names of AWS IVS resources.                             layer: base
 *
 * arn:aws:ivs:REGION:ACCOUNT:TYPE/ID with a region of a-z 0-9 -, an account of twelve
 * digits and an id of letters, digits and -; at most 128 bytes in all (service model of
 * IVS Real-Time, member StageArn).
 */
#ifndef BASE_ARN_H
#define BASE_ARN_H

#include "base/str.h"

#define ARN_MAX_BYTES 128

struct arn {
	struct str region, account, id; /* views into the text */
};

/* type: "stage" or "public-key". */
bool arn_parse(struct str s, struct str type, struct arn *ret);
bool arn_is_stage(struct str s);

#endif
