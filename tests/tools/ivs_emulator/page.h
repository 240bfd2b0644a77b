/*
 * page.h - the pages of a list operation.
 *
 * Entries are offered in rising order of their number, which never changes; a cursor names
 * the last one given. It is bound to the operation and the other members of the request,
 * and only a cursor that was made here is taken.
 */
#ifndef EMULATOR_PAGE_H
#define EMULATOR_PAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "reply.h"

#define PAGE_SCOPE_CHARS 16

struct page {
	char scope[PAGE_SCOPE_CHARS + 1]; /* hash of what is asked */
	json_int_t after, last;
	size_t room;
	bool more;
	json_t *items;
};

/* in: the request, with maxResults and nextToken. False: the reply says why. */
bool page_begin(struct page *pg, const char *operation, const json_t *in,
    size_t room_default, struct reply *rp);

/* Does the entry of that number belong on this page? Then page_add() must follow. */
bool page_wants(struct page *pg, json_int_t seq);

/* Steals the reference. */
void page_add(struct page *pg, json_t *item);

/* Makes the body {member: [...], "nextToken"?}. Always true. */
bool page_end(struct page *pg, const char *member, struct reply *rp);

#endif
