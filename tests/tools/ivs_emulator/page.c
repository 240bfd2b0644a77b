/* page.c - see page.h */
#include "page.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canon.h"
#include "ids.h"
#include "js.h"

#define CURSOR_BYTES 64

static void
make_scope(struct page *pg, const char *operation, const json_t *in)
{
	char hash[CANON_HASH_CHARS + 1];
	json_t *rest = json_deep_copy(in);
	char *text;

	json_object_del(rest, "nextToken");
	json_object_del(rest, "maxResults");
	js_set_text(rest, "operation", operation);
	text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
	canon_hash(text, strlen(text), hash);
	snprintf(pg->scope, sizeof(pg->scope), "%.*s", PAGE_SCOPE_CHARS, hash);
	json_decref(rest);
	free(text);
}

static char *
make_cursor(const struct page *pg, json_int_t seq)
{
	char text[CURSOR_BYTES];

	snprintf(text, sizeof(text), "%s:%lld", pg->scope, (long long)seq);
	return ids_base64url(text, strlen(text));
}

/* Decoded, read and made again: only what make_cursor() can have given is taken. */
static bool
read_cursor(struct page *pg, const char *cursor)
{
	unsigned char text[CURSOR_BYTES] = "";
	char padded[CURSOR_BYTES], scope[PAGE_SCOPE_CHARS + 1], *again;
	size_t n = strlen(cursor);
	long long seq;
	bool ok;

	if (n == 0 || n > CURSOR_BYTES - 8)
		return false;
	snprintf(padded, sizeof(padded), "%s%.*s", cursor, (int)((4 - n % 4) % 4), "===");
	if (EVP_DecodeBlock(text, (unsigned char *)padded, (int)strlen(padded)) < 0 ||
	    sscanf((char *)text, "%16[0-9a-f]:%lld", scope, &seq) != 2)
		return false;
	again = make_cursor(pg, seq);
	ok = strcmp(again, cursor) == 0;
	free(again);
	pg->after = seq;
	return ok;
}

bool
page_begin(struct page *pg, const char *operation, const json_t *in, size_t room_default,
    struct reply *rp)
{
	const json_t *most = json_object_get(in, "maxResults");
	const json_t *cursor = json_object_get(in, "nextToken");

	*pg = (struct page){ .room = room_default };
	make_scope(pg, operation, in);
	if (cursor != NULL && !read_cursor(pg, json_string_value(cursor)))
		return reply_fail(rp, "ValidationException", "nextToken: is not valid");
	if (most != NULL)
		pg->room = (size_t)json_integer_value(most);
	pg->items = json_array();
	return true;
}

bool
page_wants(struct page *pg, json_int_t seq)
{
	if (seq <= pg->after || pg->more)
		return false;
	if (pg->room == 0) {
		pg->more = true;
		return false;
	}
	pg->room--;
	pg->last = seq;
	return true;
}

void
page_add(struct page *pg, json_t *item)
{
	json_array_append_new(pg->items, item);
}

bool
page_end(struct page *pg, const char *member, struct reply *rp)
{
	json_t *body = json_pack("{s:o}", member, pg->items);
	char *next;

	if (pg->more) {
		next = make_cursor(pg, pg->last);
		js_set_text(body, "nextToken", next);
		free(next);
	}
	return reply_body(rp, body);
}
