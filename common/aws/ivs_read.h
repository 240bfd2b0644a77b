/*
 * ivs_read.h - what the typed functions of ivs.h share.           layer: aws
 *
 * Checks of form before a call (member constraints of the service model), readers of
 * answers, and lists that go on over pages.
 */
#ifndef AWS_IVS_READ_H
#define AWS_IVS_READ_H

#include "aws/aws_call.h"

/* ---- form: ERR_INPUT (from AWS) says what is wrong ---- */

bool ivs_check_stage_arn(struct str arn, struct err *err);
bool ivs_check_key_arn(struct str arn, struct err *err);
bool ivs_check_name(struct str name, struct err *err);
bool ivs_check_participant(struct str id, struct err *err);
bool ivs_check_session(struct str id, struct err *err);
/* NULL: none. */
bool ivs_check_tags(const json_t *tags, struct err *err);
bool ivs_check_tag_key(struct str key, struct err *err);
/* UTF-8 of at most so many characters. what: for the cause. */
bool ivs_check_text(struct str s, size_t max_chars, const char *what, struct err *err);

/* ---- answers ---- */

/* A string member, copied; empty when absent. */
struct str ivs_keep(struct arena *a, const json_t *object, const char *name);
/* An ISO 8601 member in unix ms; 0 when absent or not that. */
int64_t ivs_keep_time(const json_t *object, const char *name);
bool ivs_member_is(const json_t *object, const char *name, const char *value);
/* The member "tags" as text, "{}" when none. */
struct str ivs_keep_tags(struct arena *a, const json_t *object);

/* ---- lists ---- */

#define IVS_PAGES_MAX 1000

/*
 * Reads one item into its slot, copying into a. Returns NULL, or the name of the member
 * it needs and did not find.
 */
typedef const char *ivs_item(struct arena *a, const json_t *item, void *slot, void *arg);

struct ivs_list {
	const struct aws_op *op; /* answer_max_bytes is the page's */
	const char *member;	 /* the array in the answer */
	size_t slot_bytes;	 /* 0: nothing is kept, slots are NULL */
	ivs_item *item;
	void *arg;
};

/* answer_max_bytes of list operations: 100 things with 50 tags each, all of full length. */
#define IVS_PAGE_MAX_BYTES (2u << 20)

/*
 * Ask page after page until there is no more. body: without nextToken; it is released.
 * *ret_v: *ret_n slots in the arena. Each page is read in memory of its own, so that only
 * what is kept takes room. ERR_UPSTREAM: a page token came twice, there are more than
 * IVS_PAGES_MAX pages, or more items than the arena has room for.
 */
bool ivs_list_pages(struct ivs *v, struct arena *a, const struct ivs_list *list,
    json_t *body, void **ret_v, size_t *ret_n, struct err *err);

#endif
