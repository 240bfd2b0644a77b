/* ivs_list_pages() of ivs_read.h. */
#include "aws/ivs_read.h"

#include "base/crypto.h"
#include "base/banned.h"

#define SLOTS_FIRST 16
#define ROOM_LEFT_BYTES (1u << 20) /* of the caller's arena, for what he does besides */

/* A list under way. */
struct walk {
	struct ivs *v;
	struct arena *arena; /* the caller's: what is kept */
	struct arena page;   /* the rest, wiped page by page */
	const struct ivs_list *list;
	char *slots;
	size_t n, room;
	struct str next; /* token, in `arena`; empty: no more */
	unsigned char seen[IVS_PAGES_MAX][SHA256_BYTES]; /* hashes of tokens */
	size_t n_seen;
};

static bool
too_much(const struct walk *w, const char *what, struct err *err)
{
	return err_from(err, ERR_FROM_AWS, ERR_UPSTREAM,
	    "%s: %s, after %zu pages and %zu %s", w->list->op->name, what, w->n_seen + 1,
	    w->n, w->list->member);
}

static void *
slot_next(struct walk *w)
{
	size_t size = w->list->slot_bytes;

	if (size == 0)
		return NULL;
	if (w->n == w->room) {
		size_t room = w->room > 0 ? w->room * 2 : SLOTS_FIRST;

		w->slots = arena_grow(w->arena, w->slots, w->room * size, room * size);
		w->room = room;
	}
	memset(w->slots + w->n * size, 0, size);
	return w->slots + w->n * size;
}

/* What is doubled must find room, too. */
static bool
has_room(const struct walk *w)
{
	return arena_room(w->arena) >
	       ROOM_LEFT_BYTES + IVS_PAGE_MAX_BYTES + 2 * w->room * w->list->slot_bytes;
}

static bool
read_items(struct walk *w, const json_t *answer, struct err *err)
{
	const struct ivs_list *list = w->list;
	const json_t *items = json_object_get(answer, list->member);

	if (!json_is_array(items))
		return aws_incomplete(w->v, list->op, list->member, err);
	for (size_t i = 0; i < json_array_size(items); i++) {
		const char *lacks = list->item(
		    w->arena, json_array_get(items, i), slot_next(w), list->arg);

		if (lacks != NULL)
			return aws_incomplete(w->v, list->op, lacks, err);
		w->n++;
	}
	return true;
}

/* A token that was there before would lead round in a circle. */
static bool
note_next(struct walk *w, const json_t *answer, struct err *err)
{
	const json_t *next = json_object_get(answer, "nextToken");
	struct str token = json_view(next);
	unsigned char hash[SHA256_BYTES];

	w->next = STR_NULL;
	/* a list cut off here would pass for a whole one */
	if (next != NULL && !json_is_null(next) && !json_is_string(next))
		return aws_incomplete(w->v, w->list->op, "nextToken", err);
	if (token.n == 0)
		return true;
	crypto_sha256(token, hash);
	for (size_t i = 0; i < w->n_seen; i++)
		if (memcmp(w->seen[i], hash, sizeof(hash)) == 0)
			return too_much(w, "AWS gave the same page token twice", err);
	if (w->n_seen + 1 >= IVS_PAGES_MAX)
		return too_much(w, "too many pages", err);
	if (!has_room(w))
		return too_much(w, "too many items", err);
	memcpy(w->seen[w->n_seen++], hash, sizeof(hash));
	w->next = str_dup(w->arena, token);
	return true;
}

static bool
one_page(struct walk *w, const json_t *body, struct err *err)
{
	json_t *copy = json_deep_copy(body), *answer;
	bool good;

	if (w->next.n > 0)
		json_object_set_new(copy, "nextToken", json_str(w->next));
	if (!aws_call_body(w->v, &w->page, w->list->op, copy, &answer, err))
		return false;
	good = read_items(w, answer, err) && note_next(w, answer, err);
	json_decref(answer);
	return good;
}

static bool
all_pages(struct walk *w, const json_t *body, struct err *err)
{
	struct arena *before;
	bool good;

	do {
		before = json_use(&w->page);
		good = one_page(w, body, err);
		(void)json_use(before);
		arena_wipe(&w->page);
	} while (good && w->next.n > 0);
	return good;
}

bool
ivs_list_pages(struct ivs *v, struct arena *a, const struct ivs_list *list, json_t *body,
    void **ret_v, size_t *ret_n, struct err *err)
{
	struct walk *w = arena_zalloc(a, sizeof(*w));
	bool good;

	w->v = v;
	w->arena = a;
	w->list = list;
	if (body == NULL)
		return err_from(err, ERR_FROM_AWS, ERR_INPUT, "%s: a text is not UTF-8",
		    list->op->name);
	if (!arena_init(&w->page, ARENA_DEFAULT_BYTES)) {
		json_decref(body);
		return err_set(err, ERR_BUG, "no memory for a page");
	}
	good = all_pages(w, body, err);
	json_decref(body);
	arena_clear(&w->page);
	if (!good)
		return false;
	if (ret_v != NULL)
		*ret_v = w->slots;
	*ret_n = w->n;
	return true;
}
