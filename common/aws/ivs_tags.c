/*
 * Tags: the ARN is one segment of the path, percent-encoded as a whole; sigv4 encodes it
 * once more for the signature, as AWS does.
 */
#include <stdlib.h>

#include "aws/ivs_read.h"
#include "base/arn.h"
#include "base/encode.h"
#include "base/banned.h"

#define PATH_MAX_BYTES (8 + ARN_MAX_BYTES * 3)
#define QUERY_KEY_MAX_BYTES (9 + IVS_TAG_KEY_MAX_CHARS * 4 * 3) /* "tagKeys=" and '&' */

static bool
arn_check(struct str arn, struct err *err)
{
	struct arn parts;

	return arn_parse(arn, STR("public-key"), &parts) || ivs_check_stage_arn(arn, err);
}

static struct str
path_of(struct arena *a, struct str arn)
{
	struct buf b;

	buf_init(&b, a, PATH_MAX_BYTES);
	buf_cstr(&b, "/tags/");
	encode_percent(&b, arn);
	INVARIANT(buf_ok(&b));
	return buf_view(&b);
}

bool
ivs_tag(
    struct ivs *v, struct arena *a, struct str arn, const json_t *tags, struct err *err)
{
	static const struct aws_op op = { .name = "TagResource",
		.repeat = AWS_REPEATABLE };
	json_t *body, *answer;
	bool ok;

	if (!arn_check(arn, err) || !ivs_check_tags(tags, err))
		return false;
	if (tags == NULL)
		return err_from(err, ERR_FROM_AWS, ERR_INPUT, "no tags to set");
	body = json_pack("{s:o}", "tags", json_deep_copy(tags));
	ok = aws_call(v, a, &op,
	    &(struct aws_input){ .path = path_of(a, arn), .body = body }, &answer, err);
	json_decref(body);
	if (ok)
		json_decref(answer);
	return ok;
}

static int
by_bytes(const void *left, const void *right)
{
	const struct str *l = left, *r = right;
	size_t n = l->n < r->n ? l->n : r->n;
	int c = memcmp(l->p, r->p, n);

	return c != 0 ? c : (l->n > r->n) - (l->n < r->n);
}

static struct str
encoded(struct arena *a, struct str s)
{
	struct buf b;

	buf_init(&b, a, QUERY_KEY_MAX_BYTES);
	encode_percent(&b, s);
	INVARIANT(buf_ok(&b));
	return buf_view(&b);
}

/* "tagKeys=a&tagKeys=b", sorted: what is sent is what is signed. */
static struct str
query_of(struct arena *a, const struct str *keys, size_t n)
{
	struct str *sorted = arena_alloc(a, n * sizeof(*sorted));
	struct buf b;
	size_t i;

	for (i = 0; i < n; i++)
		sorted[i] = encoded(a, keys[i]);
	qsort(sorted, n, sizeof(*sorted), by_bytes);
	buf_init(&b, a, n * QUERY_KEY_MAX_BYTES);
	for (i = 0; i < n; i++) {
		buf_cstr(&b, i > 0 ? "&tagKeys=" : "tagKeys=");
		buf_str(&b, sorted[i]);
	}
	INVARIANT(buf_ok(&b));
	return buf_view(&b);
}

bool
ivs_untag(struct ivs *v, struct arena *a, struct str arn, const struct str *keys,
    size_t n_keys, struct err *err)
{
	static const struct aws_op op = { .name = "UntagResource",
		.repeat = AWS_REPEATABLE,
		.method = "DELETE",
		.no_body = true };
	json_t *answer;

	if (!arn_check(arn, err))
		return false;
	if (n_keys < 1 || n_keys > IVS_TAGS_MAX)
		return err_from(err, ERR_FROM_AWS, ERR_INPUT,
		    "1 to %d tags can be removed at once, got %zu", IVS_TAGS_MAX, n_keys);
	for (size_t i = 0; i < n_keys; i++)
		if (!ivs_check_tag_key(keys[i], err))
			return false;
	if (!aws_call(v, a, &op,
		&(struct aws_input){
		    .path = path_of(a, arn), .query = query_of(a, keys, n_keys) },
		&answer, err))
		return false;
	json_decref(answer);
	return true;
}

bool
ivs_list_tags(
    struct ivs *v, struct arena *a, struct str arn, json_t **ret, struct err *err)
{
	static const struct aws_op op = { .name = "ListTagsForResource",
		.repeat = AWS_READ,
		.method = "GET",
		.no_body = true };
	json_t *answer, *tags;

	if (!arn_check(arn, err) ||
	    !aws_call(
		v, a, &op, &(struct aws_input){ .path = path_of(a, arn) }, &answer, err))
		return false;
	tags = json_incref(json_object_get(answer, "tags"));
	json_decref(answer);
	if (!json_is_object(tags)) {
		json_decref(tags);
		return aws_incomplete(v, &op, "tags", err);
	}
	*ret = tags;
	return true;
}
